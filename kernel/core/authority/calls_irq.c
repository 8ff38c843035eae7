/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls about hardware interrupts. */
#include "authority.h"

#include "nie/irq.h"
#include "nie/view.h"

status_t call_irq_bind(u32 on_core, granule_t caller, u64 irq)
{
	slot_t s = SLOT_NONE;
	u64 error = cap_find(caller, irq, TYPE_SET(NIE_TYPE_IRQ), NIE_RIGHT_CONTROL, &s);

	if (error != NIE_OK) {
		return blame(error, NIE_IRQ_BIND_ARG_IRQ);
	}
	irq_bind(slot_at(s)->object, on_core);
	return NIE_OK;
}

status_t call_irq_poll(granule_t caller, u64 irq, u64 results[1])
{
	slot_t s = SLOT_NONE;
	u64 error = cap_find(caller, irq, TYPE_SET(NIE_TYPE_IRQ), NIE_RIGHT_READ, &s);

	if (error != NIE_OK) {
		return blame(error, NIE_IRQ_POLL_ARG_IRQ);
	}
	results[0] = irq_pending(slot_at(s)->object) ? 1u : 0u;
	return NIE_OK;
}

status_t call_irq_ack(granule_t caller, u64 irq)
{
	slot_t s = SLOT_NONE;
	u64 error = cap_find(caller, irq, TYPE_SET(NIE_TYPE_IRQ), NIE_RIGHT_CONTROL, &s);

	if (error != NIE_OK) {
		return blame(error, NIE_IRQ_ACK_ARG_IRQ);
	}
	return irq_ack(slot_at(s)->object) ? NIE_OK : NIE_IRQ_ACK_WRONG_STATE_IRQ;
}
