/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_PSCI_H
#define NIE_PSCI_H

#include "nie/types.h"

/* An SMC or HVC of the guest that is current on this core (SMCCC 1.2, PSCI 1.1). */
void guest_call(u32 core);

#endif
