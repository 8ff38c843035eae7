/* SPDX-License-Identifier: Apache-2.0 */
/* Group 0 is signalled as FIQ, group 1 as IRQ; each can be off at the distributor and at the CPU interface. */
#include "gic.h"

static volatile uint64_t fiqs, irqs;

static void fiq(void)
{
	uint64_t intid = MRS(ICC_IAR0) & 0xffffffu;

	fiqs += intid == FIRST_SPI;
	MSR(ICC_EOIR0, intid);
}

static void irq(void)
{
	uint64_t intid = MRS(ICC_IAR1) & 0xffffffu;

	irqs += intid == FIRST_SPI + 1u;
	MSR(ICC_EOIR1, intid);
}

static void exceptions(void)
{
	on_fiq = fiq;
	on_irq = irq;
	pend(FIRST_SPI);
	UNMASK_IRQ();
	check(wait_for(&fiqs, 1, 10u * timer_frequency()), "group 0 as FIQ");
	pend(FIRST_SPI + 1u);
	check(wait_for(&irqs, 1, 10u * timer_frequency()), "group 1 as IRQ");
	MASK_IRQ();
	check_equal(fiqs, 1, "FIQs");
	check_equal(irqs, 1, "IRQs");
	on_fiq = on_irq = NULL;
}

static void acknowledge(void)
{
	pend(FIRST_SPI);
	take_nothing(1, "group 0 through ICC_IAR1_EL1");
	check_equal(MRS(ICC_HPPIR0), FIRST_SPI, "ICC_HPPIR0_EL1");
	check_equal(take(0), FIRST_SPI, "group 0 through ICC_IAR0_EL1");
	check(gic_is(0, FIRST_SPI, ISACTIVER), "group 0 is active");
	finish(0, FIRST_SPI);
	check(!gic_is(0, FIRST_SPI, ISACTIVER), "group 0 has ended");
	pend(FIRST_SPI + 1u);
	take_nothing(0, "group 1 through ICC_IAR0_EL1");
	check_equal(take(1), FIRST_SPI + 1u, "group 1 through ICC_IAR1_EL1");
	finish(1, FIRST_SPI + 1u);
}

static void off(void)
{
	/* At the distributor. */
	write32(GICD, 0x12);
	pend(FIRST_SPI);
	pend(FIRST_SPI + 1u);
	take_nothing(0, "group 0 off at the distributor");
	check_equal(take(1), FIRST_SPI + 1u, "group 1 alone");
	finish(1, FIRST_SPI + 1u);
	write32(GICD, 0x11);
	pend(FIRST_SPI + 1u);
	check_equal(take(0), FIRST_SPI, "group 0 alone");
	finish(0, FIRST_SPI);
	take_nothing(1, "group 1 off at the distributor");
	write32(GICD, 0x13);
	check_equal(take(1), FIRST_SPI + 1u, "group 1 on again");
	finish(1, FIRST_SPI + 1u);
	/* At the CPU interface. Less urgent ones: QEMU's interface lets more urgent ones of a group that is off keep the
	 * other group out; tests/vmm/test_vgic.c looks at those. */
	MSR(ICC_IGRPEN0, 0);
	for (uint32_t i = 0; i < 8u; i++) {
		spi_setup(FIRST_SPI + 10u + i, 0xe0);
		gic_group(0, FIRST_SPI + 10u + i, 0);
		pend(FIRST_SPI + 10u + i);
	}
	pend(FIRST_SPI + 1u);
	check_equal(take(1), FIRST_SPI + 1u, "group 1 while group 0 is off");
	finish(1, FIRST_SPI + 1u);
	take_nothing(0, "group 0 off at the CPU interface");
	MSR(ICC_IGRPEN0, 1);
	for (uint32_t i = 0; i < 8u; i++) {
		uint32_t intid = take(0);

		check(intid != SPURIOUS, "group 0 on again");
		finish(0, intid);
	}
}

/* A change of group while pending. */
static void change(void)
{
	gic_bit(0, FIRST_SPI, ICENABLER);
	pend(FIRST_SPI);
	gic_group(0, FIRST_SPI, 1);
	gic_bit(0, FIRST_SPI, ISENABLER);
	check_equal(take(1), FIRST_SPI, "moved to group 1");
	finish(1, FIRST_SPI);
}

/* The timer's interrupt in group 0. */
static void timer(void)
{
	gic_group(0, PPI_VIRTUAL_TIMER, 0);
	gic_priority(0, PPI_VIRTUAL_TIMER, 0x40);
	gic_bit(0, PPI_VIRTUAL_TIMER, ISENABLER);
	MSR(CNTV_TVAL, 0);
	MSR(CNTV_CTL, 1);
	check_equal(take(0), PPI_VIRTUAL_TIMER, "the timer in group 0");
	MSR(CNTV_CTL, 0);
	finish(0, PPI_VIRTUAL_TIMER);
	gic_bit(0, PPI_VIRTUAL_TIMER, ICENABLER);
	gic_group(0, PPI_VIRTUAL_TIMER, 1);
	take_nothing(0, "the timer in group 0, once");
}

static void sgis(void)
{
	for (uint32_t i = 0; i < 16u; i++) {
		gic_group(0, i, i % 2u);
		gic_priority(0, i, 0x80);
		gic_bit(0, i, ISENABLER);
	}
	MSR(ICC_SGI0R, 4ul << 24 | 1u);
	check_equal(take(0), 4, "an SGI of group 0");
	finish(0, 4);
	MSR(ICC_SGI1R, 5ul << 24 | 1u);
	check_equal(take(1), 5, "an SGI of group 1");
	finish(1, 5);
	MSR(ICC_SGI0R, 5ul << 24 | 1u); /* not of its group */
	take_nothing(1, "an SGI sent to the wrong group");
	take_nothing(0, "an SGI sent to the wrong group, as group 0");
}

void groups(void)
{
	spi_setup(FIRST_SPI, 0x80);
	gic_group(0, FIRST_SPI, 0);
	spi_setup(FIRST_SPI + 1u, 0x80);
	acknowledge();
	exceptions();
	off();
	change();
	timer();
	sgis();
}
