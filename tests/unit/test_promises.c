/* SPDX-License-Identifier: Apache-2.0 */
/* Promises that no other test would see broken: tests/mutation names this file for each of them. */
#include "world.h"

#include <string.h>

#include "nie/vspace.h"

#define GUEST_IPA 0x40000000ul
#define ESR_SVC64 (0x15ul << 26 | 1ul << 25)
#define PENDING (1ul << 62)
#define LIST_HW (1ul << 61)
#define SECRET_PAGE 300u

enum object_slot {
	GUEST = 30,
	GUEST_VCPU,
	TABLES = 40,
	BLOCK = 50,
	CNODE = 60,
};

static granule_t vcpu;

static void ok(u64 status)
{
	assert_int_equal(status, NIE_OK);
}

static int promises_setup(void **state)
{
	world_setup(state);
	make(NIE_TYPE_GUEST_VSPACE, 13, GUEST);
	vcpu = make(NIE_TYPE_VCPU, 12, GUEST_VCPU);
	ok(CALL(VCPU_CONFIGURE, GUEST_VCPU, GUEST, 0, 0, GUEST_IPA, 0, 0));
	make_tables(TABLES, GUEST, GUEST_IPA);
	native_forget_log();
	return 0;
}

static void a_block_leaves_a_guest_scrubbed_whole(void **state)
{
	granule_t frame = make(NIE_TYPE_PRIVATE_FRAME, 21, BLOCK);
	const char secret[] = "secret";

	(void)state;
	ok(CALL(DONATE, BLOCK, GUEST, GUEST_IPA + 0x200000, NIE_RIGHT_READ));
	native_ram_write((u64)(frame + SECRET_PAGE) * GRANULE_SIZE, secret, sizeof(secret));
	ok(CALL(UNMAP, BLOCK));
	assert_true(native_is_zero(frame, NIE_PAGES_PER_BLOCK));
}

/* A frame that left a guest counts as scrubbed until somebody maps it again. */
static void a_frame_that_a_task_wrote_ends_scrubbed(void **state)
{
	granule_t frame = make(NIE_TYPE_PRIVATE_FRAME, 12, BLOCK);

	(void)state;
	make_tables(TABLES + 2, OWN_VSPACE, TASK_BASE);
	ok(CALL(DONATE, BLOCK, GUEST, GUEST_IPA, NIE_RIGHT_READ));
	ok(CALL(UNMAP, BLOCK));
	for (u32 round = 0; round < 2u; round++) {
		ok(CALL(MAP, BLOCK, OWN_VSPACE, TASK_BASE, NIE_RIGHT_READ | NIE_RIGHT_WRITE));
		native_ram_write((u64)frame * GRANULE_SIZE, "secret", 6);
		ok(CALL(UNMAP, BLOCK));
	}
	delete_all(0, BLOCK, 2);
	nothing_is_left(frame, 1);
}

static void a_guest_runs_only_once_sealed(void **state)
{
	(void)state;
	assert_int_equal(CALL(RUN, GUEST_VCPU, NIE_NEVER), NIE_RUN_WRONG_STATE_VCPU);
	ok(CALL(VSPACE_ACTIVATE, GUEST));
	(void)CALL(RUN, GUEST_VCPU, NIE_NEVER);
	assert_int_equal(cores[0].current, vcpu);
}

static void a_killed_guest_does_not_run(void **state)
{
	(void)state;
	ok(CALL(VSPACE_ACTIVATE, GUEST));
	ok(CALL(VSPACE_KILL, GUEST));
	assert_int_equal(CALL(RUN, GUEST_VCPU, NIE_NEVER), NIE_RUN_WRONG_STATE_VCPU);
}

static void each_list_register_is_checked(void **state)
{
	static const u64 forbidden[] = {LIST_HW, PENDING | LIST_HW | 40, PENDING | LIST_HW | 40ul << 32 | 40, PENDING | 27,
					PENDING | 1020, 1ul << 56, 1ul << 42, 1ul << 59};

	(void)state;
	ok(CALL(VSPACE_ACTIVATE, GUEST));
	for (u32 i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		u64 f = forbidden[i];

		assert_int_equal(CALL(RUN, GUEST_VCPU, NIE_NEVER, 0, f, 0, 0), NIE_RUN_BAD_VALUE_LIST1);
		assert_int_equal(CALL(RUN, GUEST_VCPU, NIE_NEVER, 0, 0, f, 0), NIE_RUN_BAD_VALUE_LIST2);
		assert_int_equal(CALL(RUN, GUEST_VCPU, NIE_NEVER, 0, 0, 0, f), NIE_RUN_BAD_VALUE_LIST3);
	}
	assert_int_equal(CALL(RUN, GUEST_VCPU, NIE_NEVER, 0, PENDING | 40, 0, PENDING | 40), NIE_RUN_BAD_VALUE_LIST3);
	assert_int_equal(CALL(RUN, GUEST_VCPU, NIE_NEVER, 0, PENDING | 40, PENDING | 40, 0), NIE_RUN_BAD_VALUE_LIST3);
	assert_int_equal(CALL(RUN, GUEST_VCPU, NIE_NEVER, 0, 0, PENDING | 40, PENDING | 40), NIE_RUN_BAD_VALUE_LIST3);
}

/* SVC from EL1 does not reach EL2; if it did, it would be no hypercall. */
static void an_svc_of_a_guest_is_undefined(void **state)
{
	(void)state;
	ok(CALL(VSPACE_ACTIVATE, GUEST));
	(void)CALL(RUN, GUEST_VCPU, NIE_NEVER);
	vcpu_at(vcpu)->x[8] = NIE_CALL_LIMIT;
	vcpu_at(vcpu)->x[0] = 77;
	trap_sync(0, ESR_SVC64, 0, 0);
	assert_int_equal(vcpu_at(vcpu)->x[0], 77);
	assert_true(native_find(0, NATIVE_UNDEFINED, vcpu) >= 0);
}

static void an_index_ends_with_its_cnode(void **state)
{
	granule_t cnode = make(NIE_TYPE_CNODE, 12, CNODE);

	(void)state;
	assert_int_equal(cnode_slot(cnode, NIE_SLOTS_PER_GRANULE), SLOT_NONE);
	ok(CALL(CAP_COPY, CNODE, NIE_SLOTS_PER_GRANULE - 1, 0, CNODE, NIE_RIGHTS_ALL));
	assert_int_equal(CALL(CAP_COPY, CNODE, NIE_SLOTS_PER_GRANULE, 0, CNODE, NIE_RIGHTS_ALL), NIE_CAP_COPY_BAD_SLOT_TO_INDEX);
	assert_int_equal(CALL(RETYPE, UNTYPED, NIE_TYPE_TABLE, 12, CNODE, NIE_SLOTS_PER_GRANULE - 2, 3),
			 NIE_RETYPE_BAD_SLOT_TO_INDEX);
}

static void a_kill_is_bounded(void **state)
{
	u32 calls = 0;

	(void)state;
	for (u32 i = 0; i < 3u; i++) {
		make(NIE_TYPE_PRIVATE_FRAME, 21, BLOCK + i);
		ok(CALL(DONATE, BLOCK + i, GUEST, GUEST_IPA + (i + 1u) * 0x200000ul, NIE_RIGHT_READ));
	}
	do {
		u32 scrubbed = 0;

		native_forget_log();
		ok(CALL(VSPACE_KILL, GUEST));
		for (u32 i = 0; i < native_events(); i++) {
			struct native_event e = native_event(i);

			scrubbed += e.operation == NATIVE_SCRUB ? (u32)e.b : 0u;
		}
		assert_true(scrubbed <= NIE_STEP_GRANULES);
		calls++;
		assert_true(calls < 10u);
	} while (result(1) != 0u);
	assert_true(calls >= 3u);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, promises_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_block_leaves_a_guest_scrubbed_whole),
		TEST(a_frame_that_a_task_wrote_ends_scrubbed),
		TEST(a_guest_runs_only_once_sealed),
		TEST(a_killed_guest_does_not_run),
		TEST(each_list_register_is_checked),
		TEST(an_svc_of_a_guest_is_undefined),
		TEST(an_index_ends_with_its_cnode),
		TEST(a_kill_is_bounded),
	};

	return cmocka_run_group_tests_name("promises", tests, NULL, NULL);
}
