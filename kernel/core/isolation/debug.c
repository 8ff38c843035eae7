/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers and the memory of a guest that agreed to be debugged: its policy says so, which was fixed and
 * measured by activation, and which it sees itself. Of any other guest nothing is reachable here.
 */
#include "nie/vcpu.h"

#include "nie/granule.h"
#include "nie/hw.h"
#include "nie/table.h"
#include "nie/view.h"

#define GENERAL_REGISTERS 31u
#define WORD 8u

/* Where a register is kept while its vCPU is on no core; NULL: there is no such register. */
static u64 *register_of(struct vcpu *v, u64 number)
{
	if (number < GENERAL_REGISTERS) {
		return &v->x[number];
	}
	switch (number) {
	case NIE_DEBUG_PC: return &v->pc;
	case NIE_DEBUG_PSTATE: return &v->pstate;
	case NIE_DEBUG_SP_EL0: return &v->el1.sp_el0;
	case NIE_DEBUG_SP_EL1: return &v->el1.sp_el1;
	case NIE_DEBUG_ELR_EL1: return &v->el1.elr_el1;
	case NIE_DEBUG_SPSR_EL1: return &v->el1.spsr_el1;
	case NIE_DEBUG_ESR_EL1: return &v->el1.esr_el1;
	case NIE_DEBUG_FAR_EL1: return &v->el1.far_el1;
	case NIE_DEBUG_VBAR_EL1: return &v->el1.vbar_el1;
	case NIE_DEBUG_SCTLR_EL1: return &v->el1.sctlr_el1;
	case NIE_DEBUG_TCR_EL1: return &v->el1.tcr_el1;
	case NIE_DEBUG_TTBR0_EL1: return &v->el1.ttbr0_el1;
	case NIE_DEBUG_TTBR1_EL1: return &v->el1.ttbr1_el1;
	default: return NULL;
	}
}

static status_t debug_register(granule_t vcpu, u64 number, bool write, u64 value, u64 *old)
{
	u64 *where = register_of(vcpu_at(vcpu), number);

	/* PSTATE says at which exception level it goes on: that is no register of the guest's. */
	if (where == NULL || (write && number == NIE_DEBUG_PSTATE)) {
		return NIE_VCPU_DEBUG_BAD_VALUE_AT;
	}
	*old = *where;
	if (write) {
		*where = value;
		hw_vcpu_forget(vcpu);
	}
	return NIE_OK;
}

static status_t debug_memory(granule_t vspace, u64 ipa, bool write, u64 value, u64 *old)
{
	if (ipa >= NIE_SHARED_HALF) {
		return NIE_VCPU_DEBUG_BAD_VALUE_AT;
	}
	if (ipa % WORD != 0u) {
		return NIE_VCPU_DEBUG_UNALIGNED_AT;
	}
	struct walk w = table_resolve(vspace + 1u, ipa);
	u64 address = entry_target(w.entry) + ipa % entry_span(w.level);

	if (!entry_is_valid(w.entry) || address < RAM_BASE || address - RAM_BASE >= RAM_SIZE) {
		return NIE_VCPU_DEBUG_NOT_MAPPED_AT;
	}
	granule_t page = (granule_t)((address - RAM_BASE) / GRANULE_SIZE);
	u32 word = (u32)(address % GRANULE_SIZE / WORD);

	/* What the guest wrote with its caches off is seen, and what is written it sees, as data and as code. */
	hw_clean(page, 1);
	*old = hw_peek(page, word);
	if (write) {
		hw_poke(page, word, value);
		hw_clean(page, 1);
	}
	return NIE_OK;
}

status_t vcpu_debug(granule_t vcpu, u64 what, u64 at, u64 value, u64 *old)
{
	granule_must_be(vcpu, GRANULE_VCPU);
	const struct vcpu *v = vcpu_at(vcpu);
	bool write = (what & NIE_DEBUG_WRITE) != 0u;

	if (v->vspace == GRANULE_NONE || (vspace_at(v->vspace)->policy & NIE_POLICY_DEBUGGABLE) == 0u) {
		return NIE_VCPU_DEBUG_WRONG_STATE_VCPU;
	}
	if (v->core != CORE_NONE) {
		return NIE_VCPU_DEBUG_BUSY_VCPU;
	}
	if ((what & ~(u64)(NIE_DEBUG_MEMORY | NIE_DEBUG_WRITE)) != 0u) {
		return NIE_VCPU_DEBUG_BAD_VALUE_WHAT;
	}
	return (what & NIE_DEBUG_MEMORY) != 0u ? debug_memory(v->vspace, at, write, value, old)
					       : debug_register(vcpu, at, write, value, old);
}
