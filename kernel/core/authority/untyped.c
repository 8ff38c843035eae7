/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retype: objects from the unused part of an untyped, in increasing addresses. An untyped begins at
 * a multiple of its size, so what is aligned within it is aligned in memory.
 */
#include "authority.h"

#include "nie/granule.h"
#include "nie/view.h"

#define COUNT_MAX 512u

static u64 next_cnode_serial = 1; /* 64 bits do not run out */

u32 size_granules(u32 size_bits)
{
	return 1u << (size_bits - GRANULE_BITS);
}

u64 untyped_used(slot_t untyped)
{
	return derivation_is_leaf(untyped) ? 0u : slot_at(untyped)->detail;
}

void cnode_create(granule_t first, u32 size_bits)
{
	u32 granules = size_granules(size_bits);

	cnode_make(first, granules, next_cnode_serial);
	next_cnode_serial++;
	slot_at(first * NIE_SLOTS_PER_GRANULE)->object = granules * NIE_SLOTS_PER_GRANULE;
}

static void slot_fill(slot_t where, u32 type, u32 rights, u32 size_bits, u32 object)
{
	slot_at(where)->type = (u8)type;
	slot_at(where)->rights = (u8)(rights + RIGHT_ORIGIN);
	slot_at(where)->size_bits = (u8)size_bits;
	slot_at(where)->object = object;
	slot_at(where)->detail = 0;
	slot_at(where)->vspace = GRANULE_NONE;
	slot_at(where)->serial = 0;
}

void cap_place_root(slot_t where, u32 type, u32 rights, u32 size_bits, u32 object)
{
	slot_fill(where, type, rights, size_bits, object);
	slot_at(where)->depth = 0;
	slot_at(where)->prev = SLOT_NONE;
	slot_at(where)->next = SLOT_NONE;
}

void cap_place_child(slot_t untyped, slot_t where, u32 type, u32 size_bits, granule_t object)
{
	u64 end = (u64)(object - slot_at(untyped)->object) + size_granules(size_bits);
	u64 used = untyped_used(untyped);

	slot_at(untyped)->detail = end > used ? end : used;
	slot_fill(where, type, NIE_RIGHTS_ALL, size_bits, object);
	derivation_insert(untyped, where);
}

static bool is_made_by_retype(u64 type)
{
	return type >= NIE_TYPE_UNTYPED && type <= NIE_TYPE_VCPU;
}

static bool size_is_allowed(u64 type, u64 size_bits)
{
	switch (type) {
	case NIE_TYPE_UNTYPED:
		return size_bits >= GRANULE_BITS && size_bits <= 40u;
	case NIE_TYPE_CNODE:
		return size_bits >= GRANULE_BITS && size_bits <= 20u;
	case NIE_TYPE_PRIVATE_FRAME:
	case NIE_TYPE_SHARED_FRAME:
		return size_bits == GRANULE_BITS || size_bits == BLOCK_BITS;
	case NIE_TYPE_TASK_VSPACE:
	case NIE_TYPE_GUEST_VSPACE:
		return size_bits == GRANULE_BITS + 1u;
	default:
		return size_bits == GRANULE_BITS;
	}
}

static bool count_is_allowed(u64 type, u32 size_bits, u64 count)
{
	if (count == 0u || count > COUNT_MAX) {
		return false;
	}
	return type == NIE_TYPE_UNTYPED || count * size_granules(size_bits) <= NIE_STEP_GRANULES;
}

static void object_make(u32 type, u32 size_bits, granule_t first)
{
	switch (type) {
	case NIE_TYPE_CNODE:
		cnode_create(first, size_bits);
		break;
	case NIE_TYPE_PRIVATE_FRAME:
	case NIE_TYPE_SHARED_FRAME:
		frame_make(first, size_bits == BLOCK_BITS, type == NIE_TYPE_PRIVATE_FRAME);
		break;
	case NIE_TYPE_TABLE:
		table_make(first);
		break;
	case NIE_TYPE_TASK_VSPACE:
	case NIE_TYPE_GUEST_VSPACE:
		vspace_make(first, type == NIE_TYPE_GUEST_VSPACE);
		break;
	case NIE_TYPE_VCPU:
		vcpu_make(first);
		break;
	default:
		break; /* an untyped: its granules stay free */
	}
}

/* `count` slots from `to` on, all in one CNode and all empty. */
static bool slots_are_empty(slot_t to, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (slot_at(to + i)->type != 0u) {
			return false;
		}
	}
	return true;
}

/* Offset in the untyped of the next object of this size, in granules; it may lie beyond the end. */
static u64 next_offset(slot_t untyped, u32 size_bits)
{
	u64 size = size_granules(size_bits);

	return (untyped_used(untyped) + size - 1u) / size * size;
}

/* The granules are free unless a doomed CNode, deleted but not emptied yet, still lies here. */
static bool has_room(slot_t untyped, u64 offset, u64 type, u64 granules)
{
	if (offset + granules > size_granules(slot_at(untyped)->size_bits)) {
		return false;
	}
	return type == NIE_TYPE_UNTYPED || granules_free(slot_at(untyped)->object + (u32)offset, (u32)granules);
}

status_t call_retype(granule_t caller, u64 untyped, u64 type, u64 size_bits, u64 to_cnode, u64 to_index,
		     u64 count)
{
	u64 found = cap_of(caller, untyped, TYPE_SET(NIE_TYPE_UNTYPED), NIE_RIGHT_WRITE);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_RETYPE_ARG_UNTYPED);
	}
	slot_t from = (slot_t)found;

	if (!is_made_by_retype(type)) {
		return NIE_RETYPE_BAD_VALUE_TYPE;
	}
	if (!size_is_allowed(type, size_bits)) {
		return NIE_RETYPE_BAD_VALUE_SIZE_BITS;
	}
	found = cnode_find(caller, to_cnode, NIE_RIGHT_WRITE);
	if (found >= FOUND_ERROR) {
		return blame(found, NIE_RETYPE_ARG_TO_CNODE);
	}
	granule_t cnode = (granule_t)found;
	u32 bits = (u32)size_bits;

	if (!count_is_allowed(type, bits, count)) {
		return NIE_RETYPE_BAD_VALUE_COUNT;
	}
	slot_t to = cnode_slot(cnode, to_index);

	if (to == SLOT_NONE || count > cnode_slots(cnode) - to_index) {
		return NIE_RETYPE_BAD_SLOT_TO_INDEX;
	}
	if (!slots_are_empty(to, (u32)count)) {
		return NIE_RETYPE_OCCUPIED_TO_INDEX;
	}
	if (slot_at(from)->depth >= DEPTH_MAX) {
		return NIE_RETYPE_EXHAUSTED_UNTYPED;
	}
	u64 offset = next_offset(from, bits);

	if (!has_room(from, offset, type, count * size_granules(bits))) {
		return NIE_RETYPE_NO_MEMORY_UNTYPED;
	}
	if ((type == NIE_TYPE_TASK_VSPACE || type == NIE_TYPE_GUEST_VSPACE) && vmid_left() < count) {
		return NIE_RETYPE_EXHAUSTED_TYPE;
	}
	granule_t object = slot_at(from)->object + (u32)offset;

	for (u32 i = 0; i < (u32)count; i++) {
		object_make((u32)type, bits, object);
		cap_place_child(from, to + i, (u32)type, bits, object);
		object += size_granules(bits);
	}
	return NIE_OK;
}
