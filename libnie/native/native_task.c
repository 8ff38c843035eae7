/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "native_task.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../kernel/core/authority/authority.h"
#include "invariants.h"
#include "native.h"
#include "native_step.h"
#include "nie/cap.h"
#include "nie/granule.h"
#include "nie/irq.h"
#include "nie/run.h"
#include "nie/stubs.h"
#include "nie/table.h"
#include "nie/view.h"

#define OWN_FIRST 512u /* granules */
#define CSPACE_BITS 17u
#define CSPACE_GRANULES 32u
#define MEMORY_FIRST 1024u
#define GUEST_FIRST 8192u
#define GUEST_BITS 25u
#define WINDOWS 64u
#define IRQ_INTID 33u

/* A frame that the task has mapped, as memory of the process. */
struct window {
	granule_t frame;
	u64 ipa, size; /* 0: unused */
};

static granule_t own_cnode, own_vspace, own_vcpu;
static struct window window[WINDOWS];
static jmp_buf machine_is_off;

static slot_t own(u64 index)
{
	return cnode_slot(own_cnode, index);
}

static void close_window(struct window *w)
{
	munmap((void *)w->ipa, w->size);
	w->size = 0;
}

static void place_objects(void)
{
	own_cnode = OWN_FIRST;
	own_vspace = OWN_FIRST + CSPACE_GRANULES;
	own_vcpu = own_vspace + 2u;
	cnode_create(own_cnode, CSPACE_BITS);
	vspace_make(own_vspace, false);
	vcpu_make(own_vcpu);
	cap_place_root(own(NIE_NATIVE_CSPACE), NIE_TYPE_CNODE, NIE_RIGHTS_ALL, CSPACE_BITS, own_cnode);
	cap_place_root(own(NIE_NATIVE_VSPACE), NIE_TYPE_TASK_VSPACE, NIE_RIGHTS_ALL, 13, own_vspace);
	cap_place_root(own(NIE_NATIVE_VCPU), NIE_TYPE_VCPU, NIE_RIGHTS_ALL, 12, own_vcpu);
	cap_place_root(own(NIE_NATIVE_CORE), NIE_TYPE_CORE, NIE_RIGHTS_ALL, 0, 0);
	cap_place_root(own(NIE_NATIVE_IRQ), NIE_TYPE_IRQ, NIE_RIGHTS_ALL, 0, IRQ_INTID);
	cap_place_root(own(NIE_NATIVE_MEMORY), NIE_TYPE_UNTYPED, NIE_RIGHTS_ALL, 21, MEMORY_FIRST);
	cap_place_root(own(NIE_NATIVE_GUEST), NIE_TYPE_UNTYPED, NIE_RIGHTS_ALL, GUEST_BITS, GUEST_FIRST);
}

static void give_vmids_back(void)
{
	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		if (granule_state[g] == GRANULE_VCPU) {
			vcpu_at(g)->core = CORE_NONE;
		}
	}
	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		while (granule_state[g] == GRANULE_VSPACE) {
			u32 budget = NIE_STEP_GRANULES;

			native_forget_log();
			(void)vspace_destroy(g, &budget);
		}
	}
}

void nie_native_start(void)
{
	const struct doomed none = {GRANULE_NONE, GRANULE_NONE, GRANULE_NONE, 0};

	for (u32 i = 0; i < WINDOWS; i++) {
		if (window[i].size != 0u) {
			close_window(&window[i]);
		}
	}
	give_vmids_back();
	native_reset();
	memset(granule_state, 0, sizeof(granule_state));
	memset(granule_owner, 0, sizeof(granule_owner));
	memset(granule_place, 0, sizeof(granule_place));
	memset(granule_state, GRANULE_KERNEL, OWN_FIRST);
	doomed = none;
	for (u32 i = 0; i < NIE_MAX_CORES; i++) {
		cores[i] = (struct core){.current = GRANULE_NONE, .online = i == 0u};
	}
	place_objects();
	if (vcpu_configure(own_vcpu, own_vspace, 0, own_cnode, 0x1000, 0, 0x2000) != NIE_OK) {
		abort();
	}
	vcpu_at(own_vcpu)->core = 0;
	cores[0].current = own_vcpu;
	steps_forget();
}

/* What the process wrote becomes what is in the frame, before the kernel looks at it or gives it away. */
static void write_back(void)
{
	for (u32 i = 0; i < WINDOWS; i++) {
		if (window[i].size != 0u) {
			native_ram_write((u64)window[i].frame * GRANULE_SIZE, (const void *)window[i].ipa, window[i].size);
		}
	}
}

static bool still_mapped(const struct window *w)
{
	u64 entry = table_lookup(own_vspace + 1u, w->ipa);

	return entry_is_valid(entry) && entry_target(entry) == granule_address(w->frame);
}

static void open_window(granule_t frame, u64 ipa, u64 size)
{
	u32 free = 0;

	while (free < WINDOWS && window[free].size != 0u) {
		free++;
	}
	if (free == WINDOWS || mmap((void *)ipa, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
				    -1, 0) != (void *)ipa) {
		fprintf(stderr, "native: the process has no room at 0x%lx: map from NIE_NATIVE_WINDOW on\n", (unsigned long)ipa);
		abort();
	}
	window[free] = (struct window){frame, ipa, size};
	native_ram_read((u64)frame * GRANULE_SIZE, (void *)ipa, size);
}

static void follow_mappings(u64 call, const u64 x[8])
{
	for (u32 i = 0; i < WINDOWS; i++) {
		if (window[i].size != 0u && !still_mapped(&window[i])) {
			close_window(&window[i]);
		}
	}
	if (call == NIE_CALL_MAP && vcpu_at(own_vcpu)->x[0] == NIE_OK && slot_at(own(x[1]))->object == own_vspace) {
		const struct slot *frame = slot_at(own(x[0]));

		open_window(frame->object, x[2], 1ul << frame->size_bits);
	}
}

/* Everybody on the core waits: time passes until somebody is due. */
static void let_time_pass(u64 until)
{
	if (until == NIE_NEVER) {
		fprintf(stderr, "native: the task waits, and nothing will wake it\n");
		abort();
	}
	native.now = until > native.now ? until : native.now;
	trap_interrupt(0, INTID_DEADLINE);
}

void nie_hypercall(uint64_t call, uint64_t x[8])
{
	struct vcpu *v = vcpu_at(own_vcpu);
	u64 given[8];

	memcpy(given, x, sizeof(given));
	if (call != NIE_CALL_CAP_INFO && call != NIE_CALL_RUN && call != NIE_CALL_RETYPE) {
		write_back();
	}
	native_forget_log();
	memcpy(v->x, x, 8 * sizeof(u64));
	v->x[8] = call;
	hypercall(0, own_vcpu);
	if (native_count(NATIVE_POWER_OFF) != 0u) {
		longjmp(machine_is_off, 1);
	}
	while (cores[0].current != own_vcpu || cores[0].waiting != 0u) {
		native_forget_log();
		if (cores[0].waiting != 0u) {
			let_time_pass(cores[0].wait_deadline);
		} else {
			step_of_guest(cores[0].current);
		}
	}
	follow_mappings(call, given);
	memcpy(x, v->x, 8 * sizeof(u64));
}

bool nie_native_run(int (*task)(const u64 boot[6]), const u64 boot[6])
{
	if (setjmp(machine_is_off) == 0) {
		task(boot);
		return false;
	}
	return true;
}

u64 nie_now(void)
{
	return native.now;
}

void nie_pause(void)
{
	native.now++;
}

u64 nie_frequency(void)
{
	return NIE_NATIVE_FREQUENCY;
}

const char *nie_native_problem(void)
{
	const char *problem = invariant_tree();

	problem = problem == NULL ? invariant_ownership(false) : problem;
	return problem == NULL ? invariant_running() : problem;
}
