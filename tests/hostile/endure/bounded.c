/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long one hypercall takes at most, over all free memory: made into frames, used, destroyed; tables, guests and
 * CNodes too. With QEMU's instruction counter and a clock of 1 GHz a tick is an instruction.
 */
#include "endure.h"

#define SLOTS 2100u /* for COPIES, or 4 * PAGES, or all memory in blocks */
#define PAGES 512u
#define CNODE_BITS 20u
#define COPIES 2000u
#define BLOCKS 256u
#define TURN_MICROSECONDS 200u
#define SERVED_ROUNDS 4u
#define SERVED_ROUNDS_MOST 10u
#define SERVED_LEAST 20u

struct op {
	u64 calls, most;
};

static u64 clock_read(void)
{
	u64 now;

	__asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(now) : : "memory");
	return now;
}

#define TIMED(op, status, statement)                                    \
	do {                                                            \
		u64 before = clock_read();                              \
		(status) = (statement);                                 \
		u64 ticks = clock_read() - before;                      \
		(op)->calls++;                                          \
		(op)->most = ticks > (op)->most ? ticks : (op)->most;   \
	} while (0)

static struct op retype, revoke, kill, map, donate, delete_cnode;

static void revoke_steps(u64 slot)
{
	u64 status;
	u64 more = 1;

	while (more != 0u) {
		TIMED(&revoke, status, nie_cap_revoke(NIE_OWN_CSPACE, slot, &more));
		must(status, "revoke");
	}
}

static void retype_steps(u64 untyped, u64 type, u64 bits, u64 slots, u64 count, u64 step)
{
	u64 status;

	for (u64 i = 0; i < count; i += step) {
		TIMED(&retype, status, nie_retype(untyped, type, bits, NIE_OWN_CSPACE, slots + i, step));
		must(status, "retype");
	}
}

/* As if it had been used: a frame that no task mapped may need no scrubbing. */
static void use(u64 frame, u64 bits, u64 at)
{
	u64 status;

	TIMED(&map, status, nie_map(frame, NIE_BOOT_SLOT_VSPACE, at, bits == NIE_BLOCK_BITS ? RIGHTS_RWX : RIGHTS_RW));
	must(status, "map");
	*(volatile u64 *)at = MARK_TASK;
	must(nie_unmap(frame), "unmap");
}

/* Every free untyped as frames of 2 MiB: bytes. */
static u64 all_memory(u64 slots)
{
	u64 bytes = 0;

	for (u32 i = 0; i < piece_count; i++) {
		u64 count = pieces[i].free >> NIE_BLOCK_BITS;

		if (pieces[i].free != 1ul << pieces[i].size_bits) {
			continue;
		}
		retype_steps(pieces[i].slot, NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS, slots, count, 1);
		for (u64 n = 0; n < count; n++) {
			use(slots + n, NIE_BLOCK_BITS, BLOCK_AT);
		}
		revoke_steps(pieces[i].slot);
		bytes += count << NIE_BLOCK_BITS;
	}
	return bytes;
}

static void small_frames(u64 untyped, u64 slots)
{
	retype_steps(untyped, NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS, slots, 4u * PAGES, PAGES);
	for (u32 i = 0; i < 4u * PAGES; i++) {
		use(slots + i, NIE_PAGE_BITS, PAGE_AT);
	}
	revoke_steps(untyped);
	retype_steps(untyped, NIE_TYPE_UNTYPED, NIE_PAGE_BITS, slots, PAGES, PAGES);
	revoke_steps(untyped);
}

/* A CNode of the largest size, full of copies; and one shared frame copied as often. */
static void cnodes(u64 untyped, u64 slots)
{
	u64 status = NIE_OK;
	u64 more = 1;

	retype_steps(untyped, NIE_TYPE_CNODE, CNODE_BITS, slots, 1, 1);
	retype_steps(untyped, NIE_TYPE_SHARED_FRAME, NIE_PAGE_BITS, slots + 1u, 1, 1);
	for (u32 i = 0; i < COPIES && status == NIE_OK; i++) {
		status = nie_cap_copy(slots, 1u + i, NIE_OWN_CSPACE, slots + 1u, NIE_RIGHT_READ);
	}
	must(status, "copying into a CNode");
	while (more != 0u) {
		TIMED(&delete_cnode, status, nie_cap_delete(NIE_OWN_CSPACE, slots, &more));
		must(status, "deleting a CNode");
	}
	for (u32 i = 0; i < COPIES && status == NIE_OK; i++) {
		status = nie_cap_copy(NIE_OWN_CSPACE, slots + 2u + i, NIE_OWN_CSPACE, slots + 1u, NIE_RIGHT_READ);
	}
	must(status, "copying");
	revoke_steps(untyped);
}

/* A guest of blocks and pages that held something, killed. */
static void a_guest(u64 untyped)
{
	struct guest g;
	u64 status;
	u64 more = 1;
	u64 block;

	guest_make(&g, PAGES, BLOCKS / 2u, 4, untyped, PROGRAM_SPIN);
	while (more != 0u) {
		TIMED(&kill, status, nie_vspace_kill(g.space, &more));
		must(status, "kill");
	}
	revoke_steps(untyped);

	/* A block with content: if donation measures, this is the longest. */
	u64 space = object_make(untyped, NIE_TYPE_GUEST_VSPACE, NIE_PAGE_BITS + 1u);
	u64 table = object_make(untyped, NIE_TYPE_TABLE, NIE_PAGE_BITS);

	must(nie_map_table(table, space, GUEST_RAM, 2), "map_table");
	block = object_make(untyped, NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS);
	use(block, NIE_BLOCK_BITS, BLOCK_AT);
	must(nie_map(block, NIE_BOOT_SLOT_VSPACE, BLOCK_AT, RIGHTS_RW), "map");
	TIMED(&donate, status, nie_donate(block, space, GUEST_RAM, RIGHTS_RWX));
	must(status, "donate");
	revoke_steps(untyped);
}

/* --- A task that makes and destroys frames is run with deadlines, which must come in time --- */
static struct {
	u64 untyped, slots, rounds;
	u32 done;
} work;

static void make_and_destroy(void *argument)
{
	(void)argument;
	for (u32 round = 0; round < SERVED_ROUNDS; round++) {
		must(nie_retype_all(work.untyped, NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS, work.slots, BLOCKS / 2u, NULL),
		     "retype");
		for (u32 i = 0; i < BLOCKS / 2u; i++) {
			use(work.slots + i, NIE_BLOCK_BITS, BLOCK_AT);
		}
		must(nie_revoke_all(NIE_OWN_CSPACE, work.untyped), "revoke");
		work.rounds++;
	}
	__atomic_store_n(&work.done, 1u, __ATOMIC_RELEASE);
}

static void deadlines(u64 untyped, u64 slots)
{
	static u8 stack[0x4000] __attribute__((aligned(16)));
	static struct nie_thread thread = {make_and_destroy, NULL};
	u64 vcpu = object_make(largest_piece(), NIE_TYPE_VCPU, NIE_PAGE_BITS);
	u64 late = 0;
	u64 turns = 0;

	work.untyped = untyped;
	work.slots = slots;
	must(nie_vcpu_configure(vcpu, NIE_BOOT_SLOT_VSPACE, 7, NIE_BOOT_SLOT_CSPACE, (u64)(uintptr_t)nie_thread_entry,
				(u64)(uintptr_t)&thread, (u64)(uintptr_t)(stack + sizeof(stack))), "vcpu_configure");
	while (__atomic_load_n(&work.done, __ATOMIC_ACQUIRE) == 0u) {
		u64 deadline = clock_read() + nie_frequency() / 1000000u * TURN_MICROSECONDS;
		struct nie_run_results r = {0};
		u64 now;

		must(nie_run(vcpu, deadline, 0, 0, 0, 0, 0, &r), "run");
		now = clock_read();
		if (r.exit % 256u != NIE_EXIT_DEADLINE) {
			break;
		}
		turns++;
		late = now - deadline > late ? now - deadline : late;
	}
	REPORT("deadlines", turns, late, work.rounds);
	must(nie_delete_all(NIE_OWN_CSPACE, vcpu), "delete");
}

static void report_op(const char *name, const struct op *op)
{
	report(name, 2u, (u64[]){op->calls, op->most});
}

void bounded(void)
{
	u64 slots = slots_take(SLOTS);
	u64 untyped = largest_piece();
	u64 bytes = all_memory(slots);

	small_frames(untyped, slots);
	cnodes(untyped, slots);
	a_guest(untyped);
	REPORT("bytes", bytes);
	report_op("longest-retype", &retype);
	report_op("longest-revoke", &revoke);
	report_op("longest-delete-cnode", &delete_cnode);
	report_op("longest-kill", &kill);
	report_op("longest-map", &map);
	report_op("longest-donate", &donate);
	deadlines(object_make(untyped, NIE_TYPE_UNTYPED, 28u), slots);
	must(nie_revoke_all(NIE_OWN_CSPACE, untyped), "revoke");
	REPORT("bounded-missing", memory_missing());
}

/* --- The same, with all cores: others are kicked, and wake in time, while it goes on --- */
static struct {
	u32 stop;
	u64 wakes, kicks, unanswered; /* kicks that nobody answered for 10 ms */
} served;

static void wake_often(void *argument)
{
	(void)argument;
	while (__atomic_load_n(&served.stop, __ATOMIC_RELAXED) == 0u) {
		u64 why = 0;

		must(nie_wait(clock_read() + nie_frequency() / 2000u, &why), "wait");
		__atomic_fetch_add(&served.wakes, why == NIE_EXIT_DEADLINE ? 1u : 0u, __ATOMIC_RELAXED);
	}
}

static void wait_for_kicks(void *argument)
{
	(void)argument;
	while (__atomic_load_n(&served.stop, __ATOMIC_RELAXED) == 0u) {
		u64 why = 0;

		must(nie_wait(NIE_NEVER, &why), "wait");
		__atomic_fetch_add(&served.kicks, why == NIE_EXIT_KICK ? 1u : 0u, __ATOMIC_RELAXED);
	}
}

static void kick_often(void *argument)
{
	u64 seen = 0;

	(void)argument;
	while (__atomic_load_n(&served.stop, __ATOMIC_RELAXED) == 0u) {
		u64 again = clock_read() + nie_frequency() / 100u;

		core_kick(3);
		while (__atomic_load_n(&served.kicks, __ATOMIC_RELAXED) == seen && clock_read() < again &&
		       __atomic_load_n(&served.stop, __ATOMIC_RELAXED) == 0u) {
			__asm__ volatile("yield");
		}
		served.unanswered += __atomic_load_n(&served.kicks, __ATOMIC_RELAXED) == seen ? 1u : 0u;
		seen = __atomic_load_n(&served.kicks, __ATOMIC_RELAXED);
	}
}

void between(void)
{
	u64 slots = slots_take(SLOTS);
	u64 start;
	u64 bytes;
	u64 rounds = 0;

	if (cores < 4u) {
		return;
	}
	core_begin(1, wake_often, NULL);
	core_begin(3, wait_for_kicks, NULL);
	core_begin(2, kick_often, NULL);
	start = clock_read();
	/* The kernel's lock is not fair: on a host with fewer cores this may take more than one round. */
	do {
		core_kick(2); /* never waits, once it has begun */
		bytes = all_memory(slots);
		rounds++;
	} while (rounds < SERVED_ROUNDS_MOST && (__atomic_load_n(&served.wakes, __ATOMIC_RELAXED) < SERVED_LEAST ||
						 __atomic_load_n(&served.kicks, __ATOMIC_RELAXED) < SERVED_LEAST));
	start = clock_read() - start;
	__atomic_store_n(&served.stop, 1u, __ATOMIC_RELAXED);
	core_join(2);
	core_kick(3);
	core_join(3);
	core_join(1);
	REPORT("between", bytes, retype.calls + revoke.calls, served.wakes, served.kicks,
	       served.unanswered, rounds,
	       start / (nie_frequency() / 1000u));
	REPORT("between-missing", memory_missing());
}
