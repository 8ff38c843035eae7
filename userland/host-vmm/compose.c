/* SPDX-License-Identifier: Apache-2.0 */
#include "compose.h"

#include <stdio.h>
#include <string.h>

#include "guest.h"
#include "guest_tree.h"
#include "nie/error.h"
#include "nie/stubs.h"
#include "sharing.h"

#define VSPACE_BITS 13u
#define RIGHTS_RAM (NIE_RIGHT_READ | NIE_RIGHT_WRITE | NIE_RIGHT_EXECUTE)

/* A call failed while composing: say which, for what. */
static bool refused(struct guest *g, const char *what, u64 ipa, u64 status)
{
	char text[48];

	guest_end(g, "error", "%s at 0x%lx: %s; %lu KiB of its memory are unused", what, ipa,
		  nie_status_text(status, text, sizeof(text)), nie_allocator_free_bytes(&g->memory) / 1024u);
	return false;
}

static bool take_memory(struct guest *g)
{
	nie_allocator_init(&g->memory, g->slots.first, g->slots.count);
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
	status = frames_begin(g);
	if (status != NIE_OK) {
		return refused(g, "CNodes for its frames", 0, status);
	}
	for (u32 i = 0; i < g->vcpus; i++) {
		struct vcpu *v = &g->vcpu[i];

		v->reply = 0;
		v->timer = (struct physical_timer){0, 0};
		v->turned_on = false;
		status = nie_allocate(&g->memory, NIE_TYPE_VCPU, NIE_PAGE_BITS, &v->slot);
		if (status != NIE_OK) {
			return refused(g, "vCPU", i, status);
		}
	}
	return true;
}

/* The tables for what a realm guest will share are made now, while there is memory for them. */
static bool prepare_sharing(struct guest *g)
{
	u64 status = sharing_prepare(g);

	return status == NIE_OK || refused(g, "tables for its shared half", NIE_SHARED_HALF, status);
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
static bool give_frame(struct guest *g, const struct ram_part *part, u64 ipa)
{
	const struct layout *layout = &g->compose.layout;
	struct vmm *vmm = g->vmm;
	u64 size = 1ul << part->bits;
	u64 window = vmm_window(vmm, g->number, part->bits);
	u64 frame;
	u64 status = frames_make(g, part, ipa, &frame);

	if (status != NIE_OK) {
		return refused(g, "memory", ipa, status);
	}
	if (has_content(layout, ipa, size)) {
		status = nie_map(frame, vmm->space.vspace, window, NIE_RIGHT_READ | NIE_RIGHT_WRITE);
		if (status != NIE_OK) {
			return refused(g, "filling memory", ipa, status);
		}
		fill_frame(layout, window, ipa, size);
	}
	status = nie_donate(frame, g->vspace, ipa, RIGHTS_RAM);
	if (status == NIE_OK) {
		status = frames_put_away(g, part, ipa);
	}
	if (status != NIE_OK) {
		return refused(g, "donating memory", ipa, status);
	}
	g->private_bytes += size;
	return true;
}

/* The tables are made first: so the frames get consecutive slots. */
static bool begin_part(struct guest *g, u32 number)
{
	struct ram_part *part = &g->ram[number];
	u64 status = nie_space_expect_ram(&g->space, part->bits, part->ipa, part->end - part->ipa);

	if (status != NIE_OK) {
		return refused(g, "expecting memory", part->ipa, status);
	}
	frames_begin_part(g, part);
	g->compose.part = number;
	g->compose.ipa = part->ipa;
	return true;
}

static bool donate_again(struct guest *g, const struct ram_part *part, u64 ipa)
{
	u64 frame;
	u64 status = frames_take(g, part, ipa, &frame);

	if (status == NIE_OK) {
		status = nie_donate(frame, g->vspace, ipa, RIGHTS_RAM);
		frames_put_away(g, part, ipa);
	}
	/* Another vCPU may have asked for the same frame. */
	return status == NIE_OK || nie_error_of(status) == NIE_ERR_MAPPED;
}

bool compose_populate(struct guest *g, u64 ipa)
{
	for (u32 i = 0; i < RAM_PARTS; i++) {
		const struct ram_part *part = &g->ram[i];

		if (ipa >= part->ipa && ipa < part->end) {
			return donate_again(g, part, ipa >> part->bits << part->bits);
		}
	}
	return false;
}

/* The guest's own capabilities of the frames: one of an earlier life of it may still say where it was mapped. */
static bool give_regions(struct guest *g)
{
	for (u32 i = 0; i < g->config->regions; i++) {
		const struct region *r = &g->config->region[i];

		for (u32 page = 0; page < r->count; page++) {
			u64 ipa = r->ipa + page * NIE_PAGE_SIZE;
			u64 status;

			nie_unmap(r->slot + page);
			status = nie_space_map(&g->space, r->slot + page, NIE_PAGE_BITS, ipa, r->rights);
			if (status != NIE_OK) {
				return refused(g, "sharing memory", ipa, status);
			}
		}
	}
	return true;
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
	status = pci_connect(g, g->vspace);
	if (status != NIE_OK) {
		return refused(g, "attaching its devices", 0, status);
	}
	status = nie_vspace_activate(g->vspace, g->config->policy);
	if (status == NIE_OK) {
		status = nie_vspace_measurement(g->vspace, &g->measurement);
	}
	return status == NIE_OK || refused(g, "activating", 0, status);
}


bool compose_begin(struct guest *g)
{
	struct compose *c = &g->compose;
	u64 end = GUEST_RAM_BASE + g->config->memory;
	/* A realm guest gives memory up by the page, and frames are not split. */
	u64 blocks_end = g->config->realm != 0u ? GUEST_RAM_BASE : end / NIE_BLOCK_SIZE * NIE_BLOCK_SIZE;
	char error[sizeof(g->detail)];

	if (!loader_place(g->config, &c->layout, error, sizeof(error))) {
		guest_end(g, "error", "%s", error);
		return false;
	}
	memset(c->tree, 0, sizeof(c->tree));
	if (!guest_tree_make(c->tree, g->config, &c->layout, guest_tree_seed(g->number))) {
		guest_end(g, "error", "its device tree, 16 KiB with addresses of two cells, has no room for its bootargs");
		return false;
	}
	c->layout.extent[c->layout.extents - 1u].data = c->tree;
	g->private_bytes = 0;
	g->ram[0] = (struct ram_part){GUEST_RAM_BASE, blocks_end, NIE_BLOCK_BITS, 0};
	g->ram[1] = (struct ram_part){blocks_end, end, NIE_PAGE_BITS, 0};
	g->ram[2] = (struct ram_part){GUEST_FIRMWARE_BASE, GUEST_FIRMWARE_BASE + g->config->flash, NIE_BLOCK_BITS, 0};
	g->ram[3] = (struct ram_part){GUEST_FLASH_BASE, GUEST_FLASH_BASE + g->config->flash, NIE_BLOCK_BITS, 0};
	return take_memory(g) && make_objects(g) && prepare_sharing(g) && begin_part(g, 0);
}

enum compose_progress compose_step(struct guest *g)
{
	struct compose *c = &g->compose;
	const struct ram_part *part = &g->ram[c->part];

	if (c->ipa < part->end) {
		if (!give_frame(g, part, c->ipa)) {
			return COMPOSE_FAILED;
		}
		c->ipa += 1ul << part->bits;
		return COMPOSE_MORE;
	}
	if (c->part + 1u < RAM_PARTS) {
		return begin_part(g, c->part + 1u) ? COMPOSE_MORE : COMPOSE_FAILED;
	}
	return give_regions(g) && seal(g, &c->layout) ? COMPOSE_DONE : COMPOSE_FAILED;
}
