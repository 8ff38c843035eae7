/* SPDX-License-Identifier: Apache-2.0 */
#include "authority.h"

#include "nie/view.h"

void derivation_insert(slot_t parent, slot_t child)
{
	slot_t next = slot_at(parent)->next;

	slot_at(child)->depth = (u8)(slot_at(parent)->depth + 1u);
	slot_at(child)->prev = parent;
	slot_at(child)->next = next;
	if (next != SLOT_NONE) {
		slot_at(next)->prev = child;
	}
	slot_at(parent)->next = child;
}

/* The neighbours of a capability, where there are any, take `prev_next` and `next_prev` for it. */
static void relink(slot_t prev, slot_t next, slot_t prev_next, slot_t next_prev)
{
	if (prev != SLOT_NONE) {
		slot_at(prev)->next = prev_next;
	}
	if (next != SLOT_NONE) {
		slot_at(next)->prev = next_prev;
	}
}

void derivation_remove(slot_t s)
{
	relink(slot_at(s)->prev, slot_at(s)->next, slot_at(s)->next, slot_at(s)->prev);
	*slot_at(s) = (struct slot){0};
}

void derivation_move(slot_t from, slot_t to)
{
	*slot_at(to) = *slot_at(from);
	relink(slot_at(from)->prev, slot_at(from)->next, to, to);
	*slot_at(from) = (struct slot){0};
}

bool derivation_is_leaf(slot_t s)
{
	slot_t next = slot_at(s)->next;

	return next == SLOT_NONE || slot_at(next)->depth <= slot_at(s)->depth;
}

slot_t derivation_first_leaf(slot_t s)
{
	slot_t leaf = s;

	for (u32 i = 0; i < DEPTH_MAX && !derivation_is_leaf(leaf); i++) {
		leaf = slot_at(leaf)->next;
	}
	return leaf;
}
