/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_HW_H
#define NIE_HW_H

#include "nie/types.h"

/*
 * All that kernel/core asks of the hardware. kernel/arch/arm64 does it; tests/native records it.
 */

/* Make granules of a kernel object accessible to EL2, or no longer (all cores). */
void hw_object_map(granule_t first, u32 count);
void hw_object_unmap(granule_t first, u32 count);

/* Bytes of a table, many at a time: are `count` from `first` on zero; they become `value`. */
bool hw_are_zero(const u8 *table, u32 first, u32 count);
void hw_set_bytes(u8 *table, u32 first, u32 count, u8 value);

/* Zero granules that are not mapped at EL2, through this core's window. `count` is 1 to 512. */
void hw_scrub(granule_t first, u32 count);

/* SHA-256 of the content of granules that are not mapped at EL2, through this core's window. */
void hw_hash(granule_t first, u32 count, u64 hash[4]);
/* One block, as sha256_block() does or faster. */
void hw_sha256_block(u32 state[8], const u64 block[8]);
/* Fill a granule that is not mapped at EL2: `count` words (at most 512), then zeroes. */
RARE void hw_fill(granule_t g, const u64 *words, u32 count);

/* A word of a granule that is not mapped at EL2. */
u64 hw_peek(granule_t g, u32 word);
void hw_poke(granule_t g, u32 word, u64 value);

/* Make the content of granules visible to a guest that starts with its caches off (clean to the
 * point of coherency) and to its instruction fetches. */
void hw_clean(granule_t first, u32 count);

/* Stage-2 table writes before this are visible to walks after it. */
void hw_tables_written(void);
/* No core uses an old translation of this IPA, or of this VSpace, any more. Includes the barriers
 * before and after. `root`: physical address of the root table. */
void hw_invalidate_ipa(u32 vmid, u64 root, u64 ipa);
void hw_invalidate_vspace(u32 vmid, u64 root);

/*
 * The SMMU. A stream is cut off until it is connected to the stage 2 of a VSpace. All of these wait until what the device
 * did by the old state has reached memory; the translations of a VSpace with devices are invalidated for
 * them in addition to the above.
 */
void hw_stream_connect(u32 stream, u32 vmid, u64 root);
void hw_stream_cut(u32 stream);
void hw_stream_invalidate_ipa(u32 vmid, u64 ipa);
void hw_stream_invalidate_vspace(u32 vmid);
/* Take the next event from the SMMU's queue; false if there is none. `stream` may be any number. */
struct stream_event {
	u32 stream;
	u64 ipa;
	u64 access; /* as in NIE_EXIT_FAULT */
	u64 event;  /* number of its type */
};
RARE bool hw_stream_event(struct stream_event *e);

/* This core goes from one vCPU to another, or to none (GRANULE_NONE): what hardware holds for a guest or task (EL1 state,
 * virtual interface, virtual timer, VTTBR, HCR) is moved to the first one's struct vcpu, and from the second one's.
 * General registers, pc and pstate are in struct vcpu already. */
void hw_vcpu_switch(granule_t from, granule_t to);
/* The same, on a core that has none. */
void hw_vcpu_load(granule_t vcpu);
/* Forget the floating-point state that a core may still hold of a vCPU that ends. */
void hw_vcpu_forget(granule_t vcpu);

/* The guest that is loaded: deliver an UNDEFINED exception to its EL1. */
RARE void hw_inject_undefined(granule_t vcpu);
/* The guest that is loaded: counter value at which its virtual timer fires; NIE_NEVER if it is off. */
u64 hw_timer_wake(granule_t vcpu);
/* The guest that is loaded: deactivate its virtual timer's interrupt. */
void hw_timer_deactivate(granule_t vcpu);
/* The guest that is loaded: an interrupt is signalled to it, or would be but for PSTATE. */
bool hw_interrupt_pending(granule_t vcpu);

/* Value that the guest sees in an ID register; `iss` is that of the trapped access (Arm ARM D24.2.40).
 * False: no such register in the CPU model. */
bool hw_id_register(granule_t vcpu, u32 iss, u64 *value);

/* The CPU's generator of true random numbers: is there one; a number, or false: none at the moment. */
bool hw_has_random(void);
bool hw_random(u64 *value);

u64 hw_now(void);                 /* CNTPCT_EL0 */
void hw_deadline(u64 when);       /* this core's hypervisor timer; NIE_NEVER: off */
void hw_kick(u32 core);           /* interrupt another core */
RARE void hw_irq_enable(u32 intid, u32 core);
RARE void hw_irq_disable(u32 intid);
void hw_irq_deactivate(u32 intid);
RARE void hw_power_off(void);

/* Print one line: the task that this core was started with did what nobody can continue from
 * (exception class, faulting address, program counter). */
RARE void hw_report_task(u32 core, u64 class, u64 address, u64 pc);

/* A check that cannot fail did: print a report that names it, and stop the machine. */
_Noreturn void hw_panic(const char *what, u64 value);

/* Interrupts that the kernel uses itself. */
#define INTID_KICK 0u
#define INTID_MAINTENANCE 25u
#define INTID_DEADLINE 26u
#define INTID_GUEST_TIMER 27u

#endif
