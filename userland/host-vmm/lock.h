/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_LOCK_H
#define VMM_LOCK_H

/*
 * A spin lock between the VMM's cores. Held briefly, never across a hypercall that lends the core.
 * Order: guest, then scheduler or console; the last two are never held together.
 */
struct lock {
	unsigned int taken;
};

static inline void lock_take(struct lock *l)
{
	while (__atomic_exchange_n(&l->taken, 1u, __ATOMIC_ACQUIRE) != 0u) {
		while (__atomic_load_n(&l->taken, __ATOMIC_RELAXED) != 0u) {
#ifdef __aarch64__
			__asm__ volatile("yield");
#endif
		}
	}
}

static inline void lock_release(struct lock *l)
{
	__atomic_store_n(&l->taken, 0u, __ATOMIC_RELEASE);
}

#endif
