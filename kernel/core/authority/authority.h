/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_AUTHORITY_H
#define NIE_AUTHORITY_H

#include "nie/cap.h"
#include "nie/calls.h"
#include "nie/view.h"

/* Sets of object types. */
#define TYPE_SET(type) (1u << (type))
#define TYPES_ALL 0xffffffffu
#define TYPES_VSPACE (TYPE_SET(NIE_TYPE_TASK_VSPACE) | TYPE_SET(NIE_TYPE_GUEST_VSPACE))
#define TYPES_FRAME (TYPE_SET(NIE_TYPE_PRIVATE_FRAME) | TYPE_SET(NIE_TYPE_SHARED_FRAME))
#define TYPES_MAPPABLE (TYPES_FRAME | TYPE_SET(NIE_TYPE_DEVICE))

#define GRANULE_BITS 12u
#define BLOCK_BITS 21u

/*
 * slot.c: from an argument to what it names. What was found comes back in one register, and by no pointer: a slot_t or a
 * granule_t, or, where it is not below FOUND_ERROR, an enum nie_error times that.
 */
#define FOUND_ERROR 0x100000000ul

/* The status that blames `argument` for the error found. */
static inline status_t blame(u64 found, u64 argument)
{
	return found / FOUND_ERROR + argument * 256u;
}

/* The capability in a slot of the caller's CSpace, of one of these types, with these rights. */
u64 cap_of(granule_t caller, u64 index, u32 types, u32 rights);
/* The same of a CNode that exists. */
u64 cap_in(granule_t cspace, u64 index, u32 types, u32 rights);

/* A further capability of a call that has found one: the caller's CSpace exists. */
static inline u64 cap_of_next(granule_t caller, u64 index, u32 types, u32 rights)
{
	return cap_in(vcpu_at(caller)->cspace, index, types, rights);
}

/* The CNode of a place: 0 is the caller's CSpace, otherwise a capability with these rights. */
u64 cnode_find(granule_t caller, u64 index, u32 rights);
/* Number of slots of a CNode, index 0 included; 0 while it is being destroyed. */
u32 cnode_slots(granule_t cnode);

/* The capability names the object and its end is the object's. */
bool slot_is_origin(slot_t s);
/* Its end would be that of the caller's own vCPU, VSpace or CSpace. */
bool slot_is_own(granule_t caller, slot_t s);

/* derivation.c: the tree as a list in preorder (slot.h). */
void derivation_insert(slot_t parent, slot_t child);
void derivation_remove(slot_t s);
void derivation_move(slot_t from, slot_t to);
bool derivation_is_leaf(slot_t s);
/* The first leaf at or below a capability. */
slot_t derivation_first_leaf(slot_t s);

/* untyped.c */
u32 size_granules(u32 size_bits);
/* Granules of an untyped below its watermark: 0 as soon as everything made from it is gone. */
u64 untyped_used(slot_t untyped);

/* destroy.c: the budget counts granules scrubbed, capabilities deleted, slots looked at. */
enum progress {
	PROGRESS_DONE,
	PROGRESS_MORE, /* the budget is used up, or another core has to do something first */
	PROGRESS_OWN,  /* next is the caller's own vCPU, VSpace or CSpace */
};

/* One less, if anything is left. */
RARE void spend_one(u32 *budget);

/* Delete a capability that is a leaf; false: not finished, it is still there. */
bool cap_end(slot_t s, u32 *budget);
/* Delete everything derived from a capability. */
enum progress cap_end_below(slot_t s, granule_t caller, u32 *budget);

/*
 * doomed.c: CNodes that were deleted, from the first to the last, linked in their slot 0. Nobody
 * reaches their slots any more. `ending` is empty and is being scrubbed.
 */
struct doomed {
	granule_t first;
	granule_t last;
	granule_t ending;
	u32 ending_granules;
};

extern struct doomed doomed;

void doomed_add(granule_t cnode);
bool doomed_any(void);
/* Empty and destroy doomed CNodes; false: call again. What would end the caller itself is left. */
bool doomed_work(granule_t caller, u32 *budget);

/* mapping.c: where a capability to a shared frame or to a device has it mapped, or to a stream attached. */
bool mapping_is_live(slot_t s);
void mapping_remember(slot_t s, granule_t vspace, u64 ipa);
void mapping_end(slot_t s);

#endif
