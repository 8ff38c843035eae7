/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hardware holds of the vCPU that runs. Everything that one guest or task leaves and
 * another could read is either switched here or trapped (HCR, CPTR, MDCR, HFG*). All of it is saved
 * when a vCPU leaves, so that its struct vcpu is complete wherever it runs next.
 */
#include "arch.h"
#include "nie/granule.h"
#include "nie/view.h"

/* HCR_EL2, Arm ARM D24.2.53. */
#define HCR_VM (1ul << 0)
#define HCR_SWIO (1ul << 1)    /* set/way operations clean what they invalidate: no one's data is lost, so no trap */
#define HCR_PTW (1ul << 2)
#define HCR_FMO (1ul << 3)
#define HCR_IMO (1ul << 4)
#define HCR_AMO (1ul << 5)
#define HCR_FB (1ul << 9)      /* a guest's TLB maintenance reaches all cores: its vCPUs move */
#define HCR_BSU_INNER (1ul << 10)
#define HCR_DC (1ul << 12)
#define HCR_TWI (1ul << 13)
#define HCR_TID1 (1ul << 16)
#define HCR_TID3 (1ul << 18)
#define HCR_TSC (1ul << 19)
#define HCR_TIDCP (1ul << 20)
#define HCR_TACR (1ul << 21)
#define HCR_TGE (1ul << 27)
#define HCR_RW (1ul << 31)
#define HCR_TLOR (1ul << 35)
#define HCR_TERR (1ul << 36)
#define HCR_TEA (1ul << 37)
#define HCR_APK (1ul << 40)
#define HCR_API (1ul << 41)
#define HCRX_MSCEN (1ul << 11)
#define HCR_ALL (HCR_VM | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_TWI | HCR_TSC | HCR_TIDCP | HCR_RW)
#define HCR_TASK (HCR_ALL | HCR_DC | HCR_TGE)
#define HCR_GUEST (HCR_ALL | HCR_SWIO | HCR_FB | HCR_BSU_INNER | HCR_TID1 | HCR_TID3 | HCR_TACR | HCR_TLOR | \
		   HCR_TERR | HCR_TEA)

/* VTCR_EL2: 39-bit IPA from level 1, 4 KiB granule, inner shareable write-back walks. */
#define VTCR 0x80003559ul
#define VTCR_PS_SHIFT 16u
#define PARANGE_48_BITS 5u

/* What EL0 sees of EL1 while a task runs: caches on, WFE free, its cache maintenance and DC ZVA
 * allowed, little-endian, no alignment checks but of SP; the counters readable; FP not trapped. */
#define SCTLR_TASK 0x34d5d81cul
#define CPACR_TASK (3ul << 20)
#define CNTKCTL_TASK 3ul

/* CPTR_EL2 with E2H 0: RES1 bits, which are the SVE and SME traps where those exist; trace, AMU. */
#define CPTR_TRAPS (0x33fful | 1ul << 20 | 1ul << 30)
#define CPTR_TFP (1ul << 10)

/* MDCR_EL2: PMU (TPM, TPMCR), debug (TDA, TDOSA, TDRA), SPE (TPMS), trace filter and comms (TTRF,
 * TDCC); profiling and trace buffers owned by EL2. */
#define MDCR_TRAPS (1ul << 5 | 1ul << 6 | 7ul << 9 | 1ul << 14 | 1ul << 19 | 1ul << 27)
/* HFGITR_EL2: what the baseline has not and nothing else traps. AT S1E1RP and S1E1WP; TLBI of the outer
 * shareable domain and of ranges; prediction restriction. EL0 of a task does not reach them anyway. */
#define HFGITR_BASELINE (3ul << 16 | 0x3fful << 18 | 0xfful << 34 | 7ul << 48)
#define CNTHCTL_EL1PCTEN 1ul
#define CNTHP_ENABLE 1ul
#define FP_LATELY 8u /* times that FP registers are loaded unasked after a first use trapped */
#define VMIDS 256u
#define VMID_SHIFT 48u

/* The vCPU of each VMID that this core ran last. Two vCPUs of a guest may use one ASID for different
 * tables, so the next one must not find the other's translations. */
static granule_t last_vcpu[NIE_MAX_CORES][VMIDS];

/* Each loading of EL1 or floating-point registers has a number, which the core and the vCPU note: as long as both have
 * the same, neither was the core somebody else's nor the vCPU elsewhere since. */
static u64 loads;

static void fine_grained_traps_init(void)
{
	u64 mmfr0 = read_sysreg(id_aa64mmfr0_el1);
	u64 mmfr1 = read_sysreg(id_aa64mmfr1_el1);

	if (id_field(mmfr1, 40) != 0u) {
		write_sysreg(HCRX_EL2, 0);
	}
	/* Zero traps what is newer than these registers, and nothing else. */
	if (id_field(mmfr0, 56) != 0u) {
		write_sysreg(HFGRTR_EL2, 0);
		write_sysreg(HFGWTR_EL2, 0);
		write_sysreg(HFGITR_EL2, 0);
		write_sysreg(HDFGRTR_EL2, 0);
		write_sysreg(HDFGWTR_EL2, 0);
		if (id_field(read_sysreg(id_aa64pfr0_el1), 44) != 0u) {
			write_sysreg(HAFGRTR_EL2, 0);
		}
	}
	if (id_field(mmfr0, 56) > 1u) {
		write_sysreg(HFGRTR2_EL2, 0);
		write_sysreg(HFGWTR2_EL2, 0);
		write_sysreg(HFGITR2_EL2, 0);
		write_sysreg(HDFGRTR2_EL2, 0);
		write_sysreg(HDFGWTR2_EL2, 0);
	}
}

/* EL2 registers that stay as they are. */
void switch_init_core(void)
{
	u64 mmfr0 = read_sysreg(id_aa64mmfr0_el1);
	u64 pfr0 = read_sysreg(id_aa64pfr0_el1);
	u64 parange = mmfr0 & 0xf;
	u64 mdcr = MDCR_TRAPS;

	if (parange < 2u) {
		hw_panic("the CPU has fewer than 40 physical address bits: ID_AA64MMFR0_EL1", mmfr0);
	}
	write_sysreg(vtcr_el2, VTCR | (parange < PARANGE_48_BITS ? parange : PARANGE_48_BITS) << VTCR_PS_SHIFT);
	write_sysreg(vttbr_el2, 0);
	write_sysreg(cptr_el2, CPTR_TRAPS | CPTR_TFP);
	if (id_field(read_sysreg(id_aa64dfr0_el1), 8) - 1u < 0xeu) {
		mdcr |= read_sysreg(pmcr_el0) >> 11 & 0x1f; /* HPMN: no more counters than there are */
	}
	write_sysreg(mdcr_el2, mdcr);
	write_sysreg(mdscr_el1, 0); /* guests' accesses trap, so it stays */
	write_sysreg(hstr_el2, 0);
	write_sysreg(cnthctl_el2, CNTHCTL_EL1PCTEN);
	write_sysreg(cntvoff_el2, 0);
	write_sysreg(cntv_ctl_el0, 0);
	write_sysreg(cntp_ctl_el0, 0);
	hw_deadline(NIE_NEVER);
	write_sysreg(cnthp_ctl_el2, CNTHP_ENABLE);
	write_sysreg(vpidr_el2, read_sysreg(midr_el1));
	fine_grained_traps_init();
	if (id_field(pfr0, 28) != 0u) {
		write_sysreg(VSESR_EL2, 0);
		write_sysreg(VDISR_EL2, 0);
	}
	if (id_field(pfr0, 40) != 0u) {
		write_sysreg(MPAM2_EL2, 3ul << 48); /* TRAPMPAM0EL1, TRAPMPAM1EL1 */
	}
	for (u32 i = 0; i < VMIDS; i++) {
		last_vcpu[percpu()->core][i] = GRANULE_NONE;
	}
	isb();
}

/* EL1 registers of a guest that no task reaches: at EL0 under TGE they have no effect and no name. */
#define EL1_ONLY(X, s) \
	X(s, sp_el1, sp_el1, elr_el1); \
	X(s, spsr_el1, spsr_el1, csselr_el1); \
	X(s, ttbr0_el1, ttbr0_el1, ttbr1_el1); \
	X(s, esr_el1, esr_el1, far_el1); \
	X(s, afsr0_el1, afsr0_el1, afsr1_el1); \
	X(s, mair_el1, mair_el1, amair_el1); \
	X(s, vbar_el1, vbar_el1, contextidr_el1); \
	X(s, tpidr_el1, tpidr_el1, par_el1)

/* What task_load() sets for a task. Not switched, since guests' accesses trap: ACTLR_EL1, MDSCR_EL1. */
#define EL1_AND_TASK(X, v) \
	X(v, el1.sctlr_el1, sctlr_el1, tcr_el1); \
	X(v, el1.cpacr_el1, cpacr_el1, cntkctl_el1)

/* Only of guests with HCR_EL2.API and APK. To others, and to tasks, what a core holds of them is out of reach:
 * the instructions and the registers trap. */
#define KEYS(X, s) \
	X(s, keys[0], APIAKEYLO_EL1, APIAKEYHI_EL1); \
	X(s, keys[2], APIBKEYLO_EL1, APIBKEYHI_EL1); \
	X(s, keys[4], APDAKEYLO_EL1, APDAKEYHI_EL1); \
	X(s, keys[6], APDBKEYLO_EL1, APDBKEYHI_EL1); \
	X(s, keys[8], APGAKEYLO_EL1, APGAKEYHI_EL1)

static void guest_unload(struct vcpu *v)
{
	EL1_ONLY(SAVE, &v->el1);
	EL1_AND_TASK(SAVE, v);
	v->el1.tpidrro_el0 = read_sysreg(tpidrro_el0); /* no task can write it */
	if ((v->hcr & HCR_API) != 0u) {
		KEYS(SAVE, &v->el1);
	}
	SAVE(&v->el1, timer_control, cntv_ctl_el0, cntv_cval_el0);
	write_sysreg(cntv_ctl_el0, 0);
	vgic_unload(v);
}

/* Registers that this core does not hold of the guest already. */
static void guest_load_all(struct percpu *me, struct vcpu *v)
{
	u32 vmid = v->vttbr >> VMID_SHIFT & (VMIDS - 1u);
	bool keys = (v->hcr & HCR_API) != 0u;

	me->el1_live = v->el1_live = ++loads;
	if (last_vcpu[me->core][vmid] != me->loaded) {
		last_vcpu[me->core][vmid] = me->loaded;
		isb();
		tlbi(vmalle1);
		__asm__ volatile("ic iallu" ::: "memory");
		dsb(nsh);
		isb();
	}
	write_sysreg(vmpidr_el2, 1ul << 31 | v->index); /* no task reads it */
	EL1_ONLY(LOAD, &v->el1);
	if (keys) {
		KEYS(LOAD, &v->el1);
	}
	if (id_field(read_sysreg(id_aa64mmfr0_el1), 56) != 0u) {
		/* Who has these traps (Armv8.6) has pointer authentication (Armv8.3). */
		write_sysreg(HFGITR_EL2, keys ? 0u : HFGITR_BASELINE);
	}
	if (id_field(read_sysreg(S3_0_C0_C6_2), 16) != 0u) {
		/* What is left to do of a memory copy (FEAT_MOPS) is in general registers. */
		write_sysreg(HCRX_EL2, keys ? HCRX_MSCEN : 0u);
	}
	if (id_field(read_sysreg(id_aa64pfr0_el1), 28) != 0u) {
		write_sysreg(VDISR_EL2, 0); /* what the guest before wrote to DISR_EL1 */
	}
	write_sysreg(cntv_cval_el0, v->el1.timer_compare);
	vgic_load_all(me, v);
}

/* A guest that comes back to a core where only tasks ran since finds most of its registers there: they
 * are saved whenever it leaves, but loaded only after another guest was here, or it was elsewhere. */
static void guest_load(struct percpu *me, struct vcpu *v)
{
	if (me->el1_live != v->el1_live) {
		guest_load_all(me, v);
	}
	EL1_AND_TASK(LOAD, v);
	vgic_load(me, v);
	write_sysreg(cntv_ctl_el0, v->el1.timer_control); /* ISTATUS ignores writes */
}

static void task_load(void)
{
	write_sysreg(sctlr_el1, SCTLR_TASK);
	write_sysreg(tcr_el1, 0); /* no ignored top byte */
	write_sysreg(cpacr_el1, CPACR_TASK);
	write_sysreg(cntkctl_el1, CNTKCTL_TASK);
}

/* FP registers are saved whenever their user leaves. Who is loaded gets them back at once if it used them lately,
 * otherwise on first use: CPTR_EL2 traps all use exactly while there is no user. */
static __attribute__((noinline)) void fp_switch(struct percpu *me, struct vcpu *v)
{
	if (me->fp_user != NULL) {
		FP_CALL("fp_save", &me->fp_user->fp);
		me->fp_user = NULL;
		write_sysreg(cptr_el2, CPTR_TRAPS | CPTR_TFP);
	}
	if (v == NULL || v->fp_lately == 0u) {
		return;
	}
	v->fp_lately--;
	me->fp_user = v;
	write_sysreg(cptr_el2, CPTR_TRAPS);
	if (me->fp_live != v->fp_live) {
		isb();
		FP_CALL("fp_load", &v->fp);
		me->fp_live = v->fp_live = ++loads;
	}
}

static void unload(struct vcpu *v)
{
	SAVE(v, el1.sp_el0, sp_el0, tpidr_el0);
	if (v->guest != 0u) {
		guest_unload(v);
	}
}

static void load(struct percpu *me, struct vcpu *v)
{
	u64 vttbr = v->vttbr;
	u64 hcr = v->hcr;

	if (vttbr == 0u) {
		vttbr = v->vttbr = (u64)vspace_at(v->vspace)->vmid << VMID_SHIFT | granule_address(v->vspace + 1u);
		hcr = v->guest == 0u ? HCR_TASK : HCR_GUEST;
		if (cpu_has_pauth && cpu_is_host(v)) {
			hcr |= HCR_APK | HCR_API;
		}
		v->hcr = hcr;
	}
	write_sysreg(vttbr_el2, vttbr);
	write_sysreg(hcr_el2, hcr);
	LOAD(v, el1.sp_el0, sp_el0, tpidr_el0);
	write_sysreg(tpidrro_el0, v->el1.tpidrro_el0);
	if (v->guest != 0u) {
		guest_load(me, v);
	} else {
		task_load();
	}
}

/* It calls nothing that returns into its middle, and so has no frame. */
void hw_vcpu_switch(granule_t from, granule_t to)
{
	struct percpu *me = percpu();
	struct vcpu *v = NULL;

	if (me->loaded != from) {
		hw_panic("a vCPU leaves a core that it is not on: granule", from);
	}
	me->loaded = to;
	if (from != GRANULE_NONE) {
		unload(vcpu_at(from));
	}
	if (to != GRANULE_NONE) {
		v = vcpu_at(to);
		load(me, v);
	}
	if (me->fp_user != NULL || (v != NULL && v->fp_lately != 0u)) {
		fp_switch(me, v);
	}
}

RARE void hw_vcpu_load(granule_t vcpu)
{
	hw_vcpu_switch(GRANULE_NONE, vcpu);
}

/* First use of FP by the vCPU that is loaded. */
void fp_trap(struct percpu *me)
{
	struct vcpu *v = vcpu_at(me->loaded);

	v->fp_lately = FP_LATELY + 1u;
	fp_switch(me, v);
}

void fp_borrow(struct percpu *me)
{
	if (me->fp_user != NULL) {
		FP_CALL("fp_save", &me->fp_user->fp);
		me->fp_user = NULL;
	}
	write_sysreg(cptr_el2, CPTR_TRAPS);
	me->fp_live = LIVE_NONE; /* what the registers held of it is saved, and about to be lost */
	isb();
}

void fp_return(void)
{
	write_sysreg(cptr_el2, CPTR_TRAPS | CPTR_TFP);
	isb();
}

RARE void hw_vcpu_forget(granule_t vcpu)
{
	vcpu_at(vcpu)->fp_live = 0;
	vcpu_at(vcpu)->el1_live = 0;
}
