/* SPDX-License-Identifier: Apache-2.0 */
#include "arch.h"

/* Whoever sees it free first gets it. Cores that take turns would be fairer, but where a hypervisor
 * (or an emulator) runs the cores themselves, the one whose turn it is may not be running. */
extern u32 kernel_lock_taken; /* entry.S */
u32 kernel_lock_taken __attribute__((used));

void kernel_lock(void)
{
	u32 seen, failed;

	__asm__ volatile(
		"1:	ldaxr	%w0, %2\n"
		"	cbz	%w0, 2f\n"
		"	wfe\n"
		"	b	1b\n"
		"2:	stxr	%w1, %w3, %2\n"
		"	cbnz	%w1, 1b\n"
		: "=&r"(seen), "=&r"(failed), "+Q"(kernel_lock_taken) : "r"(1u) : "memory");
}

/* The store-release ends the waiters' exclusive monitors, which wakes them from WFE. */
void kernel_unlock(void)
{
	__asm__ volatile("stlr	%w1, %0" : "=Q"(kernel_lock_taken) : "rZ"(0u) : "memory");
}
