/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_SCHEDULER_H
#define VMM_SCHEDULER_H

#include "vcpu.h"

/*
 * The VMM's cores share one run queue: each takes the vCPU whose turn it is (runqueue.h), lends it the core
 * until it waits or its slice is over, and goes on; a core with nobody to run sleeps in `wait`.
 * A vCPU belongs to the core that took it until it hands it back by one of the calls below. The first vCPU of a
 * guest that is being built or taken apart stands for that work.
 */
#define SLICE_MILLISECONDS 5u
#define SHORTEST_MILLISECONDS 1u /* so long a sleeper may wait for a core when all are busy */

struct vmm;
void scheduler_init(struct vmm *vmm);
/* A core that runs scheduler_run(): `own_vcpu` is the slot of the VMM's vCPU there, for kicks. */
void scheduler_add_core(u32 core, u64 own_vcpu);
/* Returns when scheduler_stop() has been called. */
void scheduler_run(u32 core);
void scheduler_stop(void);

/* A vCPU becomes ready: the first time, or turned on again. */
void scheduler_start(struct vcpu *v);
/* If it sleeps it becomes ready. */
void scheduler_wake(struct vcpu *v);

/* By the core that runs it. */
void scheduler_sleep(struct vcpu *v, u64 wake);
/* True: all vCPUs of its guest are off, so nobody can turn one on again. */
bool scheduler_off(struct vcpu *v);
/* The slice is over. False: nobody else is ready, it keeps the core. */
bool scheduler_yield(struct vcpu *v);
/* End of a slice that begins now. */
u64 scheduler_slice_end(const struct vcpu *v);

/* Take a guest's vCPUs out of the queue, and kick those on other cores. */
void scheduler_stop_guest(struct guest *g);
/* By the core that runs v: it will not run again. True: it was the guest's last on any core. */
bool scheduler_leave(struct vcpu *v);

#endif
