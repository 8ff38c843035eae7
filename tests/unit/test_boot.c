/* SPDX-License-Identifier: Apache-2.0 */
/* What boot leaves: every granule accounted for, free memory scrubbed, and an initial task that can
 * give its own memory back. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "../../kernel/core/authority/authority.h"
#include "nie/boot.h"
#include "nie/table.h"
#include "nie/vspace.h"

#define CORES 3u

static const struct boot_image image = {
	.kernel_end = 700,
	.task = 1024,
	.task_granules = 37,
	.task_text_granules = 20,
	.task_entry = NIE_BOOT_ADDRESS_IMAGE + 0x80,
	.archive = 1536,
	.archive_bytes = 3ul << 20,
};

static int boot_setup(void **state)
{
	u8 *junk = malloc(RAM_SIZE);

	world_setup(state);
	world_teardown(state);
	native_reset();
	memset(granule_state, 0, sizeof(granule_state));
	memset(granule_owner, 0, sizeof(granule_owner));
	memset(granule_place, 0, sizeof(granule_place));
	for (u32 i = 0; i < NIE_MAX_CORES; i++) {
		cores[i] = (struct core){.current = GRANULE_NONE, .online = i < CORES};
	}
	assert_non_null(junk);
	/* EL2's objects start zeroed; what the firmware left elsewhere is junk. */
	memset(junk, 0xa5, RAM_SIZE);
	native_ram_write(0, junk, RAM_SIZE);
	free(junk);
	boot(CORES, &image);
	return 0;
}

static granule_t cspace(void)
{
	return vcpu_at(cores[0].current)->cspace;
}

static const struct slot *boot_cap(u64 index)
{
	return slot_at(cnode_slot(cspace(), index));
}

static void registers(void **state)
{
	const struct vcpu *v = vcpu_at(cores[0].current);

	(void)state;
	assert_int_equal(v->pc, image.task_entry);
	assert_int_equal(v->x[0], CORES);
	assert_int_equal(v->x[1], NIE_BOOT_ADDRESS_ARCHIVE);
	assert_int_equal(v->x[2], image.archive_bytes);
	assert_int_equal(boot_cap(v->x[5] - 1)->type != 0u, 1);
	assert_int_equal(boot_cap(v->x[5])->type, 0);
	assert_int_equal(boot_cap(NIE_BOOT_SLOT_IMAGE_UNTYPED + v->x[3] - 1)->type, NIE_TYPE_UNTYPED);
	assert_int_equal(boot_cap(NIE_BOOT_SLOT_IMAGE_UNTYPED + v->x[3])->type, 0);
	assert_int_equal(boot_cap(NIE_BOOT_SLOT_FREE_UNTYPED + v->x[4] - 1)->type, NIE_TYPE_UNTYPED);
	assert_int_equal(boot_cap(NIE_BOOT_SLOT_FREE_UNTYPED + v->x[4])->type, 0);
}

static void every_granule_is_the_kernels_or_in_one_untyped(void **state)
{
	static u8 covered[RAM_GRANULES];

	(void)state;
	memset(covered, 0, sizeof(covered));
	for (u64 i = 1; i < cnode_slots(cspace()); i++) {
		const struct slot *c = boot_cap(i);

		if (c->type != NIE_TYPE_UNTYPED) {
			continue;
		}
		assert_int_equal(c->object % size_granules(c->size_bits), 0);
		for (u32 g = 0; g < size_granules(c->size_bits); g++) {
			covered[c->object + g]++;
		}
	}
	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		assert_int_equal(covered[g], granule_state[g] == GRANULE_KERNEL ? 0 : 1);
	}
	assert_int_equal(granule_state[image.kernel_end - 1u], GRANULE_KERNEL);
	assert_int_equal(granule_state[image.kernel_end], GRANULE_FREE);
}

static void free_memory_is_scrubbed(void **state)
{
	(void)state;
	check_tree();
	check_ownership(); /* free granules are zero, frames agree with the tables */
}

static void the_task_sees_its_image_and_the_archive(void **state)
{
	granule_t root = vcpu_at(cores[0].current)->vspace + 1u;

	(void)state;
	for (u32 i = 0; i < image.task_granules; i++) {
		u64 entry = table_lookup(root, NIE_BOOT_ADDRESS_IMAGE + i * GRANULE_SIZE);
		bool text = i < image.task_text_granules;

		assert_int_equal(entry_target(entry), granule_address(image.task + i));
		assert_int_equal(entry >> 7 & 1, text ? 0 : 1);  /* writable */
		assert_int_equal(entry >> 54 & 1, text ? 0 : 1); /* never executable */
	}
	u64 after = NIE_BOOT_ADDRESS_IMAGE + image.task_granules * GRANULE_SIZE;

	assert_false(entry_is_valid(table_lookup(root, after)));
	for (u32 i = 0; i < 2u; i++) {
		u64 entry = table_lookup(root, NIE_BOOT_ADDRESS_ARCHIVE + i * 0x200000ul);

		assert_int_equal(entry_target(entry), granule_address(image.archive + i * 512u));
		assert_int_equal(entry >> 7 & 1, 0);
	}
}

/* Another task revokes all image_untyped: the initial task is gone, and its memory is free. */
static void the_initial_task_gives_its_memory_back(void **state)
{
	granule_t first = cores[0].current;
	u64 untypeds = vcpu_at(first)->x[3];
	u64 base = vcpu_at(first)->x[4] - 1u + NIE_BOOT_SLOT_FREE_UNTYPED; /* the last free untyped */
	u64 slot = vcpu_at(first)->x[5] + 100u;

	(void)state;
	assert_int_equal(call_as(first, NIE_CALL_RETYPE, (u64[7]){base, NIE_TYPE_CNODE, 13, 0, slot, 1}), NIE_OK);
	assert_int_equal(call_as(first, NIE_CALL_RETYPE, (u64[7]){base, NIE_TYPE_TASK_VSPACE, 13, 0, slot + 1, 1}),
			 NIE_OK);
	assert_int_equal(call_as(first, NIE_CALL_RETYPE, (u64[7]){base, NIE_TYPE_VCPU, 12, 0, slot + 2, 1}), NIE_OK);
	granule_t second = boot_cap(slot + 2)->object;
	slot_t kept = SLOT_NONE;

	assert_int_equal(call_as(first, NIE_CALL_VCPU_CONFIGURE, (u64[7]){slot + 2, slot + 1, 0, slot, 0, 0, 0}), NIE_OK);
	for (u64 i = 0; i < untypeds; i++) {
		assert_int_equal(call_as(first, NIE_CALL_CAP_MOVE,
					 (u64[7]){slot, 1 + i, 0, NIE_BOOT_SLOT_IMAGE_UNTYPED + i}), NIE_OK);
	}
	granule_t node = boot_cap(slot)->object;

	kept = cnode_slot(node, untypeds + 1);
	assert_int_equal(call_as(first, NIE_CALL_CAP_MOVE, (u64[7]){slot, untypeds + 2, 0, slot + 1}), NIE_OK);
	assert_int_equal(call_as(first, NIE_CALL_CAP_MOVE, (u64[7]){slot, untypeds + 3, 0, slot + 2}), NIE_OK);
	/* The CNode's own capability goes into it, through a copy that stays behind. */
	assert_int_equal(call_as(first, NIE_CALL_CORE_START, (u64[7]){NIE_BOOT_SLOT_CORES, untypeds + 3}),
			 NIE_CORE_START_EMPTY_VCPU);
	assert_int_equal(call_as(first, NIE_CALL_CAP_MOVE, (u64[7]){0, slot + 2, slot, untypeds + 3}), NIE_OK);
	assert_int_equal(call_as(first, NIE_CALL_CAP_COPY, (u64[7]){slot, untypeds + 3, 0, slot + 2, NIE_RIGHTS_ALL}),
			 NIE_OK);
	assert_int_equal(call_as(first, NIE_CALL_CAP_COPY, (u64[7]){0, slot + 3, 0, slot, NIE_RIGHTS_ALL}), NIE_OK);
	assert_int_equal(call_as(first, NIE_CALL_CAP_MOVE, (u64[7]){slot + 3, untypeds + 1, 0, slot}), NIE_OK);
	assert_int_equal(slot_at(kept)->type, NIE_TYPE_CNODE);
	assert_int_equal(call_as(first, NIE_CALL_CAP_MOVE, (u64[7]){slot + 3, untypeds + 4, 0, slot + 2}), NIE_OK);
	assert_int_equal(call_as(first, NIE_CALL_CAP_COPY,
				 (u64[7]){0, slot + 2, slot + 3, untypeds + 4, NIE_RIGHTS_ALL}), NIE_OK);
	/* What stays in the old CNode ends with it, and all that was made from that. */
	assert_int_equal(call_as(first, NIE_CALL_CAP_MOVE, (u64[7]){slot + 3, 200, 0, base}), NIE_OK);
	(void)call_as(first, NIE_CALL_CORE_START, (u64[7]){NIE_BOOT_SLOT_CORES, slot + 2});
	assert_int_equal(cores[0].current, second);
	for (u64 i = 0; i < untypeds; i++) {
		u32 calls = 0;

		do {
			assert_int_equal(call_as(second, NIE_CALL_CAP_REVOKE, (u64[7]){0, 1 + i}), NIE_OK);
			native_forget_log();
			assert_true(++calls < 200u);
		} while (vcpu_at(second)->x[1] != 0u);
	}
	for (granule_t g = image.task; g < image.archive + 1024u + 512u; g++) {
		assert_int_equal(granule_state[g], GRANULE_FREE);
	}
	check_tree();
	check_ownership();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, boot_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(registers),
		TEST(every_granule_is_the_kernels_or_in_one_untyped),
		TEST(free_memory_is_scrubbed),
		TEST(the_task_sees_its_image_and_the_archive),
		TEST(the_initial_task_gives_its_memory_back),
	};

	return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
