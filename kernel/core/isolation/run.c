/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/run.h"

#include "nie/granule.h"
#include "nie/hw.h"
#include "nie/view.h"

struct core cores[NIE_MAX_CORES];

/* ICH_LR<n>_EL2 (GICv3 12.4.6): what a VMM may set. */
#define LIST_INTID_LIMIT 0x100000000ul
#define LIST_ALLOWED (0xfffffffful | 1ul << 41 | 0xfful << 48 | 1ul << 60 | 3ul << 62)
#define LIST_STATE_UNIT (1ul << 62)
#define LIST_INTIDS 1020u

#define RUN_FLAGS_KNOWN (NIE_RUN_FLAG_UNDERFLOW | NIE_RUN_FLAG_TIMER_ENABLED | NIE_RUN_FLAG_TIMER_GROUP0 | \
			 NIE_RUN_FLAG_ENDS | 0xff00ul)

static bool list_is_valid(u64 list)
{
	return list / LIST_STATE_UNIT != 0u;
}

static u32 list_intid(u64 list)
{
	return (u32)(list % LIST_INTID_LIMIT);
}

static bool list_is_allowed(u64 list)
{
	return (list & ~LIST_ALLOWED) == 0u && list_intid(list) < LIST_INTIDS &&
	       (!list_is_valid(list) || list_intid(list) != INTID_GUEST_TIMER);
}

static bool list_same(u64 a, u64 b)
{
	return list_is_valid(a) && list_is_valid(b) && list_intid(a) == list_intid(b);
}

/* The list registers among the arguments of a run. */
static status_t lists_check(const u64 args[6])
{
	if ((args[2] | args[3] | args[4]) == 0u) {
		return NIE_OK; /* most runs: there is no interrupt */
	}
	if (!list_is_allowed(args[2])) {
		return NIE_RUN_BAD_VALUE_LIST1;
	}
	if (!list_is_allowed(args[3])) {
		return NIE_RUN_BAD_VALUE_LIST2;
	}
	if (!list_is_allowed(args[4]) || list_same(args[2], args[3]) || list_same(args[2], args[4]) ||
	    list_same(args[3], args[4])) {
		return NIE_RUN_BAD_VALUE_LIST3;
	}
	return NIE_OK;
}

static bool can_run(const struct vcpu *v)
{
	if (v->power != VCPU_ON || v->exiting != 0u || v->vspace == GRANULE_NONE) {
		return false;
	}
	return vspace_at(v->vspace)->life == (v->guest != 0u ? VSPACE_ACTIVE : VSPACE_BUILDING);
}

void deadline_set(u32 core)
{
	granule_t g = cores[core].current;

	if (cores[core].waiting != 0u) {
		hw_deadline(cores[core].wait_deadline);
	} else {
		hw_deadline(g == GRANULE_NONE ? NIE_NEVER : vcpu_at(g)->deadline);
	}
}

static u64 truncate(u64 value, u32 bytes)
{
	return bytes == 8u ? value : value % (1ul << (bytes * 8u));
}

/* The register value of a load of `bytes` that the instruction extends (Arm ARM D24.2.40, SSE). */
static u64 extend(u64 value, u32 bytes, u32 extend_to)
{
	u64 low = truncate(value, bytes);

	if (extend_to == 0u || bytes == 8u || low < 1ul << (bytes * 8u - 1u)) {
		return low;
	}
	return truncate(low - (1ul << (bytes * 8u)), extend_to);
}

static void accept_reply(struct vcpu *v, u64 reply)
{
	if (v->awaits == AWAITS_MMIO_READ && v->awaits_register < 31u) {
		v->x[v->awaits_register] = extend(reply, v->awaits_size, v->awaits_signed);
	}
	v->awaits = AWAITS_NOTHING;
}

static status_t run_check(granule_t current, granule_t vcpu, const u64 args[6])
{
	const struct vcpu *v = vcpu_at(vcpu);

	if (!can_run(v)) {
		return NIE_RUN_WRONG_STATE_VCPU;
	}
	if (v->core != CORE_NONE) {
		return NIE_RUN_BUSY_VCPU;
	}
	if (vcpu_at(current)->chain >= CHAIN_LIMIT) {
		return NIE_RUN_EXHAUSTED_VCPU;
	}
	status_t status = lists_check(args);

	if (status != NIE_OK) {
		return status;
	}
	return (args[5] & ~(u64)RUN_FLAGS_KNOWN) != 0u ? NIE_RUN_BAD_VALUE_FLAGS : NIE_OK;
}

/* The current vCPU lends the core to another. */
static void extend_chain(u32 core, granule_t vcpu)
{
	granule_t current = cores[core].current;
	struct vcpu *v = vcpu_at(vcpu);

	v->core = core;
	v->runner = current;
	v->chain = vcpu_at(current)->chain + 1u;
	cores[core].current = vcpu;
}

status_t vcpu_run(u32 core, granule_t vcpu, const u64 args[6])
{
	granule_must_be(vcpu, GRANULE_VCPU);
	granule_t current = cores[core].current;
	const struct vcpu *runner = vcpu_at(current);
	struct vcpu *v = vcpu_at(vcpu);
	status_t status = run_check(current, vcpu, args);

	if (status != NIE_OK) {
		return status;
	}
	accept_reply(v, args[1]);
	for (u32 i = 1; i < LIST_REGISTERS; i++) {
		v->vgic.list[i] = args[i + 1u];
	}
	v->run_flags = args[5];
	extend_chain(core, vcpu);
	u64 deadline = args[0] < runner->deadline ? args[0] : runner->deadline;

	v->deadline = deadline;
	hw_vcpu_switch(current, vcpu);
	hw_deadline(deadline);
	/* Of vCPUs that were on this core already, an interrupt tells. */
	if (v->kicked != 0u || runner->kicked != 0u || cores[core].interrupt != 0u ||
	    (deadline != NIE_NEVER && deadline <= hw_now())) {
		chain_check(core);
	}
	return NIE_OK;
}

/* The core's last vCPU leaves it. */
static granule_t leave_core(u32 core)
{
	struct vcpu *v = vcpu_at(cores[core].current);
	granule_t runner = v->runner;

	v->core = CORE_NONE;
	v->runner = GRANULE_NONE;
	cores[core].current = runner;
	return runner;
}

void exit_to_runner(u32 core, u64 reason, u64 detail1, u64 detail2, u64 detail3)
{
	granule_t g = cores[core].current;
	const struct vcpu *v = vcpu_at(g);
	granule_t runner = leave_core(core);

	if (runner == GRANULE_NONE) {
		hw_vcpu_switch(g, GRANULE_NONE);
		hw_deadline(NIE_NEVER);
		return;
	}
	struct vcpu *r = vcpu_at(runner);

	r->x[0] = NIE_OK;
	r->x[1] = reason;
	r->x[2] = detail1;
	r->x[3] = detail2;
	r->x[4] = detail3;
	hw_vcpu_switch(g, runner); /* only now are its list registers known */
	r->x[1] |= v->vgic.list[0] / LIST_STATE_UNIT * 0x100u | v->vgic.ends * 0x10000u;
	for (u32 i = 1; i < LIST_REGISTERS; i++) {
		r->x[4u + i] = v->vgic.list[i];
	}
	hw_deadline(r->deadline);
}

/* Why the run of the chain's vCPU `g` must end; 0 if it need not. `above_base`: its runner is the
 * task that the core was started with, which hears of interrupts and of its own kicks by it. */
static u64 reason_to_stop(u32 core, granule_t g)
{
	const struct vcpu *v = vcpu_at(g);
	const struct vcpu *runner = vcpu_at(v->runner);
	bool above_base = runner->runner == GRANULE_NONE;

	if (v->exiting != 0u || v->kicked != 0u || (above_base && runner->kicked != 0u)) {
		return NIE_EXIT_KICK;
	}
	if (above_base && cores[core].interrupt != 0u) {
		return NIE_EXIT_INTERRUPT;
	}
	return v->deadline != NIE_NEVER && v->deadline <= hw_now() ? NIE_EXIT_DEADLINE : 0u;
}

static void finish_wait(u32 core, u64 reason)
{
	cores[core].waiting = 0;
	vcpu_at(cores[core].current)->x[0] = NIE_OK;
	vcpu_at(cores[core].current)->x[1] = reason;
	deadline_set(core);
}

static void check_wait(u32 core)
{
	struct vcpu *v = vcpu_at(cores[core].current);

	if (v->kicked != 0u) {
		v->kicked = 0;
		finish_wait(core, NIE_EXIT_KICK);
	} else if (cores[core].interrupt != 0u) {
		cores[core].interrupt = 0;
		finish_wait(core, NIE_EXIT_INTERRUPT);
	} else if (cores[core].wait_deadline <= hw_now() && cores[core].wait_deadline != NIE_NEVER) {
		finish_wait(core, NIE_EXIT_DEADLINE);
	}
}

/* What the end of the run of `g` tells of is not told again. */
static void acknowledge(u32 core, granule_t g, u64 reason, bool last)
{
	struct vcpu *v = vcpu_at(g);
	struct vcpu *runner = vcpu_at(v->runner);

	if (reason == NIE_EXIT_KICK && runner->runner == GRANULE_NONE) {
		runner->kicked = 0;
	}
	if (reason == NIE_EXIT_INTERRUPT && last) {
		cores[core].interrupt = 0;
	}
	v->kicked = 0;
}

/* End the runs of the last `count` vCPUs of the chain. */
static void unwind(u32 core, u32 count, u64 reason)
{
	for (u32 left = count; left > 0u; left--) {
		acknowledge(core, cores[core].current, reason, left == 1u);
		exit_to_runner(core, left == 1u ? reason : (u64)NIE_EXIT_INTERRUPT, 0, 0, 0);
	}
}

/* The core's task leaves it: the core is without a task. */
static void drop_task(u32 core)
{
	cores[core].waiting = 0;
	exit_to_runner(core, NIE_EXIT_KICK, 0, 0, 0); /* it has none */
}

void chain_check(u32 core)
{
	granule_t g = cores[core].current;
	u32 above = 0; /* how many vCPUs are above `g` */
	u32 ends = 0;  /* of how many the runs must end */
	u64 reason = 0;

	if (g == GRANULE_NONE) {
		return;
	}
	if (cores[core].starting != 0u) {
		cores[core].starting = 0;
		hw_vcpu_load(g);
	}
	for (; above < CHAIN_LIMIT && vcpu_at(g)->runner != GRANULE_NONE; above++) {
		u64 r = reason_to_stop(core, g);

		if (r != 0u) {
			ends = above + 1u;
			reason = r;
		}
		g = vcpu_at(g)->runner;
	}
	bool exiting = vcpu_at(g)->exiting != 0u;

	if (exiting) {
		ends = above;
		reason = NIE_EXIT_KICK;
	}
	unwind(core, ends, reason);
	if (exiting) {
		drop_task(core);
	} else if (cores[core].waiting != 0u) {
		check_wait(core);
	}
}

status_t vcpu_wait(u32 core, u64 deadline)
{
	struct vcpu *v = vcpu_at(cores[core].current);

	if (v->runner != GRANULE_NONE) {
		/* Only the core's own task sleeps here; another one lets its runner decide. */
		v->x[0] = NIE_OK;
		v->x[1] = NIE_EXIT_KICK;
		exit_to_runner(core, NIE_EXIT_WFI, deadline, 0, 0);
		return NIE_OK;
	}
	cores[core].waiting = 1;
	cores[core].wait_deadline = deadline;
	deadline_set(core);
	check_wait(core);
	return NIE_OK;
}

status_t core_start(u32 core, u32 target, granule_t vcpu)
{
	granule_must_be(vcpu, GRANULE_VCPU);
	struct vcpu *v = vcpu_at(vcpu);
	granule_t old = cores[core].current;

	if (v->guest != 0u || !can_run(v)) {
		return NIE_CORE_START_WRONG_STATE_VCPU;
	}
	if (v->core != CORE_NONE) {
		return NIE_CORE_START_BUSY_VCPU;
	}
	if (target == core ? vcpu_at(old)->runner != GRANULE_NONE : cores[target].current != GRANULE_NONE) {
		return NIE_CORE_START_BUSY_CORE;
	}
	v->core = target;
	v->chain = 1;
	v->deadline = NIE_NEVER;
	cores[target].current = vcpu;
	if (target == core) {
		vcpu_at(old)->core = CORE_NONE;
		hw_vcpu_switch(old, vcpu);
	} else {
		cores[target].starting = 1;
		hw_kick(target);
	}
	return NIE_OK;
}
