/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 over whole blocks with the Armv8 instructions (Arm ARM C7.2, FEAT_SHA256): fast because a guest's
 * content is measured with it. Uses V0 to V9 and V16 to V31: window.c borrows the FP registers.
 */
	.arch	armv8-a+crypto

	/* Four rounds; \n is their number. The last four steps extend no schedule. */
	.macro rounds n, k, w0, w1, w2, w3
	add	v8.4s, v\w0\().4s, v\k\().4s
	mov	v9.16b, v2.16b
	.if	\n < 12
	sha256su0 v\w0\().4s, v\w1\().4s
	.endif
	sha256h	q2, q3, v8.4s
	sha256h2 q3, q9, v8.4s
	.if	\n < 12
	sha256su1 v\w0\().4s, v\w2\().4s, v\w3\().4s
	.endif
	.endm

	.text
	.global sha256_blocks
sha256_blocks:				/* x0: u32 state[8], x1: data, x2: number of blocks, not 0 */
	adrp	x3, constants
	add	x3, x3, :lo12:constants
	ld1	{v16.4s-v19.4s}, [x3], #64
	ld1	{v20.4s-v23.4s}, [x3], #64
	ld1	{v24.4s-v27.4s}, [x3], #64
	ld1	{v28.4s-v31.4s}, [x3]
	ld1	{v0.4s-v1.4s}, [x0]
1:	ld1	{v4.16b-v7.16b}, [x1], #64
	rev32	v4.16b, v4.16b
	rev32	v5.16b, v5.16b
	rev32	v6.16b, v6.16b
	rev32	v7.16b, v7.16b
	mov	v2.16b, v0.16b
	mov	v3.16b, v1.16b
	rounds	0, 16, 4, 5, 6, 7
	rounds	1, 17, 5, 6, 7, 4
	rounds	2, 18, 6, 7, 4, 5
	rounds	3, 19, 7, 4, 5, 6
	rounds	4, 20, 4, 5, 6, 7
	rounds	5, 21, 5, 6, 7, 4
	rounds	6, 22, 6, 7, 4, 5
	rounds	7, 23, 7, 4, 5, 6
	rounds	8, 24, 4, 5, 6, 7
	rounds	9, 25, 5, 6, 7, 4
	rounds	10, 26, 6, 7, 4, 5
	rounds	11, 27, 7, 4, 5, 6
	rounds	12, 28, 4, 5, 6, 7
	rounds	13, 29, 5, 6, 7, 4
	rounds	14, 30, 6, 7, 4, 5
	rounds	15, 31, 7, 4, 5, 6
	add	v0.4s, v0.4s, v2.4s
	add	v1.4s, v1.4s, v3.4s
	subs	x2, x2, #1
	b.ne	1b
	st1	{v0.4s-v1.4s}, [x0]
	ret

	.section .rodata
	.balign	16
constants:				/* FIPS 180-4, 4.2.2 */
	.word	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5
	.word	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174
	.word	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da
	.word	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967
	.word	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85
	.word	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070
	.word	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3
	.word	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
