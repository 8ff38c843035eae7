/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps from EL0 and EL1, and what the runner hears of them: the reason, and what it needs to
 * handle it. Nothing else of a guest's registers leaves the kernel.
 */
#include "nie/granule.h"
#include "nie/hw.h"
#include "nie/irq.h"
#include "nie/psci.h"
#include "nie/run.h"
#include "nie/table.h"
#include "nie/view.h"

/* ESR_EL2.EC, Arm ARM D24.2.40. */
#define EC_WFX 0x01u
#define EC_HVC64 0x16u
#define EC_SMC64 0x17u
#define EC_SYSREG 0x18u
#define EC_INSTRUCTION_ABORT 0x20u
#define EC_DATA_ABORT 0x24u
#define EC_LAST_TRAPPED 0x1fu /* below here: instructions that EL2 traps */

#define FIELD(value, low, width) ((value) / (1ul << (low)) % (1ul << (width)))

/* Encoding of a system register in an ISS of EC_SYSREG, Rt and direction left out. */
#define SYSREG(op0, op1, crn, crm, op2) ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)
#define SYSREG_MASK SYSREG(3ul, 7ul, 15ul, 15ul, 7ul)
#define CNTP_TVAL_EL0 SYSREG(3ul, 3ul, 14ul, 2ul, 0ul)
#define CNTP_CTL_EL0 SYSREG(3ul, 3ul, 14ul, 2ul, 1ul)
#define CNTP_CVAL_EL0 SYSREG(3ul, 3ul, 14ul, 2ul, 2ul)
#define ICC_DIR_EL1 SYSREG(3ul, 0ul, 12ul, 11ul, 1ul)
#define ICC_SGI1R_EL1 SYSREG(3ul, 0ul, 12ul, 11ul, 5ul)
#define ICC_ASGI1R_EL1 SYSREG(3ul, 0ul, 12ul, 11ul, 6ul)
#define ICC_SGI0R_EL1 SYSREG(3ul, 0ul, 12ul, 11ul, 7ul)

static u32 class_of(u64 esr)
{
	return (u32)FIELD(esr, 26, 6);
}

static void skip_instruction(struct vcpu *v, u64 esr)
{
	v->pc += 2u + 2u * FIELD(esr, 25, 1); /* IL: a T32 instruction of AArch32 EL0 may be 16 bits */
}

static u64 register_get(const struct vcpu *v, u64 number)
{
	return number < 31u ? v->x[number] : 0u;
}

static void register_set(struct vcpu *v, u64 number, u64 value)
{
	if (number < 31u) {
		v->x[number] = value;
	}
}

/* Nobody can continue this vCPU. A task tells all, a guest only the class of exception. */
static void crash(u32 core, u64 esr, u64 far)
{
	struct vcpu *v = vcpu_at(cores[core].current);
	bool last_task = v->runner == GRANULE_NONE;
	u64 pc = v->pc;

	v->power = VCPU_CRASHED;
	exit_to_runner(core, NIE_EXIT_CRASH, class_of(esr), v->guest != 0u ? 0u : far, v->guest != 0u ? 0u : pc);
	if (last_task) {
		hw_report_task(core, class_of(esr), far, pc);
		for (u32 i = 0; i < NIE_MAX_CORES; i++) {
			if (cores[i].current != GRANULE_NONE) {
				return;
			}
		}
		hw_power_off(); /* nothing is left that could ever run */
	}
}

/* DFSC and IFSC: 0b0001LL translation fault, 0b0011LL permission fault. */
static bool is_translation_fault(u64 esr)
{
	return FIELD(esr, 2, 4) == 1u;
}

static bool is_permission_fault(u64 esr)
{
	return FIELD(esr, 2, 4) == 3u;
}

/* The IPA of an abort; NIE_NEVER when the hardware does not say: after a permission fault HPFAR_EL2
 * is UNKNOWN (Arm ARM D24.2.57), but a task's address is its IPA. */
static u64 fault_ipa(const struct vcpu *v, u64 esr, u64 far, u64 hpfar)
{
	if (v->guest == 0u) {
		return far;
	}
	if (is_permission_fault(esr)) {
		return NIE_NEVER;
	}
	return FIELD(hpfar, 4, 40) * GRANULE_SIZE + far % GRANULE_SIZE;
}

/* The answer to this exit goes into a register, as a load would fill it. */
static void await_answer(struct vcpu *v, u64 number, u32 size, u16 extend_to)
{
	v->awaits = AWAITS_MMIO_READ;
	v->awaits_register = (u16)number;
	v->awaits_size = (u16)size;
	v->awaits_signed = extend_to;
}

static void fault(u32 core, u64 esr, u64 far, u64 hpfar, u64 access)
{
	struct vcpu *v = vcpu_at(cores[core].current);

	if (v->runner == GRANULE_NONE || (!is_translation_fault(esr) && !is_permission_fault(esr))) {
		crash(core, esr, far);
		return;
	}
	exit_to_runner(core, NIE_EXIT_FAULT, fault_ipa(v, esr, far, hpfar), access, 0);
}

/* A guest's access found no translation. True if it is dealt with: it lost what was there and ends; another core
 * has mapped something since; or it expects memory there, so that no answer of the VMM could stand for its content. */
static inline bool is_own_memory(u32 core, u64 esr, u64 far, u64 ipa, u64 access)
{
	const struct vcpu *v = vcpu_at(cores[core].current);

	if (v->guest == 0u || !is_translation_fault(esr) || ipa >= 1ul << NIE_IPA_BITS) {
		return false;
	}
	u64 entry = table_lookup(v->vspace + 1u, ipa);

	if (entry == ENTRY_EMPTY) {
		return false;
	}
	if (entry == ENTRY_DESTROYED) {
		crash(core, esr, far);
	} else if (entry == ENTRY_RAM) {
		exit_to_runner(core, NIE_EXIT_FAULT, ipa, access, 0);
	}
	return true;
}

/* A data abort's syndrome (ISS); also SAS 23:22, SSE 21, SRT 20:16, SF 15. */
#define ISS_ISV (1ul << 24)
#define ISS_CM (1ul << 8)
#define ISS_S1PTW (1ul << 7)
#define ISS_WNR (1ul << 6)

static void data_abort(u32 core, u64 esr, u64 far, u64 hpfar)
{
	struct vcpu *v = vcpu_at(cores[core].current);
	bool write = (esr & (ISS_CM | ISS_WNR)) == ISS_WNR;
	bool described = (esr & (ISS_ISV | ISS_CM | ISS_S1PTW)) == ISS_ISV;
	u64 ipa = fault_ipa(v, esr, far, hpfar);
	u32 size = 1u << FIELD(esr, 22, 2);
	u64 number = FIELD(esr, 16, 5);

	if (v->guest == 0u || !is_translation_fault(esr)) {
		fault(core, esr, far, hpfar, write ? 2u : 1u);
		return;
	}
	if (is_own_memory(core, esr, far, ipa, write ? 2u : 1u)) {
		return;
	}
	if (!described) {
		fault(core, esr, far, hpfar, write ? 2u : 1u);
		return;
	}
	skip_instruction(v, esr);
	if (write) {
		u64 value = register_get(v, number);

		exit_to_runner(core, NIE_EXIT_MMIO, ipa, size == 8u ? value : value % (1ul << (size * 8u)), size | 0x100u);
		return;
	}
	await_answer(v, number, size, FIELD(esr, 21, 1) == 0u ? 0u : (FIELD(esr, 15, 1) != 0u ? 8u : 4u));
	exit_to_runner(core, NIE_EXIT_MMIO, ipa, 0, size);
}

static void instruction_abort(u32 core, u64 esr, u64 far, u64 hpfar)
{
	u64 ipa = fault_ipa(vcpu_at(cores[core].current), esr, far, hpfar);

	if (!is_own_memory(core, esr, far, ipa, 4)) {
		fault(core, esr, far, hpfar, 4);
	}
}

/* Nothing about these needs a kernel: a timer that nobody need trust more than the VMM that runs the guest anyway,
 * and interrupts that only the VMM knows of. */
static bool is_emulated(u64 which, bool read)
{
	return which == CNTP_TVAL_EL0 || which == CNTP_CTL_EL0 || which == CNTP_CVAL_EL0 ||
	       (!read && (which == ICC_DIR_EL1 || which == ICC_SGI0R_EL1 || which == ICC_ASGI1R_EL1));
}

static void emulated(u32 core, u64 which, u64 number, bool read)
{
	granule_t g = cores[core].current;
	struct vcpu *v = vcpu_at(g);
	u64 value = register_get(v, number);

	if (read) {
		await_answer(v, number, 8, 0);
		exit_to_runner(core, NIE_EXIT_REGISTER, which, 0, 0);
	} else if (which == ICC_DIR_EL1 && value == INTID_GUEST_TIMER) {
		hw_timer_deactivate(g); /* it is in the list register that the VMM does not have */
	} else {
		exit_to_runner(core, NIE_EXIT_REGISTER, which, value, 0x100);
	}
}

/* ISS: direction 0 (1: read), Rt 9:5; the register as SYSREG encodes it. */
static void system_register(u32 core, u64 esr)
{
	granule_t g = cores[core].current;
	struct vcpu *v = vcpu_at(g);
	u64 which = esr & SYSREG_MASK;
	u64 number = FIELD(esr, 5, 5);
	bool read = FIELD(esr, 0, 1) != 0u;
	u64 value = 0;

	if (read && hw_id_register(g, (u32)FIELD(esr, 0, 25), &value)) {
		register_set(v, number, value);
	} else if (FIELD(esr, 20, 2) == 2u) { /* op0 2: debug registers read as zero, ignore writes */
		if (read) {
			register_set(v, number, 0);
		}
	} else if (!read && which == ICC_SGI1R_EL1) {
		skip_instruction(v, esr);
		exit_to_runner(core, NIE_EXIT_SGI, register_get(v, number), 0, 0);
		return;
	} else if (is_emulated(which, read)) {
		skip_instruction(v, esr);
		emulated(core, which, number, read);
		return;
	} else {
		hw_inject_undefined(g);
		return;
	}
	skip_instruction(v, esr);
}

static void wait_for(u32 core, u64 esr)
{
	granule_t g = cores[core].current;
	struct vcpu *v = vcpu_at(g);
	bool wfe = FIELD(esr, 0, 1) != 0u;

	skip_instruction(v, esr);
	if (wfe || v->runner == GRANULE_NONE || (v->guest != 0u && hw_interrupt_pending(g))) {
		return;
	}
	exit_to_runner(core, NIE_EXIT_WFI, v->guest != 0u ? hw_timer_wake(g) : NIE_NEVER, 0, 0);
}

static void trap_task(u32 core, u64 esr, u64 far, u64 hpfar)
{
	if (class_of(esr) == EC_WFX) {
		wait_for(core, esr);
	} else if (class_of(esr) == EC_INSTRUCTION_ABORT) {
		instruction_abort(core, esr, far, hpfar);
	} else {
		crash(core, esr, far);
	}
}

static void trap_guest(u32 core, u64 esr, u64 far, u64 hpfar)
{
	u32 class = class_of(esr);

	switch (class) {
	case EC_SMC64:
		/* A trapped SMC, unlike an HVC, has not been passed yet. */
		skip_instruction(vcpu_at(cores[core].current), esr);
		guest_call(core);
		break;
	case EC_HVC64:
		guest_call(core);
		break;
	case EC_WFX:
		wait_for(core, esr);
		break;
	case EC_SYSREG:
		system_register(core, esr);
		break;
	case EC_INSTRUCTION_ABORT:
		instruction_abort(core, esr, far, hpfar);
		break;
	default:
		if (class <= EC_LAST_TRAPPED) {
			hw_inject_undefined(cores[core].current);
		} else {
			crash(core, esr, far);
		}
		break;
	}
}

/* Guests' device accesses first: they are the most, and decide what a VMM costs. */
void trap_sync(u32 core, u64 esr, u64 far, u64 hpfar)
{
	if (class_of(esr) == EC_DATA_ABORT) {
		data_abort(core, esr, far, hpfar);
	} else if (vcpu_at(cores[core].current)->guest != 0u) {
		trap_guest(core, esr, far, hpfar);
	} else {
		trap_task(core, esr, far, hpfar);
	}
}

void trap_interrupt(u32 core, u32 intid)
{
	granule_t g = cores[core].current;

	if (intid >= 32u) {
		irq_fired(intid);
		cores[core].interrupt = 1;
	} else if (intid == INTID_MAINTENANCE && g != GRANULE_NONE && vcpu_at(g)->guest != 0u) {
		exit_to_runner(core, NIE_EXIT_MAINTENANCE, 0, 0, 0);
	}
	chain_check(core);
	/* The timer may have fired for a deadline that changed meanwhile: the one that holds now must not be lost. */
	if (intid == INTID_DEADLINE) {
		deadline_set(core);
	}
}
