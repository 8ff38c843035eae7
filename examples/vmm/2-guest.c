/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 2: a complete VMM. It makes a guest out of untyped memory, gives it an image, and from then on cannot look into it.
 * It lends it the core, shows what it writes to its UART, and says how it ended. Read it from the bottom to the top.
 */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "nie/allocator.h"
#include "nie/error.h"
#include "nie/loops.h"
#include "nie/run.h"
#include "nie/space.h"
#include "nie/stubs.h"
#include "uart.h"

#define OWN_SLOTS 64u /* of the free slots; the guest's objects get the others */
#define VSPACE_BITS 13u
#define UART_DR 0x09000000ul /* PL011 (Arm DDI 0183) where QEMU's `virt` machine has it */
#define UART_FR 0x09000018ul
#define FR_EMPTY 0x90u /* transmit FIFO empty, receive FIFO empty */

static struct config config;
static struct nie_allocator own;       /* makes objects for this task */
static struct nie_allocator memory;    /* makes the guest's, from memory that the description gave to it */
static struct nie_space here, guest;   /* this task's address space, and the guest's */
static u64 vcpu;

/* A hypercall that failed says which error, and which of its arguments is at fault. */
static void must(u64 status, const char *what)
{
	char text[48];

	if (status != NIE_OK) {
		printf("%s: %s\n", what, nie_status_text(status, text, sizeof(text)));
		nie_machine_off(config.cores.slot[0]);
	}
}

/*
 * An access to an address where the guest has no memory is an exit. This is all that is seen of it: where, how wide, and the
 * one register that is written. A read is answered by the next run.
 */
static bool access_device(const struct nie_run_exit *exit, u64 *reply)
{
	*reply = exit->mmio.ipa == UART_FR ? FR_EMPTY : 0u;
	if (exit->mmio.ipa == UART_DR && exit->mmio.write) {
		uart_put((char)exit->mmio.value);
	}
	return exit->mmio.ipa / NIE_PAGE_SIZE == UART_DR / NIE_PAGE_SIZE;
}

/* Lend the core to the guest again and again. Returns how it ended. */
static const char *run(void)
{
	struct nie_run_entry entry = {.deadline = NIE_NEVER};
	struct nie_run_exit exit;
	u64 woken_by;

	for (;;) {
		must(nie_run_until_exit(vcpu, &entry, &exit), "running the guest");
		switch (exit.reason) {
		case NIE_EXIT_MMIO:
			if (!access_device(&exit, &entry.reply)) {
				printf("access to 0x%lx:\n", exit.mmio.ipa);
				return "it looked for a device that is not there";
			}
			break;
		case NIE_EXIT_WFI: /* it waits: sleep, until its timer would wake it */
			nie_wait(exit.wfi.wake, &woken_by);
			break;
		case NIE_EXIT_SYSTEM_OFF:
			return "it turned itself off";
		case NIE_EXIT_FAULT:
			printf("access to 0x%lx:\n", exit.fault.ipa);
			return "it used memory in a way that is not allowed";
		case NIE_EXIT_CRASH:
			return "it crashed";
		default:
			return "it asked for something that this VMM does not know";
		}
	}
}

/*
 * One frame of the guest's memory. A frame is new and zero. To put something in, it is mapped here; donating it takes it away
 * again in one step, and from then on no capability gets at its content. What was in it becomes part of the guest's measurement.
 */
static void give_frame(u64 ipa, const u8 *data, u64 size)
{
	u64 frame;

	must(nie_allocate(&memory, NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS, &frame), "making a frame");
	if (size != 0u) {
		must(nie_space_map(&here, frame, NIE_BLOCK_BITS, config.window, NIE_RIGHT_READ | NIE_RIGHT_WRITE),
		     "mapping a frame");
		memcpy((void *)config.window, data, size);
	}
	must(nie_space_donate(&guest, frame, NIE_BLOCK_BITS, ipa, NIE_RIGHT_READ | NIE_RIGHT_WRITE | NIE_RIGHT_EXECUTE),
	     "donating a frame");
}

/* All of its memory; the image is at the start. */
static void give_memory(const struct guest_config *g)
{
	/* The guest expects memory here; zero pages may come at any time, others only before it is activated. */
	must(nie_space_expect_ram(&guest, NIE_BLOCK_BITS, GUEST_RAM_BASE, g->memory), "expecting memory");
	for (u64 offset = 0; offset < g->memory; offset += NIE_BLOCK_SIZE) {
		u64 left = g->kernel.size > offset ? g->kernel.size - offset : 0u;

		give_frame(GUEST_RAM_BASE + offset, g->kernel.data + offset, left < NIE_BLOCK_SIZE ? left : NIE_BLOCK_SIZE);
	}
}

/* A VSpace, memory in it, a vCPU: then it is activated, and nothing of it can be changed from outside any more. */
static void make_guest(const struct guest_config *g)
{
	u64 vspace;

	nie_allocator_init(&memory, config.free_slots.first + OWN_SLOTS, config.free_slots.count - OWN_SLOTS);
	for (u32 i = 0; i < g->untyped.count; i++) {
		must(nie_allocator_add(&memory, g->untyped.slot[i]), "the guest's untyped memory");
	}
	must(nie_allocate(&memory, NIE_TYPE_GUEST_VSPACE, VSPACE_BITS, &vspace), "making a VSpace");
	must(nie_allocate(&memory, NIE_TYPE_VCPU, NIE_PAGE_BITS, &vcpu), "making a vCPU");
	nie_space_init(&guest, vspace, &memory);
	give_memory(g);
	must(nie_vcpu_configure(vcpu, vspace, 0, 0, GUEST_RAM_BASE, 0, 0), "configuring the vCPU");
	must(nie_vspace_activate(vspace, 0), "activating the guest");
	printf("%s: %lu MiB that this task can no longer read.\n", g->name, g->memory >> 20);
}

/* Destroying what was made from it gives the memory back, scrubbed. */
static void end_guest(const struct guest_config *g, const char *how)
{
	must(nie_kill_all(guest.vspace), "killing the guest");
	must(nie_allocator_reclaim(&memory), "taking its memory back");
	printf("%s: %s; %lu KiB are free again.\n", g->name, how, nie_allocator_free_bytes(&memory) >> 10);
}

int task_main(const u64 boot[6])
{
	const char *error;

	if (!config_read((const void *)boot[0], &config, &error)) {
		__builtin_trap();
	}
	uart_init(config.console, 0);
	nie_allocator_init(&own, config.free_slots.first, OWN_SLOTS);
	for (u32 i = 0; i < config.memory.count; i++) {
		must(nie_allocator_add(&own, config.memory.slot[i]), "this task's untyped memory");
	}
	nie_space_init(&here, config.vspace, &own);

	make_guest(&config.guest[0]);
	end_guest(&config.guest[0], run());
	nie_machine_off(config.cores.slot[0]);
	return 0;
}
