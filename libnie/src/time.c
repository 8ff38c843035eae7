/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/task.h"

#include "nie/stubs.h"

void nie_sleep_forever(void);

u64 nie_now(void)
{
	u64 now;

	/* The ISB keeps the read from being done early (Arm ARM D12.1.2). */
	__asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(now) : : "memory");
	return now;
}

void nie_pause(void)
{
	/* An ISB refills the pipeline: many cycles for one instruction, where YIELD is often none. */
	__asm__ volatile(".rept 8\n\tisb\n\t.endr" : : : "memory");
}

u64 nie_frequency(void)
{
	u64 hz;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz;
}

void nie_sleep_forever(void)
{
	u64 why;

	for (;;) {
		nie_wait(NIE_NEVER, &why);
	}
}
