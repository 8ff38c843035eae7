/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/granule.h"

#include "nie/hw.h"
#include "nie/table.h"
#include "nie/view.h"

u8 granule_state[RAM_GRANULES] __attribute__((aligned(64))); /* hw_set_bytes() */
u32 granule_owner[RAM_GRANULES];
u32 granule_place[RAM_GRANULES];

u64 granule_address(granule_t g)
{
	return RAM_BASE + (u64)g * GRANULE_SIZE;
}

void granule_must_be(granule_t g, u8 state)
{
	if (g >= RAM_GRANULES || granule_state[g] != state) {
		hw_panic("an object is not what a capability says: granule", g);
	}
}

bool granules_free(granule_t first, u32 count)
{
	if (first >= RAM_GRANULES || count > RAM_GRANULES - first) {
		return false;
	}
	return hw_are_zero(granule_state, first, count); /* GRANULE_FREE is 0 */
}

/* The entries of an object: the first speaks for it, the others are its tail. */
void granule_claim(granule_t first, u32 count, u8 state, u32 owner, u32 place)
{
	granule_must_be(first, GRANULE_FREE);
	hw_set_bytes(granule_state, first, count, GRANULE_TAIL);
	granule_state[first] = state;
	granule_owner[first] = owner;
	granule_place[first] = place;
}

/* The granules of an object, which are zeroed, become free. A tail has no owner and no place. */
static void set_free(granule_t first, u32 count)
{
	granule_owner[first] = 0;
	granule_place[first] = 0;
	hw_set_bytes(granule_state, first, count, GRANULE_FREE);
}

void granule_release(granule_t first, u32 count)
{
	hw_object_unmap(first, count);
	hw_scrub(first, count);
	set_free(first, count);
}

static bool spend(u32 *budget, u32 count)
{
	if (*budget < count) {
		return false;
	}
	*budget -= count;
	return true;
}

void cnode_make(granule_t first, u32 count, u64 serial)
{
	granule_claim(first, count, GRANULE_CNODE, (u32)(serial % 0x100000000ul), (u32)(serial / 0x100000000ul));
	hw_object_map(first, count);
}

u64 cnode_serial(granule_t g)
{
	if (g >= RAM_GRANULES || granule_state[g] != GRANULE_CNODE) {
		return 0;
	}
	return (u64)granule_place[g] * 0x100000000ul + granule_owner[g];
}

bool cnode_destroy(granule_t first, u32 count, u32 *budget)
{
	granule_must_be(first, GRANULE_CNODE);
	if (!spend(budget, count)) {
		return false;
	}
	granule_release(first, count);
	return true;
}

void table_make(granule_t g)
{
	granule_claim(g, 1, GRANULE_TABLE, GRANULE_NONE, 0);
	hw_object_map(g, 1);
}

bool table_destroy(granule_t g, u32 *budget)
{
	granule_must_be(g, GRANULE_TABLE);
	granule_t vspace = granule_owner[g];

	if (vspace != GRANULE_NONE) {
		u32 level = TABLE_PLACE_LEVEL(granule_place[g]);
		u64 ipa = TABLE_PLACE_IPA(granule_place[g]);

		if (!table_clear(vspace, g, level, ipa, budget)) {
			return false;
		}
		table_unlink(g);
	}
	if (!spend(budget, 1)) {
		return false;
	}
	granule_release(g, 1);
	return true;
}

u32 frame_size_bit(granule_t frame)
{
	return granule_place[frame] / FRAME_BLOCK * FRAME_BLOCK;
}

void frame_make(granule_t first, bool block, bool private)
{
	granule_claim(first, block ? NIE_PAGES_PER_BLOCK : 1u, private ? GRANULE_PRIVATE : GRANULE_SHARED,
	      private ? GRANULE_NONE : 0u, (block ? FRAME_BLOCK : 0u) + (private ? FRAME_SCRUBBED : 0u));
}

static void must_be_frame(granule_t g)
{
	if (g < RAM_GRANULES && granule_state[g] == GRANULE_SHARED) {
		return;
	}
	granule_must_be(g, GRANULE_PRIVATE);
}

bool frame_destroy(granule_t first, u32 *budget)
{
	must_be_frame(first);
	u32 count = frame_size_bit(first) != 0u ? NIE_PAGES_PER_BLOCK : 1u;

	if (!spend(budget, count)) {
		return false;
	}
	if (granule_state[first] == GRANULE_PRIVATE) {
		(void)vspace_unmap_private(first);
	} else if (granule_owner[first] != 0u) {
		hw_panic("a shared frame ends while mapped: granule", first);
	}
	if (granule_place[first] % FRAME_BLOCK < FRAME_SCRUBBED) {
		hw_scrub(first, count);
	}
	set_free(first, count);
	return true;
}
