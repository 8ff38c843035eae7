/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What leaving a guest costs, as the guest sees it: nanoseconds of its own counter, which are instructions under QEMU's
 * -icount shift=0. The same image runs in QEMU, under nie and under other hypervisors (tests/bench/peers).
 */
#include "guest.h"

#define TIMES 200u
#define UARTFR (*(volatile uint32_t *)(UART + 0x18))
#define GICD_CTLR (*(volatile uint32_t *)DISTRIBUTOR)
#define PSCI_VERSION 0x84000000ul
#define PSCI_CPU_ON 0xc4000003ul
#define SGI 1u

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

static void send(unsigned cpu)
{
	/* ICC_SGI1R_EL1: INTID 27:24, TargetList 15:0 */
	__asm__ volatile("msr s3_0_c12_c11_5, %0\n\tisb" :: "r"((uint64_t)SGI << 24 | 1ul << cpu) : "memory");
}

/* Acknowledged and ended, with IRQs masked. False: there is none. */
static bool taken(void)
{
	uint64_t intid;

	__asm__ volatile("mrs %0, s3_0_c12_c12_0\n\tdsb sy" : "=r"(intid) :: "memory"); /* ICC_IAR1_EL1 */
	if (intid != SGI)
		return false;
	__asm__ volatile("msr s3_0_c12_c12_1, %0\n\tisb" :: "r"(intid) : "memory"); /* ICC_EOIR1_EL1 */
	return true;
}

static void to_itself(void)
{
	send(0);
	while (!taken())
		;
}

static void wait_for_it(void)
{
	while (!taken())
		__asm__ volatile("wfi" ::: "memory");
}

static void there_and_back(void)
{
	send(1);
	wait_for_it();
}

_Noreturn void second_main(void);
_Noreturn void second_main(void)
{
	gic_init_cpu(1, 1u << SGI);
	for (;;) {
		send(0); /* the first time: it is ready */
		wait_for_it();
	}
}

extern char second_start[] __attribute__((visibility("hidden")));
__asm__(".pushsection .text\n"
	"second_start:\n\t"
	"adrp x0, second_stack + 4096\n\tadd sp, x0, :lo12:second_stack + 4096\n\tmov x29, xzr\n\tmov x30, xzr\n\t"
	"b second_main\n"
	".popsection");
char second_stack[4096] __attribute__((aligned(16), used, visibility("hidden")));

static bool start_second(void)
{
	register uint64_t x0 __asm__("x0") = PSCI_CPU_ON;
	register uint64_t x1 __asm__("x1") = 1;
	register uint64_t x2 __asm__("x2") = (uintptr_t)second_start;
	register uint64_t x3 __asm__("x3") = 0;

	__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) :: "memory");
	return x0 == 0;
}

/* Interrupts that software sends: to this CPU itself, and to another that sleeps while this one then does. */
static void sent(void)
{
	__asm__ volatile("msr daifset, #2");
	gic_init_cpu(0, 1u << SGI);
	say("to-itself", time_of(to_itself));
	if (start_second()) {
		wait_for_it();
		say("to-another", time_of(there_and_back) / 2u);
	}
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
	sent();
	print("cost: done\n");
	power_off();
}
