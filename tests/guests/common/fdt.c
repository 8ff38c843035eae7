/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

/* Flattened device tree, as in the Devicetree Specification, chapter 5. */
#define FDT_MAGIC 0xd00dfeedu
enum { FDT_BEGIN_NODE = 1, FDT_END_NODE, FDT_PROP, FDT_NOP, FDT_END = 9 };
enum { HEADER_MAGIC, HEADER_TOTAL_SIZE, HEADER_STRUCTS, HEADER_STRINGS };

static uint32_t word(const uint32_t *at)
{
	return __builtin_bswap32(*at);
}

static bool starts_with(const char *text, const char *prefix)
{
	while (*prefix)
		if (*text++ != *prefix++)
			return false;
	return true;
}

static bool equal(const char *a, const char *b)
{
	return starts_with(a, b) && starts_with(b, a);
}

static size_t length(const char *text)
{
	size_t count = 0;

	while (text[count])
		count++;
	return count;
}

bool fdt_memory(const void *blob, struct memory *memory)
{
	const uint32_t *header = blob;
	const uint32_t *at, *end;
	const char *strings;
	unsigned depth = 0;
	bool in_memory = false;

	if (((uintptr_t)blob & 7) || word(&header[HEADER_MAGIC]) != FDT_MAGIC)
		return false;
	at = header + word(&header[HEADER_STRUCTS]) / 4;
	end = header + word(&header[HEADER_TOTAL_SIZE]) / 4;
	strings = (const char *)blob + word(&header[HEADER_STRINGS]);
	while (at < end) {
		switch (word(at++)) {
		case FDT_BEGIN_NODE:
			depth++;
			in_memory = depth == 2 && starts_with((const char *)at, "memory");
			at += length((const char *)at) / 4 + 1;
			break;
		case FDT_END_NODE:
			depth--;
			in_memory = false;
			break;
		case FDT_PROP: {
			uint32_t size = word(at);

			if (in_memory && size >= 16 && equal(strings + word(at + 1), "reg")) {
				memory->base = (uint64_t)word(at + 2) << 32 | word(at + 3);
				memory->size = (uint64_t)word(at + 4) << 32 | word(at + 5);
				return true;
			}
			at += 2 + (size + 3) / 4;
			break;
		}
		case FDT_NOP:
			break;
		default:
			return false;
		}
	}
	return false;
}
