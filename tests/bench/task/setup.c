/* SPDX-License-Identifier: Apache-2.0 */
/* What a benchmark's task begins with: the cost of reading the clock, and where memory is. */
#include "bench.h"

#include "nie/stubs.h"

#define ROUNDS 64u
#define SPARE_BYTES (16ul << 20)

u64 clock_cost;

static u64 next_slot;
static u64 memory; /* the largest piece of free memory, its size, and another piece of 16 MiB or more */
static u64 memory_bytes;
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
	return object_make(memory, NIE_TYPE_UNTYPED, size_bits);
}

u64 memory_all(u64 *bits)
{
	*bits = 63u - (u64)__builtin_clzl(memory_bytes);
	return memory;
}

u64 memory_spare(void)
{
	return spare;
}

static void find_memory(const u64 boot[6])
{
	next_slot = boot[5];
	for (u64 i = 0; i < boot[4]; i++) {
		struct nie_cap_info_results info = {0};

		must(nie_cap_info(NIE_BOOT_SLOT_FREE_UNTYPED + i, &info), "cap_info");
		if (info.free > memory_bytes) {
			spare = memory;
			memory_bytes = info.free;
			memory = NIE_BOOT_SLOT_FREE_UNTYPED + i;
		} else if (info.free >= SPARE_BYTES) {
			spare = NIE_BOOT_SLOT_FREE_UNTYPED + i;
		}
	}
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
