/* SPDX-License-Identifier: Apache-2.0 */
/* Other cores: each waits for a function to run. */
#include "hostile.h"

#define STACK 0x4000u

struct helper {
	struct nie_thread thread;
	void (*run)(void *);
	void *argument;
	u32 busy;
	u32 exists;
};

static struct helper helpers[CORES_MAX];
static u8 stacks[CORES_MAX][STACK] __attribute__((aligned(16)));

static void helper_main(void *argument)
{
	struct helper *me = argument;

	for (;;) {
		u64 why;

		if (__atomic_load_n(&me->busy, __ATOMIC_ACQUIRE) != 0u) {
			me->run(me->argument);
			__atomic_store_n(&me->busy, 0u, __ATOMIC_RELEASE);
		} else {
			nie_wait(NIE_NEVER, &why);
		}
	}
}

void cores_start(void)
{
	u32 count = h.config.cores.count < h.config.vcpus.count ? h.config.cores.count : h.config.vcpus.count;

	h.cores = 1;
	for (u32 i = 1; i < count && i < CORES_MAX; i++) {
		struct nie_cap_info_results info = {0};

		if (nie_cap_info(h.config.cores.slot[i], &info) != NIE_OK) {
			break; /* the machine has fewer cores than the system was built for */
		}
		helpers[i].thread = (struct nie_thread){helper_main, &helpers[i]};
		must("configuring a vCPU for a core",
		     nie_vcpu_configure(h.config.vcpus.slot[i], h.config.vspace, i, h.config.cspace,
					(u64)(uintptr_t)nie_thread_entry, (u64)(uintptr_t)&helpers[i].thread,
					(u64)(uintptr_t)(stacks[i] + STACK)));
		must("starting a core", nie_core_start(h.config.cores.slot[i], h.config.vcpus.slot[i]));
		helpers[i].exists = 1;
		h.cores++;
	}
}

bool core_begin(u32 core, void (*run)(void *), void *argument)
{
	struct helper *w = &helpers[core];

	if (w->exists == 0u) {
		return false;
	}
	w->run = run;
	w->argument = argument;
	__atomic_store_n(&w->busy, 1u, __ATOMIC_RELEASE);
	core_kick(core);
	return true;
}

void core_kick(u32 core)
{
	nie_vcpu_kick(h.config.vcpus.slot[core]);
}

void core_join(u32 core)
{
	while (__atomic_load_n(&helpers[core].busy, __ATOMIC_ACQUIRE) != 0u) {
		u64 why;

		core_kick(core);
		nie_wait(nie_now() + nie_frequency() / 2000u, &why);
	}
}
