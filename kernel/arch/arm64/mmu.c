/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's own stage 1 (Arm ARM D8.2): 39-bit addresses, 4 KiB granules, levels 1 to 3. It maps the
 * kernel's image, the console, the GIC and the SMMU at their physical addresses, and of the rest of RAM only the
 * kernel objects, from RAM_VIEW(0) on. Each core has a root of its own, so that nobody but itself can see through
 * its window (window.c).
 */
#include "arch.h"

#define ENTRIES 512u
#define PAGE_SHIFT 12u
#define BLOCK_SHIFT 21u
#define GIB_SHIFT 30u
#define TABLES(bytes, shift) (((bytes) + (1ul << (shift)) - 1u) >> (shift))

#define DESCRIPTOR_TABLE 0x3ul
#define DESCRIPTOR_PAGE 0x2ul /* what a page has in addition to a block */
#define READ_ONLY (1ul << 7)
#define EXECUTE_NEVER (1ul << 54)
#define NORMAL_RX ((EL2_NORMAL_RW & ~EXECUTE_NEVER) | READ_ONLY | DESCRIPTOR_PAGE)
#define NORMAL_RO (EL2_NORMAL_RW | READ_ONLY | DESCRIPTOR_PAGE)
#define NORMAL_PAGE (EL2_NORMAL_RW | DESCRIPTOR_PAGE)
#define NOT_VALID 0ul
#define DEVICE_PAGE (EXECUTE_NEVER | 0x443ul) /* XN, AF, AP[1], MAIR 0 */
#define SMMU_SIZE 0x20000ul /* register pages 0 and 1, of 64 KiB */
#define DISTRIBUTOR_SIZE 0x10000ul
#define REDISTRIBUTORS_SIZE (NIE_MAX_CORES * 0x20000ul)
/* Of level 3 for devices, and for the image: 9 bytes of it are the granule table, 8 a table below, for each granule. */
#define PAGE_TABLES (4u + TABLES(RAM_GRANULES * 17ul + (2ul << BLOCK_SHIFT), BLOCK_SHIFT))

typedef u64 table_t[ENTRIES];

table_t mmu_roots[NIE_MAX_CORES] __attribute__((aligned(4096)));
static table_t ram_level2[TABLES(RAM_SIZE, GIB_SHIFT)] __attribute__((aligned(4096)));
static table_t ram_level3[TABLES(RAM_SIZE, BLOCK_SHIFT)] __attribute__((aligned(4096)));
static table_t device_level2 __attribute__((aligned(4096)));
static table_t image_level2 __attribute__((aligned(4096))); /* kernel.ld: it lies within 1 GiB */
static table_t page_level3[PAGE_TABLES] __attribute__((aligned(4096)));
table_t window_level2[NIE_MAX_CORES] __attribute__((aligned(4096)));
table_t window_level3[NIE_MAX_CORES] __attribute__((aligned(4096)));

/* The MMU is off: the write goes to memory, and no line that a cache may hold of it may stay. */
static void put_early(u64 *entry, u64 value)
{
	*(volatile u64 *)entry = value;
	dsb(sy);
	__asm__ volatile("dc ivac, %0" :: "r"(entry) : "memory");
}

static void map_pages(table_t level2s, u64 from, u64 to, u64 attributes)
{
	static u32 used;

	for (u64 at = from; at < to; at += GRANULE_SIZE) {
		u64 *level2 = &level2s[at >> BLOCK_SHIFT & (ENTRIES - 1u)];

		if (*level2 == 0u) {
			if (used == PAGE_TABLES) {
				return; /* a fault on first use tells */
			}
			put_early(level2, (u64)page_level3[used++] | DESCRIPTOR_TABLE);
		}
		u64 *level3 = (u64 *)(*level2 & ~(GRANULE_SIZE - 1u));

		put_early(&level3[at >> PAGE_SHIFT & (ENTRIES - 1u)], at | attributes);
	}
}

/* On core 0, before any MMU is on. .bss is zero. */
void mmu_build(void)
{
	for (u32 i = 0; i < TABLES(RAM_SIZE, BLOCK_SHIFT); i++) {
		put_early(&ram_level2[i / ENTRIES][i % ENTRIES], (u64)ram_level3[i] | DESCRIPTOR_TABLE);
	}
	map_pages(image_level2, (u64)kernel_start, (u64)rodata_start, NORMAL_RX);
	map_pages(image_level2, (u64)rodata_start, (u64)data_start, NORMAL_RO);
	map_pages(image_level2, (u64)data_start, (u64)kernel_end, NORMAL_PAGE);
	map_pages(device_level2, CONSOLE, CONSOLE + GRANULE_SIZE, DEVICE_PAGE);
	map_pages(device_level2, GIC_DISTRIBUTOR, GIC_DISTRIBUTOR + DISTRIBUTOR_SIZE, DEVICE_PAGE);
	map_pages(device_level2, GIC_REDISTRIBUTORS, GIC_REDISTRIBUTORS + REDISTRIBUTORS_SIZE, DEVICE_PAGE);
	if (SMMU != 0u) {
		map_pages(device_level2, SMMU, SMMU + SMMU_SIZE, DEVICE_PAGE);
	}
	for (u32 core = 0; core < NIE_MAX_CORES; core++) {
		u64 *root = mmu_roots[core];
		u64 guard = (u64)&areas[core];

		map_pages(image_level2, guard, guard + GRANULE_SIZE, NOT_VALID);
		for (u32 i = 0; i < TABLES(RAM_SIZE, GIB_SHIFT); i++) {
			put_early(&root[(RAM_VIEW_BASE >> GIB_SHIFT) + i], (u64)ram_level2[i] | DESCRIPTOR_TABLE);
		}
		put_early(&root[KERNEL_IMAGE >> GIB_SHIFT], (u64)image_level2 | DESCRIPTOR_TABLE);
		put_early(&root[CONSOLE >> GIB_SHIFT], (u64)device_level2 | DESCRIPTOR_TABLE);
		put_early(&root[WINDOW_BASE >> GIB_SHIFT], (u64)window_level2[core] | DESCRIPTOR_TABLE);
		put_early(&window_level2[core][1], (u64)window_level3[core] | DESCRIPTOR_TABLE);
	}
	dsb(sy);
}

static u64 *ram_entry(granule_t g)
{
	return &ram_level3[g / ENTRIES][g % ENTRIES];
}

void hw_object_map(granule_t first, u32 count)
{
	for (granule_t g = first; g < first + count; g++) {
		*ram_entry(g) = (RAM_BASE + g * GRANULE_SIZE) | NORMAL_PAGE;
	}
	dsb(ishst);
	isb();
}

void hw_object_unmap(granule_t first, u32 count)
{
	for (granule_t g = first; g < first + count; g++) {
		*ram_entry(g) = 0;
	}
	dsb(ishst);
	for (granule_t g = first; g < first + count; g++) {
		tlbi_va(vae2is, RAM_VIEW(g * GRANULE_SIZE));
	}
	dsb(ish);
	isb();
}
