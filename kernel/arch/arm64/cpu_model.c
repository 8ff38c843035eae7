/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU that guests see: what this one has, field by field no more than the table allows. Hidden
 * is what EL2 does not switch between guests (SVE, SME, MTE, PMU, RAS, AMU, MPAM, LOR, SCXTNUM), what
 * it keeps for itself (EL2, EL3, FGT, ECV) and what is newer than this table. ID registers that are
 * not in it read as zero, as the reserved ones do (Arm ARM D24.3).
 */
#include "arch.h"
#include "nie/view.h"

#define ID_CRM_FIRST 4u
#define ID_CRM_LAST 7u

/* ISS of a trapped MSR or MRS. */
#define ISS_OP0(iss) ((iss) >> 20 & 3u)
#define ISS_OP2(iss) ((iss) >> 17 & 7u)
#define ISS_OP1(iss) ((iss) >> 14 & 7u)
#define ISS_CRN(iss) ((iss) >> 10 & 15u)
#define ISS_CRM(iss) ((iss) >> 1 & 15u)

bool cpu_has_pauth;
bool cpu_has_sha256;
static bool cpu_has_random;
static u64 model[ID_CRM_LAST - ID_CRM_FIRST + 1u][8];

/* Each digit of `most` bounds the field of the same place. A field in `is_signed` (digit f) that is
 * 8 or more means that the feature is missing, and stays. */
static u64 bounded(u64 real, u64 most, u64 is_signed)
{
	u64 value = 0;

	for (u32 low = 0; low < 64u; low += 4u) {
		u64 field = id_field(real, low);
		u64 limit = id_field(most, low);

		if (field > limit && !(field >= 8u && id_field(is_signed, low) != 0u)) {
			field = limit;
		}
		value |= field << low;
	}
	return value;
}

#define MODEL(name, crm, op2, most, is_signed) \
	model[(crm) - ID_CRM_FIRST][op2] = bounded(read_sysreg(S3_0_C0_C##crm##_##op2), most, is_signed)

void cpu_model_init(void)
{
	MODEL(ID_AA64PFR0_EL1, 4, 0, 0xf10f000001ff0011ul, 0xff0000ul); /* CSV3, CSV2 1, DIT, GICv3, FP; AArch64 */
	MODEL(ID_AA64PFR1_EL1, 4, 1, 0x0000000000000021ul, 0);          /* SSBS, BTI */
	MODEL(ID_AA64ISAR0_EL1, 6, 0, 0xfffffffff0fffff0ul, 0);         /* all but TME */
	MODEL(ID_AA64ISAR1_EL1, 6, 1, 0x00fff1fffffffffful, 0);         /* not XS, LS64, SPECRES 1 */
	MODEL(ID_AA64ISAR2_EL1, 6, 2, 0x00f00000fff0ff00ul, 0);         /* CSSC, CLRBHB, PAC_frac, BC, PAuth */
	MODEL(ID_AA64MMFR0_EL1, 7, 0, 0x00000000001000f2ul, 0xff000000ul); /* 40 bits, ASIDs, granules, no LPA2 */
	MODEL(ID_AA64MMFR1_EL1, 7, 1, 0xf00000f000f02002ul, 0);         /* ECBHB, ETS, PAN, HPDS, HAFDBS 2 */
	MODEL(ID_AA64MMFR2_EL1, 7, 2, 0xf00f000ff0f00ff0ul, 0);         /* E0PD, TTL, AT, ST, CCIDX, LSM, UAO */
	/* Two breakpoints and watchpoints are the least there can be; their registers read as zero. */
	model[1][0] = 0x0000000000101006ul; /* ID_AA64DFR0_EL1 */

	u64 isar1 = read_sysreg(id_aa64isar1_el1);
	u64 isar2 = read_sysreg(S3_0_C0_C6_2);

	cpu_has_sha256 = id_field(read_sysreg(id_aa64isar0_el1), 12) != 0u;
	cpu_has_random = id_field(read_sysreg(id_aa64isar0_el1), 60) != 0u;
	cpu_has_pauth = (isar1 & 0xff000ff0) != 0u || (isar2 & 0xff00) != 0u;
}

bool hw_id_register(u32 iss, u64 *value)
{
	if (ISS_OP0(iss) != 3u || ISS_CRN(iss) != 0u) {
		return false;
	}
	*value = 0;
	if (ISS_OP1(iss) == 1u && ISS_CRM(iss) == 0u && ISS_OP2(iss) == 7u) {
		return true; /* AIDR_EL1 */
	}
	if (ISS_OP1(iss) != 0u || ISS_CRM(iss) > ID_CRM_LAST || (ISS_CRM(iss) == 0u && ISS_OP2(iss) != 6u)) {
		return false; /* but for REVIDR_EL1, what else is in CRm 0 is not trapped */
	}
	if (ISS_CRM(iss) >= ID_CRM_FIRST) {
		*value = model[ISS_CRM(iss) - ID_CRM_FIRST][ISS_OP2(iss)];
	}
	return true;
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
	if (id_field(model[3][1], 20) != 0u && (sctlr & SCTLR_SPAN) == 0u) {
		pstate |= PSTATE_PAN;
	}
	if (id_field(model[0][1], 4) != 0u && (sctlr & SCTLR_DSSBS) != 0u) {
		pstate |= PSTATE_SSBS;
	}
	write_sysreg(esr_el1, ESR_UNKNOWN_IL);
	write_sysreg(elr_el1, v->pc);
	write_sysreg(spsr_el1, v->pstate);
	v->pc = read_sysreg(vbar_el1) + offset;
	v->pstate = pstate;
}
