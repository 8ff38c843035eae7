/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile VMM. It gets what host-vmm gets, composes guests of its own, and tries to read, change or
 * confuse them, and the kernel. A line for each attack says what was tried, how it failed, and
 * whether the kernel held; after each, a neighbour guest that nobody attacks must be unharmed.
 */
#include <stdio.h>

#include "hostile.h"
#include "uart.h"

#define OWN_SLOTS 64u
#define GUEST_SLOTS 160u
#define SCRATCH_BITS 23u

struct hostile h;

u64 scratch_make(u64 type, u64 bits)
{
	u64 slot = 0;

	must("scratch object", nie_allocate(&h.scratch, type, bits, &slot));
	return slot;
}

/* Objects go with their memory; what is left in the slots are copies of other capabilities. */
void scratch_reset(void)
{
	u64 end = h.scratch.next_slot;

	must("giving scratch memory back", nie_allocator_reclaim(&h.scratch));
	for (u64 slot = end; slot > h.scratch.first_slot; slot--) {
		struct nie_cap_info_results info = {0};

		if (nie_cap_info(slot - 1u, &info) == NIE_OK) {
			must("deleting a copy", nie_delete_all(NIE_OWN_CSPACE, slot - 1u));
		}
	}
}

/* The initial task is not needed any more; as host-vmm does. */
static void reclaim_initial_task(void)
{
	for (u32 i = 0; i < h.config.reclaim.count; i++) {
		struct nie_cap_info_results info = {0};

		if (nie_cap_info(h.config.reclaim.first + i, &info) == NIE_OK) {
			nie_revoke_all(NIE_OWN_CSPACE, h.config.reclaim.first + i);
		}
	}
}

static void take_memory(void)
{
	u64 slot = h.config.free_slots.first;
	u64 untyped;

	if (h.config.free_slots.count < OWN_SLOTS + 4u * GUEST_SLOTS) {
		broken_setup("too few free slots", h.config.free_slots.count);
	}
	nie_allocator_init(&h.own, slot, OWN_SLOTS);
	for (u32 i = 0; i < h.config.memory.count; i++) {
		must("taking memory", nie_allocator_add(&h.own, h.config.memory.slot[i]));
	}
	nie_space_init(&h.space, h.config.vspace, &h.own);
	must("scratch memory", nie_allocate(&h.own, NIE_TYPE_UNTYPED, SCRATCH_BITS, &untyped));
	must("memory for probes", nie_allocate(&h.own, NIE_TYPE_UNTYPED, NIE_PAGE_BITS, &h.probe_untyped));
	h.probe_slot = slot + OWN_SLOTS - 1u;
	h.own.slot_limit--;
	slot += OWN_SLOTS;
	guest_init(&victim, 0, h.config.window, slot, GUEST_SLOTS);
	guest_init(&neighbour, 1, h.config.window + 4u * NIE_BLOCK_SIZE, slot + GUEST_SLOTS, GUEST_SLOTS);
	guest_init(&marker, 2, h.config.window + 8u * NIE_BLOCK_SIZE, slot + 2u * GUEST_SLOTS, GUEST_SLOTS);
	slot += 3u * GUEST_SLOTS;
	nie_allocator_init(&h.scratch, slot, h.config.free_slots.first + h.config.free_slots.count - slot);
	must("scratch memory", nie_allocator_add(&h.scratch, untyped));
	must("tables for attempts", nie_space_prepare(&h.space, NIE_PAGE_BITS, ATTEMPT_PAGE));
}

/* A vCPU of our own on each other core. */
static void cores_start(void)
{
	u32 count = h.config.cores.count < h.config.vcpus.count ? h.config.cores.count : h.config.vcpus.count;

	for (h.cores = 1; h.cores < count && h.cores < CORES_MAX; h.cores++) {
		u64 core = h.config.cores.slot[h.cores];
		struct nie_cap_info_results info = {0};

		if (nie_cap_info(core, &info) != NIE_OK) {
			return; /* the machine has fewer cores than the system was built for */
		}
		must("starting a core", core_add((u32)h.cores, core, h.config.vcpus.slot[h.cores], h.config.vspace, h.config.cspace));
	}
}

int task_main(const u64 boot[6])
{
	const char *error = NULL;

	if (!config_read((const void *)boot[0], &h.config, &error) || h.config.guests != 3u) {
		if (h.config.console != 0u) {
			uart_init(h.config.console, 0);
			printf("hostile: FAILED: %s\n", error != NULL ? error : "not three guests");
		}
		__builtin_trap();
	}
	uart_init(h.config.console, 0);
	reclaim_initial_task();
	take_memory();
	cores_start();
	guest_start(&neighbour);
	printf("hostile: %lu core%s, guests of %lu pages\n", h.cores, h.cores == 1u ? "" : "s",
	       (u64)GUEST_RAM_PAGES);

	attack_memory();
	attack_frames();
	attack_tables();
	attack_exits();
	attack_seal();
	attack_run();
	attack_caps();
	attack_retype();
	attack_end();
	attack_race();
	attack_switch();
	attack_every();
	attack_random();

	verdict_finish();
	nie_machine_off(h.config.cores.slot[0]);
	return 0;
}
