/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls about vCPUs. */
#include "authority.h"

#include "nie/view.h"

/* The CSpace argument of vcpu_configure: a task has one, a guest has none. */
static u64 cspace_find(granule_t caller, bool guest, u64 index)
{
	if (guest && index == 0u) {
		return GRANULE_NONE;
	}
	u64 found = cap_of(caller, index, TYPE_SET(NIE_TYPE_CNODE), NIE_RIGHT_WRITE);

	if (guest) {
		return found == NIE_ERR_BAD_SLOT * FOUND_ERROR ? found : NIE_ERR_WRONG_TYPE * FOUND_ERROR;
	}
	return found >= FOUND_ERROR ? found : slot_at((slot_t)found)->object;
}

status_t call_vcpu_configure(granule_t caller, u64 vcpu, u64 vspace, u64 index, u64 cspace, u64 entry,
			     u64 argument, u64 stack)
{
	u64 found = cap_of(caller, vcpu, TYPE_SET(NIE_TYPE_VCPU), NIE_RIGHT_CONTROL);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_VCPU_CONFIGURE_ARG_VCPU);
	}
	slot_t p = (slot_t)found;
	found = cap_of(caller, vspace, TYPES_VSPACE, NIE_RIGHT_CONTROL);
	if (found >= FOUND_ERROR) {
		return blame(found, NIE_VCPU_CONFIGURE_ARG_VSPACE);
	}
	slot_t v = (slot_t)found;

	if (index >= NIE_VSPACE_VCPUS) {
		return NIE_VCPU_CONFIGURE_BAD_VALUE_INDEX;
	}
	found = cspace_find(caller, slot_at(v)->type == NIE_TYPE_GUEST_VSPACE, cspace);
	if (found >= FOUND_ERROR) {
		return blame(found, NIE_VCPU_CONFIGURE_ARG_CSPACE);
	}
	status_t status = vcpu_configure(slot_at(p)->object, slot_at(v)->object, index, (granule_t)found, entry,
					 argument, stack);
	return status;
}

status_t call_vcpu_kick(granule_t caller, u64 vcpu)
{
	u64 found = cap_of(caller, vcpu, TYPE_SET(NIE_TYPE_VCPU), NIE_RIGHT_CONTROL);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_VCPU_KICK_ARG_VCPU);
	}
	vcpu_kick(slot_at((slot_t)found)->object);
	return NIE_OK;
}

status_t call_vcpu_debug(granule_t caller, u64 vcpu, u64 what, u64 at, u64 value, u64 results[1])
{
	u64 found = cap_of(caller, vcpu, TYPE_SET(NIE_TYPE_VCPU), NIE_RIGHT_CONTROL);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_VCPU_DEBUG_ARG_VCPU);
	}
	return vcpu_debug(slot_at((slot_t)found)->object, what, at, value, &results[0]);
}

status_t call_run(u32 on_core, granule_t caller, u64 vcpu, const u64 others[6])
{
	u64 found = cap_of(caller, vcpu, TYPE_SET(NIE_TYPE_VCPU), NIE_RIGHT_CONTROL);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_RUN_ARG_VCPU);
	}
	status_t status = vcpu_run(on_core, slot_at((slot_t)found)->object, others);
	return status;
}
