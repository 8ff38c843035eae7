/* SPDX-License-Identifier: Apache-2.0 */
#include "fail.h"

#include "layout.h"
#include "nie/error.h"
#include "nie/stubs.h"

/* PL011 (Arm DDI 0183): data register, flag register with its transmit-FIFO-full bit. */
#define UART_DR 0x00u
#define UART_FR 0x18u
#define UART_FR_TXFF 0x20u

static u64 console_slot, core_slot;

void fail_prepare(u64 console, u64 core, u64 first_slot)
{
	core_slot = core; /* until there is a copy */
	must(nie_cap_copy(NIE_OWN_CSPACE, first_slot, NIE_OWN_CSPACE, core, NIE_RIGHT_CONTROL), "core 0",
	     "cap_copy");
	core_slot = first_slot;
	must(nie_cap_copy(NIE_OWN_CSPACE, first_slot + 1u, NIE_OWN_CSPACE, console,
			  NIE_RIGHT_READ | NIE_RIGHT_WRITE),
	     "console", "cap_copy");
	console_slot = first_slot + 1u;
}

static void print(const char *text)
{
	for (; *text != '\0'; text++) {
		while ((*(volatile u32 *)(CONSOLE_AT + UART_FR) & UART_FR_TXFF) != 0u) {
		}
		*(volatile u32 *)(CONSOLE_AT + UART_DR) = (u8)*text;
	}
}

void fail_because(const char *object, const char *call, const char *why)
{
	if (console_slot != 0 && nie_map(console_slot, NIE_BOOT_SLOT_VSPACE, CONSOLE_AT,
					 NIE_RIGHT_READ | NIE_RIGHT_WRITE) == NIE_OK) {
		print("capdl-init: ");
		print(object);
		print(": ");
		print(call);
		print(": ");
		print(why);
		print("\r\n");
	}
	for (;;) {
		nie_machine_off(core_slot);
	}
}

void fail(const char *object, const char *call, u64 status)
{
	char text[64];

	fail_because(object, call, nie_status_text(status, text, sizeof(text)));
}
