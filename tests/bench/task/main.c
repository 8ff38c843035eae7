/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The benchmark, as the machine's initial task: the kernel with no VMM of nie's around it. It prints, for
 * each operation, how often it was tried and the sum, least and most of its ticks.
 */
#include "bench.h"

#include "nie/stubs.h"

#define ROUNDS 64u

u64 clock_cost;

static u64 next_slot;
static u64 memory; /* the largest piece of free memory */

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

static void find_memory(const u64 boot[6])
{
	u64 most = 0;

	next_slot = boot[5];
	for (u64 i = 0; i < boot[4]; i++) {
		struct nie_cap_info_results info = {0};

		must(nie_cap_info(NIE_BOOT_SLOT_FREE_UNTYPED + i, &info), "cap_info");
		if (info.free > most) {
			most = info.free;
			memory = NIE_BOOT_SLOT_FREE_UNTYPED + i;
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

static void measure_null(void)
{
	struct samples known = {0}, unknown = {0};
	struct nie_cap_info_results info;
	u64 more;

	for (u32 i = 0; i < ROUNDS; i++) {
		TIMED(known, (void)nie_cap_info(NIE_BOOT_SLOT_VCPU, &info));
	}
	for (u32 i = 0; i < ROUNDS; i++) {
		TIMED(unknown, (void)nie_irq_poll(0, &more));
	}
	report("null", &known);
	report("refused", &unknown);
}

int task_main(const u64 boot[6])
{
	measure_clock();
	find_memory(boot);
	output_start();
	measure_null();
	measure_memory();
	measure_guests();
	print("bench: end\r\n");
	finish();
}
