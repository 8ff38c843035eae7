/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_VSPACE_H
#define NIE_VSPACE_H

#include "nie/measure.h"
#include "nie/sha256.h"
#include "nie/types.h"

/*
 * A VSpace: a descriptor and a root table of stage 2 (39-bit IPA: three levels from level 1, 4 KiB
 * granules). Its life goes one way: BUILDING -> ACTIVE (guests only) -> DYING -> DEAD.
 * ENDED is an active guest that powered itself off.
 */
enum vspace_life {
	VSPACE_BUILDING,
	VSPACE_ACTIVE,
	VSPACE_ENDED,
	VSPACE_DYING,
	VSPACE_DEAD,
};

struct vspace {
	u32 guest;  /* 0: a task's */
	u16 life;   /* enum vspace_life */
	u16 policy; /* NIE_POLICY_*, fixed by activation */
	u32 vmid;   /* its alone while it exists */
	u32 streams; /* 0: no device is attached to it (iodomain.h) */
	u32 serial; /* never 0, never given again */
	granule_t vcpu[NIE_VSPACE_VCPUS];
	u64 measurement[MEASUREMENTS][SHA256_WORDS]; /* guests: how it was built, then its own four */
};

/* The isolation half of the calls of the same name: every check below the capability checks, in
 * the order of the interface file, then the commit. `frame` is a frame's first granule. */
status_t vspace_map_shared(granule_t frame, granule_t vspace, u64 ipa, u64 rights);
status_t vspace_map_private(granule_t frame, granule_t vspace, u64 ipa, u64 rights); /* a task's VSpace */
RARE status_t vspace_map_device(u32 page, granule_t vspace, u64 ipa, u64 rights);
status_t vspace_donate(granule_t frame, granule_t vspace, u64 ipa, u64 rights);
RARE status_t vspace_map_table(granule_t table, granule_t vspace, u64 ipa, u64 level);
status_t vspace_expect_ram(granule_t vspace, u64 ipa, u64 size_bits, u64 count);
status_t vspace_activate(granule_t vspace, u64 policy);
void vspace_measurement(granule_t vspace, u64 value[4]);
/* Returns true when done; the caller has checked that `vspace` is not its own. */
bool vspace_kill(granule_t vspace, u32 *budget);

/* Remove a mapping; false if there is none (any more). */
bool frame_is_mapped(granule_t frame); /* private frames */
bool vspace_unmap_private(granule_t frame);
bool vspace_unmap_shared(granule_t frame, granule_t vspace, u64 ipa);
RARE bool vspace_unmap_device(u32 page, granule_t vspace, u64 ipa);

#endif
