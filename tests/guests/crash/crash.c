/* SPDX-License-Identifier: Apache-2.0 */
/* Jumps to where no memory is, with its vectors there too: nothing can handle that inside. */
#include "guest.h"

_Noreturn void guest_main(const void *device_tree)
{
	(void)device_tree;
	print("crash: jumping to garbage\n");
	__asm__ volatile("msr vbar_el1, %0\n\tisb\n\tbr %0" :: "r"(0x123456000ul));
	__builtin_unreachable();
}
