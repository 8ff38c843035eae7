/* SPDX-License-Identifier: Apache-2.0 */
/* What is mapped in a VSpace, and how it gets there and out again. */
#include "nie/granule.h"
#include "nie/hw.h"
#include "nie/measure.h"
#include "nie/table.h"
#include "nie/view.h"

#define IPA_LIMIT (1ul << NIE_IPA_BITS)

static bool is_dying(granule_t vspace)
{
	return vspace_at(vspace)->life >= VSPACE_DYING;
}

static bool is_guest(granule_t vspace)
{
	return vspace_at(vspace)->guest != 0u;
}

static bool is_block(granule_t frame)
{
	return frame_size_bit(frame) != 0u;
}

static u32 frame_granules(granule_t frame)
{
	return is_block(frame) ? NIE_PAGES_PER_BLOCK : 1u;
}

static bool is_scrubbed(granule_t frame)
{
	return granule_place[frame] % FRAME_BLOCK >= FRAME_SCRUBBED;
}

static u32 frame_level(granule_t frame)
{
	return is_block(frame) ? 2u : 3u;
}

/* What was written through caches, zeroes of a scrub included, must be in memory before a guest that may
 * run with its caches off, or an instruction fetch, can look. */
static void clean_for(granule_t frame, granule_t vspace, u64 rights)
{
	if (is_guest(vspace) || (rights & NIE_RIGHT_EXECUTE) != 0u) {
		hw_clean(frame, frame_granules(frame));
	}
}

static u64 frame_entry(granule_t frame, u64 rights)
{
	return entry_for_memory(granule_address(frame), rights, is_block(frame));
}

/* Where a leaf for this IPA goes. */
struct place {
	granule_t table;
	u32 index;
};

static struct place leaf_place(granule_t vspace, u64 ipa, u32 level)
{
	struct place p = {table_walk(vspace + 1u, ipa, level), entry_index(ipa, level)};

	return p;
}

static u64 place_entry(struct place p)
{
	return table_at(p.table)[p.index];
}

static bool place_is_taken(struct place p)
{
	return place_entry(p) != ENTRY_EMPTY;
}

static void place_set(struct place p, u64 entry)
{
	table_at(p.table)[p.index] = entry;
	hw_tables_written();
}

/* The checks of `map`, and where the leaf goes. `mapped`: the frame has its one mapping already. */
static status_t map_check(granule_t vspace, u64 ipa, u32 level, bool mapped, struct place *p)
{
	if (ipa >= IPA_LIMIT) {
		return NIE_MAP_BAD_VALUE_IPA;
	}
	if (ipa % entry_span(level) != 0u) {
		return NIE_MAP_UNALIGNED_IPA;
	}
	if (is_guest(vspace) && ipa < NIE_SHARED_HALF) {
		return NIE_MAP_WRONG_HALF_IPA;
	}
	if (mapped) {
		return NIE_MAP_MAPPED_FRAME;
	}
	if (is_dying(vspace)) {
		return NIE_MAP_WRONG_STATE_VSPACE;
	}
	*p = leaf_place(vspace, ipa, level);
	if (p->table == GRANULE_NONE) {
		return NIE_MAP_NO_TABLE_IPA;
	}
	return place_is_taken(*p) ? NIE_MAP_EXISTS_IPA : NIE_OK;
}

/* A private frame gets its one mapping. */
static inline void private_enter(granule_t frame, granule_t vspace, u64 ipa, u64 rights, struct place p)
{
	clean_for(frame, vspace, rights);
	granule_owner[frame] = vspace;
	granule_place[frame] = frame_size_bit(frame) + (u32)(ipa / GRANULE_SIZE);
	place_set(p, frame_entry(frame, rights));
}

static void shared_enter(granule_t frame, granule_t vspace, u64 rights, struct place p)
{
	clean_for(frame, vspace, rights);
	granule_owner[frame]++;
	place_set(p, frame_entry(frame, rights));
}

status_t vspace_map_private(granule_t frame, granule_t vspace, u64 ipa, u64 rights)
{
	struct place p;

	granule_must_be(frame, GRANULE_PRIVATE);
	vspace_must_be(vspace, false);
	status_t status = map_check(vspace, ipa, frame_level(frame), granule_owner[frame] != GRANULE_NONE, &p);

	if (status == NIE_OK) {
		private_enter(frame, vspace, ipa, rights, p);
	}
	return status;
}

status_t vspace_map_shared(granule_t frame, granule_t vspace, u64 ipa, u64 rights)
{
	struct place p;

	granule_must_be(frame, GRANULE_SHARED);
	granule_must_be(vspace, GRANULE_VSPACE);
	status_t status = map_check(vspace, ipa, frame_level(frame), false, &p);

	if (status == NIE_OK) {
		shared_enter(frame, vspace, rights, p);
	}
	return status;
}

status_t vspace_map_device(u32 page, granule_t vspace, u64 ipa, u64 rights)
{
	u64 address = (u64)page * GRANULE_SIZE;
	struct place p;

	vspace_must_be(vspace, false);
	if (address >= RAM_BASE && address - RAM_BASE < RAM_SIZE) {
		hw_panic("a device that is RAM: page", page);
	}
	status_t status = map_check(vspace, ipa, 3, false, &p);

	if (status == NIE_OK) {
		place_set(p, entry_for_device(address, rights));
	}
	return status;
}

/* An unlinked table has only invalid entries; what they said of another place is forgotten. */
static void table_fill(granule_t table, u64 entry)
{
	for (u32 i = 0; i < TABLE_ENTRIES; i++) {
		table_at(table)[i] = entry;
	}
}

static void table_enter(granule_t table, granule_t vspace, u64 ipa, u32 level, struct place p)
{
	table_fill(table, place_entry(p));
	granule_owner[table] = vspace;
	granule_place[table] = TABLE_PLACE(ipa, level);
	place_set(p, entry_for_table(table));
}

status_t vspace_map_table(granule_t table, granule_t vspace, u64 ipa, u64 level)
{
	granule_must_be(table, GRANULE_TABLE);
	granule_must_be(vspace, GRANULE_VSPACE);
	if (level != 2u && level != 3u) {
		return NIE_MAP_TABLE_BAD_VALUE_LEVEL;
	}
	if (ipa >= IPA_LIMIT) {
		return NIE_MAP_TABLE_BAD_VALUE_IPA;
	}
	if (ipa % entry_span((u32)level - 1u) != 0u) {
		return NIE_MAP_TABLE_UNALIGNED_IPA;
	}
	if (granule_owner[table] != GRANULE_NONE) {
		return NIE_MAP_TABLE_MAPPED_TABLE;
	}
	if (is_dying(vspace)) {
		return NIE_MAP_TABLE_WRONG_STATE_VSPACE;
	}
	struct place p = leaf_place(vspace, ipa, (u32)level - 1u);

	if (p.table == GRANULE_NONE) {
		return NIE_MAP_TABLE_NO_TABLE_IPA;
	}
	if (place_is_taken(p) && place_entry(p) != ENTRY_RAM) {
		return NIE_MAP_TABLE_EXISTS_IPA;
	}
	table_enter(table, vspace, ipa, (u32)level, p);
	return NIE_OK;
}

/* A private frame leaves the VSpace that has it mapped. */
static void leave(granule_t frame)
{
	granule_t vspace = granule_owner[frame];
	u64 ipa = (u64)(granule_place[frame] % FRAME_PLACES) * GRANULE_SIZE;
	u32 level = frame_level(frame);
	granule_t table = table_walk(vspace + 1u, ipa, level);

	if (table == GRANULE_NONE) {
		hw_panic("no table maps the private frame in granule", frame);
	}
	leaf_remove(vspace, table, level, ipa);
}

status_t vspace_donate(granule_t frame, granule_t vspace, u64 ipa, u64 rights)
{
	granule_must_be(frame, GRANULE_PRIVATE);
	vspace_must_be(vspace, true);
	if (ipa >= IPA_LIMIT) {
		return NIE_DONATE_BAD_VALUE_IPA;
	}
	if (ipa % entry_span(frame_level(frame)) != 0u) {
		return NIE_DONATE_UNALIGNED_IPA;
	}
	if (ipa >= NIE_SHARED_HALF) {
		return NIE_DONATE_WRONG_HALF_IPA;
	}
	if (granule_owner[frame] != GRANULE_NONE && is_guest(granule_owner[frame])) {
		return NIE_DONATE_MAPPED_FRAME;
	}
	bool building = vspace_at(vspace)->life == VSPACE_BUILDING;
	bool scrubbed = is_scrubbed(frame);

	if (!building && vspace_at(vspace)->life != VSPACE_ACTIVE) {
		return NIE_DONATE_WRONG_STATE_VSPACE;
	}
	if (!building && !scrubbed) {
		return NIE_DONATE_WRONG_STATE_FRAME;
	}
	struct place p = leaf_place(vspace, ipa, frame_level(frame));

	if (p.table == GRANULE_NONE) {
		return NIE_DONATE_NO_TABLE_IPA;
	}
	bool ram = place_entry(p) == ENTRY_RAM;

	if (place_is_taken(p) && !ram) {
		return NIE_DONATE_EXISTS_IPA;
	}
	if (!building && !ram) {
		return NIE_DONATE_WRONG_STATE_IPA;
	}
	if (granule_owner[frame] != GRANULE_NONE) {
		leave(frame);
	}
	/* Zeroes where memory is expected are what the guest finds there whenever they come. */
	if (building && !(scrubbed && ram)) {
		measure_content(vspace, ipa, rights, frame, frame_granules(frame));
	}
	private_enter(frame, vspace, ipa, rights, p);
	return NIE_OK;
}

bool frame_is_mapped(granule_t frame)
{
	return granule_owner[frame] != GRANULE_NONE;
}

bool vspace_unmap_private(granule_t frame)
{
	granule_must_be(frame, GRANULE_PRIVATE);
	if (!frame_is_mapped(frame)) {
		return false;
	}
	leave(frame);
	return true;
}

/* Remove the leaf at `ipa` if it maps `address`. */
static bool unmap_leaf(granule_t vspace, u64 ipa, u32 level, u64 address)
{
	granule_must_be(vspace, GRANULE_VSPACE);
	granule_t table = table_walk(vspace + 1u, ipa, level);

	if (table == GRANULE_NONE) {
		return false;
	}
	u64 entry = table_at(table)[entry_index(ipa, level)];

	if (!entry_is_valid(entry) || entry_is_table(entry, level) || entry_target(entry) != address) {
		return false;
	}
	leaf_remove(vspace, table, level, ipa);
	return true;
}

bool vspace_unmap_shared(granule_t frame, granule_t vspace, u64 ipa)
{
	granule_must_be(frame, GRANULE_SHARED);
	return unmap_leaf(vspace, ipa, frame_level(frame), granule_address(frame));
}

bool vspace_unmap_device(u32 page, granule_t vspace, u64 ipa)
{
	return unmap_leaf(vspace, ipa, 3, (u64)page * GRANULE_SIZE);
}
