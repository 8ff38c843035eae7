/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENDURE_H
#define ENDURE_H

#include "code.h"
#include "console.h"
#include "cores.h"
#include "nie/loops.h"
#include "nie/stubs.h"

/* The machine's initial task, alone with the kernel. */
#define PAGE_AT (NIE_BOOT_ADDRESS_IMAGE + 0x1ff000ul)
#define CONSOLE_AT (NIE_BOOT_ADDRESS_IMAGE + 0x1fe000ul)
#define BLOCK_AT (NIE_BOOT_ADDRESS_IMAGE + 0x200000ul)
#define RIGHTS_RW (NIE_RIGHT_READ | NIE_RIGHT_WRITE)
#define RIGHTS_RWX (RIGHTS_RW | NIE_RIGHT_EXECUTE)

/* code.S */
extern const u64 guest_code[], guest_code_end[];
u64 run_watched_call(u64 vcpu, u64 deadline, u64 exit[7], u64 call);
void el0_dump(void);

/* report.c: "endure: NAME N N ..." */
void report(const char *name, u32 count, const u64 *numbers);
#define REPORT(name, ...) \
	report(name, sizeof((u64[]){__VA_ARGS__}) / sizeof(u64), (u64[]){__VA_ARGS__})

/* memory.c: all the free memory there is */
struct piece {
	u64 slot, size_bits, free;
};
#define PIECES_MAX 64u
extern struct piece pieces[PIECES_MAX];
extern u32 piece_count;
void memory_start(const u64 boot[6]);
/* What everything after this must leave as it was. */
void memory_remember(void);
/* Bytes that are missing, after everything made since is revoked; pieces that cannot be had as a whole count too. */
u64 memory_missing(void);
u64 slots_take(u64 count);
u64 object_make(u64 untyped, u64 type, u64 size_bits);
/* The piece with most room, which is revoked often; and one for what stays. */
u64 largest_piece(void);
u64 smallest_piece(void);

/* main.c: cores that run, this one among them */
extern u32 cores;

/* guest.c */
struct guest {
	u64 space, vcpu[4], page, block;
	u32 pages, blocks, vcpus;
};
void guest_make(struct guest *g, u32 pages, u32 blocks, u32 vcpus, u64 untyped, u64 program);

void churn(u64 seed, u32 rounds);
void vmids(void);
void bounded(void);
void between(void);
/* `busy`: also while a third core calls without a pause. */
void kicks(bool busy);
void registers(void);

#endif
