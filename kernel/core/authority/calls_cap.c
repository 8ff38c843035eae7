/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls about capabilities themselves. */
#include "authority.h"

#include "nie/granule.h"
#include "nie/view.h"

static u64 info_address(slot_t s)
{
	switch (slot_at(s)->type) {
	case NIE_TYPE_UNTYPED:
		return granule_address(slot_at(s)->object);
	case NIE_TYPE_DEVICE:
		return (u64)slot_at(s)->object * GRANULE_SIZE;
	case NIE_TYPE_IRQ:
	case NIE_TYPE_CORE:
	case NIE_TYPE_STREAM:
		return slot_at(s)->object;
	default:
		return 0;
	}
}

status_t call_cap_info(granule_t caller, u64 slot, u64 results[5])
{
	u64 found = cap_of(caller, slot, TYPES_ALL, 0);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_CAP_INFO_ARG_SLOT);
	}
	slot_t s = (slot_t)found;
	results[0] = slot_at(s)->type;
	results[1] = slot_at(s)->rights % RIGHT_ORIGIN;
	results[2] = slot_at(s)->size_bits;
	results[3] = info_address(s);
	results[4] = 0;
	if (slot_at(s)->type == NIE_TYPE_UNTYPED) {
		results[4] = (size_granules(slot_at(s)->size_bits) - untyped_used(s)) * GRANULE_SIZE;
	}
	return NIE_OK;
}

static bool is_empty(slot_t s)
{
	return slot_at(s)->type == 0u;
}

/* A capability to the same, with no more rights, derived from this one. A mapping is not copied. */
static status_t copy(slot_t to, slot_t from, u64 rights)
{
	slot_at(to)->type = slot_at(from)->type;
	slot_at(to)->rights = (u8)(slot_at(from)->rights & rights & NIE_RIGHTS_ALL);
	slot_at(to)->size_bits = slot_at(from)->size_bits;
	slot_at(to)->object = slot_at(from)->object;
	slot_at(to)->detail = 0;
	slot_at(to)->vspace = GRANULE_NONE;
	slot_at(to)->serial = 0;
	derivation_insert(from, to);
	return NIE_OK;
}

status_t call_cap_copy(granule_t caller, u64 to_cnode, u64 to_index, u64 from_cnode, u64 from_index,
		       u64 rights)
{
	u64 found = cnode_find(caller, to_cnode, NIE_RIGHT_WRITE);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_CAP_COPY_ARG_TO_CNODE);
	}
	granule_t to_node = (granule_t)found;
	slot_t to = cnode_slot(to_node, to_index);

	if (to == SLOT_NONE) {
		return NIE_CAP_COPY_BAD_SLOT_TO_INDEX;
	}
	found = cnode_find(caller, from_cnode, NIE_RIGHT_READ);
	if (found >= FOUND_ERROR) {
		return blame(found, NIE_CAP_COPY_ARG_FROM_CNODE);
	}
	granule_t from_node = (granule_t)found;
	slot_t from = cnode_slot(from_node, from_index);

	if (from == SLOT_NONE) {
		return NIE_CAP_COPY_BAD_SLOT_FROM_INDEX;
	}
	if (is_empty(from)) {
		return NIE_CAP_COPY_EMPTY_FROM_INDEX;
	}
	if (slot_at(from)->type == NIE_TYPE_UNTYPED) {
		return NIE_CAP_COPY_WRONG_TYPE_FROM_INDEX;
	}
	if (!is_empty(to)) {
		return NIE_CAP_COPY_OCCUPIED_TO_INDEX;
	}
	if (slot_at(from)->depth >= DEPTH_MAX) {
		return NIE_CAP_COPY_EXHAUSTED_FROM_INDEX;
	}
	return copy(to, from, rights);
}

status_t call_cap_move(granule_t caller, u64 to_cnode, u64 to_index, u64 from_cnode, u64 from_index)
{
	u64 found = cnode_find(caller, to_cnode, NIE_RIGHT_WRITE);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_CAP_MOVE_ARG_TO_CNODE);
	}
	granule_t to_node = (granule_t)found;
	slot_t to = cnode_slot(to_node, to_index);

	if (to == SLOT_NONE) {
		return NIE_CAP_MOVE_BAD_SLOT_TO_INDEX;
	}
	found = cnode_find(caller, from_cnode, NIE_RIGHT_WRITE);
	if (found >= FOUND_ERROR) {
		return blame(found, NIE_CAP_MOVE_ARG_FROM_CNODE);
	}
	granule_t from_node = (granule_t)found;
	slot_t from = cnode_slot(from_node, from_index);

	if (from == SLOT_NONE) {
		return NIE_CAP_MOVE_BAD_SLOT_FROM_INDEX;
	}
	if (is_empty(from)) {
		return NIE_CAP_MOVE_EMPTY_FROM_INDEX;
	}
	if (!is_empty(to)) {
		return NIE_CAP_MOVE_OCCUPIED_TO_INDEX;
	}
	derivation_move(from, to);
	return NIE_OK;
}

status_t call_cap_delete(granule_t caller, u64 cnode, u64 index, u64 results[1])
{
	u32 budget = NIE_STEP_GRANULES;
	u64 found = cnode_find(caller, cnode, NIE_RIGHT_WRITE);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_CAP_DELETE_ARG_CNODE);
	}
	granule_t node = (granule_t)found;
	slot_t s = cnode_slot(node, index);

	if (s == SLOT_NONE) {
		return NIE_CAP_DELETE_BAD_SLOT_INDEX;
	}
	if (is_empty(s)) {
		if (!doomed_any()) {
			return NIE_CAP_DELETE_EMPTY_INDEX;
		}
		results[0] = doomed_work(caller, &budget) ? 0u : 1u;
		return NIE_OK;
	}
	if (!derivation_is_leaf(s)) {
		return NIE_CAP_DELETE_HAS_CHILDREN_INDEX;
	}
	if (slot_is_own(caller, s)) {
		return NIE_CAP_DELETE_BUSY_INDEX;
	}
	results[0] = cap_end(s, &budget) && doomed_work(caller, &budget) ? 0u : 1u;
	return NIE_OK;
}

status_t call_cap_revoke(granule_t caller, u64 cnode, u64 index, u64 results[1])
{
	u32 budget = NIE_STEP_GRANULES;
	u64 found = cnode_find(caller, cnode, NIE_RIGHT_WRITE);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_CAP_REVOKE_ARG_CNODE);
	}
	granule_t node = (granule_t)found;
	slot_t s = cnode_slot(node, index);

	if (s == SLOT_NONE) {
		return NIE_CAP_REVOKE_BAD_SLOT_INDEX;
	}
	if (is_empty(s) && !doomed_any()) {
		return NIE_CAP_REVOKE_EMPTY_INDEX;
	}
	enum progress below = is_empty(s) ? PROGRESS_DONE : cap_end_below(s, caller, &budget);

	if (below == PROGRESS_OWN && budget == NIE_STEP_GRANULES) {
		return NIE_CAP_REVOKE_BUSY_INDEX;
	}
	results[0] = below == PROGRESS_DONE && doomed_work(caller, &budget) ? 0u : 1u;
	return NIE_OK;
}
