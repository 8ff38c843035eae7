/* SPDX-License-Identifier: Apache-2.0 */
/* Running guests: the least that a VMM can be. */
#include "bench.h"
#include "guests.h"

#include "nie/loops.h"
#include "nie/stubs.h"

#define FLOAT_ROUNDS 256u
#define TIMER_FLAGS (NIE_RUN_FLAG_TIMER_ENABLED | 0xa0ul << 8)
/* ICH_LR<n>_EL2: pending, group 1, priority 0xa0, SGI 0. */
#define PENDING_SGI (1ul << 62 | 1ul << 60 | 0xa0ul << 48)

extern const u64 guest_code[], guest_code_end[];

static struct samples results[RESULT_COUNT];

static void copy_code(u64 frame)
{
	u64 *to = (u64 *)BLOCK_AT;

	must(nie_map(frame, NIE_BOOT_SLOT_VSPACE, BLOCK_AT, READ_WRITE), "map the guest's memory");
	for (const u64 *from = guest_code; from < guest_code_end; from++) {
		*to++ = *from;
	}
}

void guest_make(struct guest *g, u64 program)
{
	g->untyped = untyped_take(NIE_BLOCK_BITS + 1u);
	u64 frame = object_make(g->untyped, NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS);

	g->space = object_make(g->untyped, NIE_TYPE_GUEST_VSPACE, NIE_PAGE_BITS + 1u);
	u64 level2 = object_make(g->untyped, NIE_TYPE_TABLE, NIE_PAGE_BITS);

	must(nie_map_table(level2, g->space, GUEST_RAM, 2), "map_table");
	copy_code(frame);
	must(nie_donate(frame, g->space, GUEST_RAM, READ_WRITE_EXECUTE), "donate");
	for (u32 i = 0; i < 2u; i++) {
		g->vcpu[i] = object_make(g->untyped, NIE_TYPE_VCPU, NIE_PAGE_BITS);
		must(nie_vcpu_configure(g->vcpu[i], g->space, i, 0, GUEST_RAM, program, 0), "vcpu_configure");
	}
	must(nie_vspace_activate(g->space, 0), "activate");
}

void guest_end(const struct guest *g)
{
	must(nie_revoke_all(NIE_OWN_CSPACE, g->untyped), "revoke");
}

static void unexpected(const struct nie_run_results *r)
{
	failed(r->exit % 256u == NIE_EXIT_CRASH ? "a guest crashed" : "a guest's exit was not expected");
}

/* A device access handled, a wait ended, an inter-processor interrupt passed on, until it is off. */
static void guest_run(const struct guest *g)
{
	struct nie_run_results r = {0};
	u64 lists[2][3] = {{0}};
	u32 now = 0;

	for (;;) {
		u64 *list = lists[now];

		must(nie_run(g->vcpu[now], NIE_NEVER, 0, list[0], list[1], list[2], TIMER_FLAGS, &r), "run");
		list[0] = r.list1;
		list[1] = r.list2;
		list[2] = r.list3;
		switch (r.exit % 256u) {
		case NIE_EXIT_MMIO:
			if (r.detail1 < RESULTS + RESULT_COUNT * 8u) {
				sample(&results[(r.detail1 - RESULTS) / 8u], r.detail2 + clock_cost);
			}
			break;
		case NIE_EXIT_WFI:
			now = 0; /* the target of an interrupt gives way to its sender */
			break;
		case NIE_EXIT_SGI:
			now = 1;
			lists[now][0] = PENDING_SGI;
			break;
		case NIE_EXIT_CPU_ON:
			now = 1;
			break;
		case NIE_EXIT_SYSTEM_OFF:
			return;
		default:
			unexpected(&r);
		}
	}
}

/* Two guests that use floating point take turns. */
static void measure_switch(void)
{
	struct guest a, b;
	struct nie_run_results r = {0};
	struct samples turns = {0};

	guest_make(&a, PROGRAM_FLOAT);
	guest_make(&b, PROGRAM_FLOAT);
	for (u32 i = 0; i < FLOAT_ROUNDS; i++) {
		u64 status = NIE_OK;

		TIMED(turns, {
			status |= nie_run(a.vcpu[0], NIE_NEVER, 0, 0, 0, 0, 0, &r);
			status |= nie_run(b.vcpu[0], NIE_NEVER, 0, 0, 0, 0, 0, &r);
		});
		must(status, "run");
	}
	if (r.exit % 256u != NIE_EXIT_WFI) {
		unexpected(&r);
	}
	guest_end(&a);
	guest_end(&b);
	report("two-switches", &turns);
}

void measure_guests(void)
{
	static const char *const names[RESULT_COUNT] = {
		"guest-nothing", "guest-hvc", "guest-mmio-write", "guest-mmio-read", "guest-wfi", "guest-id-register",
		"guest-quiet-loop", "guest-timer-loop", "guest-timer-latency", "guest-ipi",
	};
	struct guest g;

	guest_make(&g, PROGRAM_MEASURE);
	guest_run(&g);
	guest_end(&g);
	guest_make(&g, PROGRAM_IPI);
	guest_run(&g);
	guest_end(&g);
	for (u32 i = 0; i < RESULT_COUNT; i++) {
		report(names[i], &results[i]);
	}
	measure_switch();
}
