/* SPDX-License-Identifier: Apache-2.0 */
/* Each form of trap that a guest or a task can cause, beside those of test_running.c. */
#include "world.h"

#include "nie/hw.h"
#include "nie/run.h"

#define ESR(class, iss) ((u64)(class) << 26 | 1ul << 25 | (u64)(iss))
#define WFX 0x01u
#define HVC 0x16u
#define SYSREG 0x18u
#define INSTRUCTION_ABORT 0x20u
#define DATA_ABORT 0x24u
#define VALID (1u << 24)
#define SIZE(log2) ((u32)(log2) << 22)
#define SIGNED (1u << 21)
#define REGISTER(n) ((u32)(n) << 16)
#define WRITE (1u << 6)
#define WALK (1u << 7)
#define CACHE (1u << 8)
#define TRANSLATION 7u
#define PERMISSION 0xfu
#define DEVICE_IPA 0x09000000ul
#define ZERO 31u
#define NOT_SUPPORTED ((u64)-1)
#define INVALID_PARAMETERS ((u64)-2)
#define INVALID_ADDRESS ((u64)-9)

enum object_slot { GUEST = 30, CPU0, CPU1, TASK, TASK_CPU, CNODE };

static granule_t cpu0;

static void ok(u64 status)
{
	assert_int_equal(status, NIE_OK);
}

static int traps_setup(void **state)
{
	world_setup(state);
	make(NIE_TYPE_GUEST_VSPACE, 13, GUEST);
	cpu0 = make(NIE_TYPE_VCPU, 12, CPU0);
	make(NIE_TYPE_VCPU, 12, CPU1);
	ok(CALL(VCPU_CONFIGURE, CPU0, GUEST, 0, 0, 0x40080000, 0, 0));
	ok(CALL(VCPU_CONFIGURE, CPU1, GUEST, 1, 0, 0, 0, 0));
	ok(CALL(VSPACE_ACTIVATE, GUEST));
	make(NIE_TYPE_TASK_VSPACE, 13, TASK);
	make(NIE_TYPE_VCPU, 12, TASK_CPU);
	make(NIE_TYPE_CNODE, 12, CNODE);
	ok(CALL(VCPU_CONFIGURE, TASK_CPU, TASK, 0, CNODE, 0x1000, 5, 0x2000));
	return 0;
}

static void run(u64 slot, u64 reply)
{
	(void)CALL(RUN, slot, NIE_NEVER, reply, 0, 0, 0, 0);
	assert_int_equal(cores[0].current, object_of(slot));
}

static void abort_at(u64 ipa, u32 class, u32 iss)
{
	trap_sync(0, ESR(class, iss), ipa % GRANULE_SIZE, ipa / GRANULE_SIZE << 4);
}

static void exited(u64 reason, u64 detail1, u64 detail2, u64 detail3)
{
	assert_int_equal(cores[0].current, caller());
	assert_int_equal(result(1), reason);
	assert_int_equal(result(2), detail1);
	assert_int_equal(result(3), detail2);
	assert_int_equal(result(4), detail3);
}

static u64 guest_call(u64 function, u64 a, u64 b)
{
	struct vcpu *v = vcpu_at(cpu0);

	v->x[0] = function;
	v->x[1] = a;
	v->x[2] = b;
	v->x[3] = 0;
	trap_sync(0, ESR(HVC, 0), 0, 0);
	return v->x[0];
}

static void psci_features(void **state)
{
	static const u32 there[] = {0x84000000, 0x84000001, 0xc4000001, 0x84000002, 0x84000003, 0xc4000003, 0x84000004,
				    0xc4000004, 0x84000006, 0x84000008, 0x84000009, 0x8400000a, 0x84000012, 0xc4000012,
				    0x80000000};
	static const u32 missing[] = {0x84000005, 0x84000007, 0xc4000000, 0xc4000008, 0x8400000b, 0, 0xffffffff};

	(void)state;
	run(CPU0, 0);
	for (u32 i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
		assert_int_equal(guest_call(0x8400000a, there[i], 0), 0);
	}
	for (u32 i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		assert_int_equal(guest_call(0x8400000a, missing[i], 0), NOT_SUPPORTED);
		assert_int_equal(guest_call(0x80000001, missing[i], 0), NOT_SUPPORTED);
	}
	assert_int_equal(guest_call(0x80000001, 0x80000000, 0), 0);
	assert_int_equal(guest_call(0x80000001, 0x80000001, 0), 0);
}

static void psci_arguments(void **state)
{
	(void)state;
	run(CPU0, 0);
	assert_int_equal(guest_call(0xc4000003, 1, 0x40000002), INVALID_ADDRESS);
	assert_int_equal(guest_call(0xc4000003, 1, NIE_SHARED_HALF), INVALID_ADDRESS);
	assert_int_equal(guest_call(0xc4000004, 1, 1), INVALID_PARAMETERS);
	assert_int_equal(guest_call(0xc4000004, 8, 0), INVALID_PARAMETERS);
	assert_int_equal(guest_call(0xc4000004, 0x80000000, 0), INVALID_PARAMETERS); /* MPIDR_EL1's RES1 bit */
	assert_int_equal(guest_call(0xc4000001, 0x01000000, 0), INVALID_PARAMETERS); /* a state of a cluster */
	assert_int_equal(guest_call(0x84000001, 0x80000000, 0), INVALID_PARAMETERS);
	native.interrupt_pending = true;
	assert_int_equal(guest_call(0x84000001, 0, 0), 0);
	assert_int_equal(guest_call(0xc4000001, 0x10000, 0), 0); /* power down: less than asked */
	assert_int_equal(cores[0].current, cpu0);
	assert_int_equal(guest_call(0x84000004, 0xffffffff00000000ul, 0), 0);
	/* The 32-bit form sees the lower halves only. */
	assert_int_equal(guest_call(0x84000003, 0xffffffff00000001ul, 0xffffffff40000000ul), 0);
	exited(NIE_EXIT_CPU_ON, 1, 0, 0);
	assert_int_equal(vcpu_at(object_of(CPU1))->pc, 0x40000000);
}

static void psci_reset2(void **state)
{
	(void)state;
	run(CPU0, 0);
	assert_int_equal(guest_call(0xc4000012, 1, 0), INVALID_PARAMETERS);
	assert_int_equal(guest_call(0x84000012, 0x80000000, 0), INVALID_PARAMETERS);
	(void)guest_call(0xc4000012, 0, 0);
	exited(NIE_EXIT_SYSTEM_RESET, 0, 0, 0);
}

static void random_numbers(void **state)
{
	struct vcpu *v = vcpu_at(cpu0);

	(void)state;
	run(CPU0, 0);
	for (u32 function = 0x84000050; function <= 0x84000053; function++) {
		assert_int_equal(guest_call(function, 64, 0), NOT_SUPPORTED);
	}
	native.has_random = true;
	native.random = 0xfedcba9876543210ul;
	assert_int_equal(guest_call(0x84000050, 0, 0), 0x10000);
	for (u32 function = 0x84000050; function <= 0x84000053; function++) {
		assert_int_equal(guest_call(0x84000051, function, 0), 0);
	}
	assert_int_equal(guest_call(0x84000051, 0xc4000053, 0), 0);
	assert_int_equal(guest_call(0x84000051, 0xc4000050, 0), NOT_SUPPORTED);
	assert_int_equal(guest_call(0x84000051, 0x84000054, 0), NOT_SUPPORTED);
	assert_true((u32)guest_call(0x84000052, 0, 0) != 0xffffffffu);
	assert_true(v->x[1] != 0u && v->x[2] != 0u && v->x[3] != 0u);

	v->x[2] = 0;
	assert_int_equal(guest_call(0xc4000053, 192, 0), 0);
	for (u32 i = 1; i < 4u; i++) {
		assert_int_equal(v->x[i], 0xfedcba9876543210ul);
	}
	assert_int_equal(guest_call(0xc4000053, 68, 9), 0);
	assert_int_equal(v->x[3], 0xfedcba9876543210ul);
	assert_int_equal(v->x[2], 0xf);
	assert_int_equal(v->x[1], 0);
	assert_int_equal(guest_call(0x84000053, 65, 9), 0);
	assert_int_equal(v->x[3], 0xfedcba98ul);
	assert_int_equal(v->x[2], 0xfedcba98ul);
	assert_int_equal(v->x[1], 1);
	assert_int_equal(guest_call(0x84000053, 96, 0), 0);
	assert_int_equal(guest_call(0x84000053, 97, 0), INVALID_PARAMETERS);
	assert_int_equal(guest_call(0xc4000053, 193, 0), INVALID_PARAMETERS);
	assert_int_equal(guest_call(0xc4000053, 0, 0), INVALID_PARAMETERS);
	native.no_entropy = true;
	assert_int_equal(guest_call(0xc4000053, 64, 7), (u64)-3);
	assert_int_equal(v->x[2], 7); /* nothing half done */
	assert_int_equal(guest_call(0x84000054, 0, 0), NOT_SUPPORTED);
}

static void mmio_of_the_zero_register(void **state)
{
	(void)state;
	vcpu_at(cpu0)->x[30] = 77;
	run(CPU0, 0);
	abort_at(DEVICE_IPA, DATA_ABORT, VALID | SIZE(3) | REGISTER(ZERO) | WRITE | TRANSLATION);
	exited(NIE_EXIT_MMIO, DEVICE_IPA, 0, 0x108);
	run(CPU0, 0);
	vcpu_at(cpu0)->x[3] = 0x1234567890abcdeful;
	abort_at(DEVICE_IPA, DATA_ABORT, VALID | SIZE(3) | REGISTER(3) | WRITE | TRANSLATION);
	exited(NIE_EXIT_MMIO, DEVICE_IPA, 0x1234567890abcdeful, 0x108);
	run(CPU0, 0);
	abort_at(DEVICE_IPA, DATA_ABORT, VALID | SIZE(3) | SIGNED | REGISTER(ZERO) | TRANSLATION);
	exited(NIE_EXIT_MMIO, DEVICE_IPA, 0, 8);
	run(CPU0, ~0ul);
	assert_int_equal(vcpu_at(cpu0)->x[30], 77);
	abort_at(DEVICE_IPA, DATA_ABORT, VALID | SIZE(3) | SIGNED | REGISTER(4) | TRANSLATION);
	run(CPU0, 1ul << 63);
	assert_int_equal(vcpu_at(cpu0)->x[4], 1ul << 63);
}

static void walks_and_maintenance_are_faults(void **state)
{
	(void)state;
	run(CPU0, 0);
	abort_at(DEVICE_IPA, DATA_ABORT, VALID | SIZE(2) | WALK | TRANSLATION);
	exited(NIE_EXIT_FAULT, DEVICE_IPA, 1, 0);
	run(CPU0, 0);
	abort_at(DEVICE_IPA, DATA_ABORT, VALID | SIZE(2) | WRITE | CACHE | TRANSLATION);
	exited(NIE_EXIT_FAULT, DEVICE_IPA, 1, 0);
	run(CPU0, 0);
	abort_at(DEVICE_IPA, INSTRUCTION_ABORT, PERMISSION);
	exited(NIE_EXIT_FAULT, NIE_NEVER, 4, 0);
	run(CPU0, 0);
	abort_at(1ul << NIE_IPA_BITS, DATA_ABORT, VALID | SIZE(2) | TRANSLATION);
	exited(NIE_EXIT_MMIO, 1ul << NIE_IPA_BITS, 0, 4);
}

static void ignored_registers(void **state)
{
	struct vcpu *v = vcpu_at(cpu0);
	u64 pc = v->pc;

	(void)state;
	run(CPU0, 0);
	trap_sync(0, ESR(SYSREG, 0x200000 | ZERO << 5), 0, 0); /* a debug register */
	assert_int_equal(v->pc, pc + 4);
	v->x[5] = 99;
	trap_sync(0, ESR(SYSREG, 0x200001 | 5u << 5), 0, 0);
	assert_int_equal(v->x[5], 0);
	native.id_register_known = true;
	native.id_register = 7;
	v->x[30] = 99;
	trap_sync(0, ESR(SYSREG, 0x300001 | ZERO << 5), 0, 0);
	assert_int_equal(v->x[30], 99);
	assert_int_equal(native_count(NATIVE_UNDEFINED), 0);
}

/* CNTP_TVAL, CNTP_CTL, CNTP_CVAL, ICC_DIR, ICC_ASGI1R, ICC_SGI0R. */
static void registers_that_the_runner_emulates(void **state)
{
	static const u32 which[] = {0x30f804, 0x32f804, 0x34f804, 0x323016, 0x3c3016, 0x3e3016};
	struct vcpu *v = vcpu_at(cpu0);

	(void)state;
	for (u32 i = 0; i < sizeof(which) / sizeof(which[0]); i++) {
		u64 pc = v->pc;

		run(CPU0, 0);
		v->x[9] = 0xfedcba9876543200ul + i;
		trap_sync(0, ESR(SYSREG, which[i] | 9u << 5), 0, 0);
		exited(NIE_EXIT_REGISTER, which[i], 0xfedcba9876543200ul + i, 0x100);
		assert_int_equal(v->pc, pc + 4);
		run(CPU0, 5); /* no answer is taken to a write */
		assert_int_equal(v->x[9], 0xfedcba9876543200ul + i);
		trap_sync(0, ESR(SYSREG, which[i] | 9u << 5 | 1u), 0, 0);
		if (i < 3u) {
			exited(NIE_EXIT_REGISTER, which[i], 0, 0);
			run(CPU0, 0x8000000012345678ul);
			assert_int_equal(v->x[9], 0x8000000012345678ul);
			assert_int_equal(v->pc, pc + 8);
		}
		/* Those of the GIC are write-only. */
		assert_int_equal(native_count(NATIVE_UNDEFINED), i < 3u ? 0 : i - 2u);
		trap_sync(0, ESR(WFX, 0), 0, 0);
	}
	run(CPU0, 0);
	v->x[9] = INTID_GUEST_TIMER;
	trap_sync(0, ESR(SYSREG, 0x323016 | 9u << 5), 0, 0);
	assert_int_equal(cores[0].current, cpu0);
	assert_int_equal(native_count(NATIVE_TIMER_DEACTIVATE), 1);
}

static void interrupts_of_an_exit(void **state)
{
	(void)state;
	for (u64 timer = 0; timer < 4u; timer++) {
		run(CPU0, 0);
		vcpu_at(cpu0)->vgic.list[0] = timer << 62 | 1ul << 61 | 27u;
		vcpu_at(cpu0)->vgic.ends = timer * 9u;
		trap_sync(0, ESR(WFX, 0), 0, 0);
		assert_int_equal(result(1), NIE_EXIT_WFI | timer << 8 | (timer * 9u) << 16);
	}
}

static void short_instructions(void **state)
{
	(void)state;
	run(CPU0, 0);
	native.interrupt_pending = true;
	trap_sync(0, (u64)WFX << 26, 0, 0); /* IL 0 */
	assert_int_equal(vcpu_at(cpu0)->pc, 0x40080002);
}

static void a_task_waits_for_its_runner(void **state)
{
	(void)state;
	run(TASK_CPU, 0);
	trap_sync(0, ESR(WFX, 0), 0, 0);
	exited(NIE_EXIT_WFI, NIE_NEVER, 0, 0);
	/* The core's own task does not. */
	trap_sync(0, ESR(WFX, 0), 0, 0);
	assert_int_equal(cores[0].current, caller());
}

static void a_task_that_crashes_leaves_the_others(void **state)
{
	(void)state;
	ok(CALL(CORE_START, CORE1, TASK_CPU));
	chain_check(1);
	trap_sync(1, ESR(INSTRUCTION_ABORT, TRANSLATION), 0x5000, 5 << 4);
	assert_int_equal(cores[1].current, GRANULE_NONE);
	assert_int_equal(native_count(NATIVE_POWER_OFF), 0);
	assert_int_equal(native_count(NATIVE_REPORT_TASK), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, traps_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(psci_features),
		TEST(psci_arguments),
		TEST(psci_reset2),
		TEST(random_numbers),
		TEST(mmio_of_the_zero_register),
		TEST(walks_and_maintenance_are_faults),
		TEST(ignored_registers),
		TEST(registers_that_the_runner_emulates),
		TEST(interrupts_of_an_exit),
		TEST(short_instructions),
		TEST(a_task_waits_for_its_runner),
		TEST(a_task_that_crashes_leaves_the_others),
	};

	return cmocka_run_group_tests_name("traps", tests, NULL, NULL);
}
