/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/vspace.h"

#include "nie/granule.h"
#include "nie/hw.h"
#include "nie/measure.h"
#include "nie/table.h"
#include "nie/view.h"
#include "nie/vmid.h"

#define IPA_LIMIT (1ul << NIE_IPA_BITS)

static u32 next_serial = 1;

void vspace_make(granule_t g, bool guest)
{
	granule_state[g] = GRANULE_VSPACE;
	granule_owner[g] = GRANULE_NONE;
	granule_place[g] = 0;
	granule_state[g + 1u] = GRANULE_ROOT;
	granule_owner[g + 1u] = g;
	granule_place[g + 1u] = 0;
	hw_object_map(g, 2);

	struct vspace *v = vspace_at(g);

	v->guest = guest ? 1u : 0u;
	v->life = VSPACE_BUILDING;
	v->vmid = vmid_take();
	v->serial = next_serial;
	next_serial = next_serial == 0xffffffffu ? 1u : next_serial + 1u;
	for (u32 i = 0; i < NIE_VSPACE_VCPUS; i++) {
		v->vcpu[i] = GRANULE_NONE;
	}
}

u32 vspace_serial(granule_t g)
{
	if (g >= RAM_GRANULES || granule_state[g] != GRANULE_VSPACE) {
		return 0;
	}
	return vspace_at(g)->serial;
}

static bool is_dying(granule_t vspace)
{
	return vspace_at(vspace)->life == VSPACE_DYING || vspace_at(vspace)->life == VSPACE_DEAD;
}

static bool is_guest(granule_t vspace)
{
	return vspace_at(vspace)->guest != 0u;
}

static bool is_block(granule_t frame)
{
	return (granule_place[frame] & FRAME_BLOCK) != 0u;
}

static u32 frame_granules(granule_t frame)
{
	return is_block(frame) ? NIE_PAGES_PER_BLOCK : 1u;
}

static bool is_scrubbed(granule_t frame)
{
	return (granule_place[frame] & FRAME_SCRUBBED) != 0u;
}

static u64 frame_bytes(granule_t frame)
{
	return entry_span(is_block(frame) ? 2u : 3u);
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

status_t vspace_map_private(granule_t frame, granule_t vspace, u64 ipa, u64 rights)
{
	if (ipa >= IPA_LIMIT) {
		return NIE_MAP_BAD_VALUE_IPA;
	}
	if (ipa % frame_bytes(frame) != 0u) {
		return NIE_MAP_UNALIGNED_IPA;
	}
	if (granule_owner[frame] != GRANULE_NONE) {
		return NIE_MAP_MAPPED_FRAME;
	}
	if (is_dying(vspace)) {
		return NIE_MAP_WRONG_STATE_VSPACE;
	}
	struct place p = leaf_place(vspace, ipa, is_block(frame) ? 2u : 3u);

	if (p.table == GRANULE_NONE) {
		return NIE_MAP_NO_TABLE_IPA;
	}
	if (place_is_taken(p)) {
		return NIE_MAP_EXISTS_IPA;
	}
	clean_for(frame, vspace, rights);
	granule_owner[frame] = vspace;
	granule_place[frame] = (granule_place[frame] & FRAME_BLOCK) | (u32)(ipa / GRANULE_SIZE);
	place_set(p, frame_entry(frame, rights));
	return NIE_OK;
}

status_t vspace_map_shared(granule_t frame, granule_t vspace, u64 ipa, u64 rights)
{
	if (ipa >= IPA_LIMIT) {
		return NIE_MAP_BAD_VALUE_IPA;
	}
	if (ipa % frame_bytes(frame) != 0u) {
		return NIE_MAP_UNALIGNED_IPA;
	}
	if (is_guest(vspace) && ipa < NIE_SHARED_HALF) {
		return NIE_MAP_WRONG_HALF_IPA;
	}
	if (is_dying(vspace)) {
		return NIE_MAP_WRONG_STATE_VSPACE;
	}
	struct place p = leaf_place(vspace, ipa, is_block(frame) ? 2u : 3u);

	if (p.table == GRANULE_NONE) {
		return NIE_MAP_NO_TABLE_IPA;
	}
	if (place_is_taken(p)) {
		return NIE_MAP_EXISTS_IPA;
	}
	clean_for(frame, vspace, rights);
	granule_owner[frame]++;
	place_set(p, frame_entry(frame, rights));
	return NIE_OK;
}

status_t vspace_map_device(u32 page, granule_t vspace, u64 ipa, u64 rights)
{
	if (ipa >= IPA_LIMIT) {
		return NIE_MAP_BAD_VALUE_IPA;
	}
	if (ipa % GRANULE_SIZE != 0u) {
		return NIE_MAP_UNALIGNED_IPA;
	}
	if (is_dying(vspace)) {
		return NIE_MAP_WRONG_STATE_VSPACE;
	}
	struct place p = leaf_place(vspace, ipa, 3);

	if (p.table == GRANULE_NONE) {
		return NIE_MAP_NO_TABLE_IPA;
	}
	if (place_is_taken(p)) {
		return NIE_MAP_EXISTS_IPA;
	}
	place_set(p, entry_for_device((u64)page * GRANULE_SIZE, rights));
	return NIE_OK;
}

status_t vspace_map_table(granule_t table, granule_t vspace, u64 ipa, u64 level)
{
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
	/* An unlinked table has only invalid entries; what they said of another place is forgotten. */
	u64 entry = place_entry(p);

	for (u32 i = 0; i < TABLE_ENTRIES; i++) {
		table_at(table)[i] = entry;
	}
	granule_owner[table] = vspace;
	granule_place[table] = TABLE_PLACE(ipa, level);
	place_set(p, entry_for_table(table));
	return NIE_OK;
}

/* A private frame leaves the VSpace that has it mapped. */
static void leave(granule_t frame)
{
	granule_t vspace = granule_owner[frame];
	u64 ipa = (u64)(granule_place[frame] % FRAME_PLACES) * GRANULE_SIZE;
	u32 level = is_block(frame) ? 2u : 3u;
	granule_t table = table_walk(vspace + 1u, ipa, level);

	if (table == GRANULE_NONE) {
		hw_panic("no table maps the private frame in granule", frame);
	}
	leaf_remove(vspace, table, level, ipa);
}

status_t vspace_donate(granule_t frame, granule_t vspace, u64 ipa, u64 rights)
{
	if (ipa >= IPA_LIMIT) {
		return NIE_DONATE_BAD_VALUE_IPA;
	}
	if (ipa % frame_bytes(frame) != 0u) {
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
	struct place p = leaf_place(vspace, ipa, is_block(frame) ? 2u : 3u);

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
	clean_for(frame, vspace, rights);
	granule_owner[frame] = vspace;
	granule_place[frame] = (granule_place[frame] & FRAME_BLOCK) | (u32)(ipa / GRANULE_SIZE);
	place_set(p, frame_entry(frame, rights));
	return NIE_OK;
}

bool frame_is_mapped(granule_t frame)
{
	return granule_owner[frame] != GRANULE_NONE;
}

bool vspace_unmap_private(granule_t frame)
{
	if (!frame_is_mapped(frame)) {
		return false;
	}
	leave(frame);
	return true;
}

/* Remove the leaf at `ipa` if it maps `address`. */
static bool unmap_leaf(granule_t vspace, u64 ipa, u32 level, u64 address)
{
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
	return unmap_leaf(vspace, ipa, is_block(frame) ? 2u : 3u, granule_address(frame));
}

bool vspace_unmap_device(u32 page, granule_t vspace, u64 ipa)
{
	return unmap_leaf(vspace, ipa, 3, (u64)page * GRANULE_SIZE);
}

/* Tell every core that runs a vCPU of this VSpace to leave it; true if there is none. */
static bool cores_left(struct vspace *v)
{
	bool left = true;

	for (u32 i = 0; i < NIE_VSPACE_VCPUS; i++) {
		granule_t g = v->vcpu[i];

		if (g != GRANULE_NONE && vcpu_at(g)->core != CORE_NONE) {
			vcpu_at(g)->exiting = 1;
			hw_kick(vcpu_at(g)->core);
			left = false;
		}
	}
	return left;
}

bool vspace_kill(granule_t vspace, u32 *budget)
{
	struct vspace *v = vspace_at(vspace);

	if (v->life == VSPACE_DEAD) {
		return true;
	}
	v->life = VSPACE_DYING;
	if (!cores_left(v) || !table_clear(vspace, vspace + 1u, 1, 0, budget)) {
		return false;
	}
	hw_invalidate_vspace(v->vmid, granule_address(vspace + 1u));
	v->life = VSPACE_DEAD;
	return true;
}

bool vspace_destroy(granule_t g, u32 *budget)
{
	struct vspace *v = vspace_at(g);

	if (!vspace_kill(g, budget) || *budget < 2u) {
		return false;
	}
	*budget -= 2u;
	for (u32 i = 0; i < NIE_VSPACE_VCPUS; i++) {
		if (v->vcpu[i] != GRANULE_NONE) {
			vcpu_at(v->vcpu[i])->vspace = GRANULE_NONE;
			vcpu_at(v->vcpu[i])->power = VCPU_CRASHED;
		}
	}
	vmid_give(v->vmid);
	hw_object_unmap(g, 2);
	hw_scrub(g, 2);
	for (u32 i = 0; i < 2u; i++) {
		granule_state[g + i] = GRANULE_FREE;
		granule_owner[g + i] = 0;
		granule_place[g + i] = 0;
	}
	return true;
}
