/* SPDX-License-Identifier: Apache-2.0 */
#include "invariants.h"

#include <string.h>

#include "../../kernel/core/authority/authority.h"
#include "native.h"
#include "nie/granule.h"
#include "nie/iodomain.h"
#include "nie/run.h"
#include "nie/table.h"
#include "nie/view.h"
#include "nie/vmid.h"

#define MUST(condition) \
	do { \
		if (!(condition)) { \
			return #condition; \
		} \
	} while (0)
#define TRY(check) \
	do { \
		const char *broken_ = (check); \
		if (broken_ != NULL) { \
			return broken_; \
		} \
	} while (0)

static u32 links[RAM_GRANULES];   /* leaves and table entries that name a granule */
static granule_t live[RAM_GRANULES];
static u8 origins[RAM_GRANULES];  /* capabilities whose end is the object's */

/* State of the first granule of an object; 0: the type has no granules. */
static u32 state_of_type(u32 type)
{
	switch (type) {
	case NIE_TYPE_CNODE:
		return GRANULE_CNODE;
	case NIE_TYPE_PRIVATE_FRAME:
		return GRANULE_PRIVATE;
	case NIE_TYPE_SHARED_FRAME:
		return GRANULE_SHARED;
	case NIE_TYPE_TABLE:
		return GRANULE_TABLE;
	case NIE_TYPE_TASK_VSPACE:
	case NIE_TYPE_GUEST_VSPACE:
		return GRANULE_VSPACE;
	case NIE_TYPE_VCPU:
		return GRANULE_VCPU;
	default:
		return 0;
	}
}

static const char *check_object(const struct slot *c)
{
	u32 state = state_of_type(c->type);

	if (state == 0u) {
		return NULL;
	}
	MUST(c->object < RAM_GRANULES);
	MUST(granule_state[c->object] == state);
	if (c->rights >= RIGHT_ORIGIN) {
		origins[c->object]++;
		MUST(origins[c->object] == 1u);
	}
	if (state == GRANULE_VSPACE) {
		MUST((vspace_at(c->object)->guest != 0u) == (c->type == NIE_TYPE_GUEST_VSPACE));
	}
	if (state == GRANULE_PRIVATE || state == GRANULE_SHARED) {
		MUST(((granule_place[c->object] & FRAME_BLOCK) != 0u) == (c->size_bits == BLOCK_BITS));
	}
	return NULL;
}

/* One capability: its links agree, and its depth fits what comes before it. */
static const char *check_slot(slot_t s)
{
	const struct slot *c = slot_at(s);

	MUST(c->depth <= DEPTH_MAX);
	if (c->depth == 0u) {
		MUST(c->prev == SLOT_NONE);
	} else {
		MUST(c->prev != SLOT_NONE);
		MUST(slot_at(c->prev)->type != 0u);
		MUST(slot_at(c->prev)->next == s);
		MUST(slot_at(c->prev)->depth + 1 >= c->depth);
	}
	if (c->next != SLOT_NONE) {
		MUST(slot_at(c->next)->type != 0u);
		MUST(slot_at(c->next)->prev == s);
	}
	return check_object(c);
}

const char *invariant_tree(void)
{
	u32 count = native_live(live);

	memset(origins, 0, sizeof(origins));
	for (u32 n = 0; n < count; n++) {
		granule_t g = live[n];

		if (granule_state[g] != GRANULE_CNODE || !native_is_mapped(g)) {
			continue;
		}
		const struct slot *header = slot_at(g * NIE_SLOTS_PER_GRANULE);
		u32 slots = header->object != 0u ? header->object : header->serial; /* doomed: doomed.c */

		for (u32 i = 1; i < slots; i++) {
			slot_t s = g * NIE_SLOTS_PER_GRANULE + i;

			if (slot_at(s)->type != 0u) {
				TRY(check_slot(s));
			}
		}
	}
	return NULL;
}

static const char *check_leaf(granule_t vspace, u64 entry, u64 ipa, bool block)
{
	u64 target = entry_target(entry);
	bool guest = vspace_at(vspace)->guest != 0u;

	if (target < RAM_BASE || target >= RAM_BASE + RAM_SIZE) {
		MUST(!guest);
		return NULL;
	}
	granule_t frame = (granule_t)((target - RAM_BASE) / GRANULE_SIZE);

	links[frame]++;
	MUST(((granule_place[frame] & FRAME_BLOCK) != 0u) == block);
	if (granule_state[frame] == GRANULE_PRIVATE) {
		MUST(granule_owner[frame] == vspace);
		MUST((u64)(granule_place[frame] % FRAME_PLACES) * GRANULE_SIZE == ipa);
		MUST(!guest || ipa < NIE_SHARED_HALF);
	} else {
		MUST(granule_state[frame] == GRANULE_SHARED);
		MUST(!guest || ipa >= NIE_SHARED_HALF);
	}
	return NULL;
}

/* The walk of a VSpace's tables, three levels deep. */
static const char *check_table(granule_t vspace, granule_t table, u32 level, u64 base)
{
	for (u32 i = 0; i < TABLE_ENTRIES; i++) {
		u64 entry = table_at(table)[i];
		u64 ipa = base + i * entry_span(level);

		if (!entry_is_valid(entry)) {
			MUST(entry == ENTRY_EMPTY || entry == ENTRY_DESTROYED || entry == ENTRY_RAM);
			MUST(entry != ENTRY_RAM || (vspace_at(vspace)->guest != 0u && level != 1u && ipa < NIE_SHARED_HALF));
			continue;
		}
		if (entry_is_table(entry, level)) {
			granule_t next = (granule_t)((entry_target(entry) - RAM_BASE) / GRANULE_SIZE);

			MUST(next < RAM_GRANULES);
			MUST(granule_state[next] == GRANULE_TABLE);
			MUST(granule_owner[next] == vspace);
			MUST(granule_place[next] == TABLE_PLACE(ipa, level + 1u));
			links[next]++;
			TRY(check_table(vspace, next, level + 1u, ipa));
		} else {
			TRY(check_leaf(vspace, entry, ipa, level == 2u));
		}
	}
	return NULL;
}

/* A frame that counts as scrubbed is zero, and mapped by nobody. */
static const char *check_scrubbed(granule_t g, bool every_byte)
{
	u32 count = (granule_place[g] & FRAME_BLOCK) != 0u ? NIE_PAGES_PER_BLOCK : 1u;

	if (granule_state[g] == GRANULE_PRIVATE && (granule_place[g] & FRAME_SCRUBBED) != 0u) {
		MUST(granule_owner[g] == GRANULE_NONE);
		for (u32 i = 0; i < count; i++) {
			MUST(every_byte ? native_is_zero(g + i, 1) : native_dirty[g + i] == 0u);
		}
	}
	return NULL;
}

static const char *check_links(granule_t g)
{
	switch (granule_state[g]) {
	case GRANULE_PRIVATE:
	case GRANULE_TABLE:
		MUST(links[g] == (granule_owner[g] == GRANULE_NONE ? 0u : 1u));
		break;
	case GRANULE_SHARED:
		MUST(links[g] == granule_owner[g]);
		break;
	default:
		MUST(links[g] == 0u);
		break;
	}
	return NULL;
}

/* Free is scrubbed, and mapped by nobody. */
static const char *check_free(bool every_byte)
{
	for (granule_t g = 0; g < RAM_GRANULES; g += 8u) {
		u64 states, mapped, dirty;

		memcpy(&states, &granule_state[g], 8);
		memcpy(&mapped, &native_mapped[g], 8);
		memcpy(&dirty, &native_dirty[g], 8);
		if (states == 0u && mapped == 0u && dirty == 0u && !every_byte) {
			continue;
		}
		for (granule_t e = g; e < g + 8u; e++) {
			if (granule_state[e] == GRANULE_FREE) {
				MUST(!native_is_mapped(e));
				MUST(every_byte ? native_is_zero(e, 1) : native_dirty[e] == 0u);
			}
		}
	}
	return NULL;
}

/* The SMMU holds of each stream what the kernel says: the stage 2 of its VSpace, from activation to the end. */
static const char *check_streams(void)
{
	static u32 count[RAM_GRANULES];

	memset(count, 0, sizeof(count));
	for (u32 s = 0; s < PLATFORM_STREAMS; s++) {
		const struct native_stream *n = &native_stream[s];

		if (stream_attached[s] == 0u) {
			MUST(!n->connected);
			continue;
		}
		granule_t g = stream_domain[s];

		MUST(g < RAM_GRANULES && granule_state[g] == GRANULE_VSPACE);
		const struct vspace *v = vspace_at(g);

		count[g]++;
		MUST(v->life != VSPACE_DYING && v->life != VSPACE_DEAD);
		MUST(n->connected == (v->guest == 0u || v->life != VSPACE_BUILDING));
		MUST(!n->connected || (n->vmid == v->vmid && n->root == granule_address(g + 1u)));
	}
	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		MUST(granule_state[g] != GRANULE_VSPACE || (vspace_at(g)->streams != 0u) == (count[g] != 0u));
	}
	return NULL;
}

const char *invariant_ownership(bool every_byte)
{
	u32 count = native_live(live);

	memset(links, 0, sizeof(links));
	TRY(check_free(every_byte));
	for (u32 n = 0; n < count; n++) {
		granule_t g = live[n];
		bool object = granule_state[g] >= GRANULE_CNODE && granule_state[g] <= GRANULE_VCPU;

		MUST(native_is_mapped(g) == object || granule_state[g] == GRANULE_TAIL);
		if (granule_state[g] == GRANULE_VSPACE) {
			MUST(granule_state[g + 1u] == GRANULE_ROOT);
			TRY(check_table(g, g + 1u, 1, 0));
		}
	}
	TRY(check_streams());
	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		if (links[g] != 0u || granule_state[g] != GRANULE_FREE) {
			TRY(check_links(g));
			TRY(check_scrubbed(g, every_byte));
		}
	}
	return NULL;
}

static const char *check_vcpu(granule_t g)
{
	const struct vcpu *v = vcpu_at(g);

	if (v->vspace != GRANULE_NONE) {
		MUST(granule_state[v->vspace] == GRANULE_VSPACE);
		MUST(v->index < NIE_VSPACE_VCPUS);
		MUST(vspace_at(v->vspace)->vcpu[v->index] == g);
		MUST(v->power != VCPU_UNCONFIGURED);
		MUST((v->guest != 0u) == (vspace_at(v->vspace)->guest != 0u));
	}
	MUST(v->awaits == AWAITS_NOTHING || v->awaits_size == 1u || v->awaits_size == 2u || v->awaits_size == 4u ||
	     v->awaits_size == 8u);
	if (v->core == CORE_NONE) {
		MUST(v->runner == GRANULE_NONE);
		return NULL;
	}
	MUST(v->core < NIE_MAX_CORES);
	MUST(v->vspace != GRANULE_NONE);
	u32 found = 0;
	u32 length = 0;
	granule_t at = cores[v->core].current;

	for (; at != GRANULE_NONE; at = vcpu_at(at)->runner) {
		MUST(granule_state[at] == GRANULE_VCPU);
		MUST(vcpu_at(at)->core == v->core);
		MUST(vcpu_at(at)->guest == 0u || at == cores[v->core].current);
		MUST(vcpu_at(at)->runner == GRANULE_NONE ? vcpu_at(at)->chain == 1u :
		     vcpu_at(vcpu_at(at)->runner)->chain + 1u == vcpu_at(at)->chain);
		found += at == g ? 1u : 0u;
		length++;
		MUST(length <= CHAIN_LIMIT);
	}
	MUST(found == 1u);
	return NULL;
}

static const char *check_vspace(granule_t g, u8 vmids[256])
{
	const struct vspace *v = vspace_at(g);

	MUST(v->vmid > 0u && v->vmid < 256u && vmids[v->vmid] == 0u);
	vmids[v->vmid] = 1;
	MUST(v->serial != 0u);
	for (u32 i = 0; i < NIE_VSPACE_VCPUS; i++) {
		if (v->vcpu[i] != GRANULE_NONE) {
			MUST(granule_state[v->vcpu[i]] == GRANULE_VCPU);
			MUST(vcpu_at(v->vcpu[i])->vspace == g);
			MUST(vcpu_at(v->vcpu[i])->index == i);
			MUST(v->life != VSPACE_DEAD || vcpu_at(v->vcpu[i])->core == CORE_NONE);
		}
	}
	return NULL;
}

const char *invariant_running(void)
{
	u8 vmids[256] = {0};
	u32 vspaces = 0;
	u32 count = native_live(live);

	for (u32 n = 0; n < count; n++) {
		granule_t g = live[n];

		if (granule_state[g] == GRANULE_VCPU) {
			TRY(check_vcpu(g));
		}
		if (granule_state[g] == GRANULE_VSPACE) {
			TRY(check_vspace(g, vmids));
			vspaces++;
		}
	}
	MUST(vspaces + vmid_left() == 255u);
	for (u32 i = 0; i < NIE_MAX_CORES; i++) {
		if (cores[i].current != GRANULE_NONE) {
			MUST(granule_state[cores[i].current] == GRANULE_VCPU);
			MUST(vcpu_at(cores[i].current)->core == i);
		} else {
			MUST(cores[i].waiting == 0u);
		}
		if (cores[i].waiting != 0u) {
			MUST(vcpu_at(cores[i].current)->runner == GRANULE_NONE);
		}
	}
	return NULL;
}
