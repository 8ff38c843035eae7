/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bare-metal guest: greets on the UART of QEMU's `virt` machine, and turns itself off (PSCI SYSTEM_OFF). It knows
 * nothing of nie: qemu-system-aarch64 -M virt -cpu max -nographic -kernel greet.img runs it as well.
 */
	.text
	.global _start
_start:
	b	start                   /* the header of an arm64 Image: Linux, Documentation/arch/arm64/booting.rst */
	.long	0
	.quad	0
	.quad	4096
	.quad	0xa
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0
start:
	mov	x1, #0x09000000         /* PL011: UARTDR at 0, UARTFR at 0x18 */
	adr	x2, text
1:	ldrb	w0, [x2], #1
	cbz	w0, 3f
2:	ldr	w3, [x1, #0x18]
	tbnz	w3, #5, 2b              /* TXFF: the FIFO is full */
	str	w0, [x1]
	b	1b
3:	ldr	x0, =0x84000008
	hvc	#0
	b	.
text:
	.asciz	"Hello from a guest that its VMM cannot look into.\r\n"
	.balign	8
	.ltorg
