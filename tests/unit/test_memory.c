/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings, donation, and that memory changes hands only unmapped, invalidated and scrubbed. */
#include "world.h"

#include <string.h>

#include "nie/table.h"
#include "nie/vspace.h"

#define R NIE_RIGHT_READ
#define W NIE_RIGHT_WRITE
#define X NIE_RIGHT_EXECUTE
#define GUEST_IPA 0x40000000ul
#define HALF NIE_SHARED_HALF

enum object_slot {
	GUEST = 30,
	GUEST_VCPU,
	TASK,
	TABLES_OWN = 40,
	TABLES_GUEST = 42,
	TABLES_SHARED = 44,
	TABLES_TASK = 46,
	FRAME = 50,
	BLOCK,
	SHARED,
	SHARED_COPY,
	SHARED_COPY2,
	DEVICE_COPY,
};

static void ok(u64 status)
{
	assert_int_equal(status, NIE_OK);
}

static int memory_setup(void **state)
{
	world_setup(state);
	make(NIE_TYPE_GUEST_VSPACE, 13, GUEST);
	make(NIE_TYPE_TASK_VSPACE, 13, TASK);
	make(NIE_TYPE_VCPU, 12, GUEST_VCPU);
	ok(CALL(VCPU_CONFIGURE, GUEST_VCPU, GUEST, 0, 0, GUEST_IPA, 0, 0));
	make_tables(TABLES_OWN, OWN_VSPACE, TASK_BASE);
	make_tables(TABLES_GUEST, GUEST, GUEST_IPA);
	make_tables(TABLES_SHARED, GUEST, HALF);
	make_tables(TABLES_TASK, TASK, TASK_BASE);
	make(NIE_TYPE_PRIVATE_FRAME, 12, FRAME);
	make(NIE_TYPE_PRIVATE_FRAME, 21, BLOCK);
	make(NIE_TYPE_SHARED_FRAME, 12, SHARED);
	ok(CALL(CAP_COPY, 0, SHARED_COPY, 0, SHARED, R | W));
	ok(CALL(CAP_COPY, 0, SHARED_COPY2, 0, SHARED, R));
	ok(CALL(CAP_COPY, 0, DEVICE_COPY, 0, DEVICE, R | W));
	native_forget_log();
	return 0;
}

static u64 entry_of(u64 vspace, u64 ipa)
{
	return table_lookup(object_of(vspace) + 1u, ipa);
}

static void write_secret(granule_t g)
{
	native_ram_write((u64)g * GRANULE_SIZE + 100, "secret", 6);
}

static bool has_secret(granule_t g)
{
	char text[6];

	native_ram_read((u64)g * GRANULE_SIZE + 100, text, 6);
	return memcmp(text, "secret", 6) == 0;
}

static u32 vmid_of(u64 vspace)
{
	return vspace_at(object_of(vspace))->vmid;
}

/* The first scrub of `g` comes after the invalidation of (vspace, ipa), which comes after a barrier
 * for the table, and while the granule table still says that it is taken. */
static void check_handover(granule_t g, u32 vmid, u64 ipa)
{
	int scrub = native_find(0, NATIVE_SCRUB, g);
	int invalidate = -1;

	assert_true(scrub >= 0);
	for (int i = 0; i < scrub; i++) {
		struct native_event e = native_event((u32)i);

		if (e.operation == NATIVE_INVALIDATE_VSPACE && e.a == vmid) {
			invalidate = i;
		} else if (e.operation == NATIVE_INVALIDATE_IPA && e.a == vmid && e.c == ipa) {
			invalidate = i;
		}
	}
	assert_true(invalidate > 0);
	int written = native_find(0, NATIVE_TABLES_WRITTEN, 0);

	assert_true(written >= 0 && written < invalidate);
	assert_int_not_equal(native_event((u32)scrub).c, GRANULE_FREE);
}

static void rights_reach_the_entry(void **state)
{
	(void)state;
	/* S2AP read 6, write 7; XN 54 (Arm ARM D8.3.2). */
	static const struct {
		u64 rights, set, clear;
	} tries[] = {
		{R, 1ul << 6 | 1ul << 54, 1ul << 7},
		{R | W, 3ul << 6 | 1ul << 54, 0},
		{R | X, 1ul << 6, 1ul << 7 | 1ul << 54},
		{R | W | X, 3ul << 6, 1ul << 54},
	};

	for (u32 i = 0; i < 4u; i++) {
		ok(CALL(MAP, FRAME, OWN_VSPACE, TASK_BASE, tries[i].rights));
		u64 entry = entry_of(OWN_VSPACE, TASK_BASE);

		assert_true(entry_is_valid(entry));
		assert_int_equal(entry & tries[i].set, tries[i].set);
		assert_int_equal(entry & tries[i].clear, 0);
		assert_int_equal(entry_target(entry), granule_address(object_of(FRAME)));
		assert_int_equal(native_count(NATIVE_CLEAN), (tries[i].rights & X) != 0u ? 1 : 0);
		ok(CALL(UNMAP, FRAME));
		native_forget_log();
	}
	ok(CALL(MAP, DEVICE, OWN_VSPACE, TASK_BASE, R | W));
	u64 device = entry_of(OWN_VSPACE, TASK_BASE);

	assert_int_equal(entry_target(device), DEVICE_PAGE * 4096ul);
	assert_int_equal(device >> 2 & 15, 1); /* Device-nGnRE, never executable */
	assert_int_equal(device >> 54 & 1, 1);
}

static void donate_takes_it_from_the_task(void **state)
{
	granule_t g = object_of(FRAME);

	(void)state;
	ok(CALL(MAP, FRAME, OWN_VSPACE, TASK_BASE, R | W));
	write_secret(g);
	native_forget_log();
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, R | W | X));
	assert_int_equal(entry_of(OWN_VSPACE, TASK_BASE), ENTRY_EMPTY);
	assert_true(entry_is_valid(entry_of(GUEST, GUEST_IPA)));
	assert_int_equal(granule_owner[g], object_of(GUEST));
	assert_true(has_secret(g));
	assert_int_equal(native_count(NATIVE_SCRUB), 0);
	assert_true(native_find(0, NATIVE_INVALIDATE_IPA, vmid_of(OWN_VSPACE)) >= 0);
	assert_true(native_find(0, NATIVE_CLEAN, g) > native_find(0, NATIVE_INVALIDATE_IPA, vmid_of(OWN_VSPACE)));
	/* The capability is still there, and useless. */
	assert_int_equal(CALL(MAP, FRAME, OWN_VSPACE, TASK_BASE, R), NIE_MAP_MAPPED_FRAME);
	check_ownership();
}

/* What left a guest is zeroed once; what was mapped again since, once more. */
static void only_a_frame_that_nobody_wrote_since_ends_without_a_scrub(void **state)
{
	granule_t g = object_of(FRAME);

	(void)state;
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, R | W));
	ok(CALL(UNMAP, FRAME));
	native_forget_log();
	delete_all(0, FRAME, 1);
	assert_int_equal(native_find(0, NATIVE_SCRUB, g), -1);
	assert_true(native_is_zero(g, 1));
	assert_int_equal(granule_state[g], GRANULE_FREE);
}

static void a_frame_written_after_it_left_a_guest_is_scrubbed_at_its_end(void **state)
{
	granule_t g = object_of(FRAME);

	(void)state;
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, R | W));
	ok(CALL(UNMAP, FRAME));
	ok(CALL(MAP, FRAME, OWN_VSPACE, TASK_BASE, R | W));
	write_secret(g);
	ok(CALL(UNMAP, FRAME));
	delete_all(0, FRAME, 1);
	assert_true(native_is_zero(g, 1));
	assert_int_equal(granule_state[g], GRANULE_FREE);
}

static void what_leaves_a_guest_is_scrubbed_and_its_place_destroyed(void **state)
{
	granule_t g = object_of(FRAME);

	(void)state;
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, R | W));
	write_secret(g);
	ok(CALL(VSPACE_ACTIVATE, GUEST));
	native_forget_log();
	ok(CALL(UNMAP, FRAME));
	check_handover(g, vmid_of(GUEST), GUEST_IPA);
	assert_true(native_is_zero(g, 1));
	assert_int_equal(entry_of(GUEST, GUEST_IPA), ENTRY_DESTROYED);
	assert_int_equal(CALL(DONATE, FRAME, GUEST, GUEST_IPA + 0x1000, R), NIE_DONATE_WRONG_STATE_IPA);
	assert_int_equal(CALL(UNMAP, FRAME), NIE_UNMAP_NOT_MAPPED_FRAME);
	ok(CALL(MAP, FRAME, OWN_VSPACE, TASK_BASE, R));
	check_ownership();
}

static void a_lost_place_stays_lost_while_building(void **state)
{
	(void)state;
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, R | W));
	ok(CALL(UNMAP, FRAME));
	assert_int_equal(CALL(DONATE, FRAME, GUEST, GUEST_IPA, R | W), NIE_DONATE_EXISTS_IPA);
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA + 0x1000, R | W));
}

static void blocks(void **state)
{
	granule_t g = object_of(BLOCK);

	(void)state;
	assert_int_equal(CALL(DONATE, BLOCK, GUEST, GUEST_IPA + 0x1000, R), NIE_DONATE_UNALIGNED_IPA);
	assert_int_equal(CALL(DONATE, BLOCK, GUEST, GUEST_IPA, R), NIE_DONATE_EXISTS_IPA); /* a table is there */
	ok(CALL(MAP, BLOCK, OWN_VSPACE, TASK_BASE + 0x200000, R | W));
	write_secret(g + 511);
	ok(CALL(DONATE, BLOCK, GUEST, GUEST_IPA + 0x200000, R | W));
	assert_int_equal(CALL(MAP_TABLE, TABLES_TASK, GUEST, GUEST_IPA + 0x200000, 3), NIE_MAP_TABLE_MAPPED_TABLE);
	assert_true(has_secret(g + 511));
	native_forget_log();
	delete_all(0, BLOCK, 2);
	check_handover(g, vmid_of(GUEST), GUEST_IPA + 0x200000);
	assert_true(native_is_zero(g, 512));
	for (u32 i = 0; i < 512u; i++) {
		assert_int_equal(granule_state[g + i], GRANULE_FREE);
	}
	check_ownership();
}

static void kill_takes_everything_out(void **state)
{
	granule_t frame = object_of(FRAME), block = object_of(BLOCK), shared = object_of(SHARED);
	u32 calls = 0;

	(void)state;
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, R | W));
	ok(CALL(DONATE, BLOCK, GUEST, GUEST_IPA + 0x200000, R | W));
	ok(CALL(MAP, SHARED, GUEST, HALF, R | W));
	write_secret(frame);
	write_secret(block);
	write_secret(shared);
	ok(CALL(VSPACE_ACTIVATE, GUEST));
	native_forget_log();
	do {
		ok(CALL(VSPACE_KILL, GUEST));
		calls++;
		assert_true(calls < 10u);
	} while (result(1) != 0u);
	check_handover(frame, vmid_of(GUEST), GUEST_IPA);
	check_handover(block, vmid_of(GUEST), GUEST_IPA + 0x200000);
	assert_true(native_is_zero(frame, 1) && native_is_zero(block, 512));
	assert_true(has_secret(shared));
	assert_int_equal(granule_owner[shared], 0);
	assert_int_equal(granule_owner[frame], GRANULE_NONE);
	assert_int_equal(CALL(RUN, GUEST_VCPU, NIE_NEVER), NIE_RUN_WRONG_STATE_VCPU);
	assert_int_equal(CALL(VSPACE_ACTIVATE, GUEST), NIE_VSPACE_ACTIVATE_WRONG_STATE_VSPACE);
	/* The capability still remembers; then it can map elsewhere. */
	ok(CALL(UNMAP, SHARED));
	ok(CALL(MAP, SHARED, OWN_VSPACE, TASK_BASE, R));
	ok(CALL(VSPACE_KILL, GUEST));
	check_ownership();
}

static void shared_frames_count_their_mappings(void **state)
{
	granule_t g = object_of(SHARED);

	(void)state;
	ok(CALL(MAP, SHARED, OWN_VSPACE, TASK_BASE, R | W));
	ok(CALL(MAP, SHARED_COPY, GUEST, HALF, R | W));
	ok(CALL(MAP, SHARED_COPY2, TASK, TASK_BASE, R));
	assert_int_equal(granule_owner[g], 3);
	assert_int_equal(CALL(MAP, SHARED_COPY, TASK, TASK_BASE + 0x1000, R), NIE_MAP_MAPPED_FRAME);
	/* A moved capability remembers; a deleted one takes its mapping along. */
	ok(CALL(CAP_MOVE, 0, 70, 0, SHARED_COPY));
	delete_all(0, 70, 1);
	assert_int_equal(entry_of(GUEST, HALF), ENTRY_EMPTY);
	assert_int_equal(granule_owner[g], 2);
	write_secret(g);
	ok(CALL(CAP_REVOKE, 0, SHARED));
	assert_int_equal(granule_owner[g], 1);
	native_forget_log();
	u32 vmid = vmid_of(OWN_VSPACE);

	delete_all(0, SHARED, 1);
	check_handover(g, vmid, TASK_BASE);
	assert_true(native_is_zero(g, 1));
	assert_int_equal(entry_of(OWN_VSPACE, TASK_BASE), ENTRY_EMPTY);
	check_ownership();
}

static void a_mapping_is_not_mistaken_for_one_in_a_later_vspace(void **state)
{
	(void)state;
	ok(CALL(MAP, SHARED_COPY, TASK, TASK_BASE, R));
	granule_t old = object_of(TASK);

	/* The same memory becomes another VSpace, with another capability's mapping at the same IPA. */
	ok(CALL(RETYPE, UNTYPED, NIE_TYPE_UNTYPED, 14, 0, 80, 1));
	ok(CALL(RETYPE, 80, NIE_TYPE_TASK_VSPACE, 13, 0, 81, 1));
	ok(CALL(RETYPE, 80, NIE_TYPE_TABLE, 12, 0, 82, 2));
	ok(CALL(MAP_TABLE, 82, 81, TASK_BASE, 2));
	ok(CALL(MAP_TABLE, 83, 81, TASK_BASE, 3));
	ok(CALL(MAP, SHARED_COPY2, 81, TASK_BASE, R));
	granule_t reused = object_of(81);

	revoke_all(0, 80, 4);
	assert_int_equal(granule_owner[object_of(SHARED)], 1);
	ok(CALL(RETYPE, 80, NIE_TYPE_TASK_VSPACE, 13, 0, 81, 1));
	ok(CALL(RETYPE, 80, NIE_TYPE_TABLE, 12, 0, 82, 2));
	assert_int_equal(object_of(81), reused);
	ok(CALL(MAP_TABLE, 82, 81, TASK_BASE, 2));
	ok(CALL(MAP_TABLE, 83, 81, TASK_BASE, 3));
	ok(CALL(MAP, SHARED, 81, TASK_BASE, R));
	assert_int_equal(CALL(UNMAP, SHARED_COPY2), NIE_UNMAP_NOT_MAPPED_FRAME);
	delete_all(0, SHARED_COPY2, 1);
	assert_true(entry_is_valid(entry_of(81, TASK_BASE)));
	assert_int_equal(granule_owner[object_of(SHARED)], 2);
	assert_int_equal(object_of(TASK), old);
	check_ownership();
}

static void devices(void **state)
{
	(void)state;
	ok(CALL(MAP, DEVICE, OWN_VSPACE, TASK_BASE, R | W));
	ok(CALL(MAP, DEVICE_COPY, TASK, TASK_BASE, R));
	assert_int_equal(CALL(MAP, DEVICE, OWN_VSPACE, TASK_BASE + 0x1000, R), NIE_MAP_MAPPED_FRAME);
	native_forget_log();
	revoke_all(0, DEVICE, 1);
	assert_int_equal(entry_of(TASK, TASK_BASE), ENTRY_EMPTY);
	assert_true(native_find(0, NATIVE_INVALIDATE_IPA, vmid_of(TASK)) >= 0);
	assert_true(entry_is_valid(entry_of(OWN_VSPACE, TASK_BASE)));
	ok(CALL(UNMAP, DEVICE));
	assert_int_equal(entry_of(OWN_VSPACE, TASK_BASE), ENTRY_EMPTY);
	assert_int_equal(native_count(NATIVE_SCRUB), 0);
}

static void a_deleted_table_takes_out_what_it_maps(void **state)
{
	granule_t g = object_of(FRAME), table = object_of(TABLES_GUEST + 1);

	(void)state;
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, R | W));
	ok(CALL(MAP, SHARED, GUEST, HALF, R));
	write_secret(g);
	native_forget_log();
	u32 vmid = vmid_of(GUEST);

	delete_all(0, TABLES_GUEST, 2); /* level 2: the level-3 table below it is unlinked, not destroyed */
	check_handover(g, vmid, GUEST_IPA);
	check_handover(table - 1, vmid, 0);
	assert_true(native_is_zero(g, 1));
	assert_int_equal(granule_owner[table], GRANULE_NONE);
	assert_int_equal(granule_state[table], GRANULE_TABLE);
	assert_int_equal(entry_of(GUEST, GUEST_IPA), ENTRY_DESTROYED);
	assert_true(entry_is_valid(entry_of(GUEST, HALF)));
	/* Where the guest lost memory, no table can bring new memory either. */
	assert_int_equal(CALL(MAP_TABLE, TABLES_GUEST + 1, GUEST, GUEST_IPA, 2), NIE_MAP_TABLE_EXISTS_IPA);
	check_ownership();
}

static void a_table_moves_to_another_vspace_empty(void **state)
{
	(void)state;
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, R | W));
	delete_all(0, TABLES_GUEST, 2);
	delete_all(0, TABLES_TASK + 1, 1);
	/* The unlinked level-3 table still has a destroyed mark: forgotten when it is linked again. */
	ok(CALL(MAP_TABLE, TABLES_GUEST + 1, TASK, TASK_BASE, 3));
	ok(CALL(MAP, FRAME, TASK, TASK_BASE, R));
	check_ownership();
}

static void scrub_before_free_for_every_object(void **state)
{
	static const struct {
		u32 type, size_bits;
	} kinds[] = {
		{NIE_TYPE_CNODE, 12}, {NIE_TYPE_CNODE, 14}, {NIE_TYPE_PRIVATE_FRAME, 12}, {NIE_TYPE_SHARED_FRAME, 21},
		{NIE_TYPE_TABLE, 12}, {NIE_TYPE_TASK_VSPACE, 13}, {NIE_TYPE_GUEST_VSPACE, 13}, {NIE_TYPE_VCPU, 12},
	};

	(void)state;
	for (u32 i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		granule_t g = make(kinds[i].type, kinds[i].size_bits, 90);
		u32 count = 1u << (kinds[i].size_bits - 12u);
		bool object = native_is_mapped(g);

		if (kinds[i].type == NIE_TYPE_PRIVATE_FRAME) { /* one that nobody has mapped is zero as it is */
			ok(CALL(MAP, 90, OWN_VSPACE, TASK_BASE, R | W));
			ok(CALL(UNMAP, 90));
		}
		native_forget_log();
		delete_all(0, 90, 4);
		int unmap = native_find(0, NATIVE_OBJECT_UNMAP, g);
		int scrub = native_find(0, NATIVE_SCRUB, g);

		assert_true(scrub >= 0 && (!object || (unmap >= 0 && unmap < scrub)));
		assert_int_equal(native_event((u32)scrub).b, count);
		assert_int_not_equal(native_event((u32)scrub).c, GRANULE_FREE);
		for (u32 n = 0; n < count; n++) {
			assert_int_equal(granule_state[g + n], GRANULE_FREE);
			assert_int_equal(granule_owner[g + n], 0);
		}
	}
	check_ownership();
}

static void vmids_are_never_shared(void **state)
{
	(void)state;
	make(NIE_TYPE_CNODE, 14, 90);
	ok(CALL(RETYPE, UNTYPED, NIE_TYPE_TASK_VSPACE, 13, 90, 1, 200));
	u8 seen[256] = {0};

	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		if (granule_state[g] == GRANULE_VSPACE) {
			u32 vmid = vspace_at(g)->vmid;

			assert_true(vmid > 0u && vmid < 256u && seen[vmid] == 0u);
			seen[vmid] = 1;
		}
	}
	/* Before a VMID is used again, nothing of it is left in a TLB. */
	u32 vmid = vspace_at(slot_at(cnode_slot(object_of(90), 1))->object)->vmid;

	native_forget_log();
	delete_all(90, 1, 1);
	assert_true(native_find(0, NATIVE_INVALIDATE_VSPACE, vmid) >= 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, memory_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(rights_reach_the_entry),
		TEST(donate_takes_it_from_the_task),
		TEST(what_leaves_a_guest_is_scrubbed_and_its_place_destroyed),
		TEST(only_a_frame_that_nobody_wrote_since_ends_without_a_scrub),
		TEST(a_frame_written_after_it_left_a_guest_is_scrubbed_at_its_end),
		TEST(a_lost_place_stays_lost_while_building),
		TEST(blocks),
		TEST(kill_takes_everything_out),
		TEST(shared_frames_count_their_mappings),
		TEST(a_mapping_is_not_mistaken_for_one_in_a_later_vspace),
		TEST(devices),
		TEST(a_deleted_table_takes_out_what_it_maps),
		TEST(a_table_moves_to_another_vspace_empty),
		TEST(scrub_before_free_for_every_object),
		TEST(vmids_are_never_shared),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
