/* SPDX-License-Identifier: Apache-2.0 */
/* Guests made, run and ended in many ways, more often than there are VMIDs; the memory is as it was, each time. */
#include "endure.h"

#define ENDS 6u
#define GUEST_BITS 23u
#define SPACES_MAX 400u

static u64 state;
static u64 exits[16]; /* by reason */

static u64 draw(u64 below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

/* A few exits, whatever they are; with PSCI CPU_ON the second vCPU's too. */
static void run_some(const struct guest *g)
{
	struct nie_run_results r = {0};
	u64 vcpu = g->vcpu[0];

	for (u32 i = 0; i < 6u; i++) {
		u64 reason;

		if (nie_run(vcpu, nie_now() + nie_frequency() / 10000u, 0, 0, 0, 0, 0, &r) != NIE_OK) {
			return; /* it is off, or being killed */
		}
		reason = r.exit % 256u;
		__atomic_fetch_add(&exits[reason % 16u], 1u, __ATOMIC_RELAXED);
		if (reason == NIE_EXIT_CPU_ON) {
			vcpu = g->vcpu[1];
		}
	}
}

static void run_on_core(void *argument)
{
	run_some(argument);
}

/* How the guest is taken apart; what this leaves, the revoke of its memory takes. */
static void end(const struct guest *g, u64 how)
{
	switch (how) {
	case 0:
		must(nie_kill_all(g->space), "kill");
		break;
	case 1:
		must(nie_delete_all(NIE_OWN_CSPACE, g->space), "delete a VSpace");
		break;
	case 2:
		must(nie_delete_all(NIE_OWN_CSPACE, g->vcpu[0]), "delete a vCPU");
		break;
	case 3:
		must(nie_unmap(g->page + g->pages - 1u), "unmap");
		must(nie_delete_all(NIE_OWN_CSPACE, g->page), "delete a frame");
		break;
	case 4:
		must(nie_cap_copy(NIE_OWN_CSPACE, slots_take(1), NIE_OWN_CSPACE, g->space, NIE_RIGHT_CONTROL), "copy");
		break;
	default:
		break; /* as it is */
	}
}

void churn(u64 seed, u32 rounds)
{
	u64 counts[ENDS] = {0};
	u64 missing = 0;
	u64 from = slots_take(0);

	state = seed;
	REPORT("churn-seed", seed); /* before anything can go wrong */
	for (u32 round = 0; round < rounds; round++) {
		u32 pages = 1u + (u32)draw(60);
		u32 blocks = (u32)draw(3);
		u32 vcpus = 1u + (u32)draw(4);
		struct guest g;
		u64 program = draw(PROGRAM_COUNT);
		u64 how = draw(ENDS);
		u64 piece = draw(piece_count);
		u64 untyped;
		bool other = cores > 1u && draw(2) != 0u;

		while (pieces[piece].size_bits <= GUEST_BITS || pieces[piece].free != 1ul << pieces[piece].size_bits) {
			piece = (piece + 1u) % piece_count;
		}
		slots_take(from - slots_take(0)); /* the same slots again */
		untyped = object_make(pieces[piece].slot, NIE_TYPE_UNTYPED, GUEST_BITS);
		guest_make(&g, pages, blocks, vcpus, untyped, program);
		if (other) {
			core_begin(1u, run_on_core, &g);
		} else {
			run_some(&g);
		}
		end(&g, how);
		counts[how]++;
		must(nie_revoke_all(NIE_OWN_CSPACE, untyped), "revoke a guest");
		must(nie_delete_all(NIE_OWN_CSPACE, untyped), "delete its memory");
		if (other) {
			core_join(1u);
		}
		must(nie_revoke_all(NIE_OWN_CSPACE, pieces[piece].slot), "revoke");
		missing += memory_missing();
	}
	REPORT("churn-rounds", rounds);
	report("churn-ends", ENDS, counts);
	report("churn-exits", 16u, exits);
	REPORT("churn-missing", missing);
}

/* All VMIDs there are, twice. */
void vmids(void)
{
	u64 untyped = largest_piece();
	u64 slots = slots_take(SPACES_MAX);
	u64 made[2] = {0};
	u64 status = NIE_OK;

	for (u32 i = 0; i < 2u; i++) {
		do {
			status = nie_retype(untyped, NIE_TYPE_GUEST_VSPACE, NIE_PAGE_BITS + 1u, NIE_OWN_CSPACE,
					    slots + made[i], 1);
			made[i] += status == NIE_OK ? 1u : 0u;
		} while (status == NIE_OK && made[i] < SPACES_MAX);
		if (status != NIE_RETYPE_EXHAUSTED_TYPE) {
			must(status, "making VSpaces until no VMID is left");
		}
		must(nie_revoke_all(NIE_OWN_CSPACE, untyped), "revoke");
	}
	REPORT("vmids", made[0], made[1], memory_missing());
}
