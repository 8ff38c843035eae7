/* SPDX-License-Identifier: Apache-2.0 */
/* The PL011 (Arm DDI 0183) that EL2 writes its boot line and its reports to, and a tiny printer. */
#include "arch.h"

#define PL011_DR 0x00u
#define PL011_FR 0x18u
#define PL011_FR_BUSY (1u << 3)
#define PL011_FR_TXFF (1u << 5)
#define PL011_CR 0x30u
#define PL011_CR_ON 0x301u /* UARTEN, TXE, RXE */

void console_init(void)
{
	write32(CONSOLE + PL011_CR, PL011_CR_ON);
}

void console_flush(void)
{
	while ((read32(CONSOLE + PL011_FR) & PL011_FR_BUSY) != 0u) {
	}
}

void put_char(char c)
{
	while ((read32(CONSOLE + PL011_FR) & PL011_FR_TXFF) != 0u) {
	}
	write32(CONSOLE + PL011_DR, (u8)c);
}

void put_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			put_char('\r');
		}
		put_char(*text);
	}
}

void put_decimal(u64 value)
{
	char digits[21];
	u32 at = sizeof(digits) - 1u;

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + value % 10u);
		value /= 10u;
	} while (value != 0u);
	put_text(&digits[at]);
}

void put_hex(u64 value)
{
	u32 shift = 60;

	put_text("0x");
	while (shift != 0u && value >> shift == 0u) {
		shift -= 4u;
	}
	for (;; shift -= 4u) {
		put_char("0123456789abcdef"[value >> shift & 0xf]);
		if (shift == 0u) {
			return;
		}
	}
}
