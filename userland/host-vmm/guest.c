/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "console.h"
#include "guest_tree.h"
#include "loader.h"
#include "nie/error.h"
#include "nie/loops.h"
#include "nie/stubs.h"
#include "scheduler.h"

#define VSPACE_BITS 13u
#define RIGHTS_RAM (NIE_RIGHT_READ | NIE_RIGHT_WRITE | NIE_RIGHT_EXECUTE)

static u32 guests_left;

static void notify(void *context, u32 cpu)
{
	struct guest *g = context;

	vcpu_notify(&g->vcpu[cpu]);
}

static void uart_send(void *context, u8 byte)
{
	struct guest *g = context;

	console_guest_byte(g->number, byte);
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

/* A call failed while composing: say which, for what. */
static bool refused(struct guest *g, const char *what, u64 ipa, u64 status)
{
	char text[48];

	guest_end(g, "error", "%s at 0x%lx: %s; %lu KiB of its memory are unused", what, ipa,
		  nie_status_text(status, text, sizeof(text)), nie_allocator_free_bytes(&g->memory) / 1024u);
	return false;
}

static bool add_devices(struct guest *g, u32 wall_clock)
{
	vgic_init(&g->vgic, g->vcpus, notify, g);
	pl011_init(&g->uart, uart_send, uart_line, g);
	pl031_init(&g->rtc, wall_clock, nie_frequency(), nie_now, rtc_line, g);
	return vgic_attach(&g->vgic, &g->bus) && pl011_attach(&g->uart, &g->bus, GUEST_UART_BASE) &&
	       pl031_attach(&g->rtc, &g->bus, GUEST_RTC_BASE);
}

static bool take_memory(struct guest *g, struct slot_range slots)
{
	nie_allocator_init(&g->memory, slots.first, slots.count);
	for (u32 i = 0; i < g->config->untyped.count; i++) {
		u64 status = nie_allocator_add(&g->memory, g->config->untyped.slot[i]);

		if (status != NIE_OK) {
			return refused(g, "its untyped memory", 0, status);
		}
	}
	return true;
}

static bool make_objects(struct guest *g)
{
	u64 status = nie_allocate(&g->memory, NIE_TYPE_GUEST_VSPACE, VSPACE_BITS, &g->vspace);

	if (status != NIE_OK) {
		return refused(g, "VSpace", 0, status);
	}
	nie_space_init(&g->space, g->vspace, &g->memory);
	for (u32 i = 0; i < g->vcpus; i++) {
		struct vcpu *v = &g->vcpu[i];

		v->guest = g;
		v->index = i;
		status = nie_allocate(&g->memory, NIE_TYPE_VCPU, NIE_PAGE_BITS, &v->slot);
		if (status != NIE_OK) {
			return refused(g, "vCPU", i, status);
		}
	}
	return true;
}

/* Copy into a frame, mapped at `window`, what the layout puts there. */
static void fill_frame(const struct layout *layout, u64 window, u64 ipa, u64 size)
{
	for (u32 i = 0; i < layout->extents; i++) {
		const struct extent *e = &layout->extent[i];
		u64 from = e->ipa > ipa ? e->ipa : ipa;
		u64 to = e->ipa + e->size < ipa + size ? e->ipa + e->size : ipa + size;

		if (from < to) {
			memcpy((void *)(window + (from - ipa)), e->data + (from - e->ipa), to - from);
		}
	}
}

static bool has_content(const struct layout *layout, u64 ipa, u64 size)
{
	for (u32 i = 0; i < layout->extents; i++) {
		const struct extent *e = &layout->extent[i];

		if (e->size != 0u && e->ipa < ipa + size && ipa < e->ipa + e->size) {
			return true;
		}
	}
	return false;
}

/* One frame of RAM. New memory is zero and the guest expects it: only what has content is mapped here before it
 * goes, and measured. */
static bool give_frame(struct vmm *vmm, struct guest *g, const struct layout *layout, u64 ipa, u64 bits)
{
	u64 size = 1ul << bits;
	u64 window = vmm->config->window;
	u64 frame;
	u64 status = nie_allocate(&g->memory, NIE_TYPE_PRIVATE_FRAME, bits, &frame);

	if (status != NIE_OK) {
		return refused(g, "memory", ipa, status);
	}
	if (has_content(layout, ipa, size)) {
		status = nie_space_map(&vmm->space, frame, bits, window, NIE_RIGHT_READ | NIE_RIGHT_WRITE);
		if (status != NIE_OK) {
			return refused(g, "filling memory", ipa, status);
		}
		fill_frame(layout, window, ipa, size);
	}
	status = nie_donate(frame, g->vspace, ipa, RIGHTS_RAM);
	if (status != NIE_OK) {
		return refused(g, "donating memory", ipa, status);
	}
	g->private_bytes += size;
	return true;
}

/* The tables are made first: so the frames get consecutive slots. */
static bool give_part(struct vmm *vmm, struct guest *g, const struct layout *layout, struct ram_part *part)
{
	u64 status = nie_space_expect_ram(&g->space, part->bits, part->ipa, part->end - part->ipa);

	if (status != NIE_OK) {
		return refused(g, "expecting memory", part->ipa, status);
	}
	part->first_slot = g->memory.next_slot;
	for (u64 ipa = part->ipa; ipa < part->end; ipa += 1ul << part->bits) {
		if (!give_frame(vmm, g, layout, ipa, part->bits)) {
			return false;
		}
	}
	return true;
}

static bool give_memory(struct vmm *vmm, struct guest *g, const struct layout *layout)
{
	u64 end = GUEST_RAM_BASE + g->config->memory;
	u64 blocks_end = end / NIE_BLOCK_SIZE * NIE_BLOCK_SIZE;

	g->ram[0] = (struct ram_part){GUEST_RAM_BASE, blocks_end, NIE_BLOCK_BITS, 0};
	g->ram[1] = (struct ram_part){blocks_end, end, NIE_PAGE_BITS, 0};
	return give_part(vmm, g, layout, &g->ram[0]) && give_part(vmm, g, layout, &g->ram[1]);
}

bool guest_populate(struct guest *g, u64 ipa)
{
	for (u32 i = 0; i < RAM_PARTS; i++) {
		const struct ram_part *part = &g->ram[i];

		if (ipa >= part->ipa && ipa < part->end) {
			u64 number = (ipa - part->ipa) >> part->bits;
			u64 status = nie_donate(part->first_slot + number, g->vspace,
						part->ipa + (number << part->bits), RIGHTS_RAM);

			/* Another vCPU may have asked for the same frame. */
			return status == NIE_OK || nie_error_of(status) == NIE_ERR_MAPPED;
		}
	}
	return false;
}

static bool seal(struct guest *g, const struct layout *layout)
{
	u64 status;

	for (u32 i = 0; i < g->vcpus; i++) {
		bool boots = i == 0u;

		status = nie_vcpu_configure(g->vcpu[i].slot, g->vspace, i, 0, boots ? layout->entry : 0u,
					    boots ? layout->tree : 0u, 0);
		if (status != NIE_OK) {
			return refused(g, "configuring vCPU", i, status);
		}
	}
	status = nie_vspace_activate(g->vspace, g->config->debuggable ? NIE_POLICY_DEBUGGABLE : 0u);
	if (status == NIE_OK) {
		status = nie_vspace_measurement(g->vspace, &g->measurement);
	}
	return status == NIE_OK || refused(g, "activating", 0, status);
}

static bool compose(struct vmm *vmm, struct guest *g, struct slot_range slots)
{
	static u8 tree[TREE_SIZE] __attribute__((aligned(8)));
	struct layout layout;
	char error[sizeof(g->detail)];

	if (!loader_place(g->config, &layout, error, sizeof(error))) {
		guest_end(g, "error", "%s", error);
		return false;
	}
	if (!guest_tree_make(tree, g->config, &layout, guest_tree_seed(g->number))) {
		guest_end(g, "error", "its bootargs are too long for a device tree of 16 KiB");
		return false;
	}
	layout.extent[layout.extents - 1u].data = tree;
	return add_devices(g, vmm->wall_clock) && take_memory(g, slots) && make_objects(g) &&
	       give_memory(vmm, g, &layout) && seal(g, &layout);
}

/* Slots that a guest's capabilities take: frames, vCPUs, VSpace, tables and one spare table. */
static u32 slots_needed(const struct guest_config *c)
{
	u64 blocks = c->memory / NIE_BLOCK_SIZE;
	u64 pages = c->memory % NIE_BLOCK_SIZE / NIE_PAGE_SIZE;
	u64 tables = (c->memory >> 30) + 4u;

	return (u32)(blocks + pages + tables + c->vcpus + 1u);
}

static bool take_slots(struct vmm *vmm, struct guest *g, struct slot_range *own)
{
	*own = (struct slot_range){vmm->free_slots.first, slots_needed(g->config)};
	if (own->count > vmm->free_slots.count) {
		guest_end(g, "error", "it needs %u capability slots, %u are left: give /vmm/free-slots more",
			  own->count, vmm->free_slots.count);
		return false;
	}
	vmm->free_slots.first += own->count;
	vmm->free_slots.count -= own->count;
	return true;
}

void guest_compose(struct vmm *vmm, u32 number)
{
	struct guest *g = &vmm->guest[number];
	struct slot_range own;

	if (number == 0u) {
		guests_left = vmm->config->guests;
	}
	g->config = &vmm->config->guest[number];
	g->number = number;
	g->vcpus = g->config->vcpus;
	g->limit = g->config->limit_seconds == 0u ? NIE_NEVER :
		   nie_now() + g->config->limit_seconds * nie_frequency();
	if (!take_slots(vmm, g, &own) || !compose(vmm, g, own)) {
		guest_finish(g);
		return;
	}
	console_print("%s: %u vCPU%s, %lu MiB private, %s", g->config->name, g->vcpus,
		      g->vcpus == 1u ? "" : "s", g->private_bytes / 0x100000u, g->config->kernel.name);
	scheduler_start(&g->vcpu[0]);
}

void guest_input(struct guest *g, u8 byte)
{
	lock_take(&g->lock);
	if (g->end == NULL) {
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

/* What the kernel scrubs here goes back to the guest's untyped memory, all of it. */
static void give_back(struct guest *g)
{
	u64 status = nie_allocator_reclaim(&g->memory);
	char text[48];

	if (status != NIE_OK) {
		console_print("%s: its memory did not come back: %s", g->config->name,
			      nie_status_text(status, text, sizeof(text)));
	}
}

void guest_finish(struct guest *g)
{
	if (g->end == NULL) {
		guest_end(g, "error", "the kernel runs none of its vCPUs");
	}
	if (g->vspace != 0u) {
		nie_kill_all(g->vspace);
	}
	give_back(g);
	console_guest_end(g->number);
	console_print("%s ended: %s%s%s", g->config->name, g->end, g->detail[0] != '\0' ? ", " : "", g->detail);
	g->finished = true;
	if (__atomic_sub_fetch(&guests_left, 1u, __ATOMIC_ACQ_REL) == 0u) {
		scheduler_stop();
	}
}

u64 guest_next_event(const struct guest *g)
{
	u64 alarm = pl031_next(&g->rtc);

	return alarm < g->limit ? alarm : g->limit;
}
