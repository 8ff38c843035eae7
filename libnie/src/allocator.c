/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/allocator.h"

#include "nie/loops.h"
#include "nie/stubs.h"

void nie_allocator_init(struct nie_allocator *a, u64 first_slot, u64 slot_count)
{
	a->untyped_count = 0;
	a->first_slot = first_slot;
	a->next_slot = first_slot;
	a->slot_limit = first_slot + slot_count;
}

u64 nie_allocator_add(struct nie_allocator *a, u64 untyped_slot)
{
	struct nie_cap_info_results info;
	struct nie_untyped *u = &a->untyped[a->untyped_count];
	u64 status;

	if (a->untyped_count == NIE_ALLOCATOR_UNTYPED) {
		return NIE_ERR_EXHAUSTED;
	}
	status = nie_cap_info(untyped_slot, &info);
	if (status != NIE_OK) {
		return status;
	}
	if (info.type != NIE_TYPE_UNTYPED) {
		return NIE_ERR_WRONG_TYPE;
	}
	*u = (struct nie_untyped){untyped_slot, info.size_bits, info.address, info.free};
	a->untyped_count++;
	return NIE_OK;
}

/* Bytes that `count` objects take from an untyped, with what alignment skips; 0: no room. */
static u64 cost(const struct nie_untyped *u, u64 size_bits, u64 count)
{
	u64 size = 1ul << size_bits;
	u64 end = u->address + (1ul << u->size_bits);
	u64 watermark = end - u->free;
	u64 skipped = (size - watermark % size) % size;

	if (skipped > u->free || (u->free - skipped) / size < count) {
		return 0;
	}
	return skipped + count * size;
}

static struct nie_untyped *smallest_with_room(struct nie_allocator *a, u64 size_bits, u64 count)
{
	struct nie_untyped *best = NULL;

	for (u32 i = 0; i < a->untyped_count; i++) {
		struct nie_untyped *u = &a->untyped[i];

		if ((best == NULL || u->size_bits < best->size_bits) && cost(u, size_bits, count) != 0) {
			best = u;
		}
	}
	return best;
}

u64 nie_allocate_many(struct nie_allocator *a, u64 type, u64 size_bits, u64 count, u64 *first_slot)
{
	struct nie_untyped *u = smallest_with_room(a, size_bits, count);
	u64 made = 0;
	u64 status;

	if (u == NULL) {
		return NIE_ERR_NO_MEMORY;
	}
	if (a->slot_limit - a->next_slot < count) {
		return NIE_ERR_EXHAUSTED;
	}
	status = nie_retype_all(u->slot, type, size_bits, a->next_slot, count, &made);
	if (made != 0) {
		u->free -= cost(u, size_bits, made);
	}
	if (status == NIE_OK) {
		*first_slot = a->next_slot;
	}
	/* Objects of an unfinished step stay in their slots until the allocator is reclaimed. */
	a->next_slot += made;
	return status;
}

u64 nie_allocate(struct nie_allocator *a, u64 type, u64 size_bits, u64 *slot)
{
	return nie_allocate_many(a, type, size_bits, 1, slot);
}

u64 nie_allocate_at(struct nie_allocator *a, u64 type, u64 size_bits, u64 slot)
{
	struct nie_untyped *u = smallest_with_room(a, size_bits, 1);
	u64 status = u == NULL ? (u64)NIE_ERR_NO_MEMORY : nie_retype(u->slot, type, size_bits, NIE_OWN_CSPACE, slot, 1);

	if (status == NIE_OK) {
		u->free -= cost(u, size_bits, 1);
	}
	return status;
}

u64 nie_allocator_free_bytes(const struct nie_allocator *a)
{
	u64 sum = 0;

	for (u32 i = 0; i < a->untyped_count; i++) {
		sum += a->untyped[i].free;
	}
	return sum;
}

u64 nie_allocator_reclaim_step(struct nie_allocator *a, u64 *more)
{
	for (u32 i = 0; i < a->untyped_count; i++) {
		struct nie_untyped *u = &a->untyped[i];
		u64 unfinished;
		u64 status;

		if (u->free == 1ul << u->size_bits) {
			continue;
		}
		status = nie_cap_revoke(NIE_OWN_CSPACE, u->slot, &unfinished);
		if (status == NIE_OK && unfinished == 0) {
			u->free = 1ul << u->size_bits;
		}
		*more = 1;
		return status;
	}
	a->next_slot = a->first_slot;
	*more = 0;
	return NIE_OK;
}

u64 nie_allocator_reclaim(struct nie_allocator *a)
{
	u64 more = 1;
	u64 status = NIE_OK;

	while (more != 0 && status == NIE_OK) {
		status = nie_allocator_reclaim_step(a, &more);
	}
	return status;
}
