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

/* Single bytes up to a whole 32, four words at a time, single bytes. */
__attribute__((optimize("no-tree-loop-distribute-patterns")))
void *memset(void *to, int value, size_t size)
{
	u64 word = (u8)value * 0x0101010101010101ul;
	u8 *at = to;
	u8 *end = at + size;

	for (; at < end && (u64)at % 32u != 0u; at++) {
		*at = (u8)value;
	}
	for (; end - at >= 32; at += 32) {
		u64 *words = (u64 *)at;

		words[0] = word;
		words[1] = word;
		words[2] = word;
		words[3] = word;
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

	if (((u64)bytes | count) % 32u == 0u) {
		for (; bytes < end; bytes += 32) {
			const u64 *words = (const u64 *)bytes;

			seen |= words[0] | words[1] | words[2] | words[3];
		}
	} else {
		for (; bytes < end; bytes++) {
			seen |= *bytes;
		}
	}
	return seen == 0u;
}
