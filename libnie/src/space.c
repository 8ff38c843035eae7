/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/space.h"

#include "nie/error.h"
#include "nie/stubs.h"

/* A table of level 2 resolves 1 GiB, one of level 3 resolves 2 MiB. */
#define LEVEL2_SIZE 0x40000000ul
#define LEVEL3_SIZE NIE_BLOCK_SIZE

void nie_space_init(struct nie_space *s, u64 vspace, struct nie_allocator *tables)
{
	s->vspace = vspace;
	s->tables = tables;
	s->spare_table = 0;
}

static u64 add_table(struct nie_space *s, u64 ipa, u64 level)
{
	u64 status;

	if (s->spare_table == 0) {
		status = nie_allocate(s->tables, NIE_TYPE_TABLE, NIE_PAGE_BITS, &s->spare_table);
		if (status != NIE_OK) {
			return status;
		}
	}
	status = nie_map_table(s->spare_table, s->vspace, ipa, level);
	if (status == NIE_OK) {
		s->spare_table = 0;
	}
	return nie_error_of(status) == NIE_ERR_EXISTS ? (u64)NIE_OK : status;
}

u64 nie_space_prepare(struct nie_space *s, u64 size_bits, u64 ipa)
{
	u64 status = add_table(s, ipa & ~(LEVEL2_SIZE - 1), 2);

	if (status == NIE_OK && size_bits < NIE_BLOCK_BITS) {
		status = add_table(s, ipa & ~(LEVEL3_SIZE - 1), 3);
	}
	return status;
}

u64 nie_space_map(struct nie_space *s, u64 frame, u64 size_bits, u64 ipa, u64 rights)
{
	u64 status = nie_map(frame, s->vspace, ipa, rights);

	if (nie_error_of(status) == NIE_ERR_NO_TABLE) {
		status = nie_space_prepare(s, size_bits, ipa);
		if (status == NIE_OK) {
			status = nie_map(frame, s->vspace, ipa, rights);
		}
	}
	return status;
}

u64 nie_space_donate(struct nie_space *s, u64 frame, u64 size_bits, u64 ipa, u64 rights)
{
	u64 status = nie_donate(frame, s->vspace, ipa, rights);

	if (nie_error_of(status) == NIE_ERR_NO_TABLE) {
		status = nie_space_prepare(s, size_bits, ipa);
		if (status == NIE_OK) {
			status = nie_donate(frame, s->vspace, ipa, rights);
		}
	}
	return status;
}

u64 nie_space_expect_ram(struct nie_space *s, u64 size_bits, u64 ipa, u64 bytes)
{
	u64 table = size_bits < NIE_BLOCK_BITS ? LEVEL3_SIZE : LEVEL2_SIZE;
	u64 end = ipa + bytes;
	u64 status = NIE_OK;

	while (ipa < end && status == NIE_OK) {
		u64 table_end = (ipa / table + 1) * table;
		u64 next = table_end < end ? table_end : end;

		status = nie_space_prepare(s, size_bits, ipa);
		if (status == NIE_OK) {
			status = nie_expect_ram(s->vspace, ipa, size_bits, (next - ipa) >> size_bits);
		}
		ipa = next;
	}
	return status;
}
