/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_GRANULE_H
#define NIE_GRANULE_H

#include "nie/types.h"

/*
 * The granule table: one entry for each 4 KiB of RAM, and the only truth about ownership.
 * Three arrays rather than one of structures: the provers read them better.
 *
 * A granule is in exactly one state. Only the functions of kernel/core/isolation change it.
 *
 *   FREE        scrubbed; mapped by nobody, not even by EL2.
 *   KERNEL      the kernel's image and data; never changes.
 *   CNODE       capability slots.                      owner, place: serial, low and high half
 *   TABLE       stage-2 table.                         owner: VSpace or NONE; place: table_place()
 *   VSPACE      descriptor of a VSpace.
 *   ROOT        root table of the VSpace in the granule before.
 *   VCPU        a vCPU with its saved registers.
 *   PRIVATE     private frame (first granule).         owner: VSpace or NONE; place: IPA / 4096
 *   SHARED      shared frame (first granule).          owner: number of mappings
 *   TAIL        the rest of a 2 MiB frame or of a larger CNode; its first granule speaks for it.
 *
 * PRIVATE and SHARED come in two sizes; bit FRAME_BLOCK of `place` says 2 MiB. Bit FRAME_SCRUBBED says that
 * a private frame is zero and mapped by nobody: set when it is made and when it leaves a guest, cleared by any mapping.
 */
enum granule_state {
	GRANULE_FREE,
	GRANULE_KERNEL,
	GRANULE_CNODE,
	GRANULE_TABLE,
	GRANULE_VSPACE,
	GRANULE_ROOT,
	GRANULE_VCPU,
	GRANULE_PRIVATE,
	GRANULE_SHARED,
	GRANULE_TAIL,
};

#define FRAME_BLOCK 0x80000000u
#define FRAME_SCRUBBED 0x40000000u
#define FRAME_PLACES 0x8000000u /* IPA / 4096 is below this */

extern u8 granule_state[RAM_GRANULES];
extern u32 granule_owner[RAM_GRANULES];
extern u32 granule_place[RAM_GRANULES];

/* All `count` granules from `first` exist and are free. */
bool granules_free(granule_t first, u32 count);

/*
 * What a capability says an object is, the isolation layer does not take its word for: every function of it
 * that is handed a granule makes sure of the granule's state, and stops the machine if it is another.
 */
void granule_must_be(granule_t g, u8 state);
void vspace_must_be(granule_t g, bool guest);

/* FRAME_BLOCK, or 0, of the place of a frame. */
u32 frame_size_bit(granule_t frame);

/* Physical address of a granule. */
u64 granule_address(granule_t g);

/*
 * From FREE to an object. The caller has checked granules_free(); the object starts zeroed.
 * Kernel objects become accessible to EL2, frames do not.
 */
RARE void cnode_make(granule_t first, u32 count, u64 serial);
RARE void table_make(granule_t g);
RARE void vspace_make(granule_t g, bool guest); /* two granules; takes a VMID: vmid_left() > 0 */
RARE void vcpu_make(granule_t g);
void frame_make(granule_t first, bool block, bool private);

/*
 * From an object back to FREE, scrubbed. `budget` counts granules of work and is reduced.
 * False: not finished, because the budget is used up or another core must first leave the
 * object (it has been told to): call again later. Never fails otherwise.
 */
RARE bool cnode_destroy(granule_t first, u32 count, u32 *budget);
RARE bool table_destroy(granule_t g, u32 *budget);
RARE bool vspace_destroy(granule_t g, u32 *budget);
RARE bool vcpu_destroy(granule_t g, u32 *budget);
bool frame_destroy(granule_t first, u32 *budget);

/* For the objects that have a file of their own: the entries of one that begins, and of a kernel object that
 * has ended. */
void granule_claim(granule_t first, u32 count, u8 state, u32 owner, u32 place);
void granule_release(granule_t first, u32 count);

/* VMIDs not in use. */
u32 vmid_left(void);

/* Serial of a live CNode; 0 if the granule is not the first of a CNode. */
u64 cnode_serial(granule_t g);
/* Serial of a live VSpace; 0 if the granule is not one. */
u32 vspace_serial(granule_t g);

#endif
