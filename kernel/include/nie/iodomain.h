/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_IODOMAIN_H
#define NIE_IODOMAIN_H

#include "nie/types.h"

/*
 * An IO domain is a VSpace that devices are attached to: they reach what is mapped there, by the same tables and the
 * same VMID. A stream, the SMMU's name for a device, is attached to one VSpace or to none, and then cut off.
 * A guest's streams are connected when it is activated: nobody changes by DMA what was measured.
 */
extern u8 stream_attached[PLATFORM_STREAMS];
extern granule_t stream_domain[PLATFORM_STREAMS]; /* valid where attached */

/* The isolation half of the calls of the same name. */
status_t stream_attach(u32 stream, granule_t vspace);
bool stream_detach(u32 stream, granule_t vspace); /* false: not attached there (any more) */
void stream_fault(u32 stream, u64 results[4]);

/* The VSpace is activated; it dies. */
void streams_connect(granule_t vspace);
void streams_cut(granule_t vspace);

#endif
