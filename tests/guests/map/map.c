/* SPDX-License-Identifier: Apache-2.0 */
/* The rest of the `virt` map, where programs look that do not ask the device tree: two banks of flash without a file, and
 * virtio-mmio transports without a device; a few more devices. */
#include "corner.h"

#define MIB 0x100000ul
#define FLASH_BANK 0x04000000ul
#define FLASH_LOOKED_AT (2 * MIB)

#define VIRTIO 0x0a000000ul
#define VIRTIO_STRIDE 0x200ul
#define VIRTIO_SLOTS 32u
#define MAGIC_VALUE 0x000u
#define VERSION 0x004u
#define DEVICE_ID 0x008u
#define STATUS 0x070u
#define FW_CFG 0x09020000ul
#define GPIO 0x09030000ul
#define PERIPHERAL_ID 0xfe0u
#define ITS 0x08080000ul
#define GITS_PIDR2 0xffe8u

/* Translation table entries (Arm ARM D8.3), 4 KiB granule, 39-bit addresses: level 1 first. */
#define TABLE 3ul
#define BLOCK 1ul
#define ACCESSED (1ul << 10)
#define NORMAL (1ul << 2) /* the second attribute of MAIR */
#define MAIR (0x44ul << 8 | 0x00ul)
#define TCR (25ul | 1ul << 23) /* T0SZ; EPD1 */
#define SCTLR_M 1ul
#define GIB (1ul << 30)
#define DATA_ABORT_SAME_LEVEL 0x25ul
#define TRANSLATION_FAULT_LEVEL_2 0x06ul

static uint64_t level1[512] __attribute__((aligned(4096)));

static void flash(void)
{
	for (uint64_t bank = 0; bank < 2; bank++) {
		uint64_t start = bank * FLASH_BANK, found = 0;

		for (uint64_t at = start; at < start + FLASH_LOOKED_AT; at += 0x1000) {
			found |= read64(at) | read64(at + 0xff8);
		}
		check_equal(found, 0, bank == 0 ? "first bank of flash" : "second bank of flash");
	}
}

static void transports(void)
{
	for (uint32_t slot = 0; slot < VIRTIO_SLOTS; slot++) {
		uint64_t base = VIRTIO + slot * VIRTIO_STRIDE;

		check_equal(read32(base + MAGIC_VALUE), 0x74726976, "magic value of a transport");
		check_equal(read32(base + DEVICE_ID), 0, "device of a transport without one");
		write32(base + STATUS, 1);
		check_equal(read32(base + STATUS), 0, "status of a transport without a device");
	}
	check(read32(VIRTIO + VERSION) == 1 || read32(VIRTIO + VERSION) == 2, "version of a transport");
}

/* What they say differs between machines; looking is no fault. */
static void other_devices(void)
{
	uint64_t before = trapped.count;

	read8(FW_CFG);
	read32(GPIO + PERIPHERAL_ID);
	read32(ITS + GITS_PIDR2);
	check_equal(trapped.count, before, "faults of looking at devices that may be there");
}

/* Kernels turn their tables on with nothing but zeroes where the address that they run at is looked up: the fault takes
 * them to where they are mapped. Zeroes that many take for granted lie at address 0. */
static void tables_in_flash(void)
{
	uint64_t sctlr = MRS("sctlr_el1"), before = trapped.count;

	level1[0] = BLOCK | ACCESSED;
	level1[1] = GIB | BLOCK | ACCESSED | NORMAL;
	level1[2] = 0 | TABLE;
	MSR("mair_el1", MAIR);
	MSR("tcr_el1", TCR);
	MSR("ttbr0_el1", (uintptr_t)level1);
	__asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
	MSR("sctlr_el1", sctlr | SCTLR_M);
	read64(2 * GIB);
	MSR("sctlr_el1", sctlr & ~SCTLR_M);
	check_equal(trapped.count - before, 1, "faults of an address whose table is in flash");
	check_equal(trapped.esr >> 26, DATA_ABORT_SAME_LEVEL, "its class");
	check_equal(trapped.esr & 0x3f, TRANSLATION_FAULT_LEVEL_2, "its fault status");
}

_Noreturn void guest_main(const void *device_tree)
{
	(void)device_tree;
	corner_vectors();
	flash();
	transports();
	other_devices();
	tables_in_flash();
	check_end("map");
}
