/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold for as long as the machine runs: memory and VMIDs come back, a hypercall's work is bounded,
 * a guest leaves nothing in a task's registers. One line for each figure; test_endure.py judges them.
 */
#include "endure.h"

#define ROUNDS 330u /* more than there are VMIDs */

int task_main(const u64 boot[6])
{
	u64 seed;

	__asm__ volatile("mrs %0, cntpct_el0" : "=r"(seed));
	memory_start(boot);
	output_start();
	cores_start(boot[0]);
	memory_remember();
	REPORT("cores", cores);
	registers();
	bounded();
	between();
	churn(seed | 1u, ROUNDS);
	vmids();
	REPORT("end", 0);
	finish();
}
