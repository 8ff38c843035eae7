/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/irq.h"

#include "nie/hw.h"

#define INTIDS 1020u

static u8 fired[INTIDS];

void irq_bind(u32 intid, u32 core)
{
	hw_irq_enable(intid, core);
}

bool irq_pending(u32 intid)
{
	return intid < INTIDS && fired[intid] != 0u;
}

bool irq_ack(u32 intid)
{
	if (!irq_pending(intid)) {
		return false;
	}
	fired[intid] = 0;
	hw_irq_deactivate(intid);
	return true;
}

void irq_end(u32 intid)
{
	hw_irq_disable(intid);
	(void)irq_ack(intid);
}

void irq_fired(u32 intid)
{
	if (intid < INTIDS) {
		fired[intid] = 1;
	}
}
