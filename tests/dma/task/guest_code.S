/* SPDX-License-Identifier: Apache-2.0 */
	/* With the MMU off: the word at GUEST_WORD goes to where nothing is, and so to the VMM, for ever. */
	.section .rodata.guest, "a"
	.balign	8
	.global	guest_code, guest_code_end
guest_code:
	mov	x1, #0x40000000
	add	x1, x1, #1, lsl #12
	mov	x3, #0x0a000000
1:	ldr	x2, [x1]
	str	x2, [x3]
	b	1b
	.balign	8
guest_code_end:
