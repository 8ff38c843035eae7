/* SPDX-License-Identifier: Apache-2.0 */
/* What a task finds in its registers after a guest that marked all of its own. */
#include "endure.h"

#define ROUNDS 50u

static u64 dump[DUMP_COUNT] __attribute__((aligned(16)));

static u64 marks_of(u64 value, u64 mark)
{
	u64 found = 0;

	for (u32 shift = 0; shift < 64u; shift += 16u) {
		found += (value >> shift & 0xffffu) == mark ? 1u : 0u;
	}
	return found;
}

/* A new task, after the guest: nothing but its argument and its stack. Words that are not zero, and marks. */
static void new_task(u64 untyped, u64 guest, u64 *dirty, u64 *marks)
{
	u64 vcpu = object_make(untyped, NIE_TYPE_VCPU, NIE_PAGE_BITS);
	struct nie_run_results r = {0};
	u64 stack = (u64)(uintptr_t)dump;

	for (u32 i = 0; i < DUMP_COUNT; i++) {
		dump[i] = ~0ul;
	}
	must(nie_vcpu_configure(vcpu, NIE_BOOT_SLOT_VSPACE, 7, NIE_BOOT_SLOT_CSPACE, (u64)(uintptr_t)el0_dump,
				(u64)(uintptr_t)dump, stack), "vcpu_configure");
	must(nie_run(guest, NIE_NEVER, 0, 0, 0, 0, 0, &r), "run the guest");
	must(nie_run(vcpu, NIE_NEVER, 0, 0, 0, 0, 0, &r), "run the task");
	if (r.exit % 256u != NIE_EXIT_CRASH || dump[DUMP_SP] != stack) {
		failed("the new task did not do its work");
	}
	for (u32 i = 0; i < DUMP_COUNT; i++) {
		*dirty += i != DUMP_SP && dump[i] != 0u ? 1u : 0u;
		*marks += marks_of(dump[i], MARK_GUEST);
	}
	must(nie_delete_all(NIE_OWN_CSPACE, vcpu), "delete");
}

void registers(void)
{
	u64 untyped = object_make(largest_piece(), NIE_TYPE_UNTYPED, NIE_BLOCK_BITS);
	struct guest g;
	static u64 exit[7];
	u64 changed = 0;
	u64 dirty = 0;
	u64 marks = 0;

	guest_make(&g, 1, 0, 1, untyped, PROGRAM_MARK);
	for (u32 i = 0; i < ROUNDS; i++) {
		u64 wrong = run_watched_call(g.vcpu[0], NIE_NEVER, exit, NIE_CALL_RUN);

		if (wrong == ~0ul || exit[0] % 256u != NIE_EXIT_WFI) {
			failed("the marking guest did not wait");
		}
		changed += wrong;
		for (u32 n = 0; n < 7u; n++) {
			marks += marks_of(exit[n], MARK_GUEST);
		}
		new_task(untyped, g.vcpu[0], &dirty, &marks);
	}
	REPORT("registers", ROUNDS, changed, dirty, marks);
	must(nie_revoke_all(NIE_OWN_CSPACE, largest_piece()), "revoke");
}
