/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_NATIVE_TASK_H
#define NIE_NATIVE_TASK_H

#include "nie/task.h"

/*
 * A VMM as an ordinary process: the real kernel/core is linked in, and the guest is a list of steps. What the VMM maps
 * appears at that address of the process, what it donates is gone from there: touching it is a segmentation fault.
 *
 *	static const struct nie_step steps[] = {
 *		{STEP_WRITE, .at = 0x09000000, .size = 1, .value = 'x'},
 *		{STEP_CALL, .at = 0x84000008},
 *	};
 *	nie_native_start();
 *	nie_native_guest(0, steps, 2);
 *	nie_native_run(task_main, boot);
 *
 * One core. Time passes only by STEP_COMPUTE and when everybody waits.
 */

/* What the task finds in its CSpace; all other slots below 4096 are empty. */
enum nie_native_slot {
	NIE_NATIVE_CSPACE = 1,
	NIE_NATIVE_VSPACE = 2,
	NIE_NATIVE_VCPU = 3,
	NIE_NATIVE_CORE = 8,
	NIE_NATIVE_IRQ = 17,
	NIE_NATIVE_MEMORY = 32, /* untyped: 2 MiB */
	NIE_NATIVE_GUEST = 33,  /* untyped: 32 MiB */
	NIE_NATIVE_FREE = 64,
	NIE_NATIVE_SLOTS = 4096,
};

/* Where the task may map: below 2 GiB, where neither the process nor a sanitizer has anything. */
#define NIE_NATIVE_WINDOW 0x10000000ul
#define NIE_NATIVE_WINDOW_SIZE 0x40000000ul
#define NIE_NATIVE_FREQUENCY 1000000ul

enum nie_step_kind {
	STEP_END,     /* from here on it only spins */
	STEP_READ,    /* a load of `size` bytes from `at`; the result is compared with `value` under `mask` */
	STEP_WRITE,   /* a store of `size` bytes of `value` to `at` */
	STEP_WFI,
	STEP_SGI,     /* ICC_SGI1R_EL1 = value */
	STEP_CALL,    /* HVC: x0 = at, x1 = value, x2 = mask; x0 afterwards is compared with `result` if `check` */
	STEP_COMPUTE, /* `value` ticks pass */
	STEP_TAKE,    /* acknowledge the pending interrupt of highest priority: compared with `value`; 1023: none */
	STEP_DONE,    /* end the interrupt `value` */
};

struct nie_step {
	enum nie_step_kind kind;
	u64 at;
	u64 value;
	u64 size;
	u64 mask; /* of a read: 0 compares nothing */
	u64 result;
	bool check;
};

/* A new machine with a task on its only core. */
void nie_native_start(void);

/* What the guest's vCPU with this index does, over all of its runs. */
#define NIE_NATIVE_VCPUS 8u
void nie_native_guest(u32 index, const struct nie_step *steps, u32 count);

/* Run the task until it turns the machine off or returns. False: it returned. */
bool nie_native_run(int (*task)(const u64 boot[6]), const u64 boot[6]);

/* How many steps of this vCPU are done, and the first comparison that failed (-1: none). */
u32 nie_native_steps_done(u32 index);
int nie_native_failed_step(u32 index);
u64 nie_native_seen(u32 index); /* what that step got */

/* A kernel invariant that does not hold; NULL: all do. */
const char *nie_native_problem(void);

#endif
