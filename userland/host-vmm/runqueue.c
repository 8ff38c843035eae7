/* SPDX-License-Identifier: Apache-2.0 */
#include "runqueue.h"

void runqueue_ready(struct runqueue *q, struct runner *r)
{
	r->state = RUNNER_READY;
	r->next = NULL;
	if (q->last_ready != NULL) {
		q->last_ready->next = r;
	} else {
		q->first_ready = r;
	}
	q->last_ready = r;
}

void runqueue_sleep(struct runqueue *q, struct runner *r, u64 wake)
{
	struct runner **at = &q->sleepers;

	while (*at != NULL && (*at)->wake <= wake) {
		at = &(*at)->next;
	}
	r->state = RUNNER_SLEEPING;
	r->wake = wake;
	r->next = *at;
	*at = r;
}

static void remove_sleeper(struct runqueue *q, struct runner *r)
{
	struct runner **at = &q->sleepers;

	while (*at != r) {
		at = &(*at)->next;
	}
	*at = r->next;
}

static void remove_ready(struct runqueue *q, struct runner *r)
{
	struct runner *before = NULL;
	struct runner **at = &q->first_ready;

	while (*at != r) {
		before = *at;
		at = &before->next;
	}
	*at = r->next;
	if (q->last_ready == r) {
		q->last_ready = before;
	}
}

void runqueue_wake(struct runqueue *q, struct runner *r)
{
	remove_sleeper(q, r);
	runqueue_ready(q, r);
}

void runqueue_remove(struct runqueue *q, struct runner *r)
{
	if (r->state == RUNNER_SLEEPING) {
		remove_sleeper(q, r);
	} else if (r->state == RUNNER_READY) {
		remove_ready(q, r);
	}
	r->state = RUNNER_OFF;
	r->next = NULL;
}

bool runqueue_tick(struct runqueue *q, u64 now)
{
	while (q->sleepers != NULL && q->sleepers->wake <= now) {
		runqueue_wake(q, q->sleepers);
	}
	return q->first_ready != NULL;
}

struct runner *runqueue_take(struct runqueue *q)
{
	struct runner *r = q->first_ready;

	if (r != NULL) {
		q->first_ready = r->next;
		if (q->first_ready == NULL) {
			q->last_ready = NULL;
		}
		r->state = RUNNER_RUNNING;
		r->next = NULL;
	}
	return r;
}

u64 runqueue_next_wake(const struct runqueue *q)
{
	return q->sleepers != NULL ? q->sleepers->wake : NIE_NEVER;
}

u64 runqueue_turn_end(const struct runqueue *q, u64 now, u64 shortest, u64 longest)
{
	u64 wake = runqueue_next_wake(q);

	if (wake < now + shortest) {
		return now + shortest;
	}
	return wake < now + longest ? wake : now + longest;
}
