/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU that guests see: field by field no more than a table allows. There are two: the baseline,
 * the same on every CPU that has all of it, and for guests activated with NIE_POLICY_HOST_CPU what
 * this CPU has. Hidden from both is what EL2 does not switch between guests (SVE, SME, MTE, PMU, RAS,
 * AMU, MPAM, LOR, SCXTNUM), what it keeps for itself (EL2, EL3, FGT, ECV) and what is newer than the
 * table. ID registers that are not in it read as zero, as the reserved ones do (Arm ARM D24.3).
 */
#include "arch.h"
#include "nie/view.h"

/* ISS of a trapped MSR or MRS. */
#define ISS(op0, op1, crn, crm, op2) ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define ISS_ID_REGISTER ISS(3u, 0u, 0u, 0u, 0u)
#define ISS_AIDR_EL1 ISS(3u, 1u, 0u, 0u, 7u)
#define ISS_ANY ISS(3u, 7u, 15u, 15u, 7u)
#define ISS_ANY_ID_REGISTER ISS(0u, 0u, 0u, 7u, 7u)

#define NUMBER(crm, op2) ((crm) * 8u + (op2))
#define PFR1 NUMBER(4u, 1u)
#define DFR0 NUMBER(5u, 0u)
#define MMFR1 NUMBER(7u, 1u)

/* Each digit of `most` bounds the field of the same place. A field in `is_signed` (digit f) that is
 * 8 or more means that the feature is missing, and stays. */
struct bounds {
	u64 is_signed, most[2]; /* [cpu_is_host()] */
};

bool cpu_has_pauth;
bool cpu_has_sha256;
static bool cpu_has_random;
static u64 model[2][64]; /* [cpu_is_host()][NUMBER()] */

#define HOST_MODEL model[1]

static u64 set(u32 number, u64 real, const struct bounds *b)
{
	for (u32 host = 0; host < 2u; host++) {
		u64 value = 0;

		for (u32 low = 0; low < 64u; low += 4u) {
			u64 field = id_field(real, low);
			u64 limit = id_field(b->most[host], low);

			if (field > limit && !(field >= 8u && id_field(b->is_signed, low) != 0u)) {
				field = limit;
			}
			value |= field << low;
		}
		model[host][number] = value;
	}
	return real;
}

#define SET(name, crm, op2, is_signed, baseline, host) __extension__ ({ \
	static const struct bounds bounds_ = {is_signed, {baseline, host}}; \
	set(NUMBER(crm##u, op2##u), read_sysreg(S3_0_C0_C##crm##_##op2), &bounds_); })

/* The baseline: what Cortex-A57 has and all after it. A field that this CPU has less of is lower. */
void cpu_model_init(void)
{
	/* GICv3, FP and Advanced SIMD, AArch64; host: CSV3, CSV2 1, DIT, FP16 */
	SET(ID_AA64PFR0_EL1, 4, 0, 0xff0000ul, 0x0000000001000011ul, 0xf10f000001ff0011ul);
	/* host: SSBS, BTI */
	SET(ID_AA64PFR1_EL1, 4, 1, 0, 0, 0x0000000000000021ul);
	/* CRC32, SHA2, SHA1, AES and PMULL; host: all but TME */
	u64 isar0 = SET(ID_AA64ISAR0_EL1, 6, 0, 0, 0x0000000000011120ul, 0xfffffffff0fffff0ul);
	/* host: not XS, LS64, SPECRES 1 */
	u64 isar1 = SET(ID_AA64ISAR1_EL1, 6, 1, 0, 0, 0x00fff1fffffffffful);
	/* host: CSSC, CLRBHB, PAC_frac, BC, MOPS, PAuth */
	u64 isar2 = SET(ID_AA64ISAR2_EL1, 6, 2, 0, 0, 0x00f00000ffffff00ul);
	/* granules of 4 and 64 KiB, ASIDs of 16 bits, 40-bit addresses; host: 16 KiB, no LPA2 */
	SET(ID_AA64MMFR0_EL1, 7, 0, 0xff000000ul, 0x0000000000000022ul, 0x00000000001000f2ul);
	/* host: ECBHB, ETS, PAN, HPDS, HAFDBS 2 */
	SET(ID_AA64MMFR1_EL1, 7, 1, 0, 0, 0xf00000f000f02002ul);
	/* CCIDX, the format of CCSIDR_EL1, which guests read from the CPU; host: E0PD, TTL, AT, ST, LSM, UAO */
	SET(ID_AA64MMFR2_EL1, 7, 2, 0, 0x0000000000f00000ul, 0xf00f000ff0f00ff0ul);
	/* Two breakpoints and watchpoints are the least there can be; their registers read as zero. */
	model[0][DFR0] = HOST_MODEL[DFR0] = 0x0000000000101006ul;

	cpu_has_sha256 = id_field(isar0, 12) != 0u;
	cpu_has_random = id_field(isar0, 60) != 0u;
	cpu_has_pauth = (isar1 & 0xff000ff0) != 0u || (isar2 & 0xff00) != 0u;
}

bool cpu_is_host(const struct vcpu *v)
{
	return (vspace_at(v->vspace)->policy & NIE_POLICY_HOST_CPU) != 0u;
}

bool hw_id_register(granule_t vcpu, u32 iss, u64 *value)
{
	u32 crm = iss >> 1 & 7u;
	u32 op2 = iss >> 17 & 7u;

	*value = 0;
	if ((iss & ISS_ANY & ~ISS_ANY_ID_REGISTER) != ISS_ID_REGISTER) {
		return (iss & ISS_ANY) == ISS_AIDR_EL1;
	}
	*value = model[cpu_is_host(vcpu_at(vcpu))][NUMBER(crm, op2)];
	return crm != 0u || op2 == 6u; /* but for REVIDR_EL1, what else is in CRm 0 is not trapped */
}

bool hw_has_random(void)
{
	return cpu_has_random;
}

/* RNDRRS: reseeded for this number, so it is fresh entropy; the Z flag says that there was none (FEAT_RNG). */
bool hw_random(u64 *value)
{
	u64 ok;

	__asm__ volatile("mrs %0, s3_3_c2_c4_1\n\tcset %1, ne" : "=r"(*value), "=r"(ok) :: "cc");
	return ok != 0u;
}

/* SPSR and PSTATE bits that taking an exception to AArch64 EL1 touches (Arm ARM D1.3.6). */
#define PSTATE_MODE 0x1ful
#define PSTATE_AARCH32 0x10ul
#define PSTATE_EL1T 0x4ul
#define PSTATE_EL1H 0x5ul
#define PSTATE_DAIF 0x3c0ul
#define PSTATE_SSBS (1ul << 12)
#define PSTATE_PAN (1ul << 22)
#define PSTATE_KEPT (0xf0000000ul | 1ul << 24 | PSTATE_PAN) /* NZCV, DIT, PAN */
#define SCTLR_SPAN (1ul << 23)
#define SCTLR_DSSBS (1ul << 44)
#define ESR_UNKNOWN_IL (1ul << 25)

void hw_inject_undefined(granule_t vcpu)
{
	struct vcpu *v = vcpu_at(vcpu);
	u64 sctlr = read_sysreg(sctlr_el1);
	u64 mode = v->pstate & PSTATE_MODE;
	u64 offset = 0x400; /* from EL0 */
	u64 pstate = (v->pstate & PSTATE_KEPT) | PSTATE_DAIF | PSTATE_EL1H;

	if ((mode & PSTATE_AARCH32) != 0u) {
		offset = 0x600;
		pstate &= ~(1ul << 24); /* an AArch32 SPSR keeps J there */
	} else if (mode == PSTATE_EL1H) {
		offset = 0x200;
	} else if (mode == PSTATE_EL1T) {
		offset = 0;
	}
	/* As this CPU takes exceptions, whatever the guest sees of it. */
	if (id_field(HOST_MODEL[MMFR1], 20) != 0u && (sctlr & SCTLR_SPAN) == 0u) {
		pstate |= PSTATE_PAN;
	}
	if (id_field(HOST_MODEL[PFR1], 4) != 0u && (sctlr & SCTLR_DSSBS) != 0u) {
		pstate |= PSTATE_SSBS;
	}
	write_sysreg(esr_el1, ESR_UNKNOWN_IL);
	write_sysreg(elr_el1, v->pc);
	write_sysreg(spsr_el1, v->pstate);
	v->pc = read_sysreg(vbar_el1) + offset;
	v->pstate = pstate;
}
