/* SPDX-License-Identifier: Apache-2.0 */
/* Floating-point registers of two CPUs, over everything that may take a CPU away: time, waiting, calls, device accesses,
 * interrupts. Each CPU has values of its own. */
#include "corner.h"

#define ROUNDS 200u
#define GICD_TYPER (GICD + 4u)

#pragma GCC visibility push(hidden)
void fp_fill(uint64_t seed);
uint64_t fp_wrong(uint64_t seed); /* registers that hold something else */
uint64_t fp_zero(void);           /* registers that are not zero */
#pragma GCC visibility pop

static volatile uint64_t done, wrong, begun;

static void enable(void)
{
	MSR("cpacr_el1", 3ul << 20);
}

static void tick(void)
{
	uint64_t intid = MRS(ICC_IAR1) & 0xffffffu;

	if (intid != SPURIOUS) {
		MSR(CNTV_CTL, 0);
		MSR(ICC_EOIR1, intid);
	}
}

/* Give the CPU away in one of several ways. */
static void away(uint32_t how)
{
	uint64_t since = timer_now();

	switch (how % 5u) {
	case 0:
		timer_arm(timer_frequency() / 2000u);
		WFI();
		UNMASK_IRQ();
		MASK_IRQ();
		break;
	case 1:
		(void)psci(0x84000000ul, 0, 0, 0);
		break;
	case 2:
		(void)read32(GICD_TYPER);
		break;
	case 3:
		while (timer_now() - since < timer_frequency() / 1000u) {
		}
		break;
	default:
		break;
	}
}

static uint64_t rounds(uint64_t cpu)
{
	uint64_t bad = 0;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint64_t seed = (cpu + 1u) << 32 | i << 8;

		fp_fill(seed);
		away(i);
		away(i / 5u);
		bad += fp_wrong(seed);
	}
	return bad;
}

static void prepare(uint32_t cpu)
{
	MASK_IRQ();
	gic_cpu_on(cpu);
	gic_bit(cpu, PPI_VIRTUAL_TIMER, ISENABLER);
	enable();
}

static void second(void)
{
	begun = 1;
	prepare(1);
	wrong = rounds(1);
	done = 1;
}

_Noreturn void guest_main(const void *device_tree)
{
	(void)device_tree;
	corner_vectors();
	on_irq = tick;
	gic_distributor_on();
	prepare(0);
	check_equal(fp_zero(), 0, "registers at the start");
	check_equal((uint64_t)cpu_start(1, second), 0, "CPU_ON");
	check_equal(rounds(0), 0, "registers of CPU 0 that changed");
	check(wait_for(&done, 1, 20u * timer_frequency()), "CPU 1 does not finish");
	check_equal(wrong, 0, "registers of CPU 1 that changed");
	check_equal(trapped.count, 0, "exceptions");
	check_end("fp");
}
