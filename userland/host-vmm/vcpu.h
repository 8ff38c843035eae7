/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include "nie/run.h"
#include "physical_timer.h"
#include "runqueue.h"

struct guest;

#define EXIT_REASONS 24u

struct vcpu {
	struct runner runner; /* first: the run queue holds these */
	struct guest *guest;
	u32 index;
	u32 core; /* that took it last */
	u64 slot;
	bool turned_on; /* scheduler: CPU_ON came before its CPU_OFF was seen here */
	bool in_guest;  /* guest's lock: its list registers are lent, changes need a kick */
	u64 reply;
	struct physical_timer timer;
	u64 exits[EXIT_REASONS]; /* by reason; only the core that runs it writes */
};

_Static_assert(EXIT_REASONS > NIE_EXIT_REGISTER, "a counter for each reason");

/* Run it on this core until it waits, is off, or others want the core. It has been handed back to
 * the scheduler when this returns. */
void vcpu_execute(struct vcpu *v);

/* The guest's interrupt controller has something for it. The guest's lock is held. */
void vcpu_notify(struct vcpu *v);

#endif
