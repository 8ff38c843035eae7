/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's initial task holds two devices that do DMA on command and a disk, and makes them attack everything that is not in
 * their domain. Each attempt must fail, be told (or, where nobody is to be told, not), and change nothing.
 */
#include "dma.h"

int task_main(const u64 boot[6])
{
	static struct domain d;

	console_start(device_slot(0x09000000ul), CONSOLE_AT);
	memory_start(boot);
	edu_start();
	domain_make(&d);
	attack_reach(&d);
	attack_stale(&d);
	attack_disk();
	attack_ends(&d);
	attack_faults(&d);
	print("dma: end\r\n");
	verdicts_count();
	machine_off();
}
