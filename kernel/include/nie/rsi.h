/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_RSI_H
#define NIE_RSI_H

#include "nie/types.h"

/* A call of the guest that is current on this core to the Realm Services Interface (Arm DEN0137, RSI 1.0); false,
 * and nothing done, if the function in its x0 is none of those that are answered. */
bool rsi_call(u32 core);

#endif
