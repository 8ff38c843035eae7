/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a guest when it has ended. Each time all of its memory is read. */
#include <stdio.h>

#include "hostile.h"

static void zero(const char *what, u64 found)
{
	verdict(found == 0u, what, "%lu words are not zero", found);
}

/* The scan must be able to find something: this memory is ours, not a guest's. */
static void control(void)
{
	u64 page = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);

	must("mapping", nie_map(page, h.config.vspace, ATTEMPT_PAGE, RIGHTS_RW));
	*(volatile u64 *)(ATTEMPT_PAGE + 0xff8u) = SITTER_SECRET;
	must("unmapping", nie_unmap(page));
	if (scan_frame(page, NIE_PAGE_BITS) != 1u) {
		broken_setup("the scan does not see a word that is there", 0);
	}
	scratch_reset();
}

/* The guest `marker` fills its RAM, and powers off by itself. */
static void marker_guest(void)
{
	u32 faults = 0;
	u64 status;
	u64 reason;

	guest_build(&marker);
	guest_seal(&marker);
	reason = guest_run(&marker, 0, 20000, &status);
	if (reason != NIE_EXIT_SYSTEM_OFF) {
		broken_setup("the guest marker does not power off: exit", reason);
	}
	for (u32 page = 0; page < GUEST_RAM_PAGES; page++) {
		u64 address = guest_window(&marker, page);
		struct access a = access_try(probe_read, address);

		faults += faulted_at(&a, address, 1) ? 1u : 0u;
	}
	verdict(faults == GUEST_RAM_PAGES, "read every page of a guest that powered itself off",
		"%u pages, each a fault",
		faults);
	must("killing", nie_kill_all(marker.vspace));
	zero("kill it, map every frame and look for its marker", scan_guest_frames(&marker));
	zero("revoke it, make frames of all its memory, vCPUs and tables too", scan_guest_memory(&marker));
}

static void other_ways(void)
{
	u64 answer;

	guest_start(&victim);
	must("killing", nie_kill_all(victim.vspace));
	zero("kill a guest while it computes, and read every frame", scan_guest_frames(&victim));

	guest_start(&victim);
	must("deleting its VSpace", nie_delete_all(NIE_OWN_CSPACE, victim.vspace));
	zero("delete a guest's VSpace, and read every frame", scan_guest_frames(&victim));

	guest_start(&victim);
	for (u32 i = 0; i < GUEST_PAGES; i++) {
		must("unmapping", nie_unmap(victim.page[i]));
	}
	must("unmapping", nie_unmap(victim.block));
	zero("unmap every frame of a live guest, and read it", scan_guest_frames(&victim));

	guest_start(&victim);
	for (u32 i = 0; i < GUEST_PAGES; i++) {
		must("deleting a frame", nie_delete_all(NIE_OWN_CSPACE, victim.page[i]));
	}
	must("deleting a frame", nie_delete_all(NIE_OWN_CSPACE, victim.block));
	zero("delete every frame of a live guest, and read its memory", scan_guest_memory(&victim));

	guest_start(&victim);
	zero("revoke a live guest's memory as a whole, and read it", scan_guest_memory(&victim));

	guest_start(&victim);
	victim.patience = 20;
	if (guest_ask(&victim, COMMAND_EXIT, EXIT_SPIN, &answer) != NIE_EXIT_DEADLINE) {
		broken_setup("the victim does not spin: exit", victim.last.exit);
	}
	must("deleting vCPU 0", nie_delete_all(NIE_OWN_CSPACE, victim.vcpu[0]));
	must("deleting vCPU 1", nie_delete_all(NIE_OWN_CSPACE, victim.vcpu[1]));
	zero("delete a vCPU full of secrets, and read its memory", scan_guest_memory(&victim));

	guest_build(&victim);
	zero("take the memory of a guest that never ran, and read it", scan_guest_memory(&victim));
}

/* A page comes back from a guest, scrubbed; we write to it and let it go. Its next owner is somebody else. */
static void pass_on(void)
{
	u64 memory = scratch_make(NIE_TYPE_UNTYPED, NIE_PAGE_BITS);
	u64 page = h.scratch.next_slot;
	u64 ipa = GUEST_RAM_BASE + GUEST_RAM_SIZE;

	must("a page", nie_retype(memory, NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS, NIE_OWN_CSPACE, page, 1));
	guest_build(&victim);
	must("donating", nie_donate(page, victim.vspace, ipa, NIE_RIGHT_READ));
	must("taking it back", nie_unmap(page));
	must("mapping", nie_map(page, h.config.vspace, ATTEMPT_PAGE, RIGHTS_RW));
	*(volatile u64 *)ATTEMPT_PAGE = SITTER_SECRET;
	must("deleting", nie_delete_all(NIE_OWN_CSPACE, page));
	must("a page", nie_retype(memory, NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS, NIE_OWN_CSPACE, page, 1));
	zero("write into a page that a guest gave back, delete it, and make it anew",
	     scan_frame(page, NIE_PAGE_BITS));
	scratch_reset();
}

/* After all that, the untypeds are as large as ever. */
static void accounts(void)
{
	u64 missing = 0;

	must("taking the victim's memory back", nie_allocator_reclaim(&victim.memory));
	for (u32 i = 0; i < victim.memory.untyped_count; i++) {
		struct nie_cap_info_results info = {0};

		must("looking", nie_cap_info(victim.memory.untyped[i].slot, &info));
		missing += (1ul << info.size_bits) - info.free;
	}
	verdict(missing == 0u, "lose a guest's memory", "%lu bytes are missing", missing);
}

void attack_end(void)
{
	pass_on();
	control();
	marker_guest();
	other_ways();
	accounts();
}
