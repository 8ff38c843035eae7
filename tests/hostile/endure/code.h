/* SPDX-License-Identifier: Apache-2.0 */
/* What code.S and the C files agree on. */
#ifndef CODE_H
#define CODE_H

#define GUEST_RAM 0x40000000
#define GUEST_NOTHING 0x09000000

/* x0 of a guest's vCPU: what it does. */
#define PROGRAM_OFF 0
#define PROGRAM_RESET 1
#define PROGRAM_NOWHERE 2 /* jumps to where nothing is */
#define PROGRAM_UNDEFINED 3 /* with no vectors */
#define PROGRAM_SPIN 4
#define PROGRAM_WAIT 5
#define PROGRAM_DEVICE 6 /* reads a device for ever */
#define PROGRAM_ON 7 /* starts its second vCPU, and waits */
#define PROGRAM_COUNT 8
#define PROGRAM_MARK 8 /* marks all registers, then waits */

/* Halfwords of what PROGRAM_MARK leaves, and of what run_watched() puts into a task's registers. */
#define MARK_GUEST 0x5ec7
#define MARK_TASK 0x7a5c

/* What el0_dump() stores, in doublewords: V0 to V31, then these. */
#define DUMP_FPCR 64
#define DUMP_FPSR 65
#define DUMP_TPIDR 66
#define DUMP_TPIDRRO 67
#define DUMP_SP 68
#define DUMP_X1 69 /* X1 to X30 */
#define DUMP_COUNT 99

#endif
