/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shared frame or a device may have many mappings; each capability to it remembers its own, and one to a stream what it
 * attached that to. The serial tells whether the VSpace is still the one that it was.
 */
#include "authority.h"

#include "nie/iodomain.h"
#include "nie/vspace.h"

#include "nie/granule.h"
#include "nie/view.h"

bool mapping_is_live(slot_t s)
{
	return slot_at(s)->detail != 0u && vspace_serial(slot_at(s)->vspace) == slot_at(s)->serial;
}

void mapping_remember(slot_t s, granule_t vspace, u64 ipa)
{
	slot_at(s)->detail = ipa + 1u;
	slot_at(s)->vspace = vspace;
	slot_at(s)->serial = vspace_serial(vspace);
}

void mapping_end(slot_t s)
{
	if (mapping_is_live(s)) {
		/* It may be gone already, with its VSpace killed or its table deleted. */
		if (slot_at(s)->type == NIE_TYPE_STREAM) {
			(void)stream_detach(slot_at(s)->object, slot_at(s)->vspace);
		} else if (slot_at(s)->type == NIE_TYPE_DEVICE) {
			(void)vspace_unmap_device(slot_at(s)->object, slot_at(s)->vspace, slot_at(s)->detail - 1u);
		} else {
			(void)vspace_unmap_shared(slot_at(s)->object, slot_at(s)->vspace, slot_at(s)->detail - 1u);
		}
	}
	slot_at(s)->detail = 0;
	slot_at(s)->vspace = GRANULE_NONE;
	slot_at(s)->serial = 0;
}
