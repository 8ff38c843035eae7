/* SPDX-License-Identifier: Apache-2.0 */
/* The generic timer at EL1 (Arm ARM D11.2): both counters, the virtual and the physical timer, alone and together. */
#include "corner.h"

#define ENABLE 1ul
#define IMASK 2ul
#define ISTATUS 4ul
#define FAR (1ul << 62)
#define TICKS 50u
#define PATIENCE 10u /* seconds: the machine beneath may be busy */

enum timer { VIRTUAL, PHYSICAL };
enum reg { CTL, CVAL, TVAL };

static uint64_t period;
static volatile uint64_t fired[2];
static volatile bool keep_condition; /* the handler leaves the timer as it is, this often */
static volatile uint32_t kept;

static uint64_t get(enum timer t, enum reg r)
{
	__asm__ volatile("isb" ::: "memory");
	switch (r) {
	case CTL:
		return t == VIRTUAL ? MRS(CNTV_CTL) : MRS(CNTP_CTL);
	case CVAL:
		return t == VIRTUAL ? MRS(CNTV_CVAL) : MRS(CNTP_CVAL);
	default:
		return t == VIRTUAL ? MRS(CNTV_TVAL) : MRS(CNTP_TVAL);
	}
}

static void set(enum timer t, enum reg r, uint64_t value)
{
	if (t == VIRTUAL) {
		switch (r) {
		case CTL:
			MSR(CNTV_CTL, value);
			break;
		case CVAL:
			MSR(CNTV_CVAL, value);
			break;
		default:
			MSR(CNTV_TVAL, value);
			break;
		}
		return;
	}
	switch (r) {
	case CTL:
		MSR(CNTP_CTL, value);
		break;
	case CVAL:
		MSR(CNTP_CVAL, value);
		break;
	default:
		MSR(CNTP_TVAL, value);
		break;
	}
}

static uint64_t now(enum timer t)
{
	return t == VIRTUAL ? timer_now() : physical_now();
}

static uint32_t intid_of(enum timer t)
{
	return t == VIRTUAL ? PPI_VIRTUAL_TIMER : PPI_PHYSICAL_TIMER;
}

static void interrupt(void)
{
	uint64_t intid = MRS(ICC_IAR1) & 0xffffffu;
	enum timer t = intid == PPI_PHYSICAL_TIMER ? PHYSICAL : VIRTUAL;

	if (intid == SPURIOUS) {
		return;
	}
	check_equal(intid, intid_of(t), "an interrupt that is neither timer's");
	check((get(t, CTL) & (ENABLE | ISTATUS)) == (ENABLE | ISTATUS), "an interrupt without its condition");
	fired[t]++;
	if (keep_condition && kept < 3u) {
		kept++;
	} else {
		set(t, CTL, 0);
	}
	MSR(ICC_EOIR1, intid);
}

/* With WFI, until the timer has fired so often. False: it has not for long. */
static bool sleep_until(enum timer t, uint64_t count)
{
	uint64_t since = timer_now();

	while (fired[t] < count) {
		WFI();
		UNMASK_IRQ();
		MASK_IRQ();
		if (timer_now() - since > PATIENCE * timer_frequency()) {
			return false;
		}
	}
	return true;
}

static void spin(enum timer t, uint64_t ticks)
{
	uint64_t since = now(t);

	while (now(t) - since < ticks) {
	}
}

/* ISTATUS may lag behind the counter (D11.2.4). */
static bool condition_comes(enum timer t)
{
	uint64_t since = timer_now();

	while ((get(t, CTL) & ISTATUS) == 0u) {
		if (timer_now() - since > PATIENCE * timer_frequency()) {
			return false;
		}
	}
	return true;
}

static void registers(enum timer t)
{
	uint64_t before, after;
	uint32_t left;

	set(t, CTL, 0);
	set(t, CVAL, 0x123456789abcdef0ul);
	check_equal(get(t, CVAL), 0x123456789abcdef0ul, "compare value");
	set(t, CVAL, FAR);
	set(t, CTL, ~0ul);
	check_equal(get(t, CTL), ENABLE | IMASK, "control: only ENABLE and IMASK can be set");
	set(t, CTL, IMASK);
	check_equal(get(t, CTL), IMASK, "control: IMASK alone");
	before = now(t);
	set(t, TVAL, period);
	after = now(t);
	check(get(t, CVAL) >= before + period && get(t, CVAL) <= after + period, "TVAL sets the compare value");
	before = now(t);
	left = (uint32_t)get(t, TVAL);
	after = now(t);
	/* Signed on both sides: a vCPU that waits for its core between the reads may be past the compare value. */
	check((int64_t)(int32_t)left >= (int64_t)(get(t, CVAL) - after), "TVAL counts down");
	check((int64_t)(int32_t)left <= (int64_t)(get(t, CVAL) - before), "TVAL is what is left");
	check((get(t, TVAL) >> 32) == 0u, "TVAL has 32 bits");
	before = now(t);
	set(t, TVAL, 0xffffffff00000000ul | (uint32_t)-1000);
	check(get(t, CVAL) >= before - 1000u && get(t, CVAL) <= now(t) - 1000u, "TVAL is signed");
	set(t, CTL, 0);
}

static void compares(enum timer t)
{
	uint64_t count = fired[t];
	uint64_t control;

	/* In the past: at once. */
	set(t, CVAL, now(t) - 1u);
	set(t, CTL, ENABLE);
	check(condition_comes(t) && get(t, CTL) == (ENABLE | ISTATUS), "control, compare in the past");
	UNMASK_IRQ();
	check(wait_for(&fired[t], count + 1u, PATIENCE * timer_frequency()), "compare in the past does not fire");
	MASK_IRQ();
	/* In the future, and it is off or masked then. */
	set(t, CVAL, now(t) + period);
	set(t, CTL, ENABLE | IMASK);
	control = get(t, CTL);
	check((control & ISTATUS) == 0u || now(t) >= get(t, CVAL), "condition before its time");
	UNMASK_IRQ();
	spin(t, 2u * period);
	check_equal(fired[t], count + 1u, "an interrupt that the timer masks");
	check(condition_comes(t) && get(t, CTL) == (ENABLE | IMASK | ISTATUS), "control, masked and fired");
	set(t, CTL, IMASK);
	set(t, CTL, 0);
	spin(t, period);
	check_equal(fired[t], count + 1u, "an interrupt of a timer that is off");
	set(t, CTL, ENABLE);
	check(wait_for(&fired[t], count + 2u, PATIENCE * timer_frequency()), "it does not fire when unmasked");
	MASK_IRQ();
	/* Far away. */
	set(t, CVAL, FAR);
	set(t, CTL, ENABLE);
	check_equal(get(t, CTL), ENABLE, "control, compare far away");
	UNMASK_IRQ();
	spin(t, period);
	MASK_IRQ();
	check_equal(fired[t], count + 2u, "an interrupt long before its time");
	set(t, CTL, 0);
}

/* Its output is a level: it comes again until the condition goes. */
static void level(enum timer t)
{
	uint64_t count = fired[t];

	kept = 0;
	keep_condition = true;
	set(t, TVAL, 100);
	set(t, CTL, ENABLE);
	check(sleep_until(t, count + 4u), "a level that is not signalled again");
	keep_condition = false;
	spin(t, period);
	UNMASK_IRQ();
	MASK_IRQ();
	check_equal(fired[t], count + 4u, "a level that was gone");
}

/* Its interrupt off at the GIC: nothing comes, nor does WFI hang on the other timer. */
static void at_the_gic(enum timer t)
{
	enum timer other = t == VIRTUAL ? PHYSICAL : VIRTUAL;
	uint64_t count = fired[t];

	gic_bit(0, intid_of(t), ICENABLER);
	set(t, TVAL, 0);
	set(t, CTL, ENABLE);
	UNMASK_IRQ();
	spin(t, period);
	MASK_IRQ();
	check_equal(fired[t], count, "an interrupt that is disabled");
	set(other, TVAL, period);
	set(other, CTL, ENABLE);
	check(sleep_until(other, fired[other] + 1u), "WFI sleeps past the other timer");
	gic_bit(0, intid_of(t), ISENABLER);
	check(sleep_until(t, count + 1u), "an interrupt that is enabled late");
}

static void ticks(enum timer t)
{
	uint64_t count = fired[t];
	uint64_t start = now(t);
	uint32_t early = 0;

	for (uint32_t i = 1; i <= TICKS; i++) {
		uint64_t due = start + i * period;

		set(t, CVAL, due);
		set(t, CTL, ENABLE);
		if (!sleep_until(t, count + i)) {
			check(false, "WFI sleeps past its timer");
			return;
		}
		early += now(t) < due;
	}
	check_equal(early, 0, "ticks that came early");
	check_equal(fired[t], count + TICKS, "ticks in all");
}

/* Two deadlines at a time, the earlier first: the virtual or the physical timer's, by turns. */
static void both(void)
{
	for (uint32_t i = 0; i < TICKS; i++) {
		enum timer first = i % 2u == 0u ? VIRTUAL : PHYSICAL;
		enum timer second = first == VIRTUAL ? PHYSICAL : VIRTUAL;
		uint64_t first_count = fired[first], second_count = fired[second];
		uint64_t second_due = now(second) + 2u * period;

		set(first, TVAL, period / 2u);
		set(second, CVAL, second_due);
		set(second, CTL, ENABLE);
		set(first, CTL, ENABLE);
		check(sleep_until(first, first_count + 1u), "the earlier of two timers");
		check(fired[second] == second_count || now(second) >= second_due, "the later of two timers came early");
		check(sleep_until(second, second_count + 1u), "the later of two timers");
		check_equal(fired[first], first_count + 1u, "the earlier of two timers, once");
	}
}

static void counters(void)
{
	uint64_t offset = physical_now() - timer_now();
	uint64_t before = 0, back = 0;

	for (uint32_t i = 0; i < 20000u; i++) {
		uint64_t p = physical_now(), v = timer_now();

		back += p < before || v + offset + timer_frequency() / 1000u < p;
		before = p;
	}
	check_equal(back, 0, "counters that go back, or apart");
	check((int64_t)(physical_now() - timer_now() - offset) <= (int64_t)(timer_frequency() / 100u), "counters drift");
}

_Noreturn void guest_main(const void *device_tree)
{
	(void)device_tree;
	corner_vectors();
	MASK_IRQ();
	period = timer_frequency() / 1000u;
	on_irq = interrupt;
	gic_distributor_on();
	gic_cpu_on(0);
	for (enum timer t = VIRTUAL; t <= PHYSICAL; t++) {
		set(t, CTL, 0);
		gic_bit(0, intid_of(t), ISENABLER);
	}
	counters();
	for (enum timer t = VIRTUAL; t <= PHYSICAL; t++) {
		print(t == VIRTUAL ? "timer: virtual\n" : "timer: physical\n");
		registers(t);
		compares(t);
		level(t);
		at_the_gic(t);
		ticks(t);
	}
	print("timer: both\n");
	both();
	counters();
	check_equal(trapped.count, 0, "exceptions");
	check_end("timer");
}
