/* SPDX-License-Identifier: Apache-2.0 */
/* One instruction of a feature each: x0 is its number, in the order of enum probe. */
	.text
	.global probe
probe:
	adrp	x1, probes
	add	x1, x1, :lo12:probes
	add	x3, x1, x0, lsl #3
	mov	x1, #0
	mov	x2, #0
	br	x3

	.macro	slot word
	.inst	\word
	ret
	.endm
	/* MRS x1, of a register */
	.macro	mrs_of op0, op1, crn, crm, op2
	slot	0xd5200001 | (\op0) << 19 | (\op1) << 16 | (\crn) << 12 | (\crm) << 8 | (\op2) << 5
	.endm

	.balign	8
probes:
	mrs_of	3, 0, 1, 2, 0		/* ZCR_EL1 */
	slot	0x04bf5021		/* RDVL x1, #1 */
	mrs_of	3, 0, 1, 2, 6		/* SMCR_EL1 */
	mrs_of	3, 0, 1, 0, 6		/* GCR_EL1 */
	mrs_of	3, 0, 5, 3, 0		/* ERRIDR_EL1 */
	mrs_of	3, 0, 10, 4, 7		/* LORID_EL1 */
	mrs_of	3, 0, 2, 1, 0		/* APIAKeyLo_EL1 */
	slot	0xdac10041		/* PACIA x1, x2 */
	mrs_of	3, 3, 9, 12, 0		/* PMCR_EL0 */
	mrs_of	3, 3, 9, 13, 0		/* PMCCNTR_EL0 */
	mrs_of	3, 3, 13, 2, 0		/* AMCR_EL0 */
	mrs_of	3, 0, 9, 9, 0		/* PMSCR_EL1 */
	mrs_of	2, 1, 0, 0, 1		/* TRCTRACEIDR */
	mrs_of	3, 0, 10, 5, 0		/* MPAM1_EL1 */
	mrs_of	3, 0, 13, 0, 7		/* SCXTNUM_EL1 */
	mrs_of	3, 0, 2, 0, 3		/* TCR2_EL1 */
	mrs_of	3, 0, 1, 0, 3		/* SCTLR2_EL1 */
	mrs_of	3, 0, 10, 2, 3		/* PIR_EL1 */
	mrs_of	3, 0, 10, 2, 4		/* POR_EL1 */
	mrs_of	3, 0, 2, 5, 0		/* GCSCR_EL1 */
	mrs_of	3, 0, 13, 0, 5		/* ACCDATA_EL1 */
	mrs_of	3, 4, 1, 1, 0		/* HCR_EL2 */
	mrs_of	3, 6, 1, 1, 0		/* SCR_EL3 */
	mrs_of	3, 0, 4, 2, 3		/* PAN */
	mrs_of	3, 3, 2, 4, 0		/* RNDR */
	slot	0x4e284820		/* AESE v0, v1 */
	slot	0x0ee1e020		/* PMULL v0.1q, v1.1d, v1.1d */
	slot	0x5e280820		/* SHA1H s0, s1 */
	slot	0x5e282820		/* SHA256SU0 v0, v1 */
	slot	0x1ac24021		/* CRC32B w1, w1, w2 */
	slot	0x1e602820		/* FADD d0, d1, d0 */
	slot	0x4ee18400		/* ADD v0.2d, v0.2d, v1.2d */
	mrs_of	2, 0, 0, 2, 2		/* MDSCR_EL1 */
	mrs_of	2, 0, 0, 0, 5		/* DBGBCR0_EL1 */
	mrs_of	2, 0, 0, 1, 7		/* DBGWCR1_EL1 */
	mrs_of	2, 0, 1, 1, 4		/* OSLSR_EL1 */
	slot	0x19030441		/* CPYFP [x1]!, [x3]!, x2!: nothing is copied */
	slot	0xd508811f		/* TLBI VMALLE1OS */
	slot	0xd5088621		/* TLBI RVAE1, x1 */
	slot	0xd5087901		/* AT S1E1RP, x1 */
	slot	0xd50b7381		/* CFP RCTX, x1 */

	/* x0: number of CRm and op2, as CRm * 8 + op2. The ID register, of op0 3, op1 0 and CRn 0. */
	.global id_register
id_register:
	adrp	x1, id_registers
	add	x1, x1, :lo12:id_registers
	add	x1, x1, x0, lsl #3
	br	x1
	.balign	8
id_registers:
	.set	number, 0
	.rept	64
	.inst	0xd5380000 | number << 5
	ret
	.set	number, number + 1
	.endr
