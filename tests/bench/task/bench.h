/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_H
#define BENCH_H

#include "console.h"

/* Times of one operation, in ticks of CNTPCT_EL0. */
struct samples {
	u64 count, sum, least, most;
};

/* What a bare pair of clock readings takes; subtracted from every sample. */
extern u64 clock_cost;

static inline u64 clock_read(void)
{
	u64 now;

	__asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(now) : : "memory");
	return now;
}

static inline void sample(struct samples *s, u64 ticks)
{
	u64 net = ticks > clock_cost ? ticks - clock_cost : 0;

	s->least = s->count == 0 || net < s->least ? net : s->least;
	s->most = net > s->most ? net : s->most;
	s->sum += net;
	s->count++;
}

#define TIMED(samples, statement)                          \
	do {                                               \
		u64 before = clock_read();                 \
		statement;                                 \
		sample(&(samples), clock_read() - before); \
	} while (0)

/* setup.c */
void setup(const u64 boot[6]);

/* report.c: one line for each operation, for tools/nie bench. */
void report_start(void);
void report(const char *name, const struct samples *s);

/* The larger pieces of free memory, the largest first, 0 behind them: 2^bits bytes and more. Another one; untyped_take()
 * takes from the first. */
const u64 *memory_all(u64 *bits);
u64 memory_spare(void);

/* Slots, handed out in increasing order, and 2 MiB untypeds from the largest piece of free memory. */
u64 slots_take(u64 count);
u64 untyped_take(u64 size_bits);
u64 object_make(u64 untyped, u64 type, u64 size_bits);
/* Where the task maps what it measures with: a page, and a 2 MiB block. */
#define PAGE_AT (NIE_BOOT_ADDRESS_IMAGE + 0x1ff000ul)
#define CONSOLE_AT (NIE_BOOT_ADDRESS_IMAGE + 0x1fe000ul)
#define BLOCK_AT (NIE_BOOT_ADDRESS_IMAGE + 0x200000ul)
#define READ_WRITE (NIE_RIGHT_READ | NIE_RIGHT_WRITE)
#define READ_WRITE_EXECUTE (READ_WRITE | NIE_RIGHT_EXECUTE)

void measure_memory(void);
void measure_guests(void);

/* A sealed guest of this many frames of 2 MiB: its capabilities lie in GUEST_SLOTS more slots than that. */
#define GUEST_SLOTS 10u
void guest_build(u64 untyped, const u64 *memory, u64 slots, u64 frames);
void guest_take_apart(u64 untyped, const u64 *memory, u64 slots);

struct guest {
	u64 untyped;
	u64 space;
	u64 vcpu[2];
};

/* A guest of one frame that runs a program of guest.S. */
void guest_make(struct guest *g, u64 program);
void guest_end(const struct guest *g);

#endif
