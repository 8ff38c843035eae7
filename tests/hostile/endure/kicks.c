/* SPDX-License-Identifier: Apache-2.0 */
/* Each kick arrives: one is sent, and the next only when the first was heard. Of a task that waits and of a guest that
 * computes, without a deadline, while another core keeps the kernel busy. And how long it takes: with QEMU's instruction counter,
 * where a core that yields or sleeps lets the next one run at once, a tick is an instruction of the two. */
#include "endure.h"

#define KICKS 200u
#define PATIENCE 20u /* seconds; a kick that takes longer is lost */

static struct {
	struct guest guest;
	u64 untyped;
	u32 begun, stop, heard;
	u64 at;           /* when it was heard */
	u64 ticks[KICKS]; /* from the call until then */
} all;

static bool going_on(void)
{
	return __atomic_load_n(&all.stop, __ATOMIC_RELAXED) == 0u;
}

/* From here on a kick is for who receives, and not for core 1's helper, which waits for something to do. */
static void begin(void)
{
	__atomic_store_n(&all.begun, 1u, __ATOMIC_RELEASE);
}

static void hear(u64 why)
{
	if (why == NIE_EXIT_KICK) {
		all.at = nie_now();
		__atomic_fetch_add(&all.heard, 1u, __ATOMIC_RELEASE);
	}
}

static void wait_for_ever(void *argument)
{
	(void)argument;
	begin();
	while (going_on()) {
		u64 why = 0;

		must(nie_wait(NIE_NEVER, &why), "wait");
		hear(why);
	}
}

static void run_for_ever(void *argument)
{
	(void)argument;
	begin();
	while (going_on()) {
		struct nie_run_results r = {0};

		must(nie_run(all.guest.vcpu[0], NIE_NEVER, 0, 0, 0, 0, 0, &r), "run");
		hear(r.exit % 256u);
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
	return __atomic_load_n(&all.heard, __ATOMIC_ACQUIRE);
}

/* Which kick was lost, from 1; then no other is sent. core_begin() has kicked once itself: that may be heard or not. */
static u64 send(void (*kick)(void))
{
	u64 lost = 0;

	for (u32 i = 0; i < KICKS && lost == 0u; i++) {
		u32 before = heard();
		u64 begin = nie_now();
		u64 end = begin + PATIENCE * nie_frequency();

		kick();
		while (heard() == before && nie_now() < end) {
			__asm__ volatile("yield");
		}
		lost = heard() == before ? i + 1u : 0u;
		all.ticks[i] = all.at - begin;
	}
	return lost;
}

/* Most take as long: under the instruction counter, all but those that QEMU's turns cut in two. */
static u64 median(void)
{
	u64 best = 0;

	for (u32 i = 0; i < KICKS; i++) {
		u32 below = 0;

		for (u32 j = 0; j < KICKS; j++) {
			below += all.ticks[j] < all.ticks[i] ? 1u : 0u;
		}
		best = below <= KICKS / 2u && all.ticks[i] > best ? all.ticks[i] : best;
	}
	return best;
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
	all.begun = 0;
	core_begin(1, receive, NULL);
	do {
		must(nie_wait(nie_now() + nie_frequency() / 100u, &why), "wait");
	} while (__atomic_load_n(&all.begun, __ATOMIC_ACQUIRE) == 0u);
	lost = send(kick);
	__atomic_store_n(&all.stop, 1u, __ATOMIC_RELAXED);
	core_join(1);
	return lost;
}

void kicks(bool busy)
{
	u64 slot = slots_take(1);
	u64 results[4] = {KICKS};
	u64 ticks[2];

	if (cores < 3u) {
		return;
	}
	all.untyped = object_make(largest_piece(), NIE_TYPE_UNTYPED, NIE_BLOCK_BITS);
	guest_make(&all.guest, 1, 0, 1, object_make(largest_piece(), NIE_TYPE_UNTYPED, NIE_BLOCK_BITS), PROGRAM_SPIN);
	results[1] = try(wait_for_ever, kick_task);
	ticks[0] = median();
	results[2] = try(run_for_ever, kick_guest);
	ticks[1] = median();
	report("kick-ticks", 2u, ticks);
	if (busy) {
		all.stop = 0;
		core_begin(2, keep_busy, &slot);
		results[3] = try(run_for_ever, kick_guest);
		core_join(2);
		report("kicks", 4u, results);
	}
	must(nie_revoke_all(NIE_OWN_CSPACE, largest_piece()), "revoke");
}
