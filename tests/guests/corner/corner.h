/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORNER_H
#define CORNER_H

/*
 * What the guests that test one corner of the architecture each share: checks that are counted and said only when
 * they fail, vectors that survive an exception, other CPUs, the GIC's registers. Like all guests they know
 * nothing of nie: whatever fails under it must pass in QEMU's `virt` machine.
 */
#include "guest.h"

#define MRS(name) __extension__ ({ \
	uint64_t value_; \
	__asm__ volatile("mrs %0, " name : "=r"(value_) :: "memory"); \
	value_; })
#define MSR(name, value) __asm__ volatile("msr " name ", %0\n\tisb" :: "r"((uint64_t)(value)) : "memory")
#define BARRIER() __asm__ volatile("dsb sy\n\tisb" ::: "memory")
#define MASK_IRQ() __asm__ volatile("msr daifset, #3" ::: "memory")
#define UNMASK_IRQ() __asm__ volatile("msr daifclr, #3\n\tisb" ::: "memory")
#define WFI() __asm__ volatile("dsb sy\n\twfi" ::: "memory")

#define CNTV_CTL "cntv_ctl_el0"
#define CNTV_CVAL "cntv_cval_el0"
#define CNTV_TVAL "cntv_tval_el0"
#define CNTP_CTL "cntp_ctl_el0"
#define CNTP_CVAL "cntp_cval_el0"
#define CNTP_TVAL "cntp_tval_el0"
#define ICC_PMR "s3_0_c4_c6_0"
#define ICC_IAR0 "s3_0_c12_c8_0"
#define ICC_EOIR0 "s3_0_c12_c8_1"
#define ICC_HPPIR0 "s3_0_c12_c8_2"
#define ICC_BPR0 "s3_0_c12_c8_3"
#define ICC_DIR "s3_0_c12_c11_1"
#define ICC_RPR "s3_0_c12_c11_3"
#define ICC_SGI1R "s3_0_c12_c11_5"
#define ICC_SGI0R "s3_0_c12_c11_7"
#define ICC_IAR1 "s3_0_c12_c12_0"
#define ICC_EOIR1 "s3_0_c12_c12_1"
#define ICC_HPPIR1 "s3_0_c12_c12_2"
#define ICC_BPR1 "s3_0_c12_c12_3"
#define ICC_CTLR "s3_0_c12_c12_4"
#define ICC_SRE "s3_0_c12_c12_5"
#define ICC_IGRPEN0 "s3_0_c12_c12_6"
#define ICC_IGRPEN1 "s3_0_c12_c12_7"
#define SPURIOUS 1023u

#define GICD 0x08000000ul
#define GICR(cpu) (0x080a0000ul + (cpu) * 0x20000ul)
#define SGI_BASE(cpu) (GICR(cpu) + 0x10000ul)

/* The GIC's registers with a field for each interrupt: offsets in the distributor and in SGI_base. */
#define IGROUPR 0x080u
#define ISENABLER 0x100u
#define ICENABLER 0x180u
#define ISPENDR 0x200u
#define ICPENDR 0x280u
#define ISACTIVER 0x300u
#define ICACTIVER 0x380u
#define IPRIORITYR 0x400u
#define ICFGR 0xc00u
#define IROUTER 0x6000u

#define PPI_VIRTUAL_TIMER 27u
#define PPI_PHYSICAL_TIMER 30u

#define PSCI_SUCCESS 0l
#define PSCI_NOT_SUPPORTED (-1l)

#pragma GCC visibility push(hidden)

void check(bool ok, const char *what);
void check_equal(uint64_t got, uint64_t expected, const char *what);
/* Says how many checks there were and how many failed, and powers off. */
_Noreturn void check_end(const char *name);

/* Exceptions of CPU 0: a synchronous one is counted, and the instruction skipped. */
struct trapped {
	uint64_t count, esr, elr;
};
extern volatile struct trapped trapped;
/* On any CPU. They run with interrupts masked, on the stack of what they interrupted. */
extern void (*volatile on_irq)(void);
extern void (*volatile on_fiq)(void);
void corner_vectors(void);
/* vectors.S calls these. */
void corner_synchronous(void);
void corner_irq(void);
void corner_fiq(void);
extern void (*volatile secondary_entry)(void);
uint32_t cpu_number(void);

/* SMCCC over HVC: x0 to x3 going in; what comes back in them. */
struct call {
	uint64_t x[4];
};
struct call hypervisor_call(uint64_t function, uint64_t a, uint64_t b, uint64_t c);
static inline int64_t psci(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	return (int32_t)hypervisor_call(function, a, b, c).x[0];
}

/* Another CPU starts at `entry` with the vectors above and a stack of its own; it is off when that returns. What PSCI
 * answers. */
int64_t cpu_start(uint32_t cpu, void (*entry)(void));
_Noreturn void cpu_off(void);
extern char secondary_start[];

/* Of device registers: by instructions whose syndrome describes them (Arm ARM D24.2.40, ISV), as drivers do. */
uint32_t read32(uint64_t address);
void write32(uint64_t address, uint32_t value);
uint64_t read64(uint64_t address);
void write64(uint64_t address, uint64_t value);
uint8_t read8(uint64_t address);
void write8(uint64_t address, uint8_t value);
uint64_t physical_now(void);
/* Wait at most `ticks` of the counter for *flag to reach `value`. */
bool wait_for(volatile uint64_t *flag, uint64_t value, uint64_t ticks);

/* The GIC as a program finds it after reset; then the distributor on, this CPU's interface on, all priorities
 * let through, no interrupt enabled, private ones in group 1. */
void gic_distributor_on(void);
void gic_cpu_on(uint32_t cpu);
/* An interrupt of this CPU (private), or any SPI. */
void gic_bit(uint32_t cpu, uint32_t intid, uint32_t kind);
bool gic_is(uint32_t cpu, uint32_t intid, uint32_t kind);
void gic_group(uint32_t cpu, uint32_t intid, uint32_t group);
void gic_priority(uint32_t cpu, uint32_t intid, uint8_t priority);
void gic_edge(uint32_t intid, bool edge);

#pragma GCC visibility pop

#endif
