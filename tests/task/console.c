/* SPDX-License-Identifier: Apache-2.0 */
#include "console.h"

#include "nie/error.h"
#include "nie/stubs.h"

/* PL011 (Arm DDI 0183): data register, flag register with its transmit-FIFO-full bit. */
#define UART_DR 0x00u
#define UART_FR 0x18u
#define UART_FR_TXFF 0x20u

static u64 console; /* where it is mapped; 0: not yet */

void console_start(u64 device_slot, u64 at)
{
	if (nie_map(device_slot, NIE_BOOT_SLOT_VSPACE, at, NIE_RIGHT_READ | NIE_RIGHT_WRITE) == NIE_OK) {
		console = at;
	}
}

void print(const char *text)
{
	for (; *text != '\0' && console != 0u; text++) {
		while ((*(volatile u32 *)(console + UART_FR) & UART_FR_TXFF) != 0u) {
		}
		*(volatile u32 *)(console + UART_DR) = (u8)*text;
	}
}

void print_number(u64 value)
{
	char text[21];
	u32 at = sizeof(text) - 1u;

	text[at] = '\0';
	do {
		text[--at] = (char)('0' + value % 10u);
		value /= 10u;
	} while (value != 0u);
	print(text + at);
}

void machine_off(void)
{
	for (;;) {
		nie_machine_off(NIE_BOOT_SLOT_CORES);
	}
}

static void begin_failure(const char *what)
{
	print(task_name);
	print(": FAILED: ");
	print(what);
}

void failed(const char *what)
{
	begin_failure(what);
	print("\r\n");
	machine_off();
}

void must(u64 status, const char *what)
{
	char text[64];

	if (status != NIE_OK) {
		begin_failure(what);
		print(": ");
		print(nie_status_text(status, text, sizeof(text)));
		print("\r\n");
		machine_off();
	}
}
