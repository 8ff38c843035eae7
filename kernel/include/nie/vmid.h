/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_VMID_H
#define NIE_VMID_H

#include "nie/types.h"

#define VMIDS 256u

extern u8 vmid_used[VMIDS];

/* A VMID that no VSpace has; 0 if there is none. vmid_left() is in granule.h. */
u32 vmid_take(void);
/* Its translations have been invalidated. */
void vmid_give(u32 id);
u32 vmid_left(void);

#endif
