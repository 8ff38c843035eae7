/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_GUEST_TREE_H
#define VMM_GUEST_TREE_H

#include "loader.h"

/* For the guest's KASLR. It spreads guests over addresses and keeps nothing secret from the VMM, which could not be
 * trusted with the choice anyway. The same each time: the device tree is measured (docs/decisions/0006-sealing.md). */
u64 guest_tree_seed(u32 number);

/* Write the guest's device tree into `tree` (TREE_SIZE bytes, all given to the guest). False: it does
 * not fit, as the boot arguments are too long. */
bool guest_tree_make(void *tree, const struct guest_config *g, const struct layout *layout, u64 kaslr_seed);

#endif
