/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/run.h"

void nie_run_details(u64 detail1, u64 detail2, u64 detail3, struct nie_run_exit *exit)
{
	switch (exit->reason) {
	case NIE_EXIT_FAULT:
		exit->fault.ipa = detail1;
		exit->fault.read = (detail2 & 1u) != 0;
		exit->fault.write = (detail2 & 2u) != 0;
		exit->fault.fetch = (detail2 & 4u) != 0;
		break;
	case NIE_EXIT_WFI:
		exit->wfi.wake = detail1;
		break;
	case NIE_EXIT_SGI:
		exit->sgi.value = detail1;
		break;
	case NIE_EXIT_CPU_ON:
		exit->cpu_on.index = detail1;
		break;
	case NIE_EXIT_CRASH:
		exit->crash.class = detail1;
		exit->crash.address = detail2;
		exit->crash.pc = detail3;
		break;
	case NIE_EXIT_IPA_STATE:
		exit->ipa_state.base = detail1;
		exit->ipa_state.top = detail2;
		exit->ipa_state.ram = detail3 != 0;
		break;
	case NIE_EXIT_REGISTER:
		exit->reg.encoding = detail1;
		exit->reg.value = detail2;
		exit->reg.write = (detail3 & 0x100u) != 0;
		break;
	default:
		break;
	}
}

u64 nie_run_until_exit(u64 vcpu, struct nie_run_entry *entry, struct nie_run_exit *exit)
{
	u64 status;

	do {
		status = nie_run_vcpu(vcpu, entry, exit);
		if (status != NIE_OK) {
			return status;
		}
		for (u32 i = 0; i < NIE_RUN_LISTS; i++) {
			entry->list[i] = exit->list[i];
		}
	} while (exit->reason == NIE_EXIT_INTERRUPT || exit->reason == NIE_EXIT_KICK);
	return NIE_OK;
}
