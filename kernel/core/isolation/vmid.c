/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMIDs: one for each VSpace, its alone while it exists, so that no translation of one VSpace is
 * ever found in a TLB by another. 8 bits, which every implementation has (Arm ARM D8.16.2); 0 is
 * what EL2 uses while nothing is loaded.
 */
#include "nie/vmid.h"

#define VMIDS 256u

static u8 used[VMIDS];
static u32 left = VMIDS - 1u;

u32 vmid_left(void)
{
	return left;
}

u32 vmid_take(void)
{
	for (u32 id = 1; id < VMIDS; id++) {
		if (used[id] == 0u) {
			used[id] = 1;
			left--;
			return id;
		}
	}
	return 0;
}

void vmid_give(u32 id)
{
	used[id] = 0;
	left++;
}
