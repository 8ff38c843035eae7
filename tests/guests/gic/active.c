/* SPDX-License-Identifier: Apache-2.0 */
/* Active state, both EOI modes, edges and levels. */
#include "gic.h"

#define MANY 12u

static void one(void)
{
	spi_setup(FIRST_SPI, 0x80);
	pend(FIRST_SPI);
	check(gic_is(0, FIRST_SPI, ISPENDR), "pending");
	check_equal(MRS(ICC_HPPIR1), FIRST_SPI, "ICC_HPPIR1_EL1");
	check_equal(take(1), FIRST_SPI, "the interrupt");
	check_equal(MRS(ICC_RPR), 0x80, "running priority");
	check(gic_is(0, FIRST_SPI, ISACTIVER), "active");
	check(!gic_is(0, FIRST_SPI, ISPENDR), "pending while active");
	/* It rises again twice while active: once more. */
	pend(FIRST_SPI);
	pend(FIRST_SPI);
	check(gic_is(0, FIRST_SPI, ISPENDR) && gic_is(0, FIRST_SPI, ISACTIVER), "pending and active");
	take_nothing(1, "an interrupt that is active");
	finish(1, FIRST_SPI);
	check_equal(take(1), FIRST_SPI, "an edge while active");
	finish(1, FIRST_SPI);
	check(!gic_is(0, FIRST_SPI, ISACTIVER), "active after its end");
	take_nothing(1, "an edge too many");
}

/* Software makes it active, and inactive. */
static void by_software(void)
{
	spi_setup(FIRST_SPI, 0x80);
	gic_bit(0, FIRST_SPI, ISACTIVER);
	pend(FIRST_SPI);
	take_nothing(1, "an interrupt made active by software");
	gic_bit(0, FIRST_SPI, ICACTIVER);
	check_equal(take(1), FIRST_SPI, "an interrupt made inactive by software");
	pend(FIRST_SPI);
	gic_bit(0, FIRST_SPI, ICACTIVER); /* while it is being handled */
	check(!gic_is(0, FIRST_SPI, ISACTIVER), "inactive by software, while handled");
	finish(1, FIRST_SPI);
	check_equal(take(1), FIRST_SPI, "the next edge");
	finish(1, FIRST_SPI);
}

/* EOImode 1: dropping the priority lets others in, deactivating comes when it likes. */
static void split(void)
{
	MSR(ICC_CTLR, 2);
	check_equal(MRS(ICC_CTLR) & 2u, 2, "ICC_CTLR_EL1.EOImode");
	for (uint32_t i = 0; i < MANY; i++) {
		spi_setup(FIRST_SPI + i, 0x80);
	}
	for (uint32_t i = 0; i < MANY; i++) {
		pend(FIRST_SPI + i);
		check_equal(take(1), FIRST_SPI + i, "an interrupt while others are active");
		finish(1, FIRST_SPI + i);
		check_equal(MRS(ICC_RPR), 0xff, "running priority after it dropped");
		check(gic_is(0, FIRST_SPI + i, ISACTIVER), "active after its priority dropped");
	}
	for (uint32_t i = 0; i < MANY; i++) {
		check(gic_is(0, FIRST_SPI + i, ISACTIVER), "active with many others");
	}
	/* An edge of one that is active waits for its end. */
	pend(FIRST_SPI + 5u);
	pend(FIRST_SPI + 7u);
	take_nothing(1, "an interrupt whose priority only dropped");
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t which = i * 5u % MANY;

		MSR(ICC_DIR, FIRST_SPI + which);
		check(!gic_is(0, FIRST_SPI + which, ISACTIVER), "active after it was deactivated");
		if (which == 5u || which == 7u) {
			check_equal(take(1), FIRST_SPI + which, "the edge after its end");
			finish(1, FIRST_SPI + which);
			MSR(ICC_DIR, FIRST_SPI + which);
		}
	}
	check_equal(read32(GICD + ISACTIVER + 4u) | read32(GICD + ISACTIVER + 8u), 0, "active after all");
	take_nothing(1, "pending after all");
	MSR(ICC_CTLR, 0);
}

/* The same, with the timer among them: its interrupt is the kernel's own where there is a hypervisor. */
static void split_timer(void)
{
	MSR(ICC_CTLR, 2);
	for (uint32_t i = 0; i < 6u; i++) {
		spi_setup(FIRST_SPI + i, 0x80);
		pend(FIRST_SPI + i);
		finish(1, take(1));
	}
	gic_priority(0, PPI_VIRTUAL_TIMER, 0x40);
	gic_bit(0, PPI_VIRTUAL_TIMER, ISENABLER);
	for (uint32_t round = 0; round < 3u; round++) {
		MSR(CNTV_TVAL, 0);
		MSR(CNTV_CTL, 1);
		check_equal(take(1), PPI_VIRTUAL_TIMER, "the timer while many are active");
		MSR(CNTV_CTL, 0);
		finish(1, PPI_VIRTUAL_TIMER);
		check(gic_is(0, PPI_VIRTUAL_TIMER, ISACTIVER), "the timer is active");
		MSR(ICC_DIR, PPI_VIRTUAL_TIMER);
		check(!gic_is(0, PPI_VIRTUAL_TIMER, ISACTIVER), "the timer is active after its end");
	}
	for (uint32_t i = 0; i < 6u; i++) {
		MSR(ICC_DIR, FIRST_SPI + i);
	}
	check_equal(read32(GICD + ISACTIVER + 4u), 0, "active after all, and the timer");
	MSR(ICC_CTLR, 0);
}

static void levels(void)
{
	rtc_init();
	gic_edge(RTC_INTID, false);
	gic_priority(0, RTC_INTID, 0x80);
	gic_bit(0, RTC_INTID, ISENABLER);
	take_nothing(1, "a level that is low");
	rtc_line(true);
	for (uint32_t i = 0; i < 3u; i++) {
		check_equal(take(1), RTC_INTID, "a level that is high");
		take_nothing(1, "a level that is being handled");
		finish(1, RTC_INTID);
	}
	check_equal(take(1), RTC_INTID, "a level that is still high");
	rtc_line(false);
	finish(1, RTC_INTID);
	take_nothing(1, "a level that fell while it was handled");
	rtc_line(true);
	check(gic_is(0, RTC_INTID, ISPENDR), "a level that is pending");
	gic_bit(0, RTC_INTID, ICPENDR); /* no effect on a level */
	check(gic_is(0, RTC_INTID, ISPENDR), "a level that software tried to clear");
	rtc_line(false);
	check(!gic_is(0, RTC_INTID, ISPENDR), "a level that fell");
	take_nothing(1, "a level that fell before it was taken");
	/* Software can set it pending too, and clear that. */
	pend(RTC_INTID);
	check_equal(take(1), RTC_INTID, "a level set pending by software");
	finish(1, RTC_INTID);
	take_nothing(1, "a level set pending by software, once");
	pend(RTC_INTID);
	gic_bit(0, RTC_INTID, ICPENDR);
	take_nothing(1, "a level set and cleared by software");
	/* The same line as an edge: once for each rise. */
	gic_edge(RTC_INTID, true);
	gic_bit(0, RTC_INTID, ICPENDR);
	rtc_line(true);
	check_equal(take(1), RTC_INTID, "an edge");
	finish(1, RTC_INTID);
	take_nothing(1, "an edge, once");
	rtc_line(false);
	rtc_line(true);
	rtc_line(false);
	check_equal(take(1), RTC_INTID, "an edge that is remembered");
	finish(1, RTC_INTID);
	gic_edge(RTC_INTID, false);
}

void active_state(void)
{
	one();
	clean();
	by_software();
	clean();
	split();
	clean();
	split_timer();
	clean();
	levels();
}
