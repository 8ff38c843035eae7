/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_RUN_H
#define NIE_RUN_H

#include "nie/vcpu.h"

/*
 * A core runs a chain of vCPUs: the task it was started with, the vCPU that task lent the core to,
 * and so on. The last one runs; the others wait in run().
 */
#define CHAIN_LIMIT 4u

/* End the current vCPU's run: the core goes back to its runner, whose run() returns the reason (NIE_EXIT_*) and
 * details. A task that the core was started with has no runner: the core is then without a task. */
void exit_to_runner(u32 core, u64 reason, u64 detail1, u64 detail2, u64 detail3);

/* Look at everything that may end a run on this core (kick, deadline, interrupt, destruction) and
 * unwind the chain as far as it asks for. */
void chain_check(u32 core);

/* Program this core's timer with the earliest deadline of its chain. */
void deadline_set(u32 core);

/* Registers of a vCPU that starts: at `entry`, with `argument` in x0 and all else as at reset. */
RARE void vcpu_reset(granule_t vcpu, u64 entry, u64 argument, u64 stack);

#endif
