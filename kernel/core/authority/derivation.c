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

/* Field by field: the provers lose what an assignment of a structure writes. */
static void slot_clear(slot_t s)
{
	slot_at(s)->type = slot_at(s)->rights = slot_at(s)->size_bits = slot_at(s)->depth = 0;
	slot_at(s)->detail = slot_at(s)->object = slot_at(s)->next = slot_at(s)->prev = slot_at(s)->vspace = slot_at(s)->serial = 0;
}

static void slot_copy(slot_t to, slot_t from)
{
	slot_at(to)->type = slot_at(from)->type;
	slot_at(to)->rights = slot_at(from)->rights;
	slot_at(to)->size_bits = slot_at(from)->size_bits;
	slot_at(to)->depth = slot_at(from)->depth;
	slot_at(to)->object = slot_at(from)->object;
	slot_at(to)->next = slot_at(from)->next;
	slot_at(to)->prev = slot_at(from)->prev;
	slot_at(to)->detail = slot_at(from)->detail;
	slot_at(to)->vspace = slot_at(from)->vspace;
	slot_at(to)->serial = slot_at(from)->serial;
}

void derivation_remove(slot_t s)
{
	relink(slot_at(s)->prev, slot_at(s)->next, slot_at(s)->next, slot_at(s)->prev);
	slot_clear(s);
}

void derivation_move(slot_t from, slot_t to)
{
	slot_copy(to, from);
	relink(slot_at(from)->prev, slot_at(from)->next, to, to);
	slot_clear(from);
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
