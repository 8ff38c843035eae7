/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anything that tasks, guests and the hardware can do to kernel/core, as the input says, on three cores.
 * After each entry into the kernel: every invariant of the whole state, and every rule of watch.c.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#define STEPS_MAX 400u

u64 calls_played;

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

void broken(const char *what)
{
	fprintf(stderr, "fuzz: broken: %s\n", what);
	abort();
}

u8 take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0u;
}

u64 take_u64(struct input *in)
{
	u64 value = 0;

	for (u32 i = 0; i < 8u; i++) {
		value = value << 8 | take(in);
	}
	return value;
}

bool taken(const struct input *in)
{
	return in->at == in->end;
}

static void print_calls(void)
{
	fprintf(stderr, "fuzz: %llu entries into the kernel\n", (unsigned long long)calls_played);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	atexit(print_calls);
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = {data, data + size};

	world_setup(NULL);
	watch_reset();
	for (u32 step = 0; step < STEPS_MAX && !taken(&in); step++) {
		play(&in);
		if (native_count(NATIVE_POWER_OFF) != 0u) {
			break;
		}
	}
	world_teardown(NULL);
	return 0;
}
