/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uint64_t exit_NAME(uint64_t address): fill every general and FP register with a secret, leave to the
 * hypervisor in one way, and return which registers are not as they were: bit n for x<n>, bit 32 + n for the
 * low and high halves of v<n>. The address is in x6, in read_9 and write_9 in x9; where none is needed, x6 is
 * filled as well.
 */
	.arch_extension fp
	.arch_extension simd

#define FRAME_V 256
#define FRAME_SAVED 768
#define FRAME_ADDRESS 864
#define FRAME_SIZE 880

/* PSCI (DEN0022). */
	.macro call number
	movz	x0, #(\number & 0xffff)
	movk	x0, #(\number >> 16), lsl #16
	hvc	#0
	.endm

	.macro turn_on
	mov	x1, #1
	adr	x2, second_start
	movz	x3, #0xffee
	movk	x3, #0x00c0, lsl #16
	call	0xc4000003
	.endm

	.macro turn_on_to_serve
	mov	x1, #1
	adr	x2, second_serve
	mov	x3, #0
	call	0xc4000003
	.endm

	/* CPU_SUSPEND to standby, power_state 0. */
	.macro standby
	mov	x1, #0
	call	0xc4000001
	.endm

	/* RSI_IPA_STATE_SET (Arm DEN0137): memory is expected in the page at x1. */
	.macro expect_page
	add	x2, x1, #0x1000
	mov	x3, #1
	call	0xc4000197
	.endm

	/* SITTER_SECRET + the last byte; v30, v31 and x30 come after `fill`, which needs x30. */
	.macro secret register, last
	movz	\register, #(0xe700 + \last)
	movk	\register, #0x5ec2, lsl #16
	movk	\register, #0xe700, lsl #32
	movk	\register, #0x5ec2, lsl #48
	.endm

	.macro fill_rest
	secret	x30, 31
	dup	v31.2d, x30
	secret	x30, 30
	dup	v30.2d, x30
	.endm

	.macro leave_by name:req, address:req, action:vararg
	.global exit_\name
exit_\name:
	sub	sp, sp, #FRAME_SIZE
	add	x9, sp, #FRAME_SAVED
	stp	x19, x20, [x9, #0]
	stp	x21, x22, [x9, #16]
	stp	x23, x24, [x9, #32]
	stp	x25, x26, [x9, #48]
	stp	x27, x28, [x9, #64]
	stp	x29, x30, [x9, #80]
	str	x0, [sp, #FRAME_ADDRESS]
	bl	fill
	fill_rest
	.ifnc	\address, none
	ldr	\address, [sp, #FRAME_ADDRESS]
	.endif
	\action
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	str	x30, [sp, #240]
	add	x9, sp, #FRAME_V
	stp	q0, q1, [x9, #0]
	stp	q2, q3, [x9, #32]
	stp	q4, q5, [x9, #64]
	stp	q6, q7, [x9, #96]
	stp	q8, q9, [x9, #128]
	stp	q10, q11, [x9, #160]
	stp	q12, q13, [x9, #192]
	stp	q14, q15, [x9, #224]
	stp	q16, q17, [x9, #256]
	stp	q18, q19, [x9, #288]
	stp	q20, q21, [x9, #320]
	stp	q22, q23, [x9, #352]
	stp	q24, q25, [x9, #384]
	stp	q26, q27, [x9, #416]
	stp	q28, q29, [x9, #448]
	stp	q30, q31, [x9, #480]
	mov	x0, sp
	bl	registers_changed
	add	x9, sp, #FRAME_SAVED
	ldp	x19, x20, [x9, #0]
	ldp	x21, x22, [x9, #16]
	ldp	x23, x24, [x9, #32]
	ldp	x25, x26, [x9, #48]
	ldp	x27, x28, [x9, #64]
	ldp	x29, x30, [x9, #80]
	add	sp, sp, #FRAME_SIZE
	ret
	.endm

	.text
/* All but x30, which holds the way back, and v30 and v31. */
fill:
	secret	x0, 0
	add	x1, x0, #1
	add	x2, x0, #2
	add	x3, x0, #3
	add	x4, x0, #4
	add	x5, x0, #5
	add	x6, x0, #6
	add	x7, x0, #7
	add	x8, x0, #8
	add	x9, x0, #9
	add	x10, x0, #10
	add	x11, x0, #11
	add	x12, x0, #12
	add	x13, x0, #13
	add	x14, x0, #14
	add	x15, x0, #15
	add	x16, x0, #16
	add	x17, x0, #17
	add	x18, x0, #18
	add	x19, x0, #19
	add	x20, x0, #20
	add	x21, x0, #21
	add	x22, x0, #22
	add	x23, x0, #23
	add	x24, x0, #24
	add	x25, x0, #25
	add	x26, x0, #26
	add	x27, x0, #27
	add	x28, x0, #28
	add	x29, x0, #29
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
	dup	v\n\().2d, x\n
	.endr
	.irp	n, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
	dup	v\n\().2d, x\n
	.endr
	ret

	leave_by read, x6, ldr x7, [x6]
	leave_by read_9, x9, ldr x7, [x9]
	leave_by read_zr, x6, ldr xzr, [x6]
	leave_by write, x6, str wzr, [x6]
	leave_by write_9, x9, str wzr, [x9]
	leave_by wfi, none, wfi
	leave_by suspend, none, standby
	leave_by sgi, none, msr s3_0_c12_c11_5, xzr
	leave_by timer, none, msr cntp_ctl_el0, xzr
	leave_by timer_read, none, mrs x7, cntp_cval_el0
	leave_by timer_read_zr, none, mrs xzr, cntp_cval_el0
	leave_by cpu_on, none, turn_on
	leave_by serve, none, turn_on_to_serve
	leave_by expect, x1, expect_page
	leave_by spin, none, b .
	leave_by fault, x6, ldp x7, x8, [x6]
	leave_by fault_9, x9, ldp x7, x8, [x9]
	leave_by off, none, call 0x84000008
	leave_by reset, none, call 0x84000009

/* vCPU 1 begins here: what it found, for COMMAND_SECOND; then it turns itself off, full of secrets. */
second_start:
	orr	x1, x1, x2
	orr	x1, x1, x3
	orr	x1, x1, x4
	orr	x1, x1, x5
	orr	x1, x1, x6
	orr	x1, x1, x7
	orr	x1, x1, x8
	orr	x1, x1, x9
	orr	x1, x1, x10
	orr	x1, x1, x11
	orr	x1, x1, x12
	orr	x1, x1, x13
	orr	x1, x1, x14
	orr	x1, x1, x15
	orr	x1, x1, x16
	orr	x1, x1, x17
	orr	x1, x1, x18
	orr	x1, x1, x19
	orr	x1, x1, x20
	orr	x1, x1, x21
	orr	x1, x1, x22
	orr	x1, x1, x23
	orr	x1, x1, x24
	orr	x1, x1, x25
	orr	x1, x1, x26
	orr	x1, x1, x27
	orr	x1, x1, x28
	orr	x1, x1, x29
	orr	x1, x1, x30
	adrp	x2, second_found
	add	x2, x2, :lo12:second_found
	stp	x0, x1, [x2]
	mrs	x0, mpidr_el1
	mrs	x1, currentel
	stp	x0, x1, [x2, #16]
	mov	x0, #(3 << 20)
	msr	cpacr_el1, x0
	isb
	bl	fill
	fill_rest
	call	0x84000002
	b	.

	/* vCPU 1 begins here after EXIT_SERVE, with a stack of its own. */
second_serve:
	adrp	x0, second_stack_end
	add	x0, x0, :lo12:second_stack_end
	mov	sp, x0
	mov	x0, #(3 << 20)
	msr	cpacr_el1, x0
	isb
	b	serve

	.bss
	.balign	16
	.space	4096
second_stack_end:
