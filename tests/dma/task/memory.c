/* SPDX-License-Identifier: Apache-2.0 */
#include "dma.h"

#define MAP_FROM 0x80000000ul /* of our own VSpace */
#define MEMORY_BITS 24u       /* pieces from this size on are for everything; the largest smaller one for pages */

struct nie_allocator memory;
struct nie_space own;
static u64 next_address = MAP_FROM;
static struct page buffer;

void memory_start(const u64 boot[6])
{
	nie_allocator_init(&memory, boot[5], 4000);
	for (u64 i = 0; i < boot[4]; i++) {
		must(nie_allocator_add(&memory, NIE_BOOT_SLOT_FREE_UNTYPED + i), "taking memory");
	}
	nie_space_init(&own, NIE_BOOT_SLOT_VSPACE, &memory);
}

u64 make(u64 type, u64 size_bits)
{
	u64 slot = 0;

	must(nie_allocate(&memory, type, size_bits, &slot), "making an object");
	return slot;
}

u64 untyped_page(u64 *physical)
{
	u64 slot = make(NIE_TYPE_UNTYPED, NIE_PAGE_BITS);
	struct nie_cap_info_results info = {0};

	must(nie_cap_info(slot, &info), "looking at an untyped");
	*physical = info.address;
	return slot;
}

volatile u64 *page_map(struct page *p)
{
	must(nie_space_map(&own, p->frame, NIE_PAGE_BITS, next_address, RIGHTS_RW), "mapping a page");
	p->here = (volatile u64 *)next_address;
	next_address += NIE_PAGE_SIZE;
	return p->here;
}

struct page page_make(u64 type, bool mapped)
{
	struct page p = {.here = NULL};

	p.untyped = untyped_page(&p.physical);
	p.frame = memory.next_slot++;
	must(nie_retype(p.untyped, type, NIE_PAGE_BITS, NIE_OWN_CSPACE, p.frame, 1), "making a page");
	if (mapped) {
		(void)page_map(&p);
	}
	return p;
}

u64 device_slot(u64 physical)
{
	for (u64 slot = NIE_BOOT_SLOT_DEVICES; slot < NIE_BOOT_SLOT_FRAMES; slot++) {
		struct nie_cap_info_results info = {0};

		if (nie_cap_info(slot, &info) == NIE_OK && info.type == NIE_TYPE_DEVICE && info.address == physical) {
			return slot;
		}
	}
	return 0;
}

/* A shared frame: one capability for each place where it is mapped. */
u64 share_into(struct nie_space *space, const struct page *p, u64 ipa)
{
	u64 copy = memory.next_slot++;

	must(nie_cap_copy(NIE_OWN_CSPACE, copy, NIE_OWN_CSPACE, p->frame, NIE_RIGHTS_ALL), "copying a frame");
	must(nie_space_map(space, copy, NIE_PAGE_BITS, ipa, RIGHTS_RW), "mapping a shared page");
	return copy;
}

void buffer_into(struct nie_space *space, u64 ipa)
{
	(void)share_into(space, &buffer, ipa);
}

void domain_make(struct domain *d)
{
	d->vspace = make(NIE_TYPE_TASK_VSPACE, NIE_PAGE_BITS + 1u);
	nie_space_init(&d->space, d->vspace, &memory);
	buffer = page_make(NIE_TYPE_SHARED_FRAME, true);
	d->buffer = buffer.here;
	buffer_into(&d->space, BUFFER_IPA);
}
