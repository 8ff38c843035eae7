/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_VIEW_H
#define NIE_VIEW_H

#include "nie/slot.h"
#include "nie/vcpu.h"
#include "nie/vspace.h"

/*
 * The one audited place that turns a granule index into a pointer. Sound because a granule has one
 * state at a time, and a view is only taken of a granule in the state that it names. EL2 maps
 * objects from RAM_VIEW(0) on; natively RAM is an array.
 */
static inline u64 *table_at(granule_t g)
{
	return (u64 *)RAM_VIEW((u64)g * GRANULE_SIZE);
}

static inline struct vspace *vspace_at(granule_t g)
{
	return (struct vspace *)RAM_VIEW((u64)g * GRANULE_SIZE);
}

static inline struct vcpu *vcpu_at(granule_t g)
{
	return (struct vcpu *)RAM_VIEW((u64)g * GRANULE_SIZE);
}

static inline struct slot *slot_at(slot_t s)
{
	return (struct slot *)RAM_VIEW((u64)s * sizeof(struct slot));
}

#endif
