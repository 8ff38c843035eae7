/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the memory that the image occupies and the memory that is left to the initial task: its
 * objects, and a capability for everything there is. After this the kernel allocates nothing.
 */
#include "nie/boot.h"

#include "nie/cap.h"
#include "nie/granule.h"
#include "nie/hw.h"
#include "nie/table.h"
#include "nie/view.h"

#define BLOCK NIE_PAGES_PER_BLOCK
#define GRANULE_BITS 12u
#define CSPACE_BITS 18u
#define CSPACE_GRANULES 64u
#define BLOCK_BITS 21u

/* The initial task's own objects lie in one block after the archive, in this order. */
#define OBJECT_CSPACE 0u
#define OBJECT_VSPACE CSPACE_GRANULES
#define OBJECT_VCPU (OBJECT_VSPACE + 2u)
#define OBJECT_TABLES (OBJECT_VCPU + 1u)

static const u32 device_pages[] = PLATFORM_DEVICE_PAGES;
static const u32 irqs[] = PLATFORM_IRQS;
static const u32 streams[] = PLATFORM_STREAM_IDS;

struct plan {
	granule_t objects;      /* the block of the initial task's objects */
	granule_t next_table;
	slot_t cspace;          /* slot 0 of the initial CNode */
	slot_t objects_untyped;
	u32 next_frame;         /* slot indices */
	u32 next_image_untyped;
	u32 next_free_untyped;
};

static u32 log2_of(u32 granules)
{
	u32 bits = 0;

	for (; granules > 1u; granules /= 2u) {
		bits++;
	}
	return bits;
}

/* The largest power of two that starts, aligned, at `first` and does not pass `end`; in granules. */
static u32 piece(granule_t first, granule_t end)
{
	u32 size = 1;

	while (size < 0x40000000u && first % (size * 2u) == 0u && size * 2u <= end - first) {
		size *= 2u;
	}
	return size;
}

static void scrub_range(granule_t first, granule_t end)
{
	for (granule_t g = first; g < end;) {
		u32 size = piece(g, end);

		size = size < BLOCK ? size : BLOCK;
		hw_scrub(g, size);
		g += size;
	}
}

static void mark_kernel(granule_t first, granule_t end)
{
	for (granule_t g = first; g < end; g++) {
		granule_state[g] = GRANULE_KERNEL;
	}
}

static void place_free(struct plan *p, granule_t first, granule_t end)
{
	for (granule_t g = first; g < end;) {
		u32 size = piece(g, end);
		slot_t where = p->cspace + p->next_free_untyped++;

		cap_place_root(where, NIE_TYPE_UNTYPED, NIE_RIGHTS_ALL, GRANULE_BITS + log2_of(size), g);
		g += size;
	}
}

/* A capability for a boot-made object, as if retype had made it from the objects' block. */
static void place_object(struct plan *p, u32 index, u32 type, u32 size_bits, granule_t g)
{
	cap_place_child(p->objects_untyped, p->cspace + index, type, size_bits, g);
}

static void must(status_t status, const char *what)
{
	if (status != NIE_OK) {
		hw_panic(what, status);
	}
}

/* Link the tables that the walk to `ipa` lacks. */
static void need_tables(struct plan *p, u64 ipa, u32 level)
{
	granule_t vspace = p->objects + OBJECT_VSPACE;

	for (u32 l = 2; l <= level; l++) {
		if (table_walk(vspace + 1u, ipa, l) == GRANULE_NONE) {
			granule_t t = p->next_table++;

			table_make(t);
			place_object(p, p->next_frame++, NIE_TYPE_TABLE, GRANULE_BITS, t);
			must(vspace_map_table(t, vspace, ipa / entry_span(l - 1u) * entry_span(l - 1u), l),
			     "boot cannot link a table: status");
		}
	}
}

/* What the image occupies becomes private frames of the initial task, made from untyped memory that
 * is used up. */
static void place_image(struct plan *p, granule_t first, granule_t end, granule_t used_end, u64 ipa, u32 text,
			bool blocks)
{
	granule_t vspace = p->objects + OBJECT_VSPACE;
	u32 step = blocks ? BLOCK : 1u;

	for (granule_t g = first; g < end;) {
		u32 size = piece(g, end);
		slot_t untyped = p->cspace + p->next_image_untyped++;

		cap_place_root(untyped, NIE_TYPE_UNTYPED, NIE_RIGHTS_ALL, GRANULE_BITS + log2_of(size), g);
		for (granule_t f = g; f < g + size && f < used_end; f += step) {
			u64 rights = f - first < text ? NIE_RIGHT_READ | NIE_RIGHT_EXECUTE : NIE_RIGHT_READ | NIE_RIGHT_WRITE;
			u64 at = ipa + (u64)(f - first) * GRANULE_SIZE;

			frame_make(f, blocks, true);
			cap_place_child(untyped, p->cspace + p->next_frame++, NIE_TYPE_PRIVATE_FRAME,
					blocks ? BLOCK_BITS : GRANULE_BITS, f);
			need_tables(p, at, blocks ? 2u : 3u);
			must(vspace_map_private(f, vspace, at, blocks ? NIE_RIGHT_READ : rights),
			     "boot cannot map the image: status");
		}
		slot_at(untyped)->detail = size;
		g += size;
	}
}

static void make_objects(struct plan *p)
{
	granule_t vspace = p->objects + OBJECT_VSPACE;
	granule_t vcpu = p->objects + OBJECT_VCPU;

	cnode_create(p->objects + OBJECT_CSPACE, CSPACE_BITS);
	p->objects_untyped = p->cspace + p->next_image_untyped++;
	cap_place_root(p->objects_untyped, NIE_TYPE_UNTYPED, NIE_RIGHTS_ALL, BLOCK_BITS, p->objects);
	vspace_make(vspace, false);
	vcpu_make(vcpu);
	place_object(p, NIE_BOOT_SLOT_CSPACE, NIE_TYPE_CNODE, CSPACE_BITS, p->objects + OBJECT_CSPACE);
	place_object(p, NIE_BOOT_SLOT_VSPACE, NIE_TYPE_TASK_VSPACE, GRANULE_BITS + 1u, vspace);
	place_object(p, NIE_BOOT_SLOT_VCPU, NIE_TYPE_VCPU, GRANULE_BITS, vcpu);
}

static void place_hardware(struct plan *p, u32 core_count)
{
	for (u32 i = 0; i < core_count; i++) {
		cap_place_root(p->cspace + NIE_BOOT_SLOT_CORES + i, NIE_TYPE_CORE, NIE_RIGHTS_ALL, 0, i);
	}
	for (u32 i = 0; i < sizeof(device_pages) / sizeof(device_pages[0]); i++) {
		cap_place_root(p->cspace + NIE_BOOT_SLOT_DEVICES + i, NIE_TYPE_DEVICE, NIE_RIGHTS_ALL, GRANULE_BITS,
			       device_pages[i]);
	}
	for (u32 i = 0; i < sizeof(irqs) / sizeof(irqs[0]); i++) {
		cap_place_root(p->cspace + NIE_BOOT_SLOT_IRQS + i, NIE_TYPE_IRQ, NIE_RIGHTS_ALL, 0, irqs[i]);
	}
	for (u32 i = 0; i < PLATFORM_STREAM_COUNT; i++) {
		cap_place_root(p->cspace + NIE_BOOT_SLOT_STREAMS + i, NIE_TYPE_STREAM, NIE_RIGHTS_ALL, 0, streams[i]);
	}
}

void boot(u32 core_count, const struct boot_image *image)
{
	granule_t kernel = (granule_t)((KERNEL_IMAGE - RAM_BASE) / GRANULE_SIZE);
	u32 archive_blocks = (u32)((image->archive_bytes + BLOCK * GRANULE_SIZE - 1u) / (BLOCK * GRANULE_SIZE));
	granule_t archive_end = image->archive + archive_blocks * BLOCK;
	struct plan p = {
		.objects = archive_end,
		.next_table = archive_end + OBJECT_TABLES,
		.cspace = archive_end * NIE_SLOTS_PER_GRANULE,
		.next_frame = NIE_BOOT_SLOT_FRAMES,
		.next_image_untyped = NIE_BOOT_SLOT_IMAGE_UNTYPED,
		.next_free_untyped = NIE_BOOT_SLOT_FREE_UNTYPED,
	};
	granule_t vspace = p.objects + OBJECT_VSPACE;
	granule_t vcpu = p.objects + OBJECT_VCPU;

	if (archive_end >= RAM_GRANULES - BLOCK) {
		hw_panic("RAM ends before the system image does: granules needed", archive_end);
	}
	mark_kernel(kernel, image->kernel_end);
	scrub_range(0, kernel);
	scrub_range(image->kernel_end, image->task);
	scrub_range(image->task + image->task_granules, image->archive);
	scrub_range(archive_end, RAM_GRANULES);

	make_objects(&p);
	place_hardware(&p, core_count);
	place_free(&p, 0, kernel);
	place_free(&p, image->kernel_end, image->task);
	place_free(&p, p.objects + BLOCK, RAM_GRANULES);
	place_image(&p, image->task, image->archive, image->task + image->task_granules, NIE_BOOT_ADDRESS_IMAGE,
		    image->task_text_granules, false);
	place_image(&p, image->archive, archive_end, archive_end, NIE_BOOT_ADDRESS_ARCHIVE, 0, true);

	must(vcpu_configure(vcpu, vspace, 0, p.objects + OBJECT_CSPACE, image->task_entry, core_count, 0),
	     "boot cannot configure the initial task: status");
	vcpu_at(vcpu)->x[1] = NIE_BOOT_ADDRESS_ARCHIVE;
	vcpu_at(vcpu)->x[2] = image->archive_bytes;
	vcpu_at(vcpu)->x[3] = p.next_image_untyped - NIE_BOOT_SLOT_IMAGE_UNTYPED;
	vcpu_at(vcpu)->x[4] = p.next_free_untyped - NIE_BOOT_SLOT_FREE_UNTYPED;
	vcpu_at(vcpu)->x[5] = p.next_frame;
	vcpu_at(vcpu)->core = 0;
	cores[0].current = vcpu;
	hw_vcpu_load(vcpu);
}
