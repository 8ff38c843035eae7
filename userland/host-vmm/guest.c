/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "absent.h"
#include "console.h"
#include "nie/error.h"
#include "nie/loops.h"
#include "nie/stubs.h"
#include "scheduler.h"

static u32 guests_left;

static void notify(void *context, u32 cpu)
{
	struct guest *g = context;

	vcpu_notify(&g->vcpu[cpu]);
}

static void uart_send(void *context, const u8 *bytes, u32 count)
{
	struct guest *g = context;

	console_guest_bytes(g->number, bytes, count);
}

static void uart_line(void *context, bool high)
{
	struct guest *g = context;

	vgic_set_line(&g->vgic, GUEST_UART_INTID, high);
}

static void rtc_line(void *context, bool high)
{
	struct guest *g = context;

	vgic_set_line(&g->vgic, GUEST_RTC_INTID, high);
}

static void interrupt_ended(void *context, u32 intid)
{
	pci_interrupt_ended(context, intid);
}

static bool add_devices(struct guest *g, u32 wall_clock)
{
	g->bus = (struct bus){.count = 0};
	vgic_init(&g->vgic, g->vcpus, notify, g);
	g->vgic.ended = interrupt_ended;
	pl011_init(&g->uart, uart_send, uart_line, g);
	pl031_init(&g->rtc, wall_clock, nie_frequency(), nie_now, rtc_line, g);
	return vgic_attach(&g->vgic, &g->bus) && pl011_attach(&g->uart, &g->bus, GUEST_UART_BASE) &&
	       pl031_attach(&g->rtc, &g->bus, GUEST_RTC_BASE) && pci_attach(&g->pci, g->config, &g->bus) &&
	       absent_attach(&g->bus);
}

/* Slots that a guest's capabilities take: frames, vCPUs, VSpace, tables and one spare table. */
static u32 slots_needed(const struct guest_config *c)
{
	u64 in_pages = c->realm != 0u ? c->memory : c->memory % NIE_BLOCK_SIZE;
	u64 blocks = (c->memory - in_pages + c->realm + 2u * c->flash) / NIE_BLOCK_SIZE;
	u64 pages = c->realm != 0u ? frames_banks(in_pages / NIE_PAGE_SIZE) : in_pages / NIE_PAGE_SIZE;
	u64 tables = (c->memory >> 30) + in_pages / NIE_BLOCK_SIZE + 6u + (c->regions == 0u ? 0u : 1u + c->regions);

	return (u32)(blocks + pages + tables + c->vcpus + 1u);
}

static bool take_slots(struct guest *g)
{
	struct slot_range *free = &g->vmm->free_slots;
	u32 count = slots_needed(g->config);

	if (count > free->count) {
		guest_end(g, "error", "it needs %u capability slots, %u are left: give /vmm/free-slots more", count,
			  free->count);
		return false;
	}
	g->slots = (struct slot_range){free->first, count};
	free->first += count;
	free->count -= count;
	return true;
}

/* The cores that it may run on, of those that the machine has. */
static u8 usable_cores(struct guest *g)
{
	u8 wanted = g->config->cpus & g->vmm->present_cores;

	if (wanted == 0u) {
		console_print("%s: the machine has none of the cores of its `cpus`: it uses all", g->config->name);
	}
	return wanted != 0u ? wanted : g->vmm->present_cores;
}

void guest_add(struct vmm *vmm, u32 number)
{
	struct guest *g = &vmm->guest[number];

	g->vmm = vmm;
	g->config = &vmm->config->guest[number];
	g->number = number;
	g->vcpus = g->config->vcpus;
	g->share = (struct share){0, g->config->weight, usable_cores(g)};
	for (u32 i = 0; i < g->vcpus; i++) {
		g->vcpu[i].guest = g;
		g->vcpu[i].index = i;
		g->vcpu[i].runner.share = &g->share;
	}
	g->limit = g->config->limit_seconds == 0u ? NIE_NEVER :
		   nie_now() + g->config->limit_seconds * nie_frequency();
	g->phase = take_slots(g) ? GUEST_NEW : GUEST_ENDING;
	__atomic_add_fetch(&guests_left, 1u, __ATOMIC_RELAXED);
	scheduler_start(&g->vcpu[0]);
}

void guest_input(struct guest *g, u8 byte)
{
	lock_take(&g->lock);
	if (g->end == NULL && g->phase == GUEST_RUNNING) {
		pl011_receive(&g->uart, byte);
	}
	lock_release(&g->lock);
}

void guest_end(struct guest *g, const char *how, const char *detail, ...)
{
	va_list arguments;

	if (g->end != NULL) {
		return;
	}
	if (detail != NULL) {
		va_start(arguments, detail);
		vsnprintf(g->detail, sizeof(g->detail), detail, arguments);
		va_end(arguments);
	}
	g->end = how;
	scheduler_stop_guest(g);
}

void guest_left(struct guest *g)
{
	if (g->end == NULL) {
		guest_end(g, "error", "the kernel runs none of its vCPUs");
	}
	g->ended = nie_now();
	g->phase = GUEST_ENDING;
	scheduler_start(&g->vcpu[0]);
}

static u32 wall_clock(const struct vmm *vmm)
{
	return vmm->wall_clock + (u32)((nie_now() - vmm->started) / nie_frequency());
}

static void begin(struct guest *g)
{
	lock_take(&g->lock);
	g->end = NULL;
	g->detail[0] = '\0';
	g->phase = GUEST_BUILDING;
	lock_release(&g->lock);
	if (!add_devices(g, wall_clock(g->vmm))) {
		guest_end(g, "error", "its devices overlap");
	} else if (compose_begin(g)) {
		return;
	}
	g->phase = GUEST_ENDING;
}

/* Its memory and vCPUs are there, its measurement is fixed: from now on it may run. */
static void start(struct guest *g)
{
	const char *name = g->config->name;

	if (g->restarts == 0u) {
		g->first_measurement = g->measurement;
		console_print("%s: %u vCPU%s, %lu MiB private, %s", name, g->vcpus, g->vcpus == 1u ? "" : "s",
			      g->private_bytes / 0x100000u, g->config->kernel.name);
	} else if (memcmp(&g->measurement, &g->first_measurement, sizeof(g->measurement)) != 0) {
		guest_end(g, "error", "restarted, its measurement would be another");
		g->phase = GUEST_ENDING;
		return;
	} else {
		console_print("%s: restarted, measurement as before", name);
	}
	g->started = nie_now();
	lock_take(&g->lock);
	g->phase = GUEST_RUNNING;
	lock_release(&g->lock);
}

static void build(struct guest *g)
{
	switch (compose_step(g)) {
	case COMPOSE_MORE:
		break;
	case COMPOSE_DONE:
		start(g);
		break;
	case COMPOSE_FAILED:
		g->phase = GUEST_ENDING;
		break;
	}
}

static void finish(struct guest *g)
{
	console_guest_end(g->number);
	console_print("%s ended: %s%s%s", g->config->name, g->end, g->detail[0] != '\0' ? ", " : "", g->detail);
	g->phase = GUEST_GONE;
	if (__atomic_sub_fetch(&guests_left, 1u, __ATOMIC_ACQ_REL) == 0u) {
		scheduler_stop();
	}
}

static bool wants_restart(const struct guest *g)
{
	return strcmp(g->end, GUEST_END_RESET) == 0 && g->restarts < g->config->restarts && nie_now() < g->limit;
}

/* A bounded part of killing it and of taking its memory back; what the kernel scrubs here goes back to the guest's
 * untyped memory, all of it. */
static void take_apart(struct guest *g)
{
	u64 more = 0;
	u64 status = NIE_OK;
	char text[48];

	if (g->vspace != 0u) {
		pci_stop(g);
		status = nie_vspace_kill(g->vspace, &more);
		g->vspace = status == NIE_OK && more != 0u ? g->vspace : 0u;
		return;
	}
	status = nie_allocator_reclaim_step(&g->memory, &more);
	if (status == NIE_OK && more != 0u) {
		return;
	}
	if (status != NIE_OK) {
		console_print("%s: its memory did not come back: %s", g->config->name,
			      nie_status_text(status, text, sizeof(text)));
		finish(g);
	} else if (wants_restart(g)) {
		g->restarts++;
		begin(g);
	} else {
		finish(g);
	}
}

bool guest_work(struct guest *g)
{
	switch (g->phase) {
	case GUEST_NEW:
		begin(g);
		return true;
	case GUEST_BUILDING:
		build(g);
		return true;
	case GUEST_ENDING:
		take_apart(g);
		return true;
	default:
		return false;
	}
}

u64 guest_next_event(const struct guest *g)
{
	u64 alarm = pl031_next(&g->rtc);

	return alarm < g->limit ? alarm : g->limit;
}
