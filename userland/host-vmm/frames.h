/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_FRAMES_H
#define VMM_FRAMES_H

#include "nie/task.h"

/*
 * Capabilities of the frames that are a guest's memory. Those of 2 MiB have consecutive slots of the VMM's CNode. A realm
 * guest's, of 4 KiB, are too many for it: they lie in CNodes made from the guest's own memory, and come into one
 * slot of the VMM's CNode to be used.
 */
struct guest;

/* Part of it in frames of one size. */
struct ram_part {
	u64 ipa, end;
	u64 bits;
	u64 first_slot; /* not in CNodes of its own */
};

#define FRAME_BANKS_MAX 16u /* about 2 GiB */

/* What they take, for a guest with `pages` frames of 4 KiB in CNodes of their own. */
u32 frames_banks(u64 pages);

/* All return the kernel's status. First, while the guest is built: make its CNodes, if it is to have any. */
u64 frames_begin(struct guest *g);
/* Before a part's first frame, and when its tables are there. */
void frames_begin_part(struct guest *g, struct ram_part *part);
/* Make the frame for an IPA of the part; in order. It is in *slot until it is put away. */
u64 frames_make(struct guest *g, const struct ram_part *part, u64 ipa, u64 *slot);
/* Have the one that was made for an IPA of the part in *slot, until it is put away. */
u64 frames_take(struct guest *g, const struct ram_part *part, u64 ipa, u64 *slot);
u64 frames_put_away(struct guest *g, const struct ram_part *part, u64 ipa);

#endif
