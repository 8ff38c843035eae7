/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_MEASURE_H
#define NIE_MEASURE_H

#include "nie/types.h"

/*
 * The measurement of a guest: M is 32 zero bytes at first, and each event of its building makes
 * M = SHA-256(M || record). A record is eight little-endian words: kind, three numbers, a hash or zero. What each
 * kind means is in docs/decisions/0006-sealing.md; capdl/measure.py computes the same.
 */
enum measured {
	MEASURED_CONTENT = 1, /* ipa, bytes, rights; hash of the content */
	MEASURED_RAM = 2,     /* ipa, bytes, size_bits of an entry */
	MEASURED_VCPU = 3,    /* index, entry, argument */
	MEASURED_POLICY = 4,  /* policy, 0, 0: the guest is activated */
	MEASURED_STREAM = 5,  /* StreamID of a device that reaches it, 0, 0 */
};

void measure_content(granule_t vspace, u64 ipa, u64 rights, granule_t frame, u32 count);
void measure_event(granule_t vspace, enum measured kind, u64 first, u64 second, u64 third);

/* Extensible measurements, 1 to 4, are the guest's own: N = SHA-256(N || the first `bytes` bytes of `value`). */
#define MEASUREMENTS 5u
#define MEASURE_VALUE_WORDS 8u
void measure_extend(granule_t vspace, u64 number, const u64 value[MEASURE_VALUE_WORDS], u64 bytes);

#endif
