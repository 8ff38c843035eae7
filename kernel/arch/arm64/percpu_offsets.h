/* SPDX-License-Identifier: Apache-2.0 */
/* For assembly and C alike. A core's area is a guard page, its stack, its struct percpu, and a
 * stack for reports: TPIDR_EL2 holds the struct's address, which is also the top of the stack. */
#ifndef NIE_PERCPU_OFFSETS_H
#define NIE_PERCPU_OFFSETS_H

#define PERCPU_SIZE 64
#define PERCPU_LOADED 4
#define INTID_NONE 1023
#define AREA_SIZE 16384
#define PERCPU_OFFSET (12288 - PERCPU_SIZE)
#define PERCPU_PANIC_STACK (AREA_SIZE - PERCPU_OFFSET)

/* struct vcpu */
#define VCPU_X30 240
#define VCPU_PC 248
#define VCPU_PSTATE 256

/* Vectors that lead to a report. */
#define PANIC_SYNC 0
#define PANIC_IRQ 1
#define PANIC_FIQ 2
#define PANIC_SERROR 3

#endif
