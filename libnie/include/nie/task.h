/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_TASK_H
#define NIE_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nie/api.h" /* generated from kernel/api/nie.yaml */

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/*
 * A task: EL0 code with a CSpace. Link it with libnie and task.ld; start.S sets its stack and calls
 *
 *	int task_main(const u64 boot[6]);
 *
 * with x0 to x5 as the task's creator (for the initial task: the kernel, see `boot` in nie.yaml)
 * set them. A task has nobody to return to: after task_main it sleeps for ever.
 */
int task_main(const u64 boot[6]);

/*
 * Entry of a task's further vCPUs: give `nie_thread_entry` to vcpu_configure with the top of a stack,
 * and as argument a pointer to a struct nie_thread that stays there while it runs.
 */
struct nie_thread {
	void (*main)(void *argument);
	void *argument;
};
void nie_thread_entry(void);

/* Size of the thread-local block (errno and the like) that start.S puts at the top of each stack. */
#define NIE_TLS_SIZE 128

/* The first slot argument of a place: the caller's own CSpace. */
#define NIE_OWN_CSPACE 0ul

#define NIE_PAGE_SIZE 0x1000ul
#define NIE_BLOCK_SIZE 0x200000ul
#define NIE_PAGE_BITS 12u
#define NIE_BLOCK_BITS 21u

/* CNTPCT_EL0, in which deadlines are given, and its frequency in Hz. */
u64 nie_now(void);
u64 nie_frequency(void);

/* Let other cores have the kernel's lock: some hundred nanoseconds. */
void nie_pause(void);

#endif
