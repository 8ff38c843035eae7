/* SPDX-License-Identifier: Apache-2.0 */
#include "dma.h"

/* Of the platform file: functions 00:01.0 and 00:02.0. */
#define CONFIG 0x4010000000ul
#define WINDOW 0x10000000ul
#define WINDOW_SIZE 0x200000ul
#define CONFIG_AT 0x70000000ul
#define WINDOW_AT 0x70010000ul

#define PCI_ID 0x00u
#define PCI_COMMAND 0x04u
#define PCI_COMMAND_MEMORY_AND_MASTER 6u
#define PCI_BAR0 0x10u
#define EDU_ID 0x11e81234u

#define EDU_SOURCE 0x80u
#define EDU_DESTINATION 0x88u
#define EDU_COUNT 0x90u
#define EDU_COMMAND 0x98u
#define EDU_RUN 1u
#define EDU_TO_MEMORY 2u
#define EDU_BUFFER 0x40000ul
#define TRANSFER_MS 120u

const u64 stream[DEVICES] = {NIE_BOOT_SLOT_STREAMS, NIE_BOOT_SLOT_STREAMS + 1u, NIE_BOOT_SLOT_STREAMS + 2u};

static volatile u32 *config(u32 device, u32 offset)
{
	return (volatile u32 *)(CONFIG_AT + device * NIE_PAGE_SIZE + offset);
}

static volatile u64 *reg(u32 device, u32 offset)
{
	return (volatile u64 *)(WINDOW_AT + device * NIE_PAGE_SIZE + offset);
}

void edu_start(void)
{
	for (u32 i = 0; i < EDUS; i++) {
		must(nie_space_map(&own, device_slot(CONFIG + (i + 1u) * 8u * NIE_PAGE_SIZE), NIE_PAGE_BITS,
				   CONFIG_AT + i * NIE_PAGE_SIZE, RIGHTS_RW), "mapping configuration space");
		must(nie_space_map(&own, device_slot(WINDOW + i * WINDOW_SIZE), NIE_PAGE_BITS,
				   WINDOW_AT + i * NIE_PAGE_SIZE, RIGHTS_RW), "mapping a BAR");
		if (*config(i, PCI_ID) != EDU_ID) {
			failed("there is no edu device");
		}
		*config(i, PCI_BAR0) = (u32)(WINDOW + i * WINDOW_SIZE);
		*config(i, PCI_COMMAND) = PCI_COMMAND_MEMORY_AND_MASTER;
	}
}

void edu_begin(u32 device, u64 ipa, bool write)
{
	*reg(device, EDU_SOURCE) = write ? EDU_BUFFER : ipa;
	*reg(device, EDU_DESTINATION) = write ? ipa : EDU_BUFFER;
	*reg(device, EDU_COUNT) = sizeof(u64);
	*reg(device, EDU_COMMAND) = EDU_RUN | (write ? EDU_TO_MEMORY : 0u);
}

void edu_end(u32 device)
{
	do {
		u64 deadline = nie_now() + nie_frequency() / 1000u * TRANSFER_MS;
		u64 reason = 0;

		while (reason != NIE_EXIT_DEADLINE) {
			must(nie_wait(deadline, &reason), "waiting");
		}
	} while ((*reg(device, EDU_COMMAND) & EDU_RUN) != 0u);
}

void edu_write(u32 device, u64 ipa)
{
	edu_begin(device, ipa, true);
	edu_end(device);
}

void edu_read(u32 device, u64 ipa)
{
	edu_begin(device, ipa, false);
	edu_end(device);
}

void edu_copy(u32 device, u64 from, u64 to)
{
	edu_read(device, from);
	edu_write(device, to);
}
