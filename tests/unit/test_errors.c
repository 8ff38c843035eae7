/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every error of every hypercall, in the order of the interface file, and that a call which fails has
 * changed nothing. Each error is an argument that provokes it in a call that is good otherwise; two
 * at once must yield the one that the interface file names first.
 */
#include "world.h"

#include "../../kernel/core/authority/authority.h"
#include "nie/irq.h"
#include "nie/statuses.h"
#include "nie/vspace.h"

#include <string.h>

enum object_slot {
	GUEST = 30,    /* building, vCPU 0 configured */
	GUEST_ACTIVE,
	GUEST_KILLED,
	TASK,
	TASK_KILLED,
	GUEST_NO_WRITE,
	GUEST_ACTIVE_NO_CONTROL,
	TASK_NO_CONTROL,
	GUEST_NO_READ,
	TABLES_OWN = 40,
	TABLES_GUEST = 42,
	TABLES_SHARED = 44,
	TABLE_FREE = 46,
	TABLES_OPEN = 47,
	FRAME = 50,         /* private, unmapped */
	FRAME_TASK,         /* in the caller's VSpace */
	FRAME_GUEST,        /* donated */
	FRAME_WRITE_ONLY,
	FRAME_COPIED,
	FRAME_OPEN,
	SHARED = 60,
	SHARED_MAPPED,
	SHARED_WRITE_ONLY,
	SHARED_BASE,
	VCPU_FREE = 70,
	VCPU_ACTIVE,
	VCPU_GUEST,
	VCPU_TASK,
	VCPU_TASK2,
	VCPU_NO_CONTROL,
	CNODE = 80,
	CNODE_NO_WRITE,
	CNODE_NO_READ,
	CORE_NO_CONTROL,
	IRQ_NO_CONTROL,
	IRQ_NO_READ,
	GUEST_OPEN,    /* active and debuggable */
	VCPU_OPEN,
	DEEP = 90,
	DEEP_UNTYPED,
	STREAM_ATTACHED = 76,
	STREAM_NO_CONTROL,
	STREAM_NO_READ,
};

#define FRAME_TASK_IPA TASK_BASE
#define FRAME_GUEST_IPA 0x40000000ul
#define SHARED_IPA (NIE_SHARED_HALF + 0x1000ul)
#define IPA_END (1ul << NIE_IPA_BITS)
#define R NIE_RIGHT_READ
#define W NIE_RIGHT_WRITE
#define PENDING (1ul << 62)

static void copy(u64 to, u64 from, u64 rights)
{
	assert_int_equal(CALL(CAP_COPY, 0, to, 0, from, rights), NIE_OK);
}

static void ok(u64 status)
{
	assert_int_equal(status, NIE_OK);
}

static void make_spaces(void)
{
	make(NIE_TYPE_GUEST_VSPACE, 13, GUEST);
	make(NIE_TYPE_GUEST_VSPACE, 13, GUEST_KILLED);
	make(NIE_TYPE_TASK_VSPACE, 13, TASK);
	make(NIE_TYPE_TASK_VSPACE, 13, TASK_KILLED);
	make_guest(GUEST_ACTIVE, VCPU_ACTIVE);
	ok(CALL(VSPACE_KILL, GUEST_KILLED));
	ok(CALL(VSPACE_KILL, TASK_KILLED));
	copy(GUEST_NO_WRITE, GUEST, NIE_RIGHTS_ALL - W - NIE_RIGHT_CONTROL);
	copy(GUEST_ACTIVE_NO_CONTROL, GUEST_ACTIVE, R | W);
	copy(TASK_NO_CONTROL, TASK, R | W);
	copy(GUEST_NO_READ, GUEST, W | NIE_RIGHT_CONTROL);
	make_tables(TABLES_OWN, OWN_VSPACE, TASK_BASE);
	make_tables(TABLES_GUEST, GUEST, FRAME_GUEST_IPA);
	make_tables(TABLES_SHARED, GUEST, SHARED_IPA);
	make(NIE_TYPE_TABLE, 12, TABLE_FREE);
}

/* May be debugged: vCPU 0, and a page. */
static void make_open_guest(void)
{
	make(NIE_TYPE_GUEST_VSPACE, 13, GUEST_OPEN);
	make(NIE_TYPE_VCPU, 12, VCPU_OPEN);
	make_tables(TABLES_OPEN, GUEST_OPEN, FRAME_GUEST_IPA);
	make(NIE_TYPE_PRIVATE_FRAME, 12, FRAME_OPEN);
	ok(CALL(DONATE, FRAME_OPEN, GUEST_OPEN, FRAME_GUEST_IPA, R));
	ok(CALL(VCPU_CONFIGURE, VCPU_OPEN, GUEST_OPEN, 0, 0, 0, 0, 0));
	ok(CALL(VSPACE_ACTIVATE, GUEST_OPEN, NIE_POLICY_DEBUGGABLE));
}

static void make_frames(void)
{
	make(NIE_TYPE_PRIVATE_FRAME, 12, FRAME);
	make(NIE_TYPE_PRIVATE_FRAME, 12, FRAME_TASK);
	make(NIE_TYPE_PRIVATE_FRAME, 12, FRAME_GUEST);
	make(NIE_TYPE_PRIVATE_FRAME, 12, FRAME_COPIED);
	make(NIE_TYPE_SHARED_FRAME, 12, SHARED);
	make(NIE_TYPE_SHARED_FRAME, 12, SHARED_BASE);
	copy(FRAME_WRITE_ONLY, FRAME_COPIED, W);
	copy(SHARED_MAPPED, SHARED_BASE, R | W);
	copy(SHARED_WRITE_ONLY, SHARED_BASE, W);
	ok(CALL(MAP, FRAME_TASK, OWN_VSPACE, FRAME_TASK_IPA, R | W));
	ok(CALL(DONATE, FRAME_GUEST, GUEST, FRAME_GUEST_IPA, R | W));
	ok(CALL(MAP, SHARED_MAPPED, GUEST, SHARED_IPA, R));
}

static void make_vcpus(void)
{
	make(NIE_TYPE_VCPU, 12, VCPU_FREE);
	make(NIE_TYPE_VCPU, 12, VCPU_GUEST);
	make(NIE_TYPE_VCPU, 12, VCPU_TASK);
	make(NIE_TYPE_VCPU, 12, VCPU_TASK2);
	copy(VCPU_NO_CONTROL, VCPU_FREE, R | W);
	ok(CALL(VCPU_CONFIGURE, VCPU_GUEST, GUEST, 0, 0, 0, 0, 0));
	ok(CALL(VCPU_CONFIGURE, VCPU_TASK, TASK, 0, CNODE, 0, 0, 0));
	ok(CALL(VCPU_CONFIGURE, VCPU_TASK2, TASK, 1, CNODE, 0, 0, 0));
	ok(CALL(CORE_START, CORE2, VCPU_TASK2));
}

/* Capabilities of the greatest depth, through chains of copies and of untypeds in CNODE. */
static void make_deep(void)
{
	make(NIE_TYPE_SHARED_FRAME, 12, DEEP);
	ok(CALL(CAP_MOVE, CNODE, 1, 0, DEEP));
	ok(CALL(RETYPE, UNTYPED, NIE_TYPE_UNTYPED, 12, 0, DEEP_UNTYPED, 1));
	for (u64 i = 1; i < DEPTH_MAX; i++) {
		ok(CALL(CAP_COPY, CNODE, i + 1, CNODE, i, R));
		ok(CALL(RETYPE, DEEP_UNTYPED, NIE_TYPE_UNTYPED, 12, 0, FREE_SLOT, 1));
		ok(CALL(CAP_MOVE, CNODE, 63 + i, 0, DEEP_UNTYPED));
		ok(CALL(CAP_MOVE, 0, DEEP_UNTYPED, 0, FREE_SLOT));
	}
	ok(CALL(CAP_MOVE, 0, DEEP, CNODE, DEPTH_MAX));
}

static int errors_setup(void **state)
{
	world_setup(state);
	make(NIE_TYPE_CNODE, 12, CNODE);
	copy(CNODE_NO_WRITE, CNODE, R);
	copy(CNODE_NO_READ, CNODE, W);
	copy(CORE_NO_CONTROL, CORE0, R);
	copy(IRQ_NO_CONTROL, IRQ, R);
	copy(IRQ_NO_READ, IRQ, W);
	copy(STREAM_ATTACHED, STREAM_IDLE, NIE_RIGHTS_ALL);
	copy(STREAM_NO_CONTROL, STREAM, R);
	copy(STREAM_NO_READ, STREAM, W);
	make_spaces();
	make_frames();
	make_vcpus();
	make_open_guest();
	make_deep();
	ok(CALL(STREAM_ATTACH, STREAM_ATTACHED, TASK));
	ok(CALL(RETYPE, UNTYPED_SMALL, NIE_TYPE_PRIVATE_FRAME, 12, 0, FREE_SLOT, 1));
	ok(CALL(CAP_MOVE, CNODE, 127, 0, FREE_SLOT));
	irq_fired(DEVICE_INTID);
	check_tree();
	check_ownership();
	return 0;
}

/* One argument that provokes an error. */
struct provocation {
	u64 status;
	u32 argument; /* from 0 */
	u64 value;
	u32 effort; /* ALONE: depends on another argument, so it is not tried together with others */
};

#define ALONE 1u
#define BY_STATE 2u /* not by an argument: a test of its own */

struct subject {
	u32 call;
	u64 good[7];
	struct provocation by[20];
};

static const struct subject subjects[] = {
	{NIE_CALL_CAP_INFO, {FRAME}, {
		{NIE_CAP_INFO_BAD_SLOT_SLOT, 0, OUTSIDE, 0},
		{NIE_CAP_INFO_EMPTY_SLOT, 0, EMPTY_SLOT, 0},
	}},
	{NIE_CALL_CAP_COPY, {0, FREE_SLOT, 0, FRAME, NIE_RIGHTS_ALL}, {
		{NIE_CAP_COPY_BAD_SLOT_TO_CNODE, 0, OUTSIDE, 0},
		{NIE_CAP_COPY_EMPTY_TO_CNODE, 0, EMPTY_SLOT, 0},
		{NIE_CAP_COPY_WRONG_TYPE_TO_CNODE, 0, FRAME, 0},
		{NIE_CAP_COPY_NO_RIGHT_TO_CNODE, 0, CNODE_NO_WRITE, 0},
		{NIE_CAP_COPY_BAD_SLOT_TO_INDEX, 1, OUTSIDE, 0},
		{NIE_CAP_COPY_BAD_SLOT_FROM_CNODE, 2, OUTSIDE, 0},
		{NIE_CAP_COPY_EMPTY_FROM_CNODE, 2, EMPTY_SLOT, 0},
		{NIE_CAP_COPY_WRONG_TYPE_FROM_CNODE, 2, FRAME, 0},
		{NIE_CAP_COPY_NO_RIGHT_FROM_CNODE, 2, CNODE_NO_READ, 0},
		{NIE_CAP_COPY_BAD_SLOT_FROM_INDEX, 3, 0, 0},
		{NIE_CAP_COPY_EMPTY_FROM_INDEX, 3, EMPTY_SLOT, 0},
		{NIE_CAP_COPY_WRONG_TYPE_FROM_INDEX, 3, UNTYPED, 0},
		{NIE_CAP_COPY_OCCUPIED_TO_INDEX, 1, SHARED, 0},
		{NIE_CAP_COPY_EXHAUSTED_FROM_INDEX, 3, DEEP, 0},
	}},
	{NIE_CALL_CAP_MOVE, {0, FREE_SLOT, 0, FRAME}, {
		{NIE_CAP_MOVE_BAD_SLOT_TO_CNODE, 0, OUTSIDE, 0},
		{NIE_CAP_MOVE_EMPTY_TO_CNODE, 0, EMPTY_SLOT, 0},
		{NIE_CAP_MOVE_WRONG_TYPE_TO_CNODE, 0, FRAME, 0},
		{NIE_CAP_MOVE_NO_RIGHT_TO_CNODE, 0, CNODE_NO_WRITE, 0},
		{NIE_CAP_MOVE_BAD_SLOT_TO_INDEX, 1, 0, 0},
		{NIE_CAP_MOVE_BAD_SLOT_FROM_CNODE, 2, OUTSIDE, 0},
		{NIE_CAP_MOVE_EMPTY_FROM_CNODE, 2, EMPTY_SLOT, 0},
		{NIE_CAP_MOVE_WRONG_TYPE_FROM_CNODE, 2, FRAME, 0},
		{NIE_CAP_MOVE_NO_RIGHT_FROM_CNODE, 2, CNODE_NO_WRITE, 0},
		{NIE_CAP_MOVE_BAD_SLOT_FROM_INDEX, 3, OUTSIDE, 0},
		{NIE_CAP_MOVE_EMPTY_FROM_INDEX, 3, EMPTY_SLOT, 0},
		{NIE_CAP_MOVE_OCCUPIED_TO_INDEX, 1, SHARED, 0},
	}},
	{NIE_CALL_CAP_DELETE, {0, FRAME}, {
		{NIE_CAP_DELETE_BAD_SLOT_CNODE, 0, OUTSIDE, 0},
		{NIE_CAP_DELETE_EMPTY_CNODE, 0, EMPTY_SLOT, 0},
		{NIE_CAP_DELETE_WRONG_TYPE_CNODE, 0, FRAME, 0},
		{NIE_CAP_DELETE_NO_RIGHT_CNODE, 0, CNODE_NO_WRITE, 0},
		{NIE_CAP_DELETE_BAD_SLOT_INDEX, 1, OUTSIDE, 0},
		{NIE_CAP_DELETE_EMPTY_INDEX, 1, EMPTY_SLOT, 0},
		{NIE_CAP_DELETE_HAS_CHILDREN_INDEX, 1, FRAME_COPIED, 0},
		{NIE_CAP_DELETE_BUSY_INDEX, 1, OWN_VCPU, 0},
	}},
	{NIE_CALL_CAP_REVOKE, {0, FRAME_COPIED}, {
		{NIE_CAP_REVOKE_BAD_SLOT_CNODE, 0, OUTSIDE, 0},
		{NIE_CAP_REVOKE_EMPTY_CNODE, 0, EMPTY_SLOT, 0},
		{NIE_CAP_REVOKE_WRONG_TYPE_CNODE, 0, FRAME, 0},
		{NIE_CAP_REVOKE_NO_RIGHT_CNODE, 0, CNODE_NO_WRITE, 0},
		{NIE_CAP_REVOKE_BAD_SLOT_INDEX, 1, OUTSIDE, 0},
		{NIE_CAP_REVOKE_EMPTY_INDEX, 1, EMPTY_SLOT, 0},
		{NIE_CAP_REVOKE_BUSY_INDEX, 1, UNTYPED_OWN, 0},
	}},
	{NIE_CALL_RETYPE, {UNTYPED, NIE_TYPE_PRIVATE_FRAME, 12, 0, FREE_SLOT, 1}, {
		{NIE_RETYPE_BAD_SLOT_UNTYPED, 0, OUTSIDE, 0},
		{NIE_RETYPE_EMPTY_UNTYPED, 0, EMPTY_SLOT, 0},
		{NIE_RETYPE_WRONG_TYPE_UNTYPED, 0, FRAME, 0},
		{NIE_RETYPE_NO_RIGHT_UNTYPED, 0, UNTYPED_READ, 0},
		{NIE_RETYPE_BAD_VALUE_TYPE, 1, NIE_TYPE_DEVICE, 0},
		{NIE_RETYPE_BAD_VALUE_SIZE_BITS, 2, 13, 0},
		{NIE_RETYPE_BAD_SLOT_TO_CNODE, 3, OUTSIDE, 0},
		{NIE_RETYPE_EMPTY_TO_CNODE, 3, EMPTY_SLOT, 0},
		{NIE_RETYPE_WRONG_TYPE_TO_CNODE, 3, FRAME, 0},
		{NIE_RETYPE_NO_RIGHT_TO_CNODE, 3, CNODE_NO_WRITE, 0},
		{NIE_RETYPE_BAD_VALUE_COUNT, 5, 513, 0},
		{NIE_RETYPE_BAD_SLOT_TO_INDEX, 4, 128, 0},
		{NIE_RETYPE_OCCUPIED_TO_INDEX, 4, FRAME, 0},
		{NIE_RETYPE_EXHAUSTED_UNTYPED, 0, DEEP_UNTYPED, 0},
		{NIE_RETYPE_NO_MEMORY_UNTYPED, 0, UNTYPED_SMALL, 0},
		{NIE_RETYPE_EXHAUSTED_TYPE, 0, 0, BY_STATE},
	}},
	{NIE_CALL_MAP, {SHARED, GUEST, NIE_SHARED_HALF, R}, {
		{NIE_MAP_BAD_SLOT_FRAME, 0, OUTSIDE, 0},
		{NIE_MAP_EMPTY_FRAME, 0, EMPTY_SLOT, 0},
		{NIE_MAP_WRONG_TYPE_FRAME, 0, OWN_VCPU, 0},
		{NIE_MAP_BAD_SLOT_VSPACE, 1, OUTSIDE, 0},
		{NIE_MAP_EMPTY_VSPACE, 1, EMPTY_SLOT, 0},
		{NIE_MAP_WRONG_TYPE_VSPACE, 1, FRAME, 0},
		{NIE_MAP_NO_RIGHT_VSPACE, 1, GUEST_NO_WRITE, 0},
		{NIE_MAP_BAD_VALUE_RIGHTS, 3, W, 0},
		{NIE_MAP_NO_RIGHT_FRAME, 0, SHARED_WRITE_ONLY, 0},
		{NIE_MAP_BAD_VALUE_IPA, 2, IPA_END, 0},
		{NIE_MAP_UNALIGNED_IPA, 2, NIE_SHARED_HALF + 8, 0},
		{NIE_MAP_WRONG_HALF_IPA, 2, NIE_SHARED_HALF - 0x1000, 0},
		{NIE_MAP_MAPPED_FRAME, 0, SHARED_MAPPED, 0},
		{NIE_MAP_WRONG_STATE_VSPACE, 1, GUEST_KILLED, 0},
		{NIE_MAP_NO_TABLE_IPA, 2, NIE_SHARED_HALF + 0x80000000, 0},
		{NIE_MAP_EXISTS_IPA, 2, SHARED_IPA, 0},
	}},
	{NIE_CALL_UNMAP, {SHARED_MAPPED}, {
		{NIE_UNMAP_BAD_SLOT_FRAME, 0, OUTSIDE, 0},
		{NIE_UNMAP_EMPTY_FRAME, 0, EMPTY_SLOT, 0},
		{NIE_UNMAP_WRONG_TYPE_FRAME, 0, OWN_VCPU, 0},
		{NIE_UNMAP_NOT_MAPPED_FRAME, 0, SHARED, 0},
	}},
	{NIE_CALL_MAP_TABLE, {TABLE_FREE, GUEST, 0x80000000, 2}, {
		{NIE_MAP_TABLE_BAD_SLOT_TABLE, 0, OUTSIDE, 0},
		{NIE_MAP_TABLE_EMPTY_TABLE, 0, EMPTY_SLOT, 0},
		{NIE_MAP_TABLE_WRONG_TYPE_TABLE, 0, FRAME, 0},
		{NIE_MAP_TABLE_BAD_SLOT_VSPACE, 1, OUTSIDE, 0},
		{NIE_MAP_TABLE_EMPTY_VSPACE, 1, EMPTY_SLOT, 0},
		{NIE_MAP_TABLE_WRONG_TYPE_VSPACE, 1, FRAME, 0},
		{NIE_MAP_TABLE_NO_RIGHT_VSPACE, 1, GUEST_NO_WRITE, 0},
		{NIE_MAP_TABLE_BAD_VALUE_LEVEL, 3, 4, 0},
		{NIE_MAP_TABLE_BAD_VALUE_IPA, 2, IPA_END, 0},
		{NIE_MAP_TABLE_UNALIGNED_IPA, 2, 0x1000, 0},
		{NIE_MAP_TABLE_MAPPED_TABLE, 0, TABLES_GUEST, 0},
		{NIE_MAP_TABLE_WRONG_STATE_VSPACE, 1, GUEST_KILLED, 0},
		{NIE_MAP_TABLE_NO_TABLE_IPA, 3, 3, 0},
		{NIE_MAP_TABLE_EXISTS_IPA, 2, 0x40000000, ALONE},
	}},
	{NIE_CALL_DONATE, {FRAME_TASK, GUEST, FRAME_GUEST_IPA + 0x1000, R | W}, {
		{NIE_DONATE_BAD_SLOT_FRAME, 0, OUTSIDE, 0},
		{NIE_DONATE_EMPTY_FRAME, 0, EMPTY_SLOT, 0},
		{NIE_DONATE_WRONG_TYPE_FRAME, 0, SHARED, 0},
		{NIE_DONATE_BAD_SLOT_VSPACE, 1, OUTSIDE, 0},
		{NIE_DONATE_EMPTY_VSPACE, 1, EMPTY_SLOT, 0},
		{NIE_DONATE_WRONG_TYPE_VSPACE, 1, TASK, 0},
		{NIE_DONATE_NO_RIGHT_VSPACE, 1, GUEST_NO_WRITE, 0},
		{NIE_DONATE_BAD_VALUE_RIGHTS, 3, 16 | R, 0},
		{NIE_DONATE_NO_RIGHT_FRAME, 0, FRAME_WRITE_ONLY, 0},
		{NIE_DONATE_BAD_VALUE_IPA, 2, IPA_END, 0},
		{NIE_DONATE_UNALIGNED_IPA, 2, FRAME_GUEST_IPA + 1, 0},
		{NIE_DONATE_WRONG_HALF_IPA, 2, NIE_SHARED_HALF, 0},
		{NIE_DONATE_MAPPED_FRAME, 0, FRAME_GUEST, 0},
		{NIE_DONATE_WRONG_STATE_VSPACE, 1, GUEST_KILLED, 0},
		{NIE_DONATE_WRONG_STATE_FRAME, 1, GUEST_ACTIVE, 0},
		{NIE_DONATE_NO_TABLE_IPA, 2, 0x100000000, 0},
		{NIE_DONATE_EXISTS_IPA, 2, FRAME_GUEST_IPA, 0},
		{NIE_DONATE_WRONG_STATE_IPA, 0, 0, BY_STATE},
	}},
	{NIE_CALL_EXPECT_RAM, {GUEST, FRAME_GUEST_IPA + 0x1000, 12, 511}, {
		{NIE_EXPECT_RAM_BAD_SLOT_VSPACE, 0, OUTSIDE, 0},
		{NIE_EXPECT_RAM_EMPTY_VSPACE, 0, EMPTY_SLOT, 0},
		{NIE_EXPECT_RAM_WRONG_TYPE_VSPACE, 0, TASK, 0},
		{NIE_EXPECT_RAM_NO_RIGHT_VSPACE, 0, GUEST_NO_WRITE, 0},
		{NIE_EXPECT_RAM_BAD_VALUE_SIZE_BITS, 2, 30, 0},
		{NIE_EXPECT_RAM_BAD_VALUE_IPA, 1, IPA_END, 0},
		{NIE_EXPECT_RAM_UNALIGNED_IPA, 1, FRAME_GUEST_IPA + 1, 0},
		{NIE_EXPECT_RAM_WRONG_HALF_IPA, 1, SHARED_IPA, 0},
		{NIE_EXPECT_RAM_BAD_VALUE_COUNT, 3, 513, 0},
		{NIE_EXPECT_RAM_WRONG_STATE_VSPACE, 0, GUEST_ACTIVE, 0},
		{NIE_EXPECT_RAM_NO_TABLE_IPA, 1, 0x100000000, 0},
		{NIE_EXPECT_RAM_EXISTS_IPA, 1, FRAME_GUEST_IPA, 0},
	}},
	{NIE_CALL_VSPACE_MEASUREMENT, {GUEST}, {
		{NIE_VSPACE_MEASUREMENT_BAD_SLOT_VSPACE, 0, OUTSIDE, 0},
		{NIE_VSPACE_MEASUREMENT_EMPTY_VSPACE, 0, EMPTY_SLOT, 0},
		{NIE_VSPACE_MEASUREMENT_WRONG_TYPE_VSPACE, 0, TASK, 0},
		{NIE_VSPACE_MEASUREMENT_NO_RIGHT_VSPACE, 0, GUEST_NO_READ, 0},
	}},
	{NIE_CALL_VSPACE_ACTIVATE, {GUEST, NIE_POLICY_DEBUGGABLE}, {
		{NIE_VSPACE_ACTIVATE_BAD_SLOT_VSPACE, 0, OUTSIDE, 0},
		{NIE_VSPACE_ACTIVATE_EMPTY_VSPACE, 0, EMPTY_SLOT, 0},
		{NIE_VSPACE_ACTIVATE_WRONG_TYPE_VSPACE, 0, TASK, 0},
		{NIE_VSPACE_ACTIVATE_NO_RIGHT_VSPACE, 0, GUEST_NO_WRITE, 0},
		{NIE_VSPACE_ACTIVATE_BAD_VALUE_POLICY, 1, 4, 0},
		{NIE_VSPACE_ACTIVATE_WRONG_STATE_VSPACE, 0, GUEST_ACTIVE, 0},
	}},
	{NIE_CALL_VSPACE_KILL, {GUEST}, {
		{NIE_VSPACE_KILL_BAD_SLOT_VSPACE, 0, OUTSIDE, 0},
		{NIE_VSPACE_KILL_EMPTY_VSPACE, 0, EMPTY_SLOT, 0},
		{NIE_VSPACE_KILL_WRONG_TYPE_VSPACE, 0, FRAME, 0},
		{NIE_VSPACE_KILL_NO_RIGHT_VSPACE, 0, TASK_NO_CONTROL, 0},
		{NIE_VSPACE_KILL_BUSY_VSPACE, 0, OWN_VSPACE, 0},
	}},
	{NIE_CALL_VCPU_CONFIGURE, {VCPU_FREE, TASK, 2, CNODE, 0x1000, 5, 0x2000}, {
		{NIE_VCPU_CONFIGURE_BAD_SLOT_VCPU, 0, OUTSIDE, 0},
		{NIE_VCPU_CONFIGURE_EMPTY_VCPU, 0, EMPTY_SLOT, 0},
		{NIE_VCPU_CONFIGURE_WRONG_TYPE_VCPU, 0, FRAME, 0},
		{NIE_VCPU_CONFIGURE_NO_RIGHT_VCPU, 0, VCPU_NO_CONTROL, 0},
		{NIE_VCPU_CONFIGURE_BAD_SLOT_VSPACE, 1, OUTSIDE, 0},
		{NIE_VCPU_CONFIGURE_EMPTY_VSPACE, 1, EMPTY_SLOT, 0},
		{NIE_VCPU_CONFIGURE_WRONG_TYPE_VSPACE, 1, FRAME, 0},
		{NIE_VCPU_CONFIGURE_NO_RIGHT_VSPACE, 1, TASK_NO_CONTROL, 0},
		{NIE_VCPU_CONFIGURE_BAD_VALUE_INDEX, 2, 8, 0},
		{NIE_VCPU_CONFIGURE_BAD_SLOT_CSPACE, 3, OUTSIDE, 0},
		{NIE_VCPU_CONFIGURE_EMPTY_CSPACE, 3, EMPTY_SLOT, 0},
		{NIE_VCPU_CONFIGURE_WRONG_TYPE_CSPACE, 3, FRAME, 0},
		{NIE_VCPU_CONFIGURE_NO_RIGHT_CSPACE, 3, CNODE_NO_WRITE, 0},
		{NIE_VCPU_CONFIGURE_WRONG_STATE_VCPU, 0, VCPU_TASK, 0},
		{NIE_VCPU_CONFIGURE_WRONG_STATE_VSPACE, 1, TASK_KILLED, 0},
		{NIE_VCPU_CONFIGURE_EXHAUSTED_INDEX, 2, 0, 0},
		{NIE_VCPU_CONFIGURE_BAD_VALUE_ENTRY, 4, 2, 0},
		{NIE_VCPU_CONFIGURE_BAD_VALUE_STACK, 6, 8, 0},
	}},
	{NIE_CALL_VCPU_KICK, {VCPU_ACTIVE}, {
		{NIE_VCPU_KICK_BAD_SLOT_VCPU, 0, OUTSIDE, 0},
		{NIE_VCPU_KICK_EMPTY_VCPU, 0, EMPTY_SLOT, 0},
		{NIE_VCPU_KICK_WRONG_TYPE_VCPU, 0, FRAME, 0},
		{NIE_VCPU_KICK_NO_RIGHT_VCPU, 0, VCPU_NO_CONTROL, 0},
	}},
	{NIE_CALL_RUN, {VCPU_ACTIVE, NIE_NEVER, 0, PENDING | 32, PENDING | 33, PENDING | 34, 0}, {
		{NIE_RUN_BAD_SLOT_VCPU, 0, OUTSIDE, 0},
		{NIE_RUN_EMPTY_VCPU, 0, EMPTY_SLOT, 0},
		{NIE_RUN_WRONG_TYPE_VCPU, 0, FRAME, 0},
		{NIE_RUN_NO_RIGHT_VCPU, 0, VCPU_NO_CONTROL, 0},
		{NIE_RUN_WRONG_STATE_VCPU, 0, VCPU_FREE, 0},
		{NIE_RUN_BUSY_VCPU, 0, OWN_VCPU, 0},
		{NIE_RUN_EXHAUSTED_VCPU, 0, 0, BY_STATE},
		{NIE_RUN_BAD_VALUE_LIST1, 3, PENDING | 27, 0},
		{NIE_RUN_BAD_VALUE_LIST2, 4, PENDING | 1020, 0},
		{NIE_RUN_BAD_VALUE_LIST3, 5, PENDING | 33, ALONE},
		{NIE_RUN_BAD_VALUE_FLAGS, 6, 1ul << 16, 0},
	}},
	{NIE_CALL_CORE_START, {CORE1, VCPU_TASK}, {
		{NIE_CORE_START_BAD_SLOT_CORE, 0, OUTSIDE, 0},
		{NIE_CORE_START_EMPTY_CORE, 0, EMPTY_SLOT, 0},
		{NIE_CORE_START_WRONG_TYPE_CORE, 0, FRAME, 0},
		{NIE_CORE_START_NO_RIGHT_CORE, 0, CORE_NO_CONTROL, 0},
		{NIE_CORE_START_BAD_SLOT_VCPU, 1, OUTSIDE, 0},
		{NIE_CORE_START_EMPTY_VCPU, 1, EMPTY_SLOT, 0},
		{NIE_CORE_START_WRONG_TYPE_VCPU, 1, FRAME, 0},
		{NIE_CORE_START_NO_RIGHT_VCPU, 1, VCPU_NO_CONTROL, 0},
		{NIE_CORE_START_WRONG_STATE_VCPU, 1, VCPU_ACTIVE, 0},
		{NIE_CORE_START_BUSY_VCPU, 1, OWN_VCPU, 0},
		{NIE_CORE_START_BUSY_CORE, 0, CORE2, 0},
	}},
	{NIE_CALL_IRQ_BIND, {IRQ}, {
		{NIE_IRQ_BIND_BAD_SLOT_IRQ, 0, OUTSIDE, 0},
		{NIE_IRQ_BIND_EMPTY_IRQ, 0, EMPTY_SLOT, 0},
		{NIE_IRQ_BIND_WRONG_TYPE_IRQ, 0, FRAME, 0},
		{NIE_IRQ_BIND_NO_RIGHT_IRQ, 0, IRQ_NO_CONTROL, 0},
	}},
	{NIE_CALL_IRQ_POLL, {IRQ}, {
		{NIE_IRQ_POLL_BAD_SLOT_IRQ, 0, OUTSIDE, 0},
		{NIE_IRQ_POLL_EMPTY_IRQ, 0, EMPTY_SLOT, 0},
		{NIE_IRQ_POLL_WRONG_TYPE_IRQ, 0, FRAME, 0},
		{NIE_IRQ_POLL_NO_RIGHT_IRQ, 0, IRQ_NO_READ, 0},
	}},
	{NIE_CALL_VCPU_DEBUG, {VCPU_OPEN, NIE_DEBUG_MEMORY, FRAME_GUEST_IPA, 5}, {
		{NIE_VCPU_DEBUG_BAD_SLOT_VCPU, 0, OUTSIDE, 0},
		{NIE_VCPU_DEBUG_EMPTY_VCPU, 0, EMPTY_SLOT, 0},
		{NIE_VCPU_DEBUG_WRONG_TYPE_VCPU, 0, FRAME, 0},
		{NIE_VCPU_DEBUG_NO_RIGHT_VCPU, 0, VCPU_NO_CONTROL, 0},
		{NIE_VCPU_DEBUG_WRONG_STATE_VCPU, 0, VCPU_ACTIVE, 0},
		{NIE_VCPU_DEBUG_BUSY_VCPU, 0, 0, BY_STATE},
		{NIE_VCPU_DEBUG_BAD_VALUE_WHAT, 1, 4 | NIE_DEBUG_MEMORY, 0},
		{NIE_VCPU_DEBUG_BAD_VALUE_AT, 2, SHARED_IPA, 0},
		{NIE_VCPU_DEBUG_UNALIGNED_AT, 2, FRAME_GUEST_IPA + 4, 0},
		{NIE_VCPU_DEBUG_NOT_MAPPED_AT, 2, FRAME_GUEST_IPA + 0x1000, 0},
	}},
	{NIE_CALL_IRQ_ACK, {IRQ}, {
		{NIE_IRQ_ACK_BAD_SLOT_IRQ, 0, OUTSIDE, 0},
		{NIE_IRQ_ACK_EMPTY_IRQ, 0, EMPTY_SLOT, 0},
		{NIE_IRQ_ACK_WRONG_TYPE_IRQ, 0, FRAME, 0},
		{NIE_IRQ_ACK_NO_RIGHT_IRQ, 0, IRQ_NO_CONTROL, 0},
		{NIE_IRQ_ACK_WRONG_STATE_IRQ, 0, IRQ_IDLE, 0},
	}},
	{NIE_CALL_MACHINE_OFF, {CORE0}, {
		{NIE_MACHINE_OFF_BAD_SLOT_CORE, 0, OUTSIDE, 0},
		{NIE_MACHINE_OFF_EMPTY_CORE, 0, EMPTY_SLOT, 0},
		{NIE_MACHINE_OFF_WRONG_TYPE_CORE, 0, FRAME, 0},
		{NIE_MACHINE_OFF_NO_RIGHT_CORE, 0, CORE_NO_CONTROL, 0},
	}},
	{NIE_CALL_STREAM_ATTACH, {STREAM, GUEST}, {
		{NIE_STREAM_ATTACH_BAD_SLOT_STREAM, 0, OUTSIDE, 0},
		{NIE_STREAM_ATTACH_EMPTY_STREAM, 0, EMPTY_SLOT, 0},
		{NIE_STREAM_ATTACH_WRONG_TYPE_STREAM, 0, FRAME, 0},
		{NIE_STREAM_ATTACH_NO_RIGHT_STREAM, 0, STREAM_NO_CONTROL, 0},
		{NIE_STREAM_ATTACH_BAD_SLOT_VSPACE, 1, OUTSIDE, 0},
		{NIE_STREAM_ATTACH_EMPTY_VSPACE, 1, EMPTY_SLOT, 0},
		{NIE_STREAM_ATTACH_WRONG_TYPE_VSPACE, 1, FRAME, 0},
		{NIE_STREAM_ATTACH_NO_RIGHT_VSPACE, 1, GUEST_NO_WRITE, 0},
		{NIE_STREAM_ATTACH_MAPPED_STREAM, 0, STREAM_ATTACHED, 0},
		{NIE_STREAM_ATTACH_WRONG_STATE_VSPACE, 1, GUEST_ACTIVE, 0},
	}},
	{NIE_CALL_STREAM_DETACH, {STREAM_ATTACHED}, {
		{NIE_STREAM_DETACH_BAD_SLOT_STREAM, 0, OUTSIDE, 0},
		{NIE_STREAM_DETACH_EMPTY_STREAM, 0, EMPTY_SLOT, 0},
		{NIE_STREAM_DETACH_WRONG_TYPE_STREAM, 0, FRAME, 0},
		{NIE_STREAM_DETACH_NO_RIGHT_STREAM, 0, STREAM_NO_CONTROL, 0},
		{NIE_STREAM_DETACH_NOT_MAPPED_STREAM, 0, STREAM_IDLE, 0},
	}},
	{NIE_CALL_STREAM_FAULT, {STREAM_ATTACHED}, {
		{NIE_STREAM_FAULT_BAD_SLOT_STREAM, 0, OUTSIDE, 0},
		{NIE_STREAM_FAULT_EMPTY_STREAM, 0, EMPTY_SLOT, 0},
		{NIE_STREAM_FAULT_WRONG_TYPE_STREAM, 0, FRAME, 0},
		{NIE_STREAM_FAULT_NO_RIGHT_STREAM, 0, STREAM_NO_READ, 0},
	}},
};

#define SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

static void expect_failure(const struct subject *s, const u64 x[7], u64 expected, const char *what)
{
	state_save();
	u64 status = call_with(s->call, x);

	if (status != expected) {
		fail_msg("%s, %s: status %#llx instead of %#llx", nie_call_statuses[s->call].call, what,
			 (unsigned long long)status, (unsigned long long)expected);
	}
	if (!state_is_unchanged()) {
		fail_msg("%s failed (%s) and changed something", nie_call_statuses[s->call].call, what);
	}
}

/* Error `i` alone, and together with each later one that another argument provokes. */
static void check_error(const struct subject *s, u32 i)
{
	const struct provocation *first = &s->by[i];
	const struct nie_call_statuses *all = &nie_call_statuses[s->call];
	u64 x[7];

	memcpy(x, s->good, sizeof(x));
	x[first->argument] = first->value;
	expect_failure(s, x, first->status, all->status[i].name);
	for (u32 j = i + 1u; j < all->count && first->effort == 0u; j++) {
		const struct provocation *second = &s->by[j];

		if (second->effort == 0u && second->argument != first->argument) {
			x[second->argument] = second->value;
			expect_failure(s, x, first->status, all->status[i].name);
			x[second->argument] = s->good[second->argument];
		}
	}
}

static void every_error_in_order(void **state)
{
	(void)state;
	for (u32 n = 0; n < SUBJECTS; n++) {
		const struct subject *s = &subjects[n];
		const struct nie_call_statuses *all = &nie_call_statuses[s->call];

		for (u32 i = 0; i < all->count; i++) {
			if (s->by[i].status != all->status[i].status) {
				fail_msg("%s: this test has not '%s' as error %u", all->call, all->status[i].name, i);
			}
			if (s->by[i].effort != BY_STATE) {
				check_error(s, i);
			}
		}
		assert_int_equal(s->by[all->count].status, NIE_OK);
	}
}

/* The good arguments are good: so each error above came from what was changed. */
static void good_arguments_succeed(void **state)
{
	for (u32 n = 0; n < SUBJECTS; n++) {
		world_teardown(state);
		errors_setup(state);
		u64 status = call_with(subjects[n].call, subjects[n].good);

		/* A vCPU that runs has taken the caller's place: nothing was written to its x0. */
		if (subjects[n].call == NIE_CALL_RUN) {
			assert_int_equal(cores[0].current, object_of(VCPU_ACTIVE));
		} else if (subjects[n].call == NIE_CALL_CORE_START) {
			assert_int_equal(cores[1].current, object_of(VCPU_TASK));
		} else if (subjects[n].call == NIE_CALL_MACHINE_OFF) {
			assert_int_equal(native_count(NATIVE_POWER_OFF), 1);
		} else if (status != NIE_OK) {
			fail_msg("%s: status %#llx", nie_call_statuses[subjects[n].call].call,
				 (unsigned long long)status);
		}
		check_tree();
		check_ownership();
	}
}

static void every_call_is_tested(void **state)
{
	u32 seen = 0;

	(void)state;
	for (u32 n = 0; n < SUBJECTS; n++) {
		seen |= 1u << subjects[n].call;
	}
	for (u32 c = 1; c < NIE_CALL_LIMIT; c++) {
		/* wait has no error */
		assert_true((seen & 1u << c) != 0u || nie_call_statuses[c].count == 0u);
	}
}

static void unknown_calls(void **state)
{
	static const u64 numbers[] = {0, NIE_CALL_LIMIT, 1000, 1ul << 32, NIE_NEVER};

	(void)state;
	for (u32 i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct vcpu *v = vcpu_at(caller());

		state_save();
		v->x[8] = numbers[i];
		hypercall(0, caller());
		assert_int_equal(v->x[0], NIE_ERR_BAD_CALL);
		assert_true(state_is_unchanged());
	}
}

/* What a private frame and a device page may not do, beyond the table's shared frame. */
static void private_and_device_errors(void **state)
{
	static const struct {
		u64 x[7], status;
	} tries[] = {
		{{FRAME, GUEST, TASK_BASE, R}, NIE_MAP_WRONG_TYPE_VSPACE},
		{{DEVICE, GUEST, NIE_SHARED_HALF, R}, NIE_MAP_WRONG_TYPE_VSPACE},
		{{DEVICE, OWN_VSPACE, TASK_BASE + 0x1000, R | NIE_RIGHT_EXECUTE}, NIE_MAP_BAD_VALUE_RIGHTS},
		{{FRAME, OWN_VSPACE, TASK_BASE + 0x1000, R | NIE_RIGHT_CONTROL}, NIE_MAP_BAD_VALUE_RIGHTS},
		{{FRAME, OWN_VSPACE, TASK_BASE + 0x1000, 0}, NIE_MAP_BAD_VALUE_RIGHTS},
		{{FRAME_WRITE_ONLY, OWN_VSPACE, TASK_BASE + 0x1000, R}, NIE_MAP_NO_RIGHT_FRAME},
		{{FRAME, OWN_VSPACE, IPA_END, R}, NIE_MAP_BAD_VALUE_IPA},
		{{DEVICE, OWN_VSPACE, NIE_NEVER, R}, NIE_MAP_BAD_VALUE_IPA},
		{{FRAME, OWN_VSPACE, TASK_BASE + 1, R}, NIE_MAP_UNALIGNED_IPA},
		{{DEVICE, OWN_VSPACE, TASK_BASE + 1, R}, NIE_MAP_UNALIGNED_IPA},
		{{FRAME_TASK, OWN_VSPACE, TASK_BASE + 0x1000, R}, NIE_MAP_MAPPED_FRAME},
		{{FRAME_GUEST, OWN_VSPACE, TASK_BASE + 0x1000, R}, NIE_MAP_MAPPED_FRAME},
		{{FRAME, TASK_KILLED, TASK_BASE, R}, NIE_MAP_WRONG_STATE_VSPACE},
		{{DEVICE, TASK_KILLED, TASK_BASE, R}, NIE_MAP_WRONG_STATE_VSPACE},
		{{FRAME, OWN_VSPACE, TASK_BASE + 0x200000, R}, NIE_MAP_NO_TABLE_IPA},
		{{DEVICE, TASK, TASK_BASE, R}, NIE_MAP_NO_TABLE_IPA},
		{{FRAME, OWN_VSPACE, FRAME_TASK_IPA, R}, NIE_MAP_EXISTS_IPA},
		{{DEVICE, OWN_VSPACE, FRAME_TASK_IPA, R}, NIE_MAP_EXISTS_IPA},
	};
	static const struct subject map = {NIE_CALL_MAP, {0}, {{0, 0, 0, 0}}};

	(void)state;
	for (u32 i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		expect_failure(&map, tries[i].x, tries[i].status, "private frame or device");
	}
}

static void guest_vcpu_errors(void **state)
{
	static const struct {
		u64 x[7], status;
	} tries[] = {
		{{VCPU_FREE, GUEST, 1, OUTSIDE, 0, 0, 0}, NIE_VCPU_CONFIGURE_BAD_SLOT_CSPACE},
		{{VCPU_FREE, GUEST, 1, CNODE, 0, 0, 0}, NIE_VCPU_CONFIGURE_WRONG_TYPE_CSPACE},
		{{VCPU_FREE, GUEST_ACTIVE, 1, 0, 0, 0, 0}, NIE_VCPU_CONFIGURE_WRONG_STATE_VSPACE},
		{{VCPU_FREE, GUEST, 1, 0, 0, 0, 16}, NIE_VCPU_CONFIGURE_BAD_VALUE_STACK},
		{{VCPU_FREE, TASK, 3, 0, 0, 0, 0}, NIE_VCPU_CONFIGURE_BAD_SLOT_CSPACE},
	};
	static const struct subject configure = {NIE_CALL_VCPU_CONFIGURE, {0}, {{0, 0, 0, 0}}};

	(void)state;
	for (u32 i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		expect_failure(&configure, tries[i].x, tries[i].status, "a guest's vCPU");
	}
}

static void busy_with_the_callers_own(void **state)
{
	static const struct subject delete = {NIE_CALL_CAP_DELETE, {0}, {{0, 0, 0, 0}}};
	static const u64 own[] = {OWN_CNODE, OWN_VSPACE, OWN_VCPU};

	(void)state;
	for (u32 i = 0; i < 3u; i++) {
		const u64 x[7] = {0, own[i]};

		expect_failure(&delete, x, NIE_CAP_DELETE_BUSY_INDEX, "own");
		/* A copy of it is nobody's life. */
		copy(FREE_SLOT, own[i], R);
		ok(CALL(CAP_DELETE, 0, FREE_SLOT));
	}
}

static void retype_without_vmids(void **state)
{
	static const struct subject retype = {NIE_CALL_RETYPE, {0}, {{0, 0, 0, 0}}};
	const u64 x[7] = {UNTYPED, NIE_TYPE_GUEST_VSPACE, 13, 0, FREE_SLOT, 1};
	u32 left = vmid_left();

	(void)state;
	make(NIE_TYPE_CNODE, 15, FREE_SLOT);
	ok(CALL(CAP_MOVE, 0, CNODE + 20, 0, FREE_SLOT));
	const u64 too_many[7] = {UNTYPED, NIE_TYPE_TASK_VSPACE, 13, CNODE + 20, 1, left + 1};

	expect_failure(&retype, too_many, NIE_RETYPE_EXHAUSTED_TYPE, "more VSpaces than VMIDs");
	ok(CALL(RETYPE, UNTYPED, NIE_TYPE_TASK_VSPACE, 13, CNODE + 20, 1, left));
	assert_int_equal(vmid_left(), 0);
	expect_failure(&retype, x, NIE_RETYPE_EXHAUSTED_TYPE, "no VMID left");
	delete_all(CNODE + 20, 1, 1);
	assert_int_equal(vmid_left(), 1);
	ok(call_with(NIE_CALL_RETYPE, x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_call_is_tested, errors_setup, world_teardown),
		cmocka_unit_test_setup_teardown(every_error_in_order, errors_setup, world_teardown),
		cmocka_unit_test_setup_teardown(good_arguments_succeed, errors_setup, world_teardown),
		cmocka_unit_test_setup_teardown(unknown_calls, errors_setup, world_teardown),
		cmocka_unit_test_setup_teardown(private_and_device_errors, errors_setup, world_teardown),
		cmocka_unit_test_setup_teardown(guest_vcpu_errors, errors_setup, world_teardown),
		cmocka_unit_test_setup_teardown(busy_with_the_callers_own, errors_setup, world_teardown),
		cmocka_unit_test_setup_teardown(retype_without_vmids, errors_setup, world_teardown),
	};

	return cmocka_run_group_tests_name("errors", tests, NULL, NULL);
}
