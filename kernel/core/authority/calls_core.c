/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls about cores. */
#include "authority.h"

#include "nie/hw.h"
#include "nie/view.h"

status_t call_wait(u32 on_core, granule_t caller, u64 deadline)
{
	(void)caller; /* it is what runs on the core */
	return vcpu_wait(on_core, deadline);
}

status_t call_core_start(u32 on_core, granule_t caller, u64 core, u64 vcpu)
{
	slot_t c = SLOT_NONE;
	slot_t p = SLOT_NONE;
	u64 error = cap_find(caller, core, TYPE_SET(NIE_TYPE_CORE), NIE_RIGHT_CONTROL, &c);

	if (error != NIE_OK) {
		return blame(error, NIE_CORE_START_ARG_CORE);
	}
	error = cap_find(caller, vcpu, TYPE_SET(NIE_TYPE_VCPU), NIE_RIGHT_CONTROL, &p);
	if (error != NIE_OK) {
		return blame(error, NIE_CORE_START_ARG_VCPU);
	}
	return core_start(on_core, slot_at(c)->object, slot_at(p)->object);
}

status_t call_machine_off(granule_t caller, u64 core)
{
	slot_t c = SLOT_NONE;
	u64 error = cap_find(caller, core, TYPE_SET(NIE_TYPE_CORE), NIE_RIGHT_CONTROL, &c);

	if (error != NIE_OK) {
		return blame(error, NIE_MACHINE_OFF_ARG_CORE);
	}
	hw_power_off();
	return NIE_OK;
}
