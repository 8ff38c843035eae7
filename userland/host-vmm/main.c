/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor, demoted to a task: it composes guests out of memory that it then gives up, lends them the
 * machine's cores, and emulates the devices that they see.
 */
#include "config.h"
#include "console.h"
#include "guest.h"
#include "nie/error.h"
#include "nie/loops.h"
#include "nie/stubs.h"
#include "report.h"
#include "scheduler.h"
#include "uart.h"

#define CORE_STACK 0x4000u
#define OWN_SLOTS 64u /* of the free slots, for what the VMM makes for itself */

static struct config config;
static struct vmm vmm;
static struct nie_thread thread[CORES_MAX];
static u32 core_number[CORES_MAX];
static u8 stack[CORES_MAX][CORE_STACK] __attribute__((aligned(16)));

static void guest_typed(u32 number, u8 byte)
{
	guest_input(&vmm.guest[number], byte);
}

static void open_console(void)
{
	uart_init(config.console, config.console_irq);
	console_init(guest_typed);
	for (u32 i = 0; i < config.guests; i++) {
		console_add_guest(i, config.guest[i].name);
	}
}

/* Nobody can go on: without a console the trap at least makes the kernel report this task. */
_Noreturn static void give_up(const char *why)
{
	if (config.console != 0u) {
		open_console();
		console_print("%s", why);
	}
	if (config.cores.count != 0u) {
		nie_machine_off(config.cores.slot[0]);
	}
	__builtin_trap();
}

/* The initial task has done its work: destroy it and its archive, and have its memory back. */
static void reclaim_initial_task(void)
{
	u64 bytes = 0;

	for (u32 i = 0; i < config.reclaim.count; i++) {
		u64 slot = config.reclaim.first + i;
		struct nie_cap_info_results info;

		if (nie_cap_info(slot, &info) == NIE_OK && nie_revoke_all(NIE_OWN_CSPACE, slot) == NIE_OK) {
			bytes += 1ul << info.size_bits;
		}
	}
	if (bytes != 0u) {
		console_print("initial task is gone: %lu MiB given back", bytes / 0x100000u);
	}
}

/* Translation tables for filling frames, before there are several cores that would make them. */
static void prepare_windows(void)
{
	for (u32 i = 0; i < config.guests; i++) {
		bool pages = config.guest[i].memory % NIE_BLOCK_SIZE != 0u || config.guest[i].realm != 0u;
		u64 status = nie_space_prepare(&vmm.space, NIE_BLOCK_BITS, vmm_window(&vmm, i, NIE_BLOCK_BITS));

		if (status == NIE_OK && pages) {
			status = nie_space_prepare(&vmm.space, NIE_PAGE_BITS, vmm_window(&vmm, i, NIE_PAGE_BITS));
		}
		if (status != NIE_OK) {
			give_up("guests.bin: /vmm/memory has no room for translation tables");
		}
	}
}

static void take_own_memory(void)
{
	char text[48];

	vmm.config = &config;
	if (config.free_slots.count < OWN_SLOTS) {
		give_up("guests.bin: /vmm/free-slots has fewer than 64 slots");
	}
	nie_allocator_init(&vmm.memory, config.free_slots.first, OWN_SLOTS);
	vmm.free_slots.first = config.free_slots.first + OWN_SLOTS;
	vmm.free_slots.count = config.free_slots.count - OWN_SLOTS;
	for (u32 i = 0; i < config.memory.count; i++) {
		u64 status = nie_allocator_add(&vmm.memory, config.memory.slot[i]);

		if (status != NIE_OK) {
			console_print("slot %u of /vmm/memory: %s", config.memory.slot[i],
				      nie_status_text(status, text, sizeof(text)));
		}
	}
	nie_space_init(&vmm.space, config.vspace, &vmm.memory);
	prepare_windows();
	if (config.rtc != 0u) {
		vmm.wall_clock = *(volatile u32 *)config.rtc; /* PL031, RTCDR */
	}
	vmm.started = nie_now();
	for (u32 i = 0; i < config.cores.count && i < CORES_MAX; i++) {
		struct nie_cap_info_results info;

		vmm.present_cores |= nie_cap_info(config.cores.slot[i], &info) == NIE_OK ? 1u << i : 0u;
	}
}

static void core_main(void *argument)
{
	scheduler_run(*(u32 *)argument);
}

/* The machine may have fewer cores than the system was built for. */
static bool start_core(u32 core)
{
	u64 vcpu = config.vcpus.slot[core];
	u64 status;
	char text[48];

	core_number[core] = core;
	thread[core] = (struct nie_thread){core_main, &core_number[core]};
	status = nie_vcpu_configure(vcpu, config.vspace, core, config.cspace, (u64)(uintptr_t)nie_thread_entry,
				    (u64)(uintptr_t)&thread[core], (u64)(uintptr_t)(stack[core] + CORE_STACK));
	if (status == NIE_OK) {
		scheduler_add_core(core, vcpu);
		status = nie_core_start(config.cores.slot[core], vcpu);
	}
	if (status != NIE_OK && nie_error_of(status) != NIE_ERR_EMPTY) {
		console_print("core %u does not start: %s", core, nie_status_text(status, text, sizeof(text)));
	}
	return status == NIE_OK;
}

static void start_cores(void)
{
	u32 count = config.cores.count < config.vcpus.count ? config.cores.count : config.vcpus.count;
	u32 started = 1;

	scheduler_add_core(0, config.vcpus.slot[0]);
	for (u32 core = 1; core < count && core < CORES_MAX; core++) {
		started += start_core(core) ? 1u : 0u;
	}
	console_print("%u guest%s on %u core%s; Ctrl-] switches consoles", config.guests,
		      config.guests == 1u ? "" : "s", started, started == 1u ? "" : "s");
}

int task_main(const u64 boot[6])
{
	const char *error;

	if (!config_read((const void *)boot[0], &config, &error)) {
		give_up(error);
	}
	open_console();
	console_print("host-vmm: %u guest%s to compose", config.guests, config.guests == 1u ? "" : "s");
	reclaim_initial_task();
	take_own_memory();

	pci_start(&vmm);
	scheduler_init(&vmm);
	for (u32 i = 0; i < config.guests; i++) {
		guest_add(&vmm, i);
	}
	start_cores();
	scheduler_run(0);

	report_print(&vmm);
	nie_machine_off(config.cores.slot[0]);
	return 0;
}
