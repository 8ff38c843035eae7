/* SPDX-License-Identifier: Apache-2.0 */
#include "sharing.h"

#include "guest.h"
#include "nie/error.h"
#include "nie/stubs.h"

u64 sharing_prepare(struct guest *g)
{
	const u64 gib = 0x40000000ul;
	u64 status = NIE_OK;

	g->given_count = 0;
	for (u64 at = 0; g->config->realm != 0u && at < g->config->memory && status == NIE_OK; at += gib) {
		status = nie_space_prepare(&g->space, NIE_BLOCK_BITS, NIE_SHARED_HALF + GUEST_RAM_BASE + at);
	}
	return status;
}

static bool is_given(const struct guest *g, u64 ipa)
{
	for (u32 i = 0; i < g->given_count; i++) {
		if (g->given[i] == ipa) {
			return true;
		}
	}
	return false;
}

/* A frame of 2 MiB, though the guest may have given up less: of its neighbours it uses the private twins. */
static u64 give(struct guest *g, u64 ipa)
{
	u64 frame;
	u64 status = nie_allocate(&g->memory, NIE_TYPE_SHARED_FRAME, NIE_BLOCK_BITS, &frame);

	if (status == NIE_OK) {
		status = nie_space_map(&g->space, frame, NIE_BLOCK_BITS, ipa, NIE_RIGHT_READ | NIE_RIGHT_WRITE);
	}
	if (status == NIE_OK) {
		g->given[g->given_count++] = ipa;
	}
	return status;
}

void sharing_given_up(struct guest *g, u64 base, u64 top)
{
	u64 most = g->config->realm / NIE_BLOCK_SIZE;
	char text[48];

	for (u64 at = base / NIE_BLOCK_SIZE * NIE_BLOCK_SIZE; most != 0u && at < top; at += NIE_BLOCK_SIZE) {
		u64 ipa = NIE_SHARED_HALF + at;
		u64 status;

		if (is_given(g, ipa)) {
			continue;
		}
		if (g->given_count == most || g->given_count == GUEST_GIVEN_MAX) {
			guest_end(g, "error", "it shares more than %lu MiB: give its `realm` more", most * 2u);
			return;
		}
		status = give(g, ipa);
		if (status != NIE_OK) {
			guest_end(g, "error", "sharing 0x%lx: %s", at, nie_status_text(status, text, sizeof(text)));
			return;
		}
	}
}
