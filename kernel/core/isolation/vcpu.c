/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/vcpu.h"

#include "nie/granule.h"
#include "nie/hw.h"
#include "nie/measure.h"
#include "nie/run.h"
#include "nie/view.h"

/* SPSR_EL2: EL1h with D, A, I and F masked; EL0t with nothing masked (Arm ARM C5.2.19). */
#define PSTATE_GUEST 0x3c5ul
#define PSTATE_TASK 0x0ul
/* SCTLR_EL1 with its RES1 bits: MMU and caches off, little-endian (Arm ARM D24.2.118). */
#define SCTLR_RESET 0x30d00800ul

void vcpu_make(granule_t g)
{
	granule_claim(g, 1, GRANULE_VCPU, GRANULE_NONE, 0);
	hw_object_map(g, 1);

	struct vcpu *v = vcpu_at(g);

	v->power = VCPU_UNCONFIGURED;
	v->vspace = GRANULE_NONE;
	v->cspace = GRANULE_NONE;
	v->core = CORE_NONE;
	v->runner = GRANULE_NONE;
	v->chain = 1;
	v->deadline = NIE_NEVER;
	v->awaits = AWAITS_NOTHING;
}

void vcpu_reset(granule_t vcpu, u64 entry, u64 argument, u64 stack)
{
	struct vcpu *v = vcpu_at(vcpu);
	static const struct el1_state el1_zero;
	static const struct vgic_state vgic_zero;
	static const struct fp_state fp_zero;

	for (u32 i = 0; i < 31u; i++) {
		v->x[i] = 0;
	}
	v->el1 = el1_zero;
	v->vgic = vgic_zero;
	v->fp = fp_zero;
	hw_vcpu_forget(vcpu);
	v->el1.sctlr_el1 = SCTLR_RESET;
	v->el1.sp_el0 = stack;
	v->x[0] = argument;
	v->pc = entry;
	v->pstate = v->guest != 0u ? PSTATE_GUEST : PSTATE_TASK;
}

static void join(granule_t vcpu, granule_t vspace, u64 index, granule_t cspace)
{
	struct vcpu *v = vcpu_at(vcpu);
	struct vspace *s = vspace_at(vspace);

	s->vcpu[index] = vcpu;
	v->vspace = vspace;
	v->index = (u32)index;
	v->guest = s->guest;
	v->cspace = cspace;
	v->cspace_serial = cspace == GRANULE_NONE ? 0u : cnode_serial(cspace);
	v->power = s->guest != 0u && index != 0u ? VCPU_OFF : VCPU_ON;
}

status_t vcpu_configure(granule_t vcpu, granule_t vspace, u64 index, granule_t cspace, u64 entry, u64 argument,
			u64 stack)
{
	granule_must_be(vcpu, GRANULE_VCPU);
	granule_must_be(vspace, GRANULE_VSPACE);
	const struct vspace *s = vspace_at(vspace);

	if (vcpu_at(vcpu)->power != VCPU_UNCONFIGURED) {
		return NIE_VCPU_CONFIGURE_WRONG_STATE_VCPU;
	}
	if (s->life != VSPACE_BUILDING) {
		return NIE_VCPU_CONFIGURE_WRONG_STATE_VSPACE;
	}
	if (s->vcpu[index] != GRANULE_NONE) {
		return NIE_VCPU_CONFIGURE_EXHAUSTED_INDEX;
	}
	if (entry % 4u != 0u) {
		return NIE_VCPU_CONFIGURE_BAD_VALUE_ENTRY;
	}
	if (s->guest != 0u ? stack != 0u : stack % 16u != 0u) {
		return NIE_VCPU_CONFIGURE_BAD_VALUE_STACK;
	}
	join(vcpu, vspace, index, cspace);
	if (s->guest != 0u) {
		measure_event(vspace, MEASURED_VCPU, index, entry, argument);
	}
	vcpu_reset(vcpu, entry, argument, stack);
	return NIE_OK;
}

void vcpu_kick(granule_t vcpu)
{
	granule_must_be(vcpu, GRANULE_VCPU);
	struct vcpu *v = vcpu_at(vcpu);

	v->kicked = 1;
	if (v->core != CORE_NONE) {
		hw_kick(v->core);
	}
}

static void leave_vspace(granule_t g)
{
	struct vcpu *v = vcpu_at(g);

	if (v->vspace != GRANULE_NONE) {
		vspace_at(v->vspace)->vcpu[v->index] = GRANULE_NONE;
		v->vspace = GRANULE_NONE;
	}
}

bool vcpu_destroy(granule_t g, u32 *budget)
{
	granule_must_be(g, GRANULE_VCPU);
	struct vcpu *v = vcpu_at(g);

	if (v->core != CORE_NONE) {
		v->exiting = 1;
		hw_kick(v->core);
		return false;
	}
	if (*budget == 0u) {
		return false;
	}
	*budget -= 1u;
	leave_vspace(g);
	hw_vcpu_forget(g);
	granule_release(g, 1);
	return true;
}
