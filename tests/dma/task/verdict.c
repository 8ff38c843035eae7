/* SPDX-License-Identifier: Apache-2.0 */
#include "dma.h"

const char task_name[] = "dma";

static u32 attacks, held_count;

static void print_hex(u64 value)
{
	print("0x");
	for (int shift = 60; shift >= 0; shift -= 4) {
		if (value >> shift != 0u || shift == 0) {
			char digit[2] = {"0123456789abcdef"[value >> shift & 0xfu], '\0'};

			print(digit);
		}
	}
}

static void begin(const char *what)
{
	attacks++;
	print("attack ");
	print_number(attacks);
	print(": ");
	print(what);
}

static void end(bool held)
{
	held_count += held ? 1u : 0u;
	print(held ? ": held\r\n" : ": BROKEN\r\n");
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

static void refusal(u32 device, const char *what, u64 ipa, u64 access, u64 event, bool unchanged, u64 most)
{
	struct nie_stream_fault_results f = fault_of(device);

	begin(what);
	print(": stream ");
	print_number(8u * (device + 1u));
	print((f.access & 2u) != 0u ? " writes " : " reads ");
	print_hex(f.ipa);
	print(f.event == NOTHING_MAPPED ? ": nothing is mapped" : f.event == FORBIDDEN ? ": not allowed" : ": no fault");
	print(unchanged ? "" : "; memory has changed");
	end(unchanged && f.faults != 0u && f.faults <= most && f.ipa == ipa && f.access == access && f.event == event);
}

void refused(u32 device, const char *what, u64 ipa, u64 access, u64 event, bool unchanged)
{
	refusal(device, what, ipa, access, event, unchanged, 2); /* QEMU translates one access twice */
}

void refused_often(u32 device, const char *what, u64 ipa, u64 access, u64 event, bool unchanged)
{
	refusal(device, what, ipa, access, event, unchanged, ~0ul);
}

void silent(u32 device, const char *what, bool unchanged)
{
	struct nie_stream_fault_results f = fault_of(device);

	begin(what);
	print(unchanged ? ": nothing happens" : ": memory has changed");
	end(unchanged && f.faults == 0u);
}

void verdicts_count(void)
{
	print("dma: ");
	print_number(attacks);
	print(" attacks, ");
	print_number(held_count);
	print(" held\r\n");
}
