/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "runqueue.h"

static void test_round_robin(void **state)
{
	struct runqueue q = {0};
	struct runner r[3] = {0};

	(void)state;
	assert_null(runqueue_take(&q));
	for (u32 i = 0; i < 3u; i++) {
		runqueue_ready(&q, &r[i]);
	}
	for (u32 turn = 0; turn < 9u; turn++) {
		struct runner *t = runqueue_take(&q);

		assert_ptr_equal(t, &r[turn % 3u]);
		assert_int_equal(t->state, RUNNER_RUNNING);
		runqueue_ready(&q, t);
	}
}

static void test_sleepers_wake_in_order(void **state)
{
	struct runqueue q = {0};
	struct runner r[4] = {0};
	const u64 wake[4] = {30, 10, NIE_NEVER, 20};

	(void)state;
	assert_int_equal(runqueue_next_wake(&q), NIE_NEVER);
	for (u32 i = 0; i < 4u; i++) {
		runqueue_sleep(&q, &r[i], wake[i]);
	}
	assert_int_equal(runqueue_next_wake(&q), 10);
	assert_false(runqueue_tick(&q, 9));
	assert_true(runqueue_tick(&q, 20));
	assert_ptr_equal(runqueue_take(&q), &r[1]);
	assert_ptr_equal(runqueue_take(&q), &r[3]);
	assert_null(runqueue_take(&q));
	assert_int_equal(runqueue_next_wake(&q), 30);
	runqueue_wake(&q, &r[2]); /* ahead of time */
	assert_ptr_equal(runqueue_take(&q), &r[2]);
	assert_int_equal(r[0].state, RUNNER_SLEEPING);
}

static void test_remove(void **state)
{
	struct runqueue q = {0};
	struct runner r[4] = {0};

	(void)state;
	for (u32 i = 0; i < 3u; i++) {
		runqueue_ready(&q, &r[i]);
	}
	runqueue_sleep(&q, &r[3], 5);
	runqueue_remove(&q, &r[2]); /* the last */
	runqueue_remove(&q, &r[0]); /* the first */
	runqueue_remove(&q, &r[3]);
	runqueue_remove(&q, &r[3]); /* off already */
	assert_int_equal(runqueue_next_wake(&q), NIE_NEVER);
	runqueue_ready(&q, &r[0]);
	assert_ptr_equal(runqueue_take(&q), &r[1]);
	assert_ptr_equal(runqueue_take(&q), &r[0]);
	assert_null(runqueue_take(&q));
	assert_int_equal(r[3].state, RUNNER_OFF);
}

static void test_length_of_a_turn(void **state)
{
	struct runqueue q = {0};
	struct runner r = {0};
	const u64 wakes[][2] = {{90, 110}, {100, 110}, {109, 110}, {110, 110}, {130, 130}, {149, 149}, {200, 150}};

	(void)state;
	assert_int_equal(runqueue_turn_end(&q, 100, 10, 50), 150); /* nobody sleeps */
	for (u32 i = 0; i < sizeof(wakes) / sizeof(wakes[0]); i++) {
		runqueue_sleep(&q, &r, wakes[i][0]);
		assert_int_equal(runqueue_turn_end(&q, 100, 10, 50), wakes[i][1]);
		runqueue_remove(&q, &r);
	}
}

/* Random use against a simple model: nobody is lost or taken twice. */
static void test_random(void **state)
{
	struct runqueue q = {0};
	struct runner r[16] = {0};
	u64 now = 0;

	(void)state;
	srand(1);
	for (u32 step = 0; step < 100000u; step++) {
		struct runner *x = &r[rand() % 16];
		struct runner *t;

		now += (u64)rand() % 3u;
		switch (rand() % 4) {
		case 0:
			if (x->state == RUNNER_OFF || x->state == RUNNER_RUNNING) {
				runqueue_ready(&q, x);
			}
			break;
		case 1:
			if (x->state == RUNNER_OFF || x->state == RUNNER_RUNNING) {
				runqueue_sleep(&q, x, now + (u64)rand() % 20u);
			}
			break;
		case 2:
			if (x->state == RUNNER_SLEEPING) {
				runqueue_wake(&q, x);
			} else if (x->state == RUNNER_READY && rand() % 4 == 0) {
				runqueue_remove(&q, x);
			}
			break;
		default:
			runqueue_tick(&q, now);
			t = runqueue_take(&q);
			assert_true(t == NULL || t->state == RUNNER_RUNNING);
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
		cmocka_unit_test(test_remove), cmocka_unit_test(test_length_of_a_turn),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
