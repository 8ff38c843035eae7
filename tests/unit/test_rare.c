/* SPDX-License-Identifier: Apache-2.0 */
/* What seldom happens: budgets that end at the worst place, chains cut in the middle, mappings that went before. */
#include "world.h"

#include "../../kernel/core/authority/authority.h"
#include "nie/hw.h"
#include "nie/run.h"
#include "nie/table.h"
#include "nie/vspace.h"

#define R NIE_RIGHT_READ
#define GUEST_IPA 0x40000000ul
#define GIB 0x40000000ul
#define BLOCK 0x200000ul
#define ESR(class, iss) ((u64)(class) << 26 | 1ul << 25 | (u64)(iss))
#define HVC 0x16u
#define SYSREG 0x18u
#define SYSREG_READ 1u
#define ICC_SGI1R_EL1 (3u << 20 | 5u << 17 | 12u << 10 | 11u << 1)
#define ACTLR_EL1 (3u << 20 | 1u << 17 | 1u << 10)
#define PSCI_CPU_SUSPEND 0xc4000001u
#define PSCI_SYSTEM_OFF 0x84000008u
#define TRNG_FEATURES 0x84000051u
#define RSI_IPA_STATE_SET 0xc4000197u
#define RSI_IPA_STATE_GET 0xc4000198u

enum object_slot {
	GUEST = 30,
	CPU,
	TASK,
	TASK_CPU,
	CNODE,
	CNODE2,
	BIG,
	INNER,
	FRAME,
	OTHER,
	TABLES = 50, /* and from here on as many as a test needs */
};

static void ok(u64 status)
{
	assert_int_equal(status, NIE_OK);
}

static int rare_setup(void **state)
{
	world_setup(state);
	make_guest(GUEST, CPU);
	make(NIE_TYPE_TASK_VSPACE, 13, TASK);
	make(NIE_TYPE_VCPU, 12, TASK_CPU);
	make(NIE_TYPE_CNODE, 12, CNODE);
	ok(CALL(VCPU_CONFIGURE, TASK_CPU, TASK, 0, CNODE, 0x1000, 5, 0x2000));
	native_forget_log();
	return 0;
}

static granule_t task(void)
{
	return object_of(TASK_CPU);
}

static granule_t guest(void)
{
	return object_of(CPU);
}

/* The caller runs the task, and that runs the guest: a chain of three on core 0. */
static void chain_of_three(void)
{
	ok(CALL(CAP_COPY, CNODE, 1, 0, CPU, NIE_RIGHTS_ALL));
	(void)CALL(RUN, TASK_CPU, NIE_NEVER);
	assert_int_equal(cores[0].current, task());
	(void)call_as(task(), NIE_CALL_RUN, (u64[7]){1, NIE_NEVER});
	assert_int_equal(cores[0].current, guest());
}

static void guest_calls(u32 core, u64 function, u64 a, u64 b, u64 c)
{
	struct vcpu *v = vcpu_at(cores[core].current);

	v->x[0] = function;
	v->x[1] = a;
	v->x[2] = b;
	v->x[3] = c;
	trap_sync(core, ESR(HVC, 0), 0, 0);
}

static void a_kick_in_the_middle_of_a_chain(void **state)
{
	(void)state;
	chain_of_three();
	vcpu_kick(task());
	trap_interrupt(0, INTID_KICK);
	assert_int_equal(cores[0].current, caller());
	assert_int_equal(result(1), NIE_EXIT_KICK);
	assert_int_equal(vcpu_at(task())->x[1], NIE_EXIT_INTERRUPT); /* why its own run ended */
	/* It was heard: the next run goes on. */
	(void)CALL(RUN, TASK_CPU, NIE_NEVER);
	assert_int_equal(cores[0].current, task());
}

static void an_interrupt_below_a_chain(void **state)
{
	(void)state;
	chain_of_three();
	trap_interrupt(0, DEVICE_INTID);
	assert_int_equal(cores[0].current, caller());
	assert_int_equal(result(1), NIE_EXIT_INTERRUPT);
	assert_int_equal(cores[0].interrupt, 0);
}

/* The task of core 1 is deleted while it lends the core to a guest. */
static void a_task_is_deleted_below_its_guest(void **state)
{
	(void)state;
	ok(CALL(CAP_COPY, CNODE, 1, 0, CPU, NIE_RIGHTS_ALL));
	ok(CALL(CORE_START, CORE1, TASK_CPU));
	chain_check(1);
	(void)call_as(task(), NIE_CALL_RUN, (u64[7]){1, NIE_NEVER});
	assert_int_equal(cores[1].current, guest());
	granule_t gone = task();

	ok(CALL(CAP_DELETE, 0, TASK_CPU));
	assert_int_equal(result(1), 1);
	trap_interrupt(1, INTID_KICK);
	assert_int_equal(cores[1].current, GRANULE_NONE);
	assert_int_equal(vcpu_at(guest())->core, CORE_NONE);
	delete_all(0, TASK_CPU, 1);
	nothing_is_left(gone, 1);
	/* The guest itself can be run by another. */
	(void)CALL(RUN, CPU, NIE_NEVER);
	assert_int_equal(cores[0].current, guest());
}

static void a_task_of_a_dead_vspace_does_not_start(void **state)
{
	(void)state;
	ok(CALL(VSPACE_KILL, TASK));
	assert_int_equal(CALL(CORE_START, CORE1, TASK_CPU), NIE_CORE_START_WRONG_STATE_VCPU);
}

/* Its own CNode, named by 0, is gone. */
static void a_task_without_a_cspace(void **state)
{
	(void)state;
	ok(CALL(CORE_START, CORE1, TASK_CPU));
	chain_check(1);
	delete_all(0, CNODE, 2);
	assert_int_equal(call_as(task(), NIE_CALL_CAP_DELETE, (u64[7]){0, 1}), NIE_CAP_DELETE_BAD_SLOT_CNODE);
	assert_int_equal(call_as(task(), NIE_CALL_CAP_INFO, (u64[7]){1}), NIE_CAP_INFO_BAD_SLOT_SLOT);
}

static void a_guest_that_is_being_killed_powers_off(void **state)
{
	(void)state;
	ok(CALL(CAP_COPY, CNODE, 1, 0, CPU, NIE_RIGHTS_ALL));
	ok(CALL(CORE_START, CORE1, TASK_CPU));
	chain_check(1);
	(void)call_as(task(), NIE_CALL_RUN, (u64[7]){1, NIE_NEVER});
	ok(CALL(VSPACE_KILL, GUEST));
	assert_int_equal(result(1), 1);
	assert_int_equal(vspace_at(object_of(GUEST))->life, VSPACE_DYING);
	guest_calls(1, PSCI_SYSTEM_OFF, 0, 0, 0);
	assert_int_equal(vspace_at(object_of(GUEST))->life, VSPACE_DYING);
	ok(CALL(VSPACE_KILL, GUEST));
	assert_int_equal(result(1), 0);
	assert_int_equal(vspace_at(object_of(GUEST))->life, VSPACE_DEAD);
}

static void suspend_waits_unless_an_interrupt_is_pending(void **state)
{
	(void)state;
	native.timer_wake = 1234;
	(void)CALL(RUN, CPU, NIE_NEVER);
	guest_calls(0, PSCI_CPU_SUSPEND, 0, 0, 0);
	assert_int_equal(cores[0].current, caller());
	assert_int_equal(result(1), NIE_EXIT_WFI);
	assert_int_equal(result(2), 1234);
	assert_int_equal(vcpu_at(guest())->x[0], 0);
	native.interrupt_pending = true;
	(void)CALL(RUN, CPU, NIE_NEVER);
	guest_calls(0, PSCI_CPU_SUSPEND, 0, 0, 0);
	assert_int_equal(cores[0].current, guest());
}

static void registers_that_cannot_be_read_or_are_not_there(void **state)
{
	(void)state;
	(void)CALL(RUN, CPU, NIE_NEVER);
	trap_sync(0, ESR(SYSREG, ICC_SGI1R_EL1 | SYSREG_READ), 0, 0);
	assert_int_equal(native_count(NATIVE_UNDEFINED), 1);
	trap_sync(0, ESR(SYSREG, ACTLR_EL1), 0, 0);
	assert_int_equal(native_count(NATIVE_UNDEFINED), 2);
	assert_int_equal(cores[0].current, guest());
}

static void entropy_features(void **state)
{
	static const u64 functions[][2] = {{0x84000050u, 0}, {0x84000053u, 0}, {0xc4000053u, 0}, {0x8400004fu, ~0ul},
					   {0x84000054u, ~0ul}};

	(void)state;
	native.has_random = true;
	(void)CALL(RUN, CPU, NIE_NEVER);
	for (u32 i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		guest_calls(0, TRNG_FEATURES, functions[i][0], 0, 0);
		assert_int_equal(vcpu_at(guest())->x[0], functions[i][1]);
	}
}

/* A range of more entries than one call looks at. */
static void ranges_of_many_entries(void **state)
{
	const struct vcpu *v = vcpu_at(guest());

	(void)state;
	make_tables(TABLES, GUEST, GUEST_IPA);
	make(NIE_TYPE_TABLE, 12, TABLES + 2);
	ok(CALL(MAP_TABLE, TABLES + 2, GUEST, GUEST_IPA + BLOCK, 3));
	(void)CALL(RUN, CPU, NIE_NEVER);
	guest_calls(0, RSI_IPA_STATE_GET, GUEST_IPA, GUEST_IPA + 2u * BLOCK, 0);
	assert_int_equal(v->x[0], 0);
	assert_int_equal(v->x[1], GUEST_IPA + BLOCK);
	guest_calls(0, RSI_IPA_STATE_SET, GUEST_IPA, GUEST_IPA + 2u * BLOCK, 1);
	assert_int_equal(v->x[1], GUEST_IPA + BLOCK);
	assert_int_equal(result(1), NIE_EXIT_IPA_STATE);
	assert_int_equal(result(3), GUEST_IPA + BLOCK);
	assert_int_equal(table_lookup(object_of(GUEST) + 1u, GUEST_IPA + BLOCK), ENTRY_EMPTY);
}

/* 512 pages take a whole budget: the table that held them is left for the next call. */
static void a_table_with_a_whole_budget_of_pages(void **state)
{
	granule_t table;

	(void)state;
	make(NIE_TYPE_CNODE, 15, BIG);
	make_tables(TABLES, OWN_VSPACE, TASK_BASE);
	table = object_of(TABLES + 1);
	ok(CALL(RETYPE, UNTYPED, NIE_TYPE_PRIVATE_FRAME, 12, BIG, 1, NIE_PAGES_PER_BLOCK));
	for (u64 i = 0; i < NIE_PAGES_PER_BLOCK; i++) {
		ok(CALL(CAP_MOVE, 0, FRAME, BIG, 1u + i));
		ok(CALL(MAP, FRAME, OWN_VSPACE, TASK_BASE + i * GRANULE_SIZE, R));
		ok(CALL(CAP_MOVE, BIG, 1u + i, 0, FRAME));
	}
	ok(CALL(CAP_DELETE, 0, TABLES + 1));
	assert_int_equal(result(1), 1);
	assert_int_equal(granule_state[table], GRANULE_TABLE);
	assert_int_equal(granule_owner[table], GRANULE_NONE);
	check_ownership();
	delete_all(0, TABLES + 1, 1);
	nothing_is_left(table, 1);
}

/* What a shared frame's capability remembers is no longer there: something else is, or nothing. */
static void mappings_that_went_before(void **state)
{
	(void)state;
	make(NIE_TYPE_SHARED_FRAME, 12, FRAME);
	make(NIE_TYPE_SHARED_FRAME, 12, OTHER);
	for (u32 with = 0; with < 2u; with++) {
		u64 tables = TABLES + 10u * with;

		make_tables(tables, OWN_VSPACE, TASK_BASE + with * GIB);
		ok(CALL(MAP, FRAME, OWN_VSPACE, TASK_BASE + with * GIB, R));
		delete_all(0, tables + 1u, 1);
		assert_int_equal(granule_owner[object_of(FRAME)], 0);
		make(NIE_TYPE_TABLE, 12, tables + 2u);
		ok(CALL(MAP_TABLE, tables + 2u, OWN_VSPACE, TASK_BASE + with * GIB, 3));
		if (with != 0u) {
			ok(CALL(MAP, OTHER, OWN_VSPACE, TASK_BASE + with * GIB, R));
		}
		ok(CALL(UNMAP, FRAME));
		assert_int_equal(granule_owner[object_of(OTHER)], with);
		check_ownership();
	}
	/* Of 2 MiB: a table of pages has taken the place. */
	make(NIE_TYPE_SHARED_FRAME, 21, BIG);
	make(NIE_TYPE_TABLE, 12, TABLES + 20);
	ok(CALL(MAP_TABLE, TABLES + 20, OWN_VSPACE, 4u * GIB, 2));
	ok(CALL(MAP, BIG, OWN_VSPACE, 4u * GIB, R));
	delete_all(0, TABLES + 20, 2);
	make_tables(TABLES + 20, OWN_VSPACE, 4u * GIB);
	ok(CALL(UNMAP, BIG));
	assert_int_equal(granule_owner[object_of(TABLES + 21)], object_of(OWN_VSPACE));
	check_ownership();
}

/* A doomed CNode holds an untyped with more in it than one call destroys. */
static void a_doomed_cnode_with_much_below_it(void **state)
{
	granule_t first;

	(void)state;
	make(NIE_TYPE_CNODE, 12, CNODE2);
	make(NIE_TYPE_UNTYPED, 23, INNER);
	first = object_of(INNER);
	for (u64 i = 0; i < 3u; i++) {
		ok(CALL(RETYPE, INNER, NIE_TYPE_SHARED_FRAME, 21, 0, TABLES + i, 1));
	}
	ok(CALL(CAP_MOVE, CNODE2, 1, 0, INNER));
	ok(CALL(CAP_DELETE, 0, CNODE2));
	assert_int_equal(result(1), 1);
	delete_all(0, EMPTY_SLOT, 8);
	for (u64 i = 0; i < 3u; i++) {
		assert_int_equal(type_at(TABLES + i), 0);
	}
	nothing_is_left(first, 1u << 11);
}

/* Two doomed CNodes hold what the caller lives on: both are left, and the call ends. */
static void doomed_cnodes_with_the_callers_own(void **state)
{
	(void)state;
	make(NIE_TYPE_CNODE, 12, CNODE2);
	ok(CALL(CAP_MOVE, CNODE, 1, 0, OWN_VCPU));
	ok(CALL(CAP_MOVE, CNODE2, 1, 0, OWN_VSPACE));
	ok(CALL(CAP_DELETE, 0, CNODE));
	ok(CALL(CAP_DELETE, 0, CNODE2));
	assert_int_equal(result(1), 0); /* nothing that could be done now */
	assert_true(doomed_any());
	assert_int_equal(granule_state[caller()], GRANULE_VCPU);
	assert_int_equal(cores[0].current, caller());
	check_tree();
}

/* Its copies take the whole budget, then it turns out to be the caller's own. */
static void a_budget_that_ends_at_the_callers_own(void **state)
{
	(void)state;
	make(NIE_TYPE_CNODE, 15, BIG);
	make(NIE_TYPE_CNODE, 12, CNODE2);
	/* Deleting CNODE2 costs one. */
	for (u64 i = 1; i < NIE_STEP_GRANULES; i++) {
		ok(CALL(CAP_COPY, BIG, i, 0, OWN_VCPU, R));
	}
	ok(CALL(CAP_MOVE, CNODE2, 1, 0, OWN_VCPU));
	ok(CALL(CAP_DELETE, 0, CNODE2));
	assert_int_equal(result(1), 1);
	ok(CALL(CAP_DELETE, 0, EMPTY_SLOT));
	assert_int_equal(result(1), 0);
	assert_true(doomed_any());
	assert_int_equal(granule_state[caller()], GRANULE_VCPU);
	check_tree();
}

static void numbers_out_of_range(void **state)
{
	(void)state;
	assert_int_equal(CALL(RETYPE, UNTYPED, 0, 12, 0, FREE_SLOT, 1), NIE_RETYPE_BAD_VALUE_TYPE);
	assert_int_equal(CALL(RETYPE, UNTYPED, NIE_TYPE_UNTYPED, 41, 0, FREE_SLOT, 1), NIE_RETYPE_BAD_VALUE_SIZE_BITS);
	assert_int_equal(CALL(RETYPE, UNTYPED, NIE_TYPE_CNODE, 21, 0, FREE_SLOT, 1), NIE_RETYPE_BAD_VALUE_SIZE_BITS);
	assert_int_equal(CALL(RETYPE, UNTYPED, NIE_TYPE_CNODE, 11, 0, FREE_SLOT, 1), NIE_RETYPE_BAD_VALUE_SIZE_BITS);
	make(NIE_TYPE_GUEST_VSPACE, 13, OTHER);
	assert_int_equal(CALL(EXPECT_RAM, OTHER, GUEST_IPA, 12, 0), NIE_EXPECT_RAM_BAD_VALUE_COUNT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rare_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_kick_in_the_middle_of_a_chain),
		TEST(an_interrupt_below_a_chain),
		TEST(a_task_is_deleted_below_its_guest),
		TEST(a_task_of_a_dead_vspace_does_not_start),
		TEST(a_task_without_a_cspace),
		TEST(a_guest_that_is_being_killed_powers_off),
		TEST(suspend_waits_unless_an_interrupt_is_pending),
		TEST(registers_that_cannot_be_read_or_are_not_there),
		TEST(entropy_features),
		TEST(ranges_of_many_entries),
		TEST(a_table_with_a_whole_budget_of_pages),
		TEST(mappings_that_went_before),
		TEST(a_doomed_cnode_with_much_below_it),
		TEST(doomed_cnodes_with_the_callers_own),
		TEST(a_budget_that_ends_at_the_callers_own),
		TEST(numbers_out_of_range),
	};

	return cmocka_run_group_tests_name("rare", tests, NULL, NULL);
}
