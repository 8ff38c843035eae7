/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_BOOT_H
#define NIE_BOOT_H

#include "nie/types.h"

/* Where the parts of the system image are in RAM. Both begin at a multiple of 2 MiB. */
struct boot_image {
	granule_t kernel_end;    /* first granule after the kernel's image and data */
	granule_t task;          /* the initial task's flattened image */
	u32 task_granules;
	u32 task_text_granules;  /* from its start: read and execute; the rest: read and write */
	u64 task_entry;
	granule_t archive;
	u64 archive_bytes;
};

/* Called once, on core 0, when all cores are up: fill the granule table, scrub free RAM, make the
 * initial task and its capabilities, and leave it as cores[0].current, loaded. */
void boot(u32 core_count, const struct boot_image *image);

#endif
