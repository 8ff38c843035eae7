/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors forged in NVMe: whoever drives a disk names any address in its commands, as page of data, list of pages
 * or queue. The disk's sectors below SECRETS hold EVIL; the test looks for what may not be there on it afterwards.
 */
#include "disk.h"

#define SECRETS 64u /* sectors from here on are what we try to write secrets to */
#define KEPT 128u   /* and here is what we may write */
#define KERNEL_CODE 0x40202000ul
#define KERNEL_DATA 0x40500000ul
#define SMMU_CR0 0x09050020ul
#define GICD_CTLR 0x08000000ul
#define SHORTLY 2000u

static void open_again(void)
{
	if (!disk_open()) {
		failed("the disk does not come up again");
	}
}

static void works(void)
{
	volatile u64 *data = disk_page[DATA];

	open_again();
	data[0] = 0;
	bool reads = disk_do(DISK_READ, 0, 1, DISK_IPA(DATA), 0) == 0u && data[0] == EVIL && data[SECTOR / 8u - 1u] == EVIL;

	data[0] = KEPT;
	bool writes = disk_do(DISK_WRITE, KEPT, 1, DISK_IPA(DATA), 0) == 0u;

	data[0] = 0;
	bool back = disk_do(DISK_READ, KEPT, 1, DISK_IPA(DATA), 0) == 0u && data[0] == KEPT;

	verdict(reads && writes && back, "control: a disk that we drive reads and writes through a domain of its queues and buffers");
}

/* A command that has the disk write to this address. */
static void read_to(const char *what, u64 address, volatile u64 *word)
{
	u64 before = word != NULL ? *word : 0u;

	(void)disk_do(DISK_READ, 0, 1, address, 0);
	refused_often(DISK, what, address, 2, NOTHING_MAPPED, word == NULL || *word == before);
}

/* A page shared with us, in the domain at its physical address: what is forged would reach it. Its slot there. */
static u64 let_in(struct domain *d, const struct page *p)
{
	return share_into(&d->space, p, p->physical);
}

static void data_pages(struct domain *d)
{
	static struct guest g;
	struct page ours = page_make(NIE_TYPE_SHARED_FRAME, true);
	u64 inside = let_in(d, &ours);
	struct page mine = page_make(NIE_TYPE_PRIVATE_FRAME, true);
	struct page nobodys = page_make(NIE_TYPE_PRIVATE_FRAME, false);

	*ours.here = GOOD;
	(void)disk_do(DISK_READ, 0, 1, ours.physical, 0);
	verdict(*ours.here == EVIL, "control: the disk reads a sector to a page that its domain has at the physical address");
	must(nie_unmap(inside), "unmapping it there");
	*ours.here = GOOD;
	read_to("disk: read a sector to a page that we shared with it before", ours.physical, ours.here);
	*mine.here = GOOD;
	read_to("disk: read a sector to a page of the VMM", mine.physical, mine.here);
	guest_make(&g);
	guest_activate(&g);
	(void)disk_do(DISK_READ, 0, 1, g.data.physical, 0);
	refused_often(DISK, "disk: read a sector to a page of a guest", g.data.physical, 2, NOTHING_MAPPED,
		      guest_word(&g) == GUEST_DATA);
	(void)disk_do(DISK_READ, 0, 1, g.code.physical, 0);
	refused_often(DISK, "disk: read a sector to a page of a guest's code", g.code.physical, 2, NOTHING_MAPPED,
		      guest_word(&g) == GUEST_DATA);
	read_to("disk: read a sector to the kernel's code", KERNEL_CODE, NULL);
	read_to("disk: read a sector to the kernel's data", KERNEL_DATA, NULL);
	read_to("disk: read a sector to a frame that nobody has mapped", nobodys.physical, NULL);
	verdict(*page_map(&nobodys) == 0u, "disk: find what it wrote there");
	read_to("disk: read a sector to the SMMU's registers", SMMU_CR0, NULL);
	read_to("disk: read a sector to the interrupt controller", GICD_CTLR, NULL);
	/* By the domain's address of the guest's page, not the physical one. */
	read_to("disk: read a sector to a guest's address of its page", GUEST_WORD, NULL);
	must(nie_kill_all(g.vspace), "killing a guest");
}

static void tables(struct domain *d)
{
	u64 physical;
	u64 untyped = untyped_page(&physical);
	u64 table = memory.next_slot++;

	must(nie_retype(untyped, NIE_TYPE_TABLE, NIE_PAGE_BITS, NIE_OWN_CSPACE, table, 1), "making a table");
	must(nie_map_table(table, d->vspace, 0x100000000ul, 2), "linking a table");
	read_to("disk: read a sector to a translation table of its domain", physical, NULL);
	must(nie_delete_all(NIE_OWN_CSPACE, table), "deleting a table");
}

static void secrets(void)
{
	struct page secret = page_make(NIE_TYPE_PRIVATE_FRAME, true);

	for (u32 i = 0; i < NIE_PAGE_SIZE / 8u; i++) {
		secret.here[i] = GOOD;
	}
	(void)disk_do(DISK_WRITE, SECRETS, 8, secret.physical, 0);
	refused_often(DISK, "disk: write a page of the VMM to it", secret.physical, 1, NOTHING_MAPPED, true);
	(void)disk_do(DISK_READ, SECRETS, 1, DISK_IPA(DATA), 0);
	verdict(disk_page[DATA][0] != GOOD, "disk: read there what it wrote");
	/* Three pages: the second and third are in a list. */
	disk_page[MORE_DATA][0] = 0;
	disk_page[LIST][0] = DISK_IPA(MORE_DATA);
	disk_page[LIST][1] = secret.physical;
	(void)disk_do(DISK_READ, 0, 24, DISK_IPA(DATA), DISK_IPA(LIST));
	refused_often(DISK, "disk: name a page of the VMM in a list of pages", secret.physical, 2, NOTHING_MAPPED,
		      secret.here[0] == GOOD && secret.here[NIE_PAGE_SIZE / 8u - 1u] == GOOD);
	verdict(disk_page[MORE_DATA][0] == EVIL, "control: the disk reads sectors to the page of that list that it may have");
	secret.here[0] = DISK_IPA(DATA);
	secret.here[1] = DISK_IPA(DATA);
	(void)disk_do(DISK_READ, 0, 24, DISK_IPA(DATA), secret.physical);
	refused_often(DISK, "disk: have it take a list of pages from a page of the VMM", secret.physical, 1, NOTHING_MAPPED,
		      secret.here[0] == DISK_IPA(DATA));
}

/* What its domain had a moment ago; the disk was there, so that the SMMU knows the way. */
static void stale(struct domain *d)
{
	struct page p = page_make(NIE_TYPE_PRIVATE_FRAME, false);

	must(nie_space_map(&d->space, p.frame, NIE_PAGE_BITS, TARGET_IPA, RIGHTS_RW), "mapping a page into the domain");
	(void)disk_do(DISK_READ, 0, 1, TARGET_IPA, 0);
	must(nie_unmap(p.frame), "unmapping a page");
	verdict(*page_map(&p) == EVIL, "control: the disk reads a sector to another page of its domain");
	*p.here = GOOD;
	read_to("disk: read a sector to a page that was just unmapped", TARGET_IPA, p.here);
	must(nie_unmap(p.frame), "unmapping a page");
	must(nie_space_map(&d->space, p.frame, NIE_PAGE_BITS, TARGET_IPA, RIGHTS_RW), "mapping it again");
	(void)disk_do(DISK_READ, 0, 1, TARGET_IPA, 0);
	must(nie_revoke_all(NIE_OWN_CSPACE, p.untyped), "taking a page back");
	must(nie_retype(p.untyped, NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS, NIE_OWN_CSPACE, p.frame, 1), "making it anew");
	(void)disk_do(DISK_READ, 0, 1, TARGET_IPA, 0);
	refused_often(DISK, "disk: read a sector to a page that was given back and made anew", TARGET_IPA, 2, NOTHING_MAPPED,
		      *page_map(&p) == 0u);
}

static void read_only(struct domain *d)
{
	struct page p = page_make(NIE_TYPE_SHARED_FRAME, true);
	u64 copy = memory.next_slot++;

	must(nie_cap_copy(NIE_OWN_CSPACE, copy, NIE_OWN_CSPACE, p.frame, NIE_RIGHT_READ), "copying a frame");
	must(nie_space_map(&d->space, copy, NIE_PAGE_BITS, TARGET_IPA, NIE_RIGHT_READ), "mapping it to be read");
	*p.here = GOOD;
	(void)disk_do(DISK_READ, 0, 1, TARGET_IPA, 0);
	refused_often(DISK, "disk: read a sector to a page that is mapped to be read", TARGET_IPA, 2, FORBIDDEN,
		      *p.here == GOOD);
	must(nie_unmap(copy), "unmapping it");
}

/* The queues themselves: commands from a page of ours, completions to one of a guest. */
static void queues(struct domain *d)
{
	static struct guest g;
	struct page mine = page_make(NIE_TYPE_SHARED_FRAME, true);
	u64 inside = let_in(d, &mine);

	((volatile u32 *)mine.here)[0] = 6u; /* Identify, with a page of data that it may write */
	((volatile u32 *)mine.here)[6] = (u32)DISK_IPA(DATA);
	((volatile u32 *)mine.here)[10] = 1u;
	disk_page[DATA][0] = GOOD;
	(void)disk_reset(mine.physical, DISK_IPA(ADMIN_COMPLETIONS));
	disk_ring(0);
	verdict(disk_answer(0, SHORTLY) == 0u && disk_page[DATA][0] != GOOD,
		"control: the disk takes a command from a page that its domain has");
	must(nie_unmap(inside), "unmapping it there");
	disk_page[DATA][0] = GOOD;
	(void)disk_reset(mine.physical, DISK_IPA(ADMIN_COMPLETIONS));
	disk_ring(0);
	verdict(disk_answer(0, SHORTLY) == DISK_SILENT && disk_page[DATA][0] == GOOD,
		"disk: have it take a command from a page of the VMM");
	refused_often(DISK, "disk: and not be told of that", mine.physical, 1, NOTHING_MAPPED, true);

	guest_make(&g);
	guest_activate(&g);
	(void)disk_reset(DISK_IPA(ADMIN_SUBMISSIONS), g.data.physical);
	disk_ring(0);
	(void)disk_answer(0, SHORTLY);
	refused_often(DISK, "disk: have it write a completion to a page of a guest", g.data.physical, 2, NOTHING_MAPPED,
		      guest_word(&g) == GUEST_DATA);
	must(nie_kill_all(g.vspace), "killing a guest");

	/* Its submission queue goes away under it. */
	open_again();
	must(nie_unmap(disk_frame[SUBMISSIONS]), "unmapping a queue");
	disk_page[DATA][0] = GOOD;
	disk_ring(1);
	verdict(disk_answer(1, SHORTLY) == DISK_SILENT && disk_page[DATA][0] == GOOD,
		"disk: have it take a command from a queue that was just unmapped");
	refused_often(DISK, "disk: and not be told of that either", DISK_IPA(SUBMISSIONS), 1, NOTHING_MAPPED, true);
	must(nie_space_map(&d->space, disk_frame[SUBMISSIONS], NIE_PAGE_BITS, DISK_IPA(SUBMISSIONS), RIGHTS_RW),
	     "mapping it again");
}

static void dead_domain(struct domain *d)
{
	open_again();
	disk_page[DATA][0] = GOOD;
	must(nie_kill_all(d->vspace), "killing a domain");
	disk_ring(1); /* an old command, whose data may not come */
	verdict(disk_answer(1, SHORTLY) == DISK_SILENT && disk_page[DATA][0] == GOOD,
		"disk: go on with its commands when its domain was killed");
}

void attack_disk(void)
{
	static struct domain d;

	disk_start(&d);
	works();
	data_pages(&d);
	tables(&d);
	secrets();
	stale(&d);
	read_only(&d);
	works();
	queues(&d);
	works();
	dead_domain(&d);
}
