/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random hypercalls, most of them good: whatever happens, the derivation tree and the ownership of
 * memory hold, and a call that fails has changed nothing. NIE_SEED=<number> plays another game.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "../../kernel/core/authority/authority.h"

static u32 below(u32 limit)
{
	return (u32)rand() % limit;
}

#define PLAY_FIRST 30u
#define PLAY_SLOTS 40u

/* Mostly a slot with a capability of one of these types (0: empty), now and then anything. */
static u64 pick(u32 types)
{
	for (u32 i = 0; i < 40u; i++) {
		u64 s = PLAY_FIRST + below(PLAY_SLOTS);

		if (types == 0u ? type_at(s) == 0u : type_at(s) != 0u && (TYPE_SET(type_at(s)) & types) != 0u) {
			return s;
		}
	}
	return PLAY_FIRST + below(PLAY_SLOTS);
}

/* The caller's own CSpace, sometimes another CNode. */
static u64 pick_cnode(void)
{
	return below(5) == 0u ? pick(TYPE_SET(NIE_TYPE_CNODE)) : 0u;
}

static u64 pick_untyped(void)
{
	return below(3) == 0u ? pick(TYPE_SET(NIE_TYPE_UNTYPED)) : (u64)UNTYPED;
}

static u64 pick_ipa(void)
{
	static const u64 addresses[] = {0, 0, 0x1000, 0x1000, NIE_SHARED_HALF, NIE_SHARED_HALF + 0x1000};

	return addresses[below(6)];
}

static u64 pick_vspace(void)
{
	return below(4) == 0u ? (u64)OWN_VSPACE : pick(TYPES_VSPACE);
}

static u64 pick_size(u64 type)
{
	static const u64 sizes[] = {12, 13, 14, 21};

	if (type == NIE_TYPE_TASK_VSPACE || type == NIE_TYPE_GUEST_VSPACE) {
		return 13;
	}
	return below(3) == 0u ? sizes[below(4)] : 12u;
}

/* Arguments of a random call; most are good. */
static void play(u32 number, u64 x[7])
{
	memset(x, 0, 7 * sizeof(u64));
	switch (number) {
	case NIE_CALL_CAP_COPY:
	case NIE_CALL_CAP_MOVE:
		x[0] = pick_cnode();
		x[1] = x[0] == 0u ? pick(0) : 1u + below(20);
		x[2] = pick_cnode();
		x[3] = x[2] == 0u ? pick(TYPES_ALL) : 1u + below(20);
		x[4] = below(2) == 0u ? NIE_RIGHTS_ALL : below(16);
		break;
	case NIE_CALL_CAP_DELETE:
	case NIE_CALL_CAP_REVOKE:
		x[0] = pick_cnode();
		x[1] = x[0] == 0u ? pick(TYPES_ALL) : 1u + below(20);
		if (number == NIE_CALL_CAP_REVOKE && below(30) == 0u) {
			x[0] = 0;
			x[1] = UNTYPED;
		}
		break;
	case NIE_CALL_RETYPE:
		x[0] = pick_untyped();
		x[1] = 1u + below(8);
		x[2] = pick_size(x[1]);
		x[3] = pick_cnode();
		x[4] = x[3] == 0u ? pick(0) : 1u + below(20);
		x[5] = 1u + below(2);
		break;
	case NIE_CALL_MAP:
	case NIE_CALL_DONATE:
		x[0] = below(6) == 0u ? (u64)DEVICE : pick(TYPES_FRAME);
		x[1] = pick_vspace();
		x[2] = pick_ipa();
		x[3] = 1u + below(7);
		break;
	case NIE_CALL_EXPECT_RAM:
		x[0] = pick(TYPE_SET(NIE_TYPE_GUEST_VSPACE));
		x[1] = pick_ipa();
		x[2] = below(5) == 0u ? 21u : 12u;
		x[3] = 1u + below(2);
		break;
	case NIE_CALL_MAP_TABLE:
		x[0] = pick(TYPE_SET(NIE_TYPE_TABLE));
		x[1] = pick_vspace();
		x[2] = pick_ipa() / 0x40000000 * 0x40000000;
		x[3] = 2u + below(2);
		break;
	case NIE_CALL_VCPU_CONFIGURE:
		x[0] = pick(TYPE_SET(NIE_TYPE_VCPU));
		x[1] = pick(TYPES_VSPACE);
		x[2] = below(3);
		x[3] = below(2) == 0u ? 0u : pick(TYPE_SET(NIE_TYPE_CNODE));
		break;
	case NIE_CALL_UNMAP:
		x[0] = below(6) == 0u ? (u64)DEVICE : pick(TYPES_FRAME);
		break;
	default:
		x[0] = below(number == NIE_CALL_VSPACE_KILL ? 20 : 3) == 0u ? pick(TYPES_VSPACE) : EMPTY_SLOT; /* seldom */
		break;
	}
}

/* Chance alone seldom builds a VSpace with tables: try to. */
static void play_space(void)
{
	u64 space = pick(0);

	(void)CALL(RETYPE, UNTYPED, below(3) == 0u ? NIE_TYPE_TASK_VSPACE : NIE_TYPE_GUEST_VSPACE, 13, 0, space, 1);
	for (u32 level = 2; level <= 3u; level++) {
		u64 table = pick(0);

		(void)CALL(RETYPE, UNTYPED, NIE_TYPE_TABLE, 12, 0, table, 1);
		(void)CALL(MAP_TABLE, table, space, 0, level);
	}
}

/* Random calls on a small set of slots: whatever happens, the tree and the ownership hold. */
static void random_calls(void **state)
{
	static const u32 calls[] = {NIE_CALL_CAP_COPY, NIE_CALL_CAP_COPY, NIE_CALL_CAP_MOVE, NIE_CALL_CAP_DELETE,
				    NIE_CALL_CAP_REVOKE, NIE_CALL_RETYPE, NIE_CALL_RETYPE, NIE_CALL_RETYPE, NIE_CALL_MAP,
				    NIE_CALL_MAP, NIE_CALL_UNMAP, NIE_CALL_DONATE, NIE_CALL_DONATE, NIE_CALL_MAP_TABLE,
				    NIE_CALL_MAP_TABLE, NIE_CALL_MAP_TABLE, NIE_CALL_VSPACE_KILL, NIE_CALL_VSPACE_ACTIVATE,
				    NIE_CALL_VCPU_CONFIGURE, NIE_CALL_VCPU_CONFIGURE,
				    NIE_CALL_EXPECT_RAM};
	u32 succeeded[NIE_CALL_LIMIT] = {0};

	(void)state;
	srand(getenv("NIE_SEED") != NULL ? (unsigned)atoi(getenv("NIE_SEED")) : 20260u);
	for (u32 i = 0; i < 120000u; i++) {
		u64 x[7];
		u32 number = calls[below(sizeof(calls) / sizeof(calls[0]))];
		bool checked = i % 32u == 0u;

		if (below(60) == 0u) {
			play_space();
		}
		play(number, x);
		if (checked) {
			state_save();
		}
		if (call_with(number, x) == NIE_OK) {
			succeeded[number]++;
		} else if (checked) {
			assert_true(state_is_unchanged());
		}
		if (i % 16u == 0u) {
			check_tree();
		}
		if (i % 256u == 0u) {
			check_ownership();
		}
		native_forget_log();
	}
	for (u32 i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (succeeded[calls[i]] < 20u) {
			fail_msg("call %u succeeded only %u times", calls[i], succeeded[calls[i]]);
		}
	}
	for (u32 s = PLAY_FIRST; s < PLAY_FIRST + PLAY_SLOTS; s++) {
		if (type_at(s) != 0u) {
			revoke_all(0, s, 100);
		}
	}
	revoke_everything(100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_calls, world_setup, world_teardown),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
