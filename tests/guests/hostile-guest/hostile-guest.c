/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An adversary at EL1: executes what no well-behaved guest does, and counts. Nothing of that may stop it; its last
 * act does. With 16 MiB of memory it tries everything first; each 2 MiB more mean another last act only.
 */
#include "hostile-guest.h"

#define BASE_SIZE (16ul << 20)

#pragma GCC visibility push(hidden)
extern char skip_vectors[];
#pragma GCC visibility pop

static uint64_t seed = 0x9e3779b97f4a7c15;

uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* The virtual timer's interrupt is pending, and masked: whatever waits does not wait for long. */
static void keep_awake(void)
{
	__asm__ volatile("msr cntv_cval_el0, xzr\n\tmsr cntv_ctl_el0, %0\n\tisb" :: "r"(1ul));
}

void attack(struct tally *t, uint32_t word, uint64_t x0, uint64_t x1)
{
	uint64_t before = trapped;

	keep_awake();
	(void)run_word(word, x0, x1);
	t->tried++;
	t->refused += trapped != before ? 1u : 0u;
}

void attack_at(struct tally *t, const void *where, uint64_t x0, uint64_t x1)
{
	uint64_t before = trapped;

	keep_awake();
	(void)run_at(where, x0, x1);
	t->tried++;
	t->refused += trapped != before ? 1u : 0u;
}

void say(const char *what, const struct tally *t)
{
	print("hostile: ");
	print(what);
	print(": ");
	print_decimal(t->tried);
	print(" tried, ");
	print_decimal(t->refused);
	print(" refused\n");
}

_Noreturn void guest_main(const void *device_tree)
{
	struct memory memory = {0, 0};

	if (!fdt_memory(device_tree, &memory)) {
		print("hostile: FAILED: no memory node in the device tree\n");
		power_off();
	}
	if (memory.size > BASE_SIZE) {
		last_act((memory.size - BASE_SIZE) >> 21);
	}
	__asm__ volatile("msr vbar_el1, %0\n\tisb" :: "r"(skip_vectors));
	print("hostile: begins\n");
	gic_init();
	__asm__ volatile("msr daifset, #15");
	calls();
	registers();
	maintenance();
	storms();
	tables();
	accesses();
	print("hostile: survived\n");
	last_act(0);
}
