/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two guests talk through memory that they share. The one with "speak" in its bootargs writes numbers into the first
 * region; the other may only read that one, and answers in the second.
 */
#include "guest.h"

#define MESSAGES 100u
#define PATIENCE 20u /* seconds */

struct letter {
	volatile uint64_t number; /* written last */
	volatile uint64_t text[62];
};

static uint64_t content(uint64_t number, unsigned i)
{
	return (number + i) * 0x9e3779b97f4a7c15;
}

static void barrier(void)
{
	__asm__ volatile("dmb sy" ::: "memory");
}

static void write_letter(struct letter *letter, uint64_t number)
{
	for (unsigned i = 0; i < 62; i++)
		letter->text[i] = content(number, i);
	barrier();
	letter->number = number;
}

static bool read_letter(const struct letter *letter, uint64_t number)
{
	uint64_t start = timer_now();

	while (letter->number != number)
		if (timer_now() - start > PATIENCE * timer_frequency())
			return false;
	barrier();
	for (unsigned i = 0; i < 62; i++)
		if (letter->text[i] != content(number, i))
			return false;
	return true;
}

_Noreturn void guest_main(const void *device_tree)
{
	struct memory there, back;
	bool speak = fdt_bootargs_have(device_tree, "speak");
	bool good = fdt_region(device_tree, "shared-memory@4000000000", &there) &&
		    fdt_region(device_tree, "shared-memory@4000200000", &back);

	for (uint64_t n = 1; good && n <= MESSAGES; n++) {
		if (speak) {
			write_letter((struct letter *)there.base, n);
			good = read_letter((const struct letter *)back.base, n);
		} else {
			good = read_letter((const struct letter *)there.base, n);
			write_letter((struct letter *)back.base, n);
		}
	}
	print(good ? "letters: 100 letters and answers\n" : "letters: FAILED: no memory, or no answer in it\n");
	if (fdt_bootargs_have(device_tree, "overstep"))
		((struct letter *)there.base)->number = 0; /* it may only read there */
	power_off();
}
