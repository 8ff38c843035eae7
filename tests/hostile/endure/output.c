/* SPDX-License-Identifier: Apache-2.0 */
#include "endure.h"

#include "nie/error.h"

/* PL011 (Arm DDI 0183): data register, flag register with its transmit-FIFO-full bit. */
#define UART_DR 0x00u
#define UART_FR 0x18u
#define UART_FR_TXFF 0x20u

void print(const char *text)
{
	for (; *text != '\0'; text++) {
		while ((*(volatile u32 *)(CONSOLE_AT + UART_FR) & UART_FR_TXFF) != 0u) {
		}
		*(volatile u32 *)(CONSOLE_AT + UART_DR) = (u8)*text;
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
	} while (value != 0);
	print(" ");
	print(text + at);
}

void output_start(void)
{
	if (nie_map(NIE_BOOT_SLOT_DEVICES, NIE_BOOT_SLOT_VSPACE, CONSOLE_AT, RIGHTS_RW) != NIE_OK) {
		finish();
	}
}

void report(const char *name, u32 count, const u64 *numbers)
{
	print("endure: ");
	print(name);
	for (u32 i = 0; i < count; i++) {
		print_number(numbers[i]);
	}
	print("\r\n");
}

void finish(void)
{
	for (;;) {
		nie_machine_off(NIE_BOOT_SLOT_CORES);
	}
}

void failed(const char *what)
{
	print("endure: FAILED: ");
	print(what);
	print("\r\n");
	finish();
}

void must(u64 status, const char *what)
{
	char text[64];

	if (status != NIE_OK) {
		print("endure: ");
		print(nie_status_text(status, text, sizeof(text)));
		print("\r\n");
		failed(what);
	}
}
