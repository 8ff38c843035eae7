/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The initial task: builds the system that spec.c describes, gives every capability to whom the
 * description names, and ends by giving its core to the first vCPU. What is left of it is a range of
 * untyped capabilities, which that task revokes.
 */
#include "archive.h"
#include "fail.h"
#include "layout.h"
#include "nie/stubs.h"
#include "spec.h"

enum boot_register {
	BOOT_CORES,
	BOOT_ARCHIVE,
	BOOT_ARCHIVE_SIZE,
	BOOT_IMAGE_UNTYPED,
	BOOT_FREE_UNTYPED,
	BOOT_FIRST_SLOT,
};

#define READ_WRITE (NIE_RIGHT_READ | NIE_RIGHT_WRITE)
#define ALL_RIGHTS (READ_WRITE | NIE_RIGHT_EXECUTE | NIE_RIGHT_CONTROL)
#define SPARE_SLOTS 4u /* two of fail_prepare, the start vCPU, a core */

static u32 next_slot, own_slots;
static const u64 *boot;

static u32 take_slot(const char *object)
{
	if (next_slot >= own_slots) {
		fail_because(object, "slot", "the initial CNode is full: describe fewer objects");
	}
	return next_slot++;
}

static const char *name_of(u32 object)
{
	return spec_objects[object].name;
}

/* A capability of our own: a copy in a slot of ours. */
static void copy_here(u64 to, u64 from, u64 rights, const char *object)
{
	must(nie_cap_copy(NIE_OWN_CSPACE, to, NIE_OWN_CSPACE, from, rights), object, "cap_copy");
}

/* The free untyped with the least room that still holds `size` bytes; `*room` is what it has. As
 * best() of capdl/memory.py. */
static u64 best_untyped(u64 size, u64 *room)
{
	u64 best = 0;

	for (u64 i = 0; i < boot[BOOT_FREE_UNTYPED]; i++) {
		struct nie_cap_info_results info;
		u64 slot = NIE_BOOT_SLOT_FREE_UNTYPED + i;

		must(nie_cap_info(slot, &info), "free memory", "cap_info");
		if (info.free >= size && (best == 0 || info.free < *room)) {
			best = slot;
			*room = info.free;
		}
	}
	return best;
}

/* As many objects as one hypercall may make, and the untyped has room for. */
static u32 batch(u32 left, u32 type, u32 size_bits, u64 room)
{
	u64 limit = NIE_STEP_GRANULES;
	u64 fits = room >> size_bits;

	if (type != NIE_TYPE_UNTYPED) {
		limit = (u64)NIE_STEP_GRANULES >> (size_bits - NIE_PAGE_BITS);
	}
	limit = limit < fits ? limit : fits;
	return left < limit ? left : (u32)limit;
}

static void make_objects(void)
{
	for (u32 r = 0; r < spec_runs_count; r++) {
		const struct spec_run *run = &spec_runs[r];
		const struct spec_object *object = &spec_objects[run->first];

		for (u32 done = 0; done < run->count;) {
			u32 first = run->first + done;
			u64 room = ~0ul; /* of a parent: capdl/ checked that all fit */
			u64 untyped = run->parent == SPEC_NONE ? best_untyped(1ul << object->size_bits, &room)
							       : spec_slot_of[run->parent];
			u32 count;

			if (untyped == 0) {
				fail_because(name_of(first), "retype", "no free memory is large enough");
			}
			count = batch(run->count - done, object->type, object->size_bits, room);
			for (u32 i = 0; i < count; i++) {
				spec_slot_of[first + i] = take_slot(name_of(first));
			}
			must(nie_retype(untyped, object->type, object->size_bits, NIE_OWN_CSPACE,
					spec_slot_of[first], count),
			     name_of(first), "retype");
			done += count;
		}
	}
}

/* Devices, interrupts and cores are in the kernel's boot slots, known by their address or number. A
 * machine may have fewer cores than the description: 0, and the slots for them stay empty. */
static u32 find_given(const struct spec_object *object)
{
	for (u32 slot = NIE_BOOT_SLOT_CORES; slot < NIE_BOOT_SLOT_FRAMES; slot++) {
		struct nie_cap_info_results info;

		if (nie_cap_info(slot, &info) == NIE_OK && info.type == object->type &&
		    info.address == object->address) {
			return slot;
		}
	}
	if (object->type == NIE_TYPE_CORE) {
		return 0;
	}
	fail_because(object->name, "boot slots", "this machine has no such device: build for its platform");
}

static void find_objects(void)
{
	for (u32 i = spec_made_count; i < spec_objects_count; i++) {
		spec_slot_of[i] = find_given(&spec_objects[i]);
	}
}

static void copy_bytes(u8 *to, const u8 *from, u64 count)
{
	u64 i = 0;

	/* Files and frames are aligned; fills need not be. */
	if ((((u64)to | (u64)from) & 7u) == 0) {
		for (; i + 8u <= count; i += 8u) {
			*(u64 *)(to + i) = *(const u64 *)(from + i);
		}
	}
	for (; i < count; i++) {
		to[i] = from[i];
	}
}

static void fill_frames(void)
{
	for (u32 f = 0; f < spec_fills_count; f++) {
		const struct spec_fill *fill = &spec_fills[f];
		const char *name = name_of(fill->object);
		u32 slot = spec_slot_of[fill->object];
		u64 at = spec_objects[fill->object].size_bits == NIE_BLOCK_BITS ? BLOCK_AT : PAGE_AT;
		u64 length = 0;
		const char *file = spec_files[fill->file];
		const u8 *data;

		if (!archive_find(boot[BOOT_ARCHIVE], boot[BOOT_ARCHIVE_SIZE], file, &data, &length)) {
			fail_because(name, "fill: no such file in the archive", file);
		}
		length = length > fill->file_offset ? length - fill->file_offset : 0;
		length = length < fill->length ? length : fill->length;
		must(nie_map(slot, NIE_BOOT_SLOT_VSPACE, at, READ_WRITE), name, "map to fill");
		copy_bytes((u8 *)at + fill->offset, data + fill->file_offset, length);
		must(nie_unmap(slot), name, "unmap");
	}
}

static void map_all(void)
{
	for (u32 i = 0; i < spec_links_count; i++) {
		const struct spec_link *link = &spec_links[i];

		must(nie_map_table(spec_slot_of[link->object], spec_slot_of[link->vspace], link->ipa,
				   link->level),
		     name_of(link->object), "map_table");
	}
	for (u32 i = 0; i < spec_mappings_count; i++) {
		const struct spec_mapping *m = &spec_mappings[i];
		u32 slot = spec_slot_of[m->object];

		if (m->home != SPEC_NONE) {
			slot = take_slot(name_of(m->object));
			copy_here(slot, spec_slot_of[m->object], ALL_RIGHTS, name_of(m->object));
		}
		must(nie_map(slot, spec_slot_of[m->vspace], m->ipa, m->rights), name_of(m->object), "map");
		if (m->home != SPEC_NONE) {
			must(nie_cap_move(spec_slot_of[spec_handover.cnode], m->home, NIE_OWN_CSPACE, slot),
			     name_of(m->object), "cap_move");
		}
	}
}

static void configure_vcpus(void)
{
	for (u32 i = 0; i < spec_starts_count; i++) {
		const struct spec_start *s = &spec_starts[i];

		must(nie_vcpu_configure(spec_slot_of[s->vcpu], spec_slot_of[s->vspace], s->index,
					spec_slot_of[s->cspace], s->entry, s->argument, s->stack),
		     name_of(s->vcpu), "vcpu_configure");
	}
}

/* Copies of the CNodes stay here, so that the order in which CNodes move does not matter. */
static void keep_writers(void)
{
	for (u32 i = 0; i < spec_objects_count; i++) {
		if (spec_objects[i].type == NIE_TYPE_CNODE) {
			spec_writer_of[i] = take_slot(name_of(i));
			copy_here(spec_writer_of[i], spec_slot_of[i], ALL_RIGHTS, name_of(i));
		}
	}
}

static void place_all(void)
{
	for (u32 i = 0; i < spec_places_count; i++) {
		const struct spec_place *p = &spec_places[i];
		u32 cnode = spec_writer_of[p->cnode];
		u32 slot = spec_slot_of[p->object];
		const char *name = name_of(p->object);

		if (slot == 0) {
			continue;
		}
		if (p->move) {
			must(nie_cap_move(cnode, p->index, NIE_OWN_CSPACE, slot), name, "cap_move");
		} else {
			u64 from = p->from_cnode == SPEC_NONE ? NIE_OWN_CSPACE : spec_writer_of[p->from_cnode];

			must(nie_cap_copy(cnode, p->index, from, from == NIE_OWN_CSPACE ? slot : p->from_index, p->rights),
			     name, "cap_copy");
		}
	}
}

static void move_untyped(u64 to_index, u64 from_index, u64 count, const char *what)
{
	u32 cnode = spec_writer_of[spec_handover.cnode];

	for (u64 i = 0; i < count; i++) {
		must(nie_cap_move(cnode, to_index + i, NIE_OWN_CSPACE, from_index + i), what, "cap_move");
	}
}

int task_main(const u64 registers[6])
{
	struct nie_cap_info_results cspace;
	u32 spare, start, core;

	boot = registers;
	must(nie_cap_info(NIE_BOOT_SLOT_CSPACE, &cspace), "initial CNode", "cap_info");
	own_slots = NIE_SLOTS_PER_GRANULE << (cspace.size_bits - NIE_PAGE_BITS);
	spare = (u32)boot[BOOT_FIRST_SLOT];
	next_slot = spare + SPARE_SLOTS;
	fail_prepare(NIE_BOOT_SLOT_DEVICES, NIE_BOOT_SLOT_CORES, spare);

	make_objects();
	find_objects();
	fill_frames();
	map_all();
	configure_vcpus();

	start = spare + 2u;
	core = spare + 3u;
	copy_here(start, spec_slot_of[spec_handover.start], NIE_RIGHT_CONTROL, name_of(spec_handover.start));
	copy_here(core, NIE_BOOT_SLOT_CORES, NIE_RIGHT_CONTROL, "core 0");
	keep_writers();
	place_all();
	move_untyped(spec_handover.reclaim, NIE_BOOT_SLOT_IMAGE_UNTYPED, boot[BOOT_IMAGE_UNTYPED],
		     "image memory");
	move_untyped(spec_handover.leftover, NIE_BOOT_SLOT_FREE_UNTYPED, boot[BOOT_FREE_UNTYPED],
		     "free memory");
	fail(name_of(spec_handover.start), "core_start", nie_core_start(core, start));
}
