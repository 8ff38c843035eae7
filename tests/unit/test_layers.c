/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The isolation layer does not rely on capabilities being right. Here each of its functions is handed
 * granules of every other kind than its own, as capabilities that lie about their object would: each
 * time the machine stops at once, and nothing has been touched.
 */
#include "world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nie/iodomain.h"
#include "nie/vspace.h"

#define GUEST_IPA 0x40000000ul
#define RIGHTS (NIE_RIGHT_READ | NIE_RIGHT_WRITE)

enum object_slot {
	GUEST = 30,
	GUEST_VCPU,
	PRIVATE,
	PRIVATE_BLOCK,
	SHARED,
	TABLE,
	CNODE,
	TASK,
	TASK_VCPU,
	GIVEN,
	TABLES = 50,
};

/* One granule of each kind, some of them several times for what else may matter. */
enum kind {
	A_FREE_GRANULE,
	A_KERNEL_GRANULE,
	A_CNODE,
	A_TABLE,
	A_GUEST_VSPACE,
	A_TASK_VSPACE,
	A_ROOT,
	A_VCPU,
	A_PRIVATE_FRAME,
	A_SHARED_FRAME,
	A_TAIL,
	NO_GRANULE,
	KINDS,
};

static granule_t of[KINDS];
static u32 budget;

static int layers_setup(void **state)
{
	world_setup(state);
	make_guest(GUEST, GUEST_VCPU);
	of[A_PRIVATE_FRAME] = make(NIE_TYPE_PRIVATE_FRAME, 12, PRIVATE);
	of[A_TAIL] = make(NIE_TYPE_PRIVATE_FRAME, 21, PRIVATE_BLOCK) + 7u;
	of[A_SHARED_FRAME] = make(NIE_TYPE_SHARED_FRAME, 12, SHARED);
	of[A_TABLE] = make(NIE_TYPE_TABLE, 12, TABLE);
	of[A_CNODE] = make(NIE_TYPE_CNODE, 12, CNODE);
	of[A_TASK_VSPACE] = make(NIE_TYPE_TASK_VSPACE, 13, TASK);
	of[A_GUEST_VSPACE] = object_of(GUEST);
	of[A_ROOT] = of[A_GUEST_VSPACE] + 1u;
	of[A_VCPU] = make(NIE_TYPE_VCPU, 12, TASK_VCPU);
	of[NO_GRANULE] = RAM_GRANULES;
	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		if (granule_state[g] == GRANULE_FREE) {
			of[A_FREE_GRANULE] = g;
		}
		if (granule_state[g] == GRANULE_KERNEL) {
			of[A_KERNEL_GRANULE] = g;
		}
	}
	budget = NIE_STEP_GRANULES;
	return 0;
}

/* The functions, each with the argument that is to be wrong; the others are as they should be. */
static void map_private_frame(granule_t g)
{
	(void)vspace_map_private(g, of[A_TASK_VSPACE], GUEST_IPA, RIGHTS);
}

static void map_private_vspace(granule_t g)
{
	(void)vspace_map_private(of[A_PRIVATE_FRAME], g, GUEST_IPA, RIGHTS);
}

static void map_shared_frame(granule_t g)
{
	(void)vspace_map_shared(g, of[A_TASK_VSPACE], GUEST_IPA, RIGHTS);
}

static void map_shared_vspace(granule_t g)
{
	(void)vspace_map_shared(of[A_SHARED_FRAME], g, GUEST_IPA, RIGHTS);
}

static void map_device_vspace(granule_t g)
{
	(void)vspace_map_device(DEVICE_PAGE, g, GUEST_IPA, RIGHTS);
}

static void map_device_page(granule_t g)
{
	(void)vspace_map_device((u32)(granule_address(g) / GRANULE_SIZE), of[A_TASK_VSPACE], GUEST_IPA, RIGHTS);
}

static void donate_frame(granule_t g)
{
	(void)vspace_donate(g, of[A_GUEST_VSPACE], GUEST_IPA, RIGHTS);
}

static void donate_vspace(granule_t g)
{
	(void)vspace_donate(of[A_PRIVATE_FRAME], g, GUEST_IPA, RIGHTS);
}

static void map_table_table(granule_t g)
{
	(void)vspace_map_table(g, of[A_TASK_VSPACE], GUEST_IPA, 2);
}

static void map_table_vspace(granule_t g)
{
	(void)vspace_map_table(of[A_TABLE], g, GUEST_IPA, 2);
}

static void unmap_private(granule_t g)
{
	(void)vspace_unmap_private(g);
}

static void unmap_shared_frame(granule_t g)
{
	(void)vspace_unmap_shared(g, of[A_TASK_VSPACE], GUEST_IPA);
}

static void unmap_device_vspace(granule_t g)
{
	(void)vspace_unmap_device(DEVICE_PAGE, g, GUEST_IPA);
}

static void expect_ram(granule_t g)
{
	(void)vspace_expect_ram(g, GUEST_IPA, 12, 1);
}

static void activate(granule_t g)
{
	(void)vspace_activate(g, 0);
}

static void measurement(granule_t g)
{
	u64 value[4];

	vspace_measurement(g, value);
}

static void kill_vspace(granule_t g)
{
	(void)vspace_kill(g, &budget);
}

static void configure_vcpu(granule_t g)
{
	(void)vcpu_configure(g, of[A_TASK_VSPACE], 0, of[A_CNODE], 0, 0, 0);
}

static void configure_vspace(granule_t g)
{
	(void)vcpu_configure(of[A_VCPU], g, 0, of[A_CNODE], 0, 0, 0);
}

static void kick(granule_t g)
{
	vcpu_kick(g);
}

static void run(granule_t g)
{
	const u64 arguments[6] = {NIE_NEVER};

	(void)vcpu_run(0, g, arguments);
}

static void start(granule_t g)
{
	(void)core_start(0, 1, g);
}

static void attach_vspace(granule_t g)
{
	(void)stream_attach(STREAM_ID, g);
}

static void attach_stream(granule_t g)
{
	(void)stream_attach(g, of[A_TASK_VSPACE]);
}

static void detach_vspace(granule_t g)
{
	(void)stream_detach(STREAM_ID, g);
}

static void fault_stream(granule_t g)
{
	u64 results[4];

	stream_fault(g, results);
}

static void end_cnode(granule_t g)
{
	(void)cnode_destroy(g, 1, &budget);
}

static void end_table(granule_t g)
{
	(void)table_destroy(g, &budget);
}

static void end_vspace(granule_t g)
{
	(void)vspace_destroy(g, &budget);
}

static void end_vcpu(granule_t g)
{
	(void)vcpu_destroy(g, &budget);
}

static void end_frame(granule_t g)
{
	(void)frame_destroy(g, &budget);
}

#define IS(kind) (1u << (kind))
#define EITHER_VSPACE (IS(A_GUEST_VSPACE) | IS(A_TASK_VSPACE))

static const struct {
	const char *name;
	void (*call)(granule_t g);
	u32 takes; /* the kinds that are right, or where there is another reason to refuse */
} functions[] = {
	{"map_private, frame", map_private_frame, IS(A_PRIVATE_FRAME)},
	{"map_private, VSpace", map_private_vspace, IS(A_TASK_VSPACE)},
	{"map_shared, frame", map_shared_frame, IS(A_SHARED_FRAME)},
	{"map_shared, VSpace", map_shared_vspace, EITHER_VSPACE},
	{"map_device, VSpace", map_device_vspace, IS(A_TASK_VSPACE)},
	{"map_device, RAM for a device", map_device_page, IS(NO_GRANULE)},
	{"donate, frame", donate_frame, IS(A_PRIVATE_FRAME)},
	{"donate, VSpace", donate_vspace, IS(A_GUEST_VSPACE)},
	{"map_table, table", map_table_table, IS(A_TABLE)},
	{"map_table, VSpace", map_table_vspace, EITHER_VSPACE},
	{"unmap_private", unmap_private, IS(A_PRIVATE_FRAME)},
	{"unmap_shared, frame", unmap_shared_frame, IS(A_SHARED_FRAME)},
	{"unmap_device, VSpace", unmap_device_vspace, EITHER_VSPACE},
	{"expect_ram", expect_ram, IS(A_GUEST_VSPACE)},
	{"activate", activate, IS(A_GUEST_VSPACE)},
	{"measurement", measurement, IS(A_GUEST_VSPACE)},
	{"kill", kill_vspace, EITHER_VSPACE},
	{"configure, vCPU", configure_vcpu, IS(A_VCPU)},
	{"configure, VSpace", configure_vspace, EITHER_VSPACE},
	{"kick", kick, IS(A_VCPU)},
	{"run", run, IS(A_VCPU)},
	{"core_start", start, IS(A_VCPU)},
	{"stream_attach, VSpace", attach_vspace, EITHER_VSPACE},
	{"stream_attach, a granule for a stream", attach_stream, 0},
	{"stream_detach", detach_vspace, EITHER_VSPACE},
	{"stream_fault, a granule for a stream", fault_stream, 0},
	{"cnode_destroy", end_cnode, IS(A_CNODE)},
	{"table_destroy", end_table, IS(A_TABLE)},
	{"vspace_destroy", end_vspace, EITHER_VSPACE},
	{"vcpu_destroy", end_vcpu, IS(A_VCPU)},
	{"frame_destroy", end_frame, IS(A_PRIVATE_FRAME) | IS(A_SHARED_FRAME)},
};

/* The machine stops in hw_panic, which ends a process natively: so each call has one of its own. */
static bool stops(void (*call)(granule_t g), granule_t g)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		if (freopen("/dev/null", "w", stderr) == NULL) {
			_exit(1);
		}
		call(g);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void wrong_objects_stop_the_machine(void **state)
{
	(void)state;
	for (u32 f = 0; f < sizeof(functions) / sizeof(functions[0]); f++) {
		for (u32 kind = 0; kind < KINDS; kind++) {
			if ((functions[f].takes & IS(kind)) == 0u && !stops(functions[f].call, of[kind])) {
				fail_msg("%s takes granule %u of kind %u", functions[f].name, of[kind], kind);
			}
		}
	}
}

static void right_objects_do_not(void **state)
{
	(void)state;
	for (u32 f = 0; f < sizeof(functions) / sizeof(functions[0]); f++) {
		for (u32 kind = 0; kind < NO_GRANULE; kind++) {
			if ((functions[f].takes & IS(kind)) != 0u && stops(functions[f].call, of[kind])) {
				fail_msg("%s stops at granule %u of kind %u", functions[f].name, of[kind], kind);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_objects_stop_the_machine, layers_setup, world_teardown),
		cmocka_unit_test_setup_teardown(right_objects_do_not, layers_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
