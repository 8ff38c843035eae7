/* SPDX-License-Identifier: Apache-2.0 */
#include "dma.h"

#include "nie/error.h"

#define CONSOLE_AT (NIE_BOOT_ADDRESS_IMAGE + 0x1fe000ul)
/* PL011 (Arm DDI 0183): data register, flag register with its transmit-FIFO-full bit. */
#define UART_DR 0x00u
#define UART_FR 0x18u
#define UART_FR_TXFF 0x20u

static u32 attacks, held_count;

void say(const char *text)
{
	for (; *text != '\0'; text++) {
		while ((*(volatile u32 *)(CONSOLE_AT + UART_FR) & UART_FR_TXFF) != 0u) {
		}
		*(volatile u32 *)(CONSOLE_AT + UART_DR) = (u8)*text;
	}
}

static void say_number(u64 value)
{
	char text[21];
	u32 at = sizeof(text) - 1u;

	text[at] = '\0';
	do {
		text[--at] = (char)('0' + value % 10u);
		value /= 10u;
	} while (value != 0u);
	say(text + at);
}

static void say_hex(u64 value)
{
	say("0x");
	for (int shift = 60; shift >= 0; shift -= 4) {
		if (value >> shift != 0u || shift == 0) {
			char digit[2] = {"0123456789abcdef"[value >> shift & 0xfu], '\0'};

			say(digit);
		}
	}
}

void say_start(void)
{
	if (nie_map(device_slot(0x09000000ul), NIE_BOOT_SLOT_VSPACE, CONSOLE_AT, RIGHTS_RW) != NIE_OK) {
		finish();
	}
}

static void begin(const char *what)
{
	attacks++;
	say("attack ");
	say_number(attacks);
	say(": ");
	say(what);
}

static void end(bool held)
{
	held_count += held ? 1u : 0u;
	say(held ? ": held\r\n" : ": BROKEN\r\n");
}

void verdict(bool held, const char *what)
{
	begin(what);
	end(held);
}

static struct nie_stream_fault_results fault_of(u32 device)
{
	struct nie_stream_fault_results f = {0};

	must(nie_stream_fault(stream[device], &f), "stream_fault");
	return f;
}

void refused(u32 device, const char *what, u64 ipa, u64 access, u64 event, bool unchanged)
{
	struct nie_stream_fault_results f = fault_of(device);

	begin(what);
	say(": stream ");
	say_number(8u * (device + 1u));
	say((f.access & 2u) != 0u ? " writes " : " reads ");
	say_hex(f.ipa);
	say(f.event == NOTHING_MAPPED ? ": nothing is mapped" : f.event == FORBIDDEN ? ": not allowed" : ": no fault");
	say(unchanged ? "" : "; memory has changed");
	/* QEMU translates one access twice. */
	end(unchanged && (f.faults == 1u || f.faults == 2u) && f.ipa == ipa && f.access == access && f.event == event);
}

void silent(u32 device, const char *what, bool unchanged)
{
	struct nie_stream_fault_results f = fault_of(device);

	begin(what);
	say(unchanged ? ": nothing happens" : ": memory has changed");
	end(unchanged && f.faults == 0u);
}

void broken_setup(const char *what)
{
	say("dma: FAILED: ");
	say(what);
	say("\r\n");
	finish();
}

void must(u64 status, const char *what)
{
	char text[64];

	if (status != NIE_OK) {
		say(nie_status_text(status, text, sizeof(text)));
		say("\r\n");
		broken_setup(what);
	}
}

void finish(void)
{
	say("dma: ");
	say_number(attacks);
	say(" attacks, ");
	say_number(held_count);
	say(" held\r\n");
	for (;;) {
		nie_machine_off(NIE_BOOT_SLOT_CORES);
	}
}
