/* SPDX-License-Identifier: Apache-2.0 */
/* Priorities, their mask, preemption; more pending than list registers; WFI. */
#include "gic.h"

#define MANY 64u
#define DEPTH 8u

/* All pending before the first is taken; they come by priority, each once. */
static void order(void)
{
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t scrambled = i * 37u % MANY;

		spi_setup(FIRST_SPI + scrambled, (uint8_t)(scrambled % 16u * 8u + 0x40u));
		pend(FIRST_SPI + scrambled);
	}
	uint32_t last = 0, wrong = 0, twice = 0;
	uint64_t seen = 0;

	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t intid = take(1);

		if (intid == SPURIOUS) {
			check_equal(i, MANY, "pending interrupts that came");
			return;
		}
		uint32_t priority = (intid - FIRST_SPI) % 16u * 8u + 0x40u;

		wrong += priority < last || MRS(ICC_RPR) != priority;
		twice += (seen >> (intid - FIRST_SPI) & 1u) != 0u;
		seen |= 1ul << (intid - FIRST_SPI);
		last = priority;
		finish(1, intid);
	}
	check_equal(wrong, 0, "interrupts out of order");
	check_equal(twice, 0, "interrupts that came twice");
	check_equal(seen, ~0ul, "interrupts that came");
	take_nothing(1, "an interrupt too many");
	check_equal(MRS(ICC_RPR), 0xff, "running priority when idle");
}

/* One that comes while others, more than list registers, wait: it is next. */
static void latecomer(void)
{
	for (uint32_t i = 0; i < 10u; i++) {
		spi_setup(FIRST_SPI + i, 0xa0);
		pend(FIRST_SPI + i);
	}
	spi_setup(FIRST_SPI + 20u, 0x20);
	pend(FIRST_SPI + 20u);
	check_equal(take(1), FIRST_SPI + 20u, "the most urgent one, after others");
	spi_setup(FIRST_SPI + 21u, 0x18);
	pend(FIRST_SPI + 21u);
	check_equal(take(1), FIRST_SPI + 21u, "a more urgent one, while one is active");
	take_nothing(1, "one that does not preempt");
	finish(1, FIRST_SPI + 21u);
	check_equal(MRS(ICC_RPR), 0x20, "running priority after the first ended");
	finish(1, FIRST_SPI + 20u);
	for (uint32_t i = 0; i < 10u; i++) {
		finish(1, take(1));
	}
	take_nothing(1, "all ended");
}

static void mask(void)
{
	spi_setup(FIRST_SPI, 0x80);
	MSR(ICC_PMR, 0x80);
	check_equal(MRS(ICC_PMR) & 0xf8u, 0x80, "ICC_PMR_EL1");
	pend(FIRST_SPI);
	take_nothing(1, "an interrupt that the mask holds back");
	MSR(ICC_PMR, 0x88);
	check_equal(take(1), FIRST_SPI, "an interrupt that the mask lets through");
	finish(1, FIRST_SPI);
	MSR(ICC_PMR, 0xff);
	/* Disabled, or not any more pending. */
	gic_bit(0, FIRST_SPI, ICENABLER);
	pend(FIRST_SPI);
	take_nothing(1, "an interrupt that is disabled");
	gic_bit(0, FIRST_SPI, ICPENDR);
	gic_bit(0, FIRST_SPI, ISENABLER);
	take_nothing(1, "an interrupt that is not pending any more");
}

static uint32_t depth, deepest, out_of_order;

static void nest(void)
{
	uint32_t intid = (uint32_t)MRS(ICC_IAR1) & 0xffffffu;

	if (intid == SPURIOUS) {
		return;
	}
	out_of_order += intid != FIRST_SPI + depth;
	depth++;
	deepest = depth > deepest ? depth : deepest;
	if (depth < DEPTH) {
		uint64_t since = timer_now();

		pend(FIRST_SPI + depth); /* the next, more urgent one */
		UNMASK_IRQ();
		while (deepest < DEPTH && timer_now() - since < 2u * timer_frequency()) {
		}
		MASK_IRQ();
	}
	depth--;
	finish(1, intid);
}

/* Each interrupt preempts the one before: more are active at a time than there are list registers. */
static void preemption(void)
{
	on_irq = nest;
	for (uint32_t i = 0; i < DEPTH; i++) {
		spi_setup(FIRST_SPI + i, (uint8_t)(0xf0u - 0x10u * i));
	}
	for (uint32_t round = 0; round < 3u; round++) {
		depth = deepest = 0;
		pend(FIRST_SPI);
		UNMASK_IRQ();
		uint64_t since = timer_now();

		while (deepest < DEPTH && timer_now() - since < 20u * timer_frequency()) {
		}
		MASK_IRQ();
		check_equal(deepest, DEPTH, "interrupts nested");
		check_equal(depth, 0, "nested interrupts that ended");
		check_equal(MRS(ICC_RPR), 0xff, "running priority after nested interrupts");
		check_equal(read32(GICD + ISACTIVER + 4u) | read32(GICD + ISACTIVER + 8u), 0, "active after they ended");
	}
	check_equal(out_of_order, 0, "nested interrupts out of order");
	on_irq = NULL;
}

/* Within one group of priorities the order is kept, and nothing preempts. */
static void binary_point(void)
{
	spi_setup(FIRST_SPI, 0xb0);
	spi_setup(FIRST_SPI + 1u, 0xa0);
	MSR(ICC_BPR1, 7);
	check_equal(MRS(ICC_BPR1), 7, "ICC_BPR1_EL1");
	pend(FIRST_SPI);
	check_equal(take(1), FIRST_SPI, "the only one");
	pend(FIRST_SPI + 1u);
	take_nothing(1, "one of the same group of priorities");
	finish(1, FIRST_SPI);
	check_equal(take(1), FIRST_SPI + 1u, "it comes later");
	finish(1, FIRST_SPI + 1u);
	pend(FIRST_SPI);
	pend(FIRST_SPI + 1u);
	check_equal(take(1), FIRST_SPI + 1u, "the more urgent one within a group of priorities");
	finish(1, FIRST_SPI + 1u);
	finish(1, take(1));
	MSR(ICC_BPR1, 0);
	pend(FIRST_SPI);
	check_equal(take(1), FIRST_SPI, "the only one, again");
	pend(FIRST_SPI + 1u);
	check_equal(take(1), FIRST_SPI + 1u, "one that preempts");
	finish(1, FIRST_SPI + 1u);
	finish(1, FIRST_SPI);
}

/* What the CPU interface holds back does not end WFI, a timer does; nor does it keep the CPU busy meanwhile. */
static void wait_for_interrupt(void)
{
	uint64_t due;
	uint32_t rounds = 0;

	spi_setup(FIRST_SPI, 0xc0);
	pend(FIRST_SPI);
	MSR(ICC_PMR, 0x80);
	gic_priority(0, PPI_VIRTUAL_TIMER, 0x40);
	gic_bit(0, PPI_VIRTUAL_TIMER, ISENABLER);
	due = timer_now() + timer_frequency() / 500u;
	MSR(CNTV_CVAL, due);
	MSR(CNTV_CTL, 1);
	while (timer_now() < due && rounds < 100000u) {
		WFI();
		rounds++;
	}
	check(rounds < 100u, "WFI with an interrupt that the mask holds back");
	check_equal(take(1), PPI_VIRTUAL_TIMER, "the timer behind the mask");
	MSR(CNTV_CTL, 0);
	finish(1, PPI_VIRTUAL_TIMER);
	gic_bit(0, PPI_VIRTUAL_TIMER, ICENABLER);
	MSR(ICC_PMR, 0xff);
	check_equal(take(1), FIRST_SPI, "what the mask held back");
	finish(1, FIRST_SPI);
}

void priorities(void)
{
	order();
	clean();
	latecomer();
	clean();
	mask();
	clean();
	preemption();
	clean();
	binary_point();
	clean();
	wait_for_interrupt();
}
