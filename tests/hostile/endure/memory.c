/* SPDX-License-Identifier: Apache-2.0 */
#include "endure.h"

#define STAYS_BITS 16u

struct piece pieces[PIECES_MAX];
u32 piece_count;
static u64 next_slot;

void memory_start(const u64 boot[6])
{
	next_slot = boot[5];
	if (boot[4] > PIECES_MAX) {
		failed("too many pieces of free memory");
	}
	piece_count = (u32)boot[4];
	for (u32 i = 0; i < piece_count; i++) {
		pieces[i].slot = NIE_BOOT_SLOT_FREE_UNTYPED + i;
	}
	memory_remember();
}

static u64 free_of(u64 slot, u64 *size_bits)
{
	struct nie_cap_info_results info = {0};

	must(nie_cap_info(slot, &info), "cap_info");
	*size_bits = info.size_bits;
	return info.free;
}

void memory_remember(void)
{
	for (u32 i = 0; i < piece_count; i++) {
		pieces[i].free = free_of(pieces[i].slot, &pieces[i].size_bits);
	}
}

u64 memory_missing(void)
{
	u64 missing = 0;

	for (u32 i = 0; i < piece_count; i++) {
		struct piece *p = &pieces[i];
		u64 size_bits;
		u64 now = free_of(p->slot, &size_bits);

		missing += now > p->free ? now - p->free : p->free - now;
		if (p->free == 1ul << p->size_bits) {
			u64 status = nie_retype(p->slot, NIE_TYPE_UNTYPED, p->size_bits, NIE_OWN_CSPACE, next_slot, 1);

			missing += status == NIE_OK ? 0u : p->free;
			must(nie_revoke_all(NIE_OWN_CSPACE, p->slot), "revoke");
		}
	}
	return missing;
}

u64 slots_take(u64 count)
{
	u64 first = next_slot;

	next_slot += count;
	return first;
}

u64 object_make(u64 untyped, u64 type, u64 size_bits)
{
	u64 slot = slots_take(1);

	must(nie_retype(untyped, type, size_bits, NIE_OWN_CSPACE, slot, 1), "retype");
	return slot;
}

u64 largest_piece(void)
{
	const struct piece *best = &pieces[0];

	for (u32 i = 1; i < piece_count; i++) {
		if (pieces[i].free > best->free) {
			best = &pieces[i];
		}
	}
	return best->slot;
}

u64 smallest_piece(void)
{
	const struct piece *best = NULL;

	for (u32 i = 0; i < piece_count; i++) {
		if (pieces[i].size_bits >= STAYS_BITS && (best == NULL || pieces[i].size_bits < best->size_bits)) {
			best = &pieces[i];
		}
	}
	return best != NULL ? best->slot : largest_piece();
}
