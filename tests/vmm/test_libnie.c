/* SPDX-License-Identifier: Apache-2.0 */
/* libnie over a kernel that knows untypeds by their watermark, and tables by what they resolve. */
#include "check.h"

#include "nie/error.h"
#include "nie/loops.h"
#include "nie/run.h"
#include "nie/space.h"
#include "nie/stubs.h"

struct fake_untyped {
	u64 address, size_bits, used;
};

static struct {
	struct fake_untyped untyped[4];
	u64 slot_type[256];
	u64 slot_address[256];
	u64 steps;     /* that a revoke, delete or kill still takes */
	u64 calls[64];
	bool level2[4];
	bool level3[2048];
	u64 run_exits; /* interrupts and kicks before the real exit */
	u64 pauses;
} kernel;

void nie_pause(void)
{
	kernel.pauses++;
}

static u64 retype(const u64 x[8])
{
	struct fake_untyped *u = &kernel.untyped[x[0] - 1u];
	u64 size = 1ul << x[2];
	u64 start = (u->address + u->used + size - 1u) / size * size;

	if (x[1] != NIE_TYPE_UNTYPED && x[5] * size > 512ul * 4096u) {
		return NIE_RETYPE_BAD_VALUE_COUNT;
	}
	if (start + x[5] * size > u->address + (1ul << u->size_bits)) {
		return NIE_RETYPE_NO_MEMORY_UNTYPED;
	}
	for (u64 i = 0; i < x[5]; i++) {
		assert_int_equal(kernel.slot_type[x[4] + i], 0);
		kernel.slot_type[x[4] + i] = x[1];
		kernel.slot_address[x[4] + i] = start + i * size;
	}
	u->used = start + x[5] * size - u->address;
	return NIE_OK;
}

static u64 map_table(const u64 x[8])
{
	bool *entry = x[3] == 2u ? &kernel.level2[x[2] >> 30] : &kernel.level3[x[2] >> 21];

	if (x[3] == 3u && !kernel.level2[x[2] >> 30]) {
		return NIE_MAP_TABLE_NO_TABLE_IPA;
	}
	if (*entry) {
		return NIE_MAP_TABLE_EXISTS_IPA;
	}
	assert_int_equal(kernel.slot_type[x[0]], NIE_TYPE_TABLE);
	kernel.slot_type[x[0]] = 99; /* linked: not to be used again */
	*entry = true;
	return NIE_OK;
}

static u64 map(const u64 x[8])
{
	bool small = kernel.slot_address[x[0]] % NIE_BLOCK_SIZE != 0u;

	return kernel.level2[x[2] >> 30] && (!small || kernel.level3[x[2] >> 21]) ? (u64)NIE_OK :
	       (u64)NIE_MAP_NO_TABLE_IPA;
}

static u64 more(u64 x[8])
{
	x[1] = kernel.steps > 1u ? 1u : 0u;
	kernel.steps--;
	return NIE_OK;
}

void nie_hypercall(uint64_t call, uint64_t x[8])
{
	struct fake_untyped *u;

	kernel.calls[call]++;
	switch (call) {
	case NIE_CALL_CAP_INFO:
		if (x[0] > 4u) {
			x[0] = NIE_CAP_INFO_EMPTY_SLOT;
			break;
		}
		u = &kernel.untyped[x[0] - 1u];
		x[1] = NIE_TYPE_UNTYPED;
		x[2] = NIE_RIGHTS_ALL;
		x[3] = u->size_bits;
		x[4] = u->address;
		x[5] = (1ul << u->size_bits) - u->used;
		x[0] = NIE_OK;
		break;
	case NIE_CALL_RETYPE:
		x[0] = retype(x);
		break;
	case NIE_CALL_MAP_TABLE:
		x[0] = map_table(x);
		break;
	case NIE_CALL_MAP:
	case NIE_CALL_DONATE:
		x[0] = map(x);
		break;
	case NIE_CALL_CAP_REVOKE:
	case NIE_CALL_CAP_DELETE:
	case NIE_CALL_VSPACE_KILL:
		x[0] = more(x);
		break;
	case NIE_CALL_RUN:
		x[5] = x[3] + 1u; /* list1, as the guest changed it */
		x[6] = x[4];
		x[7] = x[5];
		x[1] = kernel.run_exits-- > 0u ? NIE_EXIT_KICK : NIE_EXIT_MMIO | 0x100u;
		x[2] = 0x09000000;
		x[3] = 0x41;
		x[4] = 0x102;
		x[0] = NIE_OK;
		break;
	default:
		fail_msg("call %lu", call);
	}
}

static int setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.untyped[0] = (struct fake_untyped){0x40000000, 24, 0};
	kernel.untyped[1] = (struct fake_untyped){0x48000000, 16, 0x1000};
	return 0;
}

static struct nie_allocator allocator(u64 slots)
{
	struct nie_allocator a;

	nie_allocator_init(&a, 100, slots);
	assert_int_equal(nie_allocator_add(&a, 1), NIE_OK);
	assert_int_equal(nie_allocator_add(&a, 2), NIE_OK);
	return a;
}

static void test_small_objects_leave_large_untypeds_whole(void **state)
{
	struct nie_allocator a = allocator(100);
	u64 slot;

	(void)state;
	for (u32 i = 0; i < 15u; i++) {
		assert_int_equal(nie_allocate(&a, NIE_TYPE_TABLE, 12, &slot), NIE_OK);
		assert_int_equal(kernel.slot_address[slot], 0x48001000 + i * 0x1000);
	}
	assert_int_equal(kernel.untyped[0].used, 0);
	assert_int_equal(nie_allocate(&a, NIE_TYPE_TABLE, 12, &slot), NIE_OK);
	assert_int_equal(kernel.slot_address[slot], 0x40000000);
	/* Alignment: the kernel's watermark and ours agree on what is left. */
	for (u32 i = 0; i < 7u; i++) {
		assert_int_equal(nie_allocate(&a, NIE_TYPE_PRIVATE_FRAME, 21, &slot), NIE_OK);
		assert_int_equal(kernel.slot_address[slot], 0x40200000 + i * 0x200000);
	}
	assert_int_equal(nie_allocator_free_bytes(&a), 0);
	assert_int_equal(nie_allocate(&a, NIE_TYPE_TABLE, 12, &slot), NIE_ERR_NO_MEMORY);
}

static void test_slots_run_out(void **state)
{
	struct nie_allocator a = allocator(3);
	u64 slot;

	(void)state;
	assert_int_equal(nie_allocate_many(&a, NIE_TYPE_TABLE, 12, 3, &slot), NIE_OK);
	assert_int_equal(slot, 100);
	assert_int_equal(nie_allocate(&a, NIE_TYPE_TABLE, 12, &slot), NIE_ERR_EXHAUSTED);
	kernel.steps = 3;
	kernel.untyped[0].used = kernel.untyped[1].used = 0;
	memset(kernel.slot_type, 0, sizeof(kernel.slot_type));
	assert_int_equal(nie_allocator_reclaim(&a), NIE_OK);
	assert_int_equal(nie_allocate(&a, NIE_TYPE_TABLE, 12, &slot), NIE_OK);
	assert_int_equal(slot, 100);
	assert_int_equal(nie_error_of(nie_allocator_add(&a, 9)), NIE_ERR_EMPTY);
}

static void test_many_in_steps(void **state)
{
	u64 made = 0;

	(void)state;
	assert_int_equal(nie_retype_all(1, NIE_TYPE_PRIVATE_FRAME, 21, 100, 8, &made), NIE_OK);
	assert_int_equal(made, 8);
	assert_int_equal(kernel.calls[NIE_CALL_RETYPE], 8);
	assert_int_equal(kernel.pauses, 7); /* between steps only */
	assert_int_equal(nie_error_of(nie_retype_all(1, NIE_TYPE_TABLE, 12, 110, 1, &made)), NIE_ERR_NO_MEMORY);
	assert_int_equal(made, 0);
}

static void test_tables_are_made(void **state)
{
	struct nie_allocator a = allocator(100);
	struct nie_space s;
	u64 page = 200;

	(void)state;
	nie_space_init(&s, 7, &a);
	kernel.slot_address[page] = 0x1000;
	assert_int_equal(nie_space_map(&s, page, 12, 0x40201000, 3), NIE_OK);
	assert_true(kernel.level2[1]);
	assert_true(kernel.level3[0x40201000 >> 21]);
	/* Level 2 is there: the table made for nothing is kept, and used next. */
	assert_int_equal(nie_space_map(&s, page, 12, 0x40401000, 3), NIE_OK);
	assert_int_equal(nie_space_map(&s, page, 12, 0x40601000, 3), NIE_OK);
	assert_int_equal(a.next_slot, 104);
	assert_int_equal(nie_space_donate(&s, page, 12, 0x40602000, 3), NIE_OK);
	assert_int_equal(a.next_slot, 104);
}

static void test_loops(void **state)
{
	(void)state;
	kernel.steps = 5;
	assert_int_equal(nie_revoke_all(0, 3), NIE_OK);
	assert_int_equal(kernel.calls[NIE_CALL_CAP_REVOKE], 5);
	kernel.steps = 2;
	assert_int_equal(nie_kill_all(3), NIE_OK);
	assert_int_equal(kernel.calls[NIE_CALL_VSPACE_KILL], 2);
	kernel.steps = 1;
	assert_int_equal(nie_delete_all(0, 3), NIE_OK);
	assert_int_equal(kernel.calls[NIE_CALL_CAP_DELETE], 1);
	assert_int_equal(kernel.pauses, 4 + 1);
}

static void test_run(void **state)
{
	struct nie_run_entry entry = {.deadline = NIE_NEVER, .list = {10, 20, 30}};
	struct nie_run_exit e;

	(void)state;
	kernel.run_exits = 3;
	assert_int_equal(nie_run_until_exit(5, &entry, &e), NIE_OK);
	assert_int_equal(kernel.calls[NIE_CALL_RUN], 4);
	assert_int_equal(e.reason, NIE_EXIT_MMIO);
	assert_true(e.timer_pending);
	assert_int_equal(e.mmio.ipa, 0x09000000);
	assert_int_equal(e.mmio.value, 0x41);
	assert_int_equal(e.mmio.size, 2);
	assert_true(e.mmio.write);
	assert_int_equal(entry.list[0], e.list[0]);
}

static void test_status_text(void **state)
{
	char text[40];

	(void)state;
	assert_string_equal(nie_status_text(NIE_MAP_NO_TABLE_IPA, text, sizeof(text)), "no_table, argument 3");
	assert_string_equal(nie_status_text(NIE_ERR_NO_MEMORY, text, sizeof(text)), "no_memory");
	assert_string_equal(nie_status_text(NIE_MAP_NO_TABLE_IPA, text, 5), "no_t");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_small_objects_leave_large_untypeds_whole, setup),
		cmocka_unit_test_setup(test_slots_run_out, setup), cmocka_unit_test_setup(test_many_in_steps, setup),
		cmocka_unit_test_setup(test_tables_are_made, setup), cmocka_unit_test_setup(test_loops, setup),
		cmocka_unit_test_setup(test_run, setup), cmocka_unit_test_setup(test_status_text, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
