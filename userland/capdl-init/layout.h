/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAYOUT_H
#define LAYOUT_H

/*
 * The initial task's VSpace. The kernel mapped the task itself with pages, so a level-3 table stands
 * for its 2 MiB: the last two pages of them serve for temporary mappings, and no table is made.
 * capdl/image.py refuses a task that reaches that far.
 */
#define PAGE_AT (NIE_BOOT_ADDRESS_IMAGE + 0x1ff000ul)
#define CONSOLE_AT (NIE_BOOT_ADDRESS_IMAGE + 0x1fe000ul)
/* A 2 MiB frame needs an entry of the level-2 table only. */
#define BLOCK_AT (NIE_BOOT_ADDRESS_IMAGE + 0x200000ul)

#endif
