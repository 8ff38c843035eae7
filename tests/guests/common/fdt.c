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

const void *fdt_property(const void *blob, const char *node, const char *name, uint32_t *size)
{
	const uint32_t *header = blob;
	const uint32_t *at, *end;
	const char *strings;
	unsigned depth = 0;
	bool inside = false;

	if (((uintptr_t)blob & 7) || word(&header[HEADER_MAGIC]) != FDT_MAGIC)
		return NULL;
	at = header + word(&header[HEADER_STRUCTS]) / 4;
	end = header + word(&header[HEADER_TOTAL_SIZE]) / 4;
	strings = (const char *)blob + word(&header[HEADER_STRINGS]);
	while (at < end) {
		switch (word(at++)) {
		case FDT_BEGIN_NODE:
			depth++;
			inside = depth == 2 && starts_with((const char *)at, node);
			at += length((const char *)at) / 4 + 1;
			break;
		case FDT_END_NODE:
			depth--;
			inside = false;
			break;
		case FDT_PROP:
			*size = word(at);
			if (inside && equal(strings + word(at + 1), name))
				return at + 2;
			at += 2 + (*size + 3) / 4;
			break;
		case FDT_NOP:
			break;
		default:
			return NULL;
		}
	}
	return NULL;
}

bool fdt_region(const void *blob, const char *node, struct memory *memory)
{
	uint32_t size;
	const uint32_t *reg = fdt_property(blob, node, "reg", &size);

	if (!reg || size < 16)
		return false;
	memory->base = (uint64_t)word(reg) << 32 | word(reg + 1);
	memory->size = (uint64_t)word(reg + 2) << 32 | word(reg + 3);
	return true;
}

bool fdt_memory(const void *blob, struct memory *memory)
{
	return fdt_region(blob, "memory", memory);
}

bool fdt_bootargs_have(const void *blob, const char *text)
{
	uint32_t size;
	const char *at = fdt_property(blob, "chosen", "bootargs", &size);

	while (at && *at)
		if (starts_with(at++, text))
			return true;
	return false;
}
