/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TRNG firmware interface 1.0 (Arm DEN0098): entropy that a guest need not trust its VMM for. It comes from the
 * CPU's own generator; where there is none, the interface is not there either.
 */
#include "nie/trng.h"

#include "nie/hw.h"

#define TRNG_VERSION 0x84000050u
#define TRNG_FEATURES 0x84000051u
#define TRNG_GET_UUID 0x84000052u
#define TRNG_RND32 0x84000053u
#define TRNG_RND64 0xc4000053u

#define TRNG_1_0 0x10000ul
#define SUCCESS 0ul
#define NOT_SUPPORTED (~0ul)      /* -1 */
#define INVALID_PARAMETERS (~1ul) /* -2 */
#define NO_ENTROPY (~2ul)         /* -3 */
#define RESULTS 3u

/* Names the implementation, made once at random (2.2.3); its first word must not look like an error. */
#define UUID {0x5f1d0ac3ul, 0x4b7c4e26ul, 0x0a9e31b8ul, 0x6cd7f264ul}

/* `bits` random bits, right-aligned in x3, x2 and x1 of `width` bits each: the rest is zero (2.2.4). */
static u64 random_bits(struct vcpu *v, u64 bits, u64 width)
{
	u64 word[RESULTS] = {0, 0, 0};

	if (bits == 0u || bits > RESULTS * width) {
		return INVALID_PARAMETERS;
	}
	for (u32 i = 0; i < RESULTS && bits > i * width; i++) {
		u64 left = bits - i * width;
		u64 value = 0;

		if (!hw_random(&value)) {
			return NO_ENTROPY;
		}
		word[i] = value >> (64u - (left < width ? left : width));
	}
	for (u32 i = 0; i < RESULTS; i++) {
		v->x[RESULTS - i] = word[i];
	}
	return SUCCESS;
}

bool trng_call(struct vcpu *v, u32 function, u64 argument)
{
	static const u64 uuid[4] = UUID;

	if (!hw_has_random()) {
		return false;
	}
	switch (function) {
	case TRNG_VERSION:
		v->x[0] = TRNG_1_0;
		return true;
	case TRNG_FEATURES:
		v->x[0] = (argument >= TRNG_VERSION && argument <= TRNG_RND32) || argument == TRNG_RND64 ? SUCCESS :
			  NOT_SUPPORTED;
		return true;
	case TRNG_GET_UUID:
		for (u32 i = 0; i < 4u; i++) {
			v->x[i] = uuid[i];
		}
		return true;
	case TRNG_RND32:
		v->x[0] = random_bits(v, argument, 32);
		return true;
	case TRNG_RND64:
		v->x[0] = random_bits(v, argument, 64);
		return true;
	default:
		return false;
	}
}
