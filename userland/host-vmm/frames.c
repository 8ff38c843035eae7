/* SPDX-License-Identifier: Apache-2.0 */
#include "frames.h"

#include "guest.h"
#include "nie/stubs.h"

#define BANK_BITS 20u
#define BANK_SLOTS 32767u /* index 0 of a CNode is the kernel's */

u32 frames_banks(u64 pages)
{
	return (u32)((pages + BANK_SLOTS - 1u) / BANK_SLOTS);
}

static bool is_banked(const struct guest *g, const struct ram_part *part)
{
	return g->config->realm != 0u && part->bits == NIE_PAGE_BITS;
}

static u64 number_of(const struct ram_part *part, u64 ipa)
{
	return (ipa - part->ipa) >> part->bits;
}

static u64 bank_of(const struct guest *g, u64 number)
{
	return g->banks[number / BANK_SLOTS];
}

static u64 index_in_bank(u64 number)
{
	return 1u + number % BANK_SLOTS;
}

u64 frames_begin(struct guest *g)
{
	u32 count = g->config->realm != 0u ? frames_banks(g->config->memory / NIE_PAGE_SIZE) : 0u;
	u64 status = NIE_OK;

	for (u32 i = 0; i < count && status == NIE_OK; i++) {
		status = nie_allocate(&g->memory, NIE_TYPE_CNODE, BANK_BITS, &g->banks[i]);
	}
	g->frame_slot = g->memory.next_slot++;
	return status;
}

void frames_begin_part(struct guest *g, struct ram_part *part)
{
	part->first_slot = g->memory.next_slot;
}

u64 frames_make(struct guest *g, const struct ram_part *part, u64 ipa, u64 *slot)
{
	(void)ipa;
	*slot = g->frame_slot;
	return is_banked(g, part) ? nie_allocate_at(&g->memory, NIE_TYPE_PRIVATE_FRAME, part->bits, *slot) :
				    nie_allocate(&g->memory, NIE_TYPE_PRIVATE_FRAME, part->bits, slot);
}

u64 frames_take(struct guest *g, const struct ram_part *part, u64 ipa, u64 *slot)
{
	u64 number = number_of(part, ipa);

	*slot = part->first_slot + number;
	if (!is_banked(g, part)) {
		return NIE_OK;
	}
	*slot = g->frame_slot;
	return nie_cap_move(NIE_OWN_CSPACE, *slot, bank_of(g, number), index_in_bank(number));
}

u64 frames_put_away(struct guest *g, const struct ram_part *part, u64 ipa)
{
	u64 number = number_of(part, ipa);

	return is_banked(g, part) ?
		nie_cap_move(bank_of(g, number), index_in_bank(number), NIE_OWN_CSPACE, g->frame_slot) : (u64)NIE_OK;
}
