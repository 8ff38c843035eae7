/* SPDX-License-Identifier: Apache-2.0 */
/* Translation tables: linked twice, replaced, taken away under a running guest. */
#include "hostile.h"

static struct { u64 level2, level3; } victims;

/* The tables of a guest are those of its allocator's slots: find them by type, in order of making. */
static void find_tables(const struct guest *g)
{
	victims.level2 = 0;
	victims.level3 = 0;
	for (u64 slot = g->memory.first_slot; slot < g->memory.next_slot; slot++) {
		struct nie_cap_info_results info = {0};

		if (nie_cap_info(slot, &info) != NIE_OK || info.type != NIE_TYPE_TABLE) {
			continue;
		}
		if (victims.level2 == 0u) {
			victims.level2 = slot;
		} else if (victims.level3 == 0u) {
			victims.level3 = slot;
		}
	}
	if (victims.level3 == 0u) {
		broken_setup("a guest has fewer than two tables", 0);
	}
}

static void linking(void)
{
	u64 table = scratch_make(NIE_TYPE_TABLE, NIE_PAGE_BITS);
	u64 frame = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);

	refused("link a guest's table into our own VSpace", nie_map_table(victims.level3, h.config.vspace,
		ATTEMPT_BLOCK, 3),
		NIE_MAP_TABLE_MAPPED_TABLE);
	refused("link a guest's table at a second address", nie_map_table(victims.level3, victim.vspace,
		0x80000000ul, 2),
		NIE_MAP_TABLE_MAPPED_TABLE);
	refused("put another table over a guest's 2 MiB", nie_map_table(table, victim.vspace, GUEST_BLOCK_IPA, 3),
		NIE_MAP_TABLE_EXISTS_IPA);
	refused("put another table in the place of a guest's", nie_map_table(table, victim.vspace, GUEST_PAGE_IPA,
		3),
		NIE_MAP_TABLE_EXISTS_IPA);
	refused("put another table over a guest's gigabyte", nie_map_table(table, victim.vspace, 0x40000000ul, 2),
		NIE_MAP_TABLE_EXISTS_IPA);
	refused("link a frame as a table", nie_map_table(frame, victim.vspace, 0x80000000ul, 2),
		NIE_MAP_TABLE_WRONG_TYPE_TABLE);
	refused("link a table at level 1", nie_map_table(table, victim.vspace, 0, 1),
		NIE_MAP_TABLE_BAD_VALUE_LEVEL);
	refused("link a table at level 4", nie_map_table(table, victim.vspace, 0, 4),
		NIE_MAP_TABLE_BAD_VALUE_LEVEL);
	refused("link a table beyond 39 bits", nie_map_table(table, victim.vspace, 1ul << 39, 2),
		NIE_MAP_TABLE_BAD_VALUE_IPA);
	refused("link a table at an odd address", nie_map_table(table, victim.vspace, 0x80001000ul, 3),
		NIE_MAP_TABLE_UNALIGNED_IPA);
	refused("map a table as memory", nie_map(table, h.config.vspace, ATTEMPT_PAGE, NIE_RIGHT_READ),
		NIE_MAP_WRONG_TYPE_FRAME);
	scratch_reset();
}

static void taken_away(const char *what, u64 table, u64 ipa, u64 level)
{
	u64 fresh = scratch_make(NIE_TYPE_TABLE, NIE_PAGE_BITS);
	u64 value = 0;
	u64 reason;

	must("deleting a table", nie_delete_all(NIE_OWN_CSPACE, table));
	refused(level == 3u ? "link a new level-3 table where a live guest lost one"
			    : "link a new level-2 table where a live guest lost one",
		nie_map_table(fresh, victim.vspace, ipa, level),
		NIE_MAP_TABLE_EXISTS_IPA);
	reason = guest_ask(&victim, COMMAND_LOAD, GUEST_PAGE_IPA, &value);
	verdict(reason == NIE_EXIT_CRASH && value == 0u, what, "the guest ends: exit %lu, class 0x%lx", reason,
		victim.last.detail1);
	scratch_reset();
}

void attack_tables(void)
{
	u64 found = 0;

	guest_start(&victim);
	find_tables(&victim);
	linking();
	still_right(&victim);
	taken_away("delete a level-3 table under a running guest", victims.level3, GUEST_PAGE_IPA, 3);
	for (u32 i = 0; i < GUEST_PAGES; i++) {
		found += scan_frame(victim.page[i], NIE_PAGE_BITS);
	}
	verdict(found == 0u, "read the frames that this table mapped", "%u pages, %lu words are not zero",
		GUEST_PAGES, found);

	guest_start(&victim);
	find_tables(&victim);
	taken_away("delete a level-2 table under a running guest", victims.level2, 0x40000000ul, 2);
	found = scan_guest_frames(&victim);
	verdict(found == 0u, "read the frames that this table led to", "%lu words are not zero", found);
	found = scan_guest_memory(&victim);
	verdict(found == 0u, "read the memory of the tables, made into frames", "%lu words are not zero", found);
}
