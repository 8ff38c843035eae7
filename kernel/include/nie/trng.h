/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_TRNG_H
#define NIE_TRNG_H

#include "nie/vcpu.h"

/* A guest's call of the TRNG firmware interface. False: `function` is none, or the CPU has no random numbers. */
bool trng_call(struct vcpu *v, u32 function, u64 argument);

#endif
