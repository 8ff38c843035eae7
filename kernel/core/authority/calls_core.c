/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls about cores. */
#include "authority.h"

#include "nie/hw.h"
#include "nie/view.h"

status_t call_wait(u32 on_core, granule_t caller, u64 deadline)
{
	(void)caller; /* it is what runs on the core */
	status_t status = vcpu_wait(on_core, deadline);
	return status;
}

status_t call_core_start(u32 on_core, granule_t caller, u64 core, u64 vcpu)
{
	u64 found = cap_of(caller, core, TYPE_SET(NIE_TYPE_CORE), NIE_RIGHT_CONTROL);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_CORE_START_ARG_CORE);
	}
	slot_t c = (slot_t)found;
	found = cap_of(caller, vcpu, TYPE_SET(NIE_TYPE_VCPU), NIE_RIGHT_CONTROL);
	if (found >= FOUND_ERROR) {
		return blame(found, NIE_CORE_START_ARG_VCPU);
	}
	status_t status = core_start(on_core, slot_at(c)->object, slot_at((slot_t)found)->object);
	return status;
}

status_t call_machine_off(granule_t caller, u64 core)
{
	u64 found = cap_of(caller, core, TYPE_SET(NIE_TYPE_CORE), NIE_RIGHT_CONTROL);

	if (found >= FOUND_ERROR) {
		return blame(found, NIE_MACHINE_OFF_ARG_CORE);
	}
	hw_power_off();
	return NIE_OK;
}
