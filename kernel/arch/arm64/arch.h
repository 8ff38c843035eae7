/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_ARCH_H
#define NIE_ARCH_H

#include "nie/hw.h"
#include "nie/vcpu.h"
#include "percpu_offsets.h"
#include "sysreg.h"

struct percpu {
	u32 core;
	granule_t loaded;   /* whose registers the hardware holds; NONE while idle without a task */
	u32 timer_enabled;  /* PPI 27 in the redistributor */
	u64 affinity;       /* MPIDR_EL1's affinity fields */
	u64 redistributor;  /* address of this core's RD_base frame */
	u64 fp_live;        /* whose struct fp_state the FP registers hold: its fp_live */
	u64 el1_live;       /* likewise EL1 and the virtual CPU interface */
	const struct core *state;
	struct vcpu *fp_user; /* who may use the FP registers: `loaded`, or NULL */
} __attribute__((aligned(PERCPU_SIZE)));

_Static_assert(sizeof(struct percpu) == PERCPU_SIZE, "percpu_offsets.h");
_Static_assert(offsetof(struct percpu, loaded) == PERCPU_LOADED, "percpu_offsets.h");
_Static_assert(offsetof(struct vcpu, x[30]) == VCPU_X30 && offsetof(struct vcpu, pc) == VCPU_PC &&
	       offsetof(struct vcpu, pstate) == VCPU_PSTATE, "percpu_offsets.h");

struct area {
	u8 guard_and_stack[PERCPU_OFFSET];
	struct percpu percpu;
	u8 panic_stack[AREA_SIZE - PERCPU_OFFSET - PERCPU_SIZE];
} __attribute__((aligned(4096)));

_Static_assert(sizeof(struct area) == AREA_SIZE, "percpu_offsets.h");

extern struct area areas[NIE_MAX_CORES];

static inline struct percpu *percpu(void)
{
	return (struct percpu *)read_sysreg(tpidr_el2);
}

/* kernel.ld */
extern u8 kernel_start[], text_end[], rodata_start[], data_start[], kernel_end[];

/* lock.c: the one kernel lock. entry.S takes it too. */
void kernel_lock(void);
void kernel_unlock(void);

/* mmu.c. Attributes of an EL2 stage-1 page or block. */
#define EL2_NORMAL_RW 0x40000000000745ul /* XN, AF, inner shareable, AP[1], MAIR 1, valid */
void mmu_build(void);
extern u64 window_level2[NIE_MAX_CORES][512], window_level3[NIE_MAX_CORES][512]; /* of each core's window: entry 0; all */
#define WINDOW_BASE (511ul << 30)
#define WINDOW_BLOCK WINDOW_BASE
#define WINDOW_PAGES (WINDOW_BASE + (1ul << 21))

/* gic.c */
RARE void gic_init_machine(void);
RARE void gic_init_core(struct percpu *me);
u32 gic_acknowledge(struct percpu *me);
void gic_timer_set_enabled(struct percpu *me, u32 enabled); /* 0: no */
void gic_timer_set_active(struct percpu *me, bool active);
RARE void gic_kick_others(u32 core);
RARE void gic_set_edge(u32 intid);

/* smmu.c */
RARE void smmu_init(void);

/* vgic.c */
RARE void vgic_check(void);
void vgic_unload(struct vcpu *v);
void vgic_load_all(struct percpu *me, const struct vcpu *v); /* what only another guest changes; before vgic_load */
void vgic_load(struct percpu *me, const struct vcpu *v);
void vgic_timer_fired(struct percpu *me);

/* timer.c */
bool timer_asserted(void);

/* switch.c */
#define LIVE_NONE (~0ul)
RARE void switch_init_core(void);
void fp_trap(struct percpu *me);
void fp_borrow(struct percpu *me); /* EL2 may use the FP registers from here */
void fp_return(void);              /* to here; whoever uses them next has its own loaded */

/* fp.S, which leaves all registers but these as they are. */
#define FP_CALL(function, state) \
	do { \
		register const struct fp_state *state_ __asm__("x0") = (state); \
		__asm__ volatile("bl " function : "+r"(state_) :: "x1", "x2", "x30", "memory"); \
	} while (0)

/* sha256.S */
void sha256_blocks(u32 state[8], const u64 *data, u64 count);

/* cpu_model.c */
void cpu_model_init(void);
bool cpu_is_host(const struct vcpu *v); /* a guest that sees what this CPU has, not the baseline */
extern bool cpu_has_pauth;
extern bool cpu_has_sha256;

/* firmware.c: PSCI over SMC. */
#define PSCI_SUCCESS 0
#define PSCI_INVALID_PARAMETERS (-2)
long firmware_cpu_on(u64 affinity, u64 entry, u64 context);
_Noreturn void firmware_system_off(void);

/* console.c */
void console_init(void);
void console_flush(void);
void put_char(char c);
void put_text(const char *text);
void put_decimal(u64 value);
void put_hex(u64 value);

/* panic.c */
extern volatile bool machine_stopped;
_Noreturn void core_stop(void);

/* trap.c, jumped to by entry.S and head.S, the first three with the lock. None of them returns: that they are not
 * declared so keeps the compiler from taking all that they do for unlikely. */
void lower_call(struct percpu *me);
void lower_sync(struct percpu *me, u64 esr);
void lower_irq(struct percpu *me, u32 intid);
void start_core(u32 core);
void resume(struct percpu *me);

#endif
