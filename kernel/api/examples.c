/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An example for each hypercall, compiled with libnie; generate.py puts the body of example_NAME into the manual's page of NAME.
 * Slots are named by constants of the caller's own.
 */
#include "nie/loops.h"
#include "nie/run.h"
#include "nie/stubs.h"

enum { CONSOLE = 24, FRAME = 100, TABLE, VSPACE, VCPU, CSPACE, UNTYPED, CORE, IRQ, STREAM, SPARE };

u64 example_cap_info(void);
u64 example_cap_copy(void);
u64 example_cap_move(void);
u64 example_cap_delete(void);
u64 example_cap_revoke(void);
u64 example_retype(void);
u64 example_map(void);
u64 example_unmap(void);
u64 example_map_table(void);
u64 example_donate(void);
u64 example_expect_ram(void);
u64 example_vspace_activate(void);
u64 example_vspace_measurement(void);
u64 example_vspace_kill(void);
u64 example_vcpu_configure(void);
u64 example_vcpu_kick(void);
u64 example_vcpu_debug(void);
u64 example_run(void);
u64 example_wait(void);
u64 example_core_start(void);
u64 example_irq_bind(void);
u64 example_irq_poll(void);
u64 example_irq_ack(void);
u64 example_machine_off(void);
u64 example_stream_attach(void);
u64 example_stream_detach(void);
u64 example_stream_fault(void);

u64 example_cap_info(void)
{
	/* How much of an untyped is left? */
	struct nie_cap_info_results info;
	u64 status = nie_cap_info(UNTYPED, &info);

	return status == NIE_OK && info.type == NIE_TYPE_UNTYPED ? info.free : 0;
}

u64 example_cap_copy(void)
{
	/* A capability of the same frame that allows reading only. */
	return nie_cap_copy(NIE_OWN_CSPACE, SPARE, NIE_OWN_CSPACE, FRAME, NIE_RIGHT_READ);
}

u64 example_cap_move(void)
{
	/* Give a frame to the task whose CNode CSPACE is: into its slot 5. */
	return nie_cap_move(CSPACE, 5, NIE_OWN_CSPACE, FRAME);
}

u64 example_cap_delete(void)
{
	/* One bounded part at a time; nie_delete_all() does the same. */
	u64 more = 1;
	u64 status = NIE_OK;

	while (more != 0 && status == NIE_OK) {
		status = nie_cap_delete(NIE_OWN_CSPACE, FRAME, &more);
	}
	return status;
}

u64 example_cap_revoke(void)
{
	/* Destroy all that was made from an untyped, and have its memory back; nie_revoke_all() loops. */
	u64 more = 1;
	u64 status = NIE_OK;

	while (more != 0 && status == NIE_OK) {
		status = nie_cap_revoke(NIE_OWN_CSPACE, UNTYPED, &more);
	}
	return status;
}

u64 example_retype(void)
{
	/* Four private frames of 4 KiB, into slots 100 to 103 of the caller. */
	return nie_retype(UNTYPED, NIE_TYPE_PRIVATE_FRAME, 12, NIE_OWN_CSPACE, 100, 4);
}

u64 example_map(void)
{
	/* At 16 MiB of a task's address space, to read and write. */
	return nie_map(FRAME, VSPACE, 0x1000000, NIE_RIGHT_READ | NIE_RIGHT_WRITE);
}

u64 example_unmap(void)
{
	return nie_unmap(FRAME);
}

u64 example_map_table(void)
{
	/* So that pages can be mapped from 1 GiB on: first level 2, then level 3. nie_space_map() does this where needed. */
	u64 status = nie_map_table(TABLE, VSPACE, 0x40000000, 2);

	return status == NIE_OK ? nie_map_table(TABLE + 1, VSPACE, 0x40000000, 3) : status;
}

u64 example_donate(void)
{
	/* From now on only the guest reads this frame. */
	return nie_donate(FRAME, VSPACE, 0x40000000, NIE_RIGHT_READ | NIE_RIGHT_WRITE | NIE_RIGHT_EXECUTE);
}

u64 example_expect_ram(void)
{
	/* 16 MiB of RAM in frames of 2 MiB. */
	return nie_expect_ram(VSPACE, 0x40000000, 21, 8);
}

u64 example_vspace_activate(void)
{
	return nie_vspace_activate(VSPACE, 0);
}

u64 example_vspace_measurement(void)
{
	/* Is it the guest that was built? */
	struct nie_vspace_measurement_results now;
	const u64 expected[4] = {1, 2, 3, 4};
	u64 status = nie_vspace_measurement(VSPACE, &now);

	return status == NIE_OK && now.bytes0 == expected[0] && now.bytes8 == expected[1] &&
	       now.bytes16 == expected[2] && now.bytes24 == expected[3];
}

u64 example_vspace_kill(void)
{
	u64 more = 1;
	u64 status = NIE_OK;

	while (more != 0 && status == NIE_OK) {
		status = nie_vspace_kill(VSPACE, &more);
	}
	return status;
}

u64 example_vcpu_configure(void)
{
	/* A guest's first vCPU: starts at 0x40080000, with the address of its device tree in x0. */
	return nie_vcpu_configure(VCPU, VSPACE, 0, 0, 0x40080000, 0x48000000, 0);
}

u64 example_vcpu_kick(void)
{
	/* There is a new interrupt for a vCPU that another core may be running. */
	return nie_vcpu_kick(VCPU);
}

u64 example_vcpu_debug(void)
{
	/* Where is a guest that agreed to be debugged? */
	u64 pc = 0;
	u64 status = nie_vcpu_debug(VCPU, 0, NIE_DEBUG_PC, 0, &pc);

	return status == NIE_OK ? pc : 0;
}

u64 example_run(void)
{
	/* For a millisecond; nie_run_vcpu() decodes what comes back. */
	struct nie_run_results result;
	u64 status = nie_run(VCPU, nie_now() + nie_frequency() / 1000, 0, 0, 0, 0, 0, &result);

	return status == NIE_OK && (result.exit & 0xff) == NIE_EXIT_MMIO ? result.detail1 : 0;
}

u64 example_wait(void)
{
	/* Sleep for a second, unless something happens before. */
	u64 why = 0;
	u64 status = nie_wait(nie_now() + nie_frequency(), &why);

	return status == NIE_OK && why == NIE_EXIT_DEADLINE;
}

u64 example_core_start(void)
{
	/* Another core of the machine runs this task's second vCPU. */
	return nie_core_start(CORE, VCPU);
}

u64 example_irq_bind(void)
{
	return nie_irq_bind(IRQ);
}

u64 example_irq_poll(void)
{
	/* After an exit or a wait that ended with NIE_EXIT_INTERRUPT: was it this one? */
	u64 pending = 0;

	nie_irq_poll(IRQ, &pending);
	return pending;
}

u64 example_irq_ack(void)
{
	/* The device has been served. */
	return nie_irq_ack(IRQ);
}

u64 example_machine_off(void)
{
	return nie_machine_off(CORE);
}

u64 example_stream_attach(void)
{
	/* What this device reads and writes are IPAs of this guest. */
	return nie_stream_attach(STREAM, VSPACE);
}

u64 example_stream_detach(void)
{
	return nie_stream_detach(STREAM);
}

u64 example_stream_fault(void)
{
	/* Where did the device go wrong? */
	struct nie_stream_fault_results fault;
	u64 status = nie_stream_fault(STREAM, &fault);

	return status == NIE_OK && fault.faults != 0 ? fault.ipa : NIE_NEVER;
}
