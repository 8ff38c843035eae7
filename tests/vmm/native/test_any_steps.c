/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that does anything at all to its devices, its memory and PSCI: the VMM of examples/vmm/3-linux.c ends in order, no
 * sanitizer complains, and the kernel's invariants hold. Arguments: first seed, number of seeds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../vmm_on_native.h"

#define STEPS 400u

static u64 state;

static u64 any(u64 below)
{
	state ^= state << 13; /* xorshift64 */
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static u64 place(void)
{
	static const u64 base[] = {0x08000000, 0x080a0000, 0x080b0000, 0x09000000, 0x09000000, 0x09010000, 0x40000000, 0x40ff0000};
	u64 offset = any(200) == 0 ? any(0x20000) : any(0x1000); /* mostly within a device */

	return base[any(sizeof(base) / sizeof(base[0]))] + offset;
}

/* What a driver would write rather than noise, half of the time. */
static u64 value(void)
{
	static const u64 likely[] = {0, 1, 2, 0x12, 0x20, 0x50, 0x3ff, 0x7ff, 0xffffffff, 0xa0a0a0a0};

	return any(2) == 0 ? likely[any(sizeof(likely) / sizeof(likely[0]))] : state;
}

static struct nie_step step(void)
{
	static const u64 call[] = {0x84000000, 0x84000001, 0xc4000003, 0xc4000004, 0x8400000a, 0x80000000, 0xc4000190, 0xc4000196,
				   0xc4000198, 0x84000053};
	static const u64 last[] = {0x84000002, 0x84000009, 0xc4000197}; /* often the end: CPU_OFF, reset, memory given up */
	struct nie_step s = {.kind = STEP_COMPUTE, .size = 1ul << any(4)};

	switch (any(12)) {
	case 0:
		return (struct nie_step){.kind = STEP_WFI};
	case 1:
		return (struct nie_step){.kind = STEP_SGI, .value = any(4) == 0 ? state : any(16) << 24 | 1u};
	case 2:
		s.kind = STEP_CALL;
		s.at = any(50) == 0 ? last[any(3)] : call[any(sizeof(call) / sizeof(call[0]))];
		s.value = any(2) == 0 ? 0x40000000 + any(16) * 0x200000 : state;
		s.mask = any(2) == 0 ? 0x40000000 + any(16) * 0x200000 : state;
		return s;
	case 3:
		s.value = any(30000);
		return s;
	case 4:
		return (struct nie_step){.kind = STEP_TAKE};
	case 5:
		return (struct nie_step){.kind = STEP_DONE, .value = any(128)};
	default:
		s.kind = any(3) == 0 ? STEP_READ : STEP_WRITE;
		s.at = place() / s.size * s.size;
		s.value = value();
		return s;
	}
}

static int play(u64 seed)
{
	static struct nie_step steps[STEPS];
	const u64 boot[6] = {0};
	const char *problem;

	state = seed * 0x9e3779b97f4a7c15 + 1;
	for (u32 i = 0; i + 1u < STEPS; i++) {
		steps[i] = step();
	}
	steps[STEPS - 1u] = (struct nie_step){.kind = STEP_CALL, .at = 0x84000008};
	nie_native_start();
	nie_native_guest(0, steps, STEPS);
	alarm(60);
	if (!nie_native_run(task_main, boot)) {
		fprintf(stderr, "the VMM returned\n");
		return 1;
	}
	if (getenv("STEPS") != NULL) {
		fprintf(stderr, "seed %lu: %u steps\n", (unsigned long)seed, nie_native_steps_done(0));
	}
	problem = nie_native_problem();
	if (problem != NULL) {
		fprintf(stderr, "%s\n", problem);
	}
	return problem != NULL;
}

int main(int count, char **argument)
{
	u64 first = count > 1 ? strtoull(argument[1], NULL, 0) : 1;
	u64 seeds = count > 2 ? strtoull(argument[2], NULL, 0) : 24;
	int failed = 0;

	for (u64 seed = first; seed < first + seeds; seed++) {
		pid_t child = fork();
		int status = -1;

		if (child == 0) {
			int result;

			if (freopen("/dev/null", "w", stdout) == NULL) {
				_exit(9);
			}
			result = play(seed);
			fflush(NULL);
			_exit(result);
		}
		waitpid(child, &status, 0);
		if (status != 0) {
			printf("seed %lu: status %#x\n", (unsigned long)seed, (unsigned)status);
			failed = 1;
		}
	}
	return failed;
}
