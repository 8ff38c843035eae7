/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI (DEN 0022), by SMC to the firmware at EL3. */
#include "arch.h"

#define PSCI_CPU_ON 0xc4000003ul
#define PSCI_SYSTEM_OFF 0x84000008ul

/* SMCCC 1.0 lets a call change x4 to x17 too. */
static long smc(u64 function, u64 a, u64 b, u64 c)
{
	register u64 x0 __asm__("x0") = function;
	register u64 x1 __asm__("x1") = a;
	register u64 x2 __asm__("x2") = b;
	register u64 x3 __asm__("x3") = c;

	__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) ::
			 "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
			 "memory");
	return (long)x0;
}

long firmware_cpu_on(u64 affinity, u64 entry, u64 context)
{
	return smc(PSCI_CPU_ON, affinity, entry, context);
}

void firmware_system_off(void)
{
	smc(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;) {
		__asm__ volatile("wfi");
	}
}
