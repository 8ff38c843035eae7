/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOSTILE_GUEST_H
#define HOSTILE_GUEST_H

#include "guest.h"

#pragma GCC visibility push(hidden)

/* run.S: execute one instruction word, with x0 and x1 as given; its x0. `trapped` counts the exceptions that
 * it took, which the vectors skip; `esr` is the last one's. */
uint64_t run_word(uint32_t word, uint64_t x0, uint64_t x1);
uint64_t run_at(const void *where, uint64_t x0, uint64_t x1);
extern const uint64_t hvc_calls[], smc_calls[]; /* one for each immediate */
extern volatile uint64_t trapped, last_esr;

/* What a class of attacks did: how many, and how many were refused with an exception. */
struct tally {
	uint64_t tried, refused;
};

void attack(struct tally *t, uint32_t word, uint64_t x0, uint64_t x1);
void attack_at(struct tally *t, const void *where, uint64_t x0, uint64_t x1);
void say(const char *what, const struct tally *t);

uint64_t draw(void); /* pseudo-random */

/* The classes of attacks. */
void calls(void);
void registers(void);
void maintenance(void);
void storms(void);
void accesses(void);
void tables(void);
_Noreturn void last_act(uint64_t which);

#pragma GCC visibility pop

#endif
