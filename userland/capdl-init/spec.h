/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEC_H
#define SPEC_H

#include "nie/task.h"

/*
 * The system to build, as tables that capdl/ generates from capDL text. An object is known by its
 * number: first those made by retype, in the order of making, then those that the kernel gives.
 */
#define SPEC_NONE 0xffffffffu

struct spec_object {
	const char *name;
	u8 type; /* enum nie_type */
	u8 size_bits;
	u64 address; /* given ones: what cap_info says */
};

struct spec_run {
	u32 first;
	u32 count;
	u32 parent; /* the untyped they are made from; SPEC_NONE: free memory */
};

struct spec_fill {
	u32 object;
	u32 file;
	u32 offset;
	u32 length; /* or less, where the file ends */
	u64 file_offset;
};

struct spec_link {
	u32 object;
	u32 vspace;
	u32 level;
	u64 ipa;
};

struct spec_mapping {
	u32 object;
	u32 vspace;
	u32 rights;
	u32 home; /* a second mapping needs a capability of its own: its slot in the handover CNode */
	u64 ipa;
};

struct spec_start {
	u32 vcpu;
	u32 vspace;
	u32 cspace;
	u32 index;
	u64 entry;
	u64 argument;
	u64 stack;
};

struct spec_place {
	u32 cnode;
	u32 index;
	u32 object;
	u32 rights;
	bool move; /* the capability that retype or the kernel made; otherwise a copy */
	u32 from_cnode; /* of what is in this slot, placed before; SPEC_NONE: of the object's own capability */
	u32 from_index;
};

struct spec_handover {
	u32 start;    /* the vCPU that gets this core */
	u32 cnode;    /* the CNode that gets what is left: */
	u32 reclaim;  /* from this slot on the untypeds of the image, */
	u32 leftover; /* and from this on all other untypeds */
};

extern const struct spec_object spec_objects[];
extern const struct spec_run spec_runs[];
extern const struct spec_fill spec_fills[];
extern const struct spec_link spec_links[];
extern const struct spec_mapping spec_mappings[];
extern const struct spec_start spec_starts[];
extern const struct spec_place spec_places[];
extern const struct spec_handover spec_handover;
extern const char *const spec_files[];
extern const u32 spec_objects_count, spec_made_count, spec_runs_count, spec_fills_count, spec_links_count,
	spec_mappings_count, spec_starts_count, spec_places_count;

/* By object: the slot of its capability here, and for a CNode the slot of a copy that stays here
 * when the capability itself has moved. */
extern u32 spec_slot_of[];
extern u32 spec_writer_of[];

#endif
