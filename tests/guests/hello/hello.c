/* SPDX-License-Identifier: Apache-2.0 */
/* The demo's bare-metal guest: device tree, timer interrupts, a checksum over all its memory. */
#include "guest.h"

#define TICKS 5u

/* FNV-1a over 64-bit words. */
static uint64_t checksum(const struct memory *memory)
{
	const uint64_t *at = (const uint64_t *)memory->base;
	const uint64_t *end = (const uint64_t *)(memory->base + memory->size);
	uint64_t hash = 0xcbf29ce484222325;

	for (; at < end; at++)
		hash = (hash ^ *at) * 0x100000001b3;
	return hash;
}

static bool timer_works(void)
{
	uint64_t period = timer_frequency() / 100;

	gic_init();
	for (uint32_t tick = 1; tick <= TICKS; tick++) {
		uint64_t start = timer_now();

		timer_arm(period);
		/* The interrupt can come before WFI: WFI wakes at once then only while it is masked. */
		__asm__ volatile("msr daifset, #2");
		while (timer_interrupts < tick) {
			__asm__ volatile("wfi\n\tmsr daifclr, #2\n\tisb\n\tmsr daifset, #2" ::: "memory");
			if (timer_now() - start > 500 * period)
				return false;
		}
		__asm__ volatile("msr daifclr, #2");
		if (timer_now() - start < period)
			return false;
	}
	return true;
}

_Noreturn void guest_main(const void *device_tree)
{
	struct memory memory;

	print("hello: device tree at ");
	print_hex((uintptr_t)device_tree);
	print("\n");
	if (!fdt_memory(device_tree, &memory)) {
		print("hello: FAILED: no memory node in the device tree\n");
		power_off();
	}
	print("hello: memory ");
	print_hex(memory.base);
	print(", ");
	print_decimal(memory.size >> 20);
	print(" MiB\n");
	if (!timer_works()) {
		print("hello: FAILED: the timer's interrupt came too early or not at all\n");
		power_off();
	}
	print("hello: ");
	print_decimal(TICKS);
	print(" timer interrupts\n");
	print("hello: checksum ");
	print_hex(checksum(&memory));
	print("\nhello: done\n");
	power_off();
}
