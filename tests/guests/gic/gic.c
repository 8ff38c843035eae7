/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 (Arm IHI 0069) as a guest with two CPUs sees it: registers, priorities and preemption, active state with both
 * EOI modes, groups, levels and edges, more of everything than there are list registers. Interrupts are mostly polled for. */
#include "gic.h"

#define RTC 0x09010000ul
#define RTC_DR 0x00u
#define RTC_MR 0x04u
#define RTC_IMSC 0x10u
#define RTC_RIS 0x14u
#define PATIENCE 2000u /* polls for an interrupt on its way */

uint32_t take(uint32_t group)
{
	for (uint32_t i = 0; i < PATIENCE; i++) {
		uint64_t intid = (group != 0u ? MRS(ICC_IAR1) : MRS(ICC_IAR0)) & 0xffffffu;

		BARRIER();
		if (intid < 1020u) {
			return (uint32_t)intid;
		}
	}
	return SPURIOUS;
}

void take_nothing(uint32_t group, const char *what)
{
	check_equal(take(group), SPURIOUS, what);
}

void finish(uint32_t group, uint32_t intid)
{
	if (group != 0u) {
		MSR(ICC_EOIR1, intid);
	} else {
		MSR(ICC_EOIR0, intid);
	}
}

void spi_setup(uint32_t intid, uint8_t priority)
{
	gic_edge(intid, true);
	gic_group(0, intid, 1);
	gic_priority(0, intid, priority);
	write64(GICD + IROUTER + 8u * intid, 0);
	gic_bit(0, intid, ISENABLER);
}

void pend(uint32_t intid)
{
	gic_bit(0, intid, ISPENDR);
}

void clean(void)
{
	for (uint32_t word = 1; word < 4u; word++) {
		write32(GICD + ICENABLER + 4u * word, ~0u);
		write32(GICD + ICPENDR + 4u * word, ~0u);
		write32(GICD + ICACTIVER + 4u * word, ~0u);
		write32(GICD + IGROUPR + 4u * word, ~0u);
	}
	gic_cpu_on(0);
	BARRIER();
}

void rtc_init(void)
{
	write32(RTC + RTC_IMSC, 0);
	for (uint32_t i = 0; i < 10u && (read32(RTC + RTC_RIS) & 1u) == 0u; i++) {
		write32(RTC + RTC_MR, read32(RTC + RTC_DR)); /* now */
	}
	check(read32(RTC + RTC_RIS) == 1u, "the RTC does not ring");
}

void rtc_line(bool high)
{
	write32(RTC + RTC_IMSC, high ? 1u : 0u);
	BARRIER();
}

_Noreturn void guest_main(const void *device_tree)
{
	(void)device_tree;
	corner_vectors();
	MASK_IRQ();
	gic_distributor_on();
	clean();
	print("gic: registers\n");
	registers();
	clean();
	print("gic: priorities\n");
	priorities();
	clean();
	print("gic: active\n");
	active_state();
	clean();
	print("gic: groups\n");
	groups();
	clean();
	print("gic: other CPUs\n");
	other_cpus();
	check_equal(trapped.count, 0, "exceptions");
	check_end("gic");
}
