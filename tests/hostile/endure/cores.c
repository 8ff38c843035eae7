/* SPDX-License-Identifier: Apache-2.0 */
#include "endure.h"

#define CORES_MAX 8u
#define STACK 0x4000u

struct helper {
	struct nie_thread thread;
	void (*run)(void *);
	void *argument;
	u64 vcpu;
	u32 busy;
};

u32 cores = 1;
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

void cores_start(u64 count)
{
	for (u32 i = 1; i < count && i < CORES_MAX; i++) {
		struct helper *w = &helpers[i];

		w->vcpu = object_make(smallest_piece(), NIE_TYPE_VCPU, NIE_PAGE_BITS);
		w->thread = (struct nie_thread){helper_main, w};
		must(nie_vcpu_configure(w->vcpu, NIE_BOOT_SLOT_VSPACE, i, NIE_BOOT_SLOT_CSPACE,
					(u64)(uintptr_t)nie_thread_entry, (u64)(uintptr_t)&w->thread,
					(u64)(uintptr_t)(stacks[i] + STACK)), "vcpu_configure");
		must(nie_core_start(NIE_BOOT_SLOT_CORES + i, w->vcpu), "core_start");
		cores++;
	}
}

void core_kick(u32 core)
{
	nie_vcpu_kick(helpers[core].vcpu);
}

void core_begin(u32 core, void (*run)(void *), void *argument)
{
	helpers[core].run = run;
	helpers[core].argument = argument;
	__atomic_store_n(&helpers[core].busy, 1u, __ATOMIC_RELEASE);
	core_kick(core);
}

void core_join(u32 core)
{
	while (__atomic_load_n(&helpers[core].busy, __ATOMIC_ACQUIRE) != 0u) {
		u64 why;

		core_kick(core);
		nie_wait(nie_now() + nie_frequency() / 2000u, &why);
	}
}
