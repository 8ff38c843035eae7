/* SPDX-License-Identifier: Apache-2.0 */
#include "arch.h"

/* A ticket lock: cores get it in the order they asked. The upper half is the next ticket to give
 * out, the lower half the one being served. */
static u32 tickets;

void kernel_lock(void)
{
	u32 mine, next, failed;

	__asm__ volatile(
		"1:	ldaxr	%w0, %3\n"
		"	add	%w1, %w0, #0x10, lsl #12\n"
		"	stxr	%w2, %w1, %3\n"
		"	cbnz	%w2, 1b\n"
		"	eor	%w1, %w0, %w0, ror #16\n"
		"	cbz	%w1, 3f\n"
		"	sevl\n"
		"2:	wfe\n"
		"	ldaxrh	%w2, %3\n"
		"	eor	%w1, %w2, %w0, lsr #16\n"
		"	cbnz	%w1, 2b\n"
		"3:\n"
		: "=&r"(mine), "=&r"(next), "=&r"(failed), "+Q"(tickets) :: "memory");
}

/* The store-release ends the waiters' exclusive monitors, which wakes them from WFE. */
void kernel_unlock(void)
{
	u32 serving;

	__asm__ volatile(
		"	ldrh	%w0, %1\n"
		"	add	%w0, %w0, #1\n"
		"	stlrh	%w0, %1\n"
		: "=&r"(serving), "+Q"(tickets) :: "memory");
}
