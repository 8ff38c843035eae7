/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual CPU interface (IHI 0069, 12.4). List register 0 is the kernel's: it carries the
 * virtual timer's interrupt, tied to the physical PPI 27, so that the guest's own deactivation is
 * the physical one and the timer reaches a running guest without an exit to its VMM.
 */
#include "arch.h"
#include "nie/view.h"

#define ICH_HCR_EN (1u << 0)
#define ICH_HCR_LRENPIE (1u << 2)
#define ICH_HCR_NPIE (1u << 3)
#define ICH_HCR_TDIR (1u << 14)
#define ICH_HCR_EOI_COUNT_SHIFT 27u
#define ICH_VMCR_ENG0 1u
#define ICH_VMCR_PMR_SHIFT 24u
#define LR_PENDING (1ul << 62)
#define LR_ACTIVE (1ul << 63)
#define LR_STATE (3ul << 62)
#define LR_HW (1ul << 61)
#define LR_GROUP1 (1ul << 60)
#define LR_PRIORITY_SHIFT 48u
#define LR_PINTID_SHIFT 32u
#define TIMER_FLAGS_SHIFT 40u

_Static_assert(NIE_RUN_FLAG_TIMER_PRIORITY_SHIFT + TIMER_FLAGS_SHIFT == LR_PRIORITY_SHIFT &&
	       (u64)NIE_RUN_FLAG_TIMER_GROUP0 << TIMER_FLAGS_SHIFT == LR_GROUP1, "vgic_timer_fired");

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
	write_sysreg(ich_lr0_el2, 0);
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

void vgic_unload(struct vcpu *v)
{
	SAVE(&v->vgic, list[0], ich_lr0_el2, ich_lr1_el2);
	SAVE(&v->vgic, list[2], ich_lr2_el2, ich_lr3_el2);
	SAVE(&v->vgic, vmcr, ich_vmcr_el2, ich_ap0r0_el2);
	v->vgic.ap1r0 = read_sysreg(ich_ap1r0_el2);
	v->vgic.ends = 0;
	if ((v->run_flags & NIE_RUN_FLAG_ENDS) != 0u) {
		v->vgic.ends = read_sysreg(ich_hcr_el2) >> ICH_HCR_EOI_COUNT_SHIFT & 0x1f;
	}
	write_sysreg(ich_hcr_el2, 0);
}

static bool is_active(u64 list)
{
	return (list & LR_STATE) != 0u;
}

void vgic_load_all(struct percpu *me, const struct vcpu *v)
{
	if (is_active(v->vgic.list[0]) != is_active(read_sysreg(ich_lr0_el2))) {
		gic_timer_set_active(me, is_active(v->vgic.list[0]));
	}
	write_sysreg(ich_lr0_el2, v->vgic.list[0]);
	write_sysreg(ich_vmcr_el2, v->vgic.vmcr);
	write_sysreg(ich_ap0r0_el2, v->vgic.ap0r0);
	write_sysreg(ich_ap1r0_el2, v->vgic.ap1r0);
}

void vgic_load(struct percpu *me, const struct vcpu *v)
{
	u64 flags = v->run_flags;
	u64 control = ICH_HCR_EN;

	gic_timer_set_enabled(me, (u32)flags & NIE_RUN_FLAG_TIMER_ENABLED);
	write_sysreg(ich_lr1_el2, v->vgic.list[1]);
	LOAD(&v->vgic, list[2], ich_lr2_el2, ich_lr3_el2);
	control |= (flags & NIE_RUN_FLAG_UNDERFLOW) != 0u ? ICH_HCR_NPIE : 0u;
	control |= (flags & NIE_RUN_FLAG_ENDS) != 0u ? ICH_HCR_LRENPIE | ICH_HCR_TDIR : 0u;
	write_sysreg(ich_hcr_el2, control);
}

/* PPI 27 is acknowledged and active. */
void vgic_timer_fired(struct percpu *me)
{
	const struct vcpu *v = me->loaded == GRANULE_NONE ? NULL : vcpu_at(me->loaded);

	if (v == NULL || v->guest == 0u) {
		write_sysreg(icc_dir_el1, INTID_GUEST_TIMER); /* it fired while its guest left */
		return;
	}
	/* Bits 15:8 and 20 of the flags are where the list register has priority and group, 40 bits further up. */
	u64 flags = (u64)(v->run_flags & ~0xffu) << TIMER_FLAGS_SHIFT;

	write_sysreg(ich_lr0_el2, (LR_PENDING | LR_HW | LR_GROUP1 | (u64)INTID_GUEST_TIMER << LR_PINTID_SHIFT |
				   INTID_GUEST_TIMER) ^ flags);
}

void hw_timer_deactivate(granule_t vcpu)
{
	u64 list = read_sysreg(ich_lr0_el2);

	(void)vcpu;
	if ((list & LR_ACTIVE) != 0u) {
		write_sysreg(ich_lr0_el2, 0);
		write_sysreg(icc_dir_el1, INTID_GUEST_TIMER);
	}
}

/* Does the virtual CPU interface signal it (4.8.2)? Pending, its group enabled, its priority higher than the mask and
 * than the highest active one. The latter is aligned to preemption levels, so that whole priorities compare. */
static bool is_signalled(u64 list, u64 vmcr, u64 limit)
{
	u64 group = (list & LR_GROUP1) != 0u ? ICH_VMCR_ENG0 << 1 : ICH_VMCR_ENG0;

	return (list & LR_STATE) == LR_PENDING && (vmcr & group) != 0u && (list >> LR_PRIORITY_SHIFT & 0xff) < limit;
}

static __attribute__((noinline)) bool any_is_signalled(u64 list0, u64 list1, u64 list2, u64 list3)
{
	u64 vmcr = read_sysreg(ich_vmcr_el2);
	u64 limit = vmcr >> ICH_VMCR_PMR_SHIFT;
	u64 active = (read_sysreg(ich_ap0r0_el2) | read_sysreg(ich_ap1r0_el2)) & 0xffffffffu;

	if (active != 0u) { /* bit n: an active priority 8 * n, with 5 bits of priority */
		u64 highest = (u64)__builtin_ctzl(active) * 8u;

		limit = highest < limit ? highest : limit;
	}
	return is_signalled(list0, vmcr, limit) || is_signalled(list1, vmcr, limit) ||
	       is_signalled(list2, vmcr, limit) || is_signalled(list3, vmcr, limit);
}

bool hw_interrupt_pending(granule_t vcpu)
{
	const struct vcpu *v = vcpu_at(vcpu);
	u64 list0 = read_sysreg(ich_lr0_el2);
	u64 list1 = read_sysreg(ich_lr1_el2);
	u64 list2 = read_sysreg(ich_lr2_el2);
	u64 list3 = read_sysreg(ich_lr3_el2);

	if (((list0 | list1 | list2 | list3) & LR_PENDING) != 0u && any_is_signalled(list0, list1, list2, list3)) {
		return true;
	}
	return (v->run_flags & NIE_RUN_FLAG_TIMER_ENABLED) != 0u && (list0 & LR_STATE) == 0u && timer_asserted();
}
