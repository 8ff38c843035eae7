/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "vgic.h"

#define GICD(offset) (GUEST_GICD_BASE + (offset))
#define GICR(cpu, offset) (GUEST_GICR_BASE + (cpu) * GUEST_GICR_STRIDE + (offset))
#define SGI_BASE 0x10000u
#define CPUS 4u

/* A machine: the vGIC, and for each vCPU list registers that a guest handles as hardware would. */
struct machine {
	struct vgic gic;
	struct bus bus;
	u32 notified[CPUS];
	u64 list[CPUS][VGIC_LISTS];
	u64 flags[CPUS];
};

static void notify(void *context, u32 cpu)
{
	((struct machine *)context)->notified[cpu]++;
}

static void write_as(struct machine *m, u32 cpu, u64 ipa, u32 size, u64 value)
{
	assert_true(bus_dispatch(&m->bus, ipa, size, cpu, true, &value));
}

static u64 read_as(struct machine *m, u32 cpu, u64 ipa, u32 size)
{
	u64 value = 0xdeadul;

	assert_true(bus_dispatch(&m->bus, ipa, size, cpu, false, &value));
	return value;
}

static void enable(struct machine *m, u32 cpu, u32 intid, u8 priority)
{
	u64 base = intid < 32u ? GICR(cpu, SGI_BASE) : GICD(0);

	write_as(m, cpu, base + 0x400u + intid, 1, priority);
	write_as(m, cpu, base + 0x100u + intid / 32u * 4u, 4, 1ul << intid % 32u);
}

static void edge(struct machine *m, u32 intid)
{
	u64 icfgr = GICD(0xc00u + intid / 16u * 4u);

	write_as(m, 0, icfgr, 4, read_as(m, 0, icfgr, 4) | 2ul << intid % 16u * 2u);
}

static int setup(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));

	vgic_init(&m->gic, CPUS, notify, m);
	assert_true(vgic_attach(&m->gic, &m->bus));
	write_as(m, 0, GICD(0), 4, 2); /* EnableGrp1 */
	for (u32 i = 32; i < VGIC_INTIDS; i += 32) {
		write_as(m, 0, GICD(0x80u + i / 8u), 4, 0xffffffffu);
	}
	for (u32 c = 0; c < CPUS; c++) {
		write_as(m, c, GICR(c, SGI_BASE + 0x80u), 4, 0xffffffffu);
	}
	memset(m->notified, 0, sizeof(m->notified));
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void enter(struct machine *m, u32 cpu)
{
	m->flags[cpu] = vgic_fill(&m->gic, cpu, m->list[cpu]);
}

static void leave(struct machine *m, u32 cpu)
{
	vgic_fold(&m->gic, cpu, m->list[cpu], 0);
}

static u32 listed(struct machine *m, u32 cpu)
{
	u32 count = 0;

	for (u32 i = 0; i < VGIC_LISTS; i++) {
		count += m->list[cpu][i] >> 62 != 0u ? 1u : 0u;
	}
	return count;
}

/* The guest reads ICC_IAR1_EL1: the pending interrupt of highest priority becomes active. */
static u32 acknowledge(struct machine *m, u32 cpu)
{
	u64 *best = NULL;

	for (u32 i = 0; i < VGIC_LISTS; i++) {
		u64 *l = &m->list[cpu][i];

		if ((*l & LR_PENDING) != 0u && (*l & LR_ACTIVE) == 0u &&
		    (best == NULL || (*l >> 48 & 0xff) < (*best >> 48 & 0xff))) {
			best = l;
		}
	}
	if (best == NULL) {
		return 1023;
	}
	*best = (*best & ~LR_PENDING) | LR_ACTIVE;
	return (u32)(*best & LR_INTID);
}

/* The guest writes ICC_EOIR1_EL1. True: LR_EOI asks for a maintenance interrupt. */
static bool finish(struct machine *m, u32 cpu, u32 intid)
{
	for (u32 i = 0; i < VGIC_LISTS; i++) {
		u64 *l = &m->list[cpu][i];

		if ((*l & LR_INTID) == intid && (*l & LR_ACTIVE) != 0u) {
			*l &= ~LR_ACTIVE;
			return (*l & LR_EOI) != 0u && (*l & LR_PENDING) == 0u;
		}
	}
	fail_msg("interrupt %u is not active", intid);
	return false;
}

static void test_identification(void **state)
{
	struct machine *m = *state;

	assert_int_equal(read_as(m, 0, GICD(0xffe8), 4) & 0xf0, 0x30);
	assert_int_equal(read_as(m, 0, GICR(1, 0xffe8), 4) & 0xf0, 0x30);
	assert_int_equal(read_as(m, 0, GICD(4), 4) & 0x1f, VGIC_INTIDS / 32u - 1u);
	for (u32 c = 0; c < CPUS; c++) {
		u64 type = read_as(m, 0, GICR(c, 8), 8);

		assert_int_equal(type >> 32, c);
		assert_int_equal(type >> 4 & 1, c == CPUS - 1u);
		assert_int_equal(read_as(m, 0, GICR(c, 12), 4), c); /* upper half alone */
	}
	/* ARE and DS read as one. */
	assert_int_equal(read_as(m, 0, GICD(0), 4), 0x52);
}

static void test_waker(void **state)
{
	struct machine *m = *state;

	assert_int_equal(read_as(m, 1, GICR(1, 0x14), 4), 6);
	write_as(m, 1, GICR(1, 0x14), 4, 0);
	assert_int_equal(read_as(m, 1, GICR(1, 0x14), 4), 0);
	assert_int_equal(read_as(m, 1, GICR(2, 0x14), 4), 6);
}

static void test_enable_registers(void **state)
{
	struct machine *m = *state;

	write_as(m, 0, GICD(0x104), 4, 0x30);
	assert_int_equal(read_as(m, 0, GICD(0x104), 4), 0x30);
	write_as(m, 0, GICD(0x184), 4, 0x10);
	assert_int_equal(read_as(m, 0, GICD(0x104), 4), 0x20);
	assert_int_equal(read_as(m, 0, GICD(0x184), 4), 0x20);
	/* Private interrupts are not the distributor's, nor SPIs a redistributor's. */
	write_as(m, 0, GICD(0x100), 4, 0xffffffffu);
	assert_int_equal(read_as(m, 0, GICD(0x100), 4), 0);
	assert_int_equal(read_as(m, 0, GICR(0, SGI_BASE + 0x100), 4), 0);
	write_as(m, 0, GICR(0, SGI_BASE + 0x104), 4, 0xffffffffu);
	assert_int_equal(read_as(m, 0, GICD(0x104), 4), 0x20);
	/* Each redistributor has its own. */
	write_as(m, 0, GICR(1, SGI_BASE + 0x100), 4, 3);
	assert_int_equal(read_as(m, 0, GICR(1, SGI_BASE + 0x100), 4), 3);
	assert_int_equal(read_as(m, 0, GICR(0, SGI_BASE + 0x100), 4), 0);
	/* Beyond the last INTID. */
	write_as(m, 0, GICD(0x100 + VGIC_INTIDS / 8), 4, 0xffffffffu);
	assert_int_equal(read_as(m, 0, GICD(0x100 + VGIC_INTIDS / 8), 4), 0);
}

static void test_priority_registers(void **state)
{
	struct machine *m = *state;

	write_as(m, 0, GICD(0x400 + 40), 4, 0x807f40ffu);
	assert_int_equal(read_as(m, 0, GICD(0x400 + 40), 4), 0x807840f8u);
	assert_int_equal(read_as(m, 0, GICD(0x400 + 42), 1), 0x78);
	write_as(m, 0, GICD(0x400 + 41), 1, 0xa0);
	assert_int_equal(read_as(m, 0, GICD(0x400 + 40), 4), 0x8078a0f8u);
}

static void test_level_is_injected_again(void **state)
{
	struct machine *m = *state;

	enable(m, 0, 33, 0xa0);
	vgic_set_line(&m->gic, 33, true);
	assert_true(m->notified[0] > 0);
	enter(m, 0);
	assert_int_equal(acknowledge(m, 0), 33);
	assert_true(finish(m, 0, 33)); /* exits, as the line may still be high */
	leave(m, 0);
	enter(m, 0);
	assert_int_equal(acknowledge(m, 0), 33);
	vgic_set_line(&m->gic, 33, false);
	leave(m, 0);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 1); /* active still */
	m->notified[0] = 0;
	vgic_set_line(&m->gic, 33, true);
	assert_int_equal(m->notified[0], 1);
	leave(m, 0);
	enter(m, 0);
	vgic_set_line(&m->gic, 33, false);
	leave(m, 0);
	enter(m, 0);
	assert_false(finish(m, 0, 33)); /* nothing would be to do */
	leave(m, 0);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 0);
}

/* The same as leaving and entering, if that changes nothing. */
static void pass(struct machine *m, u32 cpu)
{
	if (!vgic_keep(&m->gic, cpu, m->list[cpu], 0)) {
		leave(m, cpu);
	}
}

static void test_list_registers_are_kept(void **state)
{
	struct machine *m = *state;

	enable(m, 0, 33, 0xa0);
	enable(m, 0, 34, 0xa0);
	vgic_set_line(&m->gic, 33, true);
	enter(m, 0);
	assert_true(vgic_keep(&m->gic, 0, m->list[0], 0));
	memset(m->list, 0xff, sizeof(m->list));
	enter(m, 0);
	assert_int_equal(acknowledge(m, 0), 33);
	assert_false(vgic_keep(&m->gic, 0, m->list[0], 0)); /* the guest changed them */
	leave(m, 0);
	enter(m, 0);
	assert_false(vgic_keep(&m->gic, 0, m->list[0], 1)); /* something ended elsewhere */
	assert_true(vgic_keep(&m->gic, 0, m->list[0], 0));
	assert_int_equal(read_as(m, 0, GICD(0x304), 4), 1u << 1); /* ISACTIVER knows */
	write_as(m, 0, GICD(0x400 + 33), 1, 0x40);
	enter(m, 0);
	assert_int_equal(m->list[0][0] >> 48 & 0xff, 0x40);
	assert_true(vgic_keep(&m->gic, 0, m->list[0], 0));
	vgic_set_line(&m->gic, 34, true);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 2);
	assert_true(vgic_keep(&m->gic, 0, m->list[0], 0));
	write_as(m, 0, GICD(0), 4, 0);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 1); /* the active one */
	assert_true(vgic_keep(&m->gic, 0, m->list[0], 0));
	write_as(m, 0, GICD(0x384), 4, 1u << 1);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 0);
}

static void end_any(struct machine *m, u32 cpu)
{
	for (u32 i = 0; i < VGIC_LISTS; i++) {
		if ((m->list[cpu][i] & LR_ACTIVE) != 0u) {
			m->list[cpu][i] &= ~LR_ACTIVE;
			return;
		}
	}
}

/* GICD_CTLR, or a register of interrupts 0 to 63. */
static u64 any_register(u32 cpu)
{
	const u32 bits[] = {0x80, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380};
	u32 intid = (u32)rand() % 64u;
	u64 base = intid < 32u ? GICR(cpu, SGI_BASE) : GICD(0);

	switch (rand() % 8) {
	case 0:
		return GICD(0);
	case 1:
		return base + 0x400u + (intid & ~3u);
	case 2:
		return base + 0xc00u + intid / 16u * 4u;
	case 3:
		return GICD(0x6100u + 8u * (intid % 32u));
	default:
		return base + bits[(u32)rand() % 7u] + intid / 32u * 4u;
	}
}

static void enter_alike(struct machine *m[2], u32 cpu)
{
	enter(m[0], cpu);
	enter(m[1], cpu);
	assert_memory_equal(m[0]->list[cpu], m[1]->list[cpu], sizeof(m[0]->list[cpu]));
	assert_int_equal(m[0]->flags[cpu], m[1]->flags[cpu]);
}

/* Whatever a vCPU and devices do between an exit and the next run: keeping list registers makes no difference. */
static void test_kept_or_not(void **state)
{
	struct machine *m[2] = {*state};
	struct machine **other = &m[1];
	u32 kept = 0;

	setup((void **)other);
	srand(815);
	for (u32 step = 0; step < 100000u; step++) {
		u32 c = (u32)rand() % CPUS;

		enter_alike(m, c);
		if (rand() % 4 == 0) {
			assert_int_equal(acknowledge(m[0], c), acknowledge(m[1], c));
		} else if (rand() % 8 == 0) {
			end_any(m[0], c);
			end_any(m[1], c);
		}
		leave(m[0], c);
		pass(m[1], c);
		kept += m[1]->gic.cpu[c].kept ? 1u : 0u;
		if (rand() % 2 == 0) {
			u64 at = any_register(c);
			u64 value = at == GICD(0) ? (u64)rand() % 4u : at >= GICD(0x6000) ? (u64)rand() % CPUS : 1ul << rand() % 32;

			write_as(m[0], c, at, 4, value);
			write_as(m[1], c, at, 4, value);
			assert_int_equal(read_as(m[0], c, GICD(0x204), 4), read_as(m[1], c, GICD(0x204), 4));
			assert_int_equal(read_as(m[0], c, GICD(0x304), 4), read_as(m[1], c, GICD(0x304), 4));
			assert_int_equal(read_as(m[0], c, GICR(c, SGI_BASE + 0x200), 4),
					 read_as(m[1], c, GICR(c, SGI_BASE + 0x200), 4));
		} else if (rand() % 2 == 0) {
			u32 intid = 32u + (u32)rand() % 32u;
			bool high = rand() % 2 == 0;

			vgic_set_line(&m[0]->gic, intid, high);
			vgic_set_line(&m[1]->gic, intid, high);
		} else if (rand() % 4 == 0) {
			u64 sgi = (u64)rand() % 16u << 24 | 1ul << rand() % CPUS;

			vgic_send_sgi(&m[0]->gic, c, sgi, true);
			vgic_send_sgi(&m[1]->gic, c, sgi, true);
		}
		enter_alike(m, c);
		leave(m[0], c); /* what other vCPUs would see meanwhile is not compared */
		leave(m[1], c);
	}
	assert_in_range(kept, 10000, 99999);
	free(*other);
}

static void test_level_gone_before_taken(void **state)
{
	struct machine *m = *state;

	enable(m, 0, 33, 0xa0);
	vgic_set_line(&m->gic, 33, true);
	enter(m, 0);
	m->notified[0] = 0;
	vgic_set_line(&m->gic, 33, false);
	assert_int_equal(m->notified[0], 1); /* the vCPU that has it must exit */
	leave(m, 0);
	enter(m, 0);
	assert_int_equal(acknowledge(m, 0), 1023);
}

static void test_edge_while_active_is_not_lost(void **state)
{
	struct machine *m = *state;

	edge(m, 40);
	enable(m, 0, 40, 0x80);
	vgic_set_line(&m->gic, 40, true);
	vgic_set_line(&m->gic, 40, false);
	enter(m, 0);
	assert_int_equal(acknowledge(m, 0), 40);
	vgic_set_line(&m->gic, 40, true);
	leave(m, 0);
	enter(m, 0);
	assert_int_equal(m->list[0][0] >> 62, 3); /* pending and active */
	assert_false(finish(m, 0, 40));
	assert_int_equal(acknowledge(m, 0), 40);
	finish(m, 0, 40);
	leave(m, 0);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 0); /* the line is high, but nothing rises */
}

static void test_disabled_waits(void **state)
{
	struct machine *m = *state;

	vgic_set_line(&m->gic, 50, true);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 0);
	leave(m, 0);
	assert_int_equal(read_as(m, 0, GICD(0x204), 4), 1u << 18);
	m->notified[0] = 0;
	enable(m, 0, 50, 0);
	assert_int_equal(m->notified[0], 1);
	write_as(m, 0, GICD(0), 4, 0);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 0); /* the group is off */
	leave(m, 0);
	write_as(m, 0, GICD(0), 4, 2);
	enter(m, 0);
	assert_int_equal(acknowledge(m, 0), 50);
}

static void test_sgi_to_several(void **state)
{
	struct machine *m = *state;

	for (u32 c = 0; c < CPUS; c++) {
		enable(m, c, 5, 0x10);
	}
	vgic_send_sgi(&m->gic, 0, 5ul << 24 | 0x6, true);
	for (u32 c = 0; c < CPUS; c++) {
		enter(m, c);
		assert_int_equal(acknowledge(m, c), c == 1u || c == 2u ? 5 : 1023);
		if (listed(m, c) != 0u) {
			finish(m, c, 5);
		}
		leave(m, c);
	}
	vgic_send_sgi(&m->gic, 2, 5ul << 24 | 1ul << 40, true);
	for (u32 c = 0; c < CPUS; c++) {
		enter(m, c);
		assert_int_equal(acknowledge(m, c), c == 2u ? 1023 : 5);
		leave(m, c);
	}
	/* Another cluster, and a group-0 SGI. */
	vgic_send_sgi(&m->gic, 0, 6ul << 24 | 1ul << 16 | 0xf, true);
	write_as(m, 3, GICR(3, SGI_BASE + 0x80), 4, ~(1u << 7));
	enable(m, 3, 6, 0);
	enable(m, 3, 7, 0);
	vgic_send_sgi(&m->gic, 0, 7ul << 24 | 0x8, true);
	enter(m, 3);
	assert_int_equal(listed(m, 3), 1); /* 5, active from before */
}

static void test_more_pending_than_lists(void **state)
{
	struct machine *m = *state;
	u32 last = 0;
	u32 count = 0;

	for (u32 i = 0; i < 20u; i++) {
		edge(m, 60 + i);
		enable(m, 0, 60 + i, (u8)((19u - i) * 8u)); /* the last has the highest priority */
		vgic_set_line(&m->gic, 60 + i, true);
	}
	for (;;) {
		u32 intid;

		enter(m, 0);
		if (listed(m, 0) == 0u) {
			break;
		}
		assert_int_equal((m->flags[0] & NIE_RUN_FLAG_UNDERFLOW) != 0u, count < 17u);
		intid = acknowledge(m, 0);
		assert_true(last == 0u || intid == last - 1u);
		last = intid;
		count++;
		finish(m, 0, intid);
		leave(m, 0);
	}
	assert_int_equal(count, 20);
}

static void test_higher_priority_displaces(void **state)
{
	struct machine *m = *state;

	for (u32 i = 0; i < 4u; i++) {
		edge(m, 70 + i);
		enable(m, 0, 70 + i, i == 3u ? 0x08 : 0xa0);
	}
	for (u32 i = 0; i < 3u; i++) {
		vgic_set_line(&m->gic, 70 + i, true);
	}
	enter(m, 0);
	assert_int_equal(listed(m, 0), 3);
	vgic_set_line(&m->gic, 73, true);
	leave(m, 0);
	enter(m, 0);
	assert_int_equal(acknowledge(m, 0), 73);
}

static void test_route(void **state)
{
	struct machine *m = *state;

	edge(m, 90);
	enable(m, 0, 90, 0);
	write_as(m, 0, GICD(0x6000 + 8 * 90), 8, 2);
	assert_int_equal(read_as(m, 0, GICD(0x6000 + 8 * 90), 4), 2);
	vgic_set_line(&m->gic, 90, true);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 0);
	leave(m, 0);
	assert_int_equal(m->notified[2], 1);
	/* It moves while vCPU 2 holds it: not twice, and not lost. */
	enter(m, 2);
	assert_int_equal(listed(m, 2), 1);
	write_as(m, 0, GICD(0x6000 + 8 * 90), 8, 3);
	enter(m, 3);
	assert_int_equal(listed(m, 3), 0);
	leave(m, 3);
	leave(m, 2);
	enter(m, 2);
	assert_int_equal(listed(m, 2), 0);
	enter(m, 3);
	assert_int_equal(acknowledge(m, 3), 90);
}

/* A level stays high while another vCPU holds the interrupt: nobody else gets it as well. */
static void test_level_is_held_once(void **state)
{
	struct machine *m = *state;

	enable(m, 0, 92, 0);
	vgic_set_line(&m->gic, 92, true);
	enter(m, 0);
	assert_int_equal(acknowledge(m, 0), 92);
	write_as(m, 1, GICD(0x6000 + 8 * 92), 8, 1);
	enter(m, 1);
	assert_int_equal(listed(m, 1), 0);
	leave(m, 1);
	finish(m, 0, 92);
	leave(m, 0);
	enter(m, 1);
	assert_int_equal(acknowledge(m, 1), 92);
}

static void test_changes_while_held(void **state)
{
	struct machine *m = *state;

	edge(m, 91);
	enable(m, 0, 91, 0);
	vgic_set_line(&m->gic, 91, true);
	enter(m, 0);
	write_as(m, 1, GICD(0x280 + 91 / 32 * 4), 4, 1u << 91 % 32); /* ICPENDR, from vCPU 1 */
	leave(m, 0);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 0);
	leave(m, 0);

	write_as(m, 1, GICD(0x200 + 91 / 32 * 4), 4, 1u << 91 % 32); /* ISPENDR */
	enter(m, 0);
	assert_int_equal(acknowledge(m, 0), 91);
	write_as(m, 1, GICD(0x380 + 91 / 32 * 4), 4, 1u << 91 % 32); /* ICACTIVER */
	leave(m, 0);
	assert_int_equal(read_as(m, 1, GICD(0x300 + 91 / 32 * 4), 4), 0);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 0);
	leave(m, 0);

	write_as(m, 1, GICD(0x200 + 91 / 32 * 4), 4, 1u << 91 % 32);
	enter(m, 0);
	write_as(m, 1, GICD(0x180 + 91 / 32 * 4), 4, 1u << 91 % 32); /* ICENABLER */
	leave(m, 0);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 0);
	leave(m, 0);
	enable(m, 1, 91, 0);
	enter(m, 0);
	assert_int_equal(acknowledge(m, 0), 91);
}

/* Software sets a level-triggered interrupt pending whose line is low. */
static void test_level_set_pending_by_software(void **state)
{
	struct machine *m = *state;

	enable(m, 0, 35, 0);
	write_as(m, 0, GICD(0x204), 4, 1u << 3);
	enter(m, 0);
	leave(m, 0);
	enter(m, 0);
	assert_int_equal(acknowledge(m, 0), 35);
	finish(m, 0, 35);
	leave(m, 0);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 0);
}

static void test_timer_flags(void **state)
{
	struct machine *m = *state;

	enter(m, 1);
	assert_int_equal(m->flags[1] & NIE_RUN_FLAG_TIMER_ENABLED, 0);
	leave(m, 1);
	enable(m, 1, 27, 0x58);
	enter(m, 1);
	assert_true((m->flags[1] & NIE_RUN_FLAG_TIMER_ENABLED) != 0u);
	assert_int_equal(m->flags[1] >> 8 & 0xff, 0x58);
	assert_int_equal(listed(m, 1), 0);
	leave(m, 1);
	vgic_timer_state(&m->gic, 1, true, false);
	assert_int_equal(read_as(m, 1, GICR(1, SGI_BASE + 0x200), 4), 1u << 27);
	assert_int_equal(read_as(m, 1, GICR(1, SGI_BASE + 0x300), 4), 0);
	vgic_timer_state(&m->gic, 1, false, true);
	assert_int_equal(read_as(m, 1, GICR(1, SGI_BASE + 0x300), 4), 1u << 27);
	/* In group 0, which is off; then on. */
	write_as(m, 1, GICR(1, SGI_BASE + 0x80u), 4, 0);
	enter(m, 1);
	assert_int_equal(m->flags[1] & NIE_RUN_FLAG_TIMER_ENABLED, 0);
	leave(m, 1);
	write_as(m, 0, GICD(0), 4, 3);
	enter(m, 1);
	assert_true((m->flags[1] & NIE_RUN_FLAG_TIMER_ENABLED) != 0u && (m->flags[1] & NIE_RUN_FLAG_TIMER_GROUP0) != 0u);
}

static void test_waiting(void **state)
{
	struct machine *m = *state;

	assert_int_equal(vgic_has_pending(&m->gic, 0), VGIC_QUIET);
	enable(m, 0, 33, 0xa0);
	vgic_set_line(&m->gic, 33, true);
	assert_int_equal(vgic_has_pending(&m->gic, 0), VGIC_READY);
	assert_int_equal(vgic_has_pending(&m->gic, 1), VGIC_QUIET);
	enter(m, 0);
	leave(m, 0); /* it was in a list register, and the vCPU waits all the same */
	assert_int_equal(vgic_has_pending(&m->gic, 0), VGIC_MASKED);
	edge(m, 34);
	enable(m, 0, 34, 0xa0);
	vgic_set_line(&m->gic, 34, true);
	assert_int_equal(vgic_has_pending(&m->gic, 0), VGIC_READY);
}

/* As the CPU interface does with one that no list register holds, and with ICC_DIR_EL1. */
static void test_more_active_than_lists(void **state)
{
	struct machine *m = *state;
	u32 taken[8];

	/* Each preempts the one before. */
	for (u32 i = 0; i < 8u; i++) {
		edge(m, 60 + i);
		enable(m, 0, 60 + i, (u8)(0xf0u - i * 8u));
		vgic_set_line(&m->gic, 60 + i, true);
		vgic_set_line(&m->gic, 60 + i, false);
		enter(m, 0);
		taken[i] = acknowledge(m, 0);
		assert_int_equal(taken[i], 60 + i);
		assert_int_equal((m->flags[0] & NIE_RUN_FLAG_ENDS) != 0u, i >= 3u);
		leave(m, 0);
		assert_int_equal(read_as(m, 0, GICD(0x304), 4) >> 28, (2u << (i < 3u ? i : 3u)) - 1u);
	}
	/* They end in the opposite order: those in list registers, then one that is counted. */
	enter(m, 0);
	assert_int_equal(listed(m, 0), 3);
	for (u32 i = 0; i < 3u; i++) {
		finish(m, 0, taken[7 - i]);
	}
	vgic_fold(&m->gic, 0, m->list[0], 2);
	for (u32 i = 0; i < 8u; i++) {
		assert_int_equal(m->gic.spi[60 - 32 + i].active, i < 3u);
	}
	/* Named: whether a list register holds it or not. */
	vgic_deactivate(&m->gic, 0, 60);
	enter(m, 0);
	vgic_deactivate(&m->gic, 0, 61);
	leave(m, 0);
	assert_false(m->gic.spi[60 - 32].active || m->gic.spi[61 - 32].active);
	assert_true(m->gic.spi[62 - 32].active);
	vgic_deactivate(&m->gic, 0, 62);
	vgic_deactivate(&m->gic, 0, 5000);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 0);
}

/* Active without their priority (EOImode 1): what is pending still gets a list register, and those active end anyhow. */
static void test_pending_among_many_active(void **state)
{
	struct machine *m = *state;

	for (u32 i = 0; i < 6u; i++) {
		edge(m, 60 + i);
		enable(m, 0, 60 + i, (u8)(i * 8u));
		vgic_set_line(&m->gic, 60 + i, true);
		enter(m, 0);
		assert_int_equal(acknowledge(m, 0), 60 + i);
		leave(m, 0);
	}
	enable(m, 0, 50, 0xf0);
	vgic_set_line(&m->gic, 50, true);
	enable(m, 0, 51, 0xf8);
	vgic_set_line(&m->gic, 51, true);
	enter(m, 0);
	assert_true((m->flags[0] & NIE_RUN_FLAG_UNDERFLOW) != 0u || listed(m, 0) == 3u);
	assert_int_equal(acknowledge(m, 0), 50);
}

/* The vCPU's interface may have one group off: that must not keep the other out. */
static void test_each_group_has_a_list_register(void **state)
{
	struct machine *m = *state;

	write_as(m, 0, GICD(0), 4, 3);
	for (u32 i = 0; i < 6u; i++) {
		enable(m, 0, 60 + i, (u8)(i * 8u));
		vgic_set_line(&m->gic, 60 + i, true);
	}
	write_as(m, 0, GICD(0x84u), 4, 0x0fffffffu);
	write_as(m, 0, GICD(0x88u), 4, 0x00000002u); /* only 65, the last, in group 1 */
	enter(m, 0);
	assert_int_equal(listed(m, 0), 3);
	assert_int_equal(m->list[0][0] & LR_INTID, 60);
	assert_int_equal(m->list[0][1] & LR_INTID, 61);
	assert_int_equal(m->list[0][2] & LR_INTID, 65);
	assert_true((m->list[0][2] & LR_GROUP1) != 0u && (m->list[0][0] & LR_GROUP1) == 0u);
	leave(m, 0);
	/* SGIs of group 0 have a register of their own. */
	write_as(m, 2, GICR(2, SGI_BASE + 0x80u), 4, 0);
	enable(m, 2, 3, 0);
	vgic_send_sgi(&m->gic, 0, 3ul << 24 | 4u, true);
	enter(m, 2);
	assert_int_equal(listed(m, 2), 0);
	leave(m, 2);
	vgic_send_sgi(&m->gic, 0, 3ul << 24 | 4u, false);
	enter(m, 2);
	assert_int_equal(listed(m, 2), 1);
}

static void test_active_stays_where_it_was_taken(void **state)
{
	struct machine *m = *state;

	enable(m, 0, 40, 0x80);
	vgic_set_line(&m->gic, 40, true);
	enter(m, 0);
	assert_int_equal(acknowledge(m, 0), 40);
	leave(m, 0);
	write_as(m, 0, GICD(0x6000 + 8 * 40), 8, 1);
	enter(m, 1);
	assert_int_equal(listed(m, 1), 0);
	enter(m, 0);
	assert_int_equal(listed(m, 0), 1);
	finish(m, 0, 40);
	leave(m, 0);
	leave(m, 1);
	enter(m, 1);
	assert_int_equal(acknowledge(m, 1), 40);
	/* Interrupt_Routing_Mode is not there. */
	write_as(m, 0, GICD(0x6000 + 8 * 41), 8, 1ul << 31 | 2u);
	assert_int_equal(read_as(m, 0, GICD(0x6000 + 8 * 41), 8), 2);
}

static void test_private_line(void **state)
{
	struct machine *m = *state;

	enable(m, 3, 30, 0x80);
	vgic_set_private_line(&m->gic, 3, 30, true);
	enter(m, 2);
	assert_int_equal(listed(m, 2), 0);
	enter(m, 3);
	assert_int_equal(acknowledge(m, 3), 30);
	vgic_set_private_line(&m->gic, 3, 30, false);
	finish(m, 3, 30);
	leave(m, 3);
	enter(m, 3);
	assert_int_equal(listed(m, 3), 0);
}

/*
 * Random traffic of edges and SGIs on all vCPUs, with exits at random moments: after the last event of
 * an interrupt it is taken at least once, and never more often than it was raised.
 */
static void test_nothing_lost_nothing_invented(void **state)
{
	struct machine *m = *state;
	u32 raised[CPUS][VGIC_INTIDS] = {{0}};
	u32 owed[CPUS][VGIC_INTIDS] = {{0}};
	u32 active[CPUS] = {0};
	bool running[CPUS] = {false};

	srand(4711);
	for (u32 i = 32; i < VGIC_INTIDS; i++) {
		edge(m, i);
		enable(m, 0, i, (u8)rand());
		write_as(m, 0, GICD(0x6000 + 8 * i), 8, i % CPUS);
	}
	for (u32 c = 0; c < CPUS; c++) {
		for (u32 i = 0; i < 16u; i++) {
			enable(m, c, i, (u8)rand());
		}
	}
	for (u32 step = 0; step < 200000u; step++) {
		u32 c = (u32)rand() % CPUS;
		bool quiet = step > 190000u;
		u32 intid = (u32)rand() % (VGIC_INTIDS - 16u);

		intid += intid < 16u ? 0u : 16u;
		switch (rand() % 6) {
		case 0:
			if (!quiet && intid < 16u) {
				vgic_send_sgi(&m->gic, (c + 1u) % CPUS, (u64)intid << 24 | 1ul << c, true);
				raised[c][intid]++;
				owed[c][intid] = 1;
			} else if (!quiet) {
				vgic_set_line(&m->gic, intid, true);
				vgic_set_line(&m->gic, intid, false);
				raised[intid % CPUS][intid]++;
				owed[intid % CPUS][intid] = 1;
			}
			break;
		case 1:
			if (running[c]) {
				leave(m, c);
				running[c] = false;
			}
			break;
		default:
			if (!running[c]) {
				enter(m, c);
				running[c] = true;
			} else if (active[c] != 0u) {
				finish(m, c, active[c] - 1u);
				active[c] = 0;
			} else {
				u32 taken = acknowledge(m, c);

				if (taken != 1023u) {
					assert_true(raised[c][taken] > 0u);
					raised[c][taken]--;
					owed[c][taken] = 0;
					active[c] = taken + 1u;
				}
			}
			break;
		}
	}
	for (u32 c = 0; c < CPUS; c++) {
		for (u32 i = 0; i < VGIC_INTIDS; i++) {
			assert_int_equal(owed[c][i], 0);
		}
	}
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_identification), TEST(test_waker), TEST(test_enable_registers),
		TEST(test_priority_registers), TEST(test_level_is_injected_again),
		TEST(test_level_gone_before_taken), TEST(test_edge_while_active_is_not_lost),
		TEST(test_disabled_waits), TEST(test_sgi_to_several), TEST(test_more_pending_than_lists),
		TEST(test_higher_priority_displaces), TEST(test_route), TEST(test_level_is_held_once),
		TEST(test_changes_while_held),
		TEST(test_level_set_pending_by_software), TEST(test_timer_flags), TEST(test_waiting),
		TEST(test_more_active_than_lists), TEST(test_pending_among_many_active),
		TEST(test_each_group_has_a_list_register), TEST(test_active_stays_where_it_was_taken),
		TEST(test_private_line),
		TEST(test_nothing_lost_nothing_invented), TEST(test_list_registers_are_kept), TEST(test_kept_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
