/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler.h"

#include "console.h"
#include "guest.h"
#include "lock.h"
#include "nie/stubs.h"

struct core {
	u64 own_vcpu;
	bool idle;
};

static struct {
	struct lock lock;
	struct runqueue queue;
	struct core core[CORES_MAX];
	u32 cores;
	u64 slice, shortest;
	bool stopped;
	struct vmm *vmm;
} scheduler;

void scheduler_init(struct vmm *vmm)
{
	scheduler.vmm = vmm;
	scheduler.slice = nie_frequency() * SLICE_MILLISECONDS / 1000u;
	scheduler.shortest = nie_frequency() * SHORTEST_MILLISECONDS / 1000u;
	scheduler.queue.lead = scheduler.slice * SHARE_SCALE / DEFAULT_WEIGHT;
}

void scheduler_add_core(u32 core, u64 own_vcpu)
{
	scheduler.core[core].own_vcpu = own_vcpu;
	if (core >= scheduler.cores) {
		scheduler.cores = core + 1u;
	}
}

/* Under the lock: one sleeping core that r may use shall look at the queue. A kick is not lost if it comes
 * before that core sleeps. */
static void rouse_core(const struct runner *r)
{
	for (u32 i = 0; i < scheduler.cores; i++) {
		if (scheduler.core[i].idle && runner_may_use(r, i)) {
			scheduler.core[i].idle = false;
			nie_vcpu_kick(scheduler.core[i].own_vcpu);
			return;
		}
	}
}

void scheduler_start(struct vcpu *v)
{
	lock_take(&scheduler.lock);
	if (v->runner.state == RUNNER_OFF) {
		runqueue_ready(&scheduler.queue, &v->runner, nie_now());
		rouse_core(&v->runner);
	} else {
		v->turned_on = true;
	}
	lock_release(&scheduler.lock);
}

void scheduler_wake(struct vcpu *v)
{
	lock_take(&scheduler.lock);
	if (v->runner.state == RUNNER_SLEEPING) {
		runqueue_wake(&scheduler.queue, &v->runner, nie_now());
		rouse_core(&v->runner);
	}
	lock_release(&scheduler.lock);
}

void scheduler_sleep(struct vcpu *v, u64 wake)
{
	lock_take(&scheduler.lock);
	runqueue_charge(&v->runner, nie_now());
	runqueue_sleep(&scheduler.queue, &v->runner, wake);
	lock_release(&scheduler.lock);
}

/* Under the lock. */
static bool all_off(const struct guest *g)
{
	for (u32 i = 0; i < g->vcpus; i++) {
		if (g->vcpu[i].runner.state != RUNNER_OFF) {
			return false;
		}
	}
	return true;
}

bool scheduler_off(struct vcpu *v)
{
	bool last;

	lock_take(&scheduler.lock);
	runqueue_charge(&v->runner, nie_now());
	v->runner.state = RUNNER_OFF;
	if (v->turned_on) {
		v->turned_on = false;
		runqueue_ready(&scheduler.queue, &v->runner, nie_now());
	}
	last = all_off(v->guest);
	lock_release(&scheduler.lock);
	return last;
}

bool scheduler_yield(struct vcpu *v)
{
	u64 now = nie_now();
	bool others;

	lock_take(&scheduler.lock);
	runqueue_charge(&v->runner, now);
	runqueue_tick(&scheduler.queue, now);
	others = runqueue_has_ready(&scheduler.queue, v->core) || scheduler.stopped;
	if (others) {
		runqueue_ready(&scheduler.queue, &v->runner, now);
	}
	lock_release(&scheduler.lock);
	return others;
}

u64 scheduler_slice_end(const struct vcpu *v)
{
	u64 end;

	lock_take(&scheduler.lock);
	end = runqueue_turn_end(&scheduler.queue, v->core, nie_now(), scheduler.shortest, scheduler.slice);
	lock_release(&scheduler.lock);
	return end;
}

void scheduler_stop_guest(struct guest *g)
{
	lock_take(&scheduler.lock);
	for (u32 i = 0; i < g->vcpus; i++) {
		struct vcpu *v = &g->vcpu[i];

		v->turned_on = false;
		if (v->runner.state == RUNNER_RUNNING) {
			nie_vcpu_kick(v->slot);
		} else {
			runqueue_remove(&scheduler.queue, &v->runner);
		}
	}
	lock_release(&scheduler.lock);
}

bool scheduler_leave(struct vcpu *v)
{
	bool last;

	lock_take(&scheduler.lock);
	runqueue_charge(&v->runner, nie_now());
	v->runner.state = RUNNER_OFF;
	last = all_off(v->guest);
	lock_release(&scheduler.lock);
	return last;
}

void scheduler_stop(void)
{
	lock_take(&scheduler.lock);
	scheduler.stopped = true;
	for (u32 i = 0; i < scheduler.cores; i++) {
		nie_vcpu_kick(scheduler.core[i].own_vcpu);
	}
	lock_release(&scheduler.lock);
}

/* NULL: nobody is ready for this core; it counts as idle, and *wake is when that may change by itself. */
static struct vcpu *take(u32 core, u64 *wake)
{
	u64 now = nie_now();
	struct vcpu *v;

	lock_take(&scheduler.lock);
	runqueue_tick(&scheduler.queue, now);
	v = (struct vcpu *)runqueue_take(&scheduler.queue, core, now);
	scheduler.core[core].idle = v == NULL;
	*wake = runqueue_next_wake(&scheduler.queue, core);
	/* Others became ready with this one, or for other cores: sleeping ones may have them. */
	for (const struct runner *r = scheduler.queue.first_ready; r != NULL; r = r->next) {
		rouse_core(r);
	}
	if (v != NULL) {
		v->core = core;
	}
	lock_release(&scheduler.lock);
	return v;
}

static bool is_stopped(void)
{
	return __atomic_load_n(&scheduler.stopped, __ATOMIC_ACQUIRE);
}

void scheduler_run(u32 core)
{
	while (!is_stopped()) {
		u64 wake;
		u64 why;
		struct vcpu *v = take(core, &wake);

		if (v != NULL) {
			vcpu_execute(v);
		} else if (nie_wait(wake, &why) == NIE_OK && why == NIE_EXIT_INTERRUPT) {
			console_interrupt();
			pci_interrupt(scheduler.vmm);
		}
	}
}
