/* SPDX-License-Identifier: Apache-2.0 */
/* What the ID registers say (Arm ARM D24.2), and whether it is so: a feature that is there works; one that is not, and that a
 * hypervisor could take away, is UNDEFINED. */
#include "corner.h"

#define PFR0 (4u * 8u + 0u)
#define PFR1 (4u * 8u + 1u)
#define DFR0 (5u * 8u + 0u)
#define ISAR0 (6u * 8u + 0u)
#define ISAR1 (6u * 8u + 1u)
#define ISAR2 (6u * 8u + 2u)
#define MMFR0 (7u * 8u + 0u)
#define MMFR1 (7u * 8u + 1u)
#define MMFR3 (7u * 8u + 3u)
#define PROBE_NAME 16u
#define NONE 0xffu

#define EC_UNKNOWN 0u
#define EC_FP 7u
#define SCTLR_ENIA (1ul << 31)
#define CPACR_FPEN (3ul << 20)
#define CPACR_ALL (CPACR_FPEN | 3ul << 16 | 3ul << 24) /* SVE and SME, too */

enum probe {
	ZCR, RDVL, SMCR, GCR, ERRIDR, LORID, PAUTH_KEY, PACIA, PMCR, PMCCNTR, AMCR, PMSCR, TRACE, MPAM1, SCXTNUM, TCR2, SCTLR2, PIR,
	POR, GCSCR, ACCDATA, HCR, SCR, PAN, RNDR, AESE, PMULL, SHA1H, SHA256SU0, CRC32, FADD, ADD_VECTOR, MDSCR, DBGBCR0, DBGWCR1,
	OSLSR, CPYFP, TLBI_OS, TLBI_RANGE, AT_PAN, CFP_RCTX,
};

#pragma GCC visibility push(hidden)
void probe(uint64_t number);
uint64_t id_register(uint64_t number);
#pragma GCC visibility pop

/* A probe and its feature: ID register, field, least value of it; `absent`: without it, it must be UNDEFINED;
 * the field's value 15 means that there is none. */
struct feature {
	char name[PROBE_NAME]; /* no pointer: nobody relocates this guest */
	uint8_t probe, reg, shift, least;
	bool absent, missing_15;
};
#define F(probe, ...) {#probe, probe, __VA_ARGS__}

static const struct feature features[] = {
	F(ZCR, PFR0, 32, 1, true, false),
	F(RDVL, PFR0, 32, 1, true, false),
	F(SMCR, PFR1, 24, 1, true, false),
	F(GCR, PFR1, 8, 2, true, false),
	F(ERRIDR, PFR0, 28, 1, true, false),
	F(LORID, MMFR1, 16, 1, true, false),
	F(PMCR, DFR0, 8, 1, true, true),
	F(PMCCNTR, DFR0, 8, 1, true, true),
	F(AMCR, PFR0, 44, 1, true, false),
	F(PMSCR, DFR0, 32, 1, true, false),
	F(TRACE, DFR0, 4, 1, false, false),
	F(SCXTNUM, PFR0, 56, 2, true, false),
	F(TCR2, MMFR3, 0, 1, true, false),
	F(SCTLR2, MMFR3, 4, 1, true, false),
	F(PIR, MMFR3, 8, 1, true, false),
	F(POR, MMFR3, 16, 1, true, false),
	F(GCSCR, PFR1, 44, 1, true, false),
	F(ACCDATA, ISAR1, 60, 3, true, false),
	F(HCR, NONE, 0, 0, true, false),
	F(SCR, NONE, 0, 0, true, false),
	F(PAN, MMFR1, 20, 1, false, false),
	F(RNDR, ISAR0, 60, 1, false, false),
	F(AESE, ISAR0, 4, 1, false, false),
	F(PMULL, ISAR0, 4, 2, false, false),
	F(SHA1H, ISAR0, 8, 1, false, false),
	F(SHA256SU0, ISAR0, 12, 1, false, false),
	F(CRC32, ISAR0, 16, 1, false, false),
	F(FADD, PFR0, 16, 0, true, true),
	F(ADD_VECTOR, PFR0, 20, 0, true, true),
	F(MDSCR, DFR0, 0, 6, false, false),
	F(DBGBCR0, DFR0, 0, 6, false, false),
	F(DBGWCR1, DFR0, 20, 1, false, false),
	F(OSLSR, DFR0, 0, 6, false, false),
	F(CPYFP, ISAR2, 16, 1, true, false),
	/* Only a CPU with fine-grained traps can take these away. */
	F(TLBI_OS, ISAR0, 56, 1, false, false),
	F(TLBI_RANGE, ISAR0, 56, 2, false, false),
	F(AT_PAN, MMFR1, 20, 2, false, false),
	F(CFP_RCTX, ISAR1, 40, 1, false, false),
};

static void show(const char *name, uint64_t value)
{
	print("cpu: ");
	print(name);
	print(" ");
	print_hex(value);
	print("\n");
}

static uint64_t field(uint32_t reg, uint32_t shift)
{
	return id_register(reg) >> shift & 0xfu;
}

static bool executes(uint32_t number)
{
	uint64_t before = trapped.count;

	probe(number);
	return trapped.count == before;
}

static void complain(const char *what, uint32_t number)
{
	check(false, what);
	print("  probe ");
	print_decimal(number);
	print(", syndrome ");
	print_hex(trapped.esr);
	print("\n");
}

static void behaves(const char *name, uint32_t number, bool there, bool absent)
{
	bool works = executes(number);

	print("cpu: ");
	print(name);
	print(works ? " works\n" : " does not work\n");

	if (there && !works) {
		complain("a feature that is there does not work", number);
	} else if (!there && absent && works) {
		complain("a feature that is not there works", number);
	} else if (!works && trapped.esr >> 26 != EC_UNKNOWN) {
		complain("not UNDEFINED", number);
	} else {
		check(true, "");
	}
}

static void each_feature(void)
{
	for (uint32_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		const struct feature *f = &features[i];
		bool there = false;

		if (f->reg != NONE) {
			uint64_t value = field(f->reg, f->shift);

			there = value >= f->least && !(f->missing_15 && value == 15u);
		}
		behaves(f->name, f->probe, there, f->absent);
	}
	/* Pointer authentication has a field for each algorithm. */
	bool pauth = field(ISAR1, 4) != 0u || field(ISAR1, 8) != 0u || field(ISAR2, 12) != 0u;

	behaves("PAUTH_KEY", PAUTH_KEY, pauth, true);
	MSR("sctlr_el1", MRS("sctlr_el1") | SCTLR_ENIA); /* without it the instruction does nothing */
	behaves("PACIA", PACIA, pauth, true);
	MSR("sctlr_el1", MRS("sctlr_el1") & ~SCTLR_ENIA);
	behaves("MPAM1", MPAM1, field(PFR0, 40) != 0u || field(PFR1, 16) != 0u, true);
}

/* All can be read, those that are reserved too; those of AArch32 are zero when no exception level has it. */
static void id_registers(void)
{
	uint64_t before = trapped.count;
	uint64_t aarch32 = 0;

	for (uint32_t n = 8; n < 64u; n++) {
		uint64_t value = id_register(n);

		aarch32 |= n < 32u ? value : 0u;
		if (value != 0u) {
			print("cpu: id ");
			print_decimal(n / 8u);
			print(" ");
			print_decimal(n % 8u);
			print(" ");
			print_hex(value);
			print("\n");
		}
	}
	check_equal(trapped.count, before, "ID registers that cannot be read");
	check(field(PFR0, 4) >= 1u, "EL1 has AArch64");
	if (field(PFR0, 0) == 1u) {
		check_equal(aarch32, 0, "AArch32 ID registers without AArch32");
	}
	/* Those outside that space, which describe this CPU. */
	show("MIDR_EL1", MRS("midr_el1"));
	show("MPIDR_EL1", MRS("mpidr_el1"));
	show("REVIDR_EL1", MRS("revidr_el1"));
	show("AIDR_EL1", MRS("aidr_el1"));
	show("CTR_EL0", MRS("ctr_el0"));
	show("DCZID_EL0", MRS("dczid_el0"));
	show("CLIDR_EL1", MRS("clidr_el1"));
	show("CCSIDR_EL1", MRS("ccsidr_el1"));
	show("CNTFRQ_EL0", MRS("cntfrq_el0"));
	check((MRS("mpidr_el1") >> 31) == 1u, "MPIDR_EL1: multiprocessing");
	check((MRS("ctr_el0") >> 31) == 1u, "CTR_EL0");
	check(MRS("midr_el1") != 0u && MRS("cntfrq_el0") != 0u, "MIDR_EL1, CNTFRQ_EL0");
	check((MRS("dczid_el0") & 0x10u) == 0u, "DC ZVA is there");
}

/* FP off is the guest's own affair: it hears of it as itself. */
static void fp_trap(void)
{
	MSR("cpacr_el1", 0);
	check(!executes(FADD) && trapped.esr >> 26 == EC_FP, "FP that CPACR_EL1 turns off");
	check(!executes(ADD_VECTOR) && trapped.esr >> 26 == EC_FP, "Advanced SIMD that CPACR_EL1 turns off");
	MSR("cpacr_el1", CPACR_FPEN);
	check(executes(FADD), "FP that is on");
}

/* Boot loaders and old kernels clean and invalidate their caches so. */
static void set_way(void)
{
	uint64_t before = trapped.count;

	__asm__ volatile("dc csw, xzr\n dc cisw, xzr\n dc isw, xzr\n dsb sy" ::: "memory");
	check_equal(trapped.count, before, "cache maintenance by set and way");
}

_Noreturn void guest_main(const void *device_tree)
{
	(void)device_tree;
	corner_vectors();
	MSR("cpacr_el1", CPACR_ALL);
	id_registers();
	each_feature();
	fp_trap();
	set_way();
	check_end("cpu");
}
