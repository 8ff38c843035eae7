/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_RUN_H
#define NIE_RUN_H

#include "nie/task.h"

#define NIE_RUN_LISTS 3u

/* What `run` takes. */
struct nie_run_entry {
	u64 deadline; /* CNTPCT; NIE_NEVER */
	u64 reply;    /* data for the mmio read that the previous exit asked for */
	u64 list[NIE_RUN_LISTS];
	u64 flags; /* NIE_RUN_FLAG_* */
};

/* What `run` returns, decoded. */
struct nie_run_exit {
	u32 reason;         /* NIE_EXIT_* */
	bool timer_pending, timer_active; /* the interrupt of the virtual timer */
	u32 ended; /* with NIE_RUN_FLAG_ENDS: interrupts that ended and were in no list register */
	u64 list[NIE_RUN_LISTS];
	union {
		struct {
			u64 ipa;
			u64 value; /* of a write */
			u32 size;  /* bytes: 1, 2, 4, 8 */
			bool write;
		} mmio;
		struct {
			u64 ipa; /* NIE_NEVER: not known */
			bool read, write, fetch;
		} fault;
		struct {
			u64 wake; /* CNTPCT at which the virtual timer fires, or NIE_NEVER */
		} wfi;
		struct {
			u64 value; /* ICC_SGI1R_EL1 */
		} sgi;
		struct {
			u64 index;
		} cpu_on;
		struct {
			u64 class, address, pc;
		} crash;
		struct {
			u64 base, top;
			bool ram; /* false: given up */
		} ipa_state;
		struct {
			u64 encoding; /* as in a trap's syndrome */
			u64 value;    /* of a write */
			bool write;
		} reg;
	};
};

/* Lend this core to a vCPU. Returns the status; `exit` is written when that is NIE_OK. */
u64 nie_run_vcpu(u64 vcpu, const struct nie_run_entry *entry, struct nie_run_exit *exit);

/* The simplest VMM: run until an exit that the vCPU itself caused (neither an interrupt nor a kick
 * ends it, the deadline does), keeping the list registers as the guest leaves them. */
u64 nie_run_until_exit(u64 vcpu, struct nie_run_entry *entry, struct nie_run_exit *exit);

#endif
