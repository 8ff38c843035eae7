/* SPDX-License-Identifier: Apache-2.0 */
/* What guest.S and guests.c agree on; for assembly and C alike. */
#ifndef GUESTS_H
#define GUESTS_H

#define GUEST_RAM 0x40000000
#define GUEST_ROUNDS 64

/* Nothing is mapped here. A write to RESULTS + 8 * n reports a time, n as in enum result. */
#define RESULTS 0x09000000
#define DEVICE 0x0a000000

/* x0 of a guest: what it does. */
#define PROGRAM_MEASURE 0
#define PROGRAM_FLOAT 1 /* uses a floating-point register, then WFI, for ever */
#define PROGRAM_IPI 2   /* sends its second vCPU interrupts */

#define RESULT_NOTHING 0
#define RESULT_HVC 1
#define RESULT_WRITE 2
#define RESULT_READ 3
#define RESULT_WFI 4
#define RESULT_ID 5
#define RESULT_QUIET 6   /* a loop, */
#define RESULT_TIMER 7   /* the same, interrupted once */
#define RESULT_LATENCY 8 /* from CNTV_CVAL to the guest's vector */
#define RESULT_IPI 9
#define RESULT_COUNT 10

#endif
