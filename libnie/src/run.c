/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/run.h"

#include "nie/stubs.h"

static void decode(const struct nie_run_results *r, struct nie_run_exit *exit)
{
	exit->reason = (u32)(r->exit & 0xffu);
	exit->timer_pending = (r->exit & 0x100u) != 0;
	exit->timer_active = (r->exit & 0x200u) != 0;
	exit->ended = (u32)(r->exit >> 16) & 0x1fu;
	exit->list[0] = r->list1;
	exit->list[1] = r->list2;
	exit->list[2] = r->list3;
	switch (exit->reason) {
	case NIE_EXIT_MMIO:
		exit->mmio.ipa = r->detail1;
		exit->mmio.value = r->detail2;
		exit->mmio.size = (u32)(r->detail3 & 0xfu);
		exit->mmio.write = (r->detail3 & 0x100u) != 0;
		break;
	case NIE_EXIT_FAULT:
		exit->fault.ipa = r->detail1;
		exit->fault.read = (r->detail2 & 1u) != 0;
		exit->fault.write = (r->detail2 & 2u) != 0;
		exit->fault.fetch = (r->detail2 & 4u) != 0;
		break;
	case NIE_EXIT_WFI:
		exit->wfi.wake = r->detail1;
		break;
	case NIE_EXIT_SGI:
		exit->sgi.value = r->detail1;
		break;
	case NIE_EXIT_CPU_ON:
		exit->cpu_on.index = r->detail1;
		break;
	case NIE_EXIT_CRASH:
		exit->crash.class = r->detail1;
		exit->crash.address = r->detail2;
		exit->crash.pc = r->detail3;
		break;
	case NIE_EXIT_IPA_STATE:
		exit->ipa_state.base = r->detail1;
		exit->ipa_state.top = r->detail2;
		exit->ipa_state.ram = r->detail3 != 0;
		break;
	case NIE_EXIT_REGISTER:
		exit->reg.encoding = r->detail1;
		exit->reg.value = r->detail2;
		exit->reg.write = (r->detail3 & 0x100u) != 0;
		break;
	default:
		break;
	}
}

u64 nie_run_vcpu(u64 vcpu, const struct nie_run_entry *entry, struct nie_run_exit *exit)
{
	struct nie_run_results result;
	u64 status = nie_run(vcpu, entry->deadline, entry->reply, entry->list[0], entry->list[1],
			     entry->list[2], entry->flags, &result);

	if (status == NIE_OK) {
		decode(&result, exit);
	}
	return status;
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
