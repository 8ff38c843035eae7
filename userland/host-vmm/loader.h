/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_LOADER_H
#define VMM_LOADER_H

#include "config.h"

/* Where everything goes in a guest's RAM. All else of it is zero. */
#define EXTENTS_MAX 10u

struct extent {
	u64 ipa;
	const u8 *data;
	u64 size;
};

struct layout {
	struct extent extent[EXTENTS_MAX];
	u32 extents;
	u64 entry;
	u64 kernel_start, kernel_end; /* with what the kernel needs behind its file: bss */
	u64 initrd_start, initrd_end; /* equal: none */
	u64 tree;                     /* device tree; room for TREE_SIZE bytes */
};

#define TREE_SIZE 0x4000ul

/* Check the guest's images and place them; the device tree's extent is the last, its data still to come.
 * False: *error says what is wrong and what to do. */
bool loader_place(const struct guest_config *g, struct layout *layout, char *error, size_t error_size);

#endif
