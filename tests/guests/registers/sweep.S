/* SPDX-License-Identifier: Apache-2.0 */
#include "frames.h"

/*
 * One MRS and one MSR for each encoding of op0 2 and 3, in order: number n is op0[0]:op1:CRn:CRm:op2
 * (Arm ARM C5.2). Those that are UNDEFINED return from the exception as if they had been executed.
 */
	.text
	.global read_register
read_register:				/* x0: n, x1: where to; true if it could be read */
	adrp	x2, reads
	add	x2, x2, :lo12:reads
	b	execute
	.global write_register
write_register:				/* x0: n, x1: value; true if it could be written */
	adrp	x2, writes
	add	x2, x2, :lo12:writes
execute:
	stp	x29, x30, [sp, #-32]!
	str	x1, [sp, #16]
	add	x2, x2, x0, lsl #3
	adrp	x3, writes
	add	x3, x3, :lo12:writes
	mov	x0, x1
	mov	x10, #1
	blr	x2
	isb
	ldr	x1, [sp, #16]
	cmp	x2, x3
	b.hs	1f
	cbz	x10, 1f
	str	x0, [x1]
1:	mov	x0, x10
	ldp	x29, x30, [sp], #32
	ret

	/* Two groups of vectors, so that each guest has a VBAR_EL1 of its own. */
	.balign	2048
	.global vectors_1, vectors_2
vectors_1:
	.rept	16
	b	skip
	.balign	128
	.endr
vectors_2:
	.rept	16
	b	skip
	.balign	128
	.endr
skip:
	mov	x10, #0
	msr	elr_el1, x30
	eret

	/* Number of doublewords of V0 to V31 that are not zero. */
	.global count_fp
count_fp:
	mov	x0, #0
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	mov	x1, v\n\().d[0]
	cmp	x1, #0
	cinc	x0, x0, ne
	mov	x1, v\n\().d[1]
	cmp	x1, #0
	cinc	x0, x0, ne
	.endr
	ret

	/*
	 * x0: until this CNTVCT, x1: with WFI or without, x2: value, x3: ticks. X7 to X30 and V0 to V31 hold
	 * numbers made from the value. Returns how many did not keep them; *x4 grows by how often the core was
	 * away for more ticks.
	 */
	.global give_away
give_away:
	push_kept 112
	str	x4, [sp, #96]
	mov	x6, x3
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	add	x3, x2, #(64 + \n)
	dup	v\n\().2d, x3
	.endr
	.irp	n, 7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	add	x\n, x2, #\n
	.endr
	mov	x5, #0
	mrs	x4, cntvct_el0
1:	cbz	x1, 2f
	wfi
2:	isb
	mrs	x3, cntvct_el0
	sub	x4, x3, x4
	cmp	x4, x6
	cinc	x5, x5, hi
	mov	x4, x3
	cmp	x3, x0
	b.lo	1b
	mov	x0, #0
	.irp	n, 7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	add	x3, x2, #\n
	cmp	x3, x\n
	cinc	x0, x0, ne
	.endr
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	add	x3, x2, #(64 + \n)
	mov	x4, v\n\().d[0]
	cmp	x3, x4
	cinc	x0, x0, ne
	mov	x4, v\n\().d[1]
	cmp	x3, x4
	cinc	x0, x0, ne
	.endr
	ldr	x4, [sp, #96]
	ldr	x3, [x4]
	add	x3, x3, x5
	str	x3, [x4]
	pop_kept 112
	ret

	.section .text.sweep, "ax"
	.balign	64
	.set	word, 0xd5300000	/* MRS x0 */
reads:
	.rept	32768
	.inst	word
	ret
	.set	word, word + 0x20
	.endr
	.set	word, 0xd5100000	/* MSR from x0 */
writes:
	.rept	32768
	.inst	word
	ret
	.set	word, word + 0x20
	.endr
