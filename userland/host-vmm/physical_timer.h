/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_PHYSICAL_TIMER_H
#define VMM_PHYSICAL_TIMER_H

#include "nie/task.h"

/*
 * A vCPU's EL1 physical timer, PPI 30 (Arm ARM D11.2.4). The guest's accesses arrive as exits, and the next one is a
 * deadline of its run: it costs nothing until a guest uses it. Its counter, CNTPCT_EL0, is the machine's.
 */
struct physical_timer {
	u64 compare; /* CNTP_CVAL_EL0 */
	u64 control; /* CNTP_CTL_EL0: ENABLE, IMASK */
};

enum physical_timer_register {
	CNTP_TVAL,
	CNTP_CTL,
	CNTP_CVAL,
};

u64 physical_timer_read(const struct physical_timer *t, enum physical_timer_register r, u64 now);
void physical_timer_write(struct physical_timer *t, enum physical_timer_register r, u64 value, u64 now);
/* The level of its interrupt. */
bool physical_timer_output(const struct physical_timer *t, u64 now);
/* When that rises by itself; NIE_NEVER. */
u64 physical_timer_next(const struct physical_timer *t, u64 now);

#endif
