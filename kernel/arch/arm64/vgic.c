/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual CPU interface (IHI 0069, 12.4). List register 0 is the kernel's: it carries the
 * virtual timer's interrupt, tied to the physical PPI 27, so that the guest's own deactivation is
 * the physical one and the timer reaches a running guest without an exit to its VMM.
 */
#include "arch.h"
#include "nie/view.h"

#define ICH_HCR_EN (1u << 0)
#define ICH_HCR_UIE (1u << 1)
#define LR_PENDING (1ul << 62)
#define LR_STATE (3ul << 62)
#define LR_HW (1ul << 61)
#define LR_GROUP1 (1ul << 60)
#define LR_PRIORITY_SHIFT 48u
#define LR_PINTID_SHIFT 32u

/* Once per core: list registers and active priorities beyond those that are switched stay clear. */
void vgic_check(void)
{
	u64 type = read_sysreg(ich_vtr_el2);

	if ((type & 0x1f) + 1u < LIST_REGISTERS) {
		hw_panic("the GIC has too few list registers: ICH_VTR_EL2", type);
	}
	if ((type >> 26 & 7u) > 4u) { /* PREbits */
		hw_panic("the GIC has more than 32 virtual preemption levels: ICH_VTR_EL2", type);
	}
	write_sysreg(ich_hcr_el2, 0);
	for (u32 i = LIST_REGISTERS; i <= (type & 0x1f); i++) {
		switch (i) {
#define CLEAR(n) case n: write_sysreg(ich_lr##n##_el2, 0); break;
		CLEAR(4) CLEAR(5) CLEAR(6) CLEAR(7) CLEAR(8) CLEAR(9) CLEAR(10) CLEAR(11)
		CLEAR(12) CLEAR(13) CLEAR(14) CLEAR(15)
		default:
			break;
		}
	}
}

void vgic_unload(struct percpu *me, struct vcpu *v)
{
	v->vgic.list[0] = read_sysreg(ich_lr0_el2);
	v->vgic.list[1] = read_sysreg(ich_lr1_el2);
	v->vgic.list[2] = read_sysreg(ich_lr2_el2);
	v->vgic.list[3] = read_sysreg(ich_lr3_el2);
	v->vgic.vmcr = read_sysreg(ich_vmcr_el2);
	v->vgic.ap0r0 = read_sysreg(ich_ap0r0_el2);
	v->vgic.ap1r0 = read_sysreg(ich_ap1r0_el2);
	write_sysreg(ich_hcr_el2, 0);
	/* If the guest deactivated the virtual interrupt, the physical one went with it. */
	me->timer_active = (v->vgic.list[0] & LR_STATE) != 0u;
}

void vgic_load_all(const struct vcpu *v)
{
	write_sysreg(ich_lr0_el2, v->vgic.list[0]);
	write_sysreg(ich_vmcr_el2, v->vgic.vmcr);
	write_sysreg(ich_ap0r0_el2, v->vgic.ap0r0);
	write_sysreg(ich_ap1r0_el2, v->vgic.ap1r0);
}

void vgic_load(struct percpu *me, const struct vcpu *v)
{
	gic_timer_set_active(me, (v->vgic.list[0] & LR_STATE) != 0u);
	gic_timer_set_enabled(me, (v->run_flags & NIE_RUN_FLAG_TIMER_ENABLED) != 0u);
	write_sysreg(ich_lr1_el2, v->vgic.list[1]);
	write_sysreg(ich_lr2_el2, v->vgic.list[2]);
	write_sysreg(ich_lr3_el2, v->vgic.list[3]);
	write_sysreg(ich_hcr_el2, ICH_HCR_EN | ((v->run_flags & NIE_RUN_FLAG_UNDERFLOW) != 0u ? ICH_HCR_UIE : 0u));
}

/* PPI 27 is acknowledged and active. */
void vgic_timer_fired(struct percpu *me)
{
	const struct vcpu *v = me->loaded == GRANULE_NONE ? NULL : vcpu_at(me->loaded);

	if (v == NULL || v->guest == 0u) {
		write_sysreg(icc_dir_el1, INTID_GUEST_TIMER); /* it fired while its guest left */
		return;
	}
	u64 priority = v->run_flags >> 8 & 0xf8;

	write_sysreg(ich_lr0_el2, LR_PENDING | LR_HW | LR_GROUP1 | priority << LR_PRIORITY_SHIFT |
			 (u64)INTID_GUEST_TIMER << LR_PINTID_SHIFT | INTID_GUEST_TIMER);
	me->timer_active = 1;
}

bool hw_interrupt_pending(granule_t vcpu)
{
	const struct vcpu *v = vcpu_at(vcpu);
	u64 lists = read_sysreg(ich_lr0_el2) | read_sysreg(ich_lr1_el2) | read_sysreg(ich_lr2_el2) |
		    read_sysreg(ich_lr3_el2);

	return (lists & LR_PENDING) != 0u ||
	       ((v->run_flags & NIE_RUN_FLAG_TIMER_ENABLED) != 0u && timer_asserted());
}
