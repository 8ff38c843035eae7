/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_GUEST_TREE_H
#define VMM_GUEST_TREE_H

#include "loader.h"

/* Write the guest's device tree into `tree` (TREE_SIZE bytes, all given to the guest). False: it does
 * not fit, as the boot arguments are too long. */
bool guest_tree_make(void *tree, const struct guest_config *g, const struct layout *layout, u64 kaslr_seed);

#endif
