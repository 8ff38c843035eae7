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

__attribute__((optimize("no-tree-loop-distribute-patterns")))
void *memset(void *to, int value, size_t size)
{
	u64 word = (u8)value * 0x0101010101010101ul;

	if (all_words((u64)to | size)) {
		for (size_t i = 0; i < size / sizeof(u64); i++) {
			((u64 *)to)[i] = word;
		}
	} else {
		for (size_t i = 0; i < size; i++) {
			((u8 *)to)[i] = (u8)value;
		}
	}
	return to;
}
