/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/table.h"

#include "nie/granule.h"
#include "nie/hw.h"
#include "nie/view.h"

/* Descriptor fields, Arm ARM D8.3.1 and D8.3.2. None overlaps another: they are added, which provers know better. */
#define DESCRIPTOR_VALID 1ul
#define DESCRIPTOR_TABLE_OR_PAGE 2ul
#define MEMATTR_NORMAL (0xful << 2)  /* inner and outer write-back */
#define MEMATTR_DEVICE (0x1ul << 2)  /* Device-nGnRE */
#define S2AP_READ (1ul << 6)
#define S2AP_WRITE (1ul << 7)
#define SHAREABLE_INNER (3ul << 8)
#define ACCESS_FLAG (1ul << 10)
#define EXECUTE_NEVER (1ul << 54)
#define ADDRESS_LIMIT (1ul << 48)

/* Entries that one call of table_clear looks at: enough to pass three tables of empty entries. */
#define CLEAR_STEPS 2048u

u64 entry_span(u32 level)
{
	if (level == 1u) {
		return 0x40000000ul;
	}
	return level == 2u ? 0x200000ul : GRANULE_SIZE;
}

u32 entry_index(u64 ipa, u32 level)
{
	return (u32)((ipa / entry_span(level)) % TABLE_ENTRIES);
}

bool entry_is_valid(u64 entry)
{
	return entry % 2u == 1u;
}

bool entry_is_table(u64 entry, u32 level)
{
	return level < 3u && entry % 4u == (DESCRIPTOR_VALID | DESCRIPTOR_TABLE_OR_PAGE);
}

u64 entry_target(u64 entry)
{
	return (entry % ADDRESS_LIMIT) / GRANULE_SIZE * GRANULE_SIZE;
}

bool entry_is_writable(u64 entry)
{
	return (entry & S2AP_WRITE) != 0u;
}

static u64 permissions(u64 rights)
{
	return ((rights & NIE_RIGHT_READ) != 0u ? S2AP_READ : 0ul) +
	       ((rights & NIE_RIGHT_WRITE) != 0u ? S2AP_WRITE : 0ul) +
	       ((rights & NIE_RIGHT_EXECUTE) != 0u ? 0ul : EXECUTE_NEVER);
}

u64 entry_for_table(granule_t table)
{
	return granule_address(table) + DESCRIPTOR_VALID + DESCRIPTOR_TABLE_OR_PAGE;
}

u64 entry_for_memory(u64 address, u64 rights, bool block)
{
	return address + permissions(rights) + MEMATTR_NORMAL + SHAREABLE_INNER + ACCESS_FLAG + DESCRIPTOR_VALID +
	       (block ? 0ul : DESCRIPTOR_TABLE_OR_PAGE);
}

u64 entry_for_device(u64 address, u64 rights)
{
	return address + permissions(rights) + MEMATTR_DEVICE + ACCESS_FLAG + DESCRIPTOR_VALID +
	       DESCRIPTOR_TABLE_OR_PAGE;
}

static granule_t target_granule(u64 entry)
{
	return (granule_t)(entry_target(entry) / GRANULE_SIZE - RAM_BASE / GRANULE_SIZE);
}

inline granule_t table_walk(granule_t root, u64 ipa, u32 level)
{
	if (level < 2u) {
		return root;
	}
	u64 first = table_at(root)[entry_index(ipa, 1)];

	if (!entry_is_table(first, 1)) {
		return GRANULE_NONE;
	}
	granule_t table = target_granule(first);

	if (level < 3u) {
		return table;
	}
	u64 second = table_at(table)[entry_index(ipa, 2)];

	if (!entry_is_table(second, 2)) {
		return GRANULE_NONE;
	}
	return target_granule(second);
}

struct walk table_resolve(granule_t root, u64 ipa)
{
	struct walk w = {root, 1, table_at(root)[entry_index(ipa, 1)]};

	for (u32 i = 0; i < 2u && entry_is_table(w.entry, w.level); i++) {
		w.table = target_granule(w.entry);
		w.level++;
		w.entry = table_at(w.table)[entry_index(ipa, w.level)];
	}
	return w;
}

inline u64 table_lookup(granule_t root, u64 ipa)
{
	u64 entry = table_at(root)[entry_index(ipa, 1)];

	for (u32 level = 1; level < 3u && entry_is_table(entry, level); level++) {
		entry = table_at(target_granule(entry))[entry_index(ipa, level + 1u)];
	}
	return entry;
}

/* From here on no core and no device translates an IPA by what its entry was. */
static void forget_ipa(granule_t vspace, u64 ipa)
{
	const struct vspace *v = vspace_at(vspace);

	hw_tables_written();
	hw_invalidate_ipa(v->vmid, granule_address(vspace + 1u), ipa);
	if (v->streams != 0u) {
		hw_stream_invalidate_ipa(v->vmid, ipa);
	}
}

/* What a guest had in a frame goes, and the frame's place says so; what a task had stays. */
static u32 scrub_if_guest(granule_t frame, granule_t vspace, u32 count)
{
	if (vspace_at(vspace)->guest == 0u) {
		return 0;
	}
	hw_scrub(frame, count);
	return FRAME_SCRUBBED;
}

/* A private frame has lost its mapping. */
static void private_unmapped(granule_t frame, granule_t vspace, u32 count)
{
	if (granule_state[frame] != GRANULE_PRIVATE || granule_owner[frame] != vspace) {
		hw_panic("translation table and granule table disagree about granule", frame);
	}
	u32 scrubbed = scrub_if_guest(frame, vspace, count);

	granule_owner[frame] = GRANULE_NONE;
	granule_place[frame] = frame_size_bit(frame) + scrubbed;
}

void leaf_replace(granule_t vspace, granule_t table, u32 level, u64 ipa, u64 remains)
{
	u32 index = entry_index(ipa, level);
	u64 target = entry_target(table_at(table)[index]);

	table_at(table)[index] = remains;
	forget_ipa(vspace, ipa);
	if (target < RAM_BASE || target - RAM_BASE >= RAM_SIZE) {
		return; /* a device */
	}
	granule_t frame = (granule_t)((target - RAM_BASE) / GRANULE_SIZE);

	if (granule_state[frame] == GRANULE_SHARED && granule_owner[frame] != 0u) {
		granule_owner[frame]--;
		return;
	}
	private_unmapped(frame, vspace, level == 2u ? NIE_PAGES_PER_BLOCK : 1u);
}

void leaf_remove(granule_t vspace, granule_t table, u32 level, u64 ipa)
{
	bool private = vspace_at(vspace)->guest != 0u && ipa < NIE_SHARED_HALF;

	leaf_replace(vspace, table, level, ipa, private ? ENTRY_DESTROYED : ENTRY_EMPTY);
}

void table_unlink(granule_t table)
{
	granule_t vspace = granule_owner[table];
	u64 ipa = TABLE_PLACE_IPA(granule_place[table]);
	u32 parent_level = TABLE_PLACE_LEVEL(granule_place[table]) - 1u;
	granule_t parent = table_walk(vspace + 1u, ipa, parent_level);

	if (parent == GRANULE_NONE) {
		hw_panic("no parent links the table in granule", table);
	}
	struct vspace *v = vspace_at(vspace);

	table_at(parent)[entry_index(ipa, parent_level)] = v->guest != 0u ? ENTRY_DESTROYED : ENTRY_EMPTY;
	hw_tables_written();
	/* Walk caches may hold the table itself: only the whole VMID reaches them all. */
	hw_invalidate_vspace(v->vmid, granule_address(vspace + 1u));
	if (v->streams != 0u) {
		hw_stream_invalidate_vspace(v->vmid);
	}
	granule_owner[table] = GRANULE_NONE;
	granule_place[table] = 0;
}

bool table_clear(granule_t vspace, granule_t table, u32 level, u64 base, u32 *budget)
{
	bool scrubs = vspace_at(vspace)->guest != 0u;
	granule_t at[4] = {GRANULE_NONE, GRANULE_NONE, GRANULE_NONE, GRANULE_NONE};
	u32 index[4] = {0, 0, 0, 0};
	u64 start[4] = {0, 0, 0, 0}; /* IPA that entry 0 of at[] resolves */
	u32 l = level;

	at[l] = table;
	start[l] = base;
	for (u32 step = 0; step < CLEAR_STEPS; step++) {
		if (index[l] == TABLE_ENTRIES) {
			if (l == level) {
				return true;
			}
			table_unlink(at[l]);
			l--;
			index[l]++;
			continue;
		}
		u64 entry = table_at(at[l])[index[l]];
		u64 ipa = start[l] + index[l] * entry_span(l);

		if (!entry_is_valid(entry)) {
			index[l]++;
		} else if (entry_is_table(entry, l)) {
			at[l + 1u] = target_granule(entry);
			start[l + 1u] = ipa;
			index[l + 1u] = 0;
			l++;
		} else {
			u32 cost = scrubs && l == 2u ? NIE_PAGES_PER_BLOCK : 1u;

			if (*budget < cost) {
				return false;
			}
			*budget -= cost;
			leaf_remove(vspace, at[l], l, ipa);
			index[l]++;
		}
	}
	return false;
}
