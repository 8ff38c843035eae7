/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry of a task. The stack lies in .bss (task.ld). Each vCPU has its thread-local block at the top of
 * its stack; TPIDR_EL0 points 16 bytes below the variables (AAPCS64 TLS variant 1: the thread
 * control block has 16 bytes).
 */
#define TLS_SIZE 128 /* NIE_TLS_SIZE */

	.section .text.start, "ax"
	.global _start
	.type _start, %function
_start:
	adrp	x9, task_stack_top
	add	x9, x9, :lo12:task_stack_top
	mov	sp, x9
	sub	sp, sp, #TLS_SIZE
	mov	x9, sp
	msr	tpidr_el0, x9
	stp	x4, x5, [sp, #-16]!
	stp	x2, x3, [sp, #-16]!
	stp	x0, x1, [sp, #-16]!
	mov	x0, sp
	mov	x29, xzr
	mov	x30, xzr
	bl	task_main
	b	nie_sleep_forever

	.global nie_thread_entry
	.type nie_thread_entry, %function
nie_thread_entry:
	sub	sp, sp, #TLS_SIZE
	mov	x9, sp
	msr	tpidr_el0, x9
	ldp	x9, x0, [x0]
	mov	x29, xzr
	mov	x30, xzr
	blr	x9
	b	nie_sleep_forever

	.section .note.GNU-stack, "", %progbits
