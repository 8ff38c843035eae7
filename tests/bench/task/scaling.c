/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How costs grow: with a guest's memory, with the number of guests, with the number of capabilities. A task of its
 * own, alone with the kernel. Names end in the size.
 */
#include "bench.h"
#include "guests.h"

#include "nie/loops.h"
#include "nie/stubs.h"

#define GUESTS 64u
#define MEMORY_BITS_LEAST 26u
#define CAPABILITIES 16384u
#define CNODE_BITS 20u
#define CNODE_SLOTS (1u << (CNODE_BITS - 5u))

static void report_sized(const char *what, u64 size, const struct samples *s)
{
	char name[48];
	char digits[21];
	u32 at = 0, count = 0;

	for (; *what != '\0'; what++) {
		name[at++] = *what;
	}
	do {
		digits[count++] = (char)('0' + size % 10u);
		size /= 10u;
	} while (size != 0);
	while (count != 0u) {
		name[at++] = digits[--count];
	}
	name[at] = '\0';
	report(name, s);
}

/* Guests of 64 MiB and more, each in the same memory. */
static void memory_grows(void)
{
	u64 bits = 0;
	const u64 *memory = memory_all(&bits);
	u64 untyped = slots_take(1);
	u64 slots = slots_take((1ul << (bits - NIE_BLOCK_BITS)) + GUEST_SLOTS);

	must(nie_retype(memory_spare(), NIE_TYPE_UNTYPED, NIE_BLOCK_BITS, NIE_OWN_CSPACE, untyped, 1), "retype");

	for (u64 b = MEMORY_BITS_LEAST; b <= bits; b++) {
		struct samples create = {0}, destroy = {0};

		TIMED(create, guest_build(untyped, memory, slots, 1ul << (b - NIE_BLOCK_BITS)));
		TIMED(destroy, guest_take_apart(untyped, memory, slots));
		report_sized("create-mib-", 1ul << (b - 20u), &create);
		report_sized("destroy-mib-", 1ul << (b - 20u), &destroy);
	}
}

/* Guests that stay: what the next one costs, and what a round through all of them costs each. */
static void guests_grow(void)
{
	static struct guest guests[GUESTS];

	for (u32 n = 1; n <= GUESTS; n++) {
		struct nie_run_results r = {0};
		struct samples make = {0}, run = {0}, again = {0};
		u64 status = NIE_OK;

		TIMED(make, guest_make(&guests[n - 1u], PROGRAM_FLOAT));
		if ((n & (n - 1u)) != 0u) {
			continue;
		}
		for (u32 round = 0; round < 4u; round++) {
			for (u32 i = 0; i < n; i++) {
				TIMED(run, status |= nie_run(guests[i].vcpu[0], NIE_NEVER, 0, 0, 0, 0, 0, &r));
			}
		}
		TIMED(again, status |= nie_run(guests[n - 1u].vcpu[0], NIE_NEVER, 0, 0, 0, 0, 0, &r));
		must(status, "run");
		report_sized("make-guests-", n, &make);
		report_sized("turn-guests-", n, &run);
		report_sized("again-guests-", n, &again);
	}
	for (u32 n = 0; n < GUESTS; n++) {
		struct samples end = {0};

		TIMED(end, guest_end(&guests[n]));
		if (((GUESTS - n) & (GUESTS - n - 1u)) == 0u) {
			report_sized("end-guests-", GUESTS - n, &end);
		}
	}
}

/* Copies of one capability in a CNode: to use one, to make one more, to delete the last, to revoke them all. */
static void capabilities_grow(void)
{
	u64 cnode = object_make(untyped_take(CNODE_BITS), NIE_TYPE_CNODE, CNODE_BITS);
	u64 frame = object_make(untyped_take(NIE_BLOCK_BITS), NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);

	for (u64 n = 1; n <= CAPABILITIES; n *= 4u) {
		struct samples copy = {0}, use = {0}, end = {0}, revoke = {0};
		struct nie_cap_info_results info;
		u64 status = NIE_OK, more = 0;

		for (u64 i = 1; i <= n; i++) {
			TIMED(copy, status |= nie_cap_copy(cnode, i, NIE_OWN_CSPACE, frame, NIE_RIGHTS_ALL));
		}
		for (u64 i = 0; i < 16u; i++) {
			TIMED(use, status |= nie_cap_info(frame, &info));
		}
		TIMED(end, status |= nie_cap_delete(cnode, n, &more));
		TIMED(revoke, status |= nie_revoke_all(NIE_OWN_CSPACE, frame));
		must(status, "copy, delete and revoke");
		report_sized("copy-capabilities-", n, &copy);
		report_sized("use-capabilities-", n, &use);
		report_sized("delete-capabilities-", n, &end);
		report_sized("revoke-capabilities-", n, &revoke);
	}
}

int task_main(const u64 boot[6])
{
	setup(boot);
	memory_grows();
	guests_grow();
	capabilities_grow();
	print("bench: end\r\n");
	machine_off();
}
