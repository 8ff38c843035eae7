/* SPDX-License-Identifier: Apache-2.0 */
#include "percpu_offsets.h"

/*
 * EL2's vectors (Arm ARM D1.3.1). While EL0 or EL1 runs, SP_EL2 is the address of its struct vcpu:
 * entry stores the general registers there, then changes to the core's stack.
 */

	.macro save_and_call handler
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
	mrs	x21, elr_el2
	mrs	x22, spsr_el2
	stp	x30, x21, [sp, #VCPU_X30]
	str	x22, [sp, #VCPU_PSTATE]
	mrs	x0, tpidr_el2
	mov	sp, x0
	bl	\handler
	b	resume_vcpu
	.endm

/* The registers in use are saved where nothing is needed any more: the machine stops. */
	.macro report kind
	msr	tpidr_el1, x0
	msr	tpidr_el0, x1
	mov	x1, sp
	mrs	x0, tpidr_el2
	add	x0, x0, #(PERCPU_PANIC_STACK & ~0xfff)
	add	x0, x0, #(PERCPU_PANIC_STACK & 0xfff)
	mov	sp, x0
	mov	x0, #\kind
	b	report_exception
	.endm

	.section .text.entry, "ax"
	.global resume_vcpu
resume_vcpu:				/* x0: struct vcpu */
	ldr	x22, [x0, #VCPU_PSTATE]
	ldp	x30, x21, [x0, #VCPU_X30]
	msr	spsr_el2, x22
	msr	elr_el2, x21
	mov	sp, x0
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	ldp	x0, x1, [sp, #0]
	eret
	dsb	nsh			/* no speculation past ERET */
	isb

report_exception:			/* x0: kind, x1: sp; x0 and x1 in TPIDR_EL1 and TPIDR_EL0 */
	sub	sp, sp, #256
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
	stp	x30, x1, [sp, #240]
	mrs	x2, tpidr_el1
	mrs	x3, tpidr_el0
	stp	x2, x3, [sp, #0]
	mov	x1, sp
	bl	panic_exception

	.section .vectors, "ax"
	.balign	2048
	.global vectors
vectors:
	.irp	from, current_sp0, current_spx
	.irp	kind, PANIC_SYNC, PANIC_IRQ, PANIC_FIQ, PANIC_SERROR
	.balign	128
	report	\kind
	.endr
	.endr
	/* Lower EL, AArch64, then AArch32: EL1 is AArch64, but it may enter EL0 in AArch32. */
	.irp	from, aarch64, aarch32
	.balign	128
	save_and_call lower_sync
	.balign	128
	save_and_call lower_irq
	.balign	128
	report	PANIC_FIQ
	.balign	128
	report	PANIC_SERROR
	.endr
	.balign	128
