/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "hostile.h"

static u32 held_count, broken_count, broken_checks;

void verdict(bool held, const char *what, const char *how, ...)
{
	bool unharmed = guest_unharmed(&neighbour);
	va_list arguments;

	printf("attack %u: %s: ", held_count + broken_count + 1u, what);
	va_start(arguments, how);
	vprintf(how, arguments);
	va_end(arguments);
	printf("%s: %s\n", unharmed ? "" : " (the neighbour was harmed)", held && unharmed ? "held" : "BROKEN");
	if (held && unharmed) {
		held_count++;
	} else {
		broken_count++;
	}
}

void still_right(struct guest *g)
{
	bool unharmed = guest_unharmed(g);

	printf("check: the guest that was attacked sums its memory: %s: %s\n", unharmed ? "right" : "wrong",
	       unharmed ? "held" : "BROKEN");
	broken_checks += unharmed ? 0u : 1u;
}

void refused(const char *what, u64 status, u64 expected)
{
	char text[48];
	char wanted[48];

	nie_status_text(status, text, sizeof(text));
	if (status == expected) {
		verdict(true, what, "%s", text);
	} else {
		verdict(false, what, "%s, expected %s", text, nie_status_text(expected, wanted, sizeof(wanted)));
	}
}

void broken_setup(const char *what, u64 status)
{
	char text[48];

	printf("hostile: FAILED: %s: %s (0x%lx)\n", what, nie_status_text(status, text, sizeof(text)), status);
	nie_machine_off(h.config.cores.slot[0]);
	__builtin_trap();
}

void must(const char *what, u64 status)
{
	if (status != NIE_OK) {
		broken_setup(what, status);
	}
}

void verdict_finish(void)
{
	printf("hostile: %u attacks, %u held, %u broken; %u checks failed\n", held_count + broken_count,
		held_count,
	       broken_count, broken_checks);
}
