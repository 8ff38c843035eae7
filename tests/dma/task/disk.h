/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DISK_H
#define DISK_H

#include "dma.h"

/* Pages shared with the disk: its queues, the data of a transfer, and a list of pages. */
enum { ADMIN_SUBMISSIONS, ADMIN_COMPLETIONS, SUBMISSIONS, COMPLETIONS, DATA, MORE_DATA, LIST, DISK_PAGES };
#define DISK_IPA(page) (0x51000000ul + (page) * NIE_PAGE_SIZE)
#define SECTOR 512u
#define DISK_WRITE 1u /* opcodes: from memory to the disk, */
#define DISK_READ 2u  /* from the disk to memory */
#define DISK_SILENT (~0u)

extern volatile u64 *disk_page[DISK_PAGES];
extern u64 disk_frame[DISK_PAGES]; /* as the domain has it */

/* Make the domain, and attach the disk to it. */
void disk_start(struct domain *d);
/* Reset it, with these addresses of its admin queues; false if it does not come up. */
bool disk_reset(u64 submissions, u64 completions);
/* Reset it, and make its other queue; commands then go there. */
bool disk_open(void);
/* Sectors to or from the pages at prp1 and prp2 (a list, if they are more than two): the status, 0 is success. */
u32 disk_do(u32 opcode, u32 sector, u32 sectors, u64 prp1, u64 prp2);
/* Tell it of one more command in a queue, whatever is there; the answer, within so many tenths of a millisecond. */
void disk_ring(u32 queue);
u32 disk_answer(u32 queue, u32 waits);

#endif
