/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DMA_H
#define DMA_H

#include "console.h"
#include "nie/loops.h"
#include "nie/space.h"
#include "nie/stubs.h"

#define RIGHTS_RW (NIE_RIGHT_READ | NIE_RIGHT_WRITE)
#define RIGHTS_RWX (RIGHTS_RW | NIE_RIGHT_EXECUTE)

#define CONSOLE_AT (NIE_BOOT_ADDRESS_IMAGE + 0x1fe000ul)

/* verdict.c: a line for each attack: what was tried, how it failed, "held" or "BROKEN". */
void verdict(bool held, const char *what);
/* The device was refused, and told on: this often, first here, in this way. */
#define NOTHING_MAPPED 0x10u
#define FORBIDDEN 0x13u
void refused(u32 device, const char *what, u64 ipa, u64 access, u64 event, bool unchanged);
/* The same for a device that may try more than once. */
void refused_often(u32 device, const char *what, u64 ipa, u64 access, u64 event, bool unchanged);
/* Refused, and nothing is said of it. */
void silent(u32 device, const char *what, bool unchanged);
/* How many there were, and how many held. */
void verdicts_count(void);

/* memory.c: our own VSpace, and pages of which we know where they are */
extern struct nie_allocator memory;
extern struct nie_space own;
void memory_start(const u64 boot[6]);
u64 make(u64 type, u64 size_bits);
struct page {
	u64 untyped; /* it is all of this */
	u64 frame;
	u64 physical;
	volatile u64 *here; /* where we have it mapped; NULL */
};
/* A private or shared page that only starts to be one; mapped into our VSpace if `mapped`. */
struct page page_make(u64 type, bool mapped);
volatile u64 *page_map(struct page *p);
u64 untyped_page(u64 *physical);
u64 device_slot(u64 physical);

/* A domain: a task's VSpace that nobody runs, with a buffer page shared with us at BUFFER_IPA. */
#define BUFFER_IPA 0x50000000ul
#define TARGET_IPA 0x60000000ul
#define BLOCK_IPA 0x60200000ul
struct domain {
	u64 vspace;
	struct nie_space space;
	volatile u64 *buffer;
};
void domain_make(struct domain *d);
/* A shared page of ours, in another VSpace too; the slot of the capability that it is mapped by there. */
u64 share_into(struct nie_space *space, const struct page *p, u64 ipa);
/* The buffer's frame, mapped again elsewhere. */
void buffer_into(struct nie_space *space, u64 ipa);

/* edu.c: two devices (docs/specs/edu.rst of QEMU). A transfer takes a tenth of a second. */
#define EDUS 2u
enum { DISK = EDUS, DEVICES }; /* the device after them, disk.c's */
extern const u64 stream[DEVICES];
void edu_start(void);
void edu_begin(u32 device, u64 ipa, bool write);
void edu_end(u32 device);
/* 8 bytes from `from` in its domain to `to`. */
void edu_copy(u32 device, u64 from, u64 to);
/* Its buffer's content to this address, or the other way. */
void edu_write(u32 device, u64 ipa);
void edu_read(u32 device, u64 ipa);

/* guest.c: says on each exit what the second page of its memory begins with. */
#define GUEST_RAM 0x40000000ul
#define GUEST_WORD (GUEST_RAM + NIE_PAGE_SIZE)
#define GUEST_DATA 0x600dda7a600dda7aul
struct guest {
	u64 vspace, vcpu;
	struct nie_space space;
	struct page code, data;
};
void guest_make(struct guest *g);
void guest_activate(struct guest *g);
u64 guest_word(struct guest *g);

/* What devices try to write. */
#define EVIL 0xe711e711e711e711ul
#define GOOD 0x1234567812345678ul

void attack_reach(struct domain *d);
void attack_stale(struct domain *d);
void attack_ends(struct domain *d);
void attack_faults(struct domain *d);
void attack_disk(void);

#endif
