/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an argument of a hypercall to a slot. Slot 0 of a CNode is the kernel's own: its `object` is
 * the number of slots, so that one comparison bounds an index, and 0 once the CNode is doomed.
 */
#include "authority.h"

#include "nie/granule.h"
#include "nie/view.h"

static bool is_in(u32 type, u32 types)
{
	return types / TYPE_SET(type) % 2u != 0u;
}

static bool has_rights(u32 rights, u32 needed)
{
	return (rights & needed) == needed;
}

u32 cnode_slots(granule_t cnode)
{
	return slot_at(cnode * NIE_SLOTS_PER_GRANULE)->object;
}

static bool has_slot(granule_t cnode, u64 index)
{
	return index != 0u && index < cnode_slots(cnode);
}

slot_t cnode_slot(granule_t cnode, u64 index)
{
	return has_slot(cnode, index) ? cnode * NIE_SLOTS_PER_GRANULE + (u32)index : SLOT_NONE;
}

/* The caller's CSpace, if the CNode that it was configured with still exists. */
static granule_t cspace_of(granule_t caller)
{
	const struct vcpu *v = vcpu_at(caller);

	if (v->cspace_serial == 0u || cnode_serial(v->cspace) != v->cspace_serial) {
		return GRANULE_NONE;
	}
	return v->cspace;
}

u64 cap_in(granule_t cspace, u64 index, u32 types, u32 rights)
{
	if (!has_slot(cspace, index)) {
		return NIE_ERR_BAD_SLOT * FOUND_ERROR;
	}
	slot_t s = cspace * NIE_SLOTS_PER_GRANULE + (u32)index;

	if (slot_at(s)->type == 0u) {
		return NIE_ERR_EMPTY * FOUND_ERROR;
	}
	if (!is_in(slot_at(s)->type, types)) {
		return NIE_ERR_WRONG_TYPE * FOUND_ERROR;
	}
	if (!has_rights(slot_at(s)->rights, rights)) {
		return NIE_ERR_NO_RIGHT * FOUND_ERROR;
	}
	return s;
}

inline u64 cap_of(granule_t caller, u64 index, u32 types, u32 rights)
{
	granule_t cspace = cspace_of(caller);

	return cspace == GRANULE_NONE ? NIE_ERR_BAD_SLOT * FOUND_ERROR : cap_in(cspace, index, types, rights);
}

u64 cnode_find(granule_t caller, u64 index, u32 rights)
{
	granule_t cspace = cspace_of(caller);

	if (cspace == GRANULE_NONE) {
		return NIE_ERR_BAD_SLOT * FOUND_ERROR;
	}
	if (index == 0u) {
		return cspace;
	}
	u64 found = cap_in(cspace, index, TYPE_SET(NIE_TYPE_CNODE), rights);

	return found >= FOUND_ERROR ? found : slot_at((slot_t)found)->object;
}

bool slot_is_origin(slot_t s)
{
	return slot_at(s)->rights >= RIGHT_ORIGIN;
}

bool slot_is_own(granule_t caller, slot_t s)
{
	const struct vcpu *v = vcpu_at(caller);
	u32 type = slot_at(s)->type;
	u32 object = slot_at(s)->object;

	if (!slot_is_origin(s)) {
		return false;
	}
	return (type == NIE_TYPE_VCPU && object == caller) ||
	       (is_in(type, TYPES_VSPACE) && object == v->vspace) ||
	       (type == NIE_TYPE_CNODE && object == v->cspace);
}
