/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

/* PL011 (DDI 0183): UARTDR, and the transmit-FIFO-full bit of UARTFR. */
#define UARTDR (*(volatile uint32_t *)(UART + 0x00))
#define UARTFR (*(volatile uint32_t *)(UART + 0x18))
#define UARTFR_TXFF (1u << 5)

void put_char(char c)
{
	while (UARTFR & UARTFR_TXFF)
		;
	UARTDR = (uint8_t)c;
}

void print(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			put_char('\r');
		put_char(*text);
	}
}

static void print_number(uint64_t value, unsigned base)
{
	char digits[20];
	unsigned count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (count)
		put_char(digits[--count]);
}

void print_hex(uint64_t value)
{
	print("0x");
	print_number(value, 16);
}

void print_decimal(uint64_t value)
{
	print_number(value, 10);
}
