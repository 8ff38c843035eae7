/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_VIEW_H
#define NIE_VIEW_H

#include "nie/slot.h"
#include "nie/table.h"
#include "nie/vcpu.h"
#include "nie/vspace.h"

/*
 * The proof build's header of that name: each view of memory is an array of its own type. kernel/include/nie/view.h
 * makes them one memory. It is the same thing because a granule has one state at a time, a view is only taken
 * of a granule in the state that it names, and a granule changes its state only through FREE, all zero.
 */
extern u64 view_table[RAM_GRANULES][TABLE_ENTRIES];
extern struct vspace view_vspace[RAM_GRANULES];
extern struct vcpu view_vcpu[RAM_GRANULES];
extern struct slot view_slot[RAM_GRANULES * 128u];

/* Kernel code has pointers into these: WP must not take them for plain values. */
struct vspace *const view_vspace_pointer = view_vspace;
struct vcpu *const view_vcpu_pointer = view_vcpu;
struct slot *const view_slot_pointer = view_slot;

/* What no kernel variable says: 0 as long as a granule's content is zero. Scrubbing makes it 0, giving the granule to a task,
 * to a guest or to EL2 lets it be anything. */
extern u8 dirty[RAM_GRANULES];

#define table_at(g) (view_table[g])
#define vspace_at(g) (&view_vspace[g])
#define vcpu_at(g) (&view_vcpu[g])
#define slot_at(s) (&view_slot[s])

#endif
