/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INVARIANTS_H
#define INVARIANTS_H

#include "nie/types.h"

/*
 * What must hold of the whole state between two entries into the kernel. NULL, or the sentence that is
 * broken. The unit tests and the fuzzer share them.
 */

/* Derivation lists are well formed; every capability names a live object of its type. */
const char *invariant_tree(void);
/* Each granule is what the granule table says, and each leaf and table is linked as often as it says.
 * `every_byte`: free memory is read, instead of asking whether anybody could write it since its scrub. */
const char *invariant_ownership(bool every_byte);
/* vCPUs, VSpaces and cores agree about who runs where, and VMIDs are unique. */
const char *invariant_running(void);

#endif
