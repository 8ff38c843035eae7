/* SPDX-License-Identifier: Apache-2.0 */
/* Between entry.S and kernel/core: the lock, interrupts, and what runs next. */
#include "arch.h"
#include "nie/run.h"
#include "nie/view.h"

#define EC_SHIFT 26u
#define EC_FP 0x07u

/* Sleep until an interrupt that core C is to hear of. Interrupts stay masked at EL2: WFI wakes up
 * for a pending one all the same (Arm ARM D1.6.2). */
static u32 idle(struct percpu *me)
{
	for (;;) {
		u32 intid = gic_acknowledge(me);

		if (intid != INTID_NONE) {
			return intid;
		}
		isb();
		dsb(sy);
		__asm__ volatile("wfi");
	}
}

/* The core has a new task, or none that can run now. */
static __attribute__((noinline, cold)) void resume_later(struct percpu *me, const struct core *c)
{
	if (c->starting != 0u) {
		chain_check(me->core);
	}
	while (c->current == GRANULE_NONE || c->waiting != 0u) {
		kernel_unlock();
		u32 intid = idle(me);

		kernel_lock();
		trap_interrupt(me->core, intid);
	}
	if (me->loaded != c->current) {
		hw_panic("the current vCPU is not loaded: granule", c->current);
	}
}

/* With the lock, which entry.S releases: on with what runs next. Where it is inlined, nothing is restored first. */
static inline __attribute__((always_inline)) void go_on(struct percpu *me)
{
	const struct core *c = me->state;

	if (me->loaded != c->current || me->loaded == GRANULE_NONE || c->waiting != 0u) {
		resume_later(me, c);
	}
	register struct vcpu *v __asm__("x0") = vcpu_at(me->loaded);

	__asm__ volatile("b	resume_vcpu" :: "r"(v) : "memory");
}

void resume(struct percpu *me)
{
	go_on(me);
}

void lower_call(struct percpu *me)
{
	if (vcpu_at(me->loaded)->guest != 0u) {
		hw_panic("an SVC of a guest: granule", me->loaded); /* HCR_EL2.TGE is 0 */
	}
	hypercall(me->core, me->loaded);
	go_on(me);
}

void lower_sync(struct percpu *me, u64 esr)
{
	if ((esr >> EC_SHIFT & 0x3f) == EC_FP && me->fp_user == NULL) {
		fp_trap(me);
	} else {
		trap_sync(me->core, esr, read_sysreg(far_el2), read_sysreg(hpfar_el2));
	}
	go_on(me);
}

void lower_irq(struct percpu *me, u32 intid)
{
	trap_interrupt(me->core, intid);
	resume(me);
}
