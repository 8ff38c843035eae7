/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold for as long as the machine runs: memory and VMIDs come back, a hypercall's work is bounded,
 * a guest leaves nothing in a task's registers. One line for each figure; test_endure.py judges them.
 */
#include "endure.h"

#define ROUNDS 330u /* more than there are VMIDs */

u32 cores;

static const char only_kicks[] = "kicks";

static bool begins_with(const char *archive, u64 size, const char *word)
{
	u64 i = 0;

	while (word[i] != '\0') {
		if (i >= size || archive[i] != word[i]) {
			return false;
		}
		i++;
	}
	return true;
}

/* The archive may hold "seed N", so that a run can be had again; otherwise the clock is as good as any. */
static u64 seed_of(const char *archive, u64 size)
{
	static const char word[] = "seed ";
	u64 seed = 0;

	if (!begins_with(archive, size, word)) {
		return nie_now();
	}
	for (u64 i = sizeof(word) - 1u; i < size && archive[i] >= '0' && archive[i] <= '9'; i++) {
		seed = seed * 10u + (u64)(archive[i] - '0');
	}
	return seed;
}

/* One more for each core but this one. */
static void cores_start(u64 count)
{
	for (cores = 1; cores < count && cores < CORES_MAX; cores++) {
		must(core_add(cores, NIE_BOOT_SLOT_CORES + cores, object_make(smallest_piece(), NIE_TYPE_VCPU, NIE_PAGE_BITS),
			      NIE_BOOT_SLOT_VSPACE, NIE_BOOT_SLOT_CSPACE), "starting a core");
	}
}

int task_main(const u64 boot[6])
{
	u64 seed = seed_of((const char *)boot[1], boot[2]);
	bool short_run = begins_with((const char *)boot[1], boot[2], only_kicks);

	memory_start(boot);
	console_start(NIE_BOOT_SLOT_DEVICES, CONSOLE_AT);
	cores_start(boot[0]);
	memory_remember();
	REPORT("cores", cores);
	REPORT("frequency", nie_frequency());
	if (!short_run) {
		registers();
		bounded();
		between();
	}
	kicks(!short_run);
	if (!short_run) {
		churn(seed | 1u, ROUNDS);
		vmids();
	}
	REPORT("end", 0);
	machine_off();
}
