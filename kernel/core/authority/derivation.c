/* SPDX-License-Identifier: Apache-2.0 */
#include "authority.h"

#include "nie/view.h"

void derivation_insert(slot_t parent, slot_t child)
{
	struct slot *p = slot_at(parent);
	struct slot *c = slot_at(child);

	c->depth = (u8)(p->depth + 1u);
	c->prev = parent;
	c->next = p->next;
	if (p->next != SLOT_NONE) {
		slot_at(p->next)->prev = child;
	}
	p->next = child;
}

/* The neighbours of the capability in `s` take `prev_next` and `next_prev` for it. */
static void relink(const struct slot *s, slot_t prev_next, slot_t next_prev)
{
	if (s->prev != SLOT_NONE) {
		slot_at(s->prev)->next = prev_next;
	}
	if (s->next != SLOT_NONE) {
		slot_at(s->next)->prev = next_prev;
	}
}

void derivation_remove(slot_t s)
{
	static const struct slot empty;
	struct slot *old = slot_at(s);

	relink(old, old->next, old->prev);
	*old = empty;
}

void derivation_move(slot_t from, slot_t to)
{
	static const struct slot empty;
	struct slot *old = slot_at(from);

	*slot_at(to) = *old;
	relink(old, to, to);
	*old = empty;
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
