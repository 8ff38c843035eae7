/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_RUNQUEUE_H
#define VMM_RUNQUEUE_H

#include "nie/task.h"

/*
 * Who runs next. Each guest has a share: the time its vCPUs ran, divided by its weight. The ready vCPU
 * whose guest has had the least goes first; among those of equal guests, the one that waits longest. So
 * cores are divided between guests by weight, however many vCPUs each has, and a guest that is always ready
 * cannot keep another waiting. Start-time fair queueing (Goyal, Vin, Cheng 1996) with guests as flows.
 *
 * Embedded in struct vcpu; the scheduler's lock protects it.
 */
enum runner_state {
	RUNNER_OFF, /* in no list */
	RUNNER_READY,
	RUNNER_RUNNING, /* taken by a core */
	RUNNER_SLEEPING,
};

#define SHARE_SCALE 1024u

/* What the vCPUs of a guest have in common. */
struct share {
	u64 used;   /* SHARE_SCALE * counter ticks / weight */
	u32 weight; /* from 1 on */
	u8 cores;   /* bit n: may run on core n */
};

struct runner {
	enum runner_state state;
	struct share *share;
	u64 wake;    /* while sleeping */
	u64 since;   /* while ready: from when on; while running: when it got the core */
	u64 longest; /* that it was ready and waited */
	struct runner *next;
};

struct runqueue {
	struct runner *first_ready, *last_ready; /* in order of arrival */
	struct runner *sleepers;                 /* in order of wake */
	u64 used; /* largest `used` with which a guest was served although all others had more */
	u64 lead; /* how far behind that a guest may be which was away: what it gets at once */
};

/* From OFF or RUNNING. */
void runqueue_ready(struct runqueue *q, struct runner *r, u64 now);
void runqueue_sleep(struct runqueue *q, struct runner *r, u64 wake);
/* From SLEEPING to READY, ahead of time. */
void runqueue_wake(struct runqueue *q, struct runner *r, u64 now);
/* From READY or SLEEPING to OFF. */
void runqueue_remove(struct runqueue *q, struct runner *r);

/* Make the sleepers ready whose time has come. */
void runqueue_tick(struct runqueue *q, u64 now);
/* Is somebody ready who may run on this core? */
bool runqueue_has_ready(const struct runqueue *q, u32 core);
/* Take who is next on this core: it is RUNNING. NULL: nobody is ready for it. */
struct runner *runqueue_take(struct runqueue *q, u32 core, u64 now);
/* Count the time since it got the core, or since it was last charged. */
void runqueue_charge(struct runner *r, u64 now);
/* When the next sleeper that may run on this core wakes by itself; NIE_NEVER. */
u64 runqueue_next_wake(const struct runqueue *q, u32 core);
/* End of a turn on this core that begins now: after `longest`, or earlier when a sleeper wakes, yet not
 * before `shortest`. Without that, guests that sleep often leave the others turns in which nothing gets done. */
u64 runqueue_turn_end(const struct runqueue *q, u32 core, u64 now, u64 shortest, u64 longest);

static inline bool runner_may_use(const struct runner *r, u32 core)
{
	return (r->share->cores >> core & 1u) != 0u;
}

#endif
