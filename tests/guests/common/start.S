/* SPDX-License-Identifier: Apache-2.0 */
#include "frames.h"

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
	push_changed
	bl	guest_interrupt
	pop_changed
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
