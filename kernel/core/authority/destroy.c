/* SPDX-License-Identifier: Apache-2.0 */
/* The end of capabilities and, with the capability that retype made, of objects. */
#include "authority.h"

#include "nie/granule.h"
#include "nie/irq.h"
#include "nie/view.h"

/* Nothing is left to pay with when a frame has taken all. */
void spend_one(u32 *budget)
{
	if (*budget > 0u) {
		*budget -= 1u;
	}
}

static bool object_end(slot_t s, u32 *budget)
{
	granule_t object = slot_at(s)->object;
	bool done = true; /* an untyped gives its memory back to its parent; the others have none */

	switch (slot_at(s)->type) {
	case NIE_TYPE_CNODE:
		doomed_add(object);
		break;
	case NIE_TYPE_PRIVATE_FRAME:
	case NIE_TYPE_SHARED_FRAME:
		done = frame_destroy(object, budget);
		break;
	case NIE_TYPE_TABLE:
		done = table_destroy(object, budget);
		break;
	case NIE_TYPE_TASK_VSPACE:
	case NIE_TYPE_GUEST_VSPACE:
		done = vspace_destroy(object, budget);
		break;
	case NIE_TYPE_VCPU:
		done = vcpu_destroy(object, budget);
		break;
	case NIE_TYPE_IRQ:
		irq_end(object);
		break;
	default:
		break;
	}
	return done;
}

bool cap_end(slot_t s, u32 *budget)
{
	u32 type = slot_at(s)->type;

	if (*budget == 0u) {
		return false;
	}
	if (type == NIE_TYPE_SHARED_FRAME || type == NIE_TYPE_DEVICE || type == NIE_TYPE_STREAM) {
		mapping_end(s);
	}
	if (slot_is_origin(s) && !object_end(s, budget)) {
		return false;
	}
	derivation_remove(s);
	spend_one(budget); /* only now: scrubbing a 2 MiB frame takes a whole budget */
	return true;
}

enum progress cap_end_below(slot_t s, granule_t caller, u32 *budget)
{
	slot_t from = s;

	while (*budget > 0u) {
		slot_t leaf = derivation_first_leaf(from);

		if (leaf == s) {
			return PROGRESS_DONE;
		}
		if (slot_is_own(caller, leaf)) {
			return PROGRESS_OWN;
		}
		/* In preorder a first leaf follows its parent: go on there, not from the top. */
		from = slot_at(leaf)->prev;
		if (!cap_end(leaf, budget)) {
			return PROGRESS_MORE;
		}
	}
	return derivation_is_leaf(s) ? PROGRESS_DONE : PROGRESS_MORE;
}
