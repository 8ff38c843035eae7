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
	const struct slot *c = slot_at(s);

	return c->detail != 0u && vspace_serial(c->vspace) == c->serial;
}

void mapping_remember(slot_t s, granule_t vspace, u64 ipa)
{
	struct slot *c = slot_at(s);

	c->detail = ipa + 1u;
	c->vspace = vspace;
	c->serial = vspace_serial(vspace);
}

void mapping_end(slot_t s)
{
	struct slot *c = slot_at(s);

	if (mapping_is_live(s)) {
		/* It may be gone already, with its VSpace killed or its table deleted. */
		if (c->type == NIE_TYPE_STREAM) {
			(void)stream_detach(c->object, c->vspace);
		} else if (c->type == NIE_TYPE_DEVICE) {
			(void)vspace_unmap_device(c->object, c->vspace, c->detail - 1u);
		} else {
			(void)vspace_unmap_shared(c->object, c->vspace, c->detail - 1u);
		}
	}
	c->detail = 0;
	c->vspace = GRANULE_NONE;
	c->serial = 0;
}
