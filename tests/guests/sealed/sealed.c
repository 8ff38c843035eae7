/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A realm-aware guest: prints its measurement and its policy, gives 4 MiB of its memory up and takes them
 * back, and looks whether they come back zero.
 */
#include "guest.h"
#include "rsi.h"

#define BLOCK 0x200000ul
#define GIVEN (2 * BLOCK)

static uint64_t config[512] __attribute__((aligned(4096)));

static _Noreturn void fail(const char *what, uint64_t value)
{
	print("sealed: FAILED: ");
	print(what);
	print(" ");
	print_hex(value);
	print("\n");
	power_off();
}

static void print_measurement(void)
{
	uint64_t x[9] = {RSI_MEASUREMENT_READ, 0};

	rsi(x);
	if (x[0])
		fail("RSI_MEASUREMENT_READ", x[0]);
	print("sealed: measurement ");
	for (unsigned i = 0; i < 32; i++) {
		unsigned byte = x[1 + i / 8] >> (i % 8 * 8) & 0xff;

		put_char("0123456789abcdef"[byte / 16]);
		put_char("0123456789abcdef"[byte % 16]);
	}
	print("\n");
}

static void print_config(void)
{
	uint64_t x[9] = {RSI_REALM_CONFIG, (uintptr_t)config};

	rsi(x);
	if (x[0])
		fail("RSI_REALM_CONFIG", x[0]);
	print("sealed: ipa bits ");
	print_decimal(config[0]);
	print(", hash algorithm ");
	print_decimal(config[1]);
	print(", policy ");
	print_decimal(config[64]);
	print("\n");
}

static void set_state(uint64_t base, uint64_t top, uint64_t state)
{
	while (base < top) {
		uint64_t x[9] = {RSI_IPA_STATE_SET, base, top, state};

		rsi(x);
		if (x[0] || x[2])
			fail("RSI_IPA_STATE_SET at", base);
		base = x[1];
	}
}

static void expect_state(uint64_t base, uint64_t top, uint64_t state)
{
	uint64_t x[9] = {RSI_IPA_STATE_GET, base, top};

	rsi(x);
	if (x[0] || x[1] != top || x[2] != state)
		fail("RSI_IPA_STATE_GET at", base);
}

static void give_and_take(uint64_t base)
{
	volatile uint64_t *at = (volatile uint64_t *)base;
	uint64_t x[9] = {RSI_IPA_STATE_SET, base + 4096, base + GIVEN, RIPAS_EMPTY};

	for (uint64_t i = 0; i < GIVEN / 8; i += 512)
		at[i] = i + 1;
	rsi(x);
	if (x[0] || x[1] != base + 4096 || x[2] != 1)
		fail("a 2 MiB frame was cut: RSI_IPA_STATE_SET", x[2]);
	set_state(base, base + GIVEN, RIPAS_EMPTY);
	expect_state(base, base + GIVEN, RIPAS_EMPTY);
	set_state(base, base + GIVEN, RIPAS_RAM);
	expect_state(base, base + GIVEN, RIPAS_RAM);
	for (uint64_t i = 0; i < GIVEN / 8; i += 64)
		if (at[i])
			fail("memory that came back is not zero at", base + i * 8);
	print("sealed: ");
	print_decimal(GIVEN >> 20);
	print(" MiB given up, and back as zeroes\n");
}

_Noreturn void guest_main(const void *device_tree)
{
	uint64_t x[9] = {RSI_VERSION, 0x10000};
	struct memory memory;

	rsi(x);
	if (x[0])
		fail("RSI_VERSION", x[0]);
	if (!fdt_memory(device_tree, &memory))
		fail("no memory node in the device tree at", (uintptr_t)device_tree);
	print_measurement();
	print_config();
	give_and_take(memory.base + memory.size - 2 * BLOCK - GIVEN);
	print_measurement();
	print("sealed: done\n");
	power_off();
}
