/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

#define PSCI_SYSTEM_OFF 0x84000008ul /* DEN0022, 5.9 */

_Noreturn void power_off(void)
{
	register uint64_t function __asm__("x0") = PSCI_SYSTEM_OFF;

	__asm__ volatile("hvc #0" : "+r"(function) :: "x1", "x2", "x3", "memory");
	print("power off refused\n");
	for (;;)
		__asm__ volatile("wfi");
}

_Noreturn void guest_exception(uint64_t esr, uint64_t elr, uint64_t far)
{
	print("exception: esr ");
	print_hex(esr);
	print(" elr ");
	print_hex(elr);
	print(" far ");
	print_hex(far);
	print("\n");
	power_off();
}
