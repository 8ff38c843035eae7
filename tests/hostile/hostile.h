/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "config.h"
#include "cores.h"
#include "nie/error.h"
#include "nie/loops.h"
#include "nie/space.h"
#include "nie/stubs.h"
#include "sitter.h"

/* What the attacks share. */
struct hostile {
	struct config config;
	struct nie_allocator own;     /* what lasts: tables of our own VSpace, untypeds below */
	struct nie_space space;       /* our own VSpace */
	struct nie_allocator scratch; /* what an attack needs; given back by scratch_reset() */
	u64 probe_untyped, probe_slot;
	u64 cores; /* that run: 1 or more */
};
extern struct hostile h;

#define RIGHTS_RW (NIE_RIGHT_READ | NIE_RIGHT_WRITE)
#define RIGHTS_RWX (RIGHTS_RW | NIE_RIGHT_EXECUTE)

/* --- verdict.c: one line for each attack --- */
void verdict(bool held, const char *what, const char *how, ...) __attribute__((format(printf, 3, 4)));
/* A hypercall must fail with exactly this status. */
void refused(const char *what, u64 status, u64 expected);
struct guest;
/* No attack, but must hold: after some of them, the guest has its memory as it left it. */
void still_right(struct guest *g);
/* Setting up an attack failed: that is a failure of the test. */
_Noreturn void broken_setup(const char *what, u64 status);
void must(const char *what, u64 status);
void verdict_finish(void);

/* --- access.c: accesses that may fault, by a vCPU of our own that we run --- */
enum access_end { ACCESS_DONE, ACCESS_FAULT, ACCESS_CRASH, ACCESS_OTHER };
struct access {
	enum access_end end;
	u64 ipa, kind; /* of a fault: kind as in nie.yaml's exit `fault` */
	u64 value;     /* read */
	u64 class;     /* of a crash */
};
/* probe.S: where such a vCPU begins; its argument is in x0. */
void probe_read(void);
void probe_write(void);
void probe_execute(void);
void probe_sleep(void);
void probe_random(void);
struct access access_try(void (*entry)(void), u64 argument);
/* Make the vCPU without running it: its slot. It is of `cspace`; `stack` may be 0. */
u64 access_prepare(void (*entry)(void), u64 argument, u64 cspace, u64 stack);
/* It ended in a fault of this kind exactly at `address`. */
bool faulted_at(const struct access *a, u64 address, u64 kind);

/* --- guest.c: guests that do as they are told, and what becomes of them --- */
#define GUEST_PAGES 64u
#define GUEST_BLOCK_IPA GUEST_RAM_BASE
#define GUEST_PAGE_IPA (GUEST_RAM_BASE + NIE_BLOCK_SIZE)
#define GUEST_RAM_SIZE (NIE_BLOCK_SIZE + GUEST_PAGES * NIE_PAGE_SIZE)
#define GUEST_RAM_PAGES (GUEST_RAM_SIZE / NIE_PAGE_SIZE)
#define GUEST_ENTRY (GUEST_RAM_BASE + 0x8000ul)

/* What is different about a guest: two that differ in anything have different measurements. */
enum flaw { FLAW_NONE, FLAW_CONTENT, FLAW_ORDER, FLAW_PLACE, FLAW_RIGHTS, FLAW_ENTRY, FLAW_ARGUMENT, FLAW_VCPUS,
	    FLAW_EXPECTED, FLAW_POLICY, FLAW_CPU, FLAWS };

struct guest {
	const struct guest_config *config;
	struct nie_allocator memory;
	struct nie_space space;
	u64 vspace, vcpu[2], block, page[GUEST_PAGES];
	u64 window;   /* where we had its RAM mapped before we gave it away */
	u64 expected; /* sum of its words, as we compute it */
	u64 mmio_reply; /* for what it reads at MAILBOX_DATA */
	struct nie_run_results last; /* the last exit, as it came */
	u64 flags, list[3];
	u64 expects;  /* pages of memory expected behind its RAM */
	enum flaw flaw;
	u64 policy;
	u64 patience; /* milliseconds that an answer may take */
};
extern struct guest victim, neighbour, marker;

void guest_init(struct guest *g, u32 number, u64 window, u64 first_slot, u64 slots);
/* Destroy what there was of it, and make it anew; without and with activation. */
void guest_build(struct guest *g);
void guest_seal(struct guest *g);
/* Built, sealed, and it has filled its RAM. */
void guest_start(struct guest *g);
u64 guest_ram_ipa(u32 page);
/* What it expects behind its RAM. */
u64 guest_expected_ipa(u32 page);
/* Address at which we had this page of its RAM mapped. */
u64 guest_window(const struct guest *g, u32 page);

/* One run of a vCPU, until something that the mailbox does not answer: the reason, or 0 with *status set. */
#define RUN_ANSWERED 0x100u
#define RUN_REFUSED 0x101u
u64 guest_run(struct guest *g, u32 vcpu, u64 milliseconds, u64 *status);
/* Give it a command: RUN_ANSWERED and *answer, or why it ended. */
u64 guest_ask(struct guest *g, u64 command, u64 argument, u64 *answer);
u64 guest_ask_vcpu(struct guest *g, u32 vcpu, u64 command, u64 argument, u64 *answer);
/* It still has the right sum. */
bool guest_unharmed(struct guest *g);
/* How often something that was in the secret registers of a guest came out of run(). */
u64 guest_leaks(void);

/* Map frames that are nobody's into our VSpace, read them, unmap: number of words that are not zero. */
u64 scan_frame(u64 frame, u64 bits);
u64 scan_guest_frames(struct guest *g);
/* Revoke all untypeds of the guest, make frames of every byte of them, and read those. */
u64 scan_guest_memory(struct guest *g);
u64 scan_untyped(u64 untyped);

/* --- main.c --- */
u64 scratch_make(u64 type, u64 bits);
void scratch_reset(void);
/* A free address in our VSpace for attempts, 2 MiB aligned, with tables down to level 3 behind it or not. */
#define ATTEMPT_PAGE (h.config.window + 0x10000000ul)
#define ATTEMPT_BLOCK (h.config.window + 0x10200000ul)

/* --- the attacks --- */
void attack_memory(void);
void attack_frames(void);
void attack_tables(void);
void attack_exits(void);
void attack_seal(void);
void attack_run(void);
void attack_caps(void);
void attack_retype(void);
void attack_end(void);
void attack_race(void);
void attack_switch(void);
void attack_every(void);
void attack_random(void);

#endif
