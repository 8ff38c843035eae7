/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_RUNQUEUE_H
#define VMM_RUNQUEUE_H

#include "nie/task.h"

/*
 * Who runs next: a queue of the ready, in order of arrival, and a list of sleepers, each with the
 * counter value at which it becomes ready by itself. Embedded in struct vcpu; the scheduler's lock
 * protects it.
 */
enum runner_state {
	RUNNER_OFF, /* in no list */
	RUNNER_READY,
	RUNNER_RUNNING, /* taken by a core */
	RUNNER_SLEEPING,
};

struct runner {
	enum runner_state state;
	u64 wake; /* while sleeping */
	struct runner *next;
};

struct runqueue {
	struct runner *first_ready, *last_ready;
	struct runner *sleepers; /* in order of wake */
};

/* From OFF or RUNNING. */
void runqueue_ready(struct runqueue *q, struct runner *r);
void runqueue_sleep(struct runqueue *q, struct runner *r, u64 wake);
/* From SLEEPING to READY, ahead of time. */
void runqueue_wake(struct runqueue *q, struct runner *r);
/* From READY or SLEEPING to OFF. */
void runqueue_remove(struct runqueue *q, struct runner *r);

/* Make the sleepers ready whose time has come. True if somebody is ready. */
bool runqueue_tick(struct runqueue *q, u64 now);
/* Take the first of the ready: it is RUNNING. NULL: nobody is ready. */
struct runner *runqueue_take(struct runqueue *q);
/* When the next sleeper wakes by itself; NIE_NEVER. */
u64 runqueue_next_wake(const struct runqueue *q);
/* End of a turn that begins now: after `longest`, or earlier when a sleeper wakes, yet not before
 * `shortest`. Without that, guests that sleep often leave the others turns in which nothing gets done. */
u64 runqueue_turn_end(const struct runqueue *q, u64 now, u64 shortest, u64 longest);

#endif
