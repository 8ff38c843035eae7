/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list registers (Arm IHI 0069, 12.4.6), when there are more interrupts than they hold. Pending ones come by priority, as
 * the CPU interface takes them, and at least one of each group: the vCPU may have disabled one group there. When none of them is
 * pending any more the vCPU exits and the next are lent. Of the active ones, those of highest priority have the other list
 * registers: they end first. One that ends without a list register is counted (ICH_HCR_EL2.EOIcount) or, when dropping
 * the priority does not deactivate (EOImode 1), named by ICC_DIR_EL1.
 */
#include "vgic.h"

#include "nie/api.h"

/* The first of a kind, in order of priority, and how many there are in all. */
struct queue {
	u16 intid[VGIC_LISTS];
	u32 count, total;
};

struct candidates {
	struct queue active, pending[2]; /* pending: by group */
};

static void insert(const struct vgic *g, u32 cpu, u32 intid, struct queue *q)
{
	u32 priority = vgic_irq_of(g, cpu, intid)->priority;
	u32 at = q->count;

	q->total++;
	while (at > 0u && priority < vgic_irq_of(g, cpu, q->intid[at - 1u])->priority) {
		at--;
	}
	if (at == VGIC_LISTS) {
		return;
	}
	if (q->count < VGIC_LISTS) {
		q->count++;
	}
	for (u32 i = q->count - 1u; i > at; i--) {
		q->intid[i] = q->intid[i - 1u];
	}
	q->intid[at] = (u16)intid;
}

static void consider(const struct vgic *g, u32 cpu, u32 intid, struct candidates *c)
{
	const struct vgic_irq *irq = vgic_irq_of(g, cpu, intid);

	if (irq->holder != VGIC_NOBODY || vgic_target(g, cpu, intid) != cpu || intid == GUEST_TIMER_INTID) {
		return;
	}
	if (irq->active) {
		insert(g, cpu, intid, &c->active);
	} else if (vgic_is_deliverable(g, irq)) {
		insert(g, cpu, intid, &c->pending[irq->group1 ? 1 : 0]);
	}
}

static void collect(const struct vgic *g, u32 cpu, struct candidates *c)
{
	for (u32 live = g->cpu[cpu].live; live != 0u; live &= live - 1u) {
		consider(g, cpu, (u32)__builtin_ctz(live), c);
	}
	for (u32 w = 0; w < VGIC_SPI_WORDS; w++) {
		for (u32 live = g->live[w]; live != 0u; live &= live - 1u) {
			consider(g, cpu, VGIC_PRIVATE + 32u * w + (u32)__builtin_ctz(live), c);
		}
	}
}

/* Which group the next pending one comes from, with `taken` of each so far and `room` list registers left. */
static u32 next_group(const struct vgic *g, u32 cpu, const struct candidates *c, const u32 taken[2], u32 room)
{
	for (u32 group = 0; group < 2u; group++) {
		const struct queue *other = &c->pending[1u - group];

		if (taken[1u - group] == other->count ||
		    (room == 1u && taken[group] == 0u && c->pending[group].count != 0u)) {
			return group;
		}
	}
	return vgic_irq_of(g, cpu, c->pending[0].intid[taken[0]])->priority <=
	       vgic_irq_of(g, cpu, c->pending[1].intid[taken[1]])->priority ? 0u : 1u;
}

static bool anything_live(const struct vgic *g, u32 cpu)
{
	u32 live = g->cpu[cpu].live;

	for (u32 w = 0; w < VGIC_SPI_WORDS; w++) {
		live |= g->live[w];
	}
	return live != 0u;
}

static u32 choose(const struct vgic *g, u32 cpu, u16 chosen[VGIC_LISTS], u64 *flags)
{
	struct candidates c = {0};
	u32 taken[2] = {0, 0};
	u32 count = 0;

	collect(g, cpu, &c);
	u32 pending = c.pending[0].total + c.pending[1].total;
	u32 kept_free = c.active.total + pending <= VGIC_LISTS ? 0u :
			(c.pending[0].total != 0u ? 1u : 0u) + (c.pending[1].total != 0u ? 1u : 0u);

	while (count < c.active.count && count < VGIC_LISTS - kept_free) {
		chosen[count] = c.active.intid[count];
		count++;
	}
	*flags = count < c.active.total ? NIE_RUN_FLAG_ENDS : 0u;
	while (count < VGIC_LISTS && taken[0] + taken[1] < pending) {
		u32 group = next_group(g, cpu, &c, taken, VGIC_LISTS - count);

		chosen[count++] = c.pending[group].intid[taken[group]++];
	}
	*flags |= taken[0] + taken[1] < pending ? NIE_RUN_FLAG_UNDERFLOW : 0u;
	return count;
}

/* An active level-triggered interrupt does not go pending as well: once it is deactivated, LR_EOI brings
 * the vCPU here, and the line is looked at again. Not if the line is low by now: that it rises is another change. */
static u64 lend(const struct vgic *g, struct vgic_irq *irq, u32 cpu, u32 intid)
{
	bool pending = vgic_is_deliverable(g, irq) && (irq->edge || !irq->active);
	u64 list = intid | (u64)irq->priority << LR_PRIORITY_SHIFT | (irq->group1 ? LR_GROUP1 : 0u) |
		   (pending ? LR_PENDING : 0u) | (irq->active ? LR_ACTIVE : 0u) |
		   (!irq->edge && vgic_is_pending(irq) ? LR_EOI : 0u);

	irq->lent_pending = pending;
	irq->lent_latch = pending && irq->latch;
	if (pending) {
		irq->latch = false;
	}
	irq->holder = (u8)cpu;
	return list;
}

void vgic_lend(struct vgic *g, u32 cpu)
{
	struct vgic_cpu *c = &g->cpu[cpu];
	const struct vgic_irq *timer = &c->irq[GUEST_TIMER_INTID];
	u64 flags = 0;

	if (c->kept) {
		vgic_fold(g, cpu, c->list, 0);
	}
	c->held_count = anything_live(g, cpu) ? choose(g, cpu, c->held, &flags) : 0u;
	for (u32 i = 0; i < VGIC_LISTS; i++) {
		c->list[i] = i < c->held_count ? lend(g, vgic_irq(g, cpu, c->held[i]), cpu, c->held[i]) : 0u;
	}
	if (vgic_timer_enabled(g, cpu)) {
		flags |= NIE_RUN_FLAG_TIMER_ENABLED | (timer->group1 ? 0u : NIE_RUN_FLAG_TIMER_GROUP0);
	}
	c->flags = flags | (u64)timer->priority << NIE_RUN_FLAG_TIMER_PRIORITY_SHIFT;
	c->changes = g->changes;
}

/* Interrupts that ended in no list register: dropping a priority drops the highest active one (4.8.5). */
static void end_one(struct vgic *g, u32 cpu)
{
	struct candidates c = {0};

	collect(g, cpu, &c);
	if (c.active.count != 0u) {
		vgic_deactivate(g, cpu, c.active.intid[0]);
	}
}

static void take_back(struct vgic *g, u32 cpu, u32 intid, u64 list)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, intid);
	bool pending = (list & LR_PENDING) != 0u && !irq->drop_pending;
	bool active = (list & LR_ACTIVE) != 0u && !irq->drop_active;

	irq->taken += irq->lent_pending && (list & LR_PENDING) == 0u ? 1u : 0u;
	irq->holder = VGIC_NOBODY;
	irq->active = active || irq->set_active;
	irq->active_on = (u8)cpu;
	/* A level that a device holds needs no latch; one that is gone by now must not be delivered. */
	irq->latch = irq->latch || (pending && irq->lent_latch);
	irq->offered = pending;
	irq->drop_pending = irq->drop_active = irq->set_active = false;
}

void vgic_fold(struct vgic *g, u32 cpu, const u64 list[VGIC_LISTS], u32 ended)
{
	struct vgic_cpu *c = &g->cpu[cpu];
	u32 count = c->held_count;

	/* Those in list registers still count as held: not they ended. */
	for (u32 i = 0; i < ended; i++) {
		end_one(g, cpu);
	}
	c->held_count = 0;
	c->kept = false;
	for (u32 i = 0; i < count; i++) {
		take_back(g, cpu, c->held[i], list[i]);
		if (g->ended != NULL && (list[i] & (LR_PENDING | LR_ACTIVE)) == 0u) {
			g->ended(g->context, c->held[i]);
		}
		vgic_changed(g, cpu, c->held[i]);
	}
}

void vgic_refused(struct vgic *g, u32 cpu)
{
	vgic_fold(g, cpu, g->cpu[cpu].list, 0);
}
