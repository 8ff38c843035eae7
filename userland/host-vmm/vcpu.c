/* SPDX-License-Identifier: Apache-2.0 */
#include "vcpu.h"

#include "console.h"
#include "guest.h"
#include "nie/error.h"
#include "nie/stubs.h"
#include "registers.h"
#include "scheduler.h"
#include "sharing.h"

/* A vCPU that waits although an interrupt is pending for it has masked that: look again this often, in
 * case the CPU interface changes its mind. */
#define RECHECK_HZ 100u

void vcpu_notify(struct vcpu *v)
{
	if (v->in_guest) {
		nie_vcpu_kick(v->slot);
	} else if (__atomic_load_n(&v->runner.state, __ATOMIC_RELAXED) == RUNNER_SLEEPING) {
		/* It fell asleep under the guest's lock, so this is no stale answer. */
		scheduler_wake(v);
	}
}

static const char *advice(const struct guest *g, u64 ipa)
{
	bool flash = ipa < GUEST_FLASH_BASE + GUEST_FLASH_SIZE && g->config->flash == 0u;

	return flash ? "; `virt` has flash there: give it `flash`" : "";
}

static void handle_mmio(struct vcpu *v, const struct nie_run_exit *e)
{
	struct guest *g = v->guest;
	u64 value = e->mmio.value;

	if (bus_dispatch(&g->bus, sharing_device_ipa(g, e->mmio.ipa), e->mmio.size, v->index, e->mmio.write, &value)) {
		v->reply = value;
		return;
	}
	guest_end(g, "fault", "vCPU %u: %s of %u bytes at 0x%lx, where there is no device%s", v->index,
		  e->mmio.write ? "write" : "read", e->mmio.size, e->mmio.ipa, advice(g, e->mmio.ipa));
}

static void handle_fault(struct vcpu *v, const struct nie_run_exit *e)
{
	if (compose_populate(v->guest, e->fault.ipa)) {
		return;
	}
	const char *what = e->fault.fetch ? "instruction fetch" : e->fault.write ? "write" : "read";

	if (e->fault.ipa == NIE_NEVER) {
		guest_end(v->guest, "fault", "vCPU %u: %s that its memory does not allow", v->index, what);
	} else {
		guest_end(v->guest, "fault", "vCPU %u: %s at 0x%lx, where there is no memory%s", v->index, what,
			  e->fault.ipa, advice(v->guest, e->fault.ipa));
	}
}

static void handle_cpu_on(struct guest *g, u64 index)
{
	if (index < g->vcpus) {
		registers_reset(&g->vcpu[index]);
		scheduler_start(&g->vcpu[index]);
	}
}

/* True: it sleeps, and belongs to this core no more. */
static bool handle_wfi(struct vcpu *v, u64 timer)
{
	struct guest *g = v->guest;
	u64 now = nie_now();
	u64 wake = registers_timer(v, vgic_timer_enabled(&g->vgic, v->index) ? timer : NIE_NEVER);
	u64 event = guest_next_event(g);
	enum vgic_wake pending = vgic_has_pending(&g->vgic, v->index);

	if (pending == VGIC_MASKED) {
		u64 recheck = now + nie_frequency() / RECHECK_HZ;

		wake = wake < recheck ? wake : recheck;
	}
	wake = wake < event ? wake : event;
	if (pending == VGIC_READY || wake <= now) {
		return false;
	}
	scheduler_sleep(v, wake);
	return true;
}

/* The guest's lock is held. True: the vCPU has been handed to the scheduler. */
static bool handle(struct vcpu *v, const struct nie_run_exit *e)
{
	struct guest *g = v->guest;

	switch (e->reason) {
	case NIE_EXIT_MMIO:
		handle_mmio(v, e);
		break;
	case NIE_EXIT_FAULT:
		handle_fault(v, e);
		break;
	case NIE_EXIT_WFI:
		return handle_wfi(v, e->wfi.wake);
	case NIE_EXIT_SGI:
		vgic_send_sgi(&g->vgic, v->index, e->sgi.value, true);
		break;
	case NIE_EXIT_REGISTER:
		registers_access(v, e);
		break;
	case NIE_EXIT_CPU_ON:
		handle_cpu_on(g, e->cpu_on.index);
		break;
	case NIE_EXIT_CPU_OFF:
		if (!scheduler_off(v)) {
			return true;
		}
		guest_end(g, "off", "the last vCPU turned itself off");
		break;
	case NIE_EXIT_SYSTEM_OFF:
		guest_end(g, "off", NULL);
		break;
	case NIE_EXIT_SYSTEM_RESET:
		guest_end(g, GUEST_END_RESET, NULL);
		break;
	case NIE_EXIT_CRASH:
		guest_end(g, "crash", "vCPU %u: exception class 0x%lx", v->index, e->crash.class);
		break;
	case NIE_EXIT_IPA_STATE:
		if (!e->ipa_state.ram) { /* what it expects comes when it is touched: compose_populate */
			sharing_given_up(g, e->ipa_state.base, e->ipa_state.top);
		}
		break;
	default: /* interrupt, deadline, kick, maintenance: what they announce is looked at anyway */
		break;
	}
	return false;
}

static void check_events(struct guest *g)
{
	pl031_poll(&g->rtc);
	if (nie_now() >= g->limit) {
		guest_end(g, "timeout", "after %lu seconds", g->config->limit_seconds);
	}
}

/* Lend it the core once. What is between an access to a device and the next run is what most of a VMM's time goes into:
 * list registers stay as they are, and nobody else is asked. */
static u64 enter(struct vcpu *v, u64 deadline, struct nie_run_exit *e)
{
	struct guest *g = v->guest;
	struct vgic *gic = &g->vgic;
	u32 index = v->index;
	struct nie_run_entry entry;
	u64 status;

	entry.deadline = registers_timer(v, deadline);
	entry.reply = v->reply;
	entry.flags = vgic_fill(gic, index, entry.list);
	v->in_guest = true;
	lock_release(&g->lock);

	status = nie_run_vcpu(v->slot, &entry, e);

	lock_take(&g->lock);
	v->in_guest = false;
	if (status != NIE_OK) {
		vgic_refused(gic, index);
		return status;
	}
	if (e->reason != NIE_EXIT_MMIO || !vgic_keep(gic, index, e->list, e->ended)) {
		vgic_fold(gic, index, e->list, e->ended);
	}
	vgic_timer_state(gic, index, e->timer_pending, e->timer_active);
	v->exits[e->reason]++;
	return NIE_OK;
}

/* A run was refused. When another vCPU has just ended the guest, that one's core is about to say so. */
static void handle_refusal(struct vcpu *v, u64 status)
{
	char text[48];

	if (status != NIE_RUN_WRONG_STATE_VCPU) {
		guest_end(v->guest, "error", "vCPU %u cannot run: %s", v->index,
			  nie_status_text(status, text, sizeof(text)));
	}
}

/* Input goes to some guest's UART, so this one's lock is given back meanwhile. */
static void handle_interrupt(struct guest *g)
{
	lock_release(&g->lock);
	console_interrupt();
	pci_interrupt(g->vmm);
	lock_take(&g->lock);
}

/* One entry after the other, until the vCPU is handed to the scheduler (true) or its guest has ended. */
static bool run_loop(struct vcpu *v)
{
	struct guest *g = v->guest;
	u64 deadline = scheduler_slice_end(v);

	check_events(g);
	while (g->end == NULL) {
		struct nie_run_exit e;
		u64 status = enter(v, deadline, &e);

		if (status != NIE_OK || e.reason != NIE_EXIT_MMIO) {
			pl011_flush(&g->uart);
		}
		if (g->end != NULL) {
			break;
		}
		if (status != NIE_OK) {
			handle_refusal(v, status);
			break;
		}
		if (handle(v, &e)) {
			return true;
		}
		if (e.reason == NIE_EXIT_INTERRUPT) {
			handle_interrupt(g);
		} else if (e.reason == NIE_EXIT_DEADLINE && nie_now() >= deadline) {
			check_events(g);
			if (g->end == NULL && scheduler_yield(v)) {
				return true;
			}
			deadline = scheduler_slice_end(v);
		}
	}
	return false;
}

/* What is to be done for its guest before or after that runs, in slices too. True: the vCPU may run. */
static bool work(struct vcpu *v)
{
	struct guest *g = v->guest;
	u64 end = scheduler_slice_end(v);

	while (guest_work(g)) {
		if (nie_now() < end) {
			continue;
		}
		pci_interrupt(g->vmm); /* this core runs no guest that an interrupt would end */
		if (scheduler_yield(v)) {
			return false;
		}
		end = scheduler_slice_end(v);
	}
	if (g->phase == GUEST_RUNNING) {
		return true;
	}
	scheduler_leave(v);
	return false;
}

void vcpu_execute(struct vcpu *v)
{
	struct guest *g = v->guest;
	bool handed_back;

	if (g->phase != GUEST_RUNNING && !work(v)) {
		return;
	}
	lock_take(&g->lock);
	handed_back = run_loop(v);
	lock_release(&g->lock);
	if (!handed_back && scheduler_leave(v)) {
		guest_left(g);
	}
}
