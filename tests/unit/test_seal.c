/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest may expect of its memory, what its measurement says, and what it asks through RSI. */
#include "world.h"

#include <string.h>

#include "nie/hw.h"
#include "nie/sha256.h"
#include "nie/table.h"
#include "nie/vspace.h"

#define R NIE_RIGHT_READ
#define W NIE_RIGHT_WRITE
#define RWX (R | W | NIE_RIGHT_EXECUTE)
#define GUEST_IPA 0x40000000ul
#define BLOCK_IPA (GUEST_IPA + 0x200000ul)
#define ESR(class, iss) ((u64)(class) << 26 | 1ul << 25 | (u64)(iss))
#define HVC 0x16u
#define INSTRUCTION_ABORT 0x20u
#define DATA_ABORT 0x24u
#define DESCRIBED (1u << 24 | 3u << 22) /* ISV, 8 bytes into x0 */
#define TRANSLATION 0x7u

#define RSI(n) (0xc4000190ul + (n))
#define RSI_VERSION RSI(0)
#define RSI_FEATURES RSI(1)
#define RSI_MEASUREMENT_READ RSI(2)
#define RSI_MEASUREMENT_EXTEND RSI(3)
#define RSI_REALM_CONFIG RSI(6)
#define RSI_IPA_STATE_SET RSI(7)
#define RSI_IPA_STATE_GET RSI(8)
#define INPUT 1u
#define EMPTY 0u
#define RAM 1u
#define DESTROYED 2u
#define ACCEPT 0u
#define REJECT 1u

enum object_slot {
	GUEST = 30,
	CPU,
	TABLES_OWN = 40,
	TABLES_GUEST = 42,
	TABLE = 44,
	FRAME = 50,
	FRAME2,
	FRAME3,
	BLOCK,
};

static void ok(u64 status)
{
	assert_int_equal(status, NIE_OK);
}

static int seal_setup(void **state)
{
	world_setup(state);
	make(NIE_TYPE_GUEST_VSPACE, 13, GUEST);
	make(NIE_TYPE_VCPU, 12, CPU);
	make_tables(TABLES_OWN, OWN_VSPACE, TASK_BASE);
	make_tables(TABLES_GUEST, GUEST, GUEST_IPA);
	make(NIE_TYPE_TABLE, 12, TABLE);
	make(NIE_TYPE_PRIVATE_FRAME, 12, FRAME);
	make(NIE_TYPE_PRIVATE_FRAME, 12, FRAME2);
	make(NIE_TYPE_PRIVATE_FRAME, 12, FRAME3);
	make(NIE_TYPE_PRIVATE_FRAME, 21, BLOCK);
	ok(CALL(VCPU_CONFIGURE, CPU, GUEST, 0, 0, GUEST_IPA, 7, 0));
	native_forget_log();
	return 0;
}

static void activate(void)
{
	ok(CALL(VSPACE_ACTIVATE, GUEST, 0));
	native_forget_log();
}

static void message(u8 *to, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++) {
		to[i] = (u8)((i * 7u + 3u) % 251u);
	}
}

static void write_message(granule_t g)
{
	u8 page[GRANULE_SIZE];

	message(page, sizeof(page));
	native_ram_write((u64)g * GRANULE_SIZE, page, sizeof(page));
}

static u64 entry_of(u64 ipa)
{
	return table_lookup(object_of(GUEST) + 1u, ipa);
}

static void run(void)
{
	(void)CALL(RUN, CPU, NIE_NEVER, 0, 0, 0, 0, 0);
	assert_int_equal(cores[0].current, object_of(CPU));
}

static struct vcpu *guest_calls(u64 function, u64 a, u64 b, u64 c)
{
	struct vcpu *v = vcpu_at(object_of(CPU));

	if (cores[0].current == caller()) {
		run();
	}
	v->x[0] = function;
	v->x[1] = a;
	v->x[2] = b;
	v->x[3] = c;
	trap_sync(0, ESR(HVC, 0), 0, 0);
	return v;
}

static void exited(u64 reason, u64 detail1, u64 detail2, u64 detail3)
{
	assert_int_equal(cores[0].current, caller());
	assert_int_equal(result(1), reason);
	assert_int_equal(result(2), detail1);
	assert_int_equal(result(3), detail2);
	assert_int_equal(result(4), detail3);
}

static void did_not_exit(void)
{
	assert_int_equal(cores[0].current, object_of(CPU));
}

static void abort_at(u64 ipa, u32 class, u32 iss)
{
	trap_sync(0, ESR(class, iss), ipa % GRANULE_SIZE, ipa / GRANULE_SIZE << 4);
}

/* Expected values: Python's hashlib, over bytes (i * 7 + 3) % 251. */
static void sha256_is_sha256(void **state)
{
	static const struct {
		u32 bytes;
		u64 hash[4];
	} vectors[] = {
		{0, {0x141cfc9842c4b0e3, 0x24b96f99c8f4fb9a, 0x4c939b64e441ae27, 0x55b852781b9995a4}},
		{1, {0x4daf78b908ed4f08, 0x586ba846746a197d, 0x62b11d616b639e00, 0xc529ffad9a5ab611}},
		{8, {0xb6335b25bec16508, 0xd26c64f37d1b4c9c, 0x4a0495f536abfeb7, 0xadd968166f1791b1}},
		{55, {0xecf345c758ceea1d, 0x4c493f92a568dead, 0x836430f073fa0337, 0x708d6e82a598b8cc}},
		{56, {0x4d0e758536e2db06, 0xafab4750d9de8138, 0xdc01355d9c8ffa93, 0x8e39f12fa717c757}},
		{63, {0x29c93523b138fb47, 0x6466c0150528098d, 0xacb04b55d189a189, 0xb6d8e96c8040071a}},
		{64, {0x14801a4b7298a7df, 0x4e47a75d3e364f99, 0x079eb27f75e36cd2, 0x7bd352935aad47aa}},
		{65, {0x71d707555aab2edd, 0x17c69a3d95ce637c, 0x12ad2544661ec252, 0x697fd9a022470527}},
		{96, {0xa7dedaf4cd2a6c65, 0x4ecd5e4a950c691d, 0xaf354a8c33032ae0, 0x3b181f4357e021d7}},
		{119, {0x267d5ddf35f4e0c6, 0xc002061ea3ccaa5b, 0xed9a81d3a62fa20a, 0x5637744c29494666}},
		{1000, {0x2540536f415c42a9, 0xa4db4ad12b42e2a4, 0x29330cd1684a3dec, 0x6e2b4d9612f68dbe}},
	};
	u8 text[1024];
	u64 words[128];
	u64 hash[4];

	(void)state;
	message(text, sizeof(text));
	for (u32 i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		/* What follows the message does not count. */
		memset(words, 0xff, sizeof(words));
		memcpy(words, text, vectors[i].bytes);
		sha256(words, vectors[i].bytes, hash);
		assert_memory_equal(hash, vectors[i].hash, sizeof(hash));
	}
	const u64 page_hash[4] = {0x3b9ef0ea6062350d, 0x9923adb2651ac83d, 0xd24b27c021497caa, 0x3b6ec4212a4cb5cb};

	write_message(object_of(FRAME));
	hw_hash(object_of(FRAME), 1, hash);
	assert_memory_equal(hash, page_hash, sizeof(hash));
}

static bool scrubbed(u64 slot)
{
	return (granule_place[object_of(slot)] & FRAME_SCRUBBED) != 0u;
}

static void a_frame_is_scrubbed_until_it_is_mapped(void **state)
{
	(void)state;
	assert_true(scrubbed(FRAME) && scrubbed(BLOCK));
	ok(CALL(MAP, FRAME, OWN_VSPACE, TASK_BASE, R));
	assert_false(scrubbed(FRAME));
	ok(CALL(UNMAP, FRAME));
	assert_false(scrubbed(FRAME));
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, R | W));
	assert_false(scrubbed(FRAME));
	ok(CALL(UNMAP, FRAME));
	assert_true(scrubbed(FRAME));
	check_ownership();
}

static void only_zeroes_enter_an_active_guest_and_only_where_it_expects_memory(void **state)
{
	(void)state;
	ok(CALL(EXPECT_RAM, GUEST, GUEST_IPA + 0x1000, 12, 2));
	ok(CALL(MAP, FRAME3, OWN_VSPACE, TASK_BASE, R));
	activate();
	state_save();
	assert_int_equal(CALL(DONATE, FRAME, GUEST, GUEST_IPA, RWX), NIE_DONATE_WRONG_STATE_IPA);
	assert_int_equal(CALL(DONATE, FRAME, GUEST, GUEST_IPA + 0x3000, RWX), NIE_DONATE_WRONG_STATE_IPA);
	assert_int_equal(CALL(DONATE, FRAME3, GUEST, GUEST_IPA + 0x1000, RWX), NIE_DONATE_WRONG_STATE_FRAME);
	assert_int_equal(CALL(DONATE, BLOCK, GUEST, BLOCK_IPA, RWX), NIE_DONATE_WRONG_STATE_IPA);
	assert_true(state_is_unchanged());
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA + 0x1000, RWX));
	assert_int_equal(native_count(NATIVE_HASH), 0);
	assert_int_equal(CALL(DONATE, FRAME2, GUEST, GUEST_IPA + 0x1000, RWX), NIE_DONATE_EXISTS_IPA);
	/* Unmapped by its task it is still not clean. */
	ok(CALL(UNMAP, FRAME3));
	assert_int_equal(CALL(DONATE, FRAME3, GUEST, GUEST_IPA + 0x2000, RWX), NIE_DONATE_WRONG_STATE_FRAME);
	/* Taken away: destroyed, whatever it was before. */
	ok(CALL(UNMAP, FRAME));
	assert_int_equal(entry_of(GUEST_IPA + 0x1000), ENTRY_DESTROYED);
	assert_int_equal(CALL(DONATE, FRAME, GUEST, GUEST_IPA + 0x1000, RWX), NIE_DONATE_EXISTS_IPA);
	/* A guest that turned itself off takes nothing. */
	(void)guest_calls(0x84000008, 0, 0, 0);
	assert_int_equal(CALL(DONATE, FRAME2, GUEST, GUEST_IPA + 0x2000, RWX), NIE_DONATE_WRONG_STATE_VSPACE);
	check_ownership();
}

static void expect_ram_stays_in_its_table(void **state)
{
	(void)state;
	assert_int_equal(CALL(EXPECT_RAM, GUEST, GUEST_IPA + 0x1000, 12, 512), NIE_EXPECT_RAM_BAD_VALUE_COUNT);
	assert_int_equal(CALL(EXPECT_RAM, GUEST, GUEST_IPA, 21, 1), NIE_EXPECT_RAM_EXISTS_IPA); /* a table */
	ok(CALL(EXPECT_RAM, GUEST, GUEST_IPA + 0x1ff000, 12, 1));
	ok(CALL(EXPECT_RAM, GUEST, GUEST_IPA + 0x3fe00000, 21, 1));
	state_save();
	assert_int_equal(CALL(EXPECT_RAM, GUEST, GUEST_IPA, 12, 512), NIE_EXPECT_RAM_EXISTS_IPA);
	assert_true(state_is_unchanged());
	assert_int_equal(entry_of(GUEST_IPA + 0x1fe000), ENTRY_EMPTY);
	assert_int_equal(entry_of(GUEST_IPA + 0x1ff000), ENTRY_RAM);
	assert_int_equal(entry_of(GUEST_IPA + 0x3fdff000), ENTRY_EMPTY);
	assert_int_equal(entry_of(GUEST_IPA + 0x3ffff000), ENTRY_RAM);
}

static void a_table_splits_what_is_expected(void **state)
{
	(void)state;
	ok(CALL(EXPECT_RAM, GUEST, BLOCK_IPA, 21, 1));
	assert_int_equal(CALL(DONATE, FRAME, GUEST, BLOCK_IPA, RWX), NIE_DONATE_NO_TABLE_IPA);
	activate();
	ok(CALL(MAP_TABLE, TABLE, GUEST, BLOCK_IPA, 3));
	ok(CALL(DONATE, FRAME, GUEST, BLOCK_IPA + 0x1ff000, RWX));
	assert_int_equal(entry_of(BLOCK_IPA), ENTRY_RAM);
	/* The table goes, and all that it said with it. */
	delete_all(0, TABLE, 3);
	assert_int_equal(entry_of(BLOCK_IPA), ENTRY_DESTROYED);
	assert_true(scrubbed(FRAME));
	check_ownership();
}

/* Python computed this one from the records of docs/decisions/0006-sealing.md. */
static void the_measurement_is_the_documented_chain(void **state)
{
	static const u64 expected[4] = {0xc34a2b2b57249496, 0xe91b242aca50e6e6, 0x2ce03480017e999b, 0x4505318887796ef0};
	granule_t first = object_of(FRAME), second = object_of(FRAME2);

	(void)state;
	ok(CALL(EXPECT_RAM, GUEST, GUEST_IPA + 0x1000, 12, 3));
	ok(CALL(MAP, FRAME, OWN_VSPACE, TASK_BASE, R | W));
	write_message(first);
	native_forget_log();
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, R | W));
	/* Measured when no task can write it any more, and before the guest can. */
	int hashed = native_find(0, NATIVE_HASH, first);

	assert_true(hashed > native_find(0, NATIVE_INVALIDATE_IPA, vspace_at(object_of(OWN_VSPACE))->vmid));
	assert_int_equal(native_event((u32)hashed).c, GRANULE_NONE);
	ok(CALL(MAP, FRAME2, OWN_VSPACE, TASK_BASE, R | W));
	write_message(second);
	ok(CALL(DONATE, FRAME2, GUEST, GUEST_IPA + 0x1000, RWX)); /* content, although only zeroes were expected */
	native_forget_log();
	ok(CALL(DONATE, FRAME3, GUEST, GUEST_IPA + 0x2000, RWX)); /* zeroes: not measured */
	assert_int_equal(native_count(NATIVE_HASH), 0);
	ok(CALL(VSPACE_ACTIVATE, GUEST, NIE_POLICY_DEBUGGABLE));
	ok(CALL(VSPACE_MEASUREMENT, GUEST));
	for (u32 i = 0; i < 4u; i++) {
		assert_int_equal(result(1u + i), expected[i]);
	}
	const struct vcpu *v = guest_calls(RSI_MEASUREMENT_READ, 0, 0, 0);

	assert_int_equal(v->x[0], 0);
	assert_memory_equal(&v->x[1], expected, sizeof(expected));
	for (u32 i = 5; i < 9u; i++) {
		assert_int_equal(v->x[i], 0);
	}
}

struct measurement {
	u64 words[4];
};

/* How it comes out when one thing differs. */
static struct measurement measured(void **state, u32 variant)
{
	struct measurement m;
	u64 order = variant == 1u ? 1u : 0u;

	world_teardown(state);
	seal_setup(state);
	ok(CALL(MAP, FRAME, OWN_VSPACE, TASK_BASE, R | W));
	ok(CALL(MAP, FRAME2, OWN_VSPACE, TASK_BASE + 0x1000, R | W));
	write_message(object_of(FRAME));
	if (variant == 2u) {
		native_ram_write((u64)object_of(FRAME2) * GRANULE_SIZE + 4095u, "x", 1);
	}
	ok(CALL(DONATE, order == 0u ? FRAME : FRAME2, GUEST, GUEST_IPA + order * 0x1000, R | W));
	ok(CALL(DONATE, order == 0u ? FRAME2 : FRAME, GUEST, GUEST_IPA + (1u - order) * 0x1000,
		variant == 3u ? R : R | W));
	if (variant == 4u) {
		ok(CALL(EXPECT_RAM, GUEST, GUEST_IPA + 0x2000, 12, 1));
	}
	if (variant == 5u) {
		make(NIE_TYPE_VCPU, 12, 60);
		ok(CALL(VCPU_CONFIGURE, 60, GUEST, 1, 0, 0, 0, 0));
	}
	ok(CALL(VSPACE_ACTIVATE, GUEST, variant == 6u ? NIE_POLICY_DEBUGGABLE : variant == 7u ? NIE_POLICY_HOST_CPU : 0u));
	ok(CALL(VSPACE_MEASUREMENT, GUEST));
	for (u32 i = 0; i < 4u; i++) {
		m.words[i] = result(1u + i);
	}
	return m;
}

static void every_difference_shows_in_the_measurement(void **state)
{
	struct measurement seen[8];

	for (u32 i = 0; i < 8u; i++) {
		seen[i] = measured(state, i);
		for (u32 j = 0; j < i; j++) {
			assert_memory_not_equal(&seen[i], &seen[j], sizeof(seen[i]));
		}
	}
	struct measurement again = measured(state, 0);

	assert_memory_equal(&again, &seen[0], sizeof(again));
}

static void expected_memory_is_a_fault_and_never_mmio(void **state)
{
	struct vcpu *v = vcpu_at(object_of(CPU));

	(void)state;
	ok(CALL(EXPECT_RAM, GUEST, GUEST_IPA, 12, 2));
	activate();
	run();
	u64 pc = v->pc;

	abort_at(GUEST_IPA + 8, DATA_ABORT, DESCRIBED | TRANSLATION);
	exited(NIE_EXIT_FAULT, GUEST_IPA + 8, 1, 0);
	v->x[0] = 0x1234;
	(void)CALL(RUN, CPU, NIE_NEVER, 0x5555, 0, 0, 0, 0); /* an answer that nobody asked for */
	assert_int_equal(v->x[0], 0x1234);
	abort_at(GUEST_IPA + 0x1008, INSTRUCTION_ABORT, TRANSLATION);
	exited(NIE_EXIT_FAULT, GUEST_IPA + 0x1008, 4, 0);
	assert_int_equal(v->pc, pc);
	/* Donated by another core between the fault and its handling: just again. */
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, RWX));
	run();
	abort_at(GUEST_IPA + 8, DATA_ABORT, DESCRIBED | TRANSLATION);
	did_not_exit();
	assert_int_equal(v->pc, pc);
	/* Where no memory is expected it is a device's. */
	abort_at(GUEST_IPA + 0x2008, DATA_ABORT, DESCRIBED | TRANSLATION);
	exited(NIE_EXIT_MMIO, GUEST_IPA + 0x2008, 0, 8);
}

static void giving_memory_up(void **state)
{
	(void)state;
	ok(CALL(EXPECT_RAM, GUEST, GUEST_IPA, 12, 4));
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, RWX));
	ok(CALL(DONATE, FRAME2, GUEST, GUEST_IPA + 0x1000, RWX));
	activate();
	write_message(object_of(FRAME));
	const struct vcpu *v = guest_calls(RSI_IPA_STATE_SET, GUEST_IPA, GUEST_IPA + 0x3000, EMPTY);

	exited(NIE_EXIT_IPA_STATE, GUEST_IPA, GUEST_IPA + 0x3000, EMPTY);
	assert_int_equal(v->x[0], 0);
	assert_int_equal(v->x[1], GUEST_IPA + 0x3000);
	assert_int_equal(v->x[2], ACCEPT);
	assert_true(native_is_zero(object_of(FRAME), 1));
	assert_true(scrubbed(FRAME) && scrubbed(FRAME2));
	int scrub = native_find(0, NATIVE_SCRUB, object_of(FRAME));

	assert_true(scrub > 0);
	assert_true(native_find(0, NATIVE_INVALIDATE_IPA, vspace_at(object_of(GUEST))->vmid) < scrub);
	assert_int_equal(entry_of(GUEST_IPA), ENTRY_EMPTY);
	assert_int_equal(entry_of(GUEST_IPA + 0x2000), ENTRY_EMPTY);
	assert_int_equal(entry_of(GUEST_IPA + 0x3000), ENTRY_RAM);
	/* The VMM uses it as its own, and cannot give it back where it is not expected. */
	assert_int_equal(CALL(DONATE, FRAME, GUEST, GUEST_IPA, RWX), NIE_DONATE_WRONG_STATE_IPA);
	ok(CALL(MAP, FRAME2, OWN_VSPACE, TASK_BASE, R | W));
	/* Expected again, it comes back, if it is zero. */
	v = guest_calls(RSI_IPA_STATE_SET, GUEST_IPA, GUEST_IPA + 0x2000, RAM);
	exited(NIE_EXIT_IPA_STATE, GUEST_IPA, GUEST_IPA + 0x2000, RAM);
	assert_int_equal(v->x[2], ACCEPT);
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, RWX));
	assert_int_equal(CALL(DONATE, FRAME2, GUEST, GUEST_IPA + 0x1000, RWX), NIE_DONATE_WRONG_STATE_FRAME);
	/* What is so already changes nothing, and the VMM need not hear of it. */
	v = guest_calls(RSI_IPA_STATE_SET, GUEST_IPA, GUEST_IPA + 0x1000, RAM);
	did_not_exit();
	assert_int_equal(v->x[1], GUEST_IPA + 0x1000);
	check_ownership();
}

static void blocks_are_not_cut(void **state)
{
	const u64 top = BLOCK_IPA + 0x200000;

	(void)state;
	ok(CALL(EXPECT_RAM, GUEST, BLOCK_IPA, 21, 2));
	ok(CALL(DONATE, BLOCK, GUEST, BLOCK_IPA, RWX));
	activate();
	const struct vcpu *v = guest_calls(RSI_IPA_STATE_SET, BLOCK_IPA, top - 0x1000, EMPTY);

	did_not_exit();
	assert_int_equal(v->x[0], 0);
	assert_int_equal(v->x[1], BLOCK_IPA);
	assert_int_equal(v->x[2], REJECT);
	v = guest_calls(RSI_IPA_STATE_SET, BLOCK_IPA + 0x1000, top, EMPTY);
	assert_int_equal(v->x[2], REJECT);
	assert_true(entry_is_valid(entry_of(BLOCK_IPA)));
	/* As far as it goes: the second block is cut. */
	v = guest_calls(RSI_IPA_STATE_SET, BLOCK_IPA, top + 0x1000, EMPTY);
	exited(NIE_EXIT_IPA_STATE, BLOCK_IPA, top, EMPTY);
	assert_int_equal(v->x[1], top);
	assert_int_equal(v->x[2], ACCEPT);
	assert_int_equal(native_event((u32)native_find(0, NATIVE_SCRUB, object_of(BLOCK))).b, 512);
	/* Nothing is expected where there is no table. */
	v = guest_calls(RSI_IPA_STATE_SET, 0x100000000, 0x100200000, RAM);
	assert_int_equal(v->x[2], REJECT);
	v = guest_calls(RSI_IPA_STATE_SET, 0x100000000, 0x100200000, EMPTY);
	assert_int_equal(v->x[2], ACCEPT);
	check_ownership();
}

static void one_call_scrubs_a_bounded_part(void **state)
{
	(void)state;
	make(NIE_TYPE_PRIVATE_FRAME, 21, 70);
	ok(CALL(EXPECT_RAM, GUEST, BLOCK_IPA, 21, 2));
	ok(CALL(DONATE, BLOCK, GUEST, BLOCK_IPA, RWX));
	ok(CALL(DONATE, 70, GUEST, BLOCK_IPA + 0x200000, RWX));
	activate();
	const struct vcpu *v = guest_calls(RSI_IPA_STATE_SET, BLOCK_IPA, BLOCK_IPA + 0x400000, EMPTY);

	exited(NIE_EXIT_IPA_STATE, BLOCK_IPA, BLOCK_IPA + 0x200000, EMPTY);
	assert_int_equal(v->x[1], BLOCK_IPA + 0x200000);
	assert_int_equal(v->x[2], ACCEPT);
	assert_int_equal(native_count(NATIVE_SCRUB), 1);
}

static void what_was_destroyed_stays_so(void **state)
{
	(void)state;
	ok(CALL(EXPECT_RAM, GUEST, GUEST_IPA, 12, 2));
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, RWX));
	activate();
	ok(CALL(UNMAP, FRAME));
	for (u64 wanted = EMPTY; wanted <= RAM; wanted++) {
		const struct vcpu *v = guest_calls(RSI_IPA_STATE_SET, GUEST_IPA, GUEST_IPA + 0x2000, wanted);

		did_not_exit();
		assert_int_equal(v->x[0], 0);
		assert_int_equal(v->x[1], GUEST_IPA);
		assert_int_equal(v->x[2], REJECT);
	}
	const struct vcpu *v = guest_calls(RSI_IPA_STATE_GET, GUEST_IPA, GUEST_IPA + 0x2000, 0);

	assert_int_equal(v->x[1], GUEST_IPA + 0x1000);
	assert_int_equal(v->x[2], DESTROYED);
}

static void state_of_memory(void **state)
{
	(void)state;
	ok(CALL(EXPECT_RAM, GUEST, GUEST_IPA + 0x1000, 12, 2));
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA + 0x1000, RWX));
	activate();
	const struct {
		u64 base, top, end, state;
	} tries[] = {
		{0x08000000, 0x08010000, 0x08010000, EMPTY},
		{GUEST_IPA, GUEST_IPA + 0x8000, GUEST_IPA + 0x1000, EMPTY},
		{GUEST_IPA + 0x1000, GUEST_IPA + 0x8000, GUEST_IPA + 0x3000, RAM}, /* with a frame and without */
		{GUEST_IPA + 0x1000, GUEST_IPA + 0x2000, GUEST_IPA + 0x2000, RAM},
	};

	for (u32 i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		const struct vcpu *v = guest_calls(RSI_IPA_STATE_GET, tries[i].base, tries[i].top, 0);

		assert_int_equal(v->x[0], 0);
		assert_int_equal(v->x[1], tries[i].end);
		assert_int_equal(v->x[2], tries[i].state);
	}
}

static void bad_arguments_of_rsi(void **state)
{
	static const u64 tries[][4] = {
		{RSI_VERSION, 0x20000},
		{RSI_MEASUREMENT_READ, 5},
		{RSI_MEASUREMENT_READ, NIE_NEVER},
		{RSI_MEASUREMENT_EXTEND, 0, 32},
		{RSI_MEASUREMENT_EXTEND, 5, 32},
		{RSI_MEASUREMENT_EXTEND, 1, 65},
		{RSI_REALM_CONFIG, GUEST_IPA + 8},
		{RSI_REALM_CONFIG, NIE_SHARED_HALF},
		{RSI_REALM_CONFIG, NIE_NEVER - 0xfff},
		{RSI_REALM_CONFIG, GUEST_IPA + 0x5000}, /* nothing there */
		{RSI_REALM_CONFIG, GUEST_IPA}, /* read-only */
		{RSI_IPA_STATE_SET, GUEST_IPA + 8, GUEST_IPA + 0x1000, EMPTY},
		{RSI_IPA_STATE_SET, GUEST_IPA, GUEST_IPA + 0x1008, EMPTY},
		{RSI_IPA_STATE_SET, GUEST_IPA, GUEST_IPA, EMPTY},
		{RSI_IPA_STATE_SET, GUEST_IPA, GUEST_IPA - 0x1000, EMPTY},
		{RSI_IPA_STATE_SET, GUEST_IPA, NIE_SHARED_HALF + 0x1000, EMPTY},
		{RSI_IPA_STATE_SET, GUEST_IPA, GUEST_IPA + 0x1000, DESTROYED},
		{RSI_IPA_STATE_GET, GUEST_IPA + 8, GUEST_IPA + 0x1000},
		{RSI_IPA_STATE_GET, NIE_SHARED_HALF, NIE_SHARED_HALF + 0x1000},
		{RSI_IPA_STATE_GET, GUEST_IPA, GUEST_IPA},
	};

	(void)state;
	ok(CALL(DONATE, FRAME, GUEST, GUEST_IPA, R));
	activate();
	run();
	native_forget_log();
	for (u32 i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		const struct vcpu *v = guest_calls(tries[i][0], tries[i][1], tries[i][2], tries[i][3]);

		did_not_exit();
		assert_int_equal(v->x[0], INPUT);
	}
	assert_int_equal(native_events(), 0);
	/* Tokens and host calls are not there. */
	assert_int_equal(guest_calls(RSI(4), 0, 0, 0)->x[0], NIE_NEVER);
	assert_int_equal(guest_calls(RSI(9), 0, 0, 0)->x[0], NIE_NEVER);
}

static void configuration(void **state)
{
	u64 page[512];

	(void)state;
	ok(CALL(EXPECT_RAM, GUEST, GUEST_IPA, 12, 1));
	ok(CALL(DONATE, BLOCK, GUEST, BLOCK_IPA, RWX));
	write_message(object_of(BLOCK) + 3u);
	ok(CALL(VSPACE_ACTIVATE, GUEST, NIE_POLICY_DEBUGGABLE));
	const struct vcpu *v = guest_calls(RSI_VERSION, 0x10000, 0, 0);

	assert_int_equal(v->x[0], 0);
	assert_int_equal(v->x[1], 0x10000);
	assert_int_equal(v->x[2], 0x10000);
	v = guest_calls(0x1234ul << 32 | RSI_FEATURES, 0, 0, 0); /* only w0 counts */
	assert_int_equal(v->x[0], 0);
	assert_int_equal(v->x[1], 0);
	native_forget_log();
	v = guest_calls(RSI_REALM_CONFIG, BLOCK_IPA + 0x3000, 0, 0);
	assert_int_equal(v->x[0], 0);
	assert_true(native_find(0, NATIVE_CLEAN, object_of(BLOCK) + 3u) > 0);
	native_ram_read((u64)(object_of(BLOCK) + 3u) * GRANULE_SIZE, page, sizeof(page));
	for (u32 i = 0; i < 512u; i++) {
		assert_int_equal(page[i], i == 0u ? 39u : i == 64u ? NIE_POLICY_DEBUGGABLE : 0u);
	}
	/* A page that has not come yet is fetched as by a write, and the call made again. */
	u64 pc = v->pc;

	v = guest_calls(RSI_REALM_CONFIG, GUEST_IPA, 0, 0);
	exited(NIE_EXIT_FAULT, GUEST_IPA, 2, 0);
	assert_int_equal(v->pc, pc - 4);
	assert_int_equal(v->x[0], RSI_REALM_CONFIG);
}

static void a_guest_extends_its_own_measurements(void **state)
{
	static const u64 expected[4] = {0xa53c9a5f4de6ec30, 0x5fdb512b440a022b, 0xdca69c9ae343a5a2, 0x9ec38d0a96b5b451};
	static const u64 zero[4];
	struct vcpu *v = vcpu_at(object_of(CPU));
	u8 value[64];

	(void)state;
	activate();
	run();
	message(value, sizeof(value));
	for (u32 i = 0; i < 2u; i++) {
		v->x[0] = RSI_MEASUREMENT_EXTEND;
		v->x[1] = 2;
		v->x[2] = i == 0u ? 13 : 64;
		memcpy(&v->x[3], value, sizeof(value));
		trap_sync(0, ESR(HVC, 0), 0, 0);
		assert_int_equal(v->x[0], 0);
	}
	guest_calls(RSI_MEASUREMENT_READ, 2, 0, 0);
	assert_memory_equal(&v->x[1], expected, sizeof(expected));
	guest_calls(RSI_MEASUREMENT_READ, 1, 0, 0);
	assert_memory_equal(&v->x[1], zero, sizeof(zero));
	guest_calls(RSI_MEASUREMENT_READ, 4, 0, 0);
	assert_memory_equal(&v->x[1], zero, sizeof(zero));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, seal_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(sha256_is_sha256),
		TEST(a_frame_is_scrubbed_until_it_is_mapped),
		TEST(only_zeroes_enter_an_active_guest_and_only_where_it_expects_memory),
		TEST(expect_ram_stays_in_its_table),
		TEST(a_table_splits_what_is_expected),
		TEST(the_measurement_is_the_documented_chain),
		TEST(every_difference_shows_in_the_measurement),
		TEST(expected_memory_is_a_fault_and_never_mmio),
		TEST(giving_memory_up),
		TEST(blocks_are_not_cut),
		TEST(one_call_scrubs_a_bounded_part),
		TEST(what_was_destroyed_stays_so),
		TEST(state_of_memory),
		TEST(bad_arguments_of_rsi),
		TEST(configuration),
		TEST(a_guest_extends_its_own_measurements),
	};

	return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
