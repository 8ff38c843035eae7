/* SPDX-License-Identifier: Apache-2.0 */
/* Fills all its free memory with a marker: whoever gets that memory next must not find it. */
#include "guest.h"

#define MARKER 0x214d4152454b5241ul /* "ARKERAM!" in memory */

_Noreturn void guest_main(const void *device_tree)
{
	struct memory memory;
	uint64_t *at = (uint64_t *)image_end;
	uint64_t *end;

	if (!fdt_memory(device_tree, &memory)) {
		print("marker: FAILED: no memory node in the device tree\n");
		power_off();
	}
	end = (uint64_t *)(memory.base + memory.size);
	for (uint64_t *next = at; next < end; next++)
		*next = MARKER;
	print("marker: ");
	print_decimal((uint64_t)(end - at) * 8 >> 10);
	print(" KiB filled\n");
	power_off();
}
