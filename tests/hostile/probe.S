/* SPDX-License-Identifier: Apache-2.0 */
/* Where a probing vCPU begins, and what it does: it comes to probe_done, or it does not. */
#include "nie/api.h"

	.macro entry name
	.global \name
	.type \name, %function
\name:
	.endm

	.text
entry probe_read
	ldr	x1, [x0]
	b	probe_done
entry probe_write
	str	x0, [x0]
	b	probe_done
entry probe_execute
	adr	x30, probe_done
	br	x0
entry probe_random	/* x0: struct runner, which begins with the top of its stack */
	ldr	x1, [x0]
	mov	sp, x1
	bl	random_calls
	b	probe_done

entry probe_done
	adrp	x2, probe_value
	str	x1, [x2, :lo12:probe_value]
entry probe_sleep
0:	mov	x0, #-1
	mov	x8, #NIE_CALL_WAIT
	svc	#0
	b	0b

/* Each does one thing that EL0 may not do. */
	.macro privileged name, instruction:vararg
entry probe_\name
	\instruction
	b	probe_done
	.endm

	privileged timer, mrs x1, cntv_cval_el0
	privileged timer_set, msr cntv_ctl_el0, xzr
	privileged pmu, mrs x1, pmccntr_el0
	privileged ttbr, mrs x1, ttbr0_el1
	privileged tpidr, mrs x1, tpidr_el1
	privileged vbar, msr vbar_el1, x0
	privileged far, mrs x1, far_el1
	privileged key, mrs x1, s3_0_c2_c1_0	/* APIAKeyLo_EL1 */
	privileged vttbr, mrs x1, vttbr_el2
	privileged hcr, msr hcr_el2, xzr
	privileged list, mrs x1, s3_4_c12_c12_0	/* ICH_LR0_EL2 */
	privileged debug, mrs x1, mdscr_el1
	privileged tlbi, tlbi vmalle1
	privileged translate, at s1e1r, x0
	privileged mask, msr daifset, #2
	privileged hvc, hvc #0
	privileged smc, smc #0
	privileged eret, eret
	privileged undefined, .inst 0

	.section .bss.probe_value, "aw", %nobits
	.balign	8
	.global probe_value
probe_value:
	.space	8

	.section .note.GNU-stack, "", %progbits
