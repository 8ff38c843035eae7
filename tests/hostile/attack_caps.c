/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities: more rights than were given, wrong slots and numbers, and our own life. */
#include "hostile.h"

/* A copy of a capability with some of its rights, in a scratch slot. */
static u64 weaker(u64 slot, u64 rights)
{
	u64 to = h.scratch.next_slot++;

	must("copying a capability", nie_cap_copy(NIE_OWN_CSPACE, to, NIE_OWN_CSPACE, slot, rights));
	return to;
}

static void rights(void)
{
	struct nie_run_results r = {0};
	struct nie_cap_info_results info = {0};
	u64 vcpu = weaker(victim.vcpu[0], RIGHTS_RWX);
	u64 space = weaker(victim.vspace, NIE_RIGHT_READ);
	u64 core = weaker(h.config.cores.slot[0], RIGHTS_RWX);
	u64 page = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
	u64 weak = weaker(page, NIE_RIGHT_READ);
	u64 again = weaker(weak, NIE_RIGHTS_ALL);
	u64 more;

	must("looking", nie_cap_info(again, &info));
	verdict(info.rights == NIE_RIGHT_READ, "copy a read-only capability with all rights", "rights 0x%lx",
		info.rights);
	must("looking", nie_cap_info(weaker(page, ~0ul), &info));
	verdict(info.rights == NIE_RIGHTS_ALL, "copy with rights that there are not", "rights 0x%lx",
		info.rights);
	refused("run without the right", nie_run(vcpu, 0, 0, 0, 0, 0, 0, &r), NIE_RUN_NO_RIGHT_VCPU);
	refused("kick without the right", nie_vcpu_kick(vcpu), NIE_VCPU_KICK_NO_RIGHT_VCPU);
	refused("kill without the right", nie_vspace_kill(space, &more), NIE_VSPACE_KILL_NO_RIGHT_VSPACE);
	refused("donate without the right", nie_donate(page, space, GUEST_PAGE_IPA, NIE_RIGHT_READ),
		NIE_DONATE_NO_RIGHT_VSPACE);
	refused("configure a vCPU without the right", nie_vcpu_configure(vcpu, victim.vspace, 0, 0, 0, 0, 0),
		NIE_VCPU_CONFIGURE_NO_RIGHT_VCPU);
	refused("power off without the right", nie_machine_off(core), NIE_MACHINE_OFF_NO_RIGHT_CORE);
	scratch_reset();
}

static void cnodes(void)
{
	u64 cnode = scratch_make(NIE_TYPE_CNODE, NIE_PAGE_BITS);
	u64 page = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
	u64 read_only = weaker(cnode, NIE_RIGHT_READ);
	u64 write_only = weaker(cnode, NIE_RIGHT_WRITE);
	u64 more;

	refused("copy into a read-only CNode", nie_cap_copy(read_only, 1, NIE_OWN_CSPACE, page, NIE_RIGHTS_ALL),
		NIE_CAP_COPY_NO_RIGHT_TO_CNODE);
	refused("move into a read-only CNode", nie_cap_move(read_only, 1, NIE_OWN_CSPACE, page),
		NIE_CAP_MOVE_NO_RIGHT_TO_CNODE);
	must("filling a slot", nie_cap_copy(cnode, 1, NIE_OWN_CSPACE, page, NIE_RIGHTS_ALL));
	refused("copy out of a write-only CNode", nie_cap_copy(cnode, 2, write_only, 1, NIE_RIGHTS_ALL),
		NIE_CAP_COPY_NO_RIGHT_FROM_CNODE);
	refused("move out of a read-only CNode", nie_cap_move(cnode, 2, read_only, 1),
		NIE_CAP_MOVE_NO_RIGHT_FROM_CNODE);
	refused("delete from a read-only CNode", nie_cap_delete(read_only, 1, &more),
		NIE_CAP_DELETE_NO_RIGHT_CNODE);
	refused("revoke in a read-only CNode", nie_cap_revoke(read_only, 1, &more),
		NIE_CAP_REVOKE_NO_RIGHT_CNODE);
	refused("retype into a read-only CNode",
		nie_retype(h.scratch.untyped[0].slot, NIE_TYPE_TABLE, NIE_PAGE_BITS, read_only, 2, 1),
		NIE_RETYPE_NO_RIGHT_TO_CNODE);
	refused("copy over a capability", nie_cap_copy(cnode, 1, NIE_OWN_CSPACE, page, NIE_RIGHTS_ALL),
		NIE_CAP_COPY_OCCUPIED_TO_INDEX);
	refused("use the kernel's slot of a CNode", nie_cap_copy(cnode, 0, NIE_OWN_CSPACE, page, NIE_RIGHTS_ALL),
		NIE_CAP_COPY_BAD_SLOT_TO_INDEX);
	refused("use a slot behind a CNode's end", nie_cap_copy(cnode, 128, NIE_OWN_CSPACE, page, NIE_RIGHTS_ALL),
		NIE_CAP_COPY_BAD_SLOT_TO_INDEX);
	refused("use a frame as a CNode", nie_cap_copy(page, 1, NIE_OWN_CSPACE, page, NIE_RIGHTS_ALL),
		NIE_CAP_COPY_WRONG_TYPE_TO_CNODE);
	refused("copy an untyped", nie_cap_copy(cnode, 2, NIE_OWN_CSPACE, h.scratch.untyped[0].slot,
		NIE_RIGHTS_ALL),
		NIE_CAP_COPY_WRONG_TYPE_FROM_INDEX);
	scratch_reset();
}

/* Two CNodes, each with the capability that is the other's life; nobody else can reach them. */
static void cycle(void)
{
	u64 a = scratch_make(NIE_TYPE_CNODE, NIE_PAGE_BITS);
	u64 b = scratch_make(NIE_TYPE_CNODE, NIE_PAGE_BITS);
	u64 door = weaker(a, NIE_RIGHTS_ALL);
	struct nie_cap_info_results info = {0};

	must("b into a", nie_cap_move(a, 5, NIE_OWN_CSPACE, b));
	must("a into itself", nie_cap_move(door, 6, NIE_OWN_CSPACE, a));
	scratch_reset();
	must("looking", nie_cap_info(h.scratch.untyped[0].slot, &info));
	verdict(info.free == 1ul << info.size_bits, "hide CNodes in themselves, and revoke their memory",
		"all %lu bytes are free again", info.free);
}

static u64 raw_call(u64 number)
{
	register u64 x8 __asm__("x8") = number;
	register u64 x0 __asm__("x0") = 0;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8) : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "memory");
	return x0;
}

static void numbers(void)
{
	static const u64 calls[] = {0, NIE_CALL_LIMIT, 1ul << 32 | NIE_CALL_MACHINE_OFF, 1ul << 63, ~0ul};
	static const u64 slots[] = {0, 1ul << 15, 1ul << 31, 1ul << 32 | 1u, 1ul << 63 | 1u, ~0ul};
	struct nie_cap_info_results info = {0};
	u32 refusals = 0;

	for (u32 i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		refusals += nie_error_of(raw_call(calls[i])) == NIE_ERR_BAD_CALL;
	}
	verdict(refusals == 5u, "hypercall numbers that there are not, 64 bits wide", "%u of 5 are bad_call",
		refusals);
	refusals = 0;
	for (u32 i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		refusals += nie_cap_info(slots[i], &info) == NIE_CAP_INFO_BAD_SLOT_SLOT;
	}
	verdict(refusals == 6u, "slots out of range, 64 bits wide", "%u of 6 are bad_slot", refusals);
}

static void stale(void)
{
	u64 page = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
	u64 copy = weaker(page, NIE_RIGHTS_ALL);
	struct access a;
	u64 more;

	refused("delete a frame whose capability has copies", nie_cap_delete(NIE_OWN_CSPACE, page, &more),
		NIE_CAP_DELETE_HAS_CHILDREN_INDEX);
	must("mapping", nie_map(copy, h.config.vspace, ATTEMPT_PAGE, RIGHTS_RW));
	*(volatile u64 *)ATTEMPT_PAGE = SITTER_SECRET;
	must("revoking", nie_revoke_all(NIE_OWN_CSPACE, h.scratch.untyped[0].slot));
	refused("use a copy after the memory was revoked", nie_map(copy, h.config.vspace, ATTEMPT_PAGE,
		NIE_RIGHT_READ),
		NIE_MAP_EMPTY_FRAME);
	a = access_try(probe_read, ATTEMPT_PAGE);
	verdict(faulted_at(&a, ATTEMPT_PAGE, 1), "read a page after its memory was revoked", "fault at 0x%lx",
		a.ipa);
	scratch_reset();
}

static void deep(void)
{
	u64 slot = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
	u64 status = NIE_OK;

	for (u32 i = 0; i < 70u && status == NIE_OK; i++) {
		u64 to = h.scratch.next_slot++;

		status = nie_cap_copy(NIE_OWN_CSPACE, to, NIE_OWN_CSPACE, slot, NIE_RIGHTS_ALL);
		slot = to;
	}
	refused("copy a copy of a copy, without end", status, NIE_CAP_COPY_EXHAUSTED_FROM_INDEX);
	scratch_reset();
}

static void own_life(void)
{
	u64 more;

	refused("delete our own vCPU", nie_cap_delete(NIE_OWN_CSPACE, h.config.vcpus.slot[0], &more),
		NIE_CAP_DELETE_BUSY_INDEX);
	refused("delete our own CSpace", nie_cap_delete(NIE_OWN_CSPACE, h.config.cspace, &more),
		NIE_CAP_DELETE_BUSY_INDEX);
	refused("delete our own VSpace", nie_cap_delete(NIE_OWN_CSPACE, h.config.vspace, &more),
		NIE_CAP_DELETE_BUSY_INDEX);
}

void attack_caps(void)
{
	guest_start(&victim);
	rights();
	cnodes();
	cycle();
	numbers();
	stale();
	deep();
	own_life();
	still_right(&victim);
}
