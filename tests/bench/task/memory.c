/* SPDX-License-Identifier: Apache-2.0 */
/* Making, mapping, donating and destroying memory. */
#include "bench.h"

#include "nie/loops.h"
#include "nie/stubs.h"

#define ROUNDS 64u
#define GUEST_FRAMES 128u /* of 2 MiB: 256 MiB */
#define GUEST_RAM 0x40000000ul
#define GIB_BLOCKS 512u

u64 donate_keeps_fp(u64 frame, u64 space, u64 ipa, u64 rights); /* fp.S */

static void measure_retype(void)
{
	u64 untyped = untyped_take(NIE_BLOCK_BITS);
	u64 slot = slots_take(1);
	struct samples make = {0}, end = {0}, both = {0};
	u64 more = 0;

	for (u32 i = 0; i < ROUNDS; i++) {
		TIMED(make, nie_retype(untyped, NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS, NIE_OWN_CSPACE, slot, 1));
		/* As if it had been used: a frame that never was is not scrubbed. */
		must(nie_map(slot, NIE_BOOT_SLOT_VSPACE, PAGE_AT, READ_WRITE), "map");
		must(nie_unmap(slot), "unmap");
		TIMED(end, nie_cap_delete(NIE_OWN_CSPACE, slot, &more));
		must(more, "destroy in one step");
	}
	for (u32 i = 0; i < ROUNDS; i++) {
		TIMED(both, {
			(void)nie_retype(untyped, NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS, NIE_OWN_CSPACE, slot, 1);
			(void)nie_cap_delete(NIE_OWN_CSPACE, slot, &more);
		});
	}
	report("retype", &make);
	report("destroy", &end);
	report("retype-and-destroy", &both);
}

static void measure_map(void)
{
	u64 frame = object_make(untyped_take(NIE_BLOCK_BITS), NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
	struct samples map = {0}, unmap = {0}, map_execute = {0};
	u64 status = NIE_OK;

	for (u32 i = 0; i < ROUNDS; i++) {
		TIMED(map, status |= nie_map(frame, NIE_BOOT_SLOT_VSPACE, PAGE_AT, READ_WRITE));
		TIMED(unmap, status |= nie_unmap(frame));
	}
	for (u32 i = 0; i < ROUNDS; i++) {
		TIMED(map_execute, status |= nie_map(frame, NIE_BOOT_SLOT_VSPACE, PAGE_AT, READ_WRITE_EXECUTE));
		must(nie_unmap(frame), "unmap");
	}
	must(status, "map and unmap");
	report("map", &map);
	report("unmap", &unmap);
	report("map-executable", &map_execute);
}

/* Frames go to a guest, which is destroyed at the end: zero, where it expects memory; and from the task's own
 * mapping, their content measured. */
static void measure_donate(void)
{
	u64 untyped = untyped_take(NIE_BLOCK_BITS);
	u64 space = object_make(untyped, NIE_TYPE_GUEST_VSPACE, NIE_PAGE_BITS + 1u);
	u64 level2 = object_make(untyped, NIE_TYPE_TABLE, NIE_PAGE_BITS);
	u64 level3 = object_make(untyped, NIE_TYPE_TABLE, NIE_PAGE_BITS);
	struct samples donate = {0}, measured = {0};
	u64 status = NIE_OK;

	must(nie_map_table(level2, space, GUEST_RAM, 2), "map_table 2");
	must(nie_map_table(level3, space, GUEST_RAM, 3), "map_table 3");
	must(nie_expect_ram(space, GUEST_RAM, NIE_PAGE_BITS, ROUNDS), "expect_ram");
	for (u32 i = 0; i < ROUNDS; i++) {
		u64 frame = object_make(untyped, NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
		u64 content = object_make(untyped, NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
		u64 ipa = GUEST_RAM + i * NIE_PAGE_SIZE;

		TIMED(donate, status |= nie_donate(frame, space, ipa, READ_WRITE_EXECUTE));
		must(nie_map(content, NIE_BOOT_SLOT_VSPACE, PAGE_AT, READ_WRITE), "map");
		TIMED(measured, status |= nie_donate(content, space, ipa + ROUNDS * NIE_PAGE_SIZE, READ_WRITE_EXECUTE));
	}
	must(status, "donate");
	must(donate_keeps_fp(object_make(untyped, NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS), space,
			     GUEST_RAM + 2u * ROUNDS * NIE_PAGE_SIZE, READ_WRITE_EXECUTE),
	     "donate with floating-point registers in use");
	must(nie_revoke_all(NIE_OWN_CSPACE, untyped), "revoke");
	report("donate", &donate);
	report("donate-measured", &measured);
}

/* 512 frames of 2 MiB, in rounds of 256 MiB, made and destroyed. */
static void measure_scrub(u64 untyped)
{
	u64 slots = slots_take(GUEST_FRAMES);
	struct samples zero = {0}, clean = {0}, map = {0};

	for (u32 done = 0; done < GIB_BLOCKS; done += GUEST_FRAMES) {
		must(nie_retype_all(untyped, NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS, slots, GUEST_FRAMES, NULL),
		     "retype");
		for (u32 i = 0; i < GUEST_FRAMES; i++) {
			u64 more = 0;

			/* As if it had been used: a frame that never was is not scrubbed. */
			must(nie_map(slots + i, NIE_BOOT_SLOT_VSPACE, BLOCK_AT, READ_WRITE), "map");
			must(nie_unmap(slots + i), "unmap");
			TIMED(zero, (void)nie_cap_delete(NIE_OWN_CSPACE, slots + i, &more));
		}
		must(nie_revoke_all(NIE_OWN_CSPACE, untyped), "revoke");
	}
	u64 frame = object_make(untyped, NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS);

	for (u32 i = 0; i < 4u; i++) {
		TIMED(map, (void)nie_map(frame, NIE_BOOT_SLOT_VSPACE, BLOCK_AT, READ_WRITE));
		must(nie_unmap(frame), "unmap");
		TIMED(clean, (void)nie_map(frame, NIE_BOOT_SLOT_VSPACE, BLOCK_AT, READ_WRITE_EXECUTE));
		must(nie_unmap(frame), "unmap");
	}
	must(nie_revoke_all(NIE_OWN_CSPACE, untyped), "revoke");
	report("destroy-2m", &zero);
	report("map-2m", &map);
	report("map-2m-executable", &clean);
}

/* Frames from one piece of memory after the other. */
static u64 make_frames(const u64 *memory, u64 frames, u64 count)
{
	u64 status = NIE_OK, made = 0;

	for (; count != 0u && *memory != 0u; memory++) {
		status = nie_retype_all(*memory, NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS, frames, count, &made);
		frames += made;
		count -= made;
	}
	return status;
}

void guest_build(u64 untyped, const u64 *memory, u64 slots, u64 count)
{
	u64 space = slots, vcpu = slots + 1u, tables = slots + 2u, frames = slots + GUEST_SLOTS;
	u64 status = nie_retype(untyped, NIE_TYPE_GUEST_VSPACE, NIE_PAGE_BITS + 1u, NIE_OWN_CSPACE, space, 1);

	status |= nie_retype(untyped, NIE_TYPE_VCPU, NIE_PAGE_BITS, NIE_OWN_CSPACE, vcpu, 1);
	status |= make_frames(memory, frames, count);
	for (u64 first = 0; first < count; first += GIB_BLOCKS) {
		u64 ipa = GUEST_RAM + first * NIE_BLOCK_SIZE;
		u64 table = tables + first / GIB_BLOCKS;
		u64 here = count - first < GIB_BLOCKS ? count - first : GIB_BLOCKS;

		status |= nie_retype(untyped, NIE_TYPE_TABLE, NIE_PAGE_BITS, NIE_OWN_CSPACE, table, 1);
		status |= nie_map_table(table, space, ipa, 2);
		status |= nie_expect_ram(space, ipa, NIE_BLOCK_BITS, here);
	}
	for (u64 i = 0; i < count; i++) {
		status |= nie_donate(frames + i, space, GUEST_RAM + i * NIE_BLOCK_SIZE, READ_WRITE_EXECUTE);
	}
	status |= nie_vcpu_configure(vcpu, space, 0, 0, GUEST_RAM, 0, 0);
	status |= nie_vspace_activate(space, 0);
	must(status, "create a guest");
}

void guest_take_apart(u64 untyped, const u64 *memory, u64 slots)
{
	u64 status = NIE_OK;

	for (; *memory != 0u; memory++) {
		status |= nie_revoke_all(NIE_OWN_CSPACE, *memory);
	}

	status |= nie_kill_all(slots);
	status |= nie_revoke_all(NIE_OWN_CSPACE, untyped);
	must(status, "destroy a guest");
}

static void measure_guest_life(u64 large)
{
	const u64 memory[] = {large, 0};
	u64 untyped = untyped_take(NIE_BLOCK_BITS);
	u64 slots = slots_take(GUEST_FRAMES + GUEST_SLOTS);
	struct samples create = {0}, destroy = {0};

	for (u32 i = 0; i < 2u; i++) {
		TIMED(create, guest_build(untyped, memory, slots, GUEST_FRAMES));
		TIMED(destroy, guest_take_apart(untyped, memory, slots));
	}
	report("guest-create", &create);
	report("guest-destroy", &destroy);
}

void measure_memory(void)
{
	u64 large = untyped_take(28);

	measure_retype();
	measure_map();
	measure_donate();
	measure_scrub(large);
	measure_guest_life(large);
}
