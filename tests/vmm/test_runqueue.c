/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "platform.h"
#include "runqueue.h"

#define CORE 0u

static struct share even = {0, 100, ALL_CORES};

static struct runner *take(struct runqueue *q)
{
	return runqueue_take(q, CORE, 0);
}

static void test_round_robin(void **state)
{
	struct runqueue q = {0};
	struct runner r[3] = {{.share = &even}, {.share = &even}, {.share = &even}};

	(void)state;
	assert_null(take(&q));
	for (u32 i = 0; i < 3u; i++) {
		runqueue_ready(&q, &r[i], 0);
	}
	for (u32 turn = 0; turn < 9u; turn++) {
		struct runner *t = take(&q);

		assert_ptr_equal(t, &r[turn % 3u]);
		assert_int_equal(t->state, RUNNER_RUNNING);
		runqueue_ready(&q, t, 0);
	}
}

/* Guests with vCPUs that always want to run, on cores that take turns of 5: how long each guest ran. */
struct contest {
	struct share share[4];
	struct runner runner[4][8];
	u64 ran[4];
};

static void compete(struct contest *c, const u32 *vcpus, u32 guests, u32 cores, u64 until)
{
	struct runqueue q = {.lead = 5u * SHARE_SCALE / 100u};
	struct runner *on[8] = {NULL};

	for (u32 g = 0; g < guests; g++) {
		for (u32 v = 0; v < vcpus[g]; v++) {
			c->runner[g][v].share = &c->share[g];
			runqueue_ready(&q, &c->runner[g][v], 0);
		}
	}
	for (u64 now = 0; now < until; now += 5u) {
		for (u32 core = 0; core < cores; core++) {
			if (on[core] != NULL) {
				c->ran[on[core]->share - c->share] += now - on[core]->since;
				runqueue_charge(on[core], now);
				runqueue_ready(&q, on[core], now);
			}
			on[core] = runqueue_take(&q, core, now);
		}
	}
}

static void near(u64 value, u64 expected)
{
	assert_in_range(value, expected - expected / 50u, expected + expected / 50u);
}

static void test_weights_divide_a_core(void **state)
{
	static struct contest c = {.share = {{0, 100, 1}, {0, 300, 1}, {0, 100, 1}}};
	const u32 vcpus[3] = {1, 1, 8}; /* a guest's share does not grow with its vCPUs */

	(void)state;
	compete(&c, vcpus, 3, 1, 100000);
	near(c.ran[0], 20000);
	near(c.ran[1], 60000);
	near(c.ran[2], 20000);
}

/* The first can use no more than a core, however much it has coming; the others divide the rest by weight. */
static void test_weights_on_several_cores(void **state)
{
	static struct contest c = {.share = {{0, 1000, ALL_CORES}, {0, 100, ALL_CORES}, {0, 200, ALL_CORES}}};
	const u32 vcpus[3] = {1, 4, 4};

	(void)state;
	compete(&c, vcpus, 3, 4, 100000);
	near(c.ran[0], 100000);
	near(c.ran[1], 100000);
	near(c.ran[2], 200000);
}

static void test_pinned_guests_share_their_core(void **state)
{
	static struct contest c = {.share = {{0, 100, 1}, {0, 300, 1}, {0, 1, 2}, {0, 100, 2}}};
	const u32 vcpus[4] = {1, 1, 1, 1};

	(void)state;
	compete(&c, vcpus, 4, 2, 100000);
	near(c.ran[0], 25000);
	near(c.ran[1], 75000);
	assert_in_range(c.ran[2], 900, 1100);
	near(c.ran[3], 99000);
}

/* Time away is no credit: it comes back before a guest that always ran, yet not for all the time that it missed. */
static void test_long_sleep_is_no_credit(void **state)
{
	struct runqueue q = {.lead = 10u * SHARE_SCALE / 100u};
	struct share busy = {0, 100, ALL_CORES}, away = {0, 100, ALL_CORES};
	struct runner r[2] = {{.share = &busy}, {.share = &away}};
	u64 now = 0;

	(void)state;
	for (; now < 100000u; now += 5u) {
		runqueue_ready(&q, &r[0], now);
		assert_ptr_equal(runqueue_take(&q, CORE, now), &r[0]);
		runqueue_charge(&r[0], now + 5u);
	}
	runqueue_ready(&q, &r[1], now);
	runqueue_ready(&q, &r[0], now);
	u64 turns = 0;
	struct runner *t;

	while ((t = runqueue_take(&q, CORE, now)) == &r[1]) {
		turns++;
		now += 5u;
		runqueue_charge(t, now);
		runqueue_ready(&q, t, now);
	}
	assert_in_range(turns, 1, 5);
	assert_int_equal(r[0].longest, turns * 5u);
}

static void test_sleepers_wake_in_order(void **state)
{
	struct runqueue q = {0};
	struct runner r[4] = {{.share = &even}, {.share = &even}, {.share = &even}, {.share = &even}};
	const u64 wake[4] = {30, 10, NIE_NEVER, 20};

	(void)state;
	assert_int_equal(runqueue_next_wake(&q, CORE), NIE_NEVER);
	for (u32 i = 0; i < 4u; i++) {
		runqueue_sleep(&q, &r[i], wake[i]);
	}
	assert_int_equal(runqueue_next_wake(&q, CORE), 10);
	runqueue_tick(&q, 9);
	assert_false(runqueue_has_ready(&q, CORE));
	runqueue_tick(&q, 20);
	assert_true(runqueue_has_ready(&q, CORE));
	assert_ptr_equal(take(&q), &r[1]);
	assert_ptr_equal(take(&q), &r[3]);
	assert_null(take(&q));
	assert_int_equal(runqueue_next_wake(&q, CORE), 30);
	runqueue_wake(&q, &r[2], 20); /* ahead of time */
	assert_ptr_equal(take(&q), &r[2]);
	assert_int_equal(r[0].state, RUNNER_SLEEPING);
}

static void test_remove(void **state)
{
	struct runqueue q = {0};
	struct runner r[4] = {{.share = &even}, {.share = &even}, {.share = &even}, {.share = &even}};

	(void)state;
	for (u32 i = 0; i < 3u; i++) {
		runqueue_ready(&q, &r[i], 0);
	}
	runqueue_sleep(&q, &r[3], 5);
	runqueue_remove(&q, &r[2]); /* the last */
	runqueue_remove(&q, &r[0]); /* the first */
	runqueue_remove(&q, &r[3]);
	runqueue_remove(&q, &r[3]); /* off already */
	assert_int_equal(runqueue_next_wake(&q, CORE), NIE_NEVER);
	runqueue_ready(&q, &r[0], 0);
	assert_ptr_equal(take(&q), &r[1]);
	assert_ptr_equal(take(&q), &r[0]);
	assert_null(take(&q));
	assert_int_equal(r[3].state, RUNNER_OFF);
}

static void test_length_of_a_turn(void **state)
{
	struct runqueue q = {0};
	struct runner r = {.share = &even};
	const u64 wakes[][2] = {{90, 110}, {100, 110}, {109, 110}, {110, 110}, {130, 130}, {149, 149}, {200, 150}};

	(void)state;
	assert_int_equal(runqueue_turn_end(&q, CORE, 100, 10, 50), 150); /* nobody sleeps */
	for (u32 i = 0; i < sizeof(wakes) / sizeof(wakes[0]); i++) {
		runqueue_sleep(&q, &r, wakes[i][0]);
		assert_int_equal(runqueue_turn_end(&q, CORE, 100, 10, 50), wakes[i][1]);
		runqueue_remove(&q, &r);
	}
}

/* Random use against a simple model: nobody is lost or taken twice. */
static void test_random(void **state)
{
	struct runqueue q = {0};
	struct runner r[16] = {0};
	struct share share[3] = {{0, 100, ALL_CORES}, {0, 1, 3}, {0, 500, 2}};
	u64 now = 0;

	(void)state;
	srand(1);
	for (u32 i = 0; i < 16u; i++) {
		r[i].share = &share[i % 3u];
	}
	for (u32 step = 0; step < 100000u; step++) {
		struct runner *x = &r[rand() % 16];
		struct runner *t;

		now += (u64)rand() % 3u;
		switch (rand() % 4) {
		case 0:
			if (x->state == RUNNER_OFF || x->state == RUNNER_RUNNING) {
				runqueue_ready(&q, x, now);
			}
			break;
		case 1:
			if (x->state == RUNNER_OFF || x->state == RUNNER_RUNNING) {
				runqueue_sleep(&q, x, now + (u64)rand() % 20u);
			}
			break;
		case 2:
			if (x->state == RUNNER_SLEEPING) {
				runqueue_wake(&q, x, now);
			} else if (x->state == RUNNER_READY && rand() % 4 == 0) {
				runqueue_remove(&q, x);
			}
			break;
		default:
			runqueue_tick(&q, now);
			t = runqueue_take(&q, step % 4u, now);
			assert_true(t == NULL || (t->state == RUNNER_RUNNING && runner_may_use(t, step % 4u)));
			if (t != NULL) {
				runqueue_charge(t, now + 3u);
			}
			break;
		}
		if (step % 64u == 0u) {
			u32 ready = 0, asleep = 0;

			for (struct runner *i = q.first_ready; i != NULL; i = i->next) {
				assert_int_equal(i->state, RUNNER_READY);
				assert_true(i->next != NULL || i == q.last_ready);
				ready++;
			}
			for (struct runner *i = q.sleepers; i != NULL; i = i->next) {
				assert_int_equal(i->state, RUNNER_SLEEPING);
				assert_true(i->next == NULL || i->wake <= i->next->wake);
				asleep++;
			}
			for (u32 i = 0; i < 16u; i++) {
				ready -= r[i].state == RUNNER_READY ? 1u : 0u;
				asleep -= r[i].state == RUNNER_SLEEPING ? 1u : 0u;
			}
			assert_int_equal(ready, 0);
			assert_int_equal(asleep, 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_robin), cmocka_unit_test(test_sleepers_wake_in_order),
		cmocka_unit_test(test_weights_divide_a_core), cmocka_unit_test(test_weights_on_several_cores),
		cmocka_unit_test(test_pinned_guests_share_their_core), cmocka_unit_test(test_long_sleep_is_no_credit),
		cmocka_unit_test(test_remove), cmocka_unit_test(test_length_of_a_turn),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
