/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The benchmark, as the machine's initial task: the kernel with no VMM of nie's around it. It prints, for
 * each operation, how often it was tried and the sum, least and most of its ticks.
 */
#include "bench.h"

#include "nie/stubs.h"

#define ROUNDS 64u

static void measure_null(void)
{
	struct samples known = {0}, unknown = {0};
	struct nie_cap_info_results info;
	u64 more;

	for (u32 i = 0; i < ROUNDS; i++) {
		TIMED(known, (void)nie_cap_info(NIE_BOOT_SLOT_VCPU, &info));
	}
	for (u32 i = 0; i < ROUNDS; i++) {
		TIMED(unknown, (void)nie_irq_poll(0, &more));
	}
	report("null", &known);
	report("refused", &unknown);
}

int task_main(const u64 boot[6])
{
	setup(boot);
	measure_null();
	measure_memory();
	measure_guests();
	print("bench: end\r\n");
	machine_off();
}
