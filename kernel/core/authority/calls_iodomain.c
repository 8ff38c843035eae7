/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls about devices that do DMA. */
#include "authority.h"

#include "nie/iodomain.h"
#include "nie/view.h"

static u64 stream_find(granule_t caller, u64 index, u32 rights, slot_t *found)
{
	return cap_find(caller, index, TYPE_SET(NIE_TYPE_STREAM), rights, found);
}

status_t call_stream_attach(granule_t caller, u64 stream, u64 vspace)
{
	slot_t s = SLOT_NONE;
	slot_t v = SLOT_NONE;
	u64 error = stream_find(caller, stream, NIE_RIGHT_CONTROL, &s);

	if (error != NIE_OK) {
		return blame(error, NIE_STREAM_ATTACH_ARG_STREAM);
	}
	error = cap_find(caller, vspace, TYPES_VSPACE, NIE_RIGHT_WRITE, &v);
	if (error != NIE_OK) {
		return blame(error, NIE_STREAM_ATTACH_ARG_VSPACE);
	}
	status_t status = stream_attach(slot_at(s)->object, slot_at(v)->object);

	if (status == NIE_OK) {
		mapping_remember(s, slot_at(v)->object, 0);
	}
	return status;
}

status_t call_stream_detach(granule_t caller, u64 stream)
{
	slot_t s = SLOT_NONE;
	u64 error = stream_find(caller, stream, NIE_RIGHT_CONTROL, &s);

	if (error != NIE_OK) {
		return blame(error, NIE_STREAM_DETACH_ARG_STREAM);
	}
	if (!mapping_is_live(s)) {
		return NIE_STREAM_DETACH_NOT_MAPPED_STREAM;
	}
	mapping_end(s);
	return NIE_OK;
}

status_t call_stream_fault(granule_t caller, u64 stream, u64 results[4])
{
	slot_t s = SLOT_NONE;
	u64 error = stream_find(caller, stream, NIE_RIGHT_READ, &s);

	if (error != NIE_OK) {
		return blame(error, NIE_STREAM_FAULT_ARG_STREAM);
	}
	stream_fault(slot_at(s)->object, results);
	return NIE_OK;
}
