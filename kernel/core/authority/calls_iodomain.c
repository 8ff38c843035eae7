/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls about devices that do DMA. */
#include "authority.h"

#include "nie/iodomain.h"
#include "nie/view.h"

status_t call_stream_attach(granule_t caller, u64 stream, u64 vspace)
{
	u64 found = cap_of(caller, stream, TYPE_SET(NIE_TYPE_STREAM), NIE_RIGHT_CONTROL);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_STREAM_ATTACH_ARG_STREAM);
	}
	slot_t s = (slot_t)found;
	found = cap_of(caller, vspace, TYPES_VSPACE, NIE_RIGHT_WRITE);
	if (found >= FOUND_ERROR) {
		return blame(found, NIE_STREAM_ATTACH_ARG_VSPACE);
	}
	slot_t v = (slot_t)found;
	status_t status = stream_attach(slot_at(s)->object, slot_at(v)->object);

	if (status == NIE_OK) {
		mapping_remember(s, slot_at(v)->object, 0);
	}
	return status;
}

status_t call_stream_detach(granule_t caller, u64 stream)
{
	u64 found = cap_of(caller, stream, TYPE_SET(NIE_TYPE_STREAM), NIE_RIGHT_CONTROL);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_STREAM_DETACH_ARG_STREAM);
	}
	slot_t s = (slot_t)found;

	if (!mapping_is_live(s)) {
		return NIE_STREAM_DETACH_NOT_MAPPED_STREAM;
	}
	mapping_end(s);
	return NIE_OK;
}

status_t call_stream_fault(granule_t caller, u64 stream, u64 results[4])
{
	u64 found = cap_of(caller, stream, TYPE_SET(NIE_TYPE_STREAM), NIE_RIGHT_READ);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_STREAM_FAULT_ARG_STREAM);
	}
	slot_t s = (slot_t)found;

	stream_fault(slot_at(s)->object, results);
	return NIE_OK;
}
