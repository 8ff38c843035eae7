/* SPDX-License-Identifier: Apache-2.0 */
#include "code.h"
#include "frames.h"

	.macro constant register, halfword
	movz	\register, #\halfword
	movk	\register, #\halfword, lsl #16
	movk	\register, #\halfword, lsl #32
	movk	\register, #\halfword, lsl #48
	.endm

	/* The guests: one program, with the MMU off, at GUEST_RAM. */
	.section .rodata.guest, "a"
	.balign	8
	.global guest_code, guest_code_end
guest_code:
	adr	x1, programs
	add	x1, x1, x0, lsl #2
	br	x1
programs:
	b	off
	b	reset
	b	nowhere
	b	undefined
	b	spin
	b	wait
	b	device
	b	on
	b	mark
off:	movz	x0, #0x8400, lsl #16		/* PSCI SYSTEM_OFF (DEN0022, 5.9) */
	movk	x0, #8
	hvc	#0
reset:	movz	x0, #0x8400, lsl #16
	movk	x0, #9
	hvc	#0
nowhere:
	mov	x1, #GUEST_NOTHING
	br	x1
undefined:
	udf	#0
spin:	add	x2, x2, #1
	b	spin
wait:	wfi
	b	wait
device:	mov	x1, #GUEST_NOTHING
1:	ldr	w2, [x1]
	str	w2, [x1, #4]
	b	1b
on:	movz	x0, #0xc400, lsl #16		/* PSCI CPU_ON */
	movk	x0, #3
	mov	x1, #1
	mov	x2, #GUEST_RAM
	mov	x3, #PROGRAM_SPIN
	hvc	#0
	b	wait
mark:	mov	x0, #(3 << 20)
	msr	cpacr_el1, x0
	isb
	constant x0, MARK_GUEST
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	dup	v\n\().2d, x0
	.endr
	msr	fpcr, x0
	msr	fpsr, x0
	msr	tpidr_el0, x0
	msr	tpidrro_el0, x0
	msr	sp_el0, x0
	msr	tpidr_el1, x0
	mov	sp, x0
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	mov	x\n, x0
	.endr
	b	wait
	.balign	8
guest_code_end:

	/*
	 * x0: vCPU, x1: deadline, x2: where the exit's 7 results go, x3: number of the call. Runs it with V0 to V31,
	 * X9 to X28 and FPCR and FPSR holding what they must hold afterwards; returns how many do not, or ~0 if the
	 * call failed.
	 */
	.text
	.global run_watched_call
run_watched_call:
	push_kept 192
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mrs	x9, tpidr_el0
	mov	x10, sp
	stp	x9, x10, [sp, #160]
	str	x2, [sp, #176]
	mov	x8, x3
	constant x4, MARK_TASK
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	dup	v\n\().2d, x4
	.endr
	.irp	n, 9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	mov	x\n, x4
	.endr
	msr	fpcr, xzr
	msr	fpsr, xzr
	mov	x2, #0
	mov	x3, #0
	mov	x4, #0
	mov	x5, #0
	mov	x6, #0
	mov	x7, #0
	svc	#0
	ldr	x8, [sp, #176]
	stp	x1, x2, [x8]
	stp	x3, x4, [x8, #16]
	stp	x5, x6, [x8, #32]
	str	x7, [x8, #48]
	cbnz	x0, 9f
	constant x4, MARK_TASK
	.irp	n, 9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	cmp	x\n, x4
	cinc	x0, x0, ne
	.endr
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	mov	x1, v\n\().d[0]
	cmp	x1, x4
	cinc	x0, x0, ne
	mov	x1, v\n\().d[1]
	cmp	x1, x4
	cinc	x0, x0, ne
	.endr
	mrs	x1, fpcr
	cmp	x1, #0
	cinc	x0, x0, ne
	mrs	x1, fpsr
	cmp	x1, #0
	cinc	x0, x0, ne
	mrs	x1, tpidrro_el0
	cmp	x1, #0
	cinc	x0, x0, ne
	ldp	x1, x2, [sp, #160]
	mrs	x3, tpidr_el0
	cmp	x1, x3
	cinc	x0, x0, ne
	mov	x3, sp
	cmp	x2, x3
	cinc	x0, x0, ne
	b	8f
9:	mov	x0, #-1
8:	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	pop_kept 192
	ret

	/* A new task's first instructions. x0: where everything it finds in its registers goes. */
	.global el0_dump
el0_dump:
	str	x30, [x0, #(8 * (DUMP_X1 + 29))]
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
	str	x\n, [x0, #(8 * (DUMP_X1 + \n - 1))]
	.endr
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	str	q\n, [x0, #(16 * \n)]
	.endr
	mrs	x1, fpcr
	str	x1, [x0, #(8 * DUMP_FPCR)]
	mrs	x1, fpsr
	str	x1, [x0, #(8 * DUMP_FPSR)]
	mrs	x1, tpidr_el0
	str	x1, [x0, #(8 * DUMP_TPIDR)]
	mrs	x1, tpidrro_el0
	str	x1, [x0, #(8 * DUMP_TPIDRRO)]
	mov	x1, sp
	str	x1, [x0, #(8 * DUMP_SP)]
	udf	#0
	.section .note.GNU-stack, "", %progbits
