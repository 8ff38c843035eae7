/* SPDX-License-Identifier: Apache-2.0 */
/* What the domain had a moment ago. Each time the device was there first, so that the SMMU remembers the way. */
#include "dma.h"

/* A page of the device's domain that it has written. */
static struct page known_page(struct domain *d)
{
	struct page p = page_make(NIE_TYPE_PRIVATE_FRAME, false);

	must(nie_space_map(&d->space, p.frame, NIE_PAGE_BITS, TARGET_IPA, RIGHTS_RW), "mapping a page into the domain");
	edu_write(0, TARGET_IPA);
	return p;
}

static bool overwritten(struct page *p, u64 expected)
{
	edu_write(0, TARGET_IPA);
	return *page_map(p) != expected;
}

static void unmapped(struct domain *d)
{
	struct page p = known_page(d);

	must(nie_unmap(p.frame), "unmapping a page");
	verdict(*page_map(&p) == EVIL, "control: a device writes a page of its domain");
	*p.here = GOOD;
	edu_write(0, TARGET_IPA);
	refused(0, "write a page that was just unmapped", TARGET_IPA, 2, NOTHING_MAPPED, *p.here == GOOD);
	edu_write(0, p.physical);
	refused(0, "the same by its physical address", p.physical, 2, NOTHING_MAPPED, *p.here == GOOD);
}

static void unmapped_block(struct domain *d)
{
	u64 block = make(NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS);
	volatile u64 *here = (volatile u64 *)0x90000000ul;

	must(nie_space_map(&d->space, block, NIE_BLOCK_BITS, BLOCK_IPA, RIGHTS_RW), "mapping 2 MiB");
	edu_write(0, BLOCK_IPA + 0x123000u);
	must(nie_unmap(block), "unmapping 2 MiB");
	must(nie_space_map(&own, block, NIE_BLOCK_BITS, (u64)here, RIGHTS_RW), "mapping 2 MiB");
	verdict(here[0x123000u / 8u] == EVIL, "control: a device writes 2 MiB of its domain");
	here[0x123000u / 8u] = GOOD;
	edu_write(0, BLOCK_IPA + 0x123000u);
	refused(0, "write 2 MiB that were just unmapped", BLOCK_IPA + 0x123000u, 2, NOTHING_MAPPED,
		here[0x123000u / 8u] == GOOD);
	edu_write(0, BLOCK_IPA + 0x1000u);
	refused(0, "the same at another page of them", BLOCK_IPA + 0x1000u, 2, NOTHING_MAPPED, here[0x1000u / 8u] == 0u);
}

static void while_unmapping(struct domain *d)
{
	struct page p = known_page(d);

	edu_begin(0, TARGET_IPA, true);
	must(nie_unmap(p.frame), "unmapping a page");
	*page_map(&p) = GOOD;
	edu_end(0);
	refused(0, "write a page while it is unmapped", TARGET_IPA, 2, NOTHING_MAPPED, *p.here == GOOD);
}

/* Of another 2 MiB, so that the others keep their tables. */
static void without_its_table(struct domain *d)
{
	struct page p = page_make(NIE_TYPE_PRIVATE_FRAME, false);
	u64 at = TARGET_IPA + 0x1000000u;
	u64 table = make(NIE_TYPE_TABLE, NIE_PAGE_BITS);

	must(nie_map_table(table, d->vspace, at, 3), "linking a table");
	must(nie_map(p.frame, d->vspace, at, RIGHTS_RW), "mapping a page");
	edu_write(0, at);
	must(nie_delete_all(NIE_OWN_CSPACE, table), "deleting a table");
	edu_write(0, at);
	refused(0, "write through a table that was deleted", at, 2, NOTHING_MAPPED, true);
	verdict(*page_map(&p) == EVIL, "control: a device wrote through it before");
}

static void reclaimed(struct domain *d)
{
	struct page p = known_page(d);

	must(nie_revoke_all(NIE_OWN_CSPACE, p.untyped), "taking a page back");
	must(nie_retype(p.untyped, NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS, NIE_OWN_CSPACE, p.frame, 1), "making it anew");
	bool zero = !overwritten(&p, 0);

	refused(0, "write a page that was given back and made anew", TARGET_IPA, 2, NOTHING_MAPPED, zero);
}

static void donated(struct domain *d, bool during)
{
	static struct guest g[2];
	struct page p = known_page(d);
	struct guest *to = &g[during ? 1 : 0];

	guest_make(to);
	if (during) {
		edu_begin(0, TARGET_IPA, true);
	}
	must(nie_space_donate(&to->space, p.frame, NIE_PAGE_BITS, GUEST_RAM + 2u * NIE_PAGE_SIZE, RIGHTS_RW), "donating");
	guest_activate(to);
	if (!during) {
		edu_begin(0, TARGET_IPA, true);
	}
	edu_end(0);
	refused(0, during ? "write a page while it is donated" : "write a page that was just donated", TARGET_IPA, 2,
		NOTHING_MAPPED, guest_word(to) == GUEST_DATA);
	must(nie_kill_all(to->vspace), "killing a guest");
	verdict(*page_map(&p) == 0u, during ? "find what it wrote there meanwhile" : "find what it wrote there");
}

static void detached(struct domain *d)
{
	struct page p = known_page(d);

	must(nie_stream_detach(stream[0]), "detaching a device");
	edu_write(0, BUFFER_IPA + 16u);
	silent(0, "write its buffer by a device that was just detached", d->buffer[2] == 0u);
	must(nie_unmap(p.frame), "unmapping a page");
	*page_map(&p) = GOOD;
	must(nie_stream_attach(stream[0], d->vspace), "attaching it again");
	edu_write(0, TARGET_IPA);
	refused(0, "write a page that was unmapped while it was detached", TARGET_IPA, 2, NOTHING_MAPPED,
		*p.here == GOOD);
	edu_write(0, BUFFER_IPA + 16u);
	verdict(d->buffer[2] == EVIL, "control: attached again, it reaches its buffer");
}

void attack_stale(struct domain *d)
{
	unmapped(d);
	unmapped_block(d);
	while_unmapping(d);
	without_its_table(d);
	reclaimed(d);
	donated(d, false);
	donated(d, true);
	detached(d);
}
