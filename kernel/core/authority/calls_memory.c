/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls that put memory into a VSpace and take it out. */
#include "authority.h"

#include "nie/vspace.h"

#include "nie/granule.h"
#include "nie/view.h"

#define RIGHTS_MAP (NIE_RIGHT_READ | NIE_RIGHT_WRITE | NIE_RIGHT_EXECUTE)
#define IPA_END (1ul << NIE_IPA_BITS)

static bool rights_make_a_mapping(u64 rights)
{
	return (rights & ~(u64)RIGHTS_MAP) == 0u && (rights & NIE_RIGHT_READ) != 0u;
}

static bool allows(slot_t s, u64 rights)
{
	return (slot_at(s)->rights & rights) == rights;
}

/* Capabilities to shared frames and devices remember one mapping. That check stands in the middle of
 * those that the isolation layer makes; so the ones before it are made here too. */
static status_t map_shared(slot_t frame, slot_t vspace, u64 ipa, u64 rights)
{
	u32 type = slot_at(frame)->type;
	u32 object = slot_at(frame)->object;
	granule_t space = slot_at(vspace)->object;

	if (ipa >= IPA_END) {
		return NIE_MAP_BAD_VALUE_IPA;
	}
	if (ipa % (1ul << slot_at(frame)->size_bits) != 0u) {
		return NIE_MAP_UNALIGNED_IPA;
	}
	if (slot_at(vspace)->type == NIE_TYPE_GUEST_VSPACE && ipa < NIE_SHARED_HALF) {
		return NIE_MAP_WRONG_HALF_IPA;
	}
	if (mapping_is_live(frame)) {
		return NIE_MAP_MAPPED_FRAME;
	}
	status_t status = type == NIE_TYPE_DEVICE ? vspace_map_device(object, space, ipa, rights)
						  : vspace_map_shared(object, space, ipa, rights);

	if (status == NIE_OK) {
		mapping_remember(frame, space, ipa);
	}
	return status;
}

status_t call_map(granule_t caller, u64 frame, u64 vspace, u64 ipa, u64 rights)
{
	u64 found = cap_of(caller, frame, TYPES_MAPPABLE, 0);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_MAP_ARG_FRAME);
	}
	slot_t f = (slot_t)found;
	u32 type = slot_at(f)->type;

	found = cap_of_next(caller, vspace,
			      type == NIE_TYPE_SHARED_FRAME ? TYPES_VSPACE : TYPE_SET(NIE_TYPE_TASK_VSPACE),
			      NIE_RIGHT_WRITE);
	if (found >= FOUND_ERROR) {
		return blame(found, NIE_MAP_ARG_VSPACE);
	}
	slot_t v = (slot_t)found;

	if (!rights_make_a_mapping(rights) ||
	    (type == NIE_TYPE_DEVICE && (rights & NIE_RIGHT_EXECUTE) != 0u)) {
		return NIE_MAP_BAD_VALUE_RIGHTS;
	}
	if (!allows(f, rights)) {
		return NIE_MAP_NO_RIGHT_FRAME;
	}
	if (type == NIE_TYPE_PRIVATE_FRAME) {
		return vspace_map_private(slot_at(f)->object, slot_at(v)->object, ipa, rights);
	}
	return map_shared(f, v, ipa, rights);
}

status_t call_unmap(granule_t caller, u64 frame)
{
	u64 found = cap_of(caller, frame, TYPES_MAPPABLE, 0);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_UNMAP_ARG_FRAME);
	}
	slot_t f = (slot_t)found;

	if (slot_at(f)->type == NIE_TYPE_PRIVATE_FRAME) {
		return vspace_unmap_private(slot_at(f)->object) ? NIE_OK : NIE_UNMAP_NOT_MAPPED_FRAME;
	}
	if (!mapping_is_live(f)) {
		return NIE_UNMAP_NOT_MAPPED_FRAME;
	}
	mapping_end(f);
	return NIE_OK;
}

status_t call_map_table(granule_t caller, u64 table, u64 vspace, u64 ipa, u64 level)
{
	u64 found = cap_of(caller, table, TYPE_SET(NIE_TYPE_TABLE), 0);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_MAP_TABLE_ARG_TABLE);
	}
	slot_t t = (slot_t)found;
	found = cap_of_next(caller, vspace, TYPES_VSPACE, NIE_RIGHT_WRITE);
	if (found >= FOUND_ERROR) {
		return blame(found, NIE_MAP_TABLE_ARG_VSPACE);
	}
	slot_t v = (slot_t)found;
	return vspace_map_table(slot_at(t)->object, slot_at(v)->object, ipa, level);
}

status_t call_donate(granule_t caller, u64 frame, u64 vspace, u64 ipa, u64 rights)
{
	u64 found = cap_of(caller, frame, TYPE_SET(NIE_TYPE_PRIVATE_FRAME), 0);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_DONATE_ARG_FRAME);
	}
	slot_t f = (slot_t)found;
	found = cap_of_next(caller, vspace, TYPE_SET(NIE_TYPE_GUEST_VSPACE), NIE_RIGHT_WRITE);
	if (found >= FOUND_ERROR) {
		return blame(found, NIE_DONATE_ARG_VSPACE);
	}
	slot_t v = (slot_t)found;

	if (!rights_make_a_mapping(rights)) {
		return NIE_DONATE_BAD_VALUE_RIGHTS;
	}
	if (!allows(f, rights)) {
		return NIE_DONATE_NO_RIGHT_FRAME;
	}
	return vspace_donate(slot_at(f)->object, slot_at(v)->object, ipa, rights);
}
