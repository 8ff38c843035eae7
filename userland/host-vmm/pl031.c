/* SPDX-License-Identifier: Apache-2.0 */
#include "pl031.h"

#define DR 0x00u
#define MR 0x04u
#define LR 0x08u
#define CR 0x0cu
#define IMSC 0x10u
#define RIS 0x14u
#define MIS 0x18u
#define ICR 0x1cu
#define IDENTIFICATION 0xfe0u

static u32 seconds(const struct pl031 *r)
{
	return r->base + (u32)((r->now() - r->epoch) / r->frequency);
}

static void update_line(struct pl031 *r)
{
	bool high = r->raw && r->mask;

	if (high != r->line) {
		r->line = high;
		r->set_line(r->context, high);
	}
}

void pl031_init(struct pl031 *r, u32 start, u64 frequency, u64 (*now)(void),
		void (*set_line)(void *context, bool high), void *context)
{
	*r = (struct pl031){.frequency = frequency, .epoch = now(), .base = start, .load = start, .now = now,
			    .set_line = set_line, .context = context};
}

u64 pl031_next(const struct pl031 *r)
{
	/* The 32-bit clock wraps; a match that has gone by comes again in 136 years. */
	return r->armed ? r->epoch + (u64)(u32)(r->match - r->base) * r->frequency : NIE_NEVER;
}

void pl031_poll(struct pl031 *r)
{
	if (r->armed && pl031_next(r) <= r->now()) {
		r->armed = false;
		r->raw = true;
		update_line(r);
	}
}

static u64 pl031_read(void *state, const struct bus_access *a)
{
	const u8 id[8] = {0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
	struct pl031 *r = state;

	pl031_poll(r);
	switch (a->offset) {
	case DR:
		return seconds(r);
	case MR:
		return r->match;
	case LR:
		return r->load;
	case CR:
		return 1; /* started, for good */
	case IMSC:
		return r->mask;
	case RIS:
		return r->raw;
	case MIS:
		return r->raw && r->mask;
	default:
		return a->offset < IDENTIFICATION ? 0u : id[(a->offset - IDENTIFICATION) / 4u % 8u];
	}
}

static void set_match(struct pl031 *r, u32 match)
{
	r->match = match;
	/* Only a match ahead (in half the range) rings: one in the past would take decades. */
	r->armed = (u32)(match - seconds(r)) < 0x80000000u;
}

static void pl031_write(void *state, const struct bus_access *a, u64 value)
{
	struct pl031 *r = state;

	switch (a->offset) {
	case MR:
		set_match(r, (u32)value);
		break;
	case LR:
		r->load = (u32)value;
		r->base = (u32)value;
		r->epoch = r->now();
		if (r->armed) {
			set_match(r, r->match);
		}
		break;
	case IMSC:
		r->mask = (value & 1u) != 0u;
		break;
	case ICR:
		r->raw = r->raw && (value & 1u) == 0u;
		break;
	default:
		break;
	}
	pl031_poll(r);
	update_line(r);
}

bool pl031_attach(struct pl031 *r, struct bus *bus, u64 base)
{
	struct bus_device device = {"PL031", base, 0x1000, r, pl031_read, pl031_write};

	return bus_add(bus, &device);
}
