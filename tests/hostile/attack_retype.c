/* SPDX-License-Identifier: Apache-2.0 */
/* Making objects where there are objects, of types and sizes that there are not. */
#include "hostile.h"

static u64 make(u64 untyped, u64 type, u64 bits, u64 index, u64 count)
{
	return nie_retype(untyped, type, bits, NIE_OWN_CSPACE, index, count);
}

static void over_live_memory(void)
{
	u64 small = scratch_make(NIE_TYPE_UNTYPED, NIE_PAGE_BITS + 2u);
	u64 slot = h.scratch.next_slot;

	refused("make 2 MiB frames over a guest that runs", make(victim.memory.untyped[0].slot,
		NIE_TYPE_PRIVATE_FRAME,
								NIE_BLOCK_BITS, slot, 1),
		NIE_RETYPE_NO_MEMORY_UNTYPED);
	refused("make an untyped over a guest that runs",
		make(victim.memory.untyped[0].slot, NIE_TYPE_UNTYPED, victim.memory.untyped[0].size_bits, slot, 1),
		NIE_RETYPE_NO_MEMORY_UNTYPED);
	must("four pages", make(small, NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS, slot, 4));
	refused("make a fifth page of four", make(small, NIE_TYPE_TABLE, NIE_PAGE_BITS, slot + 4u, 1),
		NIE_RETYPE_NO_MEMORY_UNTYPED);
	must("deleting the second", nie_delete_all(NIE_OWN_CSPACE, slot + 1u));
	refused("make two objects where one was deleted", make(small, NIE_TYPE_TASK_VSPACE, NIE_PAGE_BITS + 1u,
		slot + 4u, 1),
		NIE_RETYPE_NO_MEMORY_UNTYPED);
	must("deleting the last", nie_delete_all(NIE_OWN_CSPACE, slot + 3u));
	refused("make an object behind live ones", make(small, NIE_TYPE_UNTYPED, NIE_PAGE_BITS + 1u, slot + 4u,
		1),
		NIE_RETYPE_NO_MEMORY_UNTYPED);
	refused("delete an untyped with objects in it", nie_cap_delete(NIE_OWN_CSPACE, small, &(u64){0}),
		NIE_CAP_DELETE_HAS_CHILDREN_INDEX);
	scratch_reset();
}

static void odd_arguments(void)
{
	static const u64 types[] = {0, NIE_TYPE_DEVICE, NIE_TYPE_IRQ, NIE_TYPE_CORE, 12,
		1ul << 32 | NIE_TYPE_TABLE, ~0ul};
	static const u64 sizes[][2] = {
		{NIE_TYPE_PRIVATE_FRAME, 13}, {NIE_TYPE_PRIVATE_FRAME, 30}, {NIE_TYPE_SHARED_FRAME, 0},
		{NIE_TYPE_VCPU, 13}, {NIE_TYPE_TABLE, 11}, {NIE_TYPE_CNODE, 21}, {NIE_TYPE_GUEST_VSPACE, 12},
		{NIE_TYPE_UNTYPED, 41}, {NIE_TYPE_UNTYPED, 11}, {NIE_TYPE_TABLE, 1ul << 32 | 12u}, {NIE_TYPE_UNTYPED,
		~0ul},
	};
	static const u64 counts[] = {0, 513, 1ul << 32, 1ul << 32 | 1u, ~0ul};
	u64 untyped = h.scratch.untyped[0].slot;
	u64 slot = h.scratch.next_slot;
	u32 refusals = 0;

	for (u32 i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		refusals += make(untyped, types[i], NIE_PAGE_BITS, slot, 1) == NIE_RETYPE_BAD_VALUE_TYPE;
	}
	verdict(refusals == 7u, "make devices, interrupts, cores, and types that there are not",
		"%u of 7 are bad_value",
		refusals);
	refusals = 0;
	for (u32 i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		refusals += make(untyped, sizes[i][0], sizes[i][1], slot, 1) == NIE_RETYPE_BAD_VALUE_SIZE_BITS;
	}
	verdict(refusals == 11u, "make objects of sizes that they do not have", "%u of 11 are bad_value",
		refusals);
	refusals = 0;
	for (u32 i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		refusals += make(untyped, NIE_TYPE_TABLE, NIE_PAGE_BITS, slot,
			counts[i]) == NIE_RETYPE_BAD_VALUE_COUNT;
	}
	verdict(refusals == 5u, "make none, too many, and numbers of 64 bits", "%u of 5 are bad_value", refusals);
	refused("make two 2 MiB frames in one call", make(untyped, NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS, slot,
		2),
		NIE_RETYPE_BAD_VALUE_COUNT);
	refused("make more than the untyped has", make(untyped, NIE_TYPE_UNTYPED, 40, slot, 1),
		NIE_RETYPE_NO_MEMORY_UNTYPED);
	refused("make objects into slots whose numbers wrap", make(untyped, NIE_TYPE_TABLE, NIE_PAGE_BITS, ~0ul,
		2),
		NIE_RETYPE_BAD_SLOT_TO_INDEX);
	refused("make objects beyond the CSpace's end",
		make(untyped, NIE_TYPE_TABLE, NIE_PAGE_BITS,
		h.config.free_slots.first + h.config.free_slots.count - 1u, 2),
		NIE_RETYPE_BAD_SLOT_TO_INDEX);
	refused("make objects over a guest's capabilities", make(untyped, NIE_TYPE_TABLE, NIE_PAGE_BITS,
		victim.vspace, 1),
		NIE_RETYPE_OCCUPIED_TO_INDEX);
	refused("make objects of a frame", make(victim.page[0], NIE_TYPE_TABLE, NIE_PAGE_BITS, slot, 1),
		NIE_RETYPE_WRONG_TYPE_UNTYPED);
	refused("make objects of a vCPU", make(victim.vcpu[0], NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS, slot, 1),
		NIE_RETYPE_WRONG_TYPE_UNTYPED);
	scratch_reset();
}

void attack_retype(void)
{
	guest_start(&victim);
	over_live_memory();
	odd_arguments();
	still_right(&victim);
}
