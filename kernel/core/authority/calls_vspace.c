/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls about the life of a VSpace. */
#include "authority.h"

#include "nie/vspace.h"

#include "nie/view.h"

status_t call_vspace_activate(granule_t caller, u64 vspace, u64 policy)
{
	u64 found = cap_of(caller, vspace, TYPE_SET(NIE_TYPE_GUEST_VSPACE), NIE_RIGHT_CONTROL);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_VSPACE_ACTIVATE_ARG_VSPACE);
	}
	slot_t v = (slot_t)found;
	return vspace_activate(slot_at(v)->object, policy);
}

status_t call_expect_ram(granule_t caller, u64 vspace, u64 ipa, u64 size_bits, u64 count)
{
	u64 found = cap_of(caller, vspace, TYPE_SET(NIE_TYPE_GUEST_VSPACE), NIE_RIGHT_WRITE);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_EXPECT_RAM_ARG_VSPACE);
	}
	slot_t v = (slot_t)found;
	return vspace_expect_ram(slot_at(v)->object, ipa, size_bits, count);
}

status_t call_vspace_measurement(granule_t caller, u64 vspace, u64 results[4])
{
	u64 found = cap_of(caller, vspace, TYPE_SET(NIE_TYPE_GUEST_VSPACE), NIE_RIGHT_READ);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_VSPACE_MEASUREMENT_ARG_VSPACE);
	}
	slot_t v = (slot_t)found;

	vspace_measurement(slot_at(v)->object, results);
	return NIE_OK;
}

status_t call_vspace_kill(granule_t caller, u64 vspace, u64 results[1])
{
	u32 budget = NIE_STEP_GRANULES;
	u64 found = cap_of(caller, vspace, TYPES_VSPACE, NIE_RIGHT_CONTROL);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_VSPACE_KILL_ARG_VSPACE);
	}
	slot_t v = (slot_t)found;

	if (slot_at(v)->object == vcpu_at(caller)->vspace) {
		return NIE_VSPACE_KILL_BUSY_VSPACE;
	}
	results[0] = vspace_kill(slot_at(v)->object, &budget) ? 0u : 1u;
	return NIE_OK;
}
