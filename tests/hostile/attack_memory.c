/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, writing and executing the memory of a guest that runs. */
#include <stdio.h>

#include "hostile.h"

#define READ 1u
#define WRITE 2u
#define FETCH 4u

/* Try all pages at the addresses at which we had them before. */
static void old_addresses(const char *what, void (*entry)(void), u64 kind)
{
	u32 faults = 0;
	u64 first_wrong = 0;

	for (u32 page = 0; page < GUEST_RAM_PAGES; page++) {
		u64 address = guest_window(&victim, page) + 8u * (page % 64u);
		struct access a = access_try(entry, address);

		if (faulted_at(&a, address, kind)) {
			faults++;
		} else if (first_wrong == 0u) {
			first_wrong = address;
		}
	}
	if (first_wrong != 0u) {
		verdict(false, what, "%u of %lu pages fault; not the one at 0x%lx", faults, (u64)GUEST_RAM_PAGES,
			first_wrong);
	} else {
		verdict(faults == GUEST_RAM_PAGES && guest_unharmed(&victim), what,
			"%u pages, each a fault at its address",
			faults);
	}
}

/* A 2 MiB frame as a whole, and each 4 KiB frame, through `slot_of`: mapped by the guest, so refused. */
static void other_addresses(void)
{
	u32 refusals = 0;

	refusals += nie_map(victim.block, h.config.vspace, ATTEMPT_BLOCK, NIE_RIGHT_READ) == NIE_MAP_MAPPED_FRAME;
	for (u32 i = 0; i < GUEST_PAGES; i++) {
		refusals += nie_map(victim.page[i], h.config.vspace, ATTEMPT_PAGE + i * NIE_PAGE_SIZE,
			NIE_RIGHT_READ) ==
			    NIE_MAP_MAPPED_FRAME;
	}
	verdict(refusals == GUEST_PAGES + 1u, "map every donated frame at another address",
		"%u frames, each mapped, argument 1", refusals);
}

static void copied_capabilities(void)
{
	u64 task = scratch_make(NIE_TYPE_TASK_VSPACE, NIE_PAGE_BITS + 1u);
	u64 copy = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS); /* its slot */
	u64 more;

	must("emptying a slot", nie_cap_delete(NIE_OWN_CSPACE, copy, &more));
	must("copying a frame", nie_cap_copy(NIE_OWN_CSPACE, copy, NIE_OWN_CSPACE, victim.page[1],
		NIE_RIGHTS_ALL));
	refused("map a donated frame by a copy of its capability",
		nie_map(copy, h.config.vspace, ATTEMPT_PAGE, NIE_RIGHT_READ), NIE_MAP_MAPPED_FRAME);
	refused("map a donated frame into another task", nie_map(copy, task, ATTEMPT_PAGE, NIE_RIGHT_READ),
		NIE_MAP_MAPPED_FRAME);
	scratch_reset();
}

/* Every untyped says where it lies: try that memory by its physical address. */
static void physical_addresses(void)
{
	u32 tried = 0;
	u32 faults = 0;

	for (u32 i = 0; i < victim.memory.untyped_count; i++) {
		const struct nie_untyped *u = &victim.memory.untyped[i];

		for (u64 at = 0; at < 1ul << u->size_bits; at += 16u * NIE_PAGE_SIZE) {
			struct access a = access_try(probe_read, u->address + at);

			tried++;
			faults += faulted_at(&a, u->address + at, READ) ? 1u : 0u;
		}
	}
	verdict(faults == tried, "read a guest's memory by its physical address", "%u of %u addresses fault",
		faults,
		tried);
}

static void kernel_memory(void)
{
	static const u64 addresses[] = {0x40000000ul, 0x40080000ul, 0x40200000ul, 0x08000000ul, 0x080a0000ul,
					0x09000000ul, 0xffffffff40080000ul, 0x4000000000ul, 0x7ffffff000ul};
	u32 count = sizeof(addresses) / sizeof(addresses[0]);
	u32 refusals = 0;

	for (u32 i = 0; i < count; i++) {
		struct access r = access_try(probe_read, addresses[i]);
		struct access w = access_try(probe_write, addresses[i]);

		refusals += r.end != ACCESS_DONE && w.end != ACCESS_DONE && r.value == 0u;
	}
	verdict(refusals == count, "read and write the kernel, the GIC, and addresses out of range",
		"%u of %u addresses abort", refusals, count);
}

void attack_memory(void)
{
	guest_start(&victim);
	old_addresses("read every page of a running guest where we had it mapped", probe_read, READ);
	old_addresses("write every page of a running guest where we had it mapped", probe_write, WRITE);
	old_addresses("execute every page of a running guest where we had it mapped", probe_execute, FETCH);
	other_addresses();
	copied_capabilities();
	physical_addresses();
	kernel_memory();
	still_right(&victim);
}
