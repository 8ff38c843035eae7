/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_PL031_H
#define VMM_PL031_H

#include "bus.h"

/* A PL031 real-time clock (Arm DDI 0224), counting seconds off the machine's counter. */
struct pl031 {
	u64 frequency; /* of the machine's counter */
	u64 epoch;     /* counter value at which the clock showed `base` */
	u32 base;
	u32 match;
	u32 load;
	bool armed; /* the match has been written, and has not come yet */
	bool raw, mask;
	bool line;
	u64 (*now)(void);
	void (*set_line)(void *context, bool high);
	void *context;
};

void pl031_init(struct pl031 *r, u32 seconds, u64 frequency, u64 (*now)(void),
		void (*set_line)(void *context, bool high), void *context);
bool pl031_attach(struct pl031 *r, struct bus *bus, u64 base);
/* Has the alarm come? To be called at or after pl031_next(). */
void pl031_poll(struct pl031 *r);
/* Counter value of the alarm; NIE_NEVER: none is set. */
u64 pl031_next(const struct pl031 *r);

#endif
