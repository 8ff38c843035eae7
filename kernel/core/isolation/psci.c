/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest may call: SMCCC 1.2 and PSCI 1.1 (Arm DEN0028, DEN0022). The kernel answers itself
 * what concerns a vCPU's registers, so that a vCPU starts where the guest asked; the VMM hears only
 * what it must schedule by.
 */
#include "nie/psci.h"

#include "nie/hw.h"
#include "nie/rsi.h"
#include "nie/run.h"
#include "nie/trng.h"
#include "nie/view.h"

#define SMCCC_VERSION 0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u
#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND 0x84000001u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0x84000003u
#define PSCI_AFFINITY_INFO 0x84000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
#define PSCI_SYSTEM_RESET2 0x84000012u
#define SMC64 0x40000000u /* the 64-bit form of a function */

#define SMCCC_1_2 0x10002u
#define PSCI_1_1 0x10001u
#define MIGRATION_NOT_NEEDED 2u
#define AFFINITY_ON 0u
#define AFFINITY_OFF 1u

#define SUCCESS 0ul
#define NOT_SUPPORTED (~0ul)      /* -1 */
#define INVALID_PARAMETERS (~1ul) /* -2 */
#define ALREADY_ON (~3ul)         /* -4 */
#define INTERNAL_FAILURE (~5ul)   /* -6 */
#define INVALID_ADDRESS (~8ul)    /* -9 */

/* CPU_SUSPEND's power_state, original format (5.4.2): all but the state's own number must be zero, or ask for
 * power down, which may be less than asked (5.4.5). */
#define SUSPEND_RESERVED 0xfffe0000ul
#define RESET_TYPE_WARM 0ul

/* A guest's vCPU has its index in MPIDR_EL1.Aff0 and zero elsewhere. */
static granule_t vcpu_by_mpidr(const struct vcpu *v, u64 mpidr)
{
	return mpidr < NIE_VSPACE_VCPUS ? vspace_at(v->vspace)->vcpu[mpidr] : GRANULE_NONE;
}

static bool is_supported(u32 function)
{
	switch (function) {
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | SMC64:
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMC64:
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | SMC64:
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2 | SMC64:
	case PSCI_VERSION:
	case PSCI_CPU_OFF:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_FEATURES:
	case SMCCC_VERSION:
		return true;
	default:
		return false;
	}
}

static void cpu_on(u32 core, struct vcpu *v, u64 mpidr, u64 entry, u64 context)
{
	granule_t g = vcpu_by_mpidr(v, mpidr);

	if (g == GRANULE_NONE) {
		v->x[0] = INVALID_PARAMETERS;
	} else if (vcpu_at(g)->power == VCPU_ON) {
		v->x[0] = ALREADY_ON;
	} else if (vcpu_at(g)->power != VCPU_OFF) {
		v->x[0] = INTERNAL_FAILURE; /* it crashed: nobody can continue it */
	} else if (entry % 4u != 0u || entry >= NIE_SHARED_HALF) {
		v->x[0] = INVALID_ADDRESS;
	} else {
		vcpu_reset(g, entry, context, 0);
		vcpu_at(g)->power = VCPU_ON;
		v->x[0] = SUCCESS;
		exit_to_runner(core, NIE_EXIT_CPU_ON, vcpu_at(g)->index, 0, 0);
	}
}

static u64 affinity_info(const struct vcpu *v, u64 mpidr, u64 level)
{
	granule_t g = vcpu_by_mpidr(v, mpidr);

	if (g == GRANULE_NONE || level != 0u) {
		return INVALID_PARAMETERS;
	}
	return vcpu_at(g)->power == VCPU_ON ? AFFINITY_ON : AFFINITY_OFF;
}

/* No vCPU of this guest runs again; those on other cores leave them now. */
static void end_guest(u32 core, u64 reason)
{
	granule_t self = cores[core].current;
	struct vspace *s = vspace_at(vcpu_at(self)->vspace);

	if (s->life == VSPACE_ACTIVE) { /* and not being killed already */
		s->life = VSPACE_ENDED;
	}
	for (u32 i = 0; i < NIE_VSPACE_VCPUS; i++) {
		if (s->vcpu[i] != GRANULE_NONE && s->vcpu[i] != self) {
			vcpu_kick(s->vcpu[i]);
		}
	}
	exit_to_runner(core, reason, 0, 0, 0);
}

/* What depends on the arguments alone. */
bool guest_query(struct vcpu *v)
{
	u32 argument = LOW_HALF(v->x[1]);

	switch (LOW_HALF(v->x[0])) {
	case SMCCC_VERSION:
		v->x[0] = SMCCC_1_2;
		return true;
	case SMCCC_ARCH_FEATURES:
		v->x[0] = argument == SMCCC_VERSION || argument == SMCCC_ARCH_FEATURES ? SUCCESS : NOT_SUPPORTED;
		return true;
	case PSCI_VERSION:
		v->x[0] = PSCI_1_1;
		return true;
	case PSCI_FEATURES:
		v->x[0] = is_supported(argument) ? SUCCESS : NOT_SUPPORTED;
		return true;
	case PSCI_MIGRATE_INFO_TYPE:
		v->x[0] = MIGRATION_NOT_NEEDED;
		return true;
	default:
		return false;
	}
}

static void suspend(u32 core, granule_t g, u64 state)
{
	struct vcpu *v = vcpu_at(g);

	if ((state & SUSPEND_RESERVED) != 0u) {
		v->x[0] = INVALID_PARAMETERS;
		return;
	}
	v->x[0] = SUCCESS; /* every state is a standby state: registers are kept (5.4) */
	if (!hw_interrupt_pending(g)) {
		exit_to_runner(core, NIE_EXIT_WFI, hw_timer_wake(g), 0, 0);
	}
}

void guest_call(u32 core)
{
	granule_t g = cores[core].current;
	struct vcpu *v = vcpu_at(g);
	u32 function = LOW_HALF(v->x[0]);
	u64 mask = (function & SMC64) != 0u ? ~0ul : 0xfffffffful;
	u64 a = v->x[1] & mask;

	if (guest_query(v) || rsi_call(core) || trng_call(v, function, a)) {
		return;
	}
	switch (function) {
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | SMC64:
		suspend(core, g, a);
		break;
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMC64:
		cpu_on(core, v, a, v->x[2] & mask, v->x[3] & mask);
		break;
	case PSCI_CPU_OFF:
		v->power = VCPU_OFF;
		exit_to_runner(core, NIE_EXIT_CPU_OFF, 0, 0, 0);
		break;
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | SMC64:
		v->x[0] = affinity_info(v, a, v->x[2] & mask);
		break;
	case PSCI_SYSTEM_OFF:
		end_guest(core, NIE_EXIT_SYSTEM_OFF);
		break;
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2 | SMC64:
		if (a != RESET_TYPE_WARM) {
			v->x[0] = INVALID_PARAMETERS;
			break;
		}
		/* fallthrough */
	case PSCI_SYSTEM_RESET:
		end_guest(core, NIE_EXIT_SYSTEM_RESET);
		break;
	default:
		v->x[0] = NOT_SUPPORTED;
		break;
	}
}
