/* SPDX-License-Identifier: Apache-2.0 */
/* The archive: a header, entries, files (capdl/archive.py writes it). All little-endian. */
#include "archive.h"

#define ARCHIVE_MAGIC 0x766968637261656eul
#define NAME_SIZE 48u

struct archive_entry {
	char name[NAME_SIZE];
	u64 offset;
	u64 size;
};

struct archive_header {
	u64 magic;
	u64 count;
	struct archive_entry entries[];
};

static bool same(const char *stored, const char *name)
{
	for (u32 i = 0; i < NAME_SIZE; i++) {
		if (stored[i] != name[i]) {
			return false;
		}
		if (name[i] == '\0') {
			return true;
		}
	}
	return false;
}

bool archive_find(u64 archive, u64 size, const char *name, const u8 **data, u64 *length)
{
	const struct archive_header *header = (const struct archive_header *)archive;

	if (size < sizeof(*header) || header->magic != ARCHIVE_MAGIC ||
	    header->count > (size - sizeof(*header)) / sizeof(struct archive_entry)) {
		return false;
	}
	for (u64 i = 0; i < header->count; i++) {
		const struct archive_entry *entry = &header->entries[i];

		if (same(entry->name, name) && entry->offset <= size && entry->size <= size - entry->offset) {
			*data = (const u8 *)archive + entry->offset;
			*length = entry->size;
			return true;
		}
	}
	return false;
}
