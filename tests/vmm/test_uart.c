/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "pl011.h"

#define BASE 0x09000000ul

struct world {
	struct pl011 uart;
	struct bus bus;
	char sent[128];
	u32 length;
	bool line;
	u32 changes;
};

static void send(void *context, const u8 *bytes, u32 count)
{
	struct world *w = context;

	assert_in_range(count, 1, PL011_FIFO);
	assert_in_range(w->length + count, 1, sizeof(w->sent));
	memcpy(w->sent + w->length, bytes, count);
	w->length += count;
}

static void set_line(void *context, bool high)
{
	struct world *w = context;

	w->line = high;
	w->changes++;
}

static u64 get(struct world *w, u64 offset)
{
	u64 value = 0;

	assert_true(bus_dispatch(&w->bus, BASE + offset, 4, 0, false, &value));
	return value;
}

static void set(struct world *w, u64 offset, u64 value)
{
	assert_true(bus_dispatch(&w->bus, BASE + offset, 4, 0, true, &value));
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	pl011_init(&w->uart, send, set_line, w);
	assert_true(pl011_attach(&w->uart, &w->bus, BASE));
	set(w, 0x2c, 0x70); /* FIFOs, 8 bits */
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void test_identification(void **state)
{
	const u8 id[8] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	for (u32 i = 0; i < 8u; i++) {
		assert_int_equal(get(*state, 0xfe0 + 4 * i), id[i]);
	}
}

static void test_send(void **state)
{
	struct world *w = *state;
	u64 value = 'h';

	assert_int_equal(get(w, 0x18) & 0xa8, 0x80); /* not busy, room, empty */
	set(w, 0, 'o');
	assert_true(bus_dispatch(&w->bus, BASE, 1, 0, true, &value));
	assert_int_equal(get(w, 0x18) & 0xa8, 0x08); /* busy */
	assert_int_equal(w->length, 0);
	assert_int_equal(get(w, 0x18) & 0xa8, 0x80); /* who looks again waits for it */
	assert_int_equal(w->length, 2);
	assert_memory_equal(w->sent, "oh", 2);
	assert_int_equal(get(w, 0x3c) & 0x20, 0x20);
	assert_false(w->line);
	set(w, 0x38, 0x20);
	assert_true(w->line);
	set(w, 0x44, 0x20);
	assert_false(w->line);
	set(w, 0, '!');
	assert_true(w->line); /* who waits for the interrupt gets it at once */
	assert_memory_equal(w->sent, "oh!", 3);
}

/* As Linux sends: looking before each byte until there is no room, then from the interrupt, half a FIFO at a time. */
static void test_send_by_interrupt(void **state)
{
	struct world *w = *state;
	u32 sent = 0;

	while ((get(w, 0x18) & 0x20) == 0u) {
		set(w, 0, 'a' + sent++);
	}
	assert_int_equal(sent, PL011_FIFO);
	assert_int_equal(w->length, 0);
	set(w, 0x38, 0x20);
	assert_int_equal(w->length, PL011_FIFO);
	assert_true(w->line);
	for (u32 pass = 0; pass < 2u; pass++) {
		assert_int_equal(get(w, 0x40), 0x20);
		set(w, 0x44, 0);
		for (u32 i = 0; i < PL011_FIFO / 2u; i++) {
			set(w, 0, 'a' + sent++);
		}
		assert_true(w->line);
		assert_int_equal(w->length, sent - PL011_FIFO / 2u); /* together */
		assert_int_equal(get(w, 0x3c), 0x20);
		assert_int_equal(w->length, sent);
	}
	for (u32 i = 0; i <= PL011_FIFO / 2u; i++) {
		set(w, 0, 'a' + sent++);
	}
	assert_int_equal(w->length, sent); /* past the level, yet nobody waits for ever */
	assert_true(w->line);
	set(w, 0x38, 0);
	set(w, 0, 'a' + sent++);
	assert_int_equal(w->length, sent - 1u);
	pl011_flush(&w->uart);
	assert_int_equal(w->length, sent);
	for (u32 i = 0; i < sent; i++) {
		assert_int_equal((u8)w->sent[i], 'a' + i);
	}
}

/* Bytes that fit until the FIFO is full, for who looks before each. */
static u32 room(struct world *w)
{
	u32 count = 0;

	w->length = 0;
	pl011_flush(&w->uart);
	while ((get(w, 0x18) & 0x20) == 0u) {
		set(w, 0, 'x');
		count++;
	}
	return count;
}

/* Who goes on from its interrupt is told to early, as that needs fewer accesses. Who waits by looking is not. */
static void test_full_early(void **state)
{
	struct world *w = *state;

	assert_int_equal(room(w), PL011_FIFO);
	set(w, 0x38, 0x20);
	set(w, 0x38, 0);
	assert_int_equal(room(w), PL011_EARLY);
	for (u32 i = 0; i < 3u * PL011_FIFO; i++) {
		set(w, 0, 'y'); /* there is room all the same */
	}
	pl011_flush(&w->uart);
	assert_int_equal(w->length, 3u * PL011_FIFO + PL011_EARLY);
	set(w, 0x38, 0x10);
	assert_int_equal(room(w), PL011_EARLY);
	assert_int_equal(get(w, 0x18) & 0x20, 0); /* looks again */
	assert_int_equal(room(w), PL011_FIFO);
	set(w, 0x38, 0x10); /* of what it receives */
	assert_int_equal(room(w), PL011_FIFO);
	get(w, 0x3c);
	set(w, 0x38, 0x20);
	set(w, 0x38, 0);
	assert_int_equal(room(w), PL011_FIFO); /* it was not full any more */
}

/* Nothing is lost of a driver that never looks. */
static void test_send_blindly(void **state)
{
	struct world *w = *state;

	for (u32 i = 0; i < 3u * PL011_FIFO; i++) {
		set(w, 0, '0' + i);
	}
	assert_int_equal(w->length, 2u * PL011_FIFO);
	assert_int_equal(w->uart.raw & 0x20, 0); /* full */
	pl011_flush(&w->uart);
	assert_int_equal(get(w, 0x3c) & 0x20, 0x20);
	for (u32 i = 0; i < 3u * PL011_FIFO; i++) {
		assert_int_equal((u8)w->sent[i], '0' + i);
	}
}

static void test_receive_interrupts(void **state)
{
	struct world *w = *state;

	set(w, 0x38, 0x50);
	assert_int_equal(get(w, 0x18) & 0x50, 0x10);
	for (u32 i = 0; i < 16u; i++) {
		assert_true(pl011_receive(&w->uart, (u8)('a' + i)));
		assert_true(w->line);
		assert_int_equal(get(w, 0x3c) & 0x10, i == 15u ? 0x10 : 0); /* half full */
	}
	for (u32 i = 0; i < 16u; i++) {
		assert_true(w->line);
		assert_int_equal(get(w, 0), 'a' + i);
	}
	assert_false(w->line);
	assert_int_equal(get(w, 0x18) & 0x10, 0x10);
	assert_int_equal(get(w, 0), 0);
}

static void test_long_input_arrives_whole(void **state)
{
	struct world *w = *state;

	for (u32 i = 0; i < PL011_FIFO + PL011_WIRE; i++) {
		assert_true(pl011_receive(&w->uart, (u8)i));
	}
	assert_int_equal(get(w, 0x18) & 0x40, 0x40);
	assert_false(pl011_receive(&w->uart, 0));
	assert_int_equal(get(w, 4) & 8, 8);
	for (u32 i = 0; i < PL011_FIFO + PL011_WIRE; i++) {
		assert_int_equal(get(w, 0), i & 0xff);
	}
	assert_int_equal(get(w, 0x18) & 0x10, 0x10);
}

static void test_without_fifo(void **state)
{
	struct world *w = *state;

	set(w, 0x2c, 0x60);
	pl011_receive(&w->uart, 1);
	pl011_receive(&w->uart, 2);
	assert_int_equal(get(w, 0x18) & 0x40, 0x40);
	assert_int_equal(get(w, 0x3c) & 0x10, 0x10);
	assert_int_equal(get(w, 0), 1);
	assert_int_equal(get(w, 0x18) & 0x40, 0x40);
	assert_int_equal(get(w, 0), 2);
	assert_int_equal(get(w, 0x3c) & 0x10, 0);
}

static void test_loopback(void **state)
{
	struct world *w = *state;

	set(w, 0x30, 0x381);
	set(w, 0, 'x');
	pl011_flush(&w->uart);
	assert_int_equal(w->length, 0);
	assert_int_equal(get(w, 0), 'x');
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_identification), TEST(test_send), TEST(test_send_by_interrupt), TEST(test_full_early), TEST(test_send_blindly), TEST(test_receive_interrupts),
		TEST(test_long_input_arrives_whole), TEST(test_without_fifo), TEST(test_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
