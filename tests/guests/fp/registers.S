/* SPDX-License-Identifier: Apache-2.0 */
	.arch	armv8-a+fp+simd
	.text
	/* x0: seed. Register n holds seed + n and its complement; FPCR and FPSR some of their bits. */
	.global fp_fill
fp_fill:
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	add	x1, x0, #\n
	mvn	x2, x1
	mov	v\n\().d[0], x1
	mov	v\n\().d[1], x2
	.endr
	and	x1, x0, #(3 << 8)
	lsl	x1, x1, #14		/* FPCR.RMode */
	msr	fpcr, x1
	ubfx	x1, x0, #8, #4
	msr	fpsr, x1
	ret

	.global fp_wrong
fp_wrong:
	mov	x4, #0
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	add	x1, x0, #\n
	mvn	x2, x1
	mov	x3, v\n\().d[0]
	cmp	x3, x1
	cinc	x4, x4, ne
	mov	x3, v\n\().d[1]
	cmp	x3, x2
	cinc	x4, x4, ne
	.endr
	and	x1, x0, #(3 << 8)
	lsl	x1, x1, #14
	mrs	x2, fpcr
	cmp	x1, x2
	cinc	x4, x4, ne
	ubfx	x1, x0, #8, #4
	mrs	x2, fpsr
	cmp	x1, x2
	cinc	x4, x4, ne
	mov	x0, x4
	ret

	.global fp_zero
fp_zero:
	mov	x0, #0
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	mov	x1, v\n\().d[0]
	cmp	x1, #0
	cinc	x0, x0, ne
	.endr
	ret
