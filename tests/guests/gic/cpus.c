/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts between CPUs, and SPIs for the other one. */
#include "gic.h"

#define ROUNDS 200u
#define COUNT 16u

static volatile uint64_t ready, order, got, released, spis, sgis_seen, finished;

static void serve(void)
{
	uint64_t intid = MRS(ICC_IAR1) & 0xffffffu;

	if (intid == SPURIOUS) {
		return;
	}
	if (intid < 16u) {
		sgis_seen |= 1ul << intid;
		got++;
		if (intid == 1u) {
			MSR(ICC_SGI1R, 2ul << 24 | 1u); /* the answer */
		}
	} else if (intid >= FIRST_SPI) {
		spis++;
	}
	MSR(ICC_EOIR1, intid);
}

/* Takes what was sent before it was ready, by priority; then serves interrupts from WFI. */
static void second(void)
{
	uint64_t last = 16;

	MASK_IRQ();
	gic_cpu_on(1);
	for (uint32_t i = 0; i < COUNT; i++) {
		gic_priority(1, i, (uint8_t)(0xf0u - 8u * i)); /* the last is the most urgent */
		gic_bit(1, i, ISENABLER);
	}
	ready = 1;
	while (released == 0u) {
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t intid = take(1);

		order += intid >= last;
		last = intid;
		if (intid != SPURIOUS) {
			got++;
			finish(1, intid);
		}
	}
	ready = 2;
	while (finished == 0u) {
		WFI();
		UNMASK_IRQ();
		MASK_IRQ();
	}
}

static volatile uint64_t answers;

static void answered(void)
{
	uint64_t intid = MRS(ICC_IAR1) & 0xffffffu;

	answers += intid == 2u;
	if (intid != SPURIOUS) {
		MSR(ICC_EOIR1, intid);
	}
}

static void interrupt(void)
{
	if (cpu_number() == 0u) {
		answered();
	} else {
		serve();
	}
}

static void to_self(void)
{
	for (uint32_t i = 0; i < COUNT; i++) {
		gic_priority(0, i, 0x80);
		gic_bit(0, i, ISENABLER);
		MSR(ICC_SGI1R, (uint64_t)i << 24 | 1u);
		check_equal(take(1), i, "an SGI to itself");
		finish(1, i);
	}
	MSR(ICC_SGI1R, 3ul << 24 | 1ul << 40); /* all but itself */
	take_nothing(1, "an SGI to all others");
	MSR(ICC_SGI1R, 3ul << 24 | 1ul << 16 | 1u); /* another cluster */
	take_nothing(1, "an SGI to another cluster");
	gic_bit(0, 3, ISPENDR);
	check_equal(take(1), 3, "an SGI set pending by software");
	finish(1, 3);
}

static void back_and_forth(void)
{
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		uint64_t since = timer_now();

		MSR(ICC_SGI1R, 1ul << 24 | 2u);
		while (answers < i && timer_now() - since < 10u * timer_frequency()) {
			WFI();
			UNMASK_IRQ();
			MASK_IRQ();
		}
		if (answers != i) {
			check_equal(answers, i, "SGIs answered");
			break;
		}
	}
	check_equal(answers, ROUNDS, "SGIs answered in all");
}

static void routes(void)
{
	for (uint32_t i = 0; i < 32u; i++) {
		spi_setup(FIRST_SPI + i, (uint8_t)(8u * (i % 30u)));
		write64(GICD + IROUTER + 8u * (FIRST_SPI + i), 1);
		pend(FIRST_SPI + i);
	}
	check(wait_for(&spis, 32, 10u * timer_frequency()), "SPIs of the other CPU");
	take_nothing(1, "an SPI of the other CPU");
	write64(GICD + IROUTER + 8u * FIRST_SPI, 0);
	pend(FIRST_SPI);
	check_equal(take(1), FIRST_SPI, "an SPI that came back");
	finish(1, FIRST_SPI);
	/* Pending before its route changes. */
	write64(GICD + IROUTER + 8u * FIRST_SPI, 1);
	gic_bit(0, FIRST_SPI, ICENABLER);
	pend(FIRST_SPI);
	write64(GICD + IROUTER + 8u * FIRST_SPI, 0);
	gic_bit(0, FIRST_SPI, ISENABLER);
	check_equal(take(1), FIRST_SPI, "an SPI routed while pending");
	finish(1, FIRST_SPI);
	check_equal(spis, 32, "SPIs of the other CPU, in all");
}

void other_cpus(void)
{
	to_self();
	on_irq = interrupt;
	check_equal((uint64_t)cpu_start(1, second), 0, "CPU_ON");
	check(wait_for(&ready, 1, 10u * timer_frequency()), "CPU 1 is not ready");
	for (uint32_t i = 0; i < COUNT; i++) {
		MSR(ICC_SGI1R, (uint64_t)i << 24 | (i % 2u ? 2ul : 1ul << 40));
	}
	released = 1;
	check(wait_for(&ready, 2, 10u * timer_frequency()), "CPU 1 does not take its SGIs");
	check_equal(got, COUNT, "SGIs of the other CPU");
	check_equal(order, 0, "SGIs out of order");
	back_and_forth();
	routes();
	finished = 1;
	MSR(ICC_SGI1R, 2ul);
	uint64_t since = timer_now();

	while (psci(0x84000004ul, 1, 0, 0) != 1 && timer_now() - since < 10u * timer_frequency()) {
	}
	check_equal((uint64_t)psci(0x84000004ul, 1, 0, 0), 1, "CPU 1 is off");
}
