/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_ALLOCATOR_H
#define NIE_ALLOCATOR_H

#include "nie/task.h"

/*
 * Makes objects from a set of untyped capabilities, into a range of slots of the task's own CSpace.
 * An object comes from the smallest untyped that has room, so that small objects leave the large
 * ones whole. Nothing is given back piecemeal: nie_allocator_reclaim() destroys all of it at once.
 */
#define NIE_ALLOCATOR_UNTYPED 64u

struct nie_untyped {
	u64 slot;
	u64 size_bits;
	u64 address;
	u64 free; /* bytes above the watermark */
};

struct nie_allocator {
	struct nie_untyped untyped[NIE_ALLOCATOR_UNTYPED];
	u32 untyped_count;
	u64 first_slot;
	u64 next_slot;
	u64 slot_limit; /* first slot that is not the allocator's */
};

void nie_allocator_init(struct nie_allocator *a, u64 first_slot, u64 slot_count);

/* Returns the kernel's status, or NIE_ERR_EXHAUSTED when the allocator has its fill of untypeds. */
u64 nie_allocator_add(struct nie_allocator *a, u64 untyped_slot);

/* One object, or `count` objects in consecutive slots. NIE_ERR_NO_MEMORY: no untyped has room;
 * NIE_ERR_EXHAUSTED: no slot left. Before another error some objects may have been made: reclaim. */
u64 nie_allocate(struct nie_allocator *a, u64 type, u64 size_bits, u64 *slot);
u64 nie_allocate_many(struct nie_allocator *a, u64 type, u64 size_bits, u64 count, u64 *first_slot);

/* One object into this slot, which is none of the allocator's. */
u64 nie_allocate_at(struct nie_allocator *a, u64 type, u64 size_bits, u64 slot);

/* Bytes above the watermarks of all untypeds, for messages. */
u64 nie_allocator_free_bytes(const struct nie_allocator *a);

/* Revoke every untyped: all objects made from them are destroyed and scrubbed, all slots empty. */
u64 nie_allocator_reclaim(struct nie_allocator *a);
/* A bounded part of that. *more: 1: call again. */
u64 nie_allocator_reclaim_step(struct nie_allocator *a, u64 *more);

#endif
