/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that its VMM drives: an NVMe controller (NVM Express Base Specification 1.4) whose domain holds its queues and
 * buffers, and nothing else. It fetches commands, lists of pages and data by DMA, and writes data and completions.
 */
#include "disk.h"

#define FUNCTION 2u /* 00:03.0 of the platform file */
#define CONFIG 0x4010000000ul
#define CONFIG_PAGE (CONFIG + (FUNCTION + 1u) * 8u * NIE_PAGE_SIZE)
#define WINDOW (0x10000000ul + FUNCTION * 0x200000ul)
#define CONFIG_AT 0x70020000ul
#define WINDOW_AT 0x70030000ul /* registers, then doorbells */

#define PCI_COMMAND 0x04u
#define PCI_COMMAND_MEMORY_AND_MASTER 6u
#define PCI_CLASS 0x08u
#define PCI_CLASS_NVME 0x010802u
#define PCI_BAR0 0x10u

#define REG_INTMS 0x0cu
#define REG_CC 0x14u
#define REG_CSTS 0x1cu
#define REG_AQA 0x24u
#define REG_ASQ 0x28u
#define REG_ACQ 0x30u
#define REG_DOORBELLS 0x1000u
#define CC_ENABLE (1u | 6u << 16 | 4u << 20) /* entries of 64 and of 16 bytes */
#define CSTS_READY 1u

#define ENTRIES 16u
#define COMMAND_WORDS 16u
#define COMPLETION_WORDS 4u
#define CREATE_QUEUE ((ENTRIES - 1u) << 16 | 1u)
#define CONTIGUOUS 1u
#define OPCODE_CREATE_SQ 0x01u
#define OPCODE_CREATE_CQ 0x05u
#define NAMESPACE 1u
#define PATIENCE 20000u /* waits of a tenth of a millisecond: the disk is a file, in real time */

volatile u64 *disk_page[DISK_PAGES];
u64 disk_frame[DISK_PAGES];
static u32 tail[2], head[2], phase[2];

static volatile u32 *reg(u32 offset)
{
	return (volatile u32 *)(WINDOW_AT + offset);
}

static void wait_a_little(void)
{
	u64 deadline = nie_now() + nie_frequency() / 10000u;
	u64 reason = 0;

	while (reason != NIE_EXIT_DEADLINE) {
		must(nie_wait(deadline, &reason), "waiting");
	}
}

static bool ready_is(u32 wanted)
{
	for (u32 i = 0; i < PATIENCE; i++) {
		if ((*reg(REG_CSTS) & CSTS_READY) == wanted) {
			return true;
		}
		wait_a_little();
	}
	return false;
}

void disk_start(struct domain *d)
{
	volatile u32 *config = (volatile u32 *)CONFIG_AT;

	must(nie_space_map(&own, device_slot(CONFIG_PAGE), NIE_PAGE_BITS, CONFIG_AT, RIGHTS_RW), "mapping configuration space");
	for (u32 i = 0; i < 2u; i++) {
		must(nie_space_map(&own, device_slot(WINDOW + i * NIE_PAGE_SIZE), NIE_PAGE_BITS,
				   WINDOW_AT + i * NIE_PAGE_SIZE, RIGHTS_RW), "mapping a BAR");
	}
	if (config[PCI_CLASS / 4u] >> 8 != PCI_CLASS_NVME) {
		failed("there is no disk");
	}
	config[PCI_BAR0 / 4u] = (u32)WINDOW;
	config[PCI_BAR0 / 4u + 1u] = 0;
	config[PCI_COMMAND / 4u] = PCI_COMMAND_MEMORY_AND_MASTER;
	d->vspace = make(NIE_TYPE_TASK_VSPACE, NIE_PAGE_BITS + 1u);
	nie_space_init(&d->space, d->vspace, &memory);
	for (u32 i = 0; i < DISK_PAGES; i++) {
		struct page p = page_make(NIE_TYPE_SHARED_FRAME, true);

		disk_page[i] = p.here;
		disk_frame[i] = share_into(&d->space, &p, DISK_IPA(i));
	}
	must(nie_stream_attach(stream[DISK], d->vspace), "attaching the disk");
}

static void forget_queue(u32 queue)
{
	volatile u64 *completions = disk_page[queue == 0u ? ADMIN_COMPLETIONS : COMPLETIONS];

	for (u32 i = 0; i < NIE_PAGE_SIZE / 8u; i++) {
		completions[i] = 0;
	}
	tail[queue] = 0;
	head[queue] = 0;
	phase[queue] = 1;
}

bool disk_reset(u64 submissions, u64 completions)
{
	*reg(REG_CC) = 0;
	if (!ready_is(0)) {
		return false;
	}
	forget_queue(0);
	forget_queue(1);
	*reg(REG_INTMS) = ~0u;
	*reg(REG_AQA) = (ENTRIES - 1u) << 16 | (ENTRIES - 1u);
	*reg(REG_ASQ) = (u32)submissions;
	*reg(REG_ASQ + 4u) = (u32)(submissions >> 32);
	*reg(REG_ACQ) = (u32)completions;
	*reg(REG_ACQ + 4u) = (u32)(completions >> 32);
	*reg(REG_CC) = CC_ENABLE;
	return ready_is(CSTS_READY);
}

void disk_ring(u32 queue)
{
	tail[queue] = (tail[queue] + 1u) % ENTRIES;
	__asm__ volatile("dsb sy" ::: "memory");
	*reg(REG_DOORBELLS + 8u * queue) = tail[queue];
}

u32 disk_answer(u32 queue, u32 waits)
{
	volatile u32 *completion = (volatile u32 *)disk_page[queue == 0u ? ADMIN_COMPLETIONS : COMPLETIONS] +
				   head[queue] * COMPLETION_WORDS;

	for (u32 i = 0; i < waits; i++) {
		u32 status = completion[3];

		if ((status >> 16 & 1u) == phase[queue]) {
			head[queue] = (head[queue] + 1u) % ENTRIES;
			phase[queue] ^= head[queue] == 0u ? 1u : 0u;
			*reg(REG_DOORBELLS + 8u * queue + 4u) = head[queue];
			return status >> 17;
		}
		wait_a_little();
	}
	return DISK_SILENT;
}

static u32 command(u32 queue, u32 opcode, u64 prp1, u64 prp2, u32 word10, u32 word11, u32 word12)
{
	volatile u32 *c = (volatile u32 *)disk_page[queue == 0u ? ADMIN_SUBMISSIONS : SUBMISSIONS] +
			  tail[queue] * COMMAND_WORDS;

	for (u32 i = 0; i < COMMAND_WORDS; i++) {
		c[i] = 0;
	}
	c[0] = opcode | tail[queue] << 16;
	c[1] = queue == 0u ? 0u : NAMESPACE;
	c[6] = (u32)prp1;
	c[7] = (u32)(prp1 >> 32);
	c[8] = (u32)prp2;
	c[9] = (u32)(prp2 >> 32);
	c[10] = word10;
	c[11] = word11;
	c[12] = word12;
	disk_ring(queue);
	return disk_answer(queue, PATIENCE);
}

bool disk_open(void)
{
	return disk_reset(DISK_IPA(ADMIN_SUBMISSIONS), DISK_IPA(ADMIN_COMPLETIONS)) &&
	       command(0, OPCODE_CREATE_CQ, DISK_IPA(COMPLETIONS), 0, CREATE_QUEUE, CONTIGUOUS, 0) == 0u &&
	       command(0, OPCODE_CREATE_SQ, DISK_IPA(SUBMISSIONS), 0, CREATE_QUEUE, 1u << 16 | CONTIGUOUS, 0) == 0u;
}

u32 disk_do(u32 opcode, u32 sector, u32 sectors, u64 prp1, u64 prp2)
{
	return command(1, opcode, prp1, prp2, sector, 0, sectors - 1u);
}
