/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 (IHI 0069): distributor, redistributors and EL2's CPU interface. All interrupts are in
 * group 1. EOImode 1: acknowledging drops the priority; an interrupt of a task stays active until
 * the task deactivates it, the kernel's own are deactivated at once.
 */
#include "arch.h"

#define GICD_CTLR (GIC_DISTRIBUTOR + 0x0)
#define GICD_CTLR_ENABLE_ARE 0x12u /* EnableGrp1(A), ARE (NS): the same bits with one security state */
#define GICD_CTLR_RWP (1u << 31)
#define GICD_TYPER (GIC_DISTRIBUTOR + 0x4)
#define GICD_IGROUPR (GIC_DISTRIBUTOR + 0x80)
#define GICD_ISENABLER (GIC_DISTRIBUTOR + 0x100)
#define GICD_ICENABLER (GIC_DISTRIBUTOR + 0x180)
#define GICD_IPRIORITYR (GIC_DISTRIBUTOR + 0x400)
#define GICD_ICFGR (GIC_DISTRIBUTOR + 0xc00)
#define GICD_IROUTER (GIC_DISTRIBUTOR + 0x6000)

#define GICR_CTLR 0x0u
#define GICR_CTLR_RWP (1u << 3)
#define GICR_TYPER 0x8u
#define GICR_TYPER_VLPIS (1u << 1)
#define GICR_TYPER_LAST (1u << 4)
#define GICR_WAKER 0x14u
#define GICR_WAKER_PROCESSOR_SLEEP (1u << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1u << 2)
#define GICR_SGI 0x10000u /* the SGI_base frame */
#define GICR_IGROUPR0 (GICR_SGI + 0x80)
#define GICR_ISENABLER0 (GICR_SGI + 0x100)
#define GICR_ICENABLER0 (GICR_SGI + 0x180)
#define GICR_ICPENDR0 (GICR_SGI + 0x280)
#define GICR_ISACTIVER0 (GICR_SGI + 0x300)
#define GICR_ICACTIVER0 (GICR_SGI + 0x380)
#define GICR_IPRIORITYR (GICR_SGI + 0x400)

#define SRE_ALL 0xfu /* ICC_SRE_EL2: SRE, DFB, DIB, Enable */
#define EOIMODE (1u << 1)
#define PRIORITIES 0xa0a0a0a0u
#define PRIORITY_MASK_ALL 0xf0u
#define OWN_INTERRUPTS (1u << INTID_KICK | 1u << INTID_MAINTENANCE | 1u << INTID_DEADLINE)

static void wait_distributor(void)
{
	while ((read32(GICD_CTLR) & GICD_CTLR_RWP) != 0u) {
	}
}

static void wait_redistributor(const struct percpu *me)
{
	while ((read32(me->redistributor + GICR_CTLR) & GICR_CTLR_RWP) != 0u) {
	}
}

void gic_init_machine(void)
{
	u32 lines = 32u * ((read32(GICD_TYPER) & 0x1f) + 1u);

	write32(GICD_CTLR, 0);
	wait_distributor();
	for (u32 i = 32; i < lines; i += 32) {
		write32(GICD_ICENABLER + i / 8u, ~0u);
		write32(GICD_IGROUPR + i / 8u, ~0u);
	}
	for (u32 i = 32; i < lines; i += 4) {
		write32(GICD_IPRIORITYR + i, PRIORITIES);
	}
	write32(GICD_CTLR, GICD_CTLR_ENABLE_ARE);
	wait_distributor();
}

/* GICR_TYPER[63:32] and MPIDR_EL1 hold the affinity in different places. */
static u64 find_redistributor(u64 affinity)
{
	u64 packed = (affinity & 0xffffff) | (affinity >> 8 & 0xff000000);

	for (u64 at = GIC_REDISTRIBUTORS;;) {
		u64 type = read64(at + GICR_TYPER);

		if (type >> 32 == packed) {
			return at;
		}
		if ((type & GICR_TYPER_LAST) != 0u) {
			hw_panic("the GIC has no redistributor for the core with affinity", affinity);
		}
		at += (type & GICR_TYPER_VLPIS) != 0u ? 0x40000u : 0x20000u;
	}
}

void gic_init_core(struct percpu *me)
{
	write_sysreg(icc_sre_el2, SRE_ALL);
	isb();
	if ((read_sysreg(icc_sre_el2) & 1u) == 0u) {
		hw_panic("the GIC has no system register interface: ICC_SRE_EL2", read_sysreg(icc_sre_el2));
	}
	me->redistributor = find_redistributor(me->affinity);
	u64 base = me->redistributor;

	write32(base + GICR_WAKER, read32(base + GICR_WAKER) & ~GICR_WAKER_PROCESSOR_SLEEP);
	while ((read32(base + GICR_WAKER) & GICR_WAKER_CHILDREN_ASLEEP) != 0u) {
	}
	write32(base + GICR_ICENABLER0, ~0u);
	wait_redistributor(me);
	write32(base + GICR_IGROUPR0, ~0u);
	write32(base + GICR_ICPENDR0, ~0u);
	write32(base + GICR_ICACTIVER0, ~0u);
	for (u32 i = 0; i < 32u; i += 4u) {
		write32(base + GICR_IPRIORITYR + i, PRIORITIES);
	}
	write32(base + GICR_ISENABLER0, OWN_INTERRUPTS);
	write_sysreg(icc_pmr_el1, PRIORITY_MASK_ALL);
	write_sysreg(icc_bpr1_el1, 0);
	write_sysreg(icc_ctlr_el1, EOIMODE);
	write_sysreg(icc_igrpen1_el1, 1);
	isb();
}

/* The next interrupt that core C is to hear of; INTID_NONE if there is none. */
u32 gic_acknowledge(struct percpu *me)
{
	u32 intid = (u32)read_sysreg(icc_iar1_el1);

	dsb(sy); /* what the sender of an SGI wrote before */
	if (intid >= 1020u) {
		return INTID_NONE;
	}
	write_sysreg(icc_eoir1_el1, intid);
	if (intid == INTID_GUEST_TIMER) {
		vgic_timer_fired(me);
		return INTID_NONE;
	}
	if (intid < 32u) {
		write_sysreg(icc_dir_el1, intid);
	}
	if (machine_stopped) {
		core_stop();
	}
	return intid;
}

/* PPI 27 follows the guest that is loaded. What the redistributor holds is remembered, since a
 * register of the CPU is far cheaper to reach. */
void gic_timer_set_enabled(struct percpu *me, u32 enabled)
{
	if (me->timer_enabled == enabled) {
		return;
	}
	me->timer_enabled = enabled;
	write32(me->redistributor + (enabled != 0u ? GICR_ISENABLER0 : GICR_ICENABLER0),
		1u << INTID_GUEST_TIMER);
	wait_redistributor(me);
}

/* Whether it is active is what list register 0 says: if the guest deactivated the virtual interrupt, the physical one
 * went with it. */
void gic_timer_set_active(struct percpu *me, bool active)
{
	write32(me->redistributor + (active ? GICR_ISACTIVER0 : GICR_ICACTIVER0),
		1u << INTID_GUEST_TIMER);
	read32(me->redistributor + GICR_ISACTIVER0);
	dsb(sy);
}

/* ICC_SGI1R_EL1: affinities 3, 2 and 1, then one bit for affinity 0 within its range of 16. */
static void send_sgi(u64 affinity)
{
	u64 aff0 = affinity & 0xff;

	dsb(ishst);
	write_sysreg(icc_sgi1r_el1,
		     (affinity >> 32 & 0xff) << 48 | (aff0 >> 4) << 44 | (affinity >> 16 & 0xff) << 32 |
			 (u64)INTID_KICK << 24 | (affinity >> 8 & 0xff) << 16 | 1ul << (aff0 & 0xf));
	isb();
}

void hw_kick(u32 core)
{
	send_sgi(areas[core].percpu.affinity);
}

void gic_kick_others(u32 core)
{
	for (u32 i = 0; i < NIE_MAX_CORES; i++) {
		if (i != core && cores[i].online != 0u) {
			hw_kick(i);
		}
	}
}

RARE void gic_set_edge(u32 intid)
{
	u64 at = GICD_ICFGR + intid / 16u * 4u;

	write32(at, read32(at) | 2u << intid % 16u * 2u);
}

RARE void hw_irq_enable(u32 intid, u32 core)
{
	write64(GICD_IROUTER + intid * 8ul, areas[core].percpu.affinity);
	write32(GICD_ISENABLER + intid / 32u * 4u, 1u << intid % 32u);
}

RARE void hw_irq_disable(u32 intid)
{
	write32(GICD_ICENABLER + intid / 32u * 4u, 1u << intid % 32u);
	wait_distributor();
}

void hw_irq_deactivate(u32 intid)
{
	write_sysreg(icc_dir_el1, intid);
}
