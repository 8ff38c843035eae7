/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_NATIVE_STEP_H
#define NIE_NATIVE_STEP_H

#include "nie/types.h"

/* The next step of the guest's vCPU that is current on core 0. */
void step_of_guest(granule_t vcpu);
void steps_forget(void);

#endif
