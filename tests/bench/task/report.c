/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

const char task_name[] = "bench";

static void print_next(u64 value)
{
	print(" ");
	print_number(value);
}

void report_start(void)
{
	console_start(NIE_BOOT_SLOT_DEVICES, CONSOLE_AT);
	print("bench: frequency");
	print_next(nie_frequency());
	print("\r\n");
}

void report(const char *name, const struct samples *s)
{
	print("bench: ");
	print(name);
	print_next(s->count);
	print_next(s->sum);
	print_next(s->least);
	print_next(s->most);
	print("\r\n");
}
