/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_SLOT_H
#define NIE_SLOT_H

#include "nie/types.h"

/*
 * A capability slot. The capabilities of one derivation tree, a root and all that is derived from
 * it, form a doubly linked list in preorder: the descendants of a capability are those that follow
 * it with a greater depth. Depth is at most DEPTH_MAX, so the first leaf below a capability is found in that many
 * steps.
 */
struct slot {
	u8 type;      /* enum nie_type; 0: empty */
	u8 rights;    /* NIE_RIGHT_*; bit 7 ORIGIN: made by retype or at boot, so its end is the object's */
	u8 size_bits; /* log2 of the object's size in bytes */
	u8 depth;
	u32 object;   /* granule; device: physical page number; irq: INTID; core: number; stream: StreamID */
	slot_t next;
	slot_t prev;
	u64 detail;   /* untyped: granules given out; mapped shared frame or device: IPA + 1; attached stream: 1 */
	granule_t vspace; /* mapped shared frame or device, attached stream: where, */
	u32 serial;       /* and that VSpace's serial then */
};

_Static_assert(sizeof(struct slot) == 32, "128 slots fill a granule");

/* Index 0 of a CNode is the kernel's own (kernel/core/authority/slot.c, doomed.c): `type` stays 0,
 * `object` is the number of slots. */

#define RIGHT_ORIGIN 0x80u
#define DEPTH_MAX 63u

#endif
