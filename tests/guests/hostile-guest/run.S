/* SPDX-License-Identifier: Apache-2.0 */
#include "frames.h"

/*
 * One instruction, written where it is executed. An exception on the way skips it: the vectors count it and
 * go on after it. What the instruction may have done to the state that C needs is put back.
 */
	.macro	keep_c			/* stack and SCTLR_EL1; changes X4 to X6 */
	adrp	x4, kept
	add	x4, x4, :lo12:kept
	mov	x5, sp
	mrs	x6, sctlr_el1
	stp	x5, x6, [x4]
	.endm

	.text
	.global run_word
run_word:				/* w0: word, x1: x0 for it, x2: x1 for it */
	push_kept
	adrp	x3, slot
	add	x3, x3, :lo12:slot
	str	w0, [x3]
	dc	cvau, x3
	dsb	ish
	ic	ivau, x3
	dsb	ish
	isb
	keep_c
	mov	x0, x1
	mov	x1, x2
	b	slot

	/* The same for one that is there already, with a branch to X30 behind it. */
	.global run_at
run_at:					/* x0: where, x1: x0 for it, x2: x1 for it */
	push_kept
	mov	x3, x0
	keep_c
	mov	x0, x1
	mov	x1, x2
	adr	x30, after_word
	br	x3
	.balign	64
slot:	nop
	.global after_word
after_word:
	msr	daifset, #15
	adrp	x4, kept
	add	x4, x4, :lo12:kept
	ldp	x5, x6, [x4]
	msr	spsel, #1
	mov	sp, x5
	msr	sctlr_el1, x6
	adrp	x7, skip_vectors
	add	x7, x7, :lo12:skip_vectors
	msr	vbar_el1, x7
	isb
	pop_kept
	ret

	/* Any exception, wherever the word led: back to after_word at EL1. */
skip:
	adrp	x4, trapped
	add	x4, x4, :lo12:trapped
	ldr	x5, [x4]
	add	x5, x5, #1
	str	x5, [x4]
	mrs	x5, esr_el1
	adrp	x4, last_esr
	add	x4, x4, :lo12:last_esr
	str	x5, [x4]
	adrp	x4, after_word
	add	x4, x4, :lo12:after_word
	msr	elr_el1, x4
	mov	x4, #0x3c5
	msr	spsr_el1, x4
	eret

	.balign	2048
	.global skip_vectors
skip_vectors:
	.rept	16
	b	skip
	.balign	128
	.endr

	/* Turn the MMU on with whatever tables x0 names, for one load from x1, and off again. */
	.global with_tables
with_tables:				/* x0: TTBR0, x1: address, x2: TCR */
	push_kept
	keep_c
	mov	x8, #0xff44
	msr	mair_el1, x8
	msr	tcr_el1, x2
	msr	ttbr0_el1, x0
	msr	ttbr1_el1, x0
	isb
	tlbi	vmalle1
	dsb	ish
	orr	x7, x6, #1
	adrp	x3, off_vectors		/* at EL1 with the MMU on: its address may not be mapped either */
	add	x3, x3, :lo12:off_vectors
	msr	vbar_el1, x3
	msr	sctlr_el1, x7
	isb
	ldr	x9, [x1]
	msr	sctlr_el1, x6
	isb
	mov	x0, #0
	b	after_word
	.balign	2048
off_vectors:
	.rept	16
	mov	x0, #1
	b	skip_off
	.balign	128
	.endr
skip_off:
	adrp	x4, kept
	add	x4, x4, :lo12:kept
	ldr	x6, [x4, #8]
	msr	sctlr_el1, x6
	isb
	b	skip

	/* EL0, in the state that SPSR (x0) says, at the address in x1; its first trap to EL1 comes back. */
	.global enter_el0
enter_el0:
	push_kept
	keep_c
	msr	spsr_el1, x0
	msr	elr_el1, x1
	isb
	eret

	/* HVC and SMC with each immediate, eight bytes apart. */
	.section .text.calls, "ax"
	.balign	8
	.global hvc_calls, smc_calls
hvc_calls:
	.set	immediate, 0
	.rept	65536
	hvc	#immediate
	ret
	.set	immediate, immediate + 1
	.endr
smc_calls:
	.set	immediate, 0
	.rept	65536
	smc	#immediate
	ret
	.set	immediate, immediate + 1
	.endr

	.data
	.balign	16
kept:	.quad	0, 0
	.global trapped, last_esr
	.hidden	trapped, last_esr
trapped:	.quad	0
last_esr:	.quad	0
