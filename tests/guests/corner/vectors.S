/* SPDX-License-Identifier: Apache-2.0 */
#include "frames.h"

	.text
	.global corner_vectors
corner_vectors:
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el1, x0
	isb
	ret

	/* Another CPU, x0: its number. */
	.global secondary_start
secondary_start:
	adrp	x1, stacks
	add	x1, x1, :lo12:stacks
	add	x0, x0, #1
	add	x1, x1, x0, lsl #12
	mov	sp, x1
	bl	corner_vectors
	adrp	x0, secondary_entry
	ldr	x0, [x0, :lo12:secondary_entry]
	blr	x0
	b	cpu_off

	.macro	handler function
	push_changed 176
	mrs	x0, elr_el1
	mrs	x1, spsr_el1
	stp	x0, x1, [sp, #160]
	bl	\function
	ldp	x0, x1, [sp, #160]
	b	\function\()_return
	.endm

irq:	handler	corner_irq
fiq:	handler	corner_fiq
sync:	handler	corner_synchronous

corner_synchronous_return:
	add	x0, x0, #4		/* past the instruction */
corner_irq_return:
corner_fiq_return:
	msr	elr_el1, x0
	msr	spsr_el1, x1
	pop_changed 176
	eret

serror:	mrs	x0, esr_el1
	mrs	x1, elr_el1
	mrs	x2, far_el1
	b	guest_exception

	/* Arm ARM D1.3.1: the second group is the current EL with SP_ELx. */
	.balign	2048
vectors:
	.rept	4
	b	serror
	.balign	128
	.endr
	b	sync
	.balign	128
	b	irq
	.balign	128
	b	fiq
	.balign	128
	.rept	9
	b	serror
	.balign	128
	.endr

	.bss
	.balign	4096
stacks:	.space	8 * 4096
