/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest computes on another core while its objects are taken away. With one core only, its run is
 * cut off by a deadline in the middle of the computation.
 */
#include <stdio.h>

#include "hostile.h"

#define RUNNER 1u
#define CUT_MILLISECONDS 2u
#define SPIN_MILLISECONDS 3000u

static struct {
	u32 rounds, wrong, stop;
	u64 last_reason;
} race;

/* Let the guest sum its RAM again and again, as long as it answers. */
static void sum_for_ever(void *argument)
{
	struct guest *g = argument;

	while (__atomic_load_n(&race.stop, __ATOMIC_RELAXED) == 0u) {
		u64 sum = 0;

		race.last_reason = guest_ask(g, COMMAND_SUM, 0, &sum);
		if (race.last_reason != RUN_ANSWERED) {
			return;
		}
		race.wrong += sum != g->expected;
		__atomic_fetch_add(&race.rounds, 1u, __ATOMIC_RELAXED);
	}
}

static void spin(void *argument)
{
	struct guest *g = argument;
	u64 answer;

	g->patience = SPIN_MILLISECONDS;
	__atomic_fetch_add(&race.rounds, 1u, __ATOMIC_RELAXED);
	race.last_reason = guest_ask(g, COMMAND_EXIT, EXIT_SPIN, &answer);
}

static bool begin(void (*run)(void *))
{
	u64 patience;
	u64 sum;

	guest_start(&victim);
	patience = victim.patience;
	__atomic_store_n(&race.stop, 0u, __ATOMIC_RELAXED);
	race.rounds = 0;
	race.wrong = 0;
	race.last_reason = 0;
	if (core_begin(RUNNER, run, &victim)) {
		while (__atomic_load_n(&race.rounds, __ATOMIC_RELAXED) == 0u) {
			__asm__ volatile("yield");
		}
		return true;
	}
	victim.patience = CUT_MILLISECONDS;
	(void)guest_ask(&victim, COMMAND_SUM, 0, &sum);
	victim.patience = patience;
	return false;
}

static void take_away(const char *what, void (*attack)(void))
{
	bool other_core = begin(sum_for_ever);
	u64 found;

	attack();
	__atomic_store_n(&race.stop, 1u, __ATOMIC_RELAXED);
	if (other_core) {
		core_join(RUNNER);
	}
	/* Its last sum may have been done with what was taken before that went: the next one is not. */
	if (!other_core || race.last_reason == RUN_ANSWERED) {
		u64 sum = 0;

		race.last_reason = guest_ask(&victim, COMMAND_SUM, 0, &sum);
	}
	found = scan_guest_memory(&victim);
	verdict(race.wrong == 0u && race.last_reason != RUN_ANSWERED && found == 0u, what,
		"%u sums, %u wrong, ended by %lu, %lu words are not zero", race.rounds, race.wrong, race.last_reason,
		found);
}

static void kill_it(void)
{
	must("killing", nie_kill_all(victim.vspace));
}

static void delete_vspace(void)
{
	must("deleting", nie_delete_all(NIE_OWN_CSPACE, victim.vspace));
}

static void delete_vcpu(void)
{
	must("deleting", nie_delete_all(NIE_OWN_CSPACE, victim.vcpu[0]));
}

static void unmap_pages(void)
{
	for (u32 i = 0; i < GUEST_PAGES; i++) {
		must("unmapping", nie_unmap(victim.page[i]));
	}
}

static void unmap_block(void)
{
	must("unmapping", nie_unmap(victim.block));
}

static void delete_pages(void)
{
	for (u32 i = 0; i < GUEST_PAGES; i++) {
		must("deleting", nie_delete_all(NIE_OWN_CSPACE, victim.page[i]));
	}
}

static void delete_tables(void)
{
	for (u64 slot = victim.memory.first_slot; slot < victim.memory.next_slot; slot++) {
		struct nie_cap_info_results info = {0};

		if (nie_cap_info(slot, &info) == NIE_OK && info.type == NIE_TYPE_TABLE) {
			must("deleting", nie_delete_all(NIE_OWN_CSPACE, slot));
		}
	}
}

static void revoke_memory(void)
{
	for (u32 i = 0; i < victim.memory.untyped_count; i++) {
		must("revoking", nie_revoke_all(NIE_OWN_CSPACE, victim.memory.untyped[i].slot));
	}
}

/* Take pages, and at once put words of ours into them: the guest must not sum those. */
static void reuse_pages(void)
{
	for (u32 i = 0; i < GUEST_PAGES; i++) {
		must("unmapping", nie_unmap(victim.page[i]));
		must("mapping", nie_map(victim.page[i], h.config.vspace, ATTEMPT_PAGE, RIGHTS_RW));
		for (u64 at = 0; at < NIE_PAGE_SIZE; at += 8u) {
			*(volatile u64 *)(ATTEMPT_PAGE + at) = SITTER_SECRET;
		}
		must("unmapping", nie_unmap(victim.page[i]));
	}
}

static void run_twice(void)
{
	struct nie_run_results r = {0};
	u64 why;

	if (!begin(spin)) {
		return;
	}
	nie_wait(nie_now() + nie_frequency() / 20u, &why); /* it spins by then */
	refused("run a vCPU that runs on another core", nie_run(victim.vcpu[0], nie_now(), 0, 0, 0, 0, 0, &r),
		NIE_RUN_BUSY_VCPU);
	refused("start a task on a core that has one", nie_core_start(h.config.cores.slot[RUNNER], h.probe_slot),
		NIE_CORE_START_BUSY_CORE);
	must("killing", nie_kill_all(victim.vspace));
	core_join(RUNNER);
	verdict(race.last_reason == RUN_REFUSED, "kill a guest that spins on another core", "its run ends");
}

/* The runner does not give up: it runs the vCPU again as soon as it is thrown off. */
static void run_while_deleted(void)
{
	u64 more = 0;
	u64 why;

	if (!begin(spin)) {
		return;
	}
	nie_wait(nie_now() + nie_frequency() / 20u, &why);
	must("deleting", nie_cap_delete(NIE_OWN_CSPACE, victim.vcpu[0], &more));
	core_join(RUNNER);
	must("deleting", nie_delete_all(NIE_OWN_CSPACE, victim.vcpu[0]));
	verdict(more == 1u && race.last_reason == RUN_REFUSED, "run a vCPU again and again while it is deleted",
		"the run ends with %lu", race.last_reason);
}

void attack_race(void)
{
	take_away("kill a guest while it runs", kill_it);
	take_away("delete its VSpace while it runs", delete_vspace);
	take_away("delete its vCPU while it runs", delete_vcpu);
	take_away("unmap its pages while it runs", unmap_pages);
	take_away("unmap its 2 MiB while it runs", unmap_block);
	take_away("delete its frames while it runs", delete_pages);
	take_away("delete its tables while it runs", delete_tables);
	take_away("revoke its memory while it runs", revoke_memory);
	take_away("take its pages and write ours while it runs", reuse_pages);
	run_twice();
	run_while_deleted();
}
