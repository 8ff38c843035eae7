/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_VCPU_H
#define NIE_VCPU_H

#include "nie/types.h"

/*
 * A vCPU: a task's or a guest's. One granule. The saved registers come first, general registers
 * at offset 0: kernel/arch/arm64/entry.S stores them through SP_EL2.
 */
#define LIST_REGISTERS 4u /* the first is the kernel's own, for the guest's timer */

enum vcpu_power {
	VCPU_UNCONFIGURED,
	VCPU_OFF,     /* waits for PSCI CPU_ON */
	VCPU_ON,
	VCPU_CRASHED,
};

/* What the exit that the runner is handling expects from the next run. */
enum vcpu_awaits {
	AWAITS_NOTHING,
	AWAITS_MMIO_READ,
};

struct el1_state {
	u64 sp_el0, tpidr_el0, tpidrro_el0;
	/* Two of a line, and the first two, are saved at once: kernel/arch/arm64/switch.c. */
	u64 sp_el1, elr_el1;
	u64 spsr_el1, csselr_el1;
	u64 sctlr_el1, tcr_el1;
	u64 cpacr_el1, cntkctl_el1;
	u64 ttbr0_el1, ttbr1_el1;
	u64 esr_el1, far_el1;
	u64 afsr0_el1, afsr1_el1;
	u64 mair_el1, amair_el1;
	u64 vbar_el1, contextidr_el1;
	u64 tpidr_el1, par_el1;
	u64 keys[10]; /* pointer authentication: APIA, APIB, APDA, APDB, APGA; low and high */
	u64 timer_control, timer_compare; /* CNTV_CTL_EL0, CNTV_CVAL_EL0 */
};

struct vgic_state {
	u64 list[LIST_REGISTERS]; /* ICH_LR<n>_EL2 */
	u64 vmcr, ap0r0, ap1r0;
	u64 ends; /* ICH_HCR_EL2.EOIcount when it left, if NIE_RUN_FLAG_ENDS asks for it */
};

struct fp_state {
	u64 v[64] __attribute__((aligned(16)));
	u64 fpcr, fpsr;
};

struct vcpu {
	u64 x[31];
	u64 pc;
	u64 pstate;

	granule_t vspace;
	u32 index;   /* in the VSpace; MPIDR_EL1.Aff0 of a guest */
	u32 guest;   /* 0: a task's */
	u16 power;   /* enum vcpu_power */

	u32 core;         /* that it is on, running or having lent it on; CORE_NONE */
	granule_t runner; /* whom an exit returns to; NONE: it is the task a core was started with */
	u64 deadline;     /* the earliest that it and those below it in the chain were given */
	u32 chain;        /* its place in the chain, from 1 */
	u16 kicked;
	u16 exiting;      /* its VSpace or itself is being destroyed: it leaves its core, and runs no more */

	u16 awaits;   /* enum vcpu_awaits */
	u16 awaits_register;
	u16 awaits_size;   /* bytes */
	u16 awaits_signed; /* width to extend to: 0 no, 4 or 8 */

	u64 run_flags;
	granule_t cspace; /* tasks */
	u64 cspace_serial;

	/* From its first load on, which is after activation: VMID and root of its VSpace; HCR_EL2. They never change. */
	u64 vttbr, hcr;
	u64 fp_live;      /* a core that holds this number holds the same as struct fp_state below; 0: none does */
	u64 el1_live;     /* the same of struct el1_state */
	u32 fp_lately;    /* how often more its floating-point registers are loaded before it asks */
	struct el1_state el1;
	struct vgic_state vgic;
	struct fp_state fp;
};

_Static_assert(offsetof(struct vcpu, x) == 0, "entry.S");
_Static_assert(sizeof(struct vcpu) <= GRANULE_SIZE, "a vCPU is one granule");

/* A physical core. */
struct core {
	granule_t current; /* the vCPU that runs; NONE: idle with no task */
	u32 online;
	u16 waiting;       /* `current` sleeps in wait() */
	u64 wait_deadline;
	u16 interrupt;     /* an interrupt for a task arrived and was not reported yet */
	u16 starting;      /* another core put `current` here; it is not loaded yet */
};

extern struct core cores[NIE_MAX_CORES];

/* Isolation half of the calls. */
RARE status_t vcpu_configure(granule_t vcpu, granule_t vspace, u64 index, granule_t cspace, u64 entry, u64 argument, u64 stack);
void vcpu_kick(granule_t vcpu);
RARE status_t vcpu_debug(granule_t vcpu, u64 what, u64 at, u64 value, u64 *old);
/* All checks of run below the capability checks, then the switch. args: x1 to x6. */
status_t vcpu_run(u32 core, granule_t vcpu, const u64 args[6]);
status_t vcpu_wait(u32 core, u64 deadline);
RARE status_t core_start(u32 core, u32 target, granule_t vcpu);

/* Entries from kernel/arch, the kernel lock held. On return the arch code resumes
 * cores[core].current, or idles if that is NONE or `waiting`. */
void trap_sync(u32 core, u64 esr, u64 far, u64 hpfar); /* from EL0 or EL1 */
void trap_interrupt(u32 core, u32 intid);              /* acknowledged, priority dropped */

/* Implemented by the generated dispatcher: the hypercall in `caller`'s registers. Those that are not about the core are also
 * in a table of it, from which entry.S jumps. */
void hypercall(u32 core, granule_t caller);

#endif
