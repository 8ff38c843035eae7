/* SPDX-License-Identifier: Apache-2.0 */
/* Running what may not run, and running it with what it may not have. */
#include "hostile.h"

#define LIST_PENDING (1ul << 62)
#define LIST_HARDWARE (1ul << 61)
#define TIMER_INTID 27ul

static u64 run_with(u64 list1, u64 list2, u64 list3, u64 flags)
{
	struct nie_run_results r = {0};

	return nie_run(victim.vcpu[0], nie_now(), 0, list1, list2, list3, flags, &r);
}

static u64 run_vcpu(u64 vcpu)
{
	struct nie_run_results r = {0};

	return nie_run(vcpu, nie_now(), 0, 0, 0, 0, 0, &r);
}

static void list_registers(void)
{
	refused("inject a hardware interrupt", run_with(LIST_PENDING | LIST_HARDWARE | 40u, 0, 0, 0),
		NIE_RUN_BAD_VALUE_LIST1);
	refused("tie a list register to a physical interrupt", run_with(LIST_PENDING | 33ul << 32 | 33u, 0, 0, 0),
		NIE_RUN_BAD_VALUE_LIST1);
	refused("inject the guest's timer interrupt", run_with(0, LIST_PENDING | TIMER_INTID, 0, 0),
		NIE_RUN_BAD_VALUE_LIST2);
	refused("inject INTID 1020", run_with(0, 0, LIST_PENDING | 1020u, 0), NIE_RUN_BAD_VALUE_LIST3);
	refused("inject an LPI", run_with(LIST_PENDING | 8192u, 0, 0, 0), NIE_RUN_BAD_VALUE_LIST1);
	refused("inject the same INTID twice", run_with(LIST_PENDING | 40u, LIST_PENDING | 40u, 0, 0),
		NIE_RUN_BAD_VALUE_LIST3);
	refused("inject the same INTID active and pending", run_with(0, LIST_PENDING | 41u, 1ul << 63 | 41u, 0),
		NIE_RUN_BAD_VALUE_LIST3);
	refused("set reserved bits of a list register", run_with(1ul << 59 | 40u, 0, 0, 0),
		NIE_RUN_BAD_VALUE_LIST1);
	refused("run with unknown flags", run_with(0, 0, 0, 1ul << 3), NIE_RUN_BAD_VALUE_FLAGS);
	refused("run with a priority of more than 8 bits", run_with(0, 0, 0, 1ul << 16), NIE_RUN_BAD_VALUE_FLAGS);
}

static void before_activation(void)
{
	u64 extra;

	guest_build(&victim);
	extra = scratch_make(NIE_TYPE_VCPU, NIE_PAGE_BITS);
	refused("run a vCPU that nobody configured", run_vcpu(victim.vcpu[0]), NIE_RUN_WRONG_STATE_VCPU);
	refused("activate a guest without a vCPU 0", nie_vspace_activate(victim.vspace, 0),
		NIE_VSPACE_ACTIVATE_WRONG_STATE_VSPACE);
	refused("give a guest's vCPU a CSpace",
		nie_vcpu_configure(victim.vcpu[0], victim.vspace, 0, h.config.cspace, GUEST_ENTRY, 0, 0),
		NIE_VCPU_CONFIGURE_WRONG_TYPE_CSPACE);
	refused("give a guest's vCPU a task's stack",
		nie_vcpu_configure(victim.vcpu[0], victim.vspace, 0, 0, GUEST_ENTRY, 0, 16),
		NIE_VCPU_CONFIGURE_BAD_VALUE_STACK);
	refused("start a guest's vCPU at an odd address",
		nie_vcpu_configure(victim.vcpu[0], victim.vspace, 0, 0, GUEST_ENTRY + 2u, 0, 0),
		NIE_VCPU_CONFIGURE_BAD_VALUE_ENTRY);
	refused("give a guest a vCPU 8", nie_vcpu_configure(victim.vcpu[0], victim.vspace, 8, 0, GUEST_ENTRY, 0,
		0),
		NIE_VCPU_CONFIGURE_BAD_VALUE_INDEX);
	must("vCPU 0", nie_vcpu_configure(victim.vcpu[0], victim.vspace, 0, 0, GUEST_ENTRY, GUEST_RAM_BASE, 0));
	refused("run a guest before activation", run_vcpu(victim.vcpu[0]), NIE_RUN_WRONG_STATE_VCPU);
	refused("configure a vCPU twice",
		nie_vcpu_configure(victim.vcpu[0], victim.vspace, 1, 0, GUEST_ENTRY, 0, 0),
		NIE_VCPU_CONFIGURE_WRONG_STATE_VCPU);
	refused("give two vCPUs one number", nie_vcpu_configure(extra, victim.vspace, 0, 0, GUEST_ENTRY, 0, 0),
		NIE_VCPU_CONFIGURE_EXHAUSTED_INDEX);
	refused("move a guest's vCPU into our own VSpace",
		nie_vcpu_configure(victim.vcpu[0], h.config.vspace, 6, h.config.cspace, GUEST_ENTRY, 0, 0),
		NIE_VCPU_CONFIGURE_WRONG_STATE_VCPU);
	must("activating", nie_vspace_activate(victim.vspace, 0));
	refused("activate a guest twice", nie_vspace_activate(victim.vspace, 0),
		NIE_VSPACE_ACTIVATE_WRONG_STATE_VSPACE);
	refused("add a vCPU to an active guest", nie_vcpu_configure(extra, victim.vspace, 2, 0, GUEST_ENTRY, 0,
		0),
		NIE_VCPU_CONFIGURE_WRONG_STATE_VSPACE);
	refused("start a guest's vCPU as a task on our core", nie_core_start(h.config.cores.slot[0],
		victim.vcpu[0]),
		NIE_CORE_START_WRONG_STATE_VCPU);
	scratch_reset();
}

static void ourselves(void)
{
	refused("run ourselves", run_vcpu(h.config.vcpus.slot[0]), NIE_RUN_BUSY_VCPU);
	refused("start ourselves on our own core", nie_core_start(h.config.cores.slot[0], h.config.vcpus.slot[0]),
		NIE_CORE_START_BUSY_VCPU);
	refused("kill our own VSpace", nie_vspace_kill(h.config.vspace, &(u64){0}), NIE_VSPACE_KILL_BUSY_VSPACE);
}

static void after_the_end(void)
{
	u64 answer;
	u64 reason;

	guest_start(&victim);
	reason = guest_ask(&victim, COMMAND_EXIT, EXIT_OFF, &answer);
	if (reason != NIE_EXIT_SYSTEM_OFF) {
		broken_setup("the victim does not power off: exit", reason);
	}
	refused("run a guest after SYSTEM_OFF", run_vcpu(victim.vcpu[0]), NIE_RUN_WRONG_STATE_VCPU);
	refused("run vCPU 1 after SYSTEM_OFF", run_vcpu(victim.vcpu[1]), NIE_RUN_WRONG_STATE_VCPU);
	refused("activate a guest after SYSTEM_OFF", nie_vspace_activate(victim.vspace, 0),
		NIE_VSPACE_ACTIVATE_WRONG_STATE_VSPACE);
	refused("map a guest's page after SYSTEM_OFF",
		nie_map(victim.page[0], h.config.vspace, ATTEMPT_PAGE, NIE_RIGHT_READ), NIE_MAP_MAPPED_FRAME);

	guest_start(&victim);
	must("killing", nie_kill_all(victim.vspace));
	refused("run a guest after it was killed", run_vcpu(victim.vcpu[0]), NIE_RUN_WRONG_STATE_VCPU);
	refused("activate a guest after it was killed", nie_vspace_activate(victim.vspace, 0),
		NIE_VSPACE_ACTIVATE_WRONG_STATE_VSPACE);
	refused("donate to a guest that was killed",
		nie_donate(victim.page[0], victim.vspace, GUEST_PAGE_IPA, NIE_RIGHT_READ),
		NIE_DONATE_WRONG_STATE_VSPACE);

	/* The guest waits for the data of an MMIO read: EXIT_READ with nobody at that address. */
	guest_start(&victim);
	reason = guest_ask(&victim, COMMAND_EXIT, EXIT_READ | 0x30000000ul << 8, &answer);
	if (reason != NIE_EXIT_MMIO) {
		broken_setup("the victim does not wait for MMIO: exit", reason);
	}
	must("killing", nie_kill_all(victim.vspace));
	refused("kill a guest between an MMIO read and its answer, then answer", run_vcpu(victim.vcpu[0]),
		NIE_RUN_WRONG_STATE_VCPU);
	u64 found = scan_guest_frames(&victim);

	verdict(found == 0u, "read the memory of a guest killed there", "%lu words are not zero", found);
}

void attack_run(void)
{
	guest_start(&victim);
	list_registers();
	ourselves();
	still_right(&victim);
	before_activation();
	after_the_end();
}
