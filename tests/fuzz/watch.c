/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about one step, which no single state shows: a translation that goes is invalidated before its
 * memory is scrubbed; a destroyed IPA stays destroyed; a VSpace's life goes one way; nobody but a guest itself
 * changes its registers; hardware holds the registers of whom the kernel says.
 */
#include "fuzz.h"

#include <string.h>

#include "invariants.h"
#include "nie/run.h"
#include "nie/table.h"
#include "nie/vspace.h"

#define LEAVES_MAX 8192u
#define GUESTS_MAX 64u

/* An entry of a VSpace's tables: a leaf, a table, or the mark of a destroyed IPA. */
struct leaf {
	granule_t vspace;
	u32 serial;
	u32 vmid;
	u32 level;
	u64 ipa;
	u64 entry;
	bool devices; /* reach the VSpace */
};

struct list {
	struct leaf leaf[LEAVES_MAX];
	u32 count;
};

static struct list before, now;
static struct {
	granule_t g;
	struct vcpu v;
} guests[GUESTS_MAX];
static u32 guest_count;
static u8 lives[RAM_GRANULES];
static u32 serials[RAM_GRANULES];
static granule_t loaded[NIE_MAX_CORES];
static granule_t live[RAM_GRANULES];

static bool has_devices(granule_t vspace)
{
	for (u32 s = 0; s < PLATFORM_STREAMS; s++) {
		if (native_stream[s].connected && native_stream[s].root == granule_address(vspace + 1u)) {
			return true;
		}
	}
	return false;
}

static void collect_table(struct list *l, granule_t vspace, granule_t table, u32 level, u64 base)
{
	const struct vspace *v = vspace_at(vspace);

	for (u32 i = 0; i < TABLE_ENTRIES; i++) {
		u64 entry = table_at(table)[i];
		u64 ipa = base + i * entry_span(level);

		if (entry == ENTRY_EMPTY) {
			continue;
		}
		MUST(l->count < LEAVES_MAX);
		l->leaf[l->count] = (struct leaf){vspace, v->serial, v->vmid, level, ipa, entry, has_devices(vspace)};
		l->count++;
		if (entry_is_valid(entry) && entry_is_table(entry, level)) {
			collect_table(l, vspace, (granule_t)((entry_target(entry) - RAM_BASE) / GRANULE_SIZE), level + 1u, ipa);
		}
	}
}

static void collect(struct list *l)
{
	u32 count = native_live(live);

	l->count = 0;
	for (u32 n = 0; n < count; n++) {
		granule_t g = live[n];

		if (granule_state[g] == GRANULE_VSPACE) {
			collect_table(l, g, g + 1u, 1, 0);
		}
	}
}

/* Index of the event after which no TLB has this translation. */
static u32 invalidated_at(const struct leaf *l)
{
	bool table = entry_is_table(l->entry, l->level);

	for (u32 i = 0; i < native_events(); i++) {
		struct native_event e = native_event(i);

		if (e.operation == NATIVE_INVALIDATE_VSPACE && e.a == l->vmid) {
			return i;
		}
		if (!table && e.operation == NATIVE_INVALIDATE_IPA && e.a == l->vmid &&
		    e.c / entry_span(l->level) == l->ipa / entry_span(l->level)) {
			return i;
		}
	}
	broken("an entry that went was invalidated");
}

/* The same of the SMMU, for a VSpace that devices reached when the step began. */
static void check_gone_for_devices(const struct leaf *l)
{
	u64 target = entry_target(l->entry);

	for (u32 i = 0; l->devices && i < native_events(); i++) {
		struct native_event e = native_event(i);

		if (e.operation == NATIVE_STREAM_INVALIDATE_VSPACE && e.a == l->vmid) {
			return;
		}
		if (e.operation == NATIVE_STREAM_INVALIDATE_IPA && e.a == l->vmid && !entry_is_table(l->entry, l->level) &&
		    e.b / entry_span(l->level) == l->ipa / entry_span(l->level)) {
			return;
		}
		if (e.operation == NATIVE_SCRUB && target == granule_address((granule_t)e.a)) {
			break;
		}
	}
	if (l->devices) {
		broken("no device reaches memory when it is scrubbed");
	}
}

static void check_gone(const struct leaf *l)
{
	u32 at = invalidated_at(l);

	check_gone_for_devices(l);
	u64 target = entry_target(l->entry);
	u32 written = 0;

	for (u32 i = 0; i < at; i++) {
		written += native_event(i).operation == NATIVE_TABLES_WRITTEN ? 1u : 0u;
	}
	MUST(written > 0u);
	if (target < RAM_BASE || target - RAM_BASE >= RAM_SIZE) {
		return;
	}
	granule_t g = (granule_t)((target - RAM_BASE) / GRANULE_SIZE);

	for (u32 i = 0; i < at; i++) {
		struct native_event e = native_event(i);

		if (e.operation == NATIVE_SCRUB && g >= e.a && g < e.a + e.b) {
			broken("memory is scrubbed only when no TLB has it");
		}
	}
}

static void check_destroyed(const struct leaf *l)
{
	if (vspace_serial(l->vspace) == l->serial && vspace_at(l->vspace)->life < VSPACE_DYING) {
		MUST(table_lookup(l->vspace + 1u, l->ipa) == ENTRY_DESTROYED);
	}
}

static int order(const struct leaf *a, const struct leaf *b)
{
	if (a->vspace != b->vspace) {
		return a->vspace < b->vspace ? -1 : 1;
	}
	if (a->ipa != b->ipa) {
		return a->ipa < b->ipa ? -1 : 1;
	}
	return (int)a->level - (int)b->level;
}

/* Both lists are in the order of VSpace, IPA and level. */
static void check_entries(void)
{
	u32 n = 0;

	for (u32 b = 0; b < before.count; b++) {
		const struct leaf *l = &before.leaf[b];

		while (n < now.count && order(&now.leaf[n], l) < 0) {
			n++;
		}
		bool same = n < now.count && order(&now.leaf[n], l) == 0 && now.leaf[n].entry == l->entry &&
			    now.leaf[n].serial == l->serial;

		if (!entry_is_valid(l->entry)) {
			check_destroyed(l);
		} else if (!same) {
			check_gone(l);
		}
	}
}

static void check_lives(void)
{
	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		u32 serial = granule_state[g] == GRANULE_VSPACE ? vspace_serial(g) : 0u;

		if (serial != 0u && serial == serials[g]) {
			MUST(vspace_at(g)->life >= lives[g]);
		}
		serials[g] = serial;
		lives[g] = serial == 0u ? 0u : (u8)vspace_at(g)->life;
	}
}

static bool turned_on_by(const struct vcpu *old, const struct vcpu *v, granule_t trapped)
{
	return old->power == VCPU_OFF && v->power == VCPU_ON && trapped != GRANULE_NONE &&
	       granule_state[trapped] == GRANULE_VCPU && vcpu_at(trapped)->vspace == v->vspace;
}

static bool is_debuggable(const struct vcpu *v)
{
	return v->vspace != GRANULE_NONE && (vspace_at(v->vspace)->policy & NIE_POLICY_DEBUGGABLE) != 0u;
}

/* Registers of guests that did not trap in this step: only the one that a read waits for may change, and those of
 * a guest that may be debugged. */
static void check_guests(granule_t trapped)
{
	for (u32 i = 0; i < guest_count; i++) {
		granule_t g = guests[i].g;
		const struct vcpu *old = &guests[i].v;
		const struct vcpu *v = vcpu_at(g);

		if (granule_state[g] != GRANULE_VCPU || g == trapped || turned_on_by(old, v, trapped)) {
			continue;
		}
		MUST(v->pstate == old->pstate);
		if (is_debuggable(v)) {
			continue;
		}
		MUST(v->pc == old->pc);
		MUST(memcmp(&v->el1, &old->el1, sizeof(v->el1)) == 0);
		for (u32 n = 0; n < 31u; n++) {
			bool answered = old->awaits == AWAITS_MMIO_READ && v->awaits == AWAITS_NOTHING &&
					old->awaits_register == n;

			MUST(answered || v->x[n] == old->x[n]);
		}
	}
}

static void remember_guests(void)
{
	u32 count = native_live(live);

	guest_count = 0;
	for (u32 n = 0; n < count; n++) {
		granule_t g = live[n];

		if (granule_state[g] == GRANULE_VCPU && vcpu_at(g)->guest != 0u && guest_count < GUESTS_MAX) {
			guests[guest_count].g = g;
			guests[guest_count].v = *vcpu_at(g);
			guest_count++;
		}
	}
}

/* kernel/arch stops the machine when one of these does not hold. */
static void check_loaded(u32 core)
{
	for (u32 i = 0; i < native_events(); i++) {
		struct native_event e = native_event(i);

		if (e.operation == NATIVE_VCPU_UNLOAD) {
			MUST(loaded[core] == e.a);
			loaded[core] = GRANULE_NONE;
		} else if (e.operation == NATIVE_VCPU_LOAD) {
			MUST(loaded[core] == GRANULE_NONE);
			loaded[core] = (granule_t)e.a;
		}
	}
	MUST(cores[core].starting != 0u || loaded[core] == cores[core].current);
	for (u32 i = 0; i < NIE_MAX_CORES; i++) {
		MUST(loaded[i] == GRANULE_NONE || granule_state[loaded[i]] == GRANULE_VCPU);
	}
}

static void check_work(void)
{
	u64 granules = 0;

	for (u32 i = 0; i < native_events(); i++) {
		granules += native_event(i).operation == NATIVE_SCRUB ? native_event(i).b : 0u;
	}
	MUST(granules <= 2u * NIE_STEP_GRANULES);
}

void watch_reset(void)
{
	for (u32 i = 0; i < NIE_MAX_CORES; i++) {
		loaded[i] = GRANULE_NONE;
	}
	loaded[0] = caller();
	memset(serials, 0, sizeof(serials));
}

void watch_begin(u32 core)
{
	(void)core;
	native_forget_log();
	collect(&before);
	remember_guests();
}

void watch_end(u32 core, bool by_guest)
{
	static granule_t trapped;
	const char *what = invariant_ownership(false);

	if (what == NULL) {
		what = invariant_tree();
	}
	if (what == NULL) {
		what = invariant_running();
	}
	if (what != NULL) {
		broken(what);
	}
	trapped = by_guest ? loaded[core] : GRANULE_NONE;
	check_loaded(core);
	collect(&now);
	check_entries();
	check_lives();
	check_guests(trapped);
	check_work();
	calls_played++;
}
