/* SPDX-License-Identifier: Apache-2.0 */
/* Frames where they may not be: mapped twice, donated twice, in the wrong half, over one another. */
#include "hostile.h"

#define SHARED_IPA (NIE_SHARED_HALF + 0x40000000ul)

static u64 own_map(u64 frame, u64 ipa, u64 rights)
{
	return nie_map(frame, h.config.vspace, ipa, rights);
}

static void mapping(void)
{
	u64 page = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
	u64 shared = scratch_make(NIE_TYPE_SHARED_FRAME, NIE_PAGE_BITS);
	u64 big = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS);

	must("mapping a page", own_map(page, ATTEMPT_PAGE, RIGHTS_RW));
	refused("map a private frame twice in one task", own_map(page, ATTEMPT_PAGE + NIE_PAGE_SIZE,
		NIE_RIGHT_READ),
		NIE_MAP_MAPPED_FRAME);
	refused("map a private frame into a guest", nie_map(page, victim.vspace, GUEST_PAGE_IPA, NIE_RIGHT_READ),
		NIE_MAP_WRONG_TYPE_VSPACE);
	refused("map a shared frame into the private half of a guest",
		nie_map(shared, victim.vspace, GUEST_PAGE_IPA, NIE_RIGHT_READ), NIE_MAP_WRONG_HALF_IPA);
	refused("map a shared frame below the shared half by one page",
		nie_map(shared, victim.vspace, NIE_SHARED_HALF - NIE_PAGE_SIZE, NIE_RIGHT_READ),
		NIE_MAP_WRONG_HALF_IPA);
	refused("map over a page of our own", own_map(shared, ATTEMPT_PAGE, NIE_RIGHT_READ), NIE_MAP_EXISTS_IPA);
	refused("map at an address that wraps around 39 bits",
		own_map(shared, (1ul << NIE_IPA_BITS) + ATTEMPT_PAGE, NIE_RIGHT_READ), NIE_MAP_BAD_VALUE_IPA);
	refused("map a page at an odd address", own_map(shared, ATTEMPT_PAGE + 0x800u, NIE_RIGHT_READ),
		NIE_MAP_UNALIGNED_IPA);
	refused("map 2 MiB at an address of a page", own_map(big, ATTEMPT_BLOCK + NIE_PAGE_SIZE, NIE_RIGHT_READ),
		NIE_MAP_UNALIGNED_IPA);
	refused("alias: map 2 MiB over a table of 4 KiB pages", own_map(big, ATTEMPT_PAGE, NIE_RIGHT_READ),
		NIE_MAP_EXISTS_IPA);
	refused("map write-only", own_map(shared, ATTEMPT_PAGE + NIE_PAGE_SIZE, NIE_RIGHT_WRITE),
		NIE_MAP_BAD_VALUE_RIGHTS);
	refused("map with rights that there are not", own_map(shared, ATTEMPT_PAGE + NIE_PAGE_SIZE,
		0x100000000001ul),
		NIE_MAP_BAD_VALUE_RIGHTS);
	scratch_reset();
}

static u64 first_device(void)
{
	for (u64 slot = 1; slot < h.config.free_slots.first; slot++) {
		struct nie_cap_info_results info = {0};

		if (nie_cap_info(slot, &info) == NIE_OK && info.type == NIE_TYPE_DEVICE) {
			return slot;
		}
	}
	broken_setup("we have no device", 0);
}

static void devices(void)
{
	u64 copy = h.scratch.next_slot;

	must("copying the console",
	     nie_cap_copy(NIE_OWN_CSPACE, copy, NIE_OWN_CSPACE, first_device(), NIE_RIGHTS_ALL));
	refused("map a device executable", own_map(copy, ATTEMPT_PAGE, NIE_RIGHT_READ | NIE_RIGHT_EXECUTE),
		NIE_MAP_BAD_VALUE_RIGHTS);
	refused("map a device into a guest's private half", nie_map(copy, victim.vspace, GUEST_UART_BASE,
		NIE_RIGHT_READ),
		NIE_MAP_WRONG_TYPE_VSPACE);
	refused("map a device into a guest's shared half", nie_map(copy, victim.vspace, SHARED_IPA,
		NIE_RIGHT_READ),
		NIE_MAP_WRONG_TYPE_VSPACE);
	refused("donate a device", nie_donate(copy, victim.vspace, GUEST_UART_BASE, NIE_RIGHT_READ),
		NIE_DONATE_WRONG_TYPE_FRAME);
	must("deleting the copy", nie_delete_all(NIE_OWN_CSPACE, copy));
}

/* To a guest that is not active yet. */
static void donating(void)
{
	u64 page = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
	u64 shared = scratch_make(NIE_TYPE_SHARED_FRAME, NIE_PAGE_BITS);
	u64 big = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS);
	u64 end = GUEST_RAM_BASE + GUEST_RAM_SIZE;
	u64 found;

	guest_build(&marker);
	refused("donate a page a second time", nie_donate(marker.page[0], marker.vspace, end, NIE_RIGHT_READ),
		NIE_DONATE_MAPPED_FRAME);
	refused("donate a guest's page to another guest", nie_donate(victim.page[0], marker.vspace, end,
		NIE_RIGHT_READ),
		NIE_DONATE_MAPPED_FRAME);
	refused("donate a guest's 2 MiB to another guest",
		nie_donate(victim.block, marker.vspace, GUEST_RAM_BASE + 4u * NIE_BLOCK_SIZE, NIE_RIGHT_READ),
		NIE_DONATE_MAPPED_FRAME);
	refused("donate into the shared half", nie_donate(page, marker.vspace, SHARED_IPA, NIE_RIGHT_READ),
		NIE_DONATE_WRONG_HALF_IPA);
	refused("donate a shared frame", nie_donate(shared, marker.vspace, end, NIE_RIGHT_READ),
		NIE_DONATE_WRONG_TYPE_FRAME);
	refused("donate over a donated page", nie_donate(page, marker.vspace, GUEST_PAGE_IPA, NIE_RIGHT_READ),
		NIE_DONATE_EXISTS_IPA);
	refused("alias: donate 2 MiB over donated pages", nie_donate(big, marker.vspace, GUEST_PAGE_IPA,
		NIE_RIGHT_READ),
		NIE_DONATE_EXISTS_IPA);
	refused("alias: donate a page inside donated 2 MiB",
		nie_donate(page, marker.vspace, GUEST_BLOCK_IPA + NIE_PAGE_SIZE, NIE_RIGHT_READ),
		NIE_DONATE_NO_TABLE_IPA);
	refused("donate to a task", nie_donate(page, h.config.vspace, ATTEMPT_PAGE, NIE_RIGHT_READ),
		NIE_DONATE_WRONG_TYPE_VSPACE);
	must("taking a page away", nie_unmap(marker.page[3]));
	refused("put another page where a measured one was",
		nie_donate(page, marker.vspace, GUEST_PAGE_IPA + 3u * NIE_PAGE_SIZE, NIE_RIGHT_READ),
		NIE_DONATE_EXISTS_IPA);
	found = scan_frame(marker.page[3], NIE_PAGE_BITS);
	verdict(found == 0u, "take a page back from a guest and read it", "%lu words are not zero", found);
	scratch_reset();
}

/* All that makes a donation fail; the page must be where it was, with what was in it. */
static void failed_donations(void)
{
	static const u64 places[] = {GUEST_BLOCK_IPA + NIE_PAGE_SIZE, GUEST_PAGE_IPA, SHARED_IPA, 0x80000000ul,
				     1ul << NIE_IPA_BITS, GUEST_RAM_BASE + GUEST_RAM_SIZE + 1u};
	u64 page = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
	u32 kept = 0;

	must("mapping", own_map(page, ATTEMPT_PAGE, RIGHTS_RW));
	*(volatile u64 *)ATTEMPT_PAGE = SITTER_CONTEXT;
	for (u32 i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		u64 status = nie_donate(page, marker.vspace, places[i], NIE_RIGHT_READ);
		struct access a = access_try(probe_read, ATTEMPT_PAGE);

		kept += status != NIE_OK && a.end == ACCESS_DONE && a.value == SITTER_CONTEXT ? 1u : 0u;
	}
	verdict(kept == sizeof(places) / sizeof(places[0]), "lose a page by a donation that fails", "%u times kept",
		kept);
	scratch_reset();
}

static void rights(void)
{
	u64 page = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
	u64 weak = h.scratch.next_slot;
	u64 end = GUEST_RAM_BASE + GUEST_RAM_SIZE;

	must("copying", nie_cap_copy(NIE_OWN_CSPACE, weak, NIE_OWN_CSPACE, page, NIE_RIGHT_READ));
	refused("map a read-only frame writable", own_map(weak, ATTEMPT_PAGE, RIGHTS_RW), NIE_MAP_NO_RIGHT_FRAME);
	refused("donate a read-only frame executable",
		nie_donate(weak, marker.vspace, end, NIE_RIGHT_READ | NIE_RIGHT_EXECUTE), NIE_DONATE_NO_RIGHT_FRAME);
	must("mapping read-only", own_map(weak, ATTEMPT_PAGE, NIE_RIGHT_READ));
	struct access a = access_try(probe_write, ATTEMPT_PAGE);

	verdict(faulted_at(&a, ATTEMPT_PAGE, 2), "write a page that is mapped read-only", "fault at 0x%lx",
		a.ipa);
	a = access_try(probe_execute, ATTEMPT_PAGE);
	verdict(faulted_at(&a, ATTEMPT_PAGE, 4), "execute a page that is mapped read-only", "fault at 0x%lx",
		a.ipa);
	scratch_reset();
}

/* What a live guest loses, it loses for good. */
static void live_guest(void)
{
	u64 page = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
	u64 ipa = GUEST_PAGE_IPA + 5u * NIE_PAGE_SIZE;
	u64 value = 0;
	u64 reason;
	u64 found;

	guest_start(&victim);
	refused("donate to an active guest",
		nie_donate(page, victim.vspace, GUEST_RAM_BASE + GUEST_RAM_SIZE, NIE_RIGHT_READ),
		NIE_DONATE_WRONG_STATE_IPA);
	must("taking a page away", nie_unmap(victim.page[5]));
	found = scan_frame(victim.page[5], NIE_PAGE_BITS);
	verdict(found == 0u, "unmap a live guest's page and read it", "%lu words are not zero", found);
	must("mapping it", own_map(victim.page[5], ATTEMPT_PAGE, RIGHTS_RW));
	*(volatile u64 *)ATTEMPT_PAGE = SITTER_WORD(ipa);
	refused("replay: give a live guest its page back, with what was in it",
		nie_donate(victim.page[5], victim.vspace, ipa, RIGHTS_RWX), NIE_DONATE_WRONG_STATE_FRAME);
	refused("map a frame of ours where a live guest lost one", nie_map(page, victim.vspace, ipa,
		NIE_RIGHT_READ),
		NIE_MAP_WRONG_TYPE_VSPACE);
	must("taking a second page away", nie_unmap(victim.page[6]));
	refused("swap two pages of a live guest",
		nie_donate(victim.page[5], victim.vspace, ipa + NIE_PAGE_SIZE, NIE_RIGHT_READ),
		NIE_DONATE_WRONG_STATE_FRAME);
	reason = guest_ask(&victim, COMMAND_LOAD, ipa, &value);
	verdict(reason == NIE_EXIT_CRASH && value == 0u, "let the guest read a page that it lost",
		"it ends: exit %lu, class 0x%lx", reason, victim.last.detail1);
	reason = guest_ask(&victim, COMMAND_LOAD, ipa, &value);
	verdict(reason == RUN_REFUSED, "run it again after that", "the run is refused");
	scratch_reset();
}

void attack_frames(void)
{
	guest_start(&victim);
	mapping();
	devices();
	donating();
	failed_donations();
	rights();
	still_right(&victim);
	live_guest();
}
