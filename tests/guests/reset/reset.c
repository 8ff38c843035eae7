/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for what an earlier life left in its memory, leaves something there, and asks for a reset. */
#include "guest.h"

#define PSCI_SYSTEM_RESET 0x84000009ul /* DEN0022, 5.10 */
#define MARK 0x6e69652072657365ul
#define STEP 4096u

static void ask_for_reset(void)
{
	register uint64_t function __asm__("x0") = PSCI_SYSTEM_RESET;

	__asm__ volatile("hvc #0" : "+r"(function) :: "x1", "x2", "x3", "memory");
}

_Noreturn void guest_main(const void *device_tree)
{
	struct memory memory;
	uint64_t found = 0;

	if (!fdt_memory(device_tree, &memory)) {
		print("reset: FAILED: no memory node in the device tree\n");
		power_off();
	}
	/* The image and the device tree are there, as always. */
	for (uint64_t at = memory.base; at < memory.base + memory.size; at += STEP) {
		volatile uint64_t *word = (volatile uint64_t *)(at + STEP - sizeof(uint64_t));
		bool image = at + STEP > (uint64_t)image_start && at < (uint64_t)image_end;

		if (*word == MARK)
			found++;
		else if (!image)
			*word = MARK;
	}
	print("reset: ");
	print_decimal(found);
	print(" pages with a mark\n");
	ask_for_reset();
	print("reset: FAILED: refused\n");
	power_off();
}
