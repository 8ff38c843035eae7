/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The per-core window: the only way that EL2 reaches memory that is not its own, while it scrubs, cleans,
 * measures or fills it. It maps exactly the granules asked for, in tables that only this core walks, so local
 * TLB maintenance closes it.
 */
#include "arch.h"
#include "nie/sha256.h"

#define BLOCK NIE_PAGES_PER_BLOCK
#define DESCRIPTOR_PAGE 0x2ul
#define PAGE_WORDS (GRANULE_SIZE / 8u)
#define MANY 64u /* pages from which dropping the whole EL2 TLB is cheaper */

static bool is_block(granule_t first, u32 count)
{
	return count == BLOCK && first % BLOCK == 0u;
}

static u64 window_open(granule_t first, u32 count)
{
	u64 address = RAM_BASE + first * GRANULE_SIZE;
	u32 core = percpu()->core;
	u64 at = WINDOW_PAGES;

	if (is_block(first, count)) {
		window_level2[core][0] = address | EL2_NORMAL_RW;
		at = WINDOW_BLOCK;
	} else {
		for (u32 i = 0; i < count; i++) {
			window_level3[core][i] = (address + i * GRANULE_SIZE) | EL2_NORMAL_RW | DESCRIPTOR_PAGE;
		}
	}
	dsb(ishst);
	isb();
	return at;
}

/* Everything done through the window is complete and seen by all cores afterwards. */
static void window_close(granule_t first, u32 count)
{
	u32 core = percpu()->core;

	if (is_block(first, count)) {
		window_level2[core][0] = 0;
		dsb(ish);
		tlbi_va(vae2, WINDOW_BLOCK);
	} else {
		for (u32 i = 0; i < count; i++) {
			window_level3[core][i] = 0;
		}
		dsb(ish);
		for (u32 i = 0; i < count && count < MANY; i++) {
			tlbi_va(vae2, WINDOW_PAGES + i * GRANULE_SIZE);
		}
		if (count >= MANY) {
			tlbi(alle2);
		}
	}
	dsb(nsh);
	isb();
}

/* One DC operation on each `step` bytes from `from` to `to`, which are whole pages apart: sixteen without a
 * branch where they fit into a page. */
#define EACH_LINE(operation, from, to, step) \
	do { \
		if ((step) > GRANULE_SIZE / 16u) { \
			for (u64 at_ = (from); at_ < (to); at_ += (step)) { \
				__asm__ volatile("dc " operation ", %0" :: "r"(at_) : "memory"); \
			} \
		} else { \
			u64 at_ = (from); \
			__asm__ volatile( \
				"1:	.rept	16\n" \
				"	dc	" operation ", %0\n" \
				"	add	%0, %0, %2\n" \
				"	.endr\n" \
				"	cmp	%0, %1\n" \
				"	b.lo	1b\n" \
				: "+r"(at_) : "r"(to), "r"(step) : "memory", "cc"); \
		} \
	} while (0)

void hw_scrub(granule_t first, u32 count)
{
	u64 at = window_open(first, count);

	u64 block = 4ul << (read_sysreg(dczid_el0) & 0xf); /* DCZID_EL0.BS, in words (Arm ARM D24.2.35) */

	EACH_LINE("zva", at, at + count * GRANULE_SIZE, block);
	window_close(first, count);
}

static void hash_blocks(u32 state[8], const u64 *data, u64 count)
{
	if (cpu_has_sha256) {
		fp_borrow(percpu());
		sha256_blocks(state, data, count);
		fp_return();
		return;
	}
	for (u64 i = 0; i < count; i++) {
		sha256_block(state, data + i * SHA256_BLOCK_WORDS);
	}
}

RARE void hw_sha256_block(u32 state[8], const u64 block[8])
{
	hash_blocks(state, block, 1);
}

RARE void hw_hash(granule_t first, u32 count, u64 hash[4])
{
	u64 at = window_open(first, count);
	u32 state[8];

	sha256_begin(state);
	hash_blocks(state, (const u64 *)at, count * (GRANULE_SIZE / 64u));
	window_close(first, count);
	sha256_end(state, count * GRANULE_SIZE, hash);
}

RARE void hw_fill(granule_t g, const u64 *words, u32 count)
{
	u64 at = window_open(g, 1);

	for (u32 i = 0; i < PAGE_WORDS; i++) {
		((volatile u64 *)at)[i] = i < count ? words[i] : 0u;
	}
	window_close(g, 1);
}

RARE u64 hw_peek(granule_t g, u32 word)
{
	u64 value = ((volatile u64 *)window_open(g, 1))[word];

	window_close(g, 1);
	return value;
}

RARE void hw_poke(granule_t g, u32 word, u64 value)
{
	((volatile u64 *)window_open(g, 1))[word] = value;
	window_close(g, 1);
}

void hw_clean(granule_t first, u32 count)
{
	u64 line = 4ul << (read_sysreg(ctr_el0) >> 16 & 0xf); /* CTR_EL0.DminLine, in words */
	u64 at = window_open(first, count);
	u64 end = at + count * GRANULE_SIZE;

	/* Invalidated too: a line left behind would hide what the guest writes with its caches off. */
	EACH_LINE("civac", at, end, line);
	dsb(ish);
	__asm__ volatile("ic ialluis" ::: "memory");
	window_close(first, count);
}
