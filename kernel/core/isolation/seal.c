/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest is promised before it runs, and the moment from which on it holds. */
#include "nie/vspace.h"

#include "nie/granule.h"
#include "nie/iodomain.h"
#include "nie/measure.h"
#include "nie/table.h"
#include "nie/view.h"

#define IPA_LIMIT (1ul << NIE_IPA_BITS)

status_t vspace_expect_ram(granule_t vspace, u64 ipa, u64 size_bits, u64 count)
{
	vspace_must_be(vspace, true);
	u32 level = size_bits == 12u ? 3u : 2u;
	u32 first = entry_index(ipa, level);

	if (size_bits != 12u && size_bits != 21u) {
		return NIE_EXPECT_RAM_BAD_VALUE_SIZE_BITS;
	}
	if (ipa >= IPA_LIMIT) {
		return NIE_EXPECT_RAM_BAD_VALUE_IPA;
	}
	if (ipa % entry_span(level) != 0u) {
		return NIE_EXPECT_RAM_UNALIGNED_IPA;
	}
	if (ipa >= NIE_SHARED_HALF) {
		return NIE_EXPECT_RAM_WRONG_HALF_IPA;
	}
	if (count == 0u || count > TABLE_ENTRIES - first) {
		return NIE_EXPECT_RAM_BAD_VALUE_COUNT;
	}
	if (vspace_at(vspace)->life != VSPACE_BUILDING) {
		return NIE_EXPECT_RAM_WRONG_STATE_VSPACE;
	}
	granule_t table = table_walk(vspace + 1u, ipa, level);

	if (table == GRANULE_NONE) {
		return NIE_EXPECT_RAM_NO_TABLE_IPA;
	}
	for (u32 i = 0; i < (u32)count; i++) {
		if (table_at(table)[first + i] != ENTRY_EMPTY) {
			return NIE_EXPECT_RAM_EXISTS_IPA;
		}
	}
	for (u32 i = 0; i < (u32)count; i++) {
		table_at(table)[first + i] = ENTRY_RAM;
	}
	measure_event(vspace, MEASURED_RAM, ipa, count * entry_span(level), size_bits);
	return NIE_OK;
}

status_t vspace_activate(granule_t vspace, u64 policy)
{
	vspace_must_be(vspace, true);
	struct vspace *v = vspace_at(vspace);

	if (policy > (NIE_POLICY_DEBUGGABLE | NIE_POLICY_HOST_CPU)) {
		return NIE_VSPACE_ACTIVATE_BAD_VALUE_POLICY;
	}
	if (v->life != VSPACE_BUILDING || v->vcpu[0] == GRANULE_NONE) {
		return NIE_VSPACE_ACTIVATE_WRONG_STATE_VSPACE;
	}
	measure_event(vspace, MEASURED_POLICY, policy, 0, 0);
	v->policy = (u16)policy;
	v->life = VSPACE_ACTIVE;
	streams_connect(vspace);
	return NIE_OK;
}

void vspace_measurement(granule_t vspace, u64 value[SHA256_WORDS])
{
	vspace_must_be(vspace, true);
	for (u32 i = 0; i < SHA256_WORDS; i++) {
		value[i] = vspace_at(vspace)->measurement[0][i];
	}
}
