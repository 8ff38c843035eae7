/* SPDX-License-Identifier: Apache-2.0 */
#include "runqueue.h"

void runqueue_ready(struct runqueue *q, struct runner *r, u64 now)
{
	/* Time that a guest did not ask for is no credit. */
	if (r->share->used + q->lead < q->used) {
		r->share->used = q->used - q->lead;
	}
	r->state = RUNNER_READY;
	r->since = now;
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

void runqueue_wake(struct runqueue *q, struct runner *r, u64 now)
{
	remove_sleeper(q, r);
	runqueue_ready(q, r, now);
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

void runqueue_tick(struct runqueue *q, u64 now)
{
	while (q->sleepers != NULL && q->sleepers->wake <= now) {
		runqueue_wake(q, q->sleepers, q->sleepers->wake);
	}
}

bool runqueue_has_ready(const struct runqueue *q, u32 core)
{
	for (const struct runner *r = q->first_ready; r != NULL; r = r->next) {
		if (runner_may_use(r, core)) {
			return true;
		}
	}
	return false;
}

struct runner *runqueue_take(struct runqueue *q, u32 core, u64 now)
{
	struct runner *best = NULL;
	bool first = true;

	for (struct runner *r = q->first_ready; r != NULL; r = r->next) {
		if (runner_may_use(r, core) && (best == NULL || r->share->used < best->share->used)) {
			best = r;
		}
	}
	if (best == NULL) {
		return NULL;
	}
	for (const struct runner *r = q->first_ready; r != NULL; r = r->next) {
		first = first && r->share->used >= best->share->used;
	}
	/* Another core's guest that had less and waits must not lose that by who runs here. */
	if (first && best->share->used > q->used) {
		q->used = best->share->used;
	}
	remove_ready(q, best);
	best->state = RUNNER_RUNNING;
	best->next = NULL;
	if (now > best->since && now - best->since > best->longest) {
		best->longest = now - best->since;
	}
	best->since = now;
	return best;
}

void runqueue_charge(struct runner *r, u64 now)
{
	r->share->used += (now - r->since) * SHARE_SCALE / r->share->weight;
	r->since = now;
}

u64 runqueue_next_wake(const struct runqueue *q, u32 core)
{
	for (const struct runner *r = q->sleepers; r != NULL; r = r->next) {
		if (runner_may_use(r, core)) {
			return r->wake;
		}
	}
	return NIE_NEVER;
}

u64 runqueue_turn_end(const struct runqueue *q, u32 core, u64 now, u64 shortest, u64 longest)
{
	u64 wake = runqueue_next_wake(q, core);

	if (wake < now + shortest) {
		return now + shortest;
	}
	return wake < now + longest ? wake : now + longest;
}
