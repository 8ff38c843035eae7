/* SPDX-License-Identifier: Apache-2.0 */
/* Never ends, never waits, never exits by itself. */
#include "guest.h"

_Noreturn void guest_main(const void *device_tree)
{
	(void)device_tree;
	print("loop: spinning\n");
	for (;;)
		__asm__ volatile("" ::: "memory");
}
