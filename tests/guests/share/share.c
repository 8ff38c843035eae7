/* SPDX-License-Identifier: Apache-2.0 */
/* How much work gets done in two seconds of the counter: in proportion to the time that this guest has a core. */
#include "guest.h"

#define SECONDS 2u

_Noreturn void guest_main(const void *device_tree)
{
	uint64_t end = timer_now() + SECONDS * timer_frequency();
	uint64_t rounds = 0;

	(void)device_tree;
	while (timer_now() < end) {
		for (uint32_t i = 0; i < 1000u; i++)
			__asm__ volatile("" ::: "memory");
		rounds++;
	}
	print("share: ");
	print_decimal(rounds);
	print(" rounds\n");
	power_off();
}
