/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/loops.h"

#include "nie/stubs.h"

/* The kernel's lock is not fair: without a pause the core that has just given it up takes it again. */
static void pause_if(bool more)
{
	if (more) {
		nie_pause();
	}
}

u64 nie_revoke_all(u64 cnode, u64 index)
{
	u64 more = 1;
	u64 status = NIE_OK;

	while (more != 0 && status == NIE_OK) {
		status = nie_cap_revoke(cnode, index, &more);
		pause_if(more != 0);
	}
	return status;
}

u64 nie_delete_all(u64 cnode, u64 index)
{
	u64 more = 1;
	u64 status = NIE_OK;

	while (more != 0 && status == NIE_OK) {
		status = nie_cap_delete(cnode, index, &more);
		pause_if(more != 0);
	}
	return status;
}

u64 nie_kill_all(u64 vspace)
{
	u64 more = 1;
	u64 status = NIE_OK;

	while (more != 0 && status == NIE_OK) {
		status = nie_vspace_kill(vspace, &more);
		pause_if(more != 0);
	}
	return status;
}

/* Most objects of a size that one retype makes: 512 slots, 512 granules (untypeds take no work). */
static u64 step_of(u64 type, u64 size_bits)
{
	u64 granules = size_bits < NIE_PAGE_BITS + 9u ? 1ul << (size_bits - NIE_PAGE_BITS) : 512ul;

	return type == NIE_TYPE_UNTYPED ? 512u : 512u / granules;
}

u64 nie_retype_all(u64 untyped, u64 type, u64 size_bits, u64 first_slot, u64 count, u64 *made)
{
	u64 step = size_bits < NIE_PAGE_BITS ? 1 : step_of(type, size_bits);
	u64 done = 0;
	u64 status = NIE_OK;

	while (done < count && status == NIE_OK) {
		u64 now = count - done < step ? count - done : step;

		status = nie_retype(untyped, type, size_bits, NIE_OWN_CSPACE, first_slot + done, now);
		done += status == NIE_OK ? now : 0;
		pause_if(done < count);
	}
	if (made != NULL) {
		*made = done;
	}
	return status;
}
