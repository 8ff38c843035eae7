/* SPDX-License-Identifier: Apache-2.0 */
#include "vgic.h"

#include "nie/api.h"

#define MPIDR_AFFINITY 0xff00fffffful
#define ROUTE_ANY (1ul << 31) /* GICD_IROUTER.Interrupt_Routing_Mode */

struct vgic_irq *vgic_irq(struct vgic *g, u32 cpu, u32 intid)
{
	return intid < VGIC_PRIVATE ? &g->cpu[cpu].irq[intid] : &g->spi[intid - VGIC_PRIVATE];
}

static const struct vgic_irq *irq_of(const struct vgic *g, u32 cpu, u32 intid)
{
	return intid < VGIC_PRIVATE ? &g->cpu[cpu].irq[intid] : &g->spi[intid - VGIC_PRIVATE];
}

/* A latched level-triggered interrupt is one that software set pending (4.3). */
bool vgic_is_pending(const struct vgic_irq *irq)
{
	return irq->latch || (!irq->edge && irq->line);
}

/* The vCPU that an interrupt goes to; GUEST_VCPUS_MAX: none. */
static u32 target_of(const struct vgic *g, u32 cpu, u32 intid)
{
	u64 route;

	if (intid < VGIC_PRIVATE) {
		return cpu;
	}
	route = g->route[intid - VGIC_PRIVATE];
	if ((route & ROUTE_ANY) != 0u) {
		return 0;
	}
	return (route & MPIDR_AFFINITY) < g->cpus ? (u32)(route & MPIDR_AFFINITY) : GUEST_VCPUS_MAX;
}

static bool is_deliverable(const struct vgic *g, const struct vgic_irq *irq)
{
	return irq->enabled && vgic_is_pending(irq) && (irq->group1 ? g->group1 : g->group0);
}

void vgic_changed(struct vgic *g, u32 cpu, u32 intid)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, intid);
	u32 *word = intid < VGIC_PRIVATE ? &g->cpu[cpu].live : &g->live[intid / 32u - 1u];
	u32 bit = 1u << intid % 32u;

	*word = vgic_is_pending(irq) || irq->active ? *word | bit : *word & ~bit;
	if (irq->holder != VGIC_NOBODY) {
		g->notify(g->context, irq->holder);
	} else if (is_deliverable(g, irq)) {
		u32 target = target_of(g, cpu, intid);

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

void vgic_set_line(struct vgic *g, u32 intid, bool high)
{
	struct vgic_irq *irq = &g->spi[intid - VGIC_PRIVATE];

	if (irq->line == high) {
		return;
	}
	irq->line = high;
	if (irq->edge && high) {
		irq->latch = true;
	}
	irq->offered = false;
	vgic_changed(g, 0, intid);
}

/* ICC_SGI1R_EL1 (12.2.20): TargetList 15:0, Aff1 23:16, INTID 27:24, Aff2 39:32, IRM 40, RS 47:44, Aff3
 * 55:48. Our vCPUs have Aff1, Aff2 and Aff3 zero. */
void vgic_send_sgi(struct vgic *g, u32 from, u64 value)
{
	u32 intid = value >> 24 & 0xfu;
	bool all_others = (value >> 40 & 1u) != 0u;
	bool elsewhere = (value & 0x00fff0ff00ff0000ul & ~(1ul << 40)) != 0u;

	for (u32 c = 0; c < g->cpus; c++) {
		struct vgic_irq *irq = &g->cpu[c].irq[intid];
		bool addressed = all_others ? c != from : !elsewhere && (value >> c & 1u) != 0u;

		if (addressed && irq->group1) {
			irq->latch = true;
			irq->offered = false;
			vgic_changed(g, c, intid);
		}
	}
}

/* Order of candidates: active ones first, so that their end is seen; then by priority. */
static bool goes_before(const struct vgic_irq *a, const struct vgic_irq *b)
{
	return a->active != b->active ? a->active : a->priority < b->priority;
}

struct candidates {
	u16 intid[VGIC_LISTS];
	u32 count;
	bool overflow;
};

static void consider(const struct vgic *g, u32 cpu, u32 intid, struct candidates *best)
{
	const struct vgic_irq *irq = irq_of(g, cpu, intid);
	u32 at = best->count;

	if (irq->holder != VGIC_NOBODY || target_of(g, cpu, intid) != cpu ||
	    !(irq->active || is_deliverable(g, irq)) || intid == GUEST_TIMER_INTID) {
		return;
	}
	while (at > 0u && goes_before(irq, irq_of(g, cpu, best->intid[at - 1u]))) {
		at--;
	}
	if (best->count == VGIC_LISTS) {
		best->overflow = true;
	} else {
		best->count++;
	}
	if (at == VGIC_LISTS) {
		return;
	}
	for (u32 i = best->count - 1u; i > at; i--) {
		best->intid[i] = best->intid[i - 1u];
	}
	best->intid[at] = (u16)intid;
}

static void collect(const struct vgic *g, u32 cpu, struct candidates *best)
{
	for (u32 live = g->cpu[cpu].live; live != 0u; live &= live - 1u) {
		consider(g, cpu, (u32)__builtin_ctz(live), best);
	}
	for (u32 w = 0; w < VGIC_SPI_WORDS; w++) {
		for (u32 live = g->live[w]; live != 0u; live &= live - 1u) {
			consider(g, cpu, VGIC_PRIVATE + 32u * w + (u32)__builtin_ctz(live), best);
		}
	}
}

/* An active level-triggered interrupt does not go pending as well: once it is deactivated, LR_EOI brings
 * the vCPU here, and the line is looked at again. */
static u64 lend(const struct vgic *g, struct vgic_irq *irq, u32 cpu, u32 intid)
{
	bool pending = is_deliverable(g, irq) && (irq->edge || !irq->active);
	u64 list = intid | (u64)irq->priority << LR_PRIORITY_SHIFT | (irq->group1 ? LR_GROUP1 : 0u) |
		   (pending ? LR_PENDING : 0u) | (irq->active ? LR_ACTIVE : 0u) | (irq->edge ? 0u : LR_EOI);

	irq->lent_latch = pending && irq->latch;
	if (pending) {
		irq->latch = false;
	}
	irq->holder = (u8)cpu;
	return list;
}

u64 vgic_fill(struct vgic *g, u32 cpu, u64 list[VGIC_LISTS])
{
	struct vgic_cpu *c = &g->cpu[cpu];
	struct candidates best = {{0}, 0, false};
	u64 flags = 0;

	collect(g, cpu, &best);
	for (u32 i = 0; i < VGIC_LISTS; i++) {
		list[i] = 0;
		if (i < best.count) {
			c->held[i] = best.intid[i];
			list[i] = lend(g, vgic_irq(g, cpu, best.intid[i]), cpu, best.intid[i]);
		}
	}
	c->held_count = best.count;
	if (best.overflow) {
		flags |= NIE_RUN_FLAG_UNDERFLOW;
	}
	if (vgic_timer_enabled(g, cpu)) {
		flags |= NIE_RUN_FLAG_TIMER_ENABLED;
	}
	return flags | (u64)c->irq[GUEST_TIMER_INTID].priority << NIE_RUN_FLAG_TIMER_PRIORITY_SHIFT;
}

static void take_back(struct vgic *g, u32 cpu, u32 intid, u64 list)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, intid);
	bool pending = (list & LR_PENDING) != 0u && !irq->drop_pending;
	bool active = (list & LR_ACTIVE) != 0u && !irq->drop_active;

	irq->holder = VGIC_NOBODY;
	irq->active = active || irq->set_active;
	/* A level that a device holds needs no latch; one that is gone by now must not be delivered. */
	irq->latch = irq->latch || (pending && irq->lent_latch);
	irq->offered = pending;
	irq->drop_pending = irq->drop_active = irq->set_active = false;
}

void vgic_fold(struct vgic *g, u32 cpu, const u64 list[VGIC_LISTS], bool timer_pending)
{
	struct vgic_cpu *c = &g->cpu[cpu];
	u32 count = c->held_count;

	c->timer_pending = timer_pending;
	c->held_count = 0;
	for (u32 i = 0; i < count; i++) {
		take_back(g, cpu, c->held[i], list[i]);
		vgic_changed(g, cpu, c->held[i]);
	}
}

static enum vgic_wake wake_of(const struct vgic *g, u32 cpu, u32 intid)
{
	const struct vgic_irq *irq = irq_of(g, cpu, intid);

	if (irq->holder != VGIC_NOBODY || !is_deliverable(g, irq) || target_of(g, cpu, intid) != cpu ||
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

bool vgic_timer_enabled(const struct vgic *g, u32 cpu)
{
	const struct vgic_irq *timer = &g->cpu[cpu].irq[GUEST_TIMER_INTID];

	return timer->enabled && timer->group1 && g->group1;
}
