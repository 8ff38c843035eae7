/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CNodes that were deleted while they may hold capabilities. To end one of those can doom another
 * CNode, even one that holds a capability to the first: a list, not recursion, empties them all.
 *
 * Slot 0 of a doomed CNode: `object` is 0, so that no index is valid any more; `serial` the number
 * of slots; `detail` the next slot to empty; `vspace` the next doomed CNode.
 */
#include "authority.h"

#include "nie/granule.h"
#include "nie/view.h"

struct doomed doomed = {GRANULE_NONE, GRANULE_NONE, GRANULE_NONE, 0};

static slot_t header_of(granule_t cnode)
{
	return cnode * NIE_SLOTS_PER_GRANULE;
}

static void append(granule_t cnode)
{
	slot_at(header_of(cnode))->vspace = GRANULE_NONE;
	if (doomed.first == GRANULE_NONE) {
		doomed.first = cnode;
	} else {
		slot_at(header_of(doomed.last))->vspace = cnode;
	}
	doomed.last = cnode;
}

static granule_t take_first(void)
{
	granule_t cnode = doomed.first;

	doomed.first = slot_at(header_of(cnode))->vspace;
	if (doomed.first == GRANULE_NONE) {
		doomed.last = GRANULE_NONE;
	}
	return cnode;
}

void doomed_add(granule_t cnode)
{
	slot_t header = header_of(cnode);

	slot_at(header)->serial = slot_at(header)->object;
	slot_at(header)->object = 0;
	slot_at(header)->detail = 1;
	append(cnode);
}

bool doomed_any(void)
{
	return doomed.first != GRANULE_NONE || doomed.ending != GRANULE_NONE;
}

/* An empty CNode leaves the list before it is scrubbed: the link is in its memory. */
static void begin_end(granule_t cnode)
{
	doomed.ending_granules = slot_at(header_of(cnode))->serial / NIE_SLOTS_PER_GRANULE;
	doomed.ending = cnode;
}

static bool finish_end(u32 *budget)
{
	if (doomed.ending != GRANULE_NONE) {
		if (!cnode_destroy(doomed.ending, doomed.ending_granules, budget)) {
			return false;
		}
		doomed.ending = GRANULE_NONE;
	}
	return true;
}

/* Empty the next slot of a doomed CNode. */
static enum progress empty_next(granule_t cnode, granule_t caller, u32 *budget)
{
	slot_t header = header_of(cnode);
	slot_t s = cnode * NIE_SLOTS_PER_GRANULE + (u32)slot_at(header)->detail;

	if (slot_at(s)->type != 0u) {
		enum progress below = cap_end_below(s, caller, budget);

		if (below != PROGRESS_DONE) {
			return below;
		}
		if (slot_is_own(caller, s)) {
			return PROGRESS_OWN;
		}
		if (!cap_end(s, budget)) {
			return PROGRESS_MORE;
		}
	} else {
		spend_one(budget);
	}
	slot_at(header)->detail++;
	return PROGRESS_DONE;
}

bool doomed_work(granule_t caller, u32 *budget)
{
	granule_t passed = GRANULE_NONE; /* the first CNode with nothing left but what is the caller's own */

	while (finish_end(budget) && *budget > 0u) {
		granule_t cnode = doomed.first;

		if (cnode == GRANULE_NONE || cnode == passed) {
			return true;
		}
		if (slot_at(header_of(cnode))->detail == slot_at(header_of(cnode))->serial) {
			begin_end(take_first());
			continue;
		}
		u32 before = *budget;
		enum progress p = empty_next(cnode, caller, budget);

		if (p == PROGRESS_MORE) {
			return false;
		}
		if (*budget != before) {
			passed = GRANULE_NONE;
		}
		if (p == PROGRESS_OWN) {
			passed = passed == GRANULE_NONE ? cnode : passed;
			append(take_first());
			spend_one(budget);
		}
	}
	return !doomed_any();
}
