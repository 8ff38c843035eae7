/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "physical_timer.h"

static void test_registers(void **state)
{
	struct physical_timer t = {0, 0};

	(void)state;
	assert_int_equal(physical_timer_read(&t, CNTP_CTL, 50), 0); /* off: no condition */
	physical_timer_write(&t, CNTP_TVAL, 100, 1000);
	assert_int_equal(physical_timer_read(&t, CNTP_CVAL, 0), 1100);
	assert_int_equal(physical_timer_read(&t, CNTP_TVAL, 1040), 60);
	assert_int_equal(physical_timer_read(&t, CNTP_TVAL, 1140), 0xffffffd8u); /* 32 bits, negative */
	physical_timer_write(&t, CNTP_TVAL, 0x5ffffff9cul, 1000);                /* -100, sign-extended */
	assert_int_equal(physical_timer_read(&t, CNTP_CVAL, 0), 900);
	physical_timer_write(&t, CNTP_CVAL, 0xfedcba9876543210ul, 0);
	assert_int_equal(physical_timer_read(&t, CNTP_CVAL, 0), 0xfedcba9876543210ul);
	physical_timer_write(&t, CNTP_CTL, 0xff, 0);
	assert_int_equal(physical_timer_read(&t, CNTP_CTL, 0), 3);
}

static void test_output(void **state)
{
	struct physical_timer t = {0, 0};

	(void)state;
	physical_timer_write(&t, CNTP_CVAL, 500, 0);
	assert_false(physical_timer_output(&t, 600));
	assert_int_equal(physical_timer_next(&t, 100), NIE_NEVER);
	physical_timer_write(&t, CNTP_CTL, 1, 0);
	assert_int_equal(physical_timer_next(&t, 100), 500);
	assert_false(physical_timer_output(&t, 499));
	assert_true(physical_timer_output(&t, 500));
	assert_int_equal(physical_timer_next(&t, 500), NIE_NEVER); /* it is high already */
	assert_int_equal(physical_timer_read(&t, CNTP_CTL, 500), 5);
	physical_timer_write(&t, CNTP_CTL, 3, 0);
	assert_false(physical_timer_output(&t, 500));
	assert_int_equal(physical_timer_read(&t, CNTP_CTL, 500), 7); /* the condition is still met */
	assert_int_equal(physical_timer_next(&t, 100), NIE_NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_registers), cmocka_unit_test(test_output)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
