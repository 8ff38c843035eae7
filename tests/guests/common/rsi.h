/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GUEST_RSI_H
#define GUEST_RSI_H

#include <stdint.h>

/* Arm's Realm Services Interface 1.0 (DEN0137). */
#define RSI_VERSION 0xc4000190ul
#define RSI_MEASUREMENT_READ 0xc4000192ul
#define RSI_MEASUREMENT_EXTEND 0xc4000193ul
#define RSI_REALM_CONFIG 0xc4000196ul
#define RSI_IPA_STATE_SET 0xc4000197ul
#define RSI_IPA_STATE_GET 0xc4000198ul
#define RIPAS_EMPTY 0ul
#define RIPAS_RAM 1ul

/* `x` holds x0 to x8, going in and coming out. */
static inline void rsi(uint64_t x[9])
{
	register uint64_t x0 __asm__("x0") = x[0];
	register uint64_t x1 __asm__("x1") = x[1];
	register uint64_t x2 __asm__("x2") = x[2];
	register uint64_t x3 __asm__("x3") = x[3];
	register uint64_t x4 __asm__("x4") = x[4];
	register uint64_t x5 __asm__("x5") = x[5];
	register uint64_t x6 __asm__("x6") = x[6];
	register uint64_t x7 __asm__("x7") = x[7];
	register uint64_t x8 __asm__("x8") = x[8];

	__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "+r"(x6), "+r"(x7),
			 "+r"(x8) :: "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	x[0] = x0;
	x[1] = x1;
	x[2] = x2;
	x[3] = x3;
	x[4] = x4;
	x[5] = x5;
	x[6] = x6;
	x[7] = x7;
	x[8] = x8;
}

#endif
