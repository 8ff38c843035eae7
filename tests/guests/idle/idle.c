/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeps a second at a time, three times, or thirty with the word `long` on its command line: what an idle machine does meanwhile is
 * the difference. */
#include "guest.h"

#define FEW 3u
#define MANY 30u

_Noreturn void guest_main(const void *device_tree)
{
	uint32_t seconds = fdt_bootargs_have(device_tree, "long") ? MANY : FEW;
	uint64_t begin = timer_now();

	gic_init();
	__asm__ volatile("msr daifset, #2" ::: "memory");
	for (uint32_t i = 0; i < seconds; i++) {
		uint32_t before = timer_interrupts;

		timer_arm(timer_frequency());
		while (timer_interrupts == before) {
			__asm__ volatile("dsb sy\n\twfi\n\tmsr daifclr, #2\n\tisb\n\tmsr daifset, #2" ::: "memory");
		}
	}
	print("idle: ");
	print_decimal((timer_now() - begin) / timer_frequency());
	print(" seconds\n");
	power_off();
}
