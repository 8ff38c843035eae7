/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a realm-aware guest asks about itself: Arm's Realm Services Interface 1.0 (DEN0137, B5), without
 * attestation tokens and host calls. The kernel answers alone; the VMM hears only where memory was given up or is expected.
 */
#include "nie/rsi.h"

#include "nie/granule.h"
#include "nie/hw.h"
#include "nie/run.h"
#include "nie/table.h"
#include "nie/view.h"

#define RSI_VERSION 0xc4000190u
#define RSI_FEATURES 0xc4000191u
#define RSI_MEASUREMENT_READ 0xc4000192u
#define RSI_MEASUREMENT_EXTEND 0xc4000193u
#define RSI_REALM_CONFIG 0xc4000196u
#define RSI_IPA_STATE_SET 0xc4000197u
#define RSI_IPA_STATE_GET 0xc4000198u

#define RSI_1_0 0x10000ul
#define RSI_SUCCESS 0ul
#define RSI_ERROR_INPUT 1ul
#define RSI_ACCEPT 0ul
#define RSI_REJECT 1ul

#define RIPAS_EMPTY 0ul
#define RIPAS_RAM 1ul
#define RIPAS_DESTROYED 2ul

/* struct realm_config, in words. */
#define CONFIG_IPA_BITS 0u
#define CONFIG_HASH 1u
#define CONFIG_HASH_SHA256 0ul
#define CONFIG_RPV 64u /* personalisation value: here, the policy bits */
#define CONFIG_WORDS (CONFIG_RPV + 1u)

#define EXTEND_VALUE 3u /* x3 to x10 */
#define EXTEND_BYTES 64u

static u64 ripas_of(u64 entry)
{
	if (entry_is_valid(entry) || entry == ENTRY_RAM) {
		return RIPAS_RAM;
	}
	return entry == ENTRY_DESTROYED ? RIPAS_DESTROYED : RIPAS_EMPTY;
}

static u64 entry_start(u64 ipa, u32 level)
{
	return ipa / entry_span(level) * entry_span(level);
}

static u64 entry_end(u64 ipa, u32 level)
{
	return entry_start(ipa, level) + entry_span(level);
}

static u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

static bool is_private_range(u64 base, u64 top)
{
	return base % GRANULE_SIZE == 0u && top % GRANULE_SIZE == 0u && base < top && top <= NIE_SHARED_HALF;
}

static void version(struct vcpu *v)
{
	v->x[0] = v->x[1] == RSI_1_0 ? RSI_SUCCESS : RSI_ERROR_INPUT;
	v->x[1] = RSI_1_0;
	v->x[2] = RSI_1_0;
}

static void measurement_read(struct vcpu *v)
{
	u64 number = v->x[1];

	if (number >= MEASUREMENTS) {
		v->x[0] = RSI_ERROR_INPUT;
		return;
	}
	v->x[0] = RSI_SUCCESS;
	for (u32 i = 0; i < 8u; i++) {
		v->x[1u + i] = i < SHA256_WORDS ? vspace_at(v->vspace)->measurement[number][i] : 0u;
	}
}

static void measurement_extend(struct vcpu *v)
{
	if (v->x[1] == 0u || v->x[1] >= MEASUREMENTS || v->x[2] > EXTEND_BYTES) {
		v->x[0] = RSI_ERROR_INPUT;
		return;
	}
	measure_extend(v->vspace, v->x[1], &v->x[EXTEND_VALUE], v->x[2]);
	v->x[0] = RSI_SUCCESS;
}

/* Written into the guest's page, as the guest itself could. */
static void realm_config(u32 core, struct vcpu *v)
{
	u64 ipa = v->x[1];
	u64 config[CONFIG_WORDS] = {0};

	if (!is_private_range(ipa, ipa + GRANULE_SIZE)) {
		v->x[0] = RSI_ERROR_INPUT;
		return;
	}
	struct walk w = table_resolve(v->vspace + 1u, ipa);

	if (w.entry == ENTRY_RAM) {
		/* As if the guest had written there itself: it calls again when the page has come. */
		v->pc -= 4u;
		exit_to_runner(core, NIE_EXIT_FAULT, ipa, 2, 0);
		return;
	}
	if (!entry_is_valid(w.entry) || !entry_is_writable(w.entry)) {
		v->x[0] = RSI_ERROR_INPUT;
		return;
	}
	u64 address = entry_target(w.entry) + ipa % entry_span(w.level);
	granule_t page = (granule_t)((address - RAM_BASE) / GRANULE_SIZE);

	config[CONFIG_IPA_BITS] = NIE_IPA_BITS;
	config[CONFIG_HASH] = CONFIG_HASH_SHA256;
	config[CONFIG_RPV] = vspace_at(v->vspace)->policy;
	hw_fill(page, config, CONFIG_WORDS);
	hw_clean(page, 1);
	v->x[0] = RSI_SUCCESS;
}

static void ipa_state_get(struct vcpu *v)
{
	u64 base = v->x[1];
	u64 top = v->x[2];
	u64 end = base;

	if (!is_private_range(base, top)) {
		v->x[0] = RSI_ERROR_INPUT;
		return;
	}
	u64 state = ripas_of(table_lookup(v->vspace + 1u, base));

	for (u32 i = 0; i < TABLE_ENTRIES && end < top; i++) {
		struct walk w = table_resolve(v->vspace + 1u, end);

		if (ripas_of(w.entry) != state) {
			break;
		}
		end = entry_end(end, w.level);
	}
	v->x[0] = RSI_SUCCESS;
	v->x[1] = least(end, top);
	v->x[2] = state;
}

/* Change the entry at `ipa`; false if that is refused, or too much for what is left of the budget. */
static bool entry_change(granule_t vspace, u64 ipa, u64 top, u64 state, u32 *budget)
{
	struct walk w = table_resolve(vspace + 1u, ipa);
	u32 cost = w.level == 2u ? NIE_PAGES_PER_BLOCK : 1u;

	/* What was destroyed stays so; frames and entries are not split; a table of level 2 is the VMM's to link. */
	if (ripas_of(w.entry) == RIPAS_DESTROYED || w.level == 1u || entry_start(ipa, w.level) != ipa ||
	    entry_end(ipa, w.level) > top) {
		return false;
	}
	if (!entry_is_valid(w.entry)) {
		table_at(w.table)[entry_index(ipa, w.level)] = state == RIPAS_RAM ? ENTRY_RAM : ENTRY_EMPTY;
	} else if (*budget >= cost) {
		*budget -= cost;
		leaf_replace(vspace, w.table, w.level, ipa, ENTRY_EMPTY);
	} else {
		return false;
	}
	return true;
}

static void ipa_state_set(u32 core, struct vcpu *v)
{
	u64 base = v->x[1];
	u64 top = v->x[2];
	u64 state = v->x[3];
	u64 end = base;
	u32 budget = NIE_STEP_GRANULES;
	bool changed = false;

	if (!is_private_range(base, top) || (state != RIPAS_EMPTY && state != RIPAS_RAM)) {
		v->x[0] = RSI_ERROR_INPUT;
		return;
	}
	for (u32 i = 0; i < TABLE_ENTRIES && end < top; i++) {
		struct walk w = table_resolve(v->vspace + 1u, end);

		if (ripas_of(w.entry) != state) {
			if (!entry_change(v->vspace, end, top, state, &budget)) {
				break;
			}
			changed = true;
		}
		end = entry_end(end, w.level);
	}
	v->x[0] = RSI_SUCCESS;
	v->x[1] = least(end, top);
	v->x[2] = end > base ? RSI_ACCEPT : RSI_REJECT;
	if (changed) {
		exit_to_runner(core, NIE_EXIT_IPA_STATE, base, least(end, top), state);
	}
}

bool rsi_call(u32 core)
{
	struct vcpu *v = vcpu_at(cores[core].current);

	switch (LOW_HALF(v->x[0])) {
	case RSI_VERSION:
		version(v);
		return true;
	case RSI_FEATURES:
		v->x[0] = RSI_SUCCESS;
		v->x[1] = 0; /* no feature has a number in RSI 1.0 */
		return true;
	case RSI_MEASUREMENT_READ:
		measurement_read(v);
		return true;
	case RSI_MEASUREMENT_EXTEND:
		measurement_extend(v);
		return true;
	case RSI_REALM_CONFIG:
		realm_config(core, v);
		return true;
	case RSI_IPA_STATE_SET:
		ipa_state_set(core, v);
		return true;
	case RSI_IPA_STATE_GET:
		ipa_state_get(v);
		return true;
	default:
		return false;
	}
}
