/* SPDX-License-Identifier: Apache-2.0 */
/* What is not in the domain, by its physical address: were a device not translated, it would hit. */
#include "dma.h"

/* The kernel: its first page of code, and further on. The test compares its code when the machine is off. */
#define KERNEL 0x40200000ul
#define KERNEL_CODE 0x2000ul
#define KERNEL_DATA 0x300000ul
#define UART_DR 0x09000000ul
#define SMMU_CR0 0x09050020ul
#define GICD_CTLR 0x08000000ul

static void reaches_its_buffer(struct domain *d)
{
	d->buffer[0] = EVIL;
	d->buffer[1] = 0;
	edu_copy(0, BUFFER_IPA, BUFFER_IPA + 8u);
	verdict(d->buffer[1] == EVIL, "control: a device reads and writes its buffer");
}

static void try(const char *what, u64 physical, volatile u64 *word)
{
	u64 before = word != NULL ? *word : 0u;

	edu_write(0, physical);
	refused(0, what, physical, 2, NOTHING_MAPPED, word == NULL || *word == before);
}

static void tables(struct domain *d)
{
	u64 physical;
	u64 untyped = untyped_page(&physical);
	u64 table = memory.next_slot++;

	must(nie_retype(untyped, NIE_TYPE_TABLE, NIE_PAGE_BITS, NIE_OWN_CSPACE, table, 1), "making a table");
	must(nie_map_table(table, d->vspace, 0x100000000ul, 2), "linking a table");
	/* A 1 GiB block would map everything, were it there. */
	d->buffer[0] = 0x400007fdul;
	edu_read(0, BUFFER_IPA);
	edu_write(0, physical);
	refused(0, "write an entry into its own translation table", physical, 2, NOTHING_MAPPED, true);
	d->buffer[0] = EVIL;
	edu_read(0, BUFFER_IPA);
	must(nie_delete_all(NIE_OWN_CSPACE, table), "deleting a table");
}

static void reads_a_secret(struct domain *d)
{
	struct page secret = page_make(NIE_TYPE_PRIVATE_FRAME, true);

	*secret.here = GOOD;
	d->buffer[1] = 0;
	edu_read(0, secret.physical);
	refused(0, "read a page of the VMM", secret.physical, 1, NOTHING_MAPPED, true);
	edu_write(0, BUFFER_IPA + 8u);
	verdict(d->buffer[1] != GOOD, "bring what it read there to its buffer");
	d->buffer[0] = EVIL;
	edu_read(0, BUFFER_IPA);
}

static void read_only(struct domain *d)
{
	struct page p = page_make(NIE_TYPE_SHARED_FRAME, true);
	u64 copy = memory.next_slot++;

	must(nie_cap_copy(NIE_OWN_CSPACE, copy, NIE_OWN_CSPACE, p.frame, NIE_RIGHT_READ), "copying a frame");
	must(nie_space_map(&d->space, copy, NIE_PAGE_BITS, TARGET_IPA, NIE_RIGHT_READ), "mapping it to be read");
	*p.here = GOOD;
	edu_write(0, TARGET_IPA);
	refused(0, "write a page that is mapped to be read", TARGET_IPA, 2, FORBIDDEN, *p.here == GOOD);
	edu_copy(0, TARGET_IPA, BUFFER_IPA + 8u);
	verdict(d->buffer[1] == GOOD, "control: it can read that page");
	must(nie_unmap(copy), "unmapping it");
	d->buffer[0] = EVIL;
	edu_read(0, BUFFER_IPA);
}

void attack_reach(struct domain *d)
{
	static struct guest g;
	struct page mine = page_make(NIE_TYPE_PRIVATE_FRAME, true);
	struct page nobodys;

	/* The first device has its own buffer's word EVIL from here on. Nobody attached the second. */
	must(nie_stream_attach(stream[0], d->vspace), "attaching a device");
	reaches_its_buffer(d);
	*mine.here = GOOD;
	edu_write(1, mine.physical);
	silent(1, "write a page of the VMM by a device that nobody attached", *mine.here == GOOD);
	edu_write(1, BUFFER_IPA + 8u);
	verdict(d->buffer[1] == EVIL, "write another device's buffer by a device that nobody attached");

	try("write a page of the VMM", mine.physical, mine.here);
	reads_a_secret(d);
	guest_make(&g);
	guest_activate(&g);
	edu_write(0, g.data.physical);
	refused(0, "write a page of a guest", g.data.physical, 2, NOTHING_MAPPED, guest_word(&g) == GUEST_DATA);
	edu_write(0, g.code.physical);
	refused(0, "write a page of a guest's code", g.code.physical, 2, NOTHING_MAPPED, guest_word(&g) == GUEST_DATA);
	try("write the kernel's code", KERNEL + KERNEL_CODE, NULL);
	try("write the kernel's data", KERNEL + KERNEL_DATA, NULL);
	tables(d);
	nobodys = page_make(NIE_TYPE_PRIVATE_FRAME, false);
	try("write a frame that nobody has mapped", nobodys.physical, NULL);
	verdict(*page_map(&nobodys) == 0u, "find what it wrote there");
	try("write the console's data register", UART_DR, NULL);
	try("switch the SMMU off", SMMU_CR0, NULL);
	try("switch the interrupt controller off", GICD_CTLR, NULL);
	try("write where nothing is mapped", TARGET_IPA, NULL);
	read_only(d);
	verdict(nie_stream_attach(stream[0], NIE_BOOT_SLOT_VSPACE) == NIE_STREAM_ATTACH_MAPPED_STREAM,
		"attach one device to two VSpaces");
	must(nie_kill_all(g.vspace), "killing a guest");
}
