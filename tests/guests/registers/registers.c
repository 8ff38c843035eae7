/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a marker of its own into every register that it can write, gives the core away, and reads every register
 * that it can read: each must be as it was, and none may hold the other guest's marker. The guest with 16 MiB is
 * the first, any other the second; the markers differ in each round, so what two guests share shows as a change.
 */
#include "guest.h"

#define FIRST_SIZE (16ul << 20)
#define ENCODINGS 32768u
#define LIST_MAX 512u
#define ROUNDS 40u
#define REG(op0, op1, crn, crm, op2) \
	((uint32_t)((op0) - 2) << 14 | (uint32_t)(op1) << 11 | (uint32_t)(crn) << 7 | (uint32_t)(crm) << 3 | (uint32_t)(op2))
#define OP0_3 REG(3, 0, 0, 0, 0)
#define SCTLR_EL1 REG(3, 0, 1, 0, 0)
#define SCTLR_UCT (1ul << 15)
#define SCTLR_UCI (1ul << 26)
#define CPACR_EL1 REG(3, 0, 1, 0, 2)
#define CPACR_FPEN (3ul << 20)
#define CNTP_CTL_EL0 REG(3, 3, 14, 2, 1)
#define CNTV_CTL_EL0 REG(3, 3, 14, 3, 1)
#define CNTV_CVAL_EL0 REG(3, 3, 14, 3, 2)
#define ICC_BPR0_EL1 REG(3, 0, 12, 8, 3)
#define ICC_BPR1_EL1 REG(3, 0, 12, 12, 3)
#define ENABLE 1ul
#define ENABLE_MASKED 3ul
#define ISTATUS 4ul

#pragma GCC visibility push(hidden)
bool read_register(uint64_t number, uint64_t *value);
bool write_register(uint64_t number, uint64_t value);
uint64_t count_fp(void);
uint64_t give_away(uint64_t until, uint64_t wfi, uint64_t value, uint64_t ticks, uint64_t *away);
extern char vectors_1[], vectors_2[];
#pragma GCC visibility pop

static struct {
	uint32_t number;
	bool writable, varied, changed;
	uint64_t left, before, after; /* as left in this round; of a change: what it was, and became */
} list[LIST_MAX];
static uint32_t count, written, zero;
static uint64_t own, other; /* the upper byte of each halfword of a marker */
static uint64_t foreign;

/* Reading these acknowledges an interrupt: ICC_IAR0_EL1, ICC_NMIAR1_EL1, ICC_IAR1_EL1. */
static bool skip_read(uint32_t n)
{
	return n == REG(3, 0, 12, 8, 0) || n == REG(3, 0, 12, 9, 5) || n == REG(3, 0, 12, 12, 0);
}

/* SCTLR_EL1 and VBAR_EL1, each guest's own already; PSTATE that masks interrupts or chooses the stack, or that
 * compiled code changes; CNTV_TVAL_EL0 and CNTP_TVAL_EL0, other views of the compare values. */
static bool skip_write(uint32_t n)
{
	return n == SCTLR_EL1 || n == REG(3, 0, 12, 0, 0) || n == REG(3, 0, 4, 2, 0) || n == REG(3, 0, 4, 3, 0) ||
	       n == REG(3, 3, 4, 2, 0) || n == REG(3, 3, 4, 2, 1) || n == REG(3, 3, 14, 3, 0) || n == REG(3, 3, 14, 2, 0);
}

static uint64_t marker(uint32_t n, uint32_t round)
{
	uint64_t value = (own << 8 | ((n * 11u + round * 37u) & 0xffu)) * 0x0001000100010001ul;

	if (n == CPACR_EL1) {
		return CPACR_FPEN | (value & 0xffu);
	}
	if (n == ICC_BPR0_EL1 || n == ICC_BPR1_EL1) {
		return 4u | (value & 3u); /* a smaller one than there are preemption levels is raised sooner or later */
	}
	return value;
}

static bool is_foreign(uint64_t value)
{
	uint64_t tags = value & 0xff00ff00ff00ff00ul;
	uint64_t tag = other << 8 | other << 24;

	return (tags & 0xfffffffful) == tag || tags >> 32 == tag;
}

static void print_register(uint32_t n)
{
	print_decimal((n >> 14) + 2u);
	print(" ");
	print_decimal(n >> 11 & 7u);
	print(" ");
	print_decimal(n >> 7 & 15u);
	print(" ");
	print_decimal(n >> 3 & 15u);
	print(" ");
	print_decimal(n & 7u);
}

static void look(uint32_t n, uint64_t value)
{
	if (is_foreign(value)) {
		foreign++;
		print("registers: FOREIGN ");
		print_register(n);
		print(" ");
		print_hex(value);
		print("\n");
	}
}

/* The debug registers do, whatever is written. */
static bool reads_as_zero(uint32_t n, uint64_t value)
{
	return value == 0u && write_register(n, marker(n, ROUNDS)) && read_register(n, &value) && value == 0u;
}

/* Before anything is written: what can be read, and what the guest before may have left in it. */
static void find(void)
{
	for (uint32_t n = 0; n < ENCODINGS; n++) {
		uint64_t value = 0;

		if (skip_read(n) || !read_register(n, &value)) {
			continue;
		}
		look(n, value);
		if (n < OP0_3 && reads_as_zero(n, value)) {
			zero++;
			continue;
		}
		if (count == LIST_MAX) {
			print("registers: FAILED: too many registers\n");
			power_off();
		}
		list[count].number = n;
		list[count].left = value;
		count++;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t n = list[i].number;

		list[i].writable = !skip_write(n) && write_register(n, marker(n, ROUNDS));
		written += list[i].writable ? 1u : 0u;
	}
}

/* With a wake other than 0 the virtual timer fires in so many ticks. Returns when. */
static uint64_t write_all(uint32_t round, uint64_t wake)
{
	uint64_t compare = marker(CNTV_CVAL_EL0, round);

	for (uint32_t i = 0; i < count; i++) {
		if (list[i].writable) {
			(void)write_register(list[i].number, marker(list[i].number, round));
		}
	}
	if (wake != 0u) {
		compare = timer_now() + wake;
	}
	(void)write_register(CNTV_CVAL_EL0, compare);
	(void)write_register(CNTV_CTL_EL0, wake != 0u ? ENABLE : ENABLE_MASKED);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t value = 0;

		(void)read_register(list[i].number, &value);
		list[i].varied |= round != 0u && value != list[i].left;
		list[i].left = value;
	}
	return compare;
}

static void compare_all(void)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t value = 0;
		uint64_t mask = list[i].number == CNTV_CTL_EL0 || list[i].number == CNTP_CTL_EL0 ? ~ISTATUS : ~0ul;

		(void)read_register(list[i].number, &value);
		look(list[i].number, value);
		if ((value & mask) != (list[i].left & mask)) {
			list[i].changed = true;
			list[i].before = list[i].left;
			list[i].after = value;
		}
	}
}

/* The timer's interrupt is pending, and never taken. Markers in the GIC's registers must not keep it so. */
static void retire_interrupt(void)
{
	uint64_t intid;

	__asm__ volatile("msr cntv_ctl_el0, xzr");
	__asm__ volatile("msr s3_0_c12_c12_4, xzr\n\tmsr s3_0_c12_c8_4, xzr\n\tmsr s3_0_c12_c9_0, xzr"); /* CTLR, AP0R0, AP1R0 */
	__asm__ volatile("msr s3_0_c12_c12_3, xzr\n\tmsr s3_0_c4_c6_0, %0" :: "r"(0xf0ul)); /* BPR1, PMR */
	__asm__ volatile("msr s3_0_c12_c12_7, %0\n\tisb" :: "r"(1ul)); /* IGRPEN1 */
	__asm__ volatile("mrs %0, s3_0_c12_c12_0\n\tdsb sy" : "=r"(intid)); /* IAR1 */
	if ((intid & 0xffffffu) < 1020u) {
		__asm__ volatile("msr s3_0_c12_c12_1, %0\n\tisb" :: "r"(intid)); /* EOIR1 */
	}
}

static void report(void)
{
	for (uint32_t i = 0; i < count; i++) {
		print("registers: ");
		print(list[i].changed ? "changed " : list[i].varied ? "kept " : "constant ");
		print_register(list[i].number);
		if (list[i].changed) {
			print(" ");
			print_hex(list[i].before);
			print(" ");
			print_hex(list[i].after);
		}
		print("\n");
	}
}

static void count_line(const char *what, uint64_t value)
{
	print("registers: count ");
	print(what);
	print(" ");
	print_decimal(value);
	print("\n");
}

_Noreturn void guest_main(const void *device_tree)
{
	struct memory memory = {0, 0};
	uint64_t millisecond = timer_frequency() / 1000u;
	uint64_t away = 0;
	uint64_t lost = 0;
	uint64_t dirty;
	uint64_t sctlr;
	bool first;

	if (!fdt_memory(device_tree, &memory)) {
		print("registers: FAILED: no memory node in the device tree\n");
		power_off();
	}
	first = memory.size == FIRST_SIZE;
	own = first ? 0xa6u : 0x59u;
	other = first ? 0x59u : 0xa6u;
	__asm__ volatile("mrs %0, sctlr_el1" : "=r"(sctlr));
	__asm__ volatile("msr sctlr_el1, %0\n\tisb" :: "r"(sctlr ^ (first ? SCTLR_UCT : SCTLR_UCI)));
	__asm__ volatile("msr cpacr_el1, %0\n\tisb" :: "r"(CPACR_FPEN));
	dirty = count_fp();
	gic_init();
	__asm__ volatile("msr daifset, #15\n\tmsr vbar_el1, %0\n\tisb" :: "r"(first ? vectors_1 : vectors_2));
	print("registers: begins\n");
	find();
	for (uint32_t round = 0; round < ROUNDS; round++) {
		bool wfi = round % 2u != 0u;
		uint64_t until = write_all(round, wfi ? (first ? 9u : 6u) * millisecond : 0u);

		if (!wfi) {
			until = timer_now() + (first ? 13u : 17u) * millisecond;
		}
		lost += give_away(until, wfi, marker(0, round), millisecond, &away);
		compare_all();
		retire_interrupt();
	}
	report();
	count_line("readable", count);
	count_line("written", written);
	count_line("debug-zero", zero);
	count_line("rounds", ROUNDS);
	count_line("away", away);
	count_line("foreign", foreign);
	count_line("general-lost", lost);
	count_line("fp-not-zero-at-start", dirty);
	print("registers: done\n");
	power_off();
}
