/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every capability that there is, with all the rights that it was made with: we hold them all, of our objects and of
 * the guests', and try each of them for whatever could open a guest.
 */
#include "hostile.h"

/* SITTER_WORD multiplies by an odd number: that has an inverse modulo 2^64. */
static u64 inverse(u64 odd)
{
	u64 x = odd;

	for (u32 i = 0; i < 6u; i++) {
		x *= 2u - odd * x; /* Newton: each step doubles the bits that are right */
	}
	return x;
}

/* Words that a guest wrote there, and no others. */
static u64 guest_words(u64 address, u64 bytes)
{
	u64 undo = inverse(SITTER_WORD_FACTOR);
	u64 found = 0;

	for (u64 at = address; at < address + bytes; at += 8u) {
		u64 word = *(volatile u64 *)at;
		u64 ipa = word * undo - SITTER_WORD_OFFSET;

		found += ipa >= GUEST_RAM_BASE && ipa < GUEST_RAM_BASE + GUEST_RAM_SIZE && ipa % 8u == 0u;
		found += (word & ~0xfful) == SITTER_SECRET;
	}
	return found;
}

static u64 end_of_slots(void)
{
	return h.config.free_slots.first + h.config.free_slots.count;
}

static bool is_frame(u64 type)
{
	return type == NIE_TYPE_PRIVATE_FRAME || type == NIE_TYPE_SHARED_FRAME;
}

/* The guest's words must be recognised, or the attacks below say nothing. */
static void control(void)
{
	u64 page = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);

	must("mapping", nie_map(page, h.config.vspace, ATTEMPT_PAGE, RIGHTS_RW));
	((volatile u64 *)ATTEMPT_PAGE)[1] = SITTER_WORD(GUEST_PAGE_IPA + 8u);
	((volatile u64 *)ATTEMPT_PAGE)[2] = SITTER_SECRET + 30u;
	if (guest_words(ATTEMPT_PAGE, NIE_PAGE_SIZE) != 2u) {
		broken_setup("a guest's words are not recognised", 0);
	}
	scratch_reset();
}

static void every_frame(const char *what, u64 mapped_least)
{
	u64 capabilities = 0;
	u64 frames = 0;
	u64 mapped = 0;
	u64 words = 0;

	for (u64 slot = 1; slot < end_of_slots(); slot++) {
		struct nie_cap_info_results info = {0};

		if (nie_cap_info(slot, &info) != NIE_OK) {
			continue;
		}
		u64 address = info.size_bits >= NIE_BLOCK_BITS ? ATTEMPT_BLOCK : ATTEMPT_PAGE;

		capabilities++;
		frames += is_frame(info.type) ? 1u : 0u;
		if (info.type == NIE_TYPE_DEVICE || nie_map(slot, h.config.vspace, address, NIE_RIGHT_READ) != NIE_OK) {
			continue;
		}
		mapped++;
		words += guest_words(address, 1ul << info.size_bits);
		must("unmapping", nie_unmap(slot));
	}
	verdict(frames > 2u * (GUEST_PAGES + 1u) && mapped >= mapped_least && words == 0u, what,
		"%lu capabilities, %lu frames, %lu of them mapped, %lu words", capabilities, frames, mapped, words);
}

/* As the memory, the table and the registers of something else. */
static void every_other_use(void)
{
	u64 tried = 0;
	u64 opened = 0;

	for (u64 slot = 1; slot < end_of_slots(); slot++) {
		struct nie_cap_info_results info = {0};
		u64 old = 0;

		if (nie_cap_info(slot, &info) != NIE_OK) {
			continue;
		}
		tried++;
		for (u64 at = 0; at < NIE_DEBUG_TTBR1_EL1 + 2u; at++) {
			opened += nie_vcpu_debug(slot, 0, at, 0, &old) == NIE_OK;
		}
		opened += nie_vcpu_debug(slot, NIE_DEBUG_MEMORY, GUEST_PAGE_IPA, 0, &old) == NIE_OK;
		opened += nie_vcpu_debug(slot, NIE_DEBUG_MEMORY | NIE_DEBUG_WRITE, GUEST_PAGE_IPA, 0, &old) == NIE_OK;
		/* Into a guest that runs, and a guest's objects into our own VSpace. */
		opened += nie_donate(slot, victim.vspace, GUEST_PAGE_IPA, RIGHTS_RWX) == NIE_OK;
		opened += nie_map(slot, victim.vspace, GUEST_PAGE_IPA, RIGHTS_RW) == NIE_OK;
		opened += nie_map_table(slot, victim.vspace, GUEST_PAGE_IPA, 3) == NIE_OK;
		opened += nie_expect_ram(slot, GUEST_PAGE_IPA, NIE_PAGE_BITS, 1) == NIE_OK;
		opened += nie_vcpu_configure(victim.vcpu[0], slot, 0, h.config.cspace, GUEST_ENTRY, 0, 0) == NIE_OK;
	}
	verdict(tried > 4u * GUEST_PAGES && opened == 0u, "try every capability on a guest that runs",
		"%lu capabilities, %lu did something", tried, opened);
}

/* Frames out of what is left in every untyped: none is, or they are zero. */
static void every_untyped(void)
{
	u64 to = h.scratch.next_slot;
	u64 untypeds = 0;
	u64 made = 0;
	u64 words = 0;

	for (u64 slot = 1; slot < end_of_slots(); slot++) {
		struct nie_cap_info_results info = {0};

		if (nie_cap_info(slot, &info) != NIE_OK || info.type != NIE_TYPE_UNTYPED) {
			continue;
		}
		untypeds++;
		if (nie_retype(slot, NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS, NIE_OWN_CSPACE, to, 1) == NIE_OK) {
			made++;
			words += scan_frame(to, NIE_PAGE_BITS);
			must("deleting a frame", nie_delete_all(NIE_OWN_CSPACE, to));
		}
	}
	verdict(untypeds > 3u && words == 0u, "make a frame out of every untyped, and read it",
		"%lu untypeds, %lu frames, %lu words are not zero", untypeds, made, words);
}

void attack_every(void)
{
	guest_start(&victim);
	control();
	every_frame("map every capability that there is, and look for guests' words", 0);
	every_other_use();
	every_untyped();
	still_right(&victim);
	must("killing", nie_kill_all(victim.vspace));
	every_frame("map every capability once a guest was killed, and look for guests' words", GUEST_PAGES + 1u);
}
