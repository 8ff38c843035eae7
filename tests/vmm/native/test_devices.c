/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMM of examples/vmm/3-linux.c, unchanged, on the native machine: its vGIC, PL011 and PL031, and the kernel's PSCI, as a
 * guest sees them that does these steps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "vgic.h"
#include "../vmm_on_native.h"

#define UART 0x09000000ul
#define DR (UART + 0x00)
#define FR (UART + 0x18)
#define IMSC (UART + 0x38)
#define RTC 0x09010000ul
#define GICD 0x08000000ul
#define GICR 0x080a0000ul
#define SGI_FRAME (GICR + 0x10000)
#define RAM 0x40000000ul
#define IMAGE 0x40200000ul
#define VERSION 0x84000000ul
#define FEATURES 0x8400000aul
#define AFFINITY_INFO 0xc4000004ul
#define SYSTEM_OFF 0x84000008ul
#define CPU_ON 0xc4000003ul

#define W32(where, what) {STEP_WRITE, .at = (where), .value = (what), .size = 4}
#define R32(where, expected) {STEP_READ, .at = (where), .value = (expected), .size = 4, .mask = 0xffffffff}
#define BITS(where, bits, expected) {STEP_READ, .at = (where), .value = (expected), .size = 4, .mask = (bits)}
#define PSCI(function, first, answer) {STEP_CALL, .at = (function), .value = (first), .result = (u64)(answer), .check = true}
#define OFF {STEP_CALL, .at = SYSTEM_OFF}
/* The last step turns it off, so it is never over. */
#define COUNT(steps) ((u32)(sizeof(steps) / sizeof((steps)[0])))
#define PLAY(steps) play(steps, COUNT(steps), COUNT(steps) - 1u, NULL)

/* All steps are done, each read saw what it expects, and the kernel's invariants hold. 0, or what is wrong. */
static int run_steps(const struct nie_step *steps, u32 count, u32 done, const char *output)
{
	const u64 boot[6] = {0};
	const char *problem;

	nie_native_start();
	nie_native_guest(0, steps, count);
	if (!nie_native_run(task_main, boot)) {
		return 2;
	}
	if (nie_native_failed_step(0) >= 0) {
		fprintf(stderr, "step %d got 0x%lx\n", nie_native_failed_step(0), (unsigned long)nie_native_seen(0));
		return 3;
	}
	if (nie_native_steps_done(0) != done) {
		fprintf(stderr, "%u steps are done, not %u\n", nie_native_steps_done(0), done);
		return 4;
	}
	problem = nie_native_problem();
	if (problem != NULL) {
		fprintf(stderr, "%s\n", problem);
		return 5;
	}
	return output != NULL && strcmp(output, vmm_output) != 0 ? 6 : 0;
}

/* A VMM is a program, with variables that it sets once: each run has a process. */
static void play(const struct nie_step *steps, u32 count, u32 done, const char *output)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		int result = run_steps(steps, count, done, output);

		fflush(NULL);
		_exit(result);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void uart_sends(void **state)
{
	const struct nie_step steps[] = {
		BITS(FR, 0xb0, 0x90), W32(DR, 'h'), W32(DR, 'i'), {STEP_WRITE, .at = DR, .value = '!', .size = 1}, OFF,
	};

	(void)state;
	play(steps, COUNT(steps), COUNT(steps) - 1u, "hi!");
}

static void memory_is_what_was_donated(void **state)
{
	const struct nie_step steps[] = {
		{STEP_READ, .at = IMAGE + 56, .value = 0x644d5241, .size = 4, .mask = 0xffffffff},
		R32(IMAGE + 64, 0x74616877), /* "what" */
		R32(RAM + (8ul << 20), 0),
		{STEP_WRITE, .at = RAM + (8ul << 20), .value = 0x1122334455667788, .size = 8},
		{STEP_READ, .at = RAM + (8ul << 20), .value = 0x1122334455667788, .size = 8, .mask = ~0ul}, OFF,
	};

	(void)state;
	PLAY(steps);
}

static void distributor_says_what_it_is(void **state)
{
	const struct nie_step steps[] = {
		R32(GICD + 0x0000, 0x50),           /* CTLR: DS, ARE */
		BITS(GICD + 0x0004, 0x1f, 3),       /* TYPER: 128 INTIDs */
		BITS(GICD + 0xffe8, 0xf0, 0x30),    /* PIDR2: GICv3 */
		BITS(GICR + 0x0008, 0x10, 0x10),    /* GICR_TYPER: the last one */
		W32(GICR + 0x0014, 0), BITS(GICR + 0x0014, 4, 0), /* awake */
		W32(GICD + 0x0000, 2), R32(GICD + 0x0000, 0x52), OFF,
	};

	(void)state;
	PLAY(steps);
}

/* Everything on, all in group 1, priority 0xa0. */
#define GIC_ON W32(GICD, 0x12), W32(GICD + 0x084, ~0u), W32(GICD + 0x420, 0xa0a0a0a0), W32(SGI_FRAME + 0x080, ~0u)

static void an_interrupt_of_the_uart(void **state)
{
	const struct nie_step steps[] = {
		GIC_ON, {STEP_TAKE, .value = 1023},
		W32(GICD + 0x104, 1u << 1),         /* ISENABLER1: INTID 33 */
		W32(IMSC, 1u << 5), W32(DR, 'x'),   /* sent: TX */
		{STEP_COMPUTE, .value = 1}, {STEP_TAKE, .value = 33}, {STEP_TAKE, .value = 1023},
		W32(UART + 0x44, 0x7ff),            /* ICR: the line falls */
		{STEP_DONE, .value = 33}, {STEP_COMPUTE, .value = 20000}, {STEP_TAKE, .value = 1023}, OFF,
	};

	(void)state;
	PLAY(steps);
}

static void a_level_that_stays_comes_again(void **state)
{
	const struct nie_step steps[] = {
		GIC_ON, W32(GICD + 0x104, 1u << 1), W32(IMSC, 1u << 5), W32(DR, 'x'), {STEP_COMPUTE, .value = 1},
		{STEP_TAKE, .value = 33}, {STEP_DONE, .value = 33}, {STEP_COMPUTE, .value = 20000}, {STEP_TAKE, .value = 33}, OFF,
	};

	(void)state;
	PLAY(steps);
}

static void an_sgi_to_itself(void **state)
{
	const struct nie_step steps[] = {
		GIC_ON, W32(SGI_FRAME + 0x100, 0xffff), {STEP_SGI, .value = 5ul << 24 | 1u}, {STEP_TAKE, .value = 5},
		{STEP_DONE, .value = 5}, {STEP_TAKE, .value = 1023}, OFF,
	};

	(void)state;
	PLAY(steps);
}

static void waiting_ends_with_a_pending_interrupt(void **state)
{
	const struct nie_step steps[] = {
		GIC_ON, W32(SGI_FRAME + 0x100, 0xffff), {STEP_SGI, .value = 3ul << 24 | 1u}, {.kind = STEP_WFI}, {STEP_TAKE, .value = 3}, OFF,
	};

	(void)state;
	PLAY(steps);
}

static void the_clock_goes(void **state)
{
	const struct nie_step steps[] = {
		R32(RTC, 0), {STEP_COMPUTE, .value = 5 * NIE_NATIVE_FREQUENCY}, R32(RTC, 5), OFF,
	};

	(void)state;
	PLAY(steps);
}

static void psci(void **state)
{
	const struct nie_step steps[] = {
		PSCI(VERSION, 0, 0x10001), PSCI(FEATURES, VERSION, 0), PSCI(FEATURES, 0x84000099, -1), PSCI(AFFINITY_INFO, 0, 0),
		PSCI(AFFINITY_INFO, 5, -2), PSCI(CPU_ON, 0, -4), PSCI(0x84000077, 0, -1), OFF,
	};

	(void)state;
	PLAY(steps);
}

static void no_device_there(void **state)
{
	const struct nie_step steps[] = {W32(0x0b000000, 1), OFF};

	(void)state;
	play(steps, COUNT(steps), 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uart_sends),
		cmocka_unit_test(memory_is_what_was_donated),
		cmocka_unit_test(distributor_says_what_it_is),
		cmocka_unit_test(an_interrupt_of_the_uart),
		cmocka_unit_test(a_level_that_stays_comes_again),
		cmocka_unit_test(an_sgi_to_itself),
		cmocka_unit_test(waiting_ends_with_a_pending_interrupt),
		cmocka_unit_test(the_clock_goes),
		cmocka_unit_test(psci),
		cmocka_unit_test(no_device_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
