/* SPDX-License-Identifier: Apache-2.0 */
#include "cores.h"

#include "nie/stubs.h"

#define STACK 0x4000u

struct helper {
	struct nie_thread thread;
	void (*run)(void *);
	void *argument;
	u64 vcpu;
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

u64 core_add(u32 number, u64 core, u64 vcpu, u64 vspace, u64 cspace)
{
	struct helper *w = &helpers[number];

	w->vcpu = vcpu;
	w->thread = (struct nie_thread){helper_main, w};
	u64 status = nie_vcpu_configure(vcpu, vspace, number, cspace, (u64)(uintptr_t)nie_thread_entry,
					(u64)(uintptr_t)&w->thread, (u64)(uintptr_t)(stacks[number] + STACK));

	if (status == NIE_OK) {
		status = nie_core_start(core, vcpu);
	}
	w->exists = status == NIE_OK;
	return status;
}

bool core_begin(u32 number, void (*run)(void *), void *argument)
{
	struct helper *w = &helpers[number];

	if (w->exists == 0u) {
		return false;
	}
	w->run = run;
	w->argument = argument;
	__atomic_store_n(&w->busy, 1u, __ATOMIC_RELEASE);
	core_kick(number);
	return true;
}

void core_kick(u32 number)
{
	nie_vcpu_kick(helpers[number].vcpu);
}

void core_join(u32 number)
{
	while (__atomic_load_n(&helpers[number].busy, __ATOMIC_ACQUIRE) != 0u) {
		u64 why;

		core_kick(number);
		nie_wait(nie_now() + nie_frequency() / 2000u, &why);
	}
}
