/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_IRQ_H
#define NIE_IRQ_H

#include "nie/types.h"

/* Hardware interrupts (SPIs) for tasks. `intid` is 32 to 1019. */
void irq_bind(u32 intid, u32 core);
/* Fired, and not acknowledged since. */
bool irq_pending(u32 intid);
/* Deactivate it so that it can fire again; false if it is not pending. */
bool irq_ack(u32 intid);
/* Nobody may hear of it any more: disable it, and deactivate it if it is pending. */
void irq_end(u32 intid);
/* Note that it fired: acknowledged, priority dropped, still active. */
void irq_fired(u32 intid);

#endif
