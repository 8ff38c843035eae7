/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_TABLE_H
#define NIE_TABLE_H

#include "nie/types.h"

/*
 * Stage-2 translation tables, VMSAv8-64, 4 KiB granule, 39-bit IPA: level 1 (the root, 1 GiB an
 * entry), level 2 (2 MiB) and level 3 (4 KiB). Arm ARM D8.3.
 *
 * An invalid entry keeps what the hardware ignores. In the private half of a guest that is the RIPAS of
 * Arm CCA: ENTRY_EMPTY; ENTRY_RAM, where the guest expects memory, zero at first; ENTRY_DESTROYED, where it lost
 * what was here, so nothing may ever be put here again.
 */
#define TABLE_ENTRIES 512u
#define ENTRY_EMPTY 0ul
#define ENTRY_DESTROYED 4ul
#define ENTRY_RAM 8ul

/* What a TABLE granule's `place` holds: IPA / 2 MiB of what it resolves, and its level. */
#define TABLE_PLACE(ipa, level) ((u32)((ipa) / 0x200000ul) + (u32)(level) * 0x1000000u)
#define TABLE_PLACE_IPA(place) ((u64)((place) % 0x1000000u) * 0x200000ul)
#define TABLE_PLACE_LEVEL(place) ((u32)(place) / 0x1000000u)

/* Bytes that one entry of a table of this level covers. */
u64 entry_span(u32 level);
u32 entry_index(u64 ipa, u32 level);

bool entry_is_valid(u64 entry);
bool entry_is_table(u64 entry, u32 level);
u64 entry_target(u64 entry); /* physical address */
bool entry_is_writable(u64 entry);

u64 entry_for_table(granule_t table);
u64 entry_for_memory(u64 address, u64 rights, bool block);
u64 entry_for_device(u64 address, u64 rights);

/* The table of this level on the way to an IPA; GRANULE_NONE if the walk ends before. */
granule_t table_walk(granule_t root, u64 ipa, u32 level);

/* The entry that decides about an IPA, the last one that the walk reaches: its table, level and value. */
struct walk {
	granule_t table;
	u32 level;
	u64 entry;
};

struct walk table_resolve(granule_t root, u64 ipa);
u64 table_lookup(granule_t root, u64 ipa); /* only its value */

/* Empty the table of this level that resolves `base` in a VSpace, tables below it included: every
 * leaf is taken out as vspace_unmap_* does. True when it is empty. */
bool table_clear(granule_t vspace, granule_t table, u32 level, u64 base, u32 *budget);

/* Take a leaf out: the entry of `table` at this level, which maps `ipa`. Its frame is unmapped, and
 * scrubbed if a guest's private frame, whose place is destroyed. */
void leaf_remove(granule_t vspace, granule_t table, u32 level, u64 ipa);
/* The same, with what becomes of the entry. */
void leaf_replace(granule_t vspace, granule_t table, u32 level, u64 ipa, u64 remains);

/* Unlink a table, which must be empty, from its parent. */
RARE void table_unlink(granule_t table);

#endif
