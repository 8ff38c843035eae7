/* SPDX-License-Identifier: Apache-2.0 */
/* Accesses that no hypervisor can answer: each ends the guest that makes it, and nobody else. */
#include "hostile-guest.h"

#define GAP 0x0b000000ul /* nothing is there on the QEMU `virt` map */

#pragma GCC visibility push(hidden)
void with_tables(const uint64_t *ttbr, uint64_t address, uint64_t tcr);
#pragma GCC visibility pop

static uint64_t root[512] __attribute__((aligned(4096)));

/* Stage 1 on; the image's GiB is mapped to itself. */
static void walk(uint64_t entry, uint64_t address)
{
	uint64_t image = (uint64_t)image_start & ~0x3ffffffful;

	root[image >> 30] = image | 0x701u;
	root[0] = entry;
	with_tables(root, address, 25u | 25u << 16 | 5ul << 32);
}

_Noreturn void last_act(uint64_t which)
{
	print("hostile: last act ");
	print_decimal(which);
	print("\n");
	switch (which) {
	case 0: /* a pair: the syndrome says nothing */
		__asm__ volatile("ldp x2, x3, [%0]" :: "r"(GAP) : "x2", "x3", "memory");
		break;
	case 1: /* a table where there is no memory */
		walk(GAP | 3u, 0x1000);
		break;
	case 2: /* an IPA beyond what the machine has */
		walk(0x8000000000ul | 0x701u, 0x1000);
		break;
	case 3: /* instructions from nowhere */
		((void (*)(void))GAP)();
		break;
	case 4: /* write-back */
		__asm__ volatile("str x3, [%0], #8" :: "r"(GAP) : "memory");
		break;
	case 5: /* exclusive */
		__asm__ volatile("ldxr x3, [%0]\n\tstxr w2, x3, [%0]" :: "r"(GAP) : "x2", "x3", "memory");
		break;
	case 6: /* zeroing */
		__asm__ volatile("dc zva, %0" :: "r"(GAP) : "memory");
		break;
	case 8: /* unaligned, across two registers of a device */
		__asm__ volatile("ldr w2, [%0]" :: "r"(0x0900001bul) : "x2", "memory");
		break;
	case 9: /* a floating-point register */
		__asm__ volatile("msr cpacr_el1, %1\n\tisb\n\t.arch_extension fp\n\tldr q0, [%0]" :: "r"(GAP), "r"(3ul << 20) : "memory");
		break;
	case 10: /* several registers, by a vector store of structures */
		__asm__ volatile("msr cpacr_el1, %1\n\tisb\n\t.arch_extension simd\n\tst2 {v0.4s, v1.4s}, [%0]" :: "r"(GAP), "r"(3ul << 20) : "memory");
		break;
	default: /* the shared half, where nothing is shared */
		__asm__ volatile("ldp x2, x3, [%0]" :: "r"(0x4000000000ul) : "x2", "x3", "memory");
		break;
	}
	print("hostile: FAILED: the last act was answered\n");
	power_off();
}
