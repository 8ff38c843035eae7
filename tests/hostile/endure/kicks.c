/* SPDX-License-Identifier: Apache-2.0 */
/* Each kick arrives: one is sent, and the next only when the first was heard. Of a task that waits and of a guest that
 * computes, without a deadline, while another core keeps the kernel busy. */
#include "endure.h"

#define KICKS 200u
#define PATIENCE 20u /* seconds; a kick that takes longer is lost */
#define LOST_MOST 1u

static struct {
	struct guest guest;
	u64 untyped;
	u32 stop, heard;
} all;

static bool going_on(void)
{
	return __atomic_load_n(&all.stop, __ATOMIC_RELAXED) == 0u;
}

static void wait_for_ever(void *argument)
{
	(void)argument;
	while (going_on()) {
		u64 why = 0;

		must(nie_wait(NIE_NEVER, &why), "wait");
		__atomic_fetch_add(&all.heard, why == NIE_EXIT_KICK ? 1u : 0u, __ATOMIC_RELAXED);
	}
}

static void run_for_ever(void *argument)
{
	(void)argument;
	while (going_on()) {
		struct nie_run_results r = {0};

		must(nie_run(all.guest.vcpu[0], NIE_NEVER, 0, 0, 0, 0, 0, &r), "run");
		__atomic_fetch_add(&all.heard, r.exit % 256u == NIE_EXIT_KICK ? 1u : 0u, __ATOMIC_RELAXED);
	}
}

static void keep_busy(void *argument)
{
	u64 slot = *(const u64 *)argument;

	while (going_on()) {
		must(nie_retype(all.untyped, NIE_TYPE_SHARED_FRAME, NIE_BLOCK_BITS, NIE_OWN_CSPACE, slot, 1), "retype");
		must(nie_delete_all(NIE_OWN_CSPACE, slot), "delete");
	}
}

static u32 heard(void)
{
	return __atomic_load_n(&all.heard, __ATOMIC_RELAXED);
}

/* The number of kicks that were lost. core_begin() has kicked once itself: that may be heard or not. */
static u64 send(void (*kick)(void))
{
	u64 lost = 0;

	for (u32 i = 0; i < KICKS && lost < LOST_MOST; i++) {
		u32 before = heard();
		u64 end = nie_now() + PATIENCE * nie_frequency();

		kick();
		while (heard() == before && nie_now() < end) {
			__asm__ volatile("yield");
		}
		lost += heard() == before ? 1u : 0u;
	}
	return lost;
}

static void kick_task(void)
{
	core_kick(1);
}

static void kick_guest(void)
{
	must(nie_vcpu_kick(all.guest.vcpu[0]), "kick");
}

/* Run `receive` on core 1 until `kick` has been sent often enough. */
static u64 try(void (*receive)(void *), void (*kick)(void))
{
	u64 lost;
	u64 why = 0;

	all.stop = 0;
	core_begin(1, receive, NULL);
	must(nie_wait(nie_now() + nie_frequency() / 100u, &why), "wait"); /* it has begun, and its first kick is over */
	lost = send(kick);
	__atomic_store_n(&all.stop, 1u, __ATOMIC_RELAXED);
	core_join(1);
	return lost;
}

void kicks(void)
{
	u64 slot = slots_take(1);
	u64 results[4] = {KICKS};

	if (cores < 3u) {
		return;
	}
	all.untyped = object_make(largest_piece(), NIE_TYPE_UNTYPED, NIE_BLOCK_BITS);
	guest_make(&all.guest, 1, 0, 1, object_make(largest_piece(), NIE_TYPE_UNTYPED, NIE_BLOCK_BITS), PROGRAM_SPIN);
	results[1] = try(wait_for_ever, kick_task);
	results[2] = try(run_for_ever, kick_guest);
	all.stop = 0;
	core_begin(2, keep_busy, &slot);
	results[3] = try(run_for_ever, kick_guest);
	core_join(2);
	report("kicks", 4u, results);
	must(nie_revoke_all(NIE_OWN_CSPACE, largest_piece()), "revoke");
}
