/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel measures with the floating-point registers: does the caller find its own afterwards? */
#include "nie/api.h"

	.macro every operation
	mov	x9, #0x1000
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\operation \n
	add	x9, x9, #1
	.endr
	.endm

	.macro set n
	dup	v\n\().2d, x9
	.endm

	.macro compare n
	umov	x11, v\n\().d[0]
	umov	x12, v\n\().d[1]
	eor	x11, x11, x9
	eor	x12, x12, x9
	orr	x10, x10, x11
	orr	x10, x10, x12
	.endm

	.text
	.global donate_keeps_fp
donate_keeps_fp:			/* arguments of donate; not 0 if it fails or a register changed */
	stp	d8, d9, [sp, #-64]!
	stp	d10, d11, [sp, #16]
	stp	d12, d13, [sp, #32]
	stp	d14, d15, [sp, #48]
	every	set
	mov	x8, #NIE_CALL_DONATE
	svc	#0
	mov	x10, x0
	every	compare
	mov	x0, x10
	ldp	d10, d11, [sp, #16]
	ldp	d12, d13, [sp, #32]
	ldp	d14, d15, [sp, #48]
	ldp	d8, d9, [sp], #64
	ret
