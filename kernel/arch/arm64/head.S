/* SPDX-License-Identifier: Apache-2.0 */
#include "percpu_offsets.h"

/*
 * The arm64 Image header (Linux Documentation/arch/arm64/booting.rst), the table that the image
 * builder patches, and every core's way to its first C function.
 */

#define SCTLR_OFF 0x30c50830		/* RES1 bits only: MMU and caches off, little-endian */
#define SCTLR_ON (0x1 | 0x4 | 0x8 | 0x1000 | 0x80000)	/* M, C, SA, I, WXN */
#define MAIR 0xff00			/* 0: Device-nGnRnE, 1: Normal write-back */
#define TCR 0x80803519			/* T0SZ 25, 4 KiB granule, inner shareable write-back walks */
#define HCR_RW_AMO_IMO_FMO 0x80000038	/* E2H 0; interrupts come to EL2 */

	.section .head, "ax"
	.global _head
_head:
	b	boot_core
	nop
	.quad	0			/* text_offset: at the start of any 2 MiB of RAM */
	.global image_size
image_size:
	.quad	kernel_size		/* patched */
	.quad	0x2			/* little-endian, 4 KiB pages, near the base of RAM */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.word	0
	.global image_table
image_table:
	.quad	0x30656d695f65696e	/* "nie_ime0" */
	.quad	0, 0, 0, 0, 0, 0	/* patched */

boot_core:
	mrs	x1, CurrentEL
	cmp	x1, #(2 << 2)
	adr	x2, not_el2
	b.ne	complain
	adr	x1, _head
	ldr	x3, =_head
	cmp	x1, x3
	adr	x2, wrong_place
	b.ne	complain
	mov	x19, #0
	b	init_core

	.global secondary_core
secondary_core:				/* x0: context given to PSCI CPU_ON, the core's number */
	mov	x19, x0

init_core:
	msr	daifset, #0xf
	msr	spsel, #1
	ldr	x0, =SCTLR_OFF
	msr	sctlr_el2, x0
	ldr	x0, =HCR_RW_AMO_IMO_FMO
	msr	hcr_el2, x0
	isb
	ldr	x0, =areas + PERCPU_OFFSET
	mov	x1, #AREA_SIZE
	madd	x20, x19, x1, x0
	msr	tpidr_el2, x20
	mov	sp, x20
	ldr	x0, =vectors
	msr	vbar_el2, x0
	isb
	cbnz	x19, 1f
	bl	mmu_build
1:
	ldr	x0, =MAIR
	msr	mair_el2, x0
	ldr	x0, =TCR
	mrs	x1, id_aa64mmfr0_el1
	and	x1, x1, #0xf		/* PARange; TCR_EL2.PS up to 48 bits */
	mov	x2, #5
	cmp	x1, x2
	csel	x1, x1, x2, lo
	orr	x0, x0, x1, lsl #16
	msr	tcr_el2, x0
	ldr	x0, =mmu_roots
	add	x0, x0, x19, lsl #12
	msr	ttbr0_el2, x0
	dsb	sy
	isb
	tlbi	alle2
	tlbi	alle1
	ic	iallu
	dsb	sy
	isb
	ldr	x0, =SCTLR_OFF | SCTLR_ON
	msr	sctlr_el2, x0
	isb
	mov	x0, x19
	b	start_core

/* Before there is a stack: x2 is the text. */
complain:
	ldr	x1, =console_address
2:	ldrb	w0, [x2], #1
	cbz	w0, 3f
	str	w0, [x1]
	b	2b
3:	wfi
	b	3b
	.ltorg

	.section .vectors.04.free, "ax" /* entry.S */
not_el2:
	.asciz	"nie: stopped: not entered at EL2: start QEMU with -M virt,virtualization=on\r\n"
	.section .vectors.05.free, "ax"
wrong_place:
	.asciz	"nie: stopped: not loaded at the address that the kernel was built for\r\n"
