/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/api.h"
#include "percpu_offsets.h"

/*
 * EL2's vectors (Arm ARM D1.3.1). While EL0 or EL1 runs, SP_EL2 is the address of its struct vcpu, where entry
 * stores its general registers. C at EL2 is compiled so that it leaves X9 to X18 alone, and X19 to X29 as it found
 * them (kernel/CMakeLists.txt). So what ends soon runs with X0 to X9 and X30 stored, and X9 as the address of the
 * struct vcpu; what may put another vCPU on the core goes on with all registers stored.
 */
#define EC_SVC64 0x15
#define EC_HVC64 0x16

	.macro store_some
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	str	x30, [sp, #VCPU_X30]
	mov	x9, sp
	.endm

	.macro load_some_and_return
	ldp	x0, x1, [sp, #0]
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldr	x30, [sp, #VCPU_X30]
	eret
	dsb	nsh			/* no speculation past ERET */
	isb
	.endm

	.macro store_others
	stp	x10, x11, [x9, #80]
	stp	x12, x13, [x9, #96]
	stp	x14, x15, [x9, #112]
	stp	x16, x17, [x9, #128]
	stp	x18, x19, [x9, #144]
	stp	x20, x21, [x9, #160]
	stp	x22, x23, [x9, #176]
	stp	x24, x25, [x9, #192]
	stp	x26, x27, [x9, #208]
	stp	x28, x29, [x9, #224]
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	stp	x2, x3, [x9, #VCPU_PC]
	.endm

/* Whoever sees the kernel lock free first gets it (lock.c). It holds any value but 0, like its own address. */
	.macro take_lock		/* x3: where it is; uses x2 */
	ldr	x3, =kernel_lock_taken
8:	ldaxr	w2, [x3]
	cbnz	w2, 9f
	stxr	w2, w3, [x3]
	cbnz	w2, 8b
	.endm

	.macro wait_for_lock		/* its other half, out of the way */
9:	wfe
	b	8b
	.endm

/* On with all registers stored and the lock: x0: struct percpu, x1 as it is. */
	.macro go_slow handler
	store_others
	take_lock
	core_stack
	b	\handler
	wait_for_lock
	.endm

	.macro core_stack		/* x0: struct percpu */
	mrs	x0, tpidr_el2
	mov	sp, x0
	.endm

/* Each vector is a section, and what has room behind one has a name that sorts there (kernel.ld). */
	.macro vector name
	.section .vectors.\name, "ax"
	.balign	128
	.endm

/* Registers in use are saved where nothing is needed any more: the machine stops. */
	.macro report name, kind
	vector	\name
	msr	tpidr_el1, x0
	mov	x0, #\kind
	b	report_exception
	.endm

	.section .text.entry, "ax"
/* A hypercall, x8. Those in the table leave their caller where it is. */
plain_call:
	cmp	x8, #NIE_CALL_LIMIT
	b.hs	slow_call
	ldr	x4, =plain_calls
	ldr	x4, [x4, x8, lsl #3]
	cbz	x4, slow_call
	take_lock
	core_stack
	ldr	w0, [x0, #PERCPU_LOADED]
	mov	x1, x9
	blr	x4
	ldr	x3, =kernel_lock_taken
	str	x0, [x9]
	mov	sp, x9
	stlr	wzr, [x3]
	load_some_and_return
	wait_for_lock

	.global resume_vcpu
resume_vcpu:				/* x0: struct vcpu; with the lock */
	ldr	x1, =kernel_lock_taken
	ldp	x2, x3, [x0, #VCPU_PC]
	stlr	wzr, [x1]
	mov	sp, x0
	msr	elr_el2, x2
	msr	spsr_el2, x3
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
	load_some_and_return

	.ltorg

	.section .vectors.00, "ax"	/* current EL, SP_EL0, then SP_EL2 */
	.balign	2048
	.global vectors
vectors:
	report	00, PANIC_SYNC

report_exception:			/* x0: kind; the one it had: TPIDR_EL1 */
	msr	tpidr_el0, x1
	msr	tpidrro_el0, x2
	mov	x1, sp
	mrs	x2, tpidr_el2
	add	x2, x2, #((PERCPU_PANIC_STACK - 256) & ~0xfff)
	add	x2, x2, #((PERCPU_PANIC_STACK - 256) & 0xfff)
	mov	sp, x2
	mrs	x2, tpidrro_el0
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

	report	01, PANIC_IRQ

slow_irq:				/* w1: INTID */
	go_slow	lower_irq

	report	02, PANIC_FIQ
	report	03, PANIC_SERROR
	report	04, PANIC_SYNC
	report	05, PANIC_IRQ
	report	06, PANIC_FIQ

slow_call:
	go_slow	lower_call

	report	07, PANIC_SERROR

slow_sync:				/* x1: ESR_EL2 */
	go_slow	lower_sync

	/* Lower EL, AArch64, then AArch32: EL1 is AArch64, but it may enter EL0 in AArch32. */
	.macro from_lower_el sync, irq, fiq, serror
	vector	\sync
	store_some
	mrs	x1, esr_el2
	lsr	x2, x1, #26
	cmp	x2, #EC_SVC64		/* only a task's comes here: HCR_EL2.TGE */
	b.eq	plain_call
	cmp	x2, #EC_HVC64
	b.ne	slow_sync
	core_stack
	mov	x0, x9
	bl	guest_query
	mov	sp, x9
	mrs	x1, esr_el2
	cbz	w0, slow_sync
	load_some_and_return
	vector	\irq
	store_some
	core_stack
	bl	gic_acknowledge
	mov	w1, w0
	mov	sp, x9
	cmp	w0, #INTID_NONE
	b.ne	slow_irq
	load_some_and_return
	report	\fiq, PANIC_FIQ
	report	\serror, PANIC_SERROR
	.endm

	from_lower_el 08, 09, 10, 11
	from_lower_el 12, 13, 14, 15
	vector	16
	.global vectors_end
vectors_end:
