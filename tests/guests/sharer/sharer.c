/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A realm guest, bare: gives up single pages and finds shared memory at their twins, takes them back as zeroes, and reaches its
 * UART in both halves of its addresses.
 */
#include "guest.h"
#include "rsi.h"

#define PAGE 4096ul
#define SHARED_HALF (1ul << 38)
#define UARTDR (*(volatile uint32_t *)(SHARED_HALF + 0x09000000ul))
#define PAGES 3u
#define MARK 0x5ea1ab1e00000000ul

static void check(bool held, const char *what)
{
	if (!held) {
		print("sharer: FAILED: ");
		print(what);
		print("\n");
		power_off();
	}
}

static volatile uint64_t *at(uint64_t ipa)
{
	return (volatile uint64_t *)ipa;
}

static void set_state(uint64_t ipa, uint64_t state)
{
	uint64_t x[9] = {RSI_IPA_STATE_SET, ipa, ipa + PAGE, state};

	rsi(x);
	check(x[0] == 0 && x[1] == ipa + PAGE && x[2] == 0, "RSI_IPA_STATE_SET of one page");
}

/* A page that it gave up, one in the middle of a block whose others stay its own. */
static void share(uint64_t page)
{
	*at(page - PAGE) = MARK + 1;
	*at(page) = MARK + 2;
	*at(page + PAGE) = MARK + 3;
	set_state(page, RIPAS_EMPTY);
	check(*at(SHARED_HALF + page) == 0, "shared memory begins as zeroes");
	*at(SHARED_HALF + page) = MARK + page;
	check(*at(SHARED_HALF + page) == MARK + page, "shared memory keeps what is written");
	check(*at(page - PAGE) == MARK + 1 && *at(page + PAGE) == MARK + 3, "the pages beside it are as they were");
}

static void take_back(uint64_t page)
{
	set_state(page, RIPAS_RAM);
	check(*at(page) == 0, "a page that came back is zero");
	*at(page) = MARK + 4;
	check(*at(SHARED_HALF + page) == MARK + page, "its twin is as it was");
}

_Noreturn void guest_main(const void *device_tree)
{
	struct memory memory;

	check(fdt_memory(device_tree, &memory), "a memory node in the device tree");
	uint64_t base = memory.base + memory.size / 2;

	for (uint32_t i = 0; i < PAGES; i++)
		share(base + (3 + 4 * i) * PAGE);
	for (uint32_t i = 0; i < PAGES; i++)
		take_back(base + (3 + 4 * i) * PAGE);
	for (const char *text = "sharer: this went by way of the shared half\r\n"; *text != 0; text++)
		UARTDR = (uint8_t)*text;
	print("sharer: done\n");
	power_off();
}
