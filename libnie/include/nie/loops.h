/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_LOOPS_H
#define NIE_LOOPS_H

#include "nie/task.h"

/*
 * Hypercalls do bounded work and say whether more is left. These repeat one until it is done, and
 * return its status. Between two steps other cores get the kernel's lock.
 */
u64 nie_revoke_all(u64 cnode, u64 index);
u64 nie_delete_all(u64 cnode, u64 index);
u64 nie_kill_all(u64 vspace);

/* Retype any number of objects, in steps as large as the kernel takes. On an error `*made` (if not
 * null) says how many objects exist; they are in the first slots. */
u64 nie_retype_all(u64 untyped, u64 type, u64 size_bits, u64 first_slot, u64 count, u64 *made);

#endif
