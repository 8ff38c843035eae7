/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls about hardware interrupts. */
#include "authority.h"

#include "nie/irq.h"
#include "nie/view.h"

status_t call_irq_bind(u32 on_core, granule_t caller, u64 irq)
{
	u64 found = cap_of(caller, irq, TYPE_SET(NIE_TYPE_IRQ), NIE_RIGHT_CONTROL);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_IRQ_BIND_ARG_IRQ);
	}
	slot_t s = (slot_t)found;

	irq_bind(slot_at(s)->object, on_core);
	return NIE_OK;
}

status_t call_irq_poll(granule_t caller, u64 irq, u64 results[1])
{
	u64 found = cap_of(caller, irq, TYPE_SET(NIE_TYPE_IRQ), NIE_RIGHT_READ);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_IRQ_POLL_ARG_IRQ);
	}
	slot_t s = (slot_t)found;
	results[0] = irq_pending(slot_at(s)->object) ? 1u : 0u;
	return NIE_OK;
}

status_t call_irq_ack(granule_t caller, u64 irq)
{
	u64 found = cap_of(caller, irq, TYPE_SET(NIE_TYPE_IRQ), NIE_RIGHT_CONTROL);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_IRQ_ACK_ARG_IRQ);
	}
	slot_t s = (slot_t)found;
	return irq_ack(slot_at(s)->object) ? NIE_OK : NIE_IRQ_ACK_WRONG_STATE_IRQ;
}
