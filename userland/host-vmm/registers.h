/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_REGISTERS_H
#define VMM_REGISTERS_H

#include "vcpu.h"

/* System registers that the kernel leaves to the VMM (exit `register`). The guest's lock is held. */
void registers_access(struct vcpu *v, const struct nie_run_exit *e);

/* Its vCPU starts anew. */
void registers_reset(struct vcpu *v);
/* Bring the physical timer's interrupt up to date. Returns `until`, or when the timer fires if that is earlier. */
static inline u64 registers_timer(struct vcpu *v, u64 until);

u64 registers_running_timer(struct vcpu *v, u64 until);

static inline u64 registers_timer(struct vcpu *v, u64 until)
{
	return v->timer.control == 0u ? until : registers_running_timer(v, until);
}

#endif
