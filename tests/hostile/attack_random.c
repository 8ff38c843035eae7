/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls at random, by a task that holds capabilities of every type, a guest's among them. It runs in
 * our VSpace, with a CSpace of its own that is filled again before each batch.
 */
#include <stdio.h>

#include "hostile.h"

#define SEED 0x6e69655f72616e64ul
#define BATCHES 40u
#define CALLS 500u
#define SLOTS 127u
#define BATCH_SECONDS 10u
#define STACK 0x2000u

void random_calls(void); /* called by probe.S */

static u64 state = SEED;
static volatile u64 done;
static u64 accepted;
static u8 stack[STACK] __attribute__((aligned(16)));

static u64 random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static u64 argument(void)
{
	static const u64 special[] = {
		0, 1, ~0ul, 1ul << 63, 1ul << 39, NIE_SHARED_HALF, NIE_SHARED_HALF + 0x40000000ul, GUEST_RAM_BASE,
		GUEST_PAGE_IPA, GUEST_PAGE_IPA + NIE_PAGE_SIZE, 0x80000000ul, 0x100000000ul, 12, 13, 21, NIE_NEVER,
	};
	u64 r = random();

	switch (r % 16u) {
	case 0:
		return random();
	case 1:
	case 2:
		return special[r / 16u % 16u];
	case 3:
	case 4:
		return random() % 16u;
	case 5:
		return random() % (1ul << 39) / NIE_PAGE_SIZE * NIE_PAGE_SIZE;
	default:
		return random() % (SLOTS + 2u);
	}
}

static u64 call(u64 number)
{
	register u64 x8 __asm__("x8") = number;
	register u64 x0 __asm__("x0") = argument();
	register u64 x1 __asm__("x1") = argument();
	register u64 x2 __asm__("x2") = argument();
	register u64 x3 __asm__("x3") = argument();
	register u64 x4 __asm__("x4") = argument();
	register u64 x5 __asm__("x5") = argument();
	register u64 x6 __asm__("x6") = argument();

	__asm__ volatile("svc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6)
			 : "r"(x8) : "x7", "memory");
	return x0;
}

void random_calls(void)
{
	for (u32 i = 0; i < CALLS; i++) {
		accepted += call(random() % (NIE_CALL_LIMIT + 1u)) == NIE_OK;
		done++;
	}
}

static void give(u64 cnode, u64 *index, u64 slot, u64 rights)
{
	must("giving a capability", nie_cap_copy(cnode, (*index)++, NIE_OWN_CSPACE, slot, rights));
}

/* A CSpace with some of everything; but no core to switch the machine off with, and no untyped of ours. */
static u64 fill_cspace(void)
{
	u64 cnode = scratch_make(NIE_TYPE_CNODE, NIE_PAGE_BITS);
	u64 index = 1;

	give(cnode, &index, cnode, NIE_RIGHTS_ALL);
	give(cnode, &index, victim.vspace, NIE_RIGHTS_ALL);
	give(cnode, &index, victim.vcpu[0], NIE_RIGHTS_ALL);
	give(cnode, &index, victim.vcpu[1], NIE_RIGHTS_ALL);
	give(cnode, &index, victim.block, NIE_RIGHTS_ALL);
	give(cnode, &index, h.config.cores.slot[0], RIGHTS_RWX);
	for (u32 i = 0; i < 16u; i++) {
		give(cnode, &index, victim.page[i], NIE_RIGHTS_ALL);
	}
	for (u64 slot = victim.memory.first_slot; slot < victim.memory.next_slot; slot++) {
		struct nie_cap_info_results info = {0};

		if (nie_cap_info(slot, &info) == NIE_OK && info.type == NIE_TYPE_TABLE) {
			give(cnode, &index, slot, NIE_RIGHTS_ALL);
		}
	}
	give(cnode, &index, scratch_make(NIE_TYPE_TASK_VSPACE, NIE_PAGE_BITS + 1u), NIE_RIGHTS_ALL);
	give(cnode, &index, scratch_make(NIE_TYPE_GUEST_VSPACE, NIE_PAGE_BITS + 1u), NIE_RIGHTS_ALL);
	for (u32 i = 0; i < 4u; i++) {
		give(cnode, &index, scratch_make(NIE_TYPE_VCPU, NIE_PAGE_BITS), NIE_RIGHTS_ALL);
		give(cnode, &index, scratch_make(NIE_TYPE_TABLE, NIE_PAGE_BITS), NIE_RIGHTS_ALL);
		give(cnode, &index, scratch_make(NIE_TYPE_SHARED_FRAME, NIE_PAGE_BITS), NIE_RIGHTS_ALL);
		give(cnode, &index, scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS), NIE_RIGHTS_ALL);
		must("giving memory", nie_cap_move(cnode, index++, NIE_OWN_CSPACE,
						   scratch_make(NIE_TYPE_UNTYPED, NIE_PAGE_BITS + 4u)));
	}
	return cnode;
}

/* True: all calls of the batch came back. */
static bool batch(void)
{
	u64 vcpu = access_prepare(probe_random, (u64)(uintptr_t)(stack + STACK), fill_cspace(), 0);
	u64 limit = nie_now() + BATCH_SECONDS * nie_frequency();

	done = 0;
	while (done < CALLS && nie_now() < limit) {
		struct nie_run_results r = {0};

		/* A guest or task that it runs may go on for ever: the deadline ends that. */
		if (nie_run(vcpu, nie_now() + nie_frequency() / 200u, 0, 0, 0, 0, 0, &r) != NIE_OK ||
		    (r.exit & 0xffu) == NIE_EXIT_CRASH || (r.exit & 0xffu) == NIE_EXIT_FAULT) {
			return false;
		}
	}
	return done == CALLS;
}

void attack_random(void)
{
	u64 leaks_before = guest_leaks();
	u64 dirty = 0;
	u32 finished = 0;

	for (u32 i = 0; i < BATCHES; i++) {
		guest_start(&victim);
		finished += batch() ? 1u : 0u;
		scratch_reset();
		dirty += i % 10u == 0u ? scan_guest_memory(&victim) : 0u;
	}
	verdict(finished == BATCHES && dirty == 0u && guest_leaks() == leaks_before,
		"random hypercalls with capabilities of every type",
		"seed 0x%lx, %u calls, %lu accepted, %lu words of guests are not zero", SEED, finished * CALLS,
		accepted, dirty);
}
