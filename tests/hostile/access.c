/* SPDX-License-Identifier: Apache-2.0 */
#include "hostile.h"

#define PROBE_INDEX 7u /* in our VSpace */
#define PATIENCE_HZ 2u /* a probe takes at most this part of a second */

extern volatile u64 probe_value; /* probe.S */

u64 access_prepare(void (*entry)(void), u64 argument, u64 cspace, u64 stack)
{
	must("revoking the last probe", nie_revoke_all(NIE_OWN_CSPACE, h.probe_untyped));
	must("making a probe", nie_retype(h.probe_untyped, NIE_TYPE_VCPU, NIE_PAGE_BITS, NIE_OWN_CSPACE,
					  h.probe_slot, 1));
	must("configuring a probe", nie_vcpu_configure(h.probe_slot, h.config.vspace, PROBE_INDEX, cspace,
						       (u64)(uintptr_t)entry, argument, stack));
	return h.probe_slot;
}

struct access access_try(void (*entry)(void), u64 argument)
{
	struct access a = {.end = ACCESS_OTHER};
	struct nie_run_results r = {0};
	u64 vcpu = access_prepare(entry, argument, h.config.cspace, 0);
	u64 deadline = nie_now() + nie_frequency() / PATIENCE_HZ;
	u64 reason;

	probe_value = 0;
	do {
		must("running a probe", nie_run(vcpu, deadline, 0, 0, 0, 0, 0, &r));
		reason = r.exit & 0xffu;
	} while (reason == NIE_EXIT_KICK || reason == NIE_EXIT_INTERRUPT);
	a.value = probe_value;
	if (reason == NIE_EXIT_WFI) {
		a.end = ACCESS_DONE;
	} else if (reason == NIE_EXIT_FAULT) {
		a.end = ACCESS_FAULT;
		a.ipa = r.detail1;
		a.kind = r.detail2;
	} else if (reason == NIE_EXIT_CRASH) {
		a.end = ACCESS_CRASH;
		a.class = r.detail1;
	}
	return a;
}

bool faulted_at(const struct access *a, u64 address, u64 kind)
{
	return a->end == ACCESS_FAULT && a->ipa == address && a->kind == kind && a->value == 0u;
}
