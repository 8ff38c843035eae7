/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/iodomain.h"

#include "nie/granule.h"
#include "nie/hw.h"
#include "nie/measure.h"
#include "nie/view.h"

/* Most events that one call takes: what the SMMU's queue holds. A device that faults without end delays nobody. */
#define EVENTS_AT_ONCE 64u
#define COUNT_MAX 0xfffffffful

u8 stream_attached[PLATFORM_STREAMS];
granule_t stream_domain[PLATFORM_STREAMS];

/* What was refused since it was last asked for, and the first of these. */
static struct {
	u64 count;
	u64 ipa;
	u64 access;
	u64 event;
} faults[PLATFORM_STREAMS];

static void stream_must_be(u32 stream)
{
	if (stream >= PLATFORM_STREAMS) {
		hw_panic("the SMMU does not know the stream", stream);
	}
}

static bool is_attached(u32 stream, granule_t vspace)
{
	return stream_attached[stream] != 0u && stream_domain[stream] == vspace;
}

static void connect(u32 stream, granule_t vspace)
{
	hw_stream_connect(stream, vspace_at(vspace)->vmid, granule_address(vspace + 1u));
}

/* What the SMMU wrote, about streams that are somebody's. */
static void take_events(void)
{
	struct stream_event e = {0, 0, 0, 0};

	for (u32 i = 0; i < EVENTS_AT_ONCE && hw_stream_event(&e); i++) {
		if (e.stream >= PLATFORM_STREAMS || stream_attached[e.stream] == 0u) {
			continue;
		}
		if (faults[e.stream].count == 0u) {
			faults[e.stream].ipa = e.ipa;
			faults[e.stream].access = e.access;
			faults[e.stream].event = e.event;
		}
		if (faults[e.stream].count < COUNT_MAX) {
			faults[e.stream].count++;
		}
	}
}

status_t stream_attach(u32 stream, granule_t vspace)
{
	stream_must_be(stream);
	granule_must_be(vspace, GRANULE_VSPACE);
	struct vspace *v = vspace_at(vspace);

	if (stream_attached[stream] != 0u) {
		return NIE_STREAM_ATTACH_MAPPED_STREAM;
	}
	if (v->life != VSPACE_BUILDING) {
		return NIE_STREAM_ATTACH_WRONG_STATE_VSPACE;
	}
	stream_attached[stream] = 1;
	stream_domain[stream] = vspace;
	take_events(); /* what its last owner's device did is no business of the next */
	faults[stream].count = 0;
	v->streams = 1;
	if (v->guest != 0u) {
		measure_event(vspace, MEASURED_STREAM, stream, 0, 0);
	} else {
		connect(stream, vspace);
	}
	return NIE_OK;
}

void streams_connect(granule_t vspace)
{
	for (u32 s = 0; s < PLATFORM_STREAMS && vspace_at(vspace)->streams != 0u; s++) {
		if (is_attached(s, vspace)) {
			connect(s, vspace);
		}
	}
}

static bool has_streams(granule_t vspace)
{
	for (u32 s = 0; s < PLATFORM_STREAMS; s++) {
		if (is_attached(s, vspace)) {
			return true;
		}
	}
	return false;
}

bool stream_detach(u32 stream, granule_t vspace)
{
	stream_must_be(stream);
	granule_must_be(vspace, GRANULE_VSPACE);
	if (!is_attached(stream, vspace)) {
		return false;
	}
	hw_stream_cut(stream);
	stream_attached[stream] = 0;
	/* Without devices, nothing of the VSpace is invalidated for them any more. */
	vspace_at(vspace)->streams = has_streams(vspace) ? 1u : 0u;
	hw_stream_invalidate_vspace(vspace_at(vspace)->vmid);
	return true;
}

void streams_cut(granule_t vspace)
{
	struct vspace *v = vspace_at(vspace);

	if (v->streams == 0u) {
		return;
	}
	for (u32 s = 0; s < PLATFORM_STREAMS; s++) {
		if (is_attached(s, vspace)) {
			hw_stream_cut(s);
			stream_attached[s] = 0;
		}
	}
	v->streams = 0;
	hw_stream_invalidate_vspace(v->vmid);
}

void stream_fault(u32 stream, u64 results[4])
{
	stream_must_be(stream);
	take_events();
	bool any = faults[stream].count != 0u;

	results[0] = faults[stream].count;
	results[1] = any ? faults[stream].ipa : 0u;
	results[2] = any ? faults[stream].access : 0u;
	results[3] = any ? faults[stream].event : 0u;
	faults[stream].count = 0;
}
