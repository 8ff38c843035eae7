/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_CAP_H
#define NIE_CAP_H

#include "nie/slot.h"

/* What boot asks of the authority layer: the first capabilities. `where` is an empty slot. */

/* A slot of a CNode by its index; SLOT_NONE if there is none. */
slot_t cnode_slot(granule_t cnode, u64 index);

/* A CNode of 2^size_bits bytes, from free granules. */
void cnode_create(granule_t first, u32 size_bits);

/* A capability that nothing is the parent of, for what nobody retyped. */
void cap_place_root(slot_t where, u32 type, u32 rights, u32 size_bits, u32 object);

/* The capability, with all rights, of an object that boot made inside an untyped, as if by retype.
 * The untyped's watermark rises to the object's end. */
void cap_place_child(slot_t untyped, slot_t where, u32 type, u32 size_bits, granule_t object);

#endif
