/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls about vCPUs. */
#include "authority.h"

#include "nie/view.h"

/* The CSpace argument of vcpu_configure: a task has one, a guest has none. */
static u64 cspace_find(granule_t caller, bool guest, u64 index, granule_t *found)
{
	slot_t s = SLOT_NONE;

	if (guest && index == 0u) {
		return NIE_OK;
	}
	u64 error = cap_find(caller, index, TYPE_SET(NIE_TYPE_CNODE), NIE_RIGHT_WRITE, &s);

	if (guest) {
		return error == NIE_ERR_BAD_SLOT ? error : (u64)NIE_ERR_WRONG_TYPE;
	}
	if (error == NIE_OK) {
		*found = slot_at(s)->object;
	}
	return error;
}

status_t call_vcpu_configure(granule_t caller, u64 vcpu, u64 vspace, u64 index, u64 cspace, u64 entry,
			     u64 argument, u64 stack)
{
	slot_t p = SLOT_NONE;
	slot_t v = SLOT_NONE;
	granule_t cnode = GRANULE_NONE;
	u64 error = cap_find(caller, vcpu, TYPE_SET(NIE_TYPE_VCPU), NIE_RIGHT_CONTROL, &p);

	if (error != NIE_OK) {
		return blame(error, NIE_VCPU_CONFIGURE_ARG_VCPU);
	}
	error = cap_find(caller, vspace, TYPES_VSPACE, NIE_RIGHT_CONTROL, &v);
	if (error != NIE_OK) {
		return blame(error, NIE_VCPU_CONFIGURE_ARG_VSPACE);
	}
	if (index >= NIE_VSPACE_VCPUS) {
		return NIE_VCPU_CONFIGURE_BAD_VALUE_INDEX;
	}
	error = cspace_find(caller, slot_at(v)->type == NIE_TYPE_GUEST_VSPACE, cspace, &cnode);
	if (error != NIE_OK) {
		return blame(error, NIE_VCPU_CONFIGURE_ARG_CSPACE);
	}
	return vcpu_configure(slot_at(p)->object, slot_at(v)->object, index, cnode, entry, argument, stack);
}

status_t call_vcpu_kick(granule_t caller, u64 vcpu)
{
	slot_t p = SLOT_NONE;
	u64 error = cap_find(caller, vcpu, TYPE_SET(NIE_TYPE_VCPU), NIE_RIGHT_CONTROL, &p);

	if (error != NIE_OK) {
		return blame(error, NIE_VCPU_KICK_ARG_VCPU);
	}
	vcpu_kick(slot_at(p)->object);
	return NIE_OK;
}

status_t call_vcpu_debug(granule_t caller, u64 vcpu, u64 what, u64 at, u64 value, u64 results[1])
{
	slot_t p = SLOT_NONE;
	u64 error = cap_find(caller, vcpu, TYPE_SET(NIE_TYPE_VCPU), NIE_RIGHT_CONTROL, &p);

	if (error != NIE_OK) {
		return blame(error, NIE_VCPU_DEBUG_ARG_VCPU);
	}
	return vcpu_debug(slot_at(p)->object, what, at, value, &results[0]);
}

status_t call_run(u32 on_core, granule_t caller, u64 vcpu, const u64 others[6])
{
	slot_t p = SLOT_NONE;
	u64 error = cap_find(caller, vcpu, TYPE_SET(NIE_TYPE_VCPU), NIE_RIGHT_CONTROL, &p);

	if (error != NIE_OK) {
		return blame(error, NIE_RUN_ARG_VCPU);
	}
	return vcpu_run(on_core, slot_at(p)->object, others);
}
