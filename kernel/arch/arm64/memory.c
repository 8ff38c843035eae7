/* SPDX-License-Identifier: Apache-2.0 */
/* What GCC expects of every freestanding environment. Kernel structures are whole, aligned words. */
#include "arch.h"

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);

static bool all_words(u64 bits)
{
	return bits % sizeof(u64) == 0u;
}

__attribute__((optimize("no-tree-loop-distribute-patterns")))
void *memcpy(void *to, const void *from, size_t size)
{
	if (all_words((u64)to | (u64)from | size)) {
		for (size_t i = 0; i < size / sizeof(u64); i++) {
			((u64 *)to)[i] = ((const u64 *)from)[i];
		}
	} else {
		for (size_t i = 0; i < size; i++) {
			((u8 *)to)[i] = ((const u8 *)from)[i];
		}
	}
	return to;
}

/* Single bytes up to a whole word, eight words at a time, words, single bytes. */
__attribute__((optimize("no-tree-loop-distribute-patterns")))
void *memset(void *to, int value, size_t size)
{
	u64 word = (u8)value * 0x0101010101010101ul;
	u8 *at = to;
	u8 *end = at + size;

	for (; at < end && (u64)at % 8u != 0u; at++) {
		*at = (u8)value;
	}
	for (; end - at >= 64; at += 64) {
#pragma GCC unroll 8
		for (u32 i = 0; i < 8u; i++) {
			((u64 *)at)[i] = word;
		}
	}
	for (; end - at >= 8; at += 8) {
		*(u64 *)at = word;
	}
	for (; at < end; at++) {
		*at = (u8)value;
	}
	return to;
}

void hw_set_bytes(u8 *table, u32 first, u32 count, u8 value)
{
	if (count == 1u) {
		table[first] = value;
	} else {
		memset(table + first, value, count);
	}
}

bool hw_are_zero(const u8 *table, u32 first, u32 count)
{
	const u8 *bytes = table + first;
	const u8 *end = bytes + count;
	u64 seen = 0;

	if (((u64)bytes | count) % 64u == 0u) {
		for (; bytes < end; bytes += 64) {
			const u64 *words = (const u64 *)bytes;

			seen |= words[0] | words[1] | words[2] | words[3];
			seen |= words[4] | words[5] | words[6] | words[7];
		}
	} else {
		for (; bytes < end; bytes++) {
			seen |= *bytes;
		}
	}
	return seen == 0u;
}
