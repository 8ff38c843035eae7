/* SPDX-License-Identifier: Apache-2.0 */
/* The distributor's and redistributors' registers (12.9 to 12.11). */
#include "gic.h"

#define GICD_CTLR (GICD + 0x0)
#define GICD_TYPER (GICD + 0x4)
#define PIDR2 0xffe8u
#define CTLR_ARE 0x10u
#define CTLR_DS 0x40u

static uint32_t words; /* of one bit for each INTID */

static void identification(void)
{
	uint64_t type;

	check_equal(read32(GICD + PIDR2) >> 4 & 0xfu, 3, "GICD_PIDR2: architecture");
	check_equal(read32(GICD_CTLR) & ~0x80000000u, CTLR_DS | CTLR_ARE | 3u, "GICD_CTLR");
	write32(GICD_CTLR, 1);
	check_equal(read32(GICD_CTLR) & 3u, 1, "GICD_CTLR: group 0 alone");
	write32(GICD_CTLR, CTLR_ARE | 3u);
	words = (read32(GICD_TYPER) & 0x1fu) + 1u;
	check(words >= 4u, "GICD_TYPER: SPIs");
	check((read32(GICD_TYPER) >> 19 & 0x1fu) >= 9u, "GICD_TYPER: INTID bits");
	check((read32(GICD + 0x8) & 0xfffu) == 0x43bu, "GICD_IIDR: implementer");
	for (uint32_t cpu = 0; cpu < 2u; cpu++) {
		type = read64(GICR(cpu) + 0x8);
		check_equal(type >> 32, cpu, "GICR_TYPER: affinity");
		check_equal(read32(GICR(cpu) + 0xc), cpu, "GICR_TYPER: upper half");
		check_equal(type >> 4 & 1u, cpu == 1u, "GICR_TYPER: last");
		check_equal(type >> 8 & 0xffffu, cpu, "GICR_TYPER: processor number");
		check_equal(read32(GICR(cpu) + PIDR2) >> 4 & 0xfu, 3, "GICR_PIDR2: architecture");
	}
	write32(GICR(1) + 0x14, 2);
	check_equal(read32(GICR(1) + 0x14) & 6u, 6, "GICR_WAKER: asleep");
	write32(GICR(1) + 0x14, 0);
	check_equal(read32(GICR(1) + 0x14) & 6u, 0, "GICR_WAKER: awake");
}

/* A register of SPIs: what is written can be read, in one frame and not in its neighbours. */
static void bits(uint32_t set, uint32_t clear, const char *what)
{
	for (uint32_t word = 1; word < 4u; word++) {
		write32(GICD + clear + 4u * word, ~0u);
		check_equal(read32(GICD + set + 4u * word), 0, what);
		write32(GICD + set + 4u * word, 0xa5000000u); /* no device of the map is there */
		check_equal(read32(GICD + set + 4u * word), 0xa5000000u, what);
		check_equal(read32(GICD + clear + 4u * word), 0xa5000000u, what);
		write32(GICD + set + 4u * word, 0x40000000u);
		check_equal(read32(GICD + set + 4u * word), 0xe5000000u, what);
		write32(GICD + clear + 4u * word, 0x85000000u);
		check_equal(read32(GICD + set + 4u * word), 0x60000000u, what);
		write32(GICD + clear + 4u * word, ~0u);
		check_equal(read32(GICD + clear + 4u * word), 0, what);
	}
	/* Private interrupts belong to the redistributors. */
	write32(GICD + set, ~0u);
	check_equal(read32(GICD + set), 0, what);
	write32(SGI_BASE(1) + clear, ~0u);
	write32(SGI_BASE(1) + set, 0x0020800cu);
	check_equal(read32(SGI_BASE(1) + set), 0x0020800cu, what);
	check_equal(read32(SGI_BASE(0) + set) & 0x0020800cu, 0, what);
	check_equal(read32(SGI_BASE(1) + set + 4u), 0, what);
	write32(SGI_BASE(1) + clear, ~0u);
	check_equal(read32(SGI_BASE(1) + set), 0, what);
}

static void groups_and_priorities(void)
{
	write32(GICD + IGROUPR + 8u, 0x12345678u);
	check_equal(read32(GICD + IGROUPR + 8u), 0x12345678u, "GICD_IGROUPR");
	write32(GICD + IGROUPR + 8u, ~0u);
	write32(SGI_BASE(1) + IGROUPR, 0x5555aaaau);
	check_equal(read32(SGI_BASE(1) + IGROUPR), 0x5555aaaau, "GICR_IGROUPR0");
	check_equal(read32(SGI_BASE(0) + IGROUPR), ~0u, "GICR_IGROUPR0 of the other CPU");
	write32(GICD + IGROUPR, 0x12345678u);
	check_equal(read32(GICD + IGROUPR), 0, "GICD_IGROUPR0");
	write32(GICD + IPRIORITYR + 64u, 0xf8a05008u);
	check_equal(read32(GICD + IPRIORITYR + 64u) & 0xf8f8f8f8u, 0xf8a05008u, "GICD_IPRIORITYR");
	check_equal(read8(GICD + IPRIORITYR + 66u) & 0xf8u, 0xa0, "GICD_IPRIORITYR, one byte");
	write8(GICD + IPRIORITYR + 65u, 0x68);
	check_equal(read32(GICD + IPRIORITYR + 64u) & 0xf8f8f8f8u, 0xf8a06808u, "GICD_IPRIORITYR, after one byte");
	write32(GICD + IPRIORITYR, ~0u);
	check_equal(read32(GICD + IPRIORITYR), 0, "GICD_IPRIORITYR0");
	write32(SGI_BASE(1) + IPRIORITYR + 4u, 0x10203040u);
	check_equal(read32(SGI_BASE(1) + IPRIORITYR + 4u), 0x10203040u, "GICR_IPRIORITYR");
	write32(SGI_BASE(1) + IPRIORITYR + 32u, ~0u);
	check_equal(read32(SGI_BASE(1) + IPRIORITYR + 32u), 0, "GICR_IPRIORITYR of an SPI");
}

static void triggers_and_routes(void)
{
	write32(GICD + ICFGR + 16u, 0xaaaaaaaau);
	check_equal(read32(GICD + ICFGR + 16u), 0xaaaaaaaau, "GICD_ICFGR, edges");
	write32(GICD + ICFGR + 16u, 0x0a55u);
	check_equal(read32(GICD + ICFGR + 16u) & 0xaaaaaaaau, 0x0a00u, "GICD_ICFGR, levels");
	write32(GICD + ICFGR + 16u, 0);
	write32(SGI_BASE(0) + ICFGR, 0);
	check_equal(read32(SGI_BASE(0) + ICFGR) & 0xaaaaaaaau, 0xaaaaaaaau, "GICR_ICFGR0: SGIs are edges");
	check_equal(read32(GICD + ICFGR), 0, "GICD_ICFGR0");
	write64(GICD + IROUTER + 8u * 70u, 1);
	check_equal(read64(GICD + IROUTER + 8u * 70u), 1, "GICD_IROUTER");
	write32(GICD + IROUTER + 8u * 70u, 0);
	check_equal(read64(GICD + IROUTER + 8u * 70u), 0, "GICD_IROUTER, lower half");
	write32(GICD + IROUTER + 8u * 70u + 4u, 0);
	check_equal(read32(GICD + IROUTER + 8u * 70u + 4u), 0, "GICD_IROUTER, upper half");
	check_equal(read64(GICD + IROUTER), 0, "GICD_IROUTER of an SGI");
}

/* Not there with affinity routing, one Security state and no LPIs: reads as zero, ignores writes. */
static void reserved(void)
{
	static const uint32_t distributor[] = {0x0030, 0x00f0, 0x0800, 0x0bfc, 0x0f00, 0x0f10, 0x0f20, 0x4000, 0x8000, 0xc000};
	static const uint32_t base[] = {0x0040, 0x0048, 0x00a0, 0x0100, 0x1000, 0x8000, 0xc000};
	static const uint32_t sgi[] = {0x0084, 0x0104, 0x0c08, 0x0d00, 0x1000, 0xc000};

	for (uint32_t i = 0; i < sizeof(distributor) / sizeof(distributor[0]); i++) {
		write32(GICD + distributor[i], ~0u);
		check_equal(read32(GICD + distributor[i]), 0, "a reserved register of the distributor");
	}
	for (uint32_t i = 0; i < sizeof(base) / sizeof(base[0]); i++) {
		write32(GICR(0) + base[i], ~0u);
		check_equal(read32(GICR(0) + base[i]), 0, "a reserved register of RD_base");
	}
	for (uint32_t i = 0; i < sizeof(sgi) / sizeof(sgi[0]); i++) {
		write32(SGI_BASE(0) + sgi[i], ~0u);
		check_equal(read32(SGI_BASE(0) + sgi[i]), 0, "a reserved register of SGI_base");
	}
	if (words < 32u) {
		write32(GICD + ISENABLER + 4u * words, ~0u);
		check_equal(read32(GICD + ISENABLER + 4u * words), 0, "interrupts beyond the last");
		write32(GICD + IPRIORITYR + 32u * words, ~0u);
		check_equal(read32(GICD + IPRIORITYR + 32u * words), 0, "priorities beyond the last");
	}
}

void registers(void)
{
	identification();
	bits(ISENABLER, ICENABLER, "ISENABLER, ICENABLER");
	for (uint32_t word = 1; word < 4u; word++) {
		for (uint32_t half = 0; half < 2u; half++) {
			write32(GICD + ICFGR + 8u * word + 4u * half, 0xaaaaaaaau);
		}
	}
	bits(ISPENDR, ICPENDR, "ISPENDR, ICPENDR");
	bits(ISACTIVER, ICACTIVER, "ISACTIVER, ICACTIVER");
	groups_and_priorities();
	triggers_and_routes();
	reserved();
}
