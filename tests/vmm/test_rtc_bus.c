/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "absent.h"
#include "pl031.h"

#define BASE 0x09010000ul
#define HZ 1000ul

static u64 clock_now = 5000;
static bool line;

static u64 now(void)
{
	return clock_now;
}

static void set_line(void *context, bool high)
{
	(void)context;
	line = high;
}

static u64 get(struct bus *bus, u64 offset)
{
	u64 value = 0;

	assert_true(bus_dispatch(bus, BASE + offset, 4, 0, false, &value));
	return value;
}

static void set(struct bus *bus, u64 offset, u64 value)
{
	assert_true(bus_dispatch(bus, BASE + offset, 4, 0, true, &value));
}

static void test_clock(void **state)
{
	struct pl031 rtc;
	struct bus bus = {.count = 0};

	(void)state;
	pl031_init(&rtc, 1000000, HZ, now, set_line, NULL);
	assert_true(pl031_attach(&rtc, &bus, BASE));
	assert_int_equal(get(&bus, 0), 1000000);
	clock_now += 2500;
	assert_int_equal(get(&bus, 0), 1000002);
	set(&bus, 8, 42);
	assert_int_equal(get(&bus, 0), 42);
	assert_int_equal(get(&bus, 0xfe0), 0x31);
	assert_int_equal(get(&bus, 0xfe4), 0x10);
}

static void test_alarm(void **state)
{
	struct pl031 rtc;
	struct bus bus = {.count = 0};

	(void)state;
	pl031_init(&rtc, 100, HZ, now, set_line, NULL);
	assert_true(pl031_attach(&rtc, &bus, BASE));
	assert_int_equal(pl031_next(&rtc), NIE_NEVER);
	set(&bus, 0x10, 1);
	set(&bus, 4, 103);
	assert_int_equal(pl031_next(&rtc), clock_now + 3 * HZ);
	clock_now += 3 * HZ - 1;
	pl031_poll(&rtc);
	assert_false(line);
	clock_now += 1;
	pl031_poll(&rtc);
	assert_true(line);
	assert_int_equal(get(&bus, 0x18), 1);
	assert_int_equal(pl031_next(&rtc), NIE_NEVER);
	set(&bus, 0x1c, 1);
	assert_false(line);
	set(&bus, 4, 50); /* long past */
	pl031_poll(&rtc);
	assert_false(line);
}

static u64 read_pattern(void *state, const struct bus_access *a)
{
	return bus_part(*(u64 *)state, a->offset, a->size);
}

static void write_pattern(void *state, const struct bus_access *a, u64 value)
{
	*(u64 *)state = value << a->offset * 8u;
}

static void test_bus(void **state)
{
	u64 cell = 0x1122334455667788ul;
	struct bus bus = {.count = 0};
	struct bus_device d = {"cell", 0x1000, 8, &cell, read_pattern, write_pattern};
	u64 value = 0;

	(void)state;
	assert_true(bus_add(&bus, &d));
	d.base = 0x1004;
	assert_false(bus_add(&bus, &d)); /* overlaps */
	assert_true(bus_dispatch(&bus, 0x1000, 8, 0, false, &value));
	assert_int_equal(value, 0x1122334455667788ul);
	assert_true(bus_dispatch(&bus, 0x1004, 2, 0, false, &value));
	assert_int_equal(value, 0x3344);
	assert_false(bus_dispatch(&bus, 0x1001, 2, 0, false, &value)); /* misaligned */
	assert_false(bus_dispatch(&bus, 0x1008, 4, 0, false, &value)); /* nothing there */
	assert_false(bus_dispatch(&bus, 0xfff, 1, 0, true, &value));
	value = 9;
	assert_true(bus_dispatch(&bus, 0x1001, 1, 0, true, &value));
	assert_int_equal(cell, 0x900);
	while (bus.count < BUS_DEVICES) {
		d.base += 0x1000;
		assert_true(bus_add(&bus, &d));
	}
	d.base += 0x1000;
	assert_false(bus_add(&bus, &d)); /* full */
}

static void test_absent(void **state)
{
	struct bus bus = {.count = 0};
	u64 value = 1;

	(void)state;
	assert_true(absent_attach(&bus));
	for (u64 base = 0x0a000000; base < 0x0a004000; base += 0x200) {
		assert_true(bus_dispatch(&bus, base, 4, 0, false, &value));
		assert_int_equal(value, 0x74726976);
		assert_true(bus_dispatch(&bus, base + 2, 1, 0, false, &value));
		assert_int_equal(value, 0x72);
		assert_true(bus_dispatch(&bus, base + 4, 4, 0, false, &value));
		assert_int_equal(value, 1);
		assert_true(bus_dispatch(&bus, base + 12, 4, 0, false, &value));
		assert_int_equal(value, 0x554d4551);
		value = 3;
		assert_true(bus_dispatch(&bus, base + 0x70, 4, 0, true, &value));
		assert_true(bus_dispatch(&bus, base + 0x70, 4, 0, false, &value));
		assert_int_equal(value, 0);
		assert_true(bus_dispatch(&bus, base + 8, 4, 0, false, &value));
		assert_int_equal(value, 0); /* no device */
	}
	assert_false(bus_dispatch(&bus, 0x0a004000, 4, 0, false, &value));
	value = 7;
	assert_true(bus_dispatch(&bus, 0x09030fe0, 4, 0, true, &value));
	assert_true(bus_dispatch(&bus, 0x09030fe0, 4, 0, false, &value));
	assert_int_equal(value, 0); /* a PL061 would say what it is */
	assert_false(absent_attach(&bus)); /* once */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock), cmocka_unit_test(test_alarm), cmocka_unit_test(test_bus),
		cmocka_unit_test(test_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
