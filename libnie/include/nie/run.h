/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_RUN_H
#define NIE_RUN_H

#include "nie/stubs.h"
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
static inline u64 nie_run_vcpu(u64 vcpu, const struct nie_run_entry *entry, struct nie_run_exit *exit);

/* The simplest VMM: run until an exit that the vCPU itself caused (neither an interrupt nor a kick
 * ends it, the deadline does), keeping the list registers as the guest leaves them. */
u64 nie_run_until_exit(u64 vcpu, struct nie_run_entry *entry, struct nie_run_exit *exit);

/* The details of an exit other than `mmio`, by exit->reason. */
void nie_run_details(u64 detail1, u64 detail2, u64 detail3, struct nie_run_exit *exit);

static inline u64 nie_run_vcpu(u64 vcpu, const struct nie_run_entry *entry, struct nie_run_exit *exit)
{
	struct nie_run_results r;
	u64 status = nie_run(vcpu, entry->deadline, entry->reply, entry->list[0], entry->list[1], entry->list[2],
			     entry->flags, &r);

	if (status != NIE_OK) {
		return status;
	}
	exit->reason = (u32)(r.exit & 0xffu);
	exit->timer_pending = (r.exit & 0x100u) != 0;
	exit->timer_active = (r.exit & 0x200u) != 0;
	exit->ended = (u32)(r.exit >> 16) & 0x1fu;
	exit->list[0] = r.list1;
	exit->list[1] = r.list2;
	exit->list[2] = r.list3;
	if (exit->reason == NIE_EXIT_MMIO) {
		exit->mmio.ipa = r.detail1;
		exit->mmio.value = r.detail2;
		exit->mmio.size = (u32)(r.detail3 & 0xfu);
		exit->mmio.write = (r.detail3 & 0x100u) != 0;
	} else {
		nie_run_details(r.detail1, r.detail2, r.detail3, exit);
	}
	return NIE_OK;
}

#endif
