/* SPDX-License-Identifier: Apache-2.0 */
#include "corner.h"

#define PSCI_CPU_OFF 0x84000002ul
#define PSCI_CPU_ON 0xc4000003ul

static uint32_t checks, failures;
volatile struct trapped trapped;
void (*volatile on_irq)(void);
void (*volatile on_fiq)(void);
void (*volatile secondary_entry)(void);

static void failed(const char *what)
{
	failures++;
	print("FAILED: ");
	print(what);
}

void check(bool ok, const char *what)
{
	checks++;
	if (!ok) {
		failed(what);
		print("\n");
	}
}

void check_equal(uint64_t got, uint64_t expected, const char *what)
{
	checks++;
	if (got != expected) {
		failed(what);
		print(": ");
		print_hex(got);
		print(", not ");
		print_hex(expected);
		print("\n");
	}
}

_Noreturn void check_end(const char *name)
{
	print(name);
	print(": ");
	print_decimal(checks);
	print(" checks, ");
	print_decimal(failures);
	print(" failed\n");
	power_off();
}

void corner_synchronous(void)
{
	trapped.esr = MRS("esr_el1");
	trapped.elr = MRS("elr_el1");
	trapped.count++;
	if (trapped.count > 100000u) {
		print("FAILED: no end of exceptions\n");
		power_off();
	}
}

void corner_irq(void)
{
	if (on_irq != NULL) {
		on_irq();
	}
}

void corner_fiq(void)
{
	if (on_fiq != NULL) {
		on_fiq();
	}
}

uint32_t cpu_number(void)
{
	return MRS("mpidr_el1") & 0xffu;
}

struct call hypervisor_call(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = a;
	register uint64_t x2 __asm__("x2") = b;
	register uint64_t x3 __asm__("x3") = c;

	__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) :: "memory");
	return (struct call){{x0, x1, x2, x3}};
}

int64_t cpu_start(uint32_t cpu, void (*entry)(void))
{
	secondary_entry = entry;
	BARRIER();
	return psci(PSCI_CPU_ON, cpu, (uint64_t)secondary_start, cpu);
}

_Noreturn void cpu_off(void)
{
	for (;;) {
		(void)psci(PSCI_CPU_OFF, 0, 0, 0);
	}
}

uint32_t read32(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

void write32(uint64_t address, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" :: "r"(value), "r"(address) : "memory");
}

uint64_t read64(uint64_t address)
{
	uint64_t value;

	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

void write64(uint64_t address, uint64_t value)
{
	__asm__ volatile("str %0, [%1]" :: "r"(value), "r"(address) : "memory");
}

uint8_t read8(uint64_t address)
{
	uint32_t value;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return (uint8_t)value;
}

void write8(uint64_t address, uint8_t value)
{
	__asm__ volatile("strb %w0, [%1]" :: "r"(value), "r"(address) : "memory");
}

uint64_t physical_now(void)
{
	__asm__ volatile("isb" ::: "memory");
	return MRS("cntpct_el0");
}

bool wait_for(volatile uint64_t *flag, uint64_t value, uint64_t ticks)
{
	uint64_t since = timer_now();

	while (*flag != value) {
		if (timer_now() - since > ticks) {
			return false;
		}
	}
	return true;
}

void gic_distributor_on(void)
{
	write32(GICD, 0x10); /* GICD_CTLR: ARE, no group yet: it may not be on when ARE changes */
	write32(GICD, 0x13);
	while ((read32(GICD) >> 31) != 0u) {
	}
}

void gic_cpu_on(uint32_t cpu)
{
	write32(GICR(cpu) + 0x14, 0); /* GICR_WAKER */
	while ((read32(GICR(cpu) + 0x14) & 4u) != 0u) {
	}
	write32(SGI_BASE(cpu) + ICENABLER, ~0u);
	write32(SGI_BASE(cpu) + ICPENDR, ~0u);
	write32(SGI_BASE(cpu) + ICACTIVER, ~0u);
	write32(SGI_BASE(cpu) + IGROUPR, ~0u);
	MSR(ICC_SRE, MRS(ICC_SRE) | 1u);
	MSR(ICC_PMR, 0xff);
	MSR(ICC_BPR0, 0);
	MSR(ICC_BPR1, 0);
	MSR(ICC_CTLR, 0);
	MSR(ICC_IGRPEN0, 1);
	MSR(ICC_IGRPEN1, 1);
}

static uint64_t frame_of(uint32_t cpu, uint32_t intid)
{
	return intid < 32u ? SGI_BASE(cpu) : GICD;
}

void gic_bit(uint32_t cpu, uint32_t intid, uint32_t kind)
{
	write32(frame_of(cpu, intid) + kind + intid / 32u * 4u, 1u << intid % 32u);
	BARRIER();
}

bool gic_is(uint32_t cpu, uint32_t intid, uint32_t kind)
{
	return (read32(frame_of(cpu, intid) + kind + intid / 32u * 4u) >> intid % 32u & 1u) != 0u;
}

void gic_group(uint32_t cpu, uint32_t intid, uint32_t group)
{
	uint64_t at = frame_of(cpu, intid) + IGROUPR + intid / 32u * 4u;
	uint32_t bit = 1u << intid % 32u;

	write32(at, group != 0u ? read32(at) | bit : read32(at) & ~bit);
}

void gic_priority(uint32_t cpu, uint32_t intid, uint8_t priority)
{
	write8(frame_of(cpu, intid) + IPRIORITYR + intid, priority);
}

void gic_edge(uint32_t intid, bool edge)
{
	uint64_t at = frame_of(0, intid) + ICFGR + intid / 16u * 4u;
	uint32_t bit = 2u << intid % 16u * 2u;

	write32(at, edge ? read32(at) | bit : read32(at) & ~bit);
}
