/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls at random, by tasks that hold capabilities of every type, a guest's among them, with all rights: by one,
 * and by one on each of several cores at once. They run in our VSpace, each with a CSpace of its own that is filled
 * again before each batch. What arguments are like comes from the interface file, as for the fuzzer of kernel/core.
 */
#include <stdio.h>

#include "hostile.h"
#include "kinds.h"

#include "grammar.h"

#define SEED 0x6e69655f72616e64ul
#define BATCHES 40u
#define BATCHES_TOGETHER 20u
#define CALLS 500u
#define CALLS_BETWEEN_LOOKS 50u
#define SLOTS 127u
#define BATCH_SECONDS 20u
#define STACK 0x2000u
#define RUNNERS_MAX 3u
#define RUNNER_INDEX 4u /* of the first, in our VSpace */
#define ANYTHING 16u    /* one argument in so many is any number */

struct runner {
	u64 stack_top; /* probe.S: first */
	u64 state, vcpu, accepted;
	volatile u64 done;
	u32 core;
	bool finished;
	u8 type[SLOTS + 1u]; /* of the capability at each index, lately */
	u8 stack[STACK] __attribute__((aligned(16)));
};

void random_calls(struct runner *r); /* called by probe.S */

static struct runner runners[RUNNERS_MAX];

static u64 draw(struct runner *r)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return r->state;
}

static void look_around(struct runner *r)
{
	for (u64 i = 1; i <= SLOTS; i++) {
		struct nie_cap_info_results info = {0};

		r->type[i] = nie_cap_info(i, &info) == NIE_OK ? (u8)info.type : 0u;
	}
}

/* A slot with a capability of one of these types; without any types, an empty one. */
static u64 slot_with(struct runner *r, u32 types)
{
	u64 at = draw(r) % SLOTS;

	for (u32 i = 0; i < SLOTS; i++) {
		u32 type = r->type[1u + (at + i) % SLOTS];

		if (types == 0u ? type == 0u : type != 0u && (1u << type & types) != 0u) {
			return 1u + (at + i) % SLOTS;
		}
	}
	return at;
}

static u64 address(struct runner *r)
{
	static const u64 special[] = {
		0, 1ul << 39, NIE_SHARED_HALF, NIE_SHARED_HALF + 0x40000000ul, GUEST_RAM_BASE, GUEST_PAGE_IPA,
		GUEST_PAGE_IPA + NIE_PAGE_SIZE, GUEST_PAGE_IPA + 9u * NIE_PAGE_SIZE, GUEST_RAM_BASE + GUEST_RAM_SIZE,
		0x80000000ul, 0x80200000ul, 0x100000000ul,
	};
	u64 n = draw(r) % 16u;

	return n < sizeof(special) / sizeof(special[0]) ? special[n] : draw(r) % (1ul << 39) / NIE_PAGE_SIZE * NIE_PAGE_SIZE;
}

static u64 list_register(struct runner *r)
{
	return draw(r) % 4u != 0u ? 0u : 1ul << 62 | 1ul << 60 | draw(r) % 64u;
}

static u64 argument(struct runner *r, u32 kind, u32 types)
{
	static const u64 sizes[] = {NIE_PAGE_BITS, NIE_PAGE_BITS, NIE_PAGE_BITS + 1u, NIE_PAGE_BITS + 1u, NIE_BLOCK_BITS, 14, 16};

	if (draw(r) % ANYTHING == 0u) {
		return draw(r) >> draw(r) % 64u;
	}
	switch (kind) {
	case KIND_SLOT:
		return slot_with(r, types);
	case KIND_PLACE:
		return draw(r) % 4u != 0u ? NIE_OWN_CSPACE : slot_with(r, types);
	case KIND_INDEX:
		return slot_with(r, ~1u);
	case KIND_INDEX_TO:
		return slot_with(r, 0);
	case KIND_TYPE:
		return draw(r) % 12u;
	case KIND_SIZE:
		return sizes[draw(r) % (sizeof(sizes) / sizeof(sizes[0]))];
	case KIND_IPA:
	case KIND_DEBUG:
		return address(r);
	case KIND_LEVEL:
		return 2u + draw(r) % 2u;
	case KIND_TIME:
		return draw(r) % 4u == 0u ? NIE_NEVER : nie_now() + draw(r) % 100000u;
	case KIND_LIST:
		return list_register(r);
	case KIND_ADDRESS:
		return draw(r) % 4u != 0u ? GUEST_ENTRY : address(r);
	case KIND_ANY:
		return draw(r);
	default: /* rights, counts, flags, numbers */
		return draw(r) % 16u;
	}
}

static u64 call(u64 number, const u64 x[7])
{
	register u64 x8 __asm__("x8") = number;
	register u64 x0 __asm__("x0") = x[0];
	register u64 x1 __asm__("x1") = x[1];
	register u64 x2 __asm__("x2") = x[2];
	register u64 x3 __asm__("x3") = x[3];
	register u64 x4 __asm__("x4") = x[4];
	register u64 x5 __asm__("x5") = x[5];
	register u64 x6 __asm__("x6") = x[6];

	__asm__ volatile("svc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6)
			 : "r"(x8) : "x7", "memory");
	return x0;
}

void random_calls(struct runner *r)
{
	for (u32 i = 0; i < CALLS; i++) {
		const struct grammar *g = &grammar[draw(r) % (sizeof(grammar) / sizeof(grammar[0]))];
		u64 x[7];

		if (i % CALLS_BETWEEN_LOOKS == 0u) {
			look_around(r);
		}
		for (u32 n = 0; n < 7u; n++) {
			x[n] = n < g->count ? argument(r, g->arguments[n].kind, g->arguments[n].types) : draw(r);
		}
		u64 number = draw(r) % ANYTHING == 0u ? draw(r) >> draw(r) % 64u : g->number;

		r->accepted += call(number, x) == NIE_OK;
		r->done++;
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

static void prepare(struct runner *r)
{
	r->stack_top = (u64)(uintptr_t)(r->stack + STACK);
	r->done = 0;
	r->vcpu = scratch_make(NIE_TYPE_VCPU, NIE_PAGE_BITS);
	must("configuring a task", nie_vcpu_configure(r->vcpu, h.config.vspace, RUNNER_INDEX + r->core, fill_cspace(),
						      (u64)(uintptr_t)probe_random, (u64)(uintptr_t)r, 0));
}

/* Finished: all calls of the batch came back. */
static void run_batch(void *argument)
{
	struct runner *r = argument;
	u64 limit = nie_now() + BATCH_SECONDS * nie_frequency();
	struct nie_run_results out = {0};

	r->finished = false;
	while (r->done < CALLS && nie_now() < limit) {
		/* A guest or task that it runs may go on for ever: the deadline ends that. */
		if (nie_run(r->vcpu, nie_now() + nie_frequency() / 200u, 0, 0, 0, 0, 0, &out) != NIE_OK ||
		    (out.exit & 0xffu) == NIE_EXIT_CRASH || (out.exit & 0xffu) == NIE_EXIT_FAULT) {
			return;
		}
	}
	r->finished = r->done == CALLS;
}

static void at_random(const char *what, u32 count, u32 batches)
{
	u64 leaks_before = guest_leaks();
	u64 dirty = 0;
	u64 accepted = 0;
	u32 finished = 0;

	for (u32 n = 0; n < count; n++) {
		runners[n].core = n;
		runners[n].state = SEED + n;
		runners[n].accepted = 0;
	}
	for (u32 i = 0; i < batches; i++) {
		guest_start(&victim);
		for (u32 n = 0; n < count; n++) {
			prepare(&runners[n]);
		}
		for (u32 n = 1; n < count; n++) {
			(void)core_begin(n, run_batch, &runners[n]);
		}
		run_batch(&runners[0]);
		for (u32 n = 1; n < count; n++) {
			core_join(n);
		}
		for (u32 n = 0; n < count; n++) {
			finished += runners[n].finished ? 1u : 0u;
		}
		scratch_reset();
		dirty += i % 10u == 0u ? scan_guest_memory(&victim) : 0u;
	}
	for (u32 n = 0; n < count; n++) {
		accepted += runners[n].accepted;
	}
	verdict(finished == count * batches && accepted != 0u && dirty == 0u && guest_leaks() == leaks_before, what,
		"seed 0x%lx, %u calls, %lu accepted, %lu words of guests are not zero", SEED, finished * CALLS, accepted,
		dirty);
}

void attack_random(void)
{
	at_random("random hypercalls with capabilities of every type", 1, BATCHES);
	if (h.cores > 1u) {
		at_random("random hypercalls on several cores at once", h.cores < RUNNERS_MAX ? (u32)h.cores : RUNNERS_MAX,
			  BATCHES_TOGETHER);
	}
}
