/* SPDX-License-Identifier: Apache-2.0 */
#include "vgic.h"

void vgic_changed(struct vgic *g, u32 cpu, u32 intid)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, intid);
	u32 *word = intid < VGIC_PRIVATE ? &g->cpu[cpu].live : &g->live[intid / 32u - 1u];
	u32 bit = 1u << intid % 32u;

	g->changes++;
	*word = vgic_is_pending(irq) || irq->active ? *word | bit : *word & ~bit;
	if (irq->holder != VGIC_NOBODY) {
		g->notify(g->context, irq->holder);
	} else if (vgic_is_deliverable(g, irq)) {
		u32 target = vgic_target(g, cpu, intid);

		if (target < g->cpus) {
			g->notify(g->context, target);
		}
	}
}

static void irq_reset(struct vgic_irq *irq, bool edge)
{
	*irq = (struct vgic_irq){.edge = edge, .holder = VGIC_NOBODY};
}

void vgic_init(struct vgic *g, u32 cpus, void (*notify)(void *context, u32 cpu), void *context)
{
	*g = (struct vgic){.cpus = cpus, .notify = notify, .context = context};
	for (u32 c = 0; c < cpus; c++) {
		g->cpu[c].asleep = true;
		for (u32 i = 0; i < VGIC_PRIVATE; i++) {
			irq_reset(&g->cpu[c].irq[i], i < 16u);
		}
	}
	for (u32 i = 0; i < VGIC_INTIDS - VGIC_PRIVATE; i++) {
		irq_reset(&g->spi[i], false);
	}
}

bool vgic_attach(struct vgic *g, struct bus *bus)
{
	struct bus_device distributor = {"GICD", GUEST_GICD_BASE, GUEST_GICD_SIZE, g, vgic_distributor_read,
					 vgic_distributor_write};
	struct bus_device redistributors = {"GICR", GUEST_GICR_BASE, g->cpus * GUEST_GICR_STRIDE, g,
					    vgic_redistributor_read, vgic_redistributor_write};

	return bus_add(bus, &distributor) && bus_add(bus, &redistributors);
}

void vgic_set_private_line(struct vgic *g, u32 cpu, u32 intid, bool high)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, intid);

	if (irq->line == high) {
		return;
	}
	irq->line = high;
	if (irq->edge && high) {
		irq->latch = true;
	}
	irq->offered = false;
	vgic_changed(g, cpu, intid);
}

void vgic_set_line(struct vgic *g, u32 intid, bool high)
{
	vgic_set_private_line(g, 0, intid, high);
}

/* ICC_SGI<n>R_EL1 (12.2.19 to 12.2.20): TargetList 15:0, Aff1 23:16, INTID 27:24, Aff2 39:32, IRM 40, RS 47:44, Aff3
 * 55:48. Our vCPUs have Aff1, Aff2 and Aff3 zero. */
void vgic_send_sgi(struct vgic *g, u32 from, u64 value, bool group1)
{
	u32 intid = value >> 24 & 0xfu;
	bool all_others = (value >> 40 & 1u) != 0u;
	bool elsewhere = (value & 0x00fff0ff00ff0000ul & ~(1ul << 40)) != 0u;

	for (u32 c = 0; c < g->cpus; c++) {
		struct vgic_irq *irq = &g->cpu[c].irq[intid];
		bool addressed = all_others ? c != from : !elsewhere && (value >> c & 1u) != 0u;

		if (addressed && irq->group1 == group1) {
			irq->latch = true;
			irq->offered = false;
			vgic_changed(g, c, intid);
		}
	}
}

static enum vgic_wake wake_of(const struct vgic *g, u32 cpu, u32 intid)
{
	const struct vgic_irq *irq = vgic_irq_of(g, cpu, intid);

	if (irq->holder != VGIC_NOBODY || !vgic_is_deliverable(g, irq) || vgic_target(g, cpu, intid) != cpu ||
	    (irq->active && !irq->edge) || intid == GUEST_TIMER_INTID) {
		return VGIC_QUIET;
	}
	return irq->offered ? VGIC_MASKED : VGIC_READY;
}

enum vgic_wake vgic_has_pending(const struct vgic *g, u32 cpu)
{
	enum vgic_wake most = VGIC_QUIET;

	for (u32 live = g->cpu[cpu].live; live != 0u; live &= live - 1u) {
		enum vgic_wake w = wake_of(g, cpu, (u32)__builtin_ctz(live));

		most = w > most ? w : most;
	}
	for (u32 i = 0; i < VGIC_SPI_WORDS; i++) {
		for (u32 live = g->live[i]; live != 0u; live &= live - 1u) {
			enum vgic_wake w = wake_of(g, cpu, VGIC_PRIVATE + 32u * i + (u32)__builtin_ctz(live));

			most = w > most ? w : most;
		}
	}
	return most;
}

void vgic_deactivate(struct vgic *g, u32 cpu, u32 intid)
{
	struct vgic_irq *irq;

	if (intid >= VGIC_INTIDS) {
		return;
	}
	irq = vgic_irq(g, cpu, intid);
	irq->active = false;
	irq->drop_active = irq->holder != VGIC_NOBODY;
	vgic_changed(g, cpu, intid);
}

u32 vgic_taken(const struct vgic *g, u32 intid)
{
	return g->spi[intid - VGIC_PRIVATE].taken;
}
