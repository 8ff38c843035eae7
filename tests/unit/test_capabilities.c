/* SPDX-License-Identifier: Apache-2.0 */
/* The derivation tree: copy, move, delete, revoke, retype, and CNodes that are deleted full. */
#include "world.h"

#include "../../kernel/core/authority/authority.h"
#include "nie/vspace.h"

#define R NIE_RIGHT_READ
#define W NIE_RIGHT_WRITE
#define X NIE_RIGHT_EXECUTE

static void ok(u64 status)
{
	assert_int_equal(status, NIE_OK);
}

static void info(void **state)
{
	(void)state;
	ok(CALL(CAP_INFO, UNTYPED));
	assert_int_equal(result(1), NIE_TYPE_UNTYPED);
	assert_int_equal(result(2), NIE_RIGHTS_ALL);
	assert_int_equal(result(3), UNTYPED_BITS);
	assert_int_equal(result(4), granule_address(object_of(UNTYPED)));
	assert_int_equal(result(5), 1ul << UNTYPED_BITS);
	make(NIE_TYPE_SHARED_FRAME, 12, 30);
	ok(CALL(CAP_INFO, UNTYPED));
	assert_int_equal(result(5), (1ul << UNTYPED_BITS) - 4096);
	ok(CALL(CAP_INFO, 30));
	assert_int_equal(result(1), NIE_TYPE_SHARED_FRAME);
	assert_int_equal(result(4), 0);
	assert_int_equal(result(5), 0);
	ok(CALL(CAP_INFO, DEVICE));
	assert_int_equal(result(4), DEVICE_PAGE * 4096ul);
	ok(CALL(CAP_INFO, IRQ));
	assert_int_equal(result(4), DEVICE_INTID);
	ok(CALL(CAP_INFO, CORE2));
	assert_int_equal(result(4), 2);
}

static void copies_lose_rights_and_never_gain(void **state)
{
	(void)state;
	make(NIE_TYPE_SHARED_FRAME, 12, 30);
	ok(CALL(CAP_COPY, 0, 31, 0, 30, R | W));
	ok(CALL(CAP_COPY, 0, 32, 0, 31, NIE_NEVER));
	ok(CALL(CAP_INFO, 32));
	assert_int_equal(result(2), R | W);
	assert_false(slot_is_origin(own_slot(32)));
	ok(CALL(CAP_COPY, 0, 33, 0, 32, X));
	ok(CALL(CAP_INFO, 33));
	assert_int_equal(result(2), 0);
	assert_int_equal(slot_at(own_slot(33))->depth, 4);
	/* No mask makes a copy the object's life. */
	ok(CALL(CAP_COPY, 0, 34, 0, 30, NIE_NEVER));
	assert_true(slot_is_origin(own_slot(30)));
	assert_false(slot_is_origin(own_slot(34)));
	check_tree();
}

static void a_move_keeps_the_place_in_the_tree(void **state)
{
	(void)state;
	make(NIE_TYPE_SHARED_FRAME, 12, 30);
	ok(CALL(CAP_COPY, 0, 31, 0, 30, R));
	ok(CALL(CAP_COPY, 0, 32, 0, 30, R));
	ok(CALL(CAP_MOVE, 0, 40, 0, 30));
	assert_int_equal(type_at(30), 0);
	assert_int_equal(CALL(CAP_DELETE, 0, 40), NIE_CAP_DELETE_HAS_CHILDREN_INDEX);
	ok(CALL(CAP_MOVE, 0, 41, 0, 32));
	check_tree();
	revoke_all(0, 40, 1);
	assert_int_equal(type_at(31), 0);
	assert_int_equal(type_at(41), 0);
	delete_all(0, 40, 1);
	revoke_everything(1);
	/* An untyped keeps its watermark, and a root has no neighbour before it. */
	make(NIE_TYPE_SHARED_FRAME, 12, 30);
	ok(CALL(CAP_MOVE, 0, 50, 0, UNTYPED));
	ok(CALL(CAP_INFO, 50));
	assert_int_equal(result(5), (1ul << UNTYPED_BITS) - 4096);
	check_tree();
	ok(CALL(CAP_MOVE, 0, UNTYPED, 0, 50));
	revoke_everything(1);
}

static void deleting_a_copy_leaves_the_object(void **state)
{
	(void)state;
	granule_t g = make(NIE_TYPE_SHARED_FRAME, 12, 30);

	ok(CALL(CAP_COPY, 0, 31, 0, 30, R));
	delete_all(0, 31, 1);
	assert_int_equal(granule_state[g], GRANULE_SHARED);
	native_ram_write((u64)g * GRANULE_SIZE, "secret", 6);
	delete_all(0, 30, 1);
	assert_int_equal(granule_state[g], GRANULE_FREE);
	assert_true(native_is_zero(g, 1));
	check_tree();
}

static void retype_goes_up_and_starts_again_when_all_is_gone(void **state)
{
	granule_t first = object_of(UNTYPED);

	(void)state;
	assert_int_equal(make(NIE_TYPE_TABLE, 12, 30), first);
	/* The next multiple of its size. */
	assert_int_equal(make(NIE_TYPE_PRIVATE_FRAME, 21, 31), first + 512);
	assert_int_equal(make(NIE_TYPE_GUEST_VSPACE, 13, 32), first + 1024);
	assert_int_equal(make(NIE_TYPE_TABLE, 12, 33), first + 1026);
	delete_all(0, 33, 1);
	/* Nothing is found again below the watermark. */
	assert_int_equal(make(NIE_TYPE_TABLE, 12, 33), first + 1027);
	delete_all(0, 30, 1);
	delete_all(0, 31, 2);
	delete_all(0, 32, 2);
	delete_all(0, 33, 1);
	assert_int_equal(make(NIE_TYPE_TABLE, 12, 33), first);
	revoke_everything(1);
}

static void retype_until_nothing_is_left(void **state)
{
	(void)state;
	u32 blocks = 1u << (UNTYPED_BITS - 21u);

	for (u32 i = 0; i < blocks; i++) {
		make(NIE_TYPE_PRIVATE_FRAME, 21, 30 + i);
	}
	assert_int_equal(CALL(RETYPE, UNTYPED, NIE_TYPE_TABLE, 12, 0, 60, 1), NIE_RETYPE_NO_MEMORY_UNTYPED);
	ok(CALL(CAP_INFO, UNTYPED));
	assert_int_equal(result(5), 0);
	/* Each 2 MiB frame is a call's worth of scrubbing. */
	revoke_everything(blocks + 1u);
}

static void retype_many(void **state)
{
	(void)state;
	granule_t first = object_of(UNTYPED);

	ok(CALL(RETYPE, UNTYPED, NIE_TYPE_SHARED_FRAME, 12, 0, 30, 90));
	for (u32 i = 0; i < 90u; i++) {
		assert_int_equal(object_of(30 + i), first + i);
		assert_int_equal(granule_state[first + i], GRANULE_SHARED);
	}
	check_tree();
	/* The last slots of the CNode, and one too many. */
	assert_int_equal(CALL(RETYPE, UNTYPED, NIE_TYPE_SHARED_FRAME, 12, 0, 126, 3), NIE_RETYPE_BAD_SLOT_TO_INDEX);
	ok(CALL(RETYPE, UNTYPED, NIE_TYPE_SHARED_FRAME, 12, 0, 126, 2));
	assert_int_equal(CALL(RETYPE, UNTYPED, NIE_TYPE_SHARED_FRAME, 21, 0, 120, 2), NIE_RETYPE_BAD_VALUE_COUNT);
	assert_int_equal(CALL(RETYPE, UNTYPED, NIE_TYPE_SHARED_FRAME, 12, 0, NIE_NEVER, 2),
			 NIE_RETYPE_BAD_SLOT_TO_INDEX);
	assert_int_equal(CALL(RETYPE, UNTYPED, NIE_TYPE_UNTYPED, 40, 0, 120, 512), NIE_RETYPE_BAD_SLOT_TO_INDEX);
	assert_int_equal(CALL(RETYPE, UNTYPED, NIE_TYPE_UNTYPED, 40, 0, 120, 1), NIE_RETYPE_NO_MEMORY_UNTYPED);
	assert_int_equal(CALL(RETYPE, UNTYPED, NIE_TYPE_UNTYPED, UNTYPED_BITS, 0, 120, 1),
			 NIE_RETYPE_NO_MEMORY_UNTYPED);
	revoke_everything(1);
}

static void revoke_is_bounded(void **state)
{
	(void)state;
	/* A CNode of 2 MiB minus nothing: 32,767 slots do not go in one call. */
	make(NIE_TYPE_CNODE, 20, 30);
	for (u32 i = 0; i < 6u; i++) {
		ok(CALL(RETYPE, UNTYPED, NIE_TYPE_UNTYPED, 12, 30, 1 + i * 300, 300));
	}
	native_forget_log();
	u32 calls = 0;

	do {
		ok(CALL(CAP_REVOKE, 0, UNTYPED));
		calls++;
		assert_true(calls < 200u);
		check_tree();
	} while (result(1) != 0u);
	assert_true(calls > 32768u / NIE_STEP_GRANULES);
	revoke_everything(1);
}

static void one_call_deletes_at_most_a_step(void **state)
{
	u32 left = 0;

	(void)state;
	make(NIE_TYPE_CNODE, 17, 30);
	ok(CALL(RETYPE, UNTYPED, NIE_TYPE_UNTYPED, 20, 0, 31, 1));
	for (u32 i = 0; i < 2u; i++) {
		ok(CALL(RETYPE, 31, NIE_TYPE_UNTYPED, 12, 30, 1 + i * 100, 100));
	}
	ok(CALL(CAP_COPY, 0, 32, 0, CORE0, NIE_RIGHTS_ALL));
	for (u32 i = 0; i < 900u; i++) {
		ok(CALL(CAP_COPY, 30, 1000 + i, 0, 32, NIE_RIGHTS_ALL));
	}
	ok(CALL(CAP_REVOKE, 0, 32));
	assert_int_equal(result(1), 1);
	for (u32 i = 0; i < 900u; i++) {
		left += slot_at(cnode_slot(object_of(30), 1000 + i))->type != 0u ? 1u : 0u;
	}
	assert_int_equal(left, 900u - NIE_STEP_GRANULES);
	revoke_all(0, 32, 1);
	revoke_all(0, 31, 1);
	check_tree();
}

static void an_inner_untyped_is_revoked_alone(void **state)
{
	(void)state;
	ok(CALL(RETYPE, UNTYPED, NIE_TYPE_UNTYPED, 21, 0, 30, 2));
	ok(CALL(RETYPE, 30, NIE_TYPE_PRIVATE_FRAME, 12, 0, 40, 5));
	ok(CALL(RETYPE, 31, NIE_TYPE_PRIVATE_FRAME, 12, 0, 50, 5));
	assert_int_equal(CALL(CAP_DELETE, 0, 30), NIE_CAP_DELETE_HAS_CHILDREN_INDEX);
	revoke_all(0, 30, 1);
	assert_int_equal(type_at(40), 0);
	assert_int_equal(type_at(50), NIE_TYPE_PRIVATE_FRAME);
	ok(CALL(RETYPE, 30, NIE_TYPE_PRIVATE_FRAME, 21, 0, 40, 1));
	check_tree();
	revoke_everything(4);
}

/* CNodes that hold their own capability, or each other's. */
static void cnodes_in_a_circle(void **state)
{
	(void)state;
	make(NIE_TYPE_CNODE, 12, 30);
	make(NIE_TYPE_CNODE, 12, 31);
	make(NIE_TYPE_CNODE, 12, 32);
	ok(CALL(CAP_COPY, 0, 33, 0, 32, NIE_RIGHTS_ALL));
	ok(CALL(RETYPE, UNTYPED, NIE_TYPE_PRIVATE_FRAME, 12, 30, 5, 10));
	ok(CALL(RETYPE, UNTYPED, NIE_TYPE_PRIVATE_FRAME, 12, 31, 5, 10));
	ok(CALL(CAP_MOVE, 33, 1, 33, 1) == NIE_CAP_MOVE_EMPTY_FROM_INDEX ? NIE_OK : NIE_ERR_BAD_CALL);
	/* 32 goes into itself, through its copy; then 30 into 31 and 31 into 30. */
	ok(CALL(CAP_MOVE, 33, 1, 0, 32));
	delete_all(0, 33, 1);
	ok(CALL(CAP_COPY, 0, 34, 0, 31, NIE_RIGHTS_ALL));
	ok(CALL(CAP_COPY, 0, 35, 0, 30, NIE_RIGHTS_ALL));
	ok(CALL(CAP_MOVE, 34, 1, 0, 30));
	ok(CALL(CAP_MOVE, 35, 1, 0, 31));
	check_tree();
	revoke_everything(20);
}

/* The harder circle: each CNode holds the untyped that the other's memory is from. */
static void untypeds_in_a_circle(void **state)
{
	(void)state;
	ok(CALL(RETYPE, UNTYPED, NIE_TYPE_UNTYPED, 14, 0, 30, 2));
	ok(CALL(RETYPE, 30, NIE_TYPE_CNODE, 12, 0, 40, 1));
	ok(CALL(RETYPE, 31, NIE_TYPE_CNODE, 12, 0, 41, 1));
	ok(CALL(RETYPE, 30, NIE_TYPE_PRIVATE_FRAME, 12, 41, 8, 2));
	ok(CALL(CAP_MOVE, 40, 1, 0, 31));
	ok(CALL(CAP_MOVE, 41, 1, 0, 30));
	ok(CALL(CAP_COPY, 0, 42, 0, 41, NIE_RIGHTS_ALL));
	ok(CALL(CAP_MOVE, 40, 2, 0, 41));
	ok(CALL(CAP_MOVE, 42, 2, 0, 40));
	check_tree();
	revoke_everything(20);
}

static void a_deleted_cnode_is_out_of_reach_at_once(void **state)
{
	(void)state;
	make(NIE_TYPE_CNODE, 17, 30); /* 4,095 slots: more than one call empties */
	granule_t task = make(NIE_TYPE_VCPU, 12, 32);

	make(NIE_TYPE_TASK_VSPACE, 13, 31);
	ok(CALL(VCPU_CONFIGURE, 32, 31, 0, 30, 0, 0, 0));
	ok(CALL(CAP_COPY, 30, 4000, 0, CORE0, NIE_RIGHTS_ALL));
	ok(CALL(CORE_START, CORE1, 32));
	ok(call_as(task, NIE_CALL_CAP_INFO, (u64[7]){4000}));
	ok(CALL(CAP_DELETE, 0, 30));
	assert_int_equal(result(1), 1);
	assert_int_equal(type_at(30), 0);
	assert_int_equal(call_as(task, NIE_CALL_CAP_INFO, (u64[7]){4000}), NIE_CAP_INFO_BAD_SLOT_SLOT);
	assert_int_equal(call_as(task, NIE_CALL_RETYPE, (u64[7]){1, 1, 12, 0, 1, 1}), NIE_RETYPE_BAD_SLOT_UNTYPED);
	/* Its memory is not free before it is empty; a new CNode there is another one. */
	delete_all(0, 30, 20);
	assert_int_equal(CALL(CAP_DELETE, 0, 30), NIE_CAP_DELETE_EMPTY_INDEX);
	assert_int_equal(call_as(task, NIE_CALL_CAP_INFO, (u64[7]){4000}), NIE_CAP_INFO_BAD_SLOT_SLOT);
	assert_int_equal(type_at(CORE0), NIE_TYPE_CORE);
	check_ownership();
}

static void memory_of_a_doomed_cnode_is_not_given_out(void **state)
{
	(void)state;
	ok(CALL(RETYPE, UNTYPED, NIE_TYPE_UNTYPED, 17, 0, 29, 1));
	ok(CALL(RETYPE, 29, NIE_TYPE_CNODE, 17, 0, 30, 1));
	ok(CALL(CAP_DELETE, 0, 30));
	assert_int_equal(result(1), 1);
	state_save();
	assert_int_equal(CALL(RETYPE, 29, NIE_TYPE_TABLE, 12, 0, 40, 1), NIE_RETYPE_NO_MEMORY_UNTYPED);
	assert_true(state_is_unchanged());
	delete_all(0, 30, 20);
	ok(CALL(RETYPE, 29, NIE_TYPE_TABLE, 12, 0, 40, 1));
	revoke_everything(2);
}

/* To scrub the first of two deleted CNodes takes the last of the budget: nothing of the second is touched. */
static void scrubbing_a_cnode_takes_the_last_of_the_budget(void **state)
{
	(void)state;
	make(NIE_TYPE_CNODE, 14, 30);
	granule_t second = make(NIE_TYPE_CNODE, 17, 31);

	ok(CALL(RETYPE, UNTYPED, NIE_TYPE_PRIVATE_FRAME, 12, 30, 1, 508));
	ok(CALL(CAP_DELETE, 0, 30)); /* itself and 256 frames, of which the last is not paid in full */
	assert_int_equal(result(1), 1);
	ok(CALL(CAP_DELETE, 0, 31)); /* itself, 252 frames, 3 empty slots, 4 granules */
	assert_int_equal(result(1), 1);
	assert_true(doomed.first == second && doomed.ending == GRANULE_NONE);
	assert_int_equal(slot_at(second * NIE_SLOTS_PER_GRANULE)->detail, 1);
	delete_all(0, 31, 10);
	revoke_everything(4);
}

/* What a doomed CNode holds of the caller's own is left for somebody else to end. */
static void the_callers_own_in_a_doomed_cnode(void **state)
{
	(void)state;
	make(NIE_TYPE_CNODE, 12, 30);
	make(NIE_TYPE_CNODE, 12, 33);
	make(NIE_TYPE_TASK_VSPACE, 13, 31);
	granule_t task = make(NIE_TYPE_VCPU, 12, 32);

	ok(CALL(VCPU_CONFIGURE, 32, 31, 0, 33, 0, 0, 0));
	ok(CALL(CORE_START, CORE1, 32));
	ok(CALL(CAP_COPY, 33, 20, 0, 33, NIE_RIGHTS_ALL));
	make(NIE_TYPE_CNODE, 12, 34);
	make(NIE_TYPE_CNODE, 12, 35);
	ok(CALL(CAP_MOVE, 34, 9, 0, 35)); /* one more comes to light while 34 is emptied */
	ok(CALL(CAP_MOVE, 33, 21, 0, 30)); /* the task has CNode 30 and can put its own vCPU there */
	ok(CALL(CAP_MOVE, 33, 22, 0, 32));
	ok(CALL(CAP_MOVE, 33, 23, 0, 34));
	ok(call_as(task, NIE_CALL_CAP_MOVE, (u64[7]){21, 7, 0, 22}));
	ok(call_as(task, NIE_CALL_CAP_DELETE, (u64[7]){0, 21}));
	assert_int_equal(granule_state[task], GRANULE_VCPU);
	assert_true(doomed_any());
	/* Another deleted CNode does not have to wait behind it. */
	ok(call_as(task, NIE_CALL_CAP_DELETE, (u64[7]){0, 23}));
	for (u32 i = 0; i < 4u && vcpu_at(task)->x[1] != 0u; i++) {
		ok(call_as(task, NIE_CALL_CAP_DELETE, (u64[7]){0, 23}));
	}
	assert_int_equal(vcpu_at(task)->x[1], 0);
	assert_int_equal(granule_state[task], GRANULE_VCPU);
	assert_true(doomed.first == doomed.last && doomed.ending == GRANULE_NONE);
	/* The caller can: the task's core is told to leave it first. */
	ok(CALL(CAP_REVOKE, 0, 33));
	assert_int_equal(result(1), 1);
	assert_true(native_find(0, NATIVE_KICK, 1) >= 0);
	trap_interrupt(1, 0);
	assert_int_equal(cores[1].current, GRANULE_NONE);
	revoke_all(0, 33, 4);
	assert_int_equal(granule_state[task], GRANULE_FREE);
	assert_false(doomed_any());
	revoke_everything(4);
}

static void revoking_ones_own_objects_goes_no_further(void **state)
{
	(void)state;
	/* Something newer from the same untyped goes; then the caller's own things are next. */
	ok(CALL(RETYPE, UNTYPED_OWN, NIE_TYPE_PRIVATE_FRAME, 12, 0, 30, 3));
	ok(CALL(CAP_REVOKE, 0, UNTYPED_OWN));
	assert_int_equal(result(1), 1);
	assert_int_equal(type_at(30), 0);
	state_save();
	assert_int_equal(CALL(CAP_REVOKE, 0, UNTYPED_OWN), NIE_CAP_REVOKE_BUSY_INDEX);
	assert_true(state_is_unchanged());
	check_tree();
}

/* Another core's task ends with the capability, but not before its core has left it. */
static void a_running_vcpu_ends_in_two_steps(void **state)
{
	(void)state;
	make(NIE_TYPE_TASK_VSPACE, 13, 31);
	make(NIE_TYPE_CNODE, 12, 33);
	granule_t task = make(NIE_TYPE_VCPU, 12, 32);

	ok(CALL(VCPU_CONFIGURE, 32, 31, 0, 33, 0, 0, 0));
	ok(CALL(CORE_START, CORE1, 32));
	trap_interrupt(1, 0);
	native_forget_log();
	ok(CALL(CAP_DELETE, 0, 32));
	assert_int_equal(result(1), 1);
	assert_int_equal(type_at(32), NIE_TYPE_VCPU);
	assert_true(native_find(0, NATIVE_KICK, 1) >= 0);
	trap_interrupt(1, 0);
	assert_int_equal(cores[1].current, GRANULE_NONE);
	delete_all(0, 32, 1);
	nothing_is_left(task, 1);
	assert_int_equal(vspace_at(object_of(31))->vcpu[0], GRANULE_NONE);
	revoke_everything(4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(info),
		TEST(copies_lose_rights_and_never_gain),
		TEST(a_move_keeps_the_place_in_the_tree),
		TEST(deleting_a_copy_leaves_the_object),
		TEST(retype_goes_up_and_starts_again_when_all_is_gone),
		TEST(retype_until_nothing_is_left),
		TEST(retype_many),
		TEST(revoke_is_bounded),
		TEST(one_call_deletes_at_most_a_step),
		TEST(an_inner_untyped_is_revoked_alone),
		TEST(cnodes_in_a_circle),
		TEST(untypeds_in_a_circle),
		TEST(a_deleted_cnode_is_out_of_reach_at_once),
		TEST(memory_of_a_doomed_cnode_is_not_given_out),
		TEST(scrubbing_a_cnode_takes_the_last_of_the_budget),
		TEST(the_callers_own_in_a_doomed_cnode),
		TEST(revoking_ones_own_objects_goes_no_further),
		TEST(a_running_vcpu_ends_in_two_steps),
	};

	return cmocka_run_group_tests_name("capabilities", tests, NULL, NULL);
}
