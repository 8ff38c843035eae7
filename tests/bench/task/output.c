/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include "nie/error.h"
#include "nie/stubs.h"

/* PL011 (Arm DDI 0183): data register, flag register with its transmit-FIFO-full bit. */
#define UART_DR 0x00u
#define UART_FR 0x18u
#define UART_FR_TXFF 0x20u

static bool console_mapped;

void print(const char *text)
{
	for (; *text != '\0' && console_mapped; text++) {
		while ((*(volatile u32 *)(CONSOLE_AT + UART_FR) & UART_FR_TXFF) != 0u) {
		}
		*(volatile u32 *)(CONSOLE_AT + UART_DR) = (u8)*text;
	}
}

static void print_number(u64 value)
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
	console_mapped = nie_map(NIE_BOOT_SLOT_DEVICES, NIE_BOOT_SLOT_VSPACE, CONSOLE_AT, READ_WRITE) == NIE_OK;
	print("bench: frequency");
	print_number(nie_frequency());
	print("\r\n");
}

void report(const char *name, const struct samples *s)
{
	print("bench: ");
	print(name);
	print_number(s->count);
	print_number(s->sum);
	print_number(s->least);
	print_number(s->most);
	print("\r\n");
}

void finish(void)
{
	for (;;) {
		nie_machine_off(NIE_BOOT_SLOT_CORES);
	}
}

void must(u64 status, const char *what)
{
	char text[64];

	if (status != NIE_OK) {
		print("bench: failed: ");
		print(what);
		print(": ");
		print(nie_status_text(status, text, sizeof(text)));
		print("\r\n");
		finish();
	}
}
