/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest with a device of its own, QEMU's `edu` (docs/specs/edu.rst): it has the device copy memory, then makes it reach for
 * memory that is not the guest's.
 */
#include "guest.h"

#define EDU_ID 0x11e81234u
#define PCI_COMMAND 0x04u
#define PCI_MEMORY_AND_MASTER 6u
#define PCI_BAR0 0x10u
#define SOURCE 0x80u
#define DESTINATION 0x88u
#define COUNT 0x90u
#define COMMAND 0x98u
#define RUN 1u
#define TO_MEMORY 2u
#define BUFFER 0x40000u
#define FUNCTIONS 256u
#define WORD 0x600dda7a600dda7aul

static volatile uint64_t words[2];

static void transfer(uint64_t bar, uint64_t from, uint64_t to, uint64_t direction)
{
	*(volatile uint64_t *)(bar + SOURCE) = from;
	*(volatile uint64_t *)(bar + DESTINATION) = to;
	*(volatile uint64_t *)(bar + COUNT) = sizeof(words[0]);
	*(volatile uint64_t *)(bar + COMMAND) = RUN | direction;
	while ((*(volatile uint64_t *)(bar + COMMAND) & RUN) != 0u)
		;
}

static void reach_for(uint64_t bar, const char *what, uint64_t address)
{
	print("edu: the device writes ");
	print(what);
	print(" at ");
	print_hex(address);
	print("\n");
	transfer(bar, BUFFER, address, TO_MEMORY);
}

_Noreturn void guest_main(const void *device_tree)
{
	struct memory bridge, memory;
	uint64_t function = 0;
	uint64_t bar;

	if (!fdt_region(device_tree, "pcie", &bridge) || !fdt_memory(device_tree, &memory)) {
		print("edu: FAILED: no PCI host bridge in the device tree\n");
		power_off();
	}
	while (function < FUNCTIONS && *(volatile uint32_t *)(bridge.base + (function << 12)) != EDU_ID)
		function++;
	if (function == FUNCTIONS) {
		print("edu: FAILED: no edu device\n");
		power_off();
	}
	*(volatile uint32_t *)(bridge.base + (function << 12) + PCI_COMMAND) = PCI_MEMORY_AND_MASTER;
	bar = *(volatile uint32_t *)(bridge.base + (function << 12) + PCI_BAR0) & ~0xful;

	words[0] = WORD;
	transfer(bar, (uintptr_t)&words[0], BUFFER, 0);
	transfer(bar, BUFFER, (uintptr_t)&words[1], TO_MEMORY);
	print(words[1] == WORD ? "edu: the device copies memory\n" : "edu: FAILED: the device copies no memory\n");
	reach_for(bar, "beyond the guest's memory", memory.base + memory.size);
	reach_for(bar, "where the machine's console is", 0x09000000u);
	reach_for(bar, "where another guest may be", 0x60000000u);
	print("edu: done\n");
	power_off();
}
