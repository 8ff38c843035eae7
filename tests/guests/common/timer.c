/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

#define STRIDE 0x20000ul
#define SGI_FRAME 0x10000ul
#define TIMER_INTID 27u
#define SPURIOUS_INTID 1023u

static volatile uint32_t *reg(uintptr_t address)
{
	return (volatile uint32_t *)address;
}

volatile uint32_t timer_interrupts;

uint64_t timer_now(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(value) :: "memory");
	return value;
}

uint64_t timer_frequency(void)
{
	uint64_t value;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(value));
	return value;
}

void timer_arm(uint64_t ticks)
{
	__asm__ volatile("msr cntv_tval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb" :: "r"(ticks), "r"(1ul));
}

void gic_init_cpu(unsigned cpu, uint32_t sgis)
{
	uintptr_t base = REDISTRIBUTOR + cpu * STRIDE;
	uintptr_t frame = base + SGI_FRAME;
	uint64_t sre;

	*reg(base + 0x0014) = 0;                    /* GICR_WAKER: awake */
	while (*reg(base + 0x0014) & 4)             /* ChildrenAsleep */
		;
	*reg(frame + 0x0080) = 0xffffffff;          /* GICR_IGROUPR0: group 1 */
	((volatile uint8_t *)(frame + 0x0400))[TIMER_INTID] = 0x80; /* GICR_IPRIORITYR */
	*reg(frame + 0x0100) = 1u << TIMER_INTID | sgis; /* GICR_ISENABLER0 */
	__asm__ volatile("mrs %0, s3_0_c12_c12_5" : "=r"(sre)); /* ICC_SRE_EL1 */
	__asm__ volatile("msr s3_0_c12_c12_5, %0\n\tisb" :: "r"(sre | 1));
	__asm__ volatile("msr s3_0_c4_c6_0, %0" :: "r"(0xf0ul));    /* ICC_PMR_EL1 */
	__asm__ volatile("msr s3_0_c12_c12_7, %0\n\tisb" :: "r"(1ul)); /* ICC_IGRPEN1_EL1 */
}

void gic_init(void)
{
	*reg(DISTRIBUTOR) = 0x12; /* GICD_CTLR: ARE_NS, EnableGrp1 */
	gic_init_cpu(0, 0);
	__asm__ volatile("msr daifclr, #2");
}

void guest_interrupt(void)
{
	uint64_t intid;

	__asm__ volatile("mrs %0, s3_0_c12_c12_0\n\tdsb sy" : "=r"(intid)); /* ICC_IAR1_EL1 */
	intid &= 0xffffff;
	if (intid == SPURIOUS_INTID)
		return;
	if (intid == TIMER_INTID) {
		timer_interrupts++;
		__asm__ volatile("msr cntv_ctl_el0, xzr\n\tisb");
	}
	__asm__ volatile("msr s3_0_c12_c12_1, %0\n\tisb" :: "r"(intid)); /* ICC_EOIR1_EL1 */
}
