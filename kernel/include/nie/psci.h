/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_PSCI_H
#define NIE_PSCI_H

#include "nie/vcpu.h"

/* True, and answered, if the HVC or SMC asks what depends on nothing but its arguments. */
bool guest_query(struct vcpu *v);
/* An SMC or HVC of the guest that is current on this core (SMCCC 1.2, PSCI 1.1). */
void guest_call(u32 core);

#endif
