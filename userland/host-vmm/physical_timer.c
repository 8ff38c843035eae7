/* SPDX-License-Identifier: Apache-2.0 */
#include "physical_timer.h"

#define ENABLE 1u
#define IMASK 2u
#define ISTATUS 4u

static bool condition(const struct physical_timer *t, u64 now)
{
	return (t->control & ENABLE) != 0u && now >= t->compare;
}

u64 physical_timer_read(const struct physical_timer *t, enum physical_timer_register r, u64 now)
{
	switch (r) {
	case CNTP_TVAL:
		return (u32)(t->compare - now);
	case CNTP_CTL:
		return t->control | (condition(t, now) ? ISTATUS : 0u);
	default:
		return t->compare;
	}
}

void physical_timer_write(struct physical_timer *t, enum physical_timer_register r, u64 value, u64 now)
{
	switch (r) {
	case CNTP_TVAL: /* 32 bits, signed */
		t->compare = now + (u64)(int64_t)(int32_t)(u32)value;
		break;
	case CNTP_CTL:
		t->control = value & (ENABLE | IMASK);
		break;
	default:
		t->compare = value;
		break;
	}
}

bool physical_timer_output(const struct physical_timer *t, u64 now)
{
	return condition(t, now) && (t->control & IMASK) == 0u;
}

u64 physical_timer_next(const struct physical_timer *t, u64 now)
{
	return (t->control & (ENABLE | IMASK)) == ENABLE && now < t->compare ? t->compare : NIE_NEVER;
}
