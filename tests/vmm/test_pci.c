/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest sees of its device's configuration space, and what it can change there. */
#include "check.h"

#include "pci.h"

static _Alignas(8) u8 space[4096];
static struct device_config config;
static struct pci_function f;

static void put(u32 offset, u32 word)
{
	memcpy(space + offset, &word, 4);
}

static u32 word(u32 offset)
{
	u32 value;

	memcpy(&value, space + offset, 4);
	return value;
}

static u64 get(u32 offset, u32 size)
{
	return pci_config_read(&f, offset, size);
}

/* Power management, MSI-X, virtio's common structure, MSI, virtio's window to its BARs, virtio's notifications. */
static int start(void **state)
{
	(void)state;
	memset(space, 0, sizeof(space));
	config = (struct device_config){.number = 16, .config = (u64)(uintptr_t)space};
	f = (struct pci_function){.config = &config, .bar = {0, 0x10200000u}, .bar_mask = {0, 0xfffff000u}};
	put(0x00, 0x10411af4u);
	put(0x04, 0x00100000u);
	put(0x0c, 0x00800000u);
	put(0x2c, 0x11001af4u);
	put(0x30, 0xfffff801u);
	put(0x34, 0x40);
	put(0x3c, 0x01ffu);
	put(0x40, 0x00004801u);
	put(0x48, 0x00006011u);
	put(0x4c, 0x12345678u);
	put(0x60, 0x01107009u);
	put(0x64, 0x00000004u);
	put(0x70, 0x00008005u);
	put(0x80, 0x05149009u);
	put(0x90, 0x02100009u);
	put(0x100, 0x00010001u);
	return 0;
}

static void identity_is_the_devices(void **state)
{
	(void)state;
	assert_int_equal(get(0x00, 4), 0x10411af4);
	assert_int_equal(get(0x02, 2), 0x1041);
	assert_int_equal(get(0x2c, 4), 0x11001af4);
	assert_int_equal(get(0x0e, 1), 0); /* no further functions */
	assert_int_equal(get(0x30, 4), 0); /* no option ROM */
	assert_int_equal(get(0x100, 4), 0);
	assert_int_equal(get(0x00, 8), 0x0010000010411af4ul);
}

static void only_virtios_capabilities_are_seen(void **state)
{
	(void)state;
	assert_int_equal(get(0x34, 1), 0x60);
	assert_int_equal(get(0x60, 4), 0x01109009);
	assert_int_equal(get(0x64, 4), 4);
	assert_int_equal(get(0x90, 4), 0x02100009);
	assert_int_equal(get(0x40, 4), 0);
	assert_int_equal(get(0x48, 4), 0);
	assert_int_equal(get(0x4c, 4), 0);
	assert_int_equal(get(0x70, 4), 0);
	assert_int_equal(get(0x80, 4), 0);
}

static void a_list_that_goes_round_ends(void **state)
{
	(void)state;
	put(0x40, 0x00004801u);
	put(0x48, 0x00004011u);
	assert_int_equal(get(0x34, 1), 0);
	put(0x60, 0x01106009u);
	put(0x34, 0x60);
	assert_int_equal(get(0x34, 1), 0x60);
	assert_int_equal(get(0x90, 4), 0);
}

static void the_command_register_is_filtered(void **state)
{
	(void)state;
	pci_config_write(&f, 0x04, 2, 0xffffu);
	assert_int_equal(word(0x04), 0x406);
	pci_config_write(&f, 0x04, 4, 0xffff0002u);
	assert_int_equal(word(0x04), 0x2);
	pci_config_write(&f, 0x04, 1, 0);
	assert_int_equal(word(0x04), 0x2);
}

static void bars_have_a_size_and_stay(void **state)
{
	(void)state;
	pci_config_write(&f, 0x14, 4, 0xffffffffu);
	assert_int_equal(get(0x14, 4), 0xfffff000);
	pci_config_write(&f, 0x14, 4, 0x9000000u);
	assert_int_equal(get(0x14, 4), 0x10200000);
	assert_int_equal(word(0x14), 0);
	pci_config_write(&f, 0x10, 4, 0xffffffffu);
	assert_int_equal(get(0x10, 4), 0); /* there is none */
}

static void nothing_else_is_written(void **state)
{
	u8 before[sizeof(space)];

	(void)state;
	memcpy(before, space, sizeof(space));
	for (u32 offset = 8; offset < 4096u; offset++) {
		for (u32 size = 1; size <= 8u; size *= 2u) {
			if (offset % size == 0u) {
				pci_config_write(&f, offset, size, ~0ul);
			}
		}
	}
	assert_memory_equal(space, before, sizeof(space));
	pci_config_write(&f, 0x3c, 1, 0x21);
	assert_int_equal(get(0x3c, 2), 0x0121); /* the line is the guest's, the pin the device's */
	assert_int_equal(word(0x3c), 0x01ff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identity_is_the_devices, start),
		cmocka_unit_test_setup(only_virtios_capabilities_are_seen, start),
		cmocka_unit_test_setup(a_list_that_goes_round_ends, start),
		cmocka_unit_test_setup(the_command_register_is_filtered, start),
		cmocka_unit_test_setup(bars_have_a_size_and_stay, start),
		cmocka_unit_test_setup(nothing_else_is_written, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
