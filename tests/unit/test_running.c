/* SPDX-License-Identifier: Apache-2.0 */
/* Runs, exits and what they show of a guest, PSCI, interrupts, waiting. */
#include "world.h"

#include <string.h>

#include "nie/hw.h"
#include "nie/irq.h"
#include "nie/vspace.h"

#define PENDING (1ul << 62)
#define ESR(class, iss) ((u64)(class) << 26 | 1ul << 25 | (u64)(iss))
#define WFX 0x01u
#define SVC 0x15u
#define HVC 0x16u
#define SMC 0x17u
#define SYSREG 0x18u
#define INSTRUCTION_ABORT 0x20u
#define DATA_ABORT 0x24u
#define ISS_VALID (1u << 24)
#define ISS_SIZE(log2) ((u32)(log2) << 22)
#define ISS_SIGNED (1u << 21)
#define ISS_REGISTER(n) ((u32)(n) << 16)
#define ISS_64BIT (1u << 15)
#define ISS_WRITE (1u << 6)
#define TRANSLATION 0x7u /* level 3 */
#define PERMISSION 0xfu

#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0xc4000003u
#define PSCI_AFFINITY_INFO 0xc4000004u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au

enum object_slot {
	GUEST = 30,
	CPU0,
	CPU1,
	TASK,
	TASK_CPU,
	CNODE,
	TASK2,
	TASK2_CPU,
};

static granule_t cpu0, cpu1, task_cpu;

static void ok(u64 status)
{
	assert_int_equal(status, NIE_OK);
}

static int running_setup(void **state)
{
	world_setup(state);
	make(NIE_TYPE_GUEST_VSPACE, 13, GUEST);
	cpu0 = make(NIE_TYPE_VCPU, 12, CPU0);
	cpu1 = make(NIE_TYPE_VCPU, 12, CPU1);
	ok(CALL(VCPU_CONFIGURE, CPU0, GUEST, 0, 0, 0x40080000, 0x48000000, 0));
	ok(CALL(VCPU_CONFIGURE, CPU1, GUEST, 1, 0, 0, 0, 0));
	ok(CALL(VSPACE_ACTIVATE, GUEST));
	make(NIE_TYPE_TASK_VSPACE, 13, TASK);
	task_cpu = make(NIE_TYPE_VCPU, 12, TASK_CPU);
	make(NIE_TYPE_CNODE, 12, CNODE);
	ok(CALL(VCPU_CONFIGURE, TASK_CPU, TASK, 0, CNODE, 0x1000, 5, 0x2000));
	native_forget_log();
	return 0;
}

/* The caller runs a vCPU, and it gets there. */
static void run(u64 slot, u64 deadline, u64 reply)
{
	(void)CALL(RUN, slot, deadline, reply, 0, 0, 0, 0);
	assert_int_equal(cores[0].current, object_of(slot));
}

/* The run returned to the caller, with this exit. */
static void exited(u64 reason, u64 detail1, u64 detail2, u64 detail3)
{
	assert_int_equal(cores[0].current, caller());
	assert_int_equal(vcpu_at(caller())->x[0], NIE_OK);
	assert_int_equal(result(1), reason);
	assert_int_equal(result(2), detail1);
	assert_int_equal(result(3), detail2);
	assert_int_equal(result(4), detail3);
}

/* HPFAR_EL2: IPA bits from 12 on, from bit 4 on. */
static void abort_at(u64 ipa, u32 class, u32 iss)
{
	trap_sync(0, ESR(class, iss), ipa % GRANULE_SIZE, ipa / GRANULE_SIZE << 4);
}

static void guest_calls(u64 function, u64 a, u64 b, u64 c)
{
	struct vcpu *v = vcpu_at(cores[0].current);

	v->x[0] = function;
	v->x[1] = a;
	v->x[2] = b;
	v->x[3] = c;
	trap_sync(0, ESR(HVC, 0), 0, 0);
}

static void a_guest_starts_as_configured(void **state)
{
	const struct vcpu *v = vcpu_at(cpu0);

	(void)state;
	run(CPU0, NIE_NEVER, 0);
	assert_int_equal(v->pc, 0x40080000);
	assert_int_equal(v->x[0], 0x48000000);
	assert_int_equal(v->pstate, 0x3c5); /* EL1h, all masked */
	assert_int_equal(v->el1.sctlr_el1 & 1u, 0);
	assert_true(native_find(0, NATIVE_VCPU_UNLOAD, caller()) >= 0);
	assert_true(native_find(0, NATIVE_VCPU_LOAD, cpu0) > native_find(0, NATIVE_VCPU_UNLOAD, caller()));
	/* Its others are off until it turns them on. */
	trap_interrupt(0, INTID_DEADLINE);
	assert_int_equal(cores[0].current, cpu0);
	vcpu_kick(cpu0);
	trap_interrupt(0, INTID_KICK);
	exited(NIE_EXIT_KICK, 0, 0, 0);
	assert_int_equal(CALL(RUN, CPU1, NIE_NEVER), NIE_RUN_WRONG_STATE_VCPU);
}

static void mmio_reads(void **state)
{
	static const struct {
		u32 iss;
		u64 reply, expected;
	} tries[] = {
		{ISS_SIZE(0), 0x1ff, 0xff},
		{ISS_SIZE(0) | ISS_SIGNED, 0x80, 0xffffff80},
		{ISS_SIZE(0) | ISS_SIGNED | ISS_64BIT, 0x80, 0xffffffffffffff80},
		{ISS_SIZE(0) | ISS_SIGNED | ISS_64BIT, 0x7f, 0x7f},
		{ISS_SIZE(1), 0x12345678, 0x5678},
		{ISS_SIZE(1) | ISS_SIGNED, 0xffff, 0xffffffff},
		{ISS_SIZE(2), NIE_NEVER, 0xffffffff},
		{ISS_SIZE(2) | ISS_SIGNED | ISS_64BIT, 0x80000000, 0xffffffff80000000},
		{ISS_SIZE(3) | ISS_64BIT, 0x123456789abcdef0, 0x123456789abcdef0},
	};
	u64 reply = 0;

	(void)state;
	for (u32 i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		run(CPU0, NIE_NEVER, reply);
		u64 pc = vcpu_at(cpu0)->pc;

		vcpu_at(cpu0)->x[7] = 0x5555;
		abort_at(0x09000018, DATA_ABORT, ISS_VALID | tries[i].iss | ISS_REGISTER(7) | TRANSLATION);
		exited(NIE_EXIT_MMIO, 0x09000018, 0, 1u << (tries[i].iss >> 22 & 3u));
		assert_int_equal(vcpu_at(cpu0)->pc, pc + 4);
		run(CPU0, NIE_NEVER, tries[i].reply);
		assert_int_equal(vcpu_at(cpu0)->x[7], tries[i].expected);
		vcpu_kick(cpu0);
		trap_interrupt(0, INTID_KICK);
		/* The reply to an exit that takes none changes nothing. */
		reply = 0x77;
	}
	run(CPU0, NIE_NEVER, 0x77);
	assert_int_equal(vcpu_at(cpu0)->x[7], tries[8].expected);
}

static void mmio_writes_show_one_register(void **state)
{
	(void)state;
	for (u32 n = 0; n < 32u; n++) {
		run(CPU0, NIE_NEVER, 0);
		struct vcpu *v = vcpu_at(cpu0);

		for (u32 i = 0; i < 31u; i++) {
			v->x[i] = 0xaabb000000000000 + i;
		}
		abort_at(0x0800f100, DATA_ABORT,
			 ISS_VALID | ISS_SIZE(2) | ISS_REGISTER(n) | ISS_WRITE | TRANSLATION);
		exited(NIE_EXIT_MMIO, 0x0800f100, n == 31u ? 0 : n, 4 | 0x100);
		for (u32 i = 0; i < 31u; i++) {
			assert_int_equal(v->x[i], 0xaabb000000000000 + i);
		}
	}
}

static void an_access_that_is_not_described_faults(void **state)
{
	(void)state;
	run(CPU0, NIE_NEVER, 0);
	u64 pc = vcpu_at(cpu0)->pc;

	abort_at(0x09000018, DATA_ABORT, ISS_WRITE | TRANSLATION); /* no syndrome: a pair, say */
	exited(NIE_EXIT_FAULT, 0x09000018, 2, 0);
	assert_int_equal(vcpu_at(cpu0)->pc, pc);
	run(CPU0, NIE_NEVER, 0);
	abort_at(0x09000000, INSTRUCTION_ABORT, TRANSLATION);
	exited(NIE_EXIT_FAULT, 0x09000000, 4, 0);
	/* After a permission fault the hardware does not say the IPA (Arm ARM D24.2.57). */
	run(CPU0, NIE_NEVER, 0);
	abort_at(0x12345000, DATA_ABORT, ISS_VALID | PERMISSION);
	exited(NIE_EXIT_FAULT, NIE_NEVER, 1, 0);
}

static void a_lost_page_ends_the_vcpu(void **state)
{
	(void)state;
	/* The guest had a page there and lost it: not an MMIO access that the VMM could answer. */
	make(NIE_TYPE_GUEST_VSPACE, 13, 50);
	make(NIE_TYPE_VCPU, 12, 51);
	make_tables(52, 50, 0x40000000);
	make(NIE_TYPE_PRIVATE_FRAME, 12, 54);
	ok(CALL(DONATE, 54, 50, 0x40000000, NIE_RIGHT_READ));
	ok(CALL(VCPU_CONFIGURE, 51, 50, 0, 0, 0x40000000, 0, 0));
	ok(CALL(VSPACE_ACTIVATE, 50));
	ok(CALL(UNMAP, 54));
	run(51, NIE_NEVER, 0);
	vcpu_at(object_of(51))->pc = 0x1234;
	abort_at(0x40000010, DATA_ABORT, ISS_VALID | ISS_SIZE(3) | TRANSLATION);
	exited(NIE_EXIT_CRASH, DATA_ABORT, 0, 0);
	assert_int_equal(CALL(RUN, 51, NIE_NEVER), NIE_RUN_WRONG_STATE_VCPU);
}

static void system_registers(void **state)
{
	/* ICC_SGI1R_EL1: op0 3, op1 0, CRn 12, CRm 11, op2 5. ID_AA64PFR0_EL1: 3, 0, 0, 4, 0. */
	const u32 sgi = 3u << 20 | 5u << 17 | 12u << 10 | 11u << 1;
	const u32 id = 3u << 20 | 4u << 1;
	const u32 unknown = 3u << 20 | 7u << 17 | 7u << 14 | 15u << 10;
	const u32 debug = 2u << 20;

	(void)state;
	run(CPU0, NIE_NEVER, 0);
	struct vcpu *v = vcpu_at(cpu0);
	u64 pc = v->pc;

	native.id_register_known = true;
	native.id_register = 0x1122;
	trap_sync(0, ESR(SYSREG, id | 3u << 5 | 1u), 0, 0);
	assert_int_equal(v->x[3], 0x1122);
	assert_int_equal(v->pc, pc + 4);
	native.id_register_known = false;
	trap_sync(0, ESR(SYSREG, debug | 3u << 5 | 1u), 0, 0);
	assert_int_equal(v->x[3], 0);
	assert_int_equal(v->pc, pc + 8);
	trap_sync(0, ESR(SYSREG, unknown | 3u << 5 | 1u), 0, 0);
	assert_int_equal(v->pc, pc + 8);
	assert_int_equal(native_count(NATIVE_UNDEFINED), 1);
	v->x[9] = 0x1000002;
	trap_sync(0, ESR(SYSREG, sgi | 9u << 5), 0, 0);
	exited(NIE_EXIT_SGI, 0x1000002, 0, 0);
	assert_int_equal(v->pc, pc + 12);
}

static void wfi(void **state)
{
	(void)state;
	run(CPU0, NIE_NEVER, 0);
	u64 pc = vcpu_at(cpu0)->pc;

	native.interrupt_pending = true;
	trap_sync(0, ESR(WFX, 0), 0, 0);
	assert_int_equal(cores[0].current, cpu0);
	assert_int_equal(vcpu_at(cpu0)->pc, pc + 4);
	native.interrupt_pending = false;
	native.timer_wake = 7777;
	trap_sync(0, ESR(WFX, 0), 0, 0);
	exited(NIE_EXIT_WFI, 7777, 0, 0);
	assert_int_equal(vcpu_at(cpu0)->pc, pc + 8);
}

static void unknown_exceptions(void **state)
{
	(void)state;
	run(CPU0, NIE_NEVER, 0);
	trap_sync(0, ESR(0x19, 0), 0, 0); /* SVE: the guest has none */
	assert_int_equal(cores[0].current, cpu0);
	assert_int_equal(native_count(NATIVE_UNDEFINED), 1);
	trap_sync(0, ESR(0x2f, 0), 0x1234, 0); /* SError */
	exited(NIE_EXIT_CRASH, 0x2f, 0, 0);
	assert_int_equal(CALL(RUN, CPU0, NIE_NEVER), NIE_RUN_WRONG_STATE_VCPU);
}

static void tasks_have_no_secrets(void **state)
{
	(void)state;
	run(TASK_CPU, NIE_NEVER, 0);
	vcpu_at(task_cpu)->pc = 0x1004;
	trap_sync(0, ESR(DATA_ABORT, ISS_WRITE | TRANSLATION), 0x5008, 0x5000 >> 8);
	exited(NIE_EXIT_FAULT, 0x5008, 2, 0);
	run(TASK_CPU, NIE_NEVER, 0);
	trap_sync(0, ESR(0, 0), 0x99, 0);
	exited(NIE_EXIT_CRASH, 0, 0x99, 0x1004);
}

static void a_guest_makes_no_hypercalls(void **state)
{
	(void)state;
	run(CPU0, NIE_NEVER, 0);
	vcpu_at(cpu0)->x[8] = NIE_CALL_MACHINE_OFF;
	vcpu_at(cpu0)->x[0] = CORE0;
	trap_sync(0, ESR(SVC, 0), 0, 0);
	assert_int_equal(native_count(NATIVE_POWER_OFF), 0);
}

static void psci_turns_vcpus_on_and_off(void **state)
{
	struct vcpu *v0 = vcpu_at(cpu0);

	(void)state;
	run(CPU0, NIE_NEVER, 0);
	guest_calls(PSCI_AFFINITY_INFO, 1, 0, 0);
	assert_int_equal(v0->x[0], 1);
	guest_calls(PSCI_CPU_ON, 0, 0x40001000, 0);
	assert_int_equal(v0->x[0], (u64)-4); /* already on */
	guest_calls(PSCI_CPU_ON, 2, 0x40001000, 0);
	assert_int_equal(v0->x[0], (u64)-2); /* no such vCPU */
	guest_calls(PSCI_CPU_ON, 0x100, 0x40001000, 0);
	assert_int_equal(v0->x[0], (u64)-2);
	guest_calls(PSCI_CPU_ON, 1, NIE_SHARED_HALF, 0);
	assert_int_equal(v0->x[0], (u64)-9); /* a VMM could write what runs there */
	assert_int_equal(cores[0].current, cpu0);
	guest_calls(PSCI_CPU_ON, 1, 0x40001000, 0x99);
	exited(NIE_EXIT_CPU_ON, 1, 0, 0);
	assert_int_equal(v0->x[0], 0);
	assert_int_equal(vcpu_at(cpu1)->pc, 0x40001000);
	assert_int_equal(vcpu_at(cpu1)->x[0], 0x99);
	run(CPU1, NIE_NEVER, 0);
	guest_calls(PSCI_AFFINITY_INFO, 1, 0, 0);
	assert_int_equal(vcpu_at(cpu1)->x[0], 0);
	guest_calls(PSCI_CPU_OFF, 0, 0, 0);
	exited(NIE_EXIT_CPU_OFF, 0, 0, 0);
	assert_int_equal(CALL(RUN, CPU1, NIE_NEVER), NIE_RUN_WRONG_STATE_VCPU);
	/* On again: nothing of its former life is left in its registers. */
	vcpu_at(cpu1)->x[19] = 0x1919;
	vcpu_at(cpu1)->el1.ttbr0_el1 = 0x1919;
	run(CPU0, NIE_NEVER, 0);
	guest_calls(PSCI_CPU_ON, 1, 0x40002000, 0);
	exited(NIE_EXIT_CPU_ON, 1, 0, 0);
	assert_int_equal(vcpu_at(cpu1)->x[19], 0);
	assert_int_equal(vcpu_at(cpu1)->el1.ttbr0_el1, 0);
	/* What crashed stays down. */
	vcpu_at(cpu1)->power = VCPU_CRASHED;
	run(CPU0, NIE_NEVER, 0);
	guest_calls(PSCI_CPU_ON, 1, 0x40002000, 0);
	assert_int_equal(v0->x[0], (u64)-6);
	assert_int_equal(vcpu_at(cpu1)->power, VCPU_CRASHED);
}

static void psci_ends_a_guest(void **state)
{
	static const struct {
		u64 function, exit;
	} ends[] = {{PSCI_SYSTEM_OFF, NIE_EXIT_SYSTEM_OFF}, {PSCI_SYSTEM_RESET, NIE_EXIT_SYSTEM_RESET}};

	for (u32 i = 0; i < 2u; i++) {
		world_teardown(state);
		running_setup(state);
		run(CPU0, NIE_NEVER, 0);
		guest_calls(ends[i].function, 0, 0, 0);
		exited(ends[i].exit, 0, 0, 0);
		assert_int_equal(vspace_at(object_of(GUEST))->life, VSPACE_ENDED);
		assert_int_equal(CALL(RUN, CPU0, NIE_NEVER), NIE_RUN_WRONG_STATE_VCPU);
	}
}

static void psci_says_what_there_is(void **state)
{
	const struct vcpu *v = vcpu_at(cpu0);

	(void)state;
	run(CPU0, NIE_NEVER, 0);
	guest_calls(0x84000000u, 0, 0, 0);
	assert_int_equal(v->x[0], 0x10001);
	guest_calls(0x80000000u, 0, 0, 0);
	assert_int_equal(v->x[0], 0x10002);
	guest_calls(PSCI_FEATURES, PSCI_CPU_ON, 0, 0);
	assert_int_equal(v->x[0], 0);
	guest_calls(PSCI_FEATURES, 0x84000010u, 0, 0);
	assert_int_equal(v->x[0], NIE_NEVER);
	guest_calls(0xdeadbeef, 0, 0, 0);
	assert_int_equal(v->x[0], NIE_NEVER);
	/* SMC answers too; it traps before it is passed. */
	u64 pc = v->pc;

	vcpu_at(cpu0)->x[0] = 0x84000000u;
	trap_sync(0, ESR(SMC, 0), 0, 0);
	assert_int_equal(v->x[0], 0x10001);
	assert_int_equal(v->pc, pc + 4);
}

static void deadlines(void **state)
{
	(void)state;
	run(CPU0, 5000, 0);
	assert_true(native_find(0, NATIVE_DEADLINE, 5000) >= 0);
	native.now = 4999;
	native_forget_log();
	trap_interrupt(0, INTID_DEADLINE);
	assert_int_equal(cores[0].current, cpu0);
	/* It came for a deadline that is none any more: the one that holds is not lost. */
	assert_true(native_find(0, NATIVE_DEADLINE, 5000) >= 0);
	native.now = 5000;
	trap_interrupt(0, INTID_DEADLINE);
	exited(NIE_EXIT_DEADLINE, 0, 0, 0);
	/* One that has passed already ends the run at once. */
	(void)CALL(RUN, CPU0, 4000);
	exited(NIE_EXIT_DEADLINE, 0, 0, 0);
}

static void kicks(void **state)
{
	(void)state;
	/* Before the run: the next one returns at once, and only that one. */
	ok(CALL(VCPU_KICK, CPU0));
	assert_int_equal(native_count(NATIVE_KICK), 0);
	(void)CALL(RUN, CPU0, NIE_NEVER);
	exited(NIE_EXIT_KICK, 0, 0, 0);
	run(CPU0, NIE_NEVER, 0);
	vcpu_kick(cpu0);
	assert_true(native_find(0, NATIVE_KICK, 0) >= 0);
	trap_interrupt(0, INTID_KICK);
	exited(NIE_EXIT_KICK, 0, 0, 0);
}

static void interrupts_reach_the_task_of_the_core(void **state)
{
	(void)state;
	ok(CALL(IRQ_BIND, IRQ));
	assert_int_equal(native_event(native_events() - 1u).a, DEVICE_INTID);
	run(CPU0, NIE_NEVER, 0);
	trap_interrupt(0, DEVICE_INTID);
	exited(NIE_EXIT_INTERRUPT, 0, 0, 0);
	ok(CALL(IRQ_POLL, IRQ));
	assert_int_equal(result(1), 1);
	ok(CALL(IRQ_POLL, IRQ_IDLE));
	assert_int_equal(result(1), 0);
	ok(CALL(IRQ_ACK, IRQ));
	assert_true(native_find(0, NATIVE_IRQ_DEACTIVATE, DEVICE_INTID) >= 0);
	ok(CALL(IRQ_POLL, IRQ));
	assert_int_equal(result(1), 0);
	assert_int_equal(CALL(IRQ_ACK, IRQ), NIE_IRQ_ACK_WRONG_STATE_IRQ);
	/* One that came while the task itself ran ends its next wait. */
	trap_interrupt(0, DEVICE_INTID);
	assert_int_equal(cores[0].current, caller());
	ok(CALL(WAIT, NIE_NEVER));
	assert_int_equal(result(1), NIE_EXIT_INTERRUPT);
	assert_int_equal(cores[0].waiting, 0);
}

/* What nobody can hear of any more does not interrupt. */
static void an_interrupt_ends_with_its_last_capability(void **state)
{
	u64 copy = FREE_SLOT;

	(void)state;
	ok(CALL(CAP_COPY, 0, copy, 0, IRQ, NIE_RIGHTS_ALL));
	ok(CALL(IRQ_BIND, IRQ));
	trap_interrupt(0, DEVICE_INTID);
	delete_all(0, copy, 1);
	assert_int_equal(native_count(NATIVE_IRQ_DISABLE), 0);
	delete_all(0, IRQ, 1);
	assert_true(native_find(0, NATIVE_IRQ_DISABLE, DEVICE_INTID) >= 0);
	assert_true(native_find(0, NATIVE_IRQ_DEACTIVATE, DEVICE_INTID) > native_find(0, NATIVE_IRQ_DISABLE, DEVICE_INTID));
	/* One that is not pending is not deactivated: it may be another core's, on its way. */
	native_forget_log();
	delete_all(0, IRQ_IDLE, 1);
	assert_true(native_find(0, NATIVE_IRQ_DISABLE, IDLE_INTID) >= 0);
	assert_int_equal(native_count(NATIVE_IRQ_DEACTIVATE), 0);
}

static void waiting(void **state)
{
	(void)state;
	(void)CALL(WAIT, 9000);
	assert_int_equal(cores[0].waiting, 1);
	trap_interrupt(0, INTID_DEADLINE);
	assert_int_equal(cores[0].waiting, 1);
	native.now = 9000;
	trap_interrupt(0, INTID_DEADLINE);
	assert_int_equal(cores[0].waiting, 0);
	assert_int_equal(vcpu_at(caller())->x[0], NIE_OK);
	assert_int_equal(result(1), NIE_EXIT_DEADLINE);
	(void)CALL(WAIT, NIE_NEVER);
	vcpu_kick(caller());
	trap_interrupt(0, INTID_KICK);
	assert_int_equal(result(1), NIE_EXIT_KICK);
}

static void list_registers_go_in_and_out(void **state)
{
	const u64 lists[3] = {PENDING | 1ul << 60 | 40, PENDING | 1ul << 60 | 0x80ul << 48 | 41, 0};

	(void)state;
	(void)CALL(RUN, CPU0, NIE_NEVER, 0, lists[0], lists[1], lists[2], NIE_RUN_FLAG_UNDERFLOW);
	assert_int_equal(cores[0].current, cpu0);
	for (u32 i = 0; i < 3u; i++) {
		assert_int_equal(vcpu_at(cpu0)->vgic.list[i + 1u], lists[i]);
	}
	vcpu_at(cpu0)->vgic.list[1] = 2ul << 62 | 40; /* the guest took it: active */
	vcpu_at(cpu0)->vgic.list[2] = 0;
	trap_interrupt(0, INTID_MAINTENANCE);
	exited(NIE_EXIT_MAINTENANCE, 0, 0, 0);
	assert_int_equal(result(5), 2ul << 62 | 40);
	assert_int_equal(result(6), 0);
	/* HW, the timer's own INTID, one INTID twice: never loaded. */
	assert_int_equal(CALL(RUN, CPU0, NIE_NEVER, 0, PENDING | 1ul << 61 | 40), NIE_RUN_BAD_VALUE_LIST1);
	assert_int_equal(CALL(RUN, CPU0, NIE_NEVER, 0, 0, PENDING | 27), NIE_RUN_BAD_VALUE_LIST2);
	assert_int_equal(CALL(RUN, CPU0, NIE_NEVER, 0, PENDING | 40, 0, PENDING | 40), NIE_RUN_BAD_VALUE_LIST3);
}

/* A task that runs a guest: the core unwinds to the one that the event is for. */
static void chains(void **state)
{
	(void)state;
	ok(CALL(CAP_COPY, CNODE, 5, 0, CPU0, NIE_RIGHTS_ALL));
	run(TASK_CPU, 6000, 0);
	(void)call_as(task_cpu, NIE_CALL_RUN, (u64[7]){5, 9000});
	assert_int_equal(cores[0].current, cpu0);
	native.now = 6000; /* the first task's deadline comes before the second's */
	trap_interrupt(0, INTID_DEADLINE);
	exited(NIE_EXIT_DEADLINE, 0, 0, 0);
	assert_int_equal(vcpu_at(task_cpu)->x[0], NIE_OK);
	assert_int_equal(vcpu_at(task_cpu)->x[1], NIE_EXIT_INTERRUPT);
	assert_int_equal(vcpu_at(cpu0)->core, CORE_NONE);
	/* The inner deadline returns to the inner runner only. */
	run(TASK_CPU, NIE_NEVER, 0);
	(void)call_as(task_cpu, NIE_CALL_RUN, (u64[7]){5, 7000});
	native.now = 7000;
	trap_interrupt(0, INTID_DEADLINE);
	assert_int_equal(cores[0].current, task_cpu);
	assert_int_equal(vcpu_at(task_cpu)->x[1], NIE_EXIT_DEADLINE);
}

static void a_chain_is_at_most_four_long(void **state)
{
	granule_t runner = caller();
	u64 slot = 60;

	(void)state;
	make(NIE_TYPE_TASK_VSPACE, 13, 50);
	for (u32 i = 0; i < 4u; i++) {
		make(NIE_TYPE_VCPU, 12, slot + i);
		ok(CALL(VCPU_CONFIGURE, slot + i, 50, i, OWN_CNODE, 0, 0, 0));
	}
	granule_t last = object_of(slot + 3);

	for (u32 i = 0; i < 3u; i++) {
		granule_t next = object_of(slot + i);

		(void)call_as(runner, NIE_CALL_RUN, (u64[7]){slot + i, NIE_NEVER});
		assert_int_equal(cores[0].current, next);
		runner = next;
	}
	state_save();
	assert_int_equal(call_as(runner, NIE_CALL_RUN, (u64[7]){slot + 3, NIE_NEVER}), NIE_RUN_EXHAUSTED_VCPU);
	assert_int_equal(vcpu_at(last)->core, CORE_NONE);
	assert_int_equal(native_events(), 0);
	assert_int_equal(call_as(runner, NIE_CALL_RUN, (u64[7]){OWN_VCPU, NIE_NEVER}), NIE_RUN_BUSY_VCPU);
}

static void a_killed_guest_leaves_its_core(void **state)
{
	(void)state;
	/* Its VMM runs on core 0, the guest on core 1 through another task. */
	ok(CALL(CAP_COPY, CNODE, 5, 0, CPU0, NIE_RIGHTS_ALL));
	ok(CALL(CORE_START, CORE1, TASK_CPU));
	trap_interrupt(1, INTID_KICK);
	(void)call_as(task_cpu, NIE_CALL_RUN, (u64[7]){5, NIE_NEVER});
	assert_int_equal(cores[1].current, cpu0);
	native_forget_log();
	ok(CALL(VSPACE_KILL, GUEST));
	assert_int_equal(result(1), 1);
	assert_true(native_find(0, NATIVE_KICK, 1) >= 0);
	trap_interrupt(1, INTID_KICK);
	assert_int_equal(cores[1].current, task_cpu);
	assert_int_equal(vcpu_at(task_cpu)->x[1], NIE_EXIT_KICK);
	ok(CALL(VSPACE_KILL, GUEST));
	assert_int_equal(result(1), 0);
	assert_int_equal(vspace_at(object_of(GUEST))->life, VSPACE_DEAD);
}

static void starting_cores(void **state)
{
	(void)state;
	ok(CALL(CORE_START, CORE1, TASK_CPU));
	assert_int_equal(vcpu_at(caller())->x[0], NIE_OK);
	assert_int_equal(cores[1].current, task_cpu);
	assert_true(native_find(0, NATIVE_KICK, 1) >= 0);
	assert_int_equal(native_count(NATIVE_VCPU_LOAD), 0);
	trap_interrupt(1, INTID_KICK);
	assert_true(native_find(0, NATIVE_VCPU_LOAD, task_cpu) >= 0);
	assert_int_equal(CALL(CORE_START, CORE2, TASK_CPU), NIE_CORE_START_BUSY_VCPU);
	/* On its own core, in place of itself. */
	make(NIE_TYPE_TASK_VSPACE, 13, TASK2);
	make(NIE_TYPE_VCPU, 12, TASK2_CPU);
	ok(CALL(VCPU_CONFIGURE, TASK2_CPU, TASK2, 0, CNODE, 0, 0, 0));
	granule_t next = object_of(TASK2_CPU);

	(void)CALL(CORE_START, CORE0, TASK2_CPU);
	assert_int_equal(cores[0].current, next);
	assert_int_equal(vcpu_at(caller())->core, CORE_NONE);
	assert_int_equal(vcpu_at(next)->runner, GRANULE_NONE);
}

static void the_last_task_that_crashes_ends_the_machine(void **state)
{
	(void)state;
	trap_sync(0, ESR(0, 0), 0, 0);
	assert_int_equal(cores[0].current, GRANULE_NONE);
	assert_int_equal(native_count(NATIVE_REPORT_TASK), 1);
	assert_int_equal(native_count(NATIVE_POWER_OFF), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, running_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_guest_starts_as_configured),
		TEST(mmio_reads),
		TEST(mmio_writes_show_one_register),
		TEST(an_access_that_is_not_described_faults),
		TEST(a_lost_page_ends_the_vcpu),
		TEST(system_registers),
		TEST(wfi),
		TEST(unknown_exceptions),
		TEST(tasks_have_no_secrets),
		TEST(a_guest_makes_no_hypercalls),
		TEST(psci_turns_vcpus_on_and_off),
		TEST(psci_ends_a_guest),
		TEST(psci_says_what_there_is),
		TEST(deadlines),
		TEST(kicks),
		TEST(interrupts_reach_the_task_of_the_core),
		TEST(an_interrupt_ends_with_its_last_capability),
		TEST(waiting),
		TEST(list_registers_go_in_and_out),
		TEST(chains),
		TEST(a_chain_is_at_most_four_long),
		TEST(a_killed_guest_leaves_its_core),
		TEST(starting_cores),
		TEST(the_last_task_that_crashes_ends_the_machine),
	};

	return cmocka_run_group_tests_name("running", tests, NULL, NULL);
}
