/* SPDX-License-Identifier: Apache-2.0 */
#include "frames.h"

	.text
	/* As CPU_ON starts a CPU: writes what it finds into raw_seen, and turns itself off. */
	.global raw_start
raw_start:
	adrp	x1, raw_seen
	add	x1, x1, :lo12:raw_seen
	mrs	x2, sctlr_el1
	mrs	x3, CurrentEL
	stp	x2, x3, [x1, #8]
	mrs	x2, daif
	mrs	x3, spsel
	stp	x2, x3, [x1, #24]
	mrs	x2, mpidr_el1
	str	x2, [x1, #40]
	str	x0, [x1]
	dsb	sy
	mov	x0, #2			/* CPU_OFF, 0x84000002 */
	movk	x0, #0x8400, lsl #16
	hvc	#0
	b	.

	/* x0: function. Number of registers x4 to x30 that HVC did not keep. */
	.global registers_kept
registers_kept:
	push_kept
	.irp	n, 4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	mov	x\n, #(\n * 257)
	.endr
	mov	x1, #0
	mov	x2, #0
	mov	x3, #0
	hvc	#0
	mov	x0, #0
	.irp	n, 4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	mov	x1, #(\n * 257)
	cmp	x\n, x1
	cinc	x0, x0, ne
	.endr
	pop_kept
	ret
