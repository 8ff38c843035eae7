/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's steps, as the traps that its instructions would be. */
#include "native_step.h"

#include <string.h>

#include "native.h"
#include "native_task.h"
#include "nie/granule.h"
#include "nie/run.h"
#include "nie/table.h"
#include "nie/view.h"

/* ESR_EL2 (Arm ARM D24.2.40): class, IL, syndrome. */
#define ESR(class, iss) ((u64)(class) << 26 | 1ul << 25 | (u64)(iss))
#define WFX 0x01u
#define HVC 0x16u
#define SYSREG 0x18u
#define DATA_ABORT 0x24u
#define SYNDROME_VALID (1u << 24)
#define WRITE (1u << 6)
#define TRANSLATION_FAULT 7u
#define PERMISSION_FAULT 0xfu
#define ICC_SGI1R (3u << 20 | 5u << 17 | 12u << 10 | 11u << 1)
#define DATA_REGISTER 9u

/* ICH_LR<n>_EL2 (IHI 0069, 12.4.6). */
#define LR_PENDING (1ul << 62)
#define LR_ACTIVE (1ul << 63)
#define LR_PRIORITY(lr) ((lr) >> 48 & 0xffu)
#define LR_INTID(lr) ((lr) & 0xfffffffful)
#define NO_INTERRUPT 1023u

struct script {
	const struct nie_step *steps;
	u32 count, next;
	int failed;
	u64 seen;
	u64 pc;       /* of the access that trapped */
	bool entered; /* the step has been started and its exit is being handled */
};

static struct script script[NIE_NATIVE_VCPUS];

void steps_forget(void)
{
	memset(script, 0, sizeof(script));
	for (u32 i = 0; i < NIE_NATIVE_VCPUS; i++) {
		script[i].failed = -1;
	}
}

void nie_native_guest(u32 index, const struct nie_step *steps, u32 count)
{
	script[index] = (struct script){.steps = steps, .count = count, .failed = -1};
}

u32 nie_native_steps_done(u32 index)
{
	return script[index].next;
}

int nie_native_failed_step(u32 index)
{
	return script[index].failed;
}

u64 nie_native_seen(u32 index)
{
	return script[index].seen;
}

static void compare(struct script *s, u64 got, u64 wanted)
{
	if (got != wanted && s->failed < 0) {
		s->failed = (int)s->next;
		s->seen = got;
	}
}

static u32 log2_of(u64 size)
{
	return (u32)__builtin_ctzl(size);
}

/* True: the address is memory, and has been accessed. */
static bool access_memory(const struct vcpu *v, const struct nie_step *step, u64 *value)
{
	struct walk w = table_resolve(v->vspace + 1u, step->at);
	u64 offset;

	if (!entry_is_valid(w.entry) || (step->kind == STEP_WRITE && !entry_is_writable(w.entry))) {
		return false;
	}
	offset = entry_target(w.entry) - granule_address(0) + step->at % entry_span(w.level);
	if (step->kind == STEP_WRITE) {
		native_ram_write(offset, value, step->size);
	} else {
		native_ram_read(offset, value, step->size);
	}
	return true;
}

static void data_abort(const struct vcpu *v, const struct nie_step *step)
{
	bool mapped = entry_is_valid(table_resolve(v->vspace + 1u, step->at).entry);
	u32 iss = SYNDROME_VALID | log2_of(step->size) << 22 | DATA_REGISTER << 16 |
		  (step->kind == STEP_WRITE ? WRITE : 0u) | (mapped ? PERMISSION_FAULT : TRANSLATION_FAULT);

	trap_sync(0, ESR(DATA_ABORT, iss), step->at % GRANULE_SIZE, step->at / GRANULE_SIZE << 4);
}

/* A load or store. One that traps is over when the vCPU runs again with its program counter moved on. */
static bool access(struct script *s, struct vcpu *v, const struct nie_step *step)
{
	u64 mask = step->size >= 8u ? ~0ul : (1ul << step->size * 8u) - 1u;
	u64 value = step->kind == STEP_WRITE ? step->value & mask : 0u;
	u64 pc = v->pc;

	if (!access_memory(v, step, &value)) {
		if (!s->entered) {
			v->x[DATA_REGISTER] = step->value;
			s->entered = true;
			s->pc = pc;
			data_abort(v, step);
			return false; /* looked at again when it is resumed */
		}
		if (pc == s->pc) { /* the same instruction again: memory came */
			s->entered = false;
			return false;
		}
		value = v->x[DATA_REGISTER];
	}
	s->entered = false;
	if (step->kind == STEP_READ && step->mask != 0u) {
		compare(s, value & mask & step->mask, step->value & step->mask);
	}
	return true;
}

static u64 take_interrupt(struct vcpu *v)
{
	u64 *best = NULL;

	for (u32 i = 1; i < LIST_REGISTERS; i++) {
		u64 *lr = &v->vgic.list[i];

		if ((*lr & LR_PENDING) != 0u && (*lr & LR_ACTIVE) == 0u &&
		    (best == NULL || LR_PRIORITY(*lr) < LR_PRIORITY(*best))) {
			best = lr;
		}
	}
	if (best == NULL) {
		return NO_INTERRUPT;
	}
	*best = (*best & ~LR_PENDING) | LR_ACTIVE;
	return LR_INTID(*best);
}

static void end_interrupt(struct vcpu *v, u64 intid)
{
	for (u32 i = 1; i < LIST_REGISTERS; i++) {
		if (LR_INTID(v->vgic.list[i]) == intid) {
			v->vgic.list[i] &= ~LR_ACTIVE;
		}
	}
}

static void spin(const struct vcpu *v)
{
	native.now = v->deadline != NIE_NEVER && v->deadline > native.now ? v->deadline : native.now + NIE_NATIVE_FREQUENCY;
	trap_interrupt(0, INTID_DEADLINE);
}

static void call(struct vcpu *v, const struct nie_step *step)
{
	v->x[0] = step->at;
	v->x[1] = step->value;
	v->x[2] = step->mask;
	v->x[3] = 0;
	trap_sync(0, ESR(HVC, 0), 0, 0);
}

void step_of_guest(granule_t vcpu)
{
	struct vcpu *v = vcpu_at(vcpu);
	struct script *s = &script[v->index % NIE_NATIVE_VCPUS];
	const struct nie_step *step = s->next < s->count ? &s->steps[s->next] : NULL;

	native.interrupt_pending = false;
	for (u32 i = 1; i < LIST_REGISTERS; i++) {
		native.interrupt_pending = native.interrupt_pending || (v->vgic.list[i] & LR_PENDING) != 0u;
	}
	if (step == NULL || step->kind == STEP_END) {
		spin(v);
		return;
	}
	if (step->kind == STEP_READ || step->kind == STEP_WRITE) {
		s->next += access(s, v, step) ? 1u : 0u;
		return;
	}
	if (step->kind == STEP_CALL && s->entered) { /* an exit came of it; now it is back */
		s->entered = false;
		if (step->check) {
			compare(s, v->x[0], step->result);
		}
		s->next++;
		return;
	}
	switch (step->kind) {
	case STEP_WFI:
		s->next++;
		trap_sync(0, ESR(WFX, 0), 0, 0);
		break;
	case STEP_SGI:
		s->next++;
		v->x[DATA_REGISTER] = step->value;
		trap_sync(0, ESR(SYSREG, ICC_SGI1R | DATA_REGISTER << 5), 0, 0);
		break;
	case STEP_CALL:
		s->entered = true;
		call(v, step);
		break;
	case STEP_COMPUTE:
		s->next++;
		native.now += step->value;
		trap_interrupt(0, INTID_DEADLINE);
		break;
	case STEP_TAKE:
		compare(s, take_interrupt(v), step->value);
		s->next++;
		break;
	default:
		end_interrupt(v, step->value);
		s->next++;
		break;
	}
}
