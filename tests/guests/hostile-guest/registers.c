/* SPDX-License-Identifier: Apache-2.0 */
/* Every system register: op0 2 and 3, all op1, CRn, CRm and op2, read, and written with what was read and more. */
#include "hostile-guest.h"

#define MRS(op0, op1, crn, crm, op2) (0xd5200000u | ENCODE(op0, op1, crn, crm, op2))
#define MSR(op0, op1, crn, crm, op2) (0xd5000000u | ENCODE(op0, op1, crn, crm, op2))
#define ENCODE(op0, op1, crn, crm, op2) \
	((uint32_t)(op0) << 19 | (uint32_t)(op1) << 16 | (uint32_t)(crn) << 12 | (uint32_t)(crm) << 8 | (uint32_t)(op2) << 5)

struct space {
	char name[28]; /* no pointer: nobody relocates this image */
	uint8_t op0, op1_first, op1_last, crn_first, crn_last;
	bool write;
};

/* Writes of op0 3: not CRn 1 and 2 (SCTLR, TTBR, TCR: tables.c does), nor 12 VBAR and 4 SP, SPSR, ELR, which the
 * counting needs. The GIC's CRn 12 from CRm 8 on is written. */
static const struct space spaces[] = {
	{"ID registers", 3, 0, 7, 0, 0, true},
	{"control and tables", 3, 0, 7, 1, 2, false},
	{"PAuth keys and LOR", 3, 0, 7, 2, 3, false},
	{"GIC mask and PSTATE", 3, 0, 7, 4, 4, false},
	{"faults and RAS", 3, 0, 7, 5, 7, true},
	{"PMU, SPE and trace", 3, 0, 7, 9, 9, true},
	{"memory attributes, MPAM", 3, 0, 7, 10, 10, true},
	{"implementation defined", 3, 0, 7, 11, 11, true},
	{"GIC and vectors", 3, 0, 7, 12, 12, false},
	{"thread IDs, AMU, SCXTNUM", 3, 0, 7, 13, 13, true},
	{"timers", 3, 0, 7, 14, 14, true},
	{"implementation defined 15", 3, 0, 7, 15, 15, true},
	{"debug", 2, 0, 7, 0, 15, true},
};

static uint8_t scratch[512] __attribute__((aligned(64)));

static void try_space(const struct space *s)
{
	struct tally t = {0, 0};

	for (uint32_t op1 = s->op1_first; op1 <= s->op1_last; op1++) {
		for (uint32_t crn = s->crn_first; crn <= s->crn_last; crn++) {
			for (uint32_t rest = 0; rest < 128; rest++) {
				uint32_t crm = rest / 8, op2 = rest % 8;

				attack(&t, MRS(s->op0, op1, crn, crm, op2), 0, 0);
				if (s->write) {
					attack(&t, MSR(s->op0, op1, crn, crm, op2), draw(), 0);
				}
			}
		}
	}
	say(s->name, &t);
}

/* ICC_*_EL1 but those that would unmask interrupts whose handler counts them as refusals. */
static void try_gic(void)
{
	struct tally t = {0, 0};

	for (uint32_t crm = 8; crm < 16; crm++) {
		for (uint32_t op2 = 0; op2 < 8; op2++) {
			for (uint32_t op1 = 0; op1 < 8; op1++) {
				attack(&t, MSR(3, op1, 12, crm, op2), draw(), 0);
				attack(&t, MSR(3, op1, 12, crm, op2), ~0ul, 0);
			}
		}
	}
	say("GIC writes", &t);
}

/* PSTATE fields, SVE, SME and MTE instructions. */
static void try_instructions(void)
{
	static const uint32_t words[] = {
		0x04bf5000, 0x2518e3e0, 0x85804000, /* SVE: RDVL, PTRUE, LDR */
		0xd503477f, 0xd503467f, 0xc0080000, /* SME: SMSTART, SMSTOP, ZERO */
		0x9ac01000, 0xd9200000, 0xd9600000, /* MTE: IRG, STG, LDG */
		0xdac10000, 0xd503233f, 0xdac11000, /* PAuth: PACIA, PACIASP, AUTIA */
		0xd503221f, 0xd503229f, 0xd503225f, /* ESB, CSDB, TSB */
		0xd4400000, 0xd4200000, 0xd4a00001, /* HLT, BRK, DCPS1 */
		0xd4a00002, 0xd4a00003, 0xd6bf03e0, /* DCPS2, DCPS3, DRPS */
		0x00000000, 0xffffffff, 0xd69f03e0, /* UDF, unallocated, ERET to where it came from */
		0xf83f9000, 0xf83fd000, 0xf83fb000, /* ST64B, LD64B, ST64BV */
		0xd50320df, 0xd5031000, 0xd5031020, /* DGH, WFET, WFIT */
		0x1e7e0000, 0xd53b4400, 0xd53b4420, /* FP, FPCR, FPSR */
	};
	struct tally t = {0, 0};

	for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		attack(&t, words[i], (uint64_t)scratch, 0);
	}
	say("extensions and traps", &t);
}

void registers(void)
{
	for (uint32_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		try_space(&spaces[i]);
	}
	try_gic();
	try_instructions();
}
