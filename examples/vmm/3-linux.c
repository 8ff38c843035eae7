/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 3: the same VMM boots Linux. What is new: a loader that knows image formats and an initrd, a device tree, an interrupt
 * controller, a whole UART, and time slices. These are host-vmm's own files, in the library nie-vmm.
 */
#include <stdio.h>
#include <string.h>

#include "bus.h"
#include "config.h"
#include "guest_tree.h"
#include "loader.h"
#include "nie/allocator.h"
#include "nie/error.h"
#include "nie/loops.h"
#include "nie/run.h"
#include "nie/space.h"
#include "nie/stubs.h"
#include "pl011.h"
#include "pl031.h"
#include "uart.h"
#include "vgic.h"

#define OWN_SLOTS 64u /* of the free slots; the guest's objects get the others */
#define VSPACE_BITS 13u
#define SLICES_A_SECOND 100u

static struct config config;
static struct nie_allocator own;       /* makes objects for this task */
static struct nie_allocator memory;    /* makes the guest's, from memory that the description gave to it */
static struct nie_space here, guest;   /* this task's address space, and the guest's */
static u64 vcpu;
static struct bus bus;
static struct vgic vgic;
static struct pl011 uart;
static struct pl031 rtc;

/* A hypercall that failed says which error, and which of its arguments is at fault. */
static void must(u64 status, const char *what)
{
	char text[48];

	if (status != NIE_OK) {
		printf("%s: %s\n", what, nie_status_text(status, text, sizeof(text)));
		nie_machine_off(config.cores.slot[0]);
	}
}

/* Devices tell the interrupt controller; it tells nobody here, as the one vCPU is never running while this code is. */
static void notify(void *context, u32 cpu)
{
	(void)context;
	(void)cpu;
}

static void uart_send(void *context, const u8 *bytes, u32 count)
{
	(void)context;
	for (u32 i = 0; i < count; i++) {
		uart_put((char)bytes[i]);
	}
}

static void uart_line(void *context, bool high)
{
	(void)context;
	vgic_set_line(&vgic, GUEST_UART_INTID, high);
}

static void rtc_line(void *context, bool high)
{
	(void)context;
	vgic_set_line(&vgic, GUEST_RTC_INTID, high);
}

static bool make_devices(void)
{
	vgic_init(&vgic, 1, notify, NULL);
	pl011_init(&uart, uart_send, uart_line, NULL);
	pl031_init(&rtc, 0, nie_frequency(), nie_now, rtc_line, NULL);
	return vgic_attach(&vgic, &bus) && pl011_attach(&uart, &bus, GUEST_UART_BASE) &&
	       pl031_attach(&rtc, &bus, GUEST_RTC_BASE);
}

/* It waits for an interrupt. If there is none, sleep until its timer fires. */
static void wait_for_interrupt(u64 timer)
{
	u64 woken_by;

	if (vgic_has_pending(&vgic, 0) != VGIC_READY) {
		u64 soon = nie_now() + nie_frequency() / SLICES_A_SECOND;
		u64 wake = vgic_timer_enabled(&vgic, 0) ? timer : NIE_NEVER;

		nie_wait(wake < soon ? wake : soon, &woken_by);
	}
}

/* Three of the pending interrupts go with the vCPU into its list registers, and come back with the exit. */
static void run_once(struct nie_run_entry *entry, struct nie_run_exit *exit)
{
	entry->deadline = nie_now() + nie_frequency() / SLICES_A_SECOND;
	entry->flags = vgic_fill(&vgic, 0, entry->list);
	must(nie_run_vcpu(vcpu, entry, exit), "running the guest");
	vgic_fold(&vgic, 0, exit->list, exit->ended);
}

static const char *run(void)
{
	struct nie_run_entry entry = {0};
	struct nie_run_exit exit;

	for (;;) {
		run_once(&entry, &exit);
		pl031_poll(&rtc);
		if (exit.reason != NIE_EXIT_MMIO) {
			pl011_flush(&uart);
		}
		switch (exit.reason) {
		case NIE_EXIT_MMIO:
			entry.reply = exit.mmio.value;
			if (!bus_dispatch(&bus, exit.mmio.ipa, exit.mmio.size, 0, exit.mmio.write, &entry.reply)) {
				printf("access to 0x%lx:\n", exit.mmio.ipa);
				return "it looked for a device that is not there";
			}
			break;
		case NIE_EXIT_WFI:
			wait_for_interrupt(exit.wfi.wake);
			break;
		case NIE_EXIT_SGI: /* an interrupt that it sends to itself */
			vgic_send_sgi(&vgic, 0, exit.sgi.value, true);
			break;
		case NIE_EXIT_SYSTEM_OFF:
			return "it turned itself off";
		case NIE_EXIT_FAULT:
			printf("access to 0x%lx:\n", exit.fault.ipa);
			return "it used memory in a way that is not allowed";
		case NIE_EXIT_CRASH:
			return "it crashed";
		default: /* the deadline, interrupts: the guest has done nothing */
			break;
		}
	}
}

/* One frame of the guest's memory, with what of the layout falls into it. */
static void give_frame(u64 ipa, const struct layout *layout)
{
	bool mapped = false;
	u64 frame;

	must(nie_allocate(&memory, NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS, &frame), "making a frame");
	for (u32 i = 0; i < layout->extents; i++) {
		const struct extent *e = &layout->extent[i];
		u64 from = e->ipa > ipa ? e->ipa : ipa;
		u64 to = e->ipa + e->size < ipa + NIE_BLOCK_SIZE ? e->ipa + e->size : ipa + NIE_BLOCK_SIZE;

		if (from >= to) {
			continue;
		}
		if (!mapped) {
			must(nie_space_map(&here, frame, NIE_BLOCK_BITS, config.window, NIE_RIGHT_READ | NIE_RIGHT_WRITE),
			     "mapping a frame");
			mapped = true;
		}
		memcpy((void *)(config.window + (from - ipa)), e->data + (from - e->ipa), to - from);
	}
	must(nie_space_donate(&guest, frame, NIE_BLOCK_BITS, ipa, NIE_RIGHT_READ | NIE_RIGHT_WRITE | NIE_RIGHT_EXECUTE),
	     "donating a frame");
}

static void give_memory(const struct guest_config *g, const struct layout *layout)
{
	must(nie_space_expect_ram(&guest, NIE_BLOCK_BITS, GUEST_RAM_BASE, g->memory), "expecting memory");
	for (u64 ipa = GUEST_RAM_BASE; ipa < GUEST_RAM_BASE + g->memory; ipa += NIE_BLOCK_SIZE) {
		give_frame(ipa, layout);
	}
}

/* Where kernel, initrd and device tree go; the device tree's content is made here. */
static void lay_out(const struct guest_config *g, struct layout *layout)
{
	static u8 tree[TREE_SIZE] __attribute__((aligned(8)));
	char error[120];

	if (!loader_place(g, layout, error, sizeof(error)) || !guest_tree_make(tree, g, layout, guest_tree_seed(0))) {
		printf("%s does not fit: %s\n", g->name, error);
		nie_machine_off(config.cores.slot[0]);
	}
	layout->extent[layout->extents - 1u].data = tree;
}

/* A VSpace, memory in it, a vCPU: then it is activated, and nothing of it can be changed from outside any more. */
static void make_guest(const struct guest_config *g)
{
	struct layout layout;
	u64 vspace;

	lay_out(g, &layout);
	nie_allocator_init(&memory, config.free_slots.first + OWN_SLOTS, config.free_slots.count - OWN_SLOTS);
	for (u32 i = 0; i < g->untyped.count; i++) {
		must(nie_allocator_add(&memory, g->untyped.slot[i]), "the guest's untyped memory");
	}
	must(nie_allocate(&memory, NIE_TYPE_GUEST_VSPACE, VSPACE_BITS, &vspace), "making a VSpace");
	must(nie_allocate(&memory, NIE_TYPE_VCPU, NIE_PAGE_BITS, &vcpu), "making a vCPU");
	nie_space_init(&guest, vspace, &memory);
	give_memory(g, &layout);
	must(nie_vcpu_configure(vcpu, vspace, 0, 0, layout.entry, layout.tree, 0), "configuring the vCPU");
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

	if (!make_devices()) {
		printf("The devices overlap.\n");
	}
	make_guest(&config.guest[0]);
	end_guest(&config.guest[0], run());
	nie_machine_off(config.cores.slot[0]);
	return 0;
}
