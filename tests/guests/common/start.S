/* SPDX-License-Identifier: Apache-2.0 */
/* The arm64 boot protocol: Linux, Documentation/arch/arm64/booting.rst. */
	.section .head, "ax"
	.global image_header
image_header:
	b	start
	.long	0
	.quad	0                       /* text_offset */
	.quad	image_size              /* from the linker script */
	.quad	0xa                     /* little endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.text
	.global start
start:
	mov	x19, x0
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	msr	vbar_el1, x1
	adrp	x1, stack_top
	add	x1, x1, :lo12:stack_top
	mov	sp, x1
	adrp	x1, bss_start
	add	x1, x1, :lo12:bss_start
	adrp	x2, bss_end
	add	x2, x2, :lo12:bss_end
0:	cmp	x1, x2
	b.hs	1f
	str	xzr, [x1], #8
	b	0b
1:	isb
	mov	x0, x19
	mov	x29, xzr
	mov	x30, xzr
	b	guest_main

	/* Only what AAPCS64 lets a called function change. */
interrupt:
	stp	x0, x1, [sp, #-160]!
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	bl	guest_interrupt
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x30, [sp, #144]
	ldp	x0, x1, [sp], #160
	eret

exception:
	mrs	x0, esr_el1
	mrs	x1, elr_el1
	mrs	x2, far_el1
	b	guest_exception

	/* Arm ARM D1.4.2: the current EL with SP_ELx is the second group of four. */
	.balign	2048
vectors:
	.rept	5
	b	exception
	.balign	128
	.endr
	b	interrupt
	.balign	128
	.rept	10
	b	exception
	.balign	128
	.endr

	.bss
	.balign	16
	.space	8192
stack_top:
