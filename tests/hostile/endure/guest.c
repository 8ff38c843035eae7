/* SPDX-License-Identifier: Apache-2.0 */
#include "endure.h"

/* Activate with no policy bit. */
static u64 activate(u64 space)
{
	return nie_vspace_activate(space, 0);
}

static u64 make(u64 untyped, u64 type, u64 size_bits, u64 count)
{
	u64 first = slots_take(count);

	must(nie_retype_all(untyped, type, size_bits, first, count, NULL), "making a guest's objects");
	return first;
}

/* The first page holds the program; each other page, and block, a word. */
static void fill(u64 frame, u64 size_bits, bool code)
{
	u64 at = size_bits == NIE_BLOCK_BITS ? BLOCK_AT : PAGE_AT;
	volatile u64 *to = (volatile u64 *)at;

	must(nie_map(frame, NIE_BOOT_SLOT_VSPACE, at, RIGHTS_RW), "map");
	*to = MARK_GUEST;
	for (u32 i = 0; code && guest_code + i < guest_code_end; i++) {
		to[i] = guest_code[i];
	}
}

void guest_make(struct guest *g, u32 pages, u32 blocks, u32 vcpus, u64 untyped, u64 program)
{
	u64 level2, level3;

	g->pages = pages;
	g->blocks = blocks;
	g->vcpus = vcpus;

	g->space = make(untyped, NIE_TYPE_GUEST_VSPACE, NIE_PAGE_BITS + 1u, 1);
	level2 = make(untyped, NIE_TYPE_TABLE, NIE_PAGE_BITS, 1);
	level3 = make(untyped, NIE_TYPE_TABLE, NIE_PAGE_BITS, 1);
	must(nie_map_table(level2, g->space, GUEST_RAM, 2), "map_table");
	must(nie_map_table(level3, g->space, GUEST_RAM, 3), "map_table");
	g->page = make(untyped, NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS, g->pages);
	for (u32 i = 0; i < g->pages; i++) {
		if (i < 4u) { /* what was mapped is scrubbed at the end; and measured, which takes long */
			fill(g->page + i, NIE_PAGE_BITS, i == 0u);
		}
		must(nie_donate(g->page + i, g->space, GUEST_RAM + i * NIE_PAGE_SIZE, RIGHTS_RWX), "donate");
	}
	g->block = g->blocks == 0u ? 0u : make(untyped, NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS, g->blocks);
	for (u32 i = 0; i < g->blocks; i++) {
		must(nie_donate(g->block + i, g->space, GUEST_RAM + (i + 1u) * NIE_BLOCK_SIZE, RIGHTS_RWX), "donate");
	}
	for (u32 i = 0; i < g->vcpus; i++) {
		g->vcpu[i] = make(untyped, NIE_TYPE_VCPU, NIE_PAGE_BITS, 1);
		must(nie_vcpu_configure(g->vcpu[i], g->space, i, 0, GUEST_RAM, program, 0), "vcpu_configure");
	}
	must(activate(g->space), "activate");
}
