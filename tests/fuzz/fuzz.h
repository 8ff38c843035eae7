/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_H
#define FUZZ_H

#include "world.h"

/* The input: bytes that run out; then it reads as zeroes. */
struct input {
	const u8 *at;
	const u8 *end;
};

u8 take(struct input *in);
u64 take_u64(struct input *in);
bool taken(const struct input *in);

/* play.c: one step of one core. */
void play(struct input *in);

/* build.c: a few calls of the initial task that chance seldom makes in a row. */
void build_guest(struct input *in);
void build_task(struct input *in);
void put_content(struct input *in);

/* watch.c: what one step may change. Between begin and end lies one entry into the kernel on `core`. */
void watch_reset(void);
void watch_begin(u32 core);
void watch_end(u32 core, bool by_guest);

/* Stops the fuzzer with a sentence. */
#define MUST(condition) \
	do { \
		if (!(condition)) { \
			broken(#condition); \
		} \
	} while (0)
_Noreturn void broken(const char *what);

extern u64 calls_played;

#endif
