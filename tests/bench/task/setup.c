/* SPDX-License-Identifier: Apache-2.0 */
/* What a benchmark's task begins with: the cost of reading the clock, and where memory is. */
#include "bench.h"

#include "nie/stubs.h"

#define ROUNDS 64u
#define PIECE_BYTES (16ul << 20)
#define PIECES 16u

u64 clock_cost;

static u64 next_slot;
/* Pieces of free memory of 16 MiB and more, the largest first; 0 ends them. The smallest is apart. */
static u64 piece[PIECES + 1u];
static u64 piece_bytes[PIECES];
static u64 spare;

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

u64 untyped_take(u64 size_bits)
{
	return object_make(piece[0], NIE_TYPE_UNTYPED, size_bits);
}

const u64 *memory_all(u64 *bits)
{
	u64 bytes = 0;

	for (u32 i = 0; piece[i] != 0u; i++) {
		bytes += piece_bytes[i];
	}
	*bits = 63u - (u64)__builtin_clzl(bytes);
	return piece;
}

u64 memory_spare(void)
{
	return spare;
}

/* As one of `count`, in its place. */
static void add_piece(u32 count, u64 slot, u64 bytes)
{
	u32 at = count;

	for (; at > 0u && piece_bytes[at - 1u] < bytes; at--) {
		piece[at] = piece[at - 1u];
		piece_bytes[at] = piece_bytes[at - 1u];
	}
	piece[at] = slot;
	piece_bytes[at] = bytes;
}

static void find_memory(const u64 boot[6])
{
	u32 count = 0;

	next_slot = boot[5];
	for (u64 i = 0; i < boot[4]; i++) {
		struct nie_cap_info_results info = {0};

		must(nie_cap_info(NIE_BOOT_SLOT_FREE_UNTYPED + i, &info), "cap_info");
		if (info.free >= PIECE_BYTES && count < PIECES) {
			add_piece(count++, NIE_BOOT_SLOT_FREE_UNTYPED + i, info.free);
		}
	}
	must(count > 1u ? NIE_OK : NIE_ERR_NO_MEMORY, "find two pieces of memory");
	spare = piece[count - 1u];
	piece[count - 1u] = 0;
}

static void measure_clock(void)
{
	u64 least = ~0ul;

	for (u32 i = 0; i < ROUNDS; i++) {
		u64 before = clock_read();
		u64 cost = clock_read() - before;

		least = cost < least ? cost : least;
	}
	clock_cost = least;
}

void setup(const u64 boot[6])
{
	measure_clock();
	find_memory(boot);
	report_start();
}
