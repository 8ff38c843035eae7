/* SPDX-License-Identifier: Apache-2.0 */
/* HVC and SMC with every immediate, and the function IDs of SMCCC (DEN0028, 2.5). */
#include "hostile-guest.h"

#define HVC 0xd4000002u
#define SMC 0xd4000003u
#define SVC(immediate) (0xd4000001u | (uint32_t)(immediate) << 5)
#define IMMEDIATES 65536u
#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_SYSTEM_RESET2 0x84000012u

/* What would end this guest, as it should. */
static bool ends(uint32_t function)
{
	uint32_t f = function & ~0x40000000u;

	return f == PSCI_CPU_OFF || f == PSCI_SYSTEM_OFF || f == PSCI_SYSTEM_RESET || f == PSCI_SYSTEM_RESET2;
}

void calls(void)
{
	struct tally t = {0, 0};

	for (uint32_t immediate = 0; immediate < IMMEDIATES; immediate++) {
		attack_at(&t, &hvc_calls[immediate], PSCI_VERSION, 0);
		attack_at(&t, &smc_calls[immediate], PSCI_VERSION, 0);
	}
	for (uint32_t immediate = 0; immediate < IMMEDIATES; immediate += 127) {
		attack(&t, SVC(immediate), immediate, 0); /* to ourselves */
	}
	say("call immediates", &t);
	t = (struct tally){0, 0};
	/* Owning entities 0 to 63, fast and yielding, 32 and 64 bits, the first functions and the last. */
	for (uint32_t top = 0; top < 256; top++) {
		for (uint32_t n = 0; n < 48; n++) {
			uint32_t function = top << 24 | (n < 32 ? n : 0xffd0 + n);

			if (!ends(function)) {
				attack(&t, n % 2 ? SMC : HVC, function | (draw() << 32), draw());
			}
		}
	}
	for (uint32_t i = 0; i < 2000; i++) {
		uint32_t function = (uint32_t)draw();

		if (!ends(function)) {
			attack(&t, SMC, function, draw());
		}
	}
	say("call functions", &t);
}
