/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMIDs: one for each VSpace, its alone while it exists, so that no translation of one VSpace is
 * ever found in a TLB by another. 8 bits, which every implementation has (Arm ARM D8.16.2); 0 is
 * what EL2 uses while nothing is loaded.
 */
#include "nie/vmid.h"

u8 vmid_used[VMIDS];

/* Counted when asked, which is when a VSpace is made: a number kept beside the table could disagree with it. */
u32 vmid_left(void)
{
	u32 left = 0;

	for (u32 id = 1; id < VMIDS; id++) {
		left += vmid_used[id] == 0u ? 1u : 0u;
	}
	return left;
}

u32 vmid_take(void)
{
	for (u32 id = 1; id < VMIDS; id++) {
		if (vmid_used[id] == 0u) {
			vmid_used[id] = 1;
			return id;
		}
	}
	return 0;
}

void vmid_give(u32 id)
{
	vmid_used[id] = 0;
}
