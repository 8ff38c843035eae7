/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What leaving a guest costs, as the guest sees it: nanoseconds of its own counter, which are instructions under QEMU's
 * -icount shift=0. The same image runs in QEMU, under nie and under other hypervisors (tests/bench/peers).
 */
#include "guest.h"

#define TIMES 200u
#define UARTFR (*(volatile uint32_t *)0x09000018ul)
#define GICD_CTLR (*(volatile uint32_t *)0x08000000ul)
#define PSCI_VERSION 0x84000000ul

static void nothing(void)
{
	__asm__ volatile("nop");
}

static void call(void)
{
	register uint64_t x0 __asm__("x0") = PSCI_VERSION;

	__asm__ volatile("hvc #0" : "+r"(x0) :: "x1", "x2", "x3", "memory");
}

static void device(void)
{
	(void)UARTFR;
}

static void interrupt_controller(void)
{
	(void)GICD_CTLR;
}

static uint64_t nanoseconds(uint64_t ticks)
{
	return ticks * 1000u / (timer_frequency() / 1000000u);
}

static void say(const char *what, uint64_t ticks)
{
	print("cost: ");
	print(what);
	print(" ");
	print_decimal(nanoseconds(ticks) / TIMES);
	print("\n");
}

static uint64_t time_of(void (*operation)(void))
{
	operation(); /* once for what happens the first time only */
	uint64_t start = timer_now();

	for (uint32_t i = 0; i < TIMES; i++)
		operation();
	return timer_now() - start;
}

/* From the time that a sleeping vCPU asked for to its next instruction. */
static uint64_t lateness(void)
{
	uint64_t late = 0;

	__asm__ volatile("msr daifset, #2");
	for (uint32_t i = 0; i < TIMES; i++) {
		uint64_t wake = timer_now() + timer_frequency() / 1000u;

		__asm__ volatile("msr cntv_cval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb\n\twfi" :: "r"(wake), "r"(1ul) : "memory");
		late += timer_now() - wake;
		__asm__ volatile("msr daifclr, #2\n\tisb\n\tmsr daifset, #2"); /* the handler turns the timer off */
	}
	return late;
}

_Noreturn void guest_main(const void *device_tree)
{
	(void)device_tree;
	gic_init();
	say("nothing", time_of(nothing));
	say("call", time_of(call));
	say("device", time_of(device));
	say("interrupt-controller", time_of(interrupt_controller));
	say("late", lateness());
	print("cost: done\n");
	power_off();
}
