/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every register that a core keeps of a guest while it runs something else, with a mark of the guest's own. The guest
 * takes no exception and has its MMU off: what most of them say is of no consequence to it.
 */
#include "marks.h"

#include <stdbool.h>

#include "sitter.h"

#define VCPUS 2u
#define V_WORDS 64u
#define ENABLE_MASKED 3ul /* CNTV_CTL_EL0 */

static uint64_t left[VCPUS][MARKS];
static uint64_t left_v[VCPUS][V_WORDS] __attribute__((aligned(16)));

#define REGISTERS(X) \
	X(MARK_SP_EL0, "sp_el0") \
	X(MARK_TPIDR_EL0, "tpidr_el0") \
	X(MARK_TPIDRRO_EL0, "tpidrro_el0") \
	X(MARK_TPIDR_EL1, "tpidr_el1") \
	X(MARK_CONTEXTIDR_EL1, "contextidr_el1") \
	X(MARK_ELR_EL1, "elr_el1") \
	X(MARK_SPSR_EL1, "spsr_el1") \
	X(MARK_ESR_EL1, "esr_el1") \
	X(MARK_FAR_EL1, "far_el1") \
	X(MARK_AFSR0_EL1, "afsr0_el1") \
	X(MARK_AFSR1_EL1, "afsr1_el1") \
	X(MARK_PAR_EL1, "par_el1") \
	X(MARK_MAIR_EL1, "mair_el1") \
	X(MARK_AMAIR_EL1, "amair_el1") \
	X(MARK_VBAR_EL1, "vbar_el1") \
	X(MARK_TTBR0_EL1, "ttbr0_el1") \
	X(MARK_TTBR1_EL1, "ttbr1_el1") \
	X(MARK_TCR_EL1, "tcr_el1") \
	X(MARK_CSSELR_EL1, "csselr_el1") \
	X(MARK_CNTKCTL_EL1, "cntkctl_el1") \
	X(MARK_CNTV_CVAL_EL0, "cntv_cval_el0") \
	X(MARK_ICC_PMR_EL1, "s3_0_c4_c6_0") \
	X(MARK_ICC_AP0R0_EL1, "s3_0_c12_c8_4") \
	X(MARK_ICC_AP1R0_EL1, "s3_0_c12_c9_0") \
	X(MARK_ICC_IGRPEN0_EL1, "s3_0_c12_c12_6") \
	X(MARK_ICC_IGRPEN1_EL1, "s3_0_c12_c12_7") \
	X(MARK_FPCR, "s3_3_c4_c4_0") \
	X(MARK_FPSR, "s3_3_c4_c4_1")

/* APIAKeyLo_EL1 to APGAKeyHi_EL1. */
#define KEYS(X) \
	X(MARK_KEYS + 0, "s3_0_c2_c1_0") \
	X(MARK_KEYS + 1, "s3_0_c2_c1_1") \
	X(MARK_KEYS + 2, "s3_0_c2_c1_2") \
	X(MARK_KEYS + 3, "s3_0_c2_c1_3") \
	X(MARK_KEYS + 4, "s3_0_c2_c2_0") \
	X(MARK_KEYS + 5, "s3_0_c2_c2_1") \
	X(MARK_KEYS + 6, "s3_0_c2_c2_2") \
	X(MARK_KEYS + 7, "s3_0_c2_c2_3") \
	X(MARK_KEYS + 8, "s3_0_c2_c3_0") \
	X(MARK_KEYS + 9, "s3_0_c2_c3_1")

#define ALL_V "stp q0, q1, [%0]\n\tstp q2, q3, [%0, #32]\n\tstp q4, q5, [%0, #64]\n\tstp q6, q7, [%0, #96]\n\t" \
	      "stp q8, q9, [%0, #128]\n\tstp q10, q11, [%0, #160]\n\tstp q12, q13, [%0, #192]\n\t" \
	      "stp q14, q15, [%0, #224]\n\tstp q16, q17, [%0, #256]\n\tstp q18, q19, [%0, #288]\n\t" \
	      "stp q20, q21, [%0, #320]\n\tstp q22, q23, [%0, #352]\n\tstp q24, q25, [%0, #384]\n\t" \
	      "stp q26, q27, [%0, #416]\n\tstp q28, q29, [%0, #448]\n\tstp q30, q31, [%0, #480]"
#define DUP(n) "dup v" #n ".2d, %0\n\tadd %0, %0, #1\n\t"
#define DUP8(a, b, c, d, e, f, g, h) DUP(a) DUP(b) DUP(c) DUP(d) DUP(e) DUP(f) DUP(g) DUP(h)

static unsigned me(void)
{
	uint64_t mpidr;

	__asm__ volatile("mrs %0, mpidr_el1" : "=r"(mpidr));
	return mpidr & 1u;
}

static bool has_keys(void)
{
	uint64_t isar1, isar2;

	__asm__ volatile("mrs %0, s3_0_c0_c6_1\n\tmrs %1, s3_0_c0_c6_2" : "=r"(isar1), "=r"(isar2));
	return (isar1 >> 4 & 0xffu) != 0u || (isar2 >> 12 & 0xfu) != 0u;
}

static void read_v(uint64_t *to)
{
	__asm__ volatile(".arch_extension fp\n\t.arch_extension simd\n\t" ALL_V :: "r"(to) : "memory");
}

static void write_v(uint64_t value)
{
	__asm__ volatile(".arch_extension fp\n\t.arch_extension simd\n\t"
			 DUP8(0, 1, 2, 3, 4, 5, 6, 7) DUP8(8, 9, 10, 11, 12, 13, 14, 15)
			 DUP8(16, 17, 18, 19, 20, 21, 22, 23) DUP8(24, 25, 26, 27, 28, 29, 30, 31)
			 : "+r"(value));
}

/* All but V0 to V31. */
static void read_all(uint64_t *value)
{
#define READ(n, name) __asm__ volatile("mrs %0, " name : "=r"(value[n]));
	REGISTERS(READ)
	if (has_keys()) {
		KEYS(READ)
	} else {
		for (unsigned n = MARK_KEYS; n < MARK_V; n++)
			value[n] = 0;
	}
}

static void write_all(uint64_t tag)
{
#define WRITE(n, name) __asm__ volatile("msr " name ", %0" :: "r"(SITTER_MARK(tag, (uint64_t)(n))));
	REGISTERS(WRITE)
	if (has_keys()) {
		KEYS(WRITE)
	}
	__asm__ volatile("msr cntv_ctl_el0, %0\n\tisb" :: "r"(ENABLE_MASKED));
}

static bool has_tag(uint64_t value, uint64_t tag)
{
	uint64_t tags = value & 0xff00ff00ff00ff00ul;
	uint64_t wanted = tag << 8 | tag << 24;

	return (tags & 0xfffffffful) == wanted || tags >> 32 == wanted;
}

uint64_t marks_write(uint64_t tag)
{
	uint64_t took = 0;

	write_all(tag);
	write_v(SITTER_MARK(tag, MARK_V));
	read_all(left[me()]);
	read_v(left_v[me()]);
	for (unsigned n = 0; n < MARK_V; n++)
		took += has_tag(left[me()][n], tag);
	return took + has_tag(left_v[me()][0], tag);
}

uint64_t marks_changed(void)
{
	uint64_t now[MARKS];
	uint64_t v[V_WORDS] __attribute__((aligned(16)));
	uint64_t changed = 0;

	read_all(now);
	read_v(v);
	for (unsigned n = 0; n < MARK_V; n++)
		if (now[n] != left[me()][n])
			changed |= 1ul << n;
	for (unsigned n = 0; n < V_WORDS; n++)
		if (v[n] != left_v[me()][n])
			changed |= 1ul << MARK_V;
	return changed;
}

uint64_t marks_find(uint64_t tag)
{
	uint64_t now[MARKS];
	uint64_t v[V_WORDS] __attribute__((aligned(16)));
	uint64_t found = 0;

	read_all(now);
	read_v(v);
	for (unsigned n = 0; n < MARK_V; n++)
		if (has_tag(now[n], tag))
			found |= 1ul << n;
	for (unsigned n = 0; n < V_WORDS; n++)
		if (has_tag(v[n], tag))
			found |= 1ul << MARK_V;
	return found;
}

uint64_t marks_read(uint64_t number)
{
	uint64_t now[MARKS];

	read_all(now);
	return number < MARK_V ? now[number] : 0;
}
