/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1: a task that says something. What runs here is EL0 code with a CSpace: all that it can do is what its capabilities
 * let it. The system description decides which those are; `config` says in which slots they are.
 */
#include <stdio.h>

#include "config.h"
#include "nie/stubs.h"
#include "uart.h"

static struct config config;

int task_main(const u64 boot[6])
{
	struct nie_cap_info_results memory;
	const char *error;

	/* The first register has the address of guests.bin, which the initial task mapped for us. */
	if (!config_read((const void *)boot[0], &config, &error)) {
		__builtin_trap(); /* there is no console to say it on: the kernel reports the task that crashed */
	}
	uart_init(config.console, 0);
	printf("Hello from EL0.\n");

	for (u32 i = 0; i < config.memory.count; i++) {
		if (nie_cap_info(config.memory.slot[i], &memory) == NIE_OK) {
			printf("Slot %u: %lu KiB of untyped memory at 0x%lx.\n", config.memory.slot[i],
			       memory.free / 1024u, memory.address);
		}
	}
	nie_machine_off(config.cores.slot[0]);
	return 0;
}
