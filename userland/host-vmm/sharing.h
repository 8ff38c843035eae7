/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_SHARING_H
#define VMM_SHARING_H

#include "guest.h"

/*
 * Realm guests (Arm DEN0137; Linux from 6.13 on): one gives up pages of its private half and goes on with the same pages of
 * its shared half, for buffers that its VMM is to read. It looks for devices in the shared half, too.
 * For other guests these do nothing.
 */
/* While it is built: make the translation tables of the shared half. Returns the kernel's status. */
u64 sharing_prepare(struct guest *g);

/* It gave up these private IPAs: there is shared memory at their twins when it goes on, or it has ended. The guest's lock is
 * held. */
void sharing_given_up(struct guest *g, u64 base, u64 top);

/* Where in QEMU's map an access to a device goes. */
static inline u64 sharing_device_ipa(const struct guest *g, u64 ipa)
{
	return g->config->realm != 0u ? ipa & ~NIE_SHARED_HALF : ipa;
}

#endif
