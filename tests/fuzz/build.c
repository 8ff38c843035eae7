/* SPDX-License-Identifier: Apache-2.0 */
/* Chance alone seldom builds a guest that runs: these calls in a row do, wherever they still can. */
#include "fuzz.h"

#define GUEST_RAM 0x40000000ul

/* A hypercall of the initial task, wherever it runs; watched like any other. */
static u64 call(u32 number, const u64 x[7])
{
	u32 core = vcpu_at(caller())->core;
	u64 status = 0;

	if (cores[core].current != caller() || cores[core].waiting != 0u) {
		return 1;
	}
	watch_begin(core);
	status = call_as(caller(), number, x);
	watch_end(core, false);
	return status;
}

#define DO(name, ...) call(NIE_CALL_##name, (u64[7]){__VA_ARGS__})

/* An empty slot of the initial task's, from `from` on; EMPTY_SLOT if there is none. */
static u64 empty_slot(u64 from)
{
	for (u64 i = from; i < EMPTY_SLOT; i++) {
		if (type_at(i) == 0u) {
			return i;
		}
	}
	return EMPTY_SLOT;
}

static u64 make_one(u32 type, u32 size_bits)
{
	u64 slot = empty_slot(24);

	(void)DO(RETYPE, UNTYPED, type, size_bits, 0, slot, 1);
	return slot;
}

static void link_tables(u64 vspace, u64 ipa)
{
	u64 table = make_one(NIE_TYPE_TABLE, 12);

	(void)DO(MAP_TABLE, table, vspace, ipa / 0x40000000ul * 0x40000000ul, 2);
	table = make_one(NIE_TYPE_TABLE, 12);
	(void)DO(MAP_TABLE, table, vspace, ipa, 3);
}

void build_guest(struct input *in)
{
	u8 how = take(in);
	u64 space = make_one(NIE_TYPE_GUEST_VSPACE, 13);
	u64 frame = make_one(NIE_TYPE_PRIVATE_FRAME, 12);

	link_tables(space, GUEST_RAM);
	if ((how & 1u) != 0u) {
		link_tables(OWN_VSPACE, GUEST_RAM);
		(void)DO(MAP, frame, OWN_VSPACE, GUEST_RAM, NIE_RIGHT_READ | NIE_RIGHT_WRITE);
	}
	(void)DO(DONATE, frame, space, GUEST_RAM, NIE_RIGHT_READ | NIE_RIGHT_EXECUTE);
	if ((how & 2u) != 0u) {
		frame = make_one(NIE_TYPE_SHARED_FRAME, 12);
		link_tables(space, NIE_SHARED_HALF);
		(void)DO(MAP, frame, space, NIE_SHARED_HALF, NIE_RIGHT_READ);
	}
	if ((how & 4u) != 0u) {
		frame = make_one(NIE_TYPE_PRIVATE_FRAME, 21);
		(void)DO(DONATE, frame, space, GUEST_RAM + 0x200000ul, NIE_RIGHT_READ);
	}
	u64 vcpu = make_one(NIE_TYPE_VCPU, 12);

	(void)DO(VCPU_CONFIGURE, vcpu, space, 0, 0, GUEST_RAM, 0, 0);
	if ((how & 8u) != 0u) {
		u64 second = make_one(NIE_TYPE_VCPU, 12);

		(void)DO(VCPU_CONFIGURE, second, space, 1, 0, 0, 0, 0);
	}
	if ((how & 16u) == 0u) {
		(void)DO(VSPACE_ACTIVATE, space, how >> 5 & (NIE_POLICY_DEBUGGABLE | NIE_POLICY_HOST_CPU));
		(void)DO(RUN, vcpu, NIE_NEVER, 0, 0, 0, 0, 0);
	}
}

void build_task(struct input *in)
{
	u8 how = take(in);
	u64 space = make_one(NIE_TYPE_TASK_VSPACE, 13);
	u64 vcpu = make_one(NIE_TYPE_VCPU, 12);
	u64 cnode = (how & 1u) != 0u ? make_one(NIE_TYPE_CNODE, 12) : (u64)OWN_CNODE;

	if ((how & 2u) != 0u) {
		(void)DO(CAP_COPY, cnode, 5, 0, vcpu, NIE_RIGHTS_ALL);
		(void)DO(CAP_COPY, cnode, 6, 0, OWN_CNODE, NIE_RIGHTS_ALL);
	}
	(void)DO(VCPU_CONFIGURE, vcpu, space, 0, cnode, 0x1000, 0, 0x2000);
	if ((how & 4u) != 0u) {
		(void)DO(CORE_START, CORE0 + how / 8u % 3u, vcpu);
	} else if ((how & 8u) != 0u) {
		(void)DO(RUN, vcpu, NIE_NEVER, 0, 0, 0, 0, 0);
	}
}

/* A task or a guest writes to a frame of its own. */
void put_content(struct input *in)
{
	u32 which = take(in);

	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		if ((granule_state[g] == GRANULE_PRIVATE || granule_state[g] == GRANULE_SHARED) && which-- == 0u) {
			if (granule_owner[g] != GRANULE_NONE && granule_owner[g] != 0u) {
				native_ram_write((u64)g * GRANULE_SIZE + 64u, "content", 7);
			}
			return;
		}
	}
}
