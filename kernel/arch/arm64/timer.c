/* SPDX-License-Identifier: Apache-2.0 */
/* The generic timer (Arm ARM D11): EL2's own, and the virtual one, which belongs to the guest that
 * is loaded. Virtual time is physical time: CNTVOFF_EL2 is 0. */
#include "arch.h"

#define TIMER_ENABLE 1u
#define TIMER_IMASK 2u
#define TIMER_ISTATUS 4u

u64 hw_now(void)
{
	isb(); /* not earlier than what came before it */
	return read_sysreg(cntpct_el0);
}

/* The timer is always enabled (switch_init_core). No counter reaches NIE_NEVER, which is the greatest value that it could have. */
void hw_deadline(u64 when)
{
	write_sysreg(cnthp_cval_el2, when);
}

_Static_assert(NIE_NEVER == ~0ul, "hw_deadline");

u64 hw_timer_wake(granule_t vcpu)
{
	(void)vcpu;
	if ((read_sysreg(cntv_ctl_el0) & (TIMER_ENABLE | TIMER_IMASK)) != TIMER_ENABLE) {
		return NIE_NEVER;
	}
	return read_sysreg(cntv_cval_el0);
}

bool timer_asserted(void)
{
	u64 control = read_sysreg(cntv_ctl_el0);

	return (control & (TIMER_ENABLE | TIMER_IMASK | TIMER_ISTATUS)) == (TIMER_ENABLE | TIMER_ISTATUS);
}
