/* SPDX-License-Identifier: Apache-2.0 */
/* vcpu_debug: open for a guest that was activated as debuggable, and for nobody else. */
#include "world.h"

#include "nie/hw.h"
#include "nie/run.h"

#include <string.h>

#define R NIE_RIGHT_READ
#define W NIE_RIGHT_WRITE
#define GUEST_IPA 0x40000000ul
#define BLOCK_IPA (GUEST_IPA + 0x200000ul)
#define RAM_IPA (GUEST_IPA + 0x3000ul)
#define READ 0u
#define WRITE NIE_DEBUG_WRITE
#define MEMORY NIE_DEBUG_MEMORY
#define REGISTERS 44u
#define VALUE 0x0123456789abcdeful

enum object_slot {
	GUEST = 30,
	CPU,
	CPU1,
	PAGE,
	BLOCK,
	TASK,
	TASK_CPU,
	TABLES = 40,
};

static void ok(u64 status)
{
	assert_int_equal(status, NIE_OK);
}

static int debug_setup(void **state)
{
	world_setup(state);
	make(NIE_TYPE_GUEST_VSPACE, 13, GUEST);
	make(NIE_TYPE_VCPU, 12, CPU);
	make(NIE_TYPE_VCPU, 12, CPU1);
	make_tables(TABLES, GUEST, GUEST_IPA);
	make(NIE_TYPE_PRIVATE_FRAME, 12, PAGE);
	make(NIE_TYPE_PRIVATE_FRAME, 21, BLOCK);
	ok(CALL(DONATE, PAGE, GUEST, GUEST_IPA, R));
	ok(CALL(DONATE, BLOCK, GUEST, BLOCK_IPA, R | W));
	ok(CALL(EXPECT_RAM, GUEST, RAM_IPA, 12, 1));
	ok(CALL(VCPU_CONFIGURE, CPU, GUEST, 0, 0, 0x40000000, 7, 0));
	return 0;
}

static void activate(u64 policy)
{
	ok(CALL(VSPACE_ACTIVATE, GUEST, policy));
	native_forget_log();
}

static void every_register_can_be_read_and_written(void **state)
{
	(void)state;
	activate(NIE_POLICY_DEBUGGABLE);
	for (u64 n = 0; n < REGISTERS; n++) {
		if (n == NIE_DEBUG_PSTATE) {
			continue;
		}
		native_forget_log();
		ok(CALL(VCPU_DEBUG, CPU, WRITE, n, VALUE + n));
		assert_int_equal(native_find(0, NATIVE_VCPU_FORGET, object_of(CPU)), 0); /* no core keeps the old one */
	}
	for (u64 n = 0; n < REGISTERS; n++) {
		native_forget_log();
		ok(CALL(VCPU_DEBUG, CPU, READ, n, 0));
		assert_int_equal(result(1), n == NIE_DEBUG_PSTATE ? 0x3c5u : VALUE + n);
		assert_int_equal(native_events(), 0);
	}
	/* Each is what its name says: x5, pc and some others where an exit keeps them. */
	const struct vcpu *v = vcpu_at(object_of(CPU));

	assert_int_equal(v->x[5], VALUE + 5u);
	assert_int_equal(v->pc, VALUE + NIE_DEBUG_PC);
	assert_int_equal(v->el1.sp_el0, VALUE + NIE_DEBUG_SP_EL0);
	assert_int_equal(v->el1.esr_el1, VALUE + NIE_DEBUG_ESR_EL1);
	assert_int_equal(v->el1.ttbr1_el1, VALUE + NIE_DEBUG_TTBR1_EL1);
	/* The old value comes back from a write, too. */
	ok(CALL(VCPU_DEBUG, CPU, WRITE, 3, 1));
	assert_int_equal(result(1), VALUE + 3u);
}

static void the_exception_level_cannot_be_written(void **state)
{
	(void)state;
	activate(NIE_POLICY_DEBUGGABLE);
	assert_int_equal(CALL(VCPU_DEBUG, CPU, WRITE, NIE_DEBUG_PSTATE, 0x3c9), NIE_VCPU_DEBUG_BAD_VALUE_AT);
	assert_int_equal(vcpu_at(object_of(CPU))->pstate, 0x3c5);
	assert_int_equal(CALL(VCPU_DEBUG, CPU, WRITE, REGISTERS, 1), NIE_VCPU_DEBUG_BAD_VALUE_AT);
	assert_int_equal(CALL(VCPU_DEBUG, CPU, READ, 1ul << 32, 0), NIE_VCPU_DEBUG_BAD_VALUE_AT);
}

static void memory_can_be_read_and_written(void **state)
{
	const u64 at = (u64)object_of(BLOCK) * GRANULE_SIZE + 0x5018u;
	granule_t page = object_of(BLOCK) + 5u;
	u64 word = 77;

	(void)state;
	native_ram_write(at, &word, sizeof(word));
	activate(NIE_POLICY_DEBUGGABLE);
	ok(CALL(VCPU_DEBUG, CPU, MEMORY, BLOCK_IPA + 0x5018, 0));
	assert_int_equal(result(1), 77);
	/* Cleaned before it is read: the guest may write past the caches. */
	assert_int_equal(native_find(0, NATIVE_CLEAN, page), 0);
	assert_int_equal(native_find(0, NATIVE_PEEK, page), 1);
	assert_int_equal(native_count(NATIVE_POKE), 0);
	native_forget_log();
	ok(CALL(VCPU_DEBUG, CPU, MEMORY | WRITE, BLOCK_IPA + 0x5018, VALUE));
	assert_int_equal(result(1), 77);
	native_ram_read(at, &word, sizeof(word));
	assert_int_equal(word, VALUE);
	assert_true(native_find(2, NATIVE_CLEAN, page) > native_find(0, NATIVE_POKE, page));
	/* A breakpoint in what the guest itself cannot write. */
	ok(CALL(VCPU_DEBUG, CPU, MEMORY | WRITE, GUEST_IPA + 0xff8, VALUE));
	ok(CALL(VCPU_DEBUG, CPU, MEMORY, GUEST_IPA + 0xff8, 0));
	assert_int_equal(result(1), VALUE);
}

static void only_private_memory_that_is_there(void **state)
{
	static const struct {
		u64 ipa, status;
	} tries[] = {
		{RAM_IPA, NIE_VCPU_DEBUG_NOT_MAPPED_AT},
		{GUEST_IPA + 0x1000, NIE_VCPU_DEBUG_NOT_MAPPED_AT},
		{0, NIE_VCPU_DEBUG_NOT_MAPPED_AT},
		{NIE_SHARED_HALF, NIE_VCPU_DEBUG_BAD_VALUE_AT},
		{1ul << 63, NIE_VCPU_DEBUG_BAD_VALUE_AT},
		{GUEST_IPA + 1u, NIE_VCPU_DEBUG_UNALIGNED_AT},
	};

	(void)state;
	activate(NIE_POLICY_DEBUGGABLE);
	for (u32 i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		assert_int_equal(CALL(VCPU_DEBUG, CPU, MEMORY | WRITE, tries[i].ipa, 1), tries[i].status);
	}
	ok(CALL(UNMAP, PAGE)); /* destroyed */
	native_forget_log();
	assert_int_equal(CALL(VCPU_DEBUG, CPU, MEMORY, GUEST_IPA, 0), NIE_VCPU_DEBUG_NOT_MAPPED_AT);
	assert_int_equal(native_count(NATIVE_PEEK) + native_count(NATIVE_POKE), 0);
}

static void not_while_it_runs(void **state)
{
	(void)state;
	activate(NIE_POLICY_DEBUGGABLE);
	make(NIE_TYPE_TASK_VSPACE, 13, TASK);
	make(NIE_TYPE_VCPU, 12, TASK_CPU);
	ok(CALL(VCPU_CONFIGURE, TASK_CPU, TASK, 0, OWN_CNODE, 0, 0, 0));
	ok(CALL(CORE_START, CORE1, TASK_CPU));
	(void)call_as(object_of(TASK_CPU), NIE_CALL_RUN, (u64[7]){CPU, NIE_NEVER});
	assert_int_equal(cores[1].current, object_of(CPU));
	assert_int_equal(CALL(VCPU_DEBUG, CPU, READ, 0, 0), NIE_VCPU_DEBUG_BUSY_VCPU);
	assert_int_equal(CALL(VCPU_DEBUG, CPU, MEMORY, GUEST_IPA, 0), NIE_VCPU_DEBUG_BUSY_VCPU);
	/* What it did when it is off its core is seen; a killed one has no memory left. */
	vcpu_kick(object_of(CPU));
	trap_interrupt(1, INTID_KICK);
	ok(CALL(VCPU_DEBUG, CPU, READ, 0, 0));
	assert_int_equal(result(1), 7);
	ok(CALL(VSPACE_KILL, GUEST));
	while (result(1) != 0u) {
		ok(CALL(VSPACE_KILL, GUEST));
	}
	assert_int_equal(CALL(VCPU_DEBUG, CPU, MEMORY, GUEST_IPA, 0), NIE_VCPU_DEBUG_NOT_MAPPED_AT);
}

/* All that the call could do, of this vCPU: nothing is read, nothing changes. */
static void closed(u64 cpu)
{
	static const u64 whats[] = {READ, WRITE, MEMORY, MEMORY | WRITE};

	for (u32 i = 0; i < 4u; i++) {
		state_save();
		native_forget_log();
		assert_int_equal(CALL(VCPU_DEBUG, cpu, whats[i], (whats[i] & MEMORY) != 0u ? GUEST_IPA : 1u, VALUE),
				 NIE_VCPU_DEBUG_WRONG_STATE_VCPU);
		assert_true(state_is_unchanged());
		assert_int_equal(native_events(), 0);
	}
}

static void no_other_guest(void **state)
{
	(void)state;
	closed(CPU1);     /* of no VSpace */
	closed(OWN_VCPU); /* a task's */
	closed(CPU);      /* not activated */
	activate(0);
	closed(CPU);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, debug_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_register_can_be_read_and_written),
		TEST(the_exception_level_cannot_be_written),
		TEST(memory_can_be_read_and_written),
		TEST(only_private_memory_that_is_there),
		TEST(not_while_it_runs),
		TEST(no_other_guest),
	};

	return cmocka_run_group_tests_name("debug", tests, NULL, NULL);
}
