/* SPDX-License-Identifier: Apache-2.0 */
#include "guests.h"

/*
 * The guests, one program at GUEST_RAM, with the MMU off. x20: RESULTS, x21: DEVICE, x27: where an
 * interrupt's time is left.
 */
	.macro clock register
	isb
	mrs	\register, cntvct_el0
	.endm

	.macro repeat_timed number, instruction:vararg
	mov	x19, #GUEST_ROUNDS
1:
	clock	x9
	\instruction
	clock	x10
	sub	x10, x10, x9
	str	x10, [x20, #8 * \number]
	subs	x19, x19, #1
	b.ne	1b
	.endm

	.macro interrupts_on
	adr	x1, guest_vectors
	msr	vbar_el1, x1
	mov	x1, #0xf0
	msr	s3_0_c4_c6_0, x1		/* ICC_PMR_EL1 */
	mov	x1, #1
	msr	s3_0_c12_c12_7, x1		/* ICC_IGRPEN1_EL1 */
	isb
	msr	daifclr, #2
	.endm

	.section .rodata.guest, "a"
	.balign	2048
	.global guest_code, guest_code_end
guest_code:
	b	start
	.balign	2048
guest_vectors:
	.space	5 * 128
	/* IRQ from the current EL with SP_ELx: exactly HANDLER instructions. */
	mrs	x12, cntvct_el0
	mrs	x11, s3_0_c12_c12_0		/* ICC_IAR1_EL1 */
	msr	cntv_ctl_el0, xzr
	str	x12, [x27]
	mov	x26, #1
	msr	s3_0_c12_c12_1, x11		/* ICC_EOIR1_EL1 */
	eret
	.balign	2048
start:
	mov	x20, #RESULTS
	mov	x21, #DEVICE
	mov	x27, #GUEST_RAM
	add	x27, x27, #0x8000
	cmp	x0, #PROGRAM_FLOAT
	b.eq	float
	cmp	x0, #PROGRAM_IPI
	b.eq	ipi

	repeat_timed RESULT_NOTHING, nop
	mov	x8, #0x84000000			/* PSCI_VERSION, in x0 anew each time */
	mov	x19, #GUEST_ROUNDS
1:	mov	x0, x8
	clock	x9
	hvc	#0
	clock	x10
	sub	x10, x10, x9
	str	x10, [x20, #8 * RESULT_HVC]
	subs	x19, x19, #1
	b.ne	1b
	repeat_timed RESULT_WRITE, str w0, [x21]
	repeat_timed RESULT_READ, ldr w0, [x21]
	repeat_timed RESULT_WFI, wfi
	repeat_timed RESULT_ID, mrs x0, id_aa64pfr0_el1

	/* The same loop without and with one interrupt of the virtual timer. */
	interrupts_on
	mov	x19, #GUEST_ROUNDS
2:	mov	x13, #0
	bl	spin
	str	x10, [x20, #8 * RESULT_QUIET]
	mov	x13, #1
	bl	spin
	str	x10, [x20, #8 * RESULT_TIMER]
	ldr	x12, [x27]
	sub	x12, x12, x14
	str	x12, [x20, #8 * RESULT_LATENCY]
	subs	x19, x19, #1
	b.ne	2b
off:
	ldr	w0, =0x84000008			/* PSCI SYSTEM_OFF */
	hvc	#0
	b	off

/* x13: CNTV_CTL_EL0. Out: x10 time, x14 CNTV_CVAL_EL0. */
spin:
	mrs	x14, cntvct_el0
	mrs	x15, cntfrq_el0			/* 3.8 us from now */
	add	x14, x14, x15, lsr #18
	msr	cntv_cval_el0, x14
	clock	x9
	msr	cntv_ctl_el0, x13
	mov	x15, #8000
3:	subs	x15, x15, #1
	b.ne	3b
	clock	x10
	msr	cntv_ctl_el0, xzr
	sub	x10, x10, x9
	ret

float:
	mov	x1, #3 << 20
	msr	cpacr_el1, x1
	isb
4:	fmov	d0, x0
	wfi
	b	4b

ipi:
	ldr	w0, =0xc4000003			/* PSCI CPU_ON, vCPU 1 */
	mov	x1, #1
	adr	x2, target
	mov	x3, #0
	hvc	#0
	mov	x19, #GUEST_ROUNDS
	mov	x2, #2				/* ICC_SGI1R_EL1: SGI 0 to affinity 0.0.0.1 */
5:	clock	x9
	msr	s3_0_c12_c11_5, x2
6:	ldr	x10, [x27]
	cbz	x10, 6b
	str	xzr, [x27]
	sub	x10, x10, x9
	str	x10, [x20, #8 * RESULT_IPI]
	subs	x19, x19, #1
	b.ne	5b
	b	off
target:
	mov	x27, #GUEST_RAM
	add	x27, x27, #0x8000
	interrupts_on
7:	wfi
	b	7b
	.ltorg
guest_code_end:
