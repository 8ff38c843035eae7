/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI 1.1 (Arm DEN0022), SMCCC 1.2 (DEN0028) and TRNG 1.0 (DEN0098), with two CPUs. What is optional and not there must
 * say so. */
#include "corner.h"

#define SMC64 0x40000000ul
#define VERSION 0x84000000ul
#define CPU_SUSPEND 0x84000001ul
#define CPU_OFF 0x84000002ul
#define CPU_ON 0x84000003ul
#define AFFINITY_INFO 0x84000004ul
#define MIGRATE 0x84000005ul
#define MIGRATE_INFO_TYPE 0x84000006ul
#define SYSTEM_OFF 0x84000008ul
#define SYSTEM_RESET 0x84000009ul
#define FEATURES 0x8400000aul
#define SYSTEM_RESET2 0x84000012ul
#define SMCCC_VERSION 0x80000000ul
#define SMCCC_ARCH_FEATURES 0x80000001ul
#define TRNG_VERSION 0x84000050ul
#define TRNG_FEATURES 0x84000051ul
#define TRNG_GET_UUID 0x84000052ul
#define TRNG_RND32 0x84000053ul
#define TRNG_RND64 0xc4000053ul

#define NOT_SUPPORTED (-1l)
#define INVALID_PARAMETERS (-2l)
#define ALREADY_ON (-4l)
#define ON_PENDING (-5l)
#define INVALID_ADDRESS (-9l)

#define ROUNDS 20u
#define CONTEXT 0xc0ffee00c0ffeeul

#pragma GCC visibility push(hidden)
extern char raw_start[];
uint64_t registers_kept(uint64_t function);
struct {
	uint64_t context, sctlr, level, daif, spsel, mpidr;
} raw_seen;
#pragma GCC visibility pop

static volatile uint64_t running, stop;

static void say(const char *what, uint64_t value)
{
	print("psci: ");
	print(what);
	print(" ");
	print_hex(value);
	print("\n");
}

static void features(void)
{
	static const uint32_t there[] = {VERSION, CPU_SUSPEND, CPU_SUSPEND | SMC64, CPU_OFF, CPU_ON, CPU_ON | SMC64, AFFINITY_INFO,
					 AFFINITY_INFO | SMC64, SYSTEM_OFF, SYSTEM_RESET, FEATURES};
	static const uint32_t never[] = {VERSION | SMC64, CPU_OFF | SMC64, SYSTEM_OFF | SMC64, FEATURES | SMC64, 0x84000099u, 0, ~0u,
					 0x94000003u, 0x04000003u, 0xbf00ff01u};
	/* Optional, and harmless to call with arguments of zero: what is not there must say so itself. */
	static const uint32_t optional[] = {MIGRATE, MIGRATE | SMC64, 0x84000007u, 0xc4000007u, 0x8400000du, 0xc400000du, 0x8400000fu,
					    0x84000010u, 0xc4000010u, 0x84000011u, 0xc4000011u, 0x84000013u, 0xc4000013u, 0x84000014u,
					    0x84000099u, 0x80000002u, 0x80007fffu, 0x80008000u, 0x80003fffu, 0xc5000020u, 0xc5000021u,
					    0x86000001u, 0xb2000000u};

	for (uint32_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
		check_equal((uint64_t)psci(FEATURES, there[i], 0, 0), 0, "PSCI_FEATURES of a mandatory function");
	}
	for (uint32_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		check_equal((uint64_t)psci(FEATURES, never[i], 0, 0), (uint64_t)NOT_SUPPORTED, "PSCI_FEATURES of no function");
	}
	for (uint32_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
		if (psci(FEATURES, optional[i], 0, 0) == NOT_SUPPORTED) {
			check_equal((uint64_t)psci(optional[i], 0, 0, 0), (uint64_t)NOT_SUPPORTED, "a function that is not there");
		}
	}
}

static void smccc(void)
{
	if (psci(FEATURES, SMCCC_VERSION, 0, 0) != 0) {
		say("SMCCC version", 0x10000);
		return;
	}
	say("SMCCC version", (uint64_t)psci(SMCCC_VERSION, 0, 0, 0));
	check(psci(SMCCC_VERSION, 0, 0, 0) >= 0x10001, "SMCCC_VERSION");
	check_equal((uint64_t)psci(SMCCC_ARCH_FEATURES, SMCCC_VERSION, 0, 0), 0, "SMCCC_ARCH_FEATURES of SMCCC_VERSION");
	check_equal((uint64_t)psci(SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0, 0), 0, "SMCCC_ARCH_FEATURES of itself");
	check_equal((uint64_t)psci(SMCCC_ARCH_FEATURES, 0x80001234, 0, 0), (uint64_t)NOT_SUPPORTED, "SMCCC_ARCH_FEATURES of none");
	check_equal((uint64_t)psci(SMCCC_ARCH_FEATURES, VERSION, 0, 0), (uint64_t)NOT_SUPPORTED,
		    "SMCCC_ARCH_FEATURES of PSCI's");
}

static void random_numbers(void)
{
	int64_t version = psci(TRNG_VERSION, 0, 0, 0);
	uint64_t same = 0;
	struct call c, before;

	if (version == NOT_SUPPORTED) {
		check_equal((uint64_t)psci(TRNG_RND64, 64, 0, 0), (uint64_t)NOT_SUPPORTED, "TRNG_RND64 without TRNG");
		print("psci: no TRNG\n");
		return;
	}
	say("TRNG version", (uint64_t)version);
	check(version >= 0x10000, "TRNG_VERSION");
	for (uint64_t f = TRNG_VERSION; f <= TRNG_RND32; f++) {
		check_equal((uint64_t)psci(TRNG_FEATURES, f, 0, 0), 0, "TRNG_FEATURES");
	}
	check_equal((uint64_t)psci(TRNG_FEATURES, TRNG_RND64, 0, 0), 0, "TRNG_FEATURES of RND64");
	check_equal((uint64_t)psci(TRNG_FEATURES, CPU_ON, 0, 0), (uint64_t)NOT_SUPPORTED, "TRNG_FEATURES of CPU_ON");
	check((uint32_t)psci(TRNG_GET_UUID, 0, 0, 0) != ~0u, "TRNG_GET_UUID");
	check_equal((uint64_t)psci(TRNG_RND64, 0, 0, 0), (uint64_t)INVALID_PARAMETERS, "TRNG_RND64 of 0 bits");
	check_equal((uint64_t)psci(TRNG_RND64, 193, 0, 0), (uint64_t)INVALID_PARAMETERS, "TRNG_RND64 of 193 bits");
	check_equal((uint64_t)psci(TRNG_RND32, 97, 0, 0), (uint64_t)INVALID_PARAMETERS, "TRNG_RND32 of 97 bits");
	c = hypervisor_call(TRNG_RND64, 5, 0, 0);
	check(c.x[0] == 0 && c.x[1] == 0 && c.x[2] == 0 && c.x[3] < 32, "TRNG_RND64 of 5 bits");
	c = hypervisor_call(TRNG_RND32, 70, 0, 0);
	check(c.x[0] == 0 && c.x[1] < 64 && c.x[2] <= ~0u && c.x[3] <= ~0u, "TRNG_RND32 of 70 bits");
	before = hypervisor_call(TRNG_RND64, 192, 0, 0);
	for (uint32_t i = 0; i < 16; i++) {
		c = hypervisor_call(TRNG_RND64, 192, 0, 0);
		for (uint32_t word = 1; word < 4; word++) {
			same += c.x[word] == before.x[word];
		}
		check_equal(c.x[0], 0, "TRNG_RND64");
		before = c;
	}
	check_equal(same, 0, "random numbers that repeat");
}

static bool reaches(int64_t state)
{
	uint64_t since = timer_now();

	while (psci(AFFINITY_INFO, 1, 0, 0) != state) {
		if (timer_now() - since > 10u * timer_frequency()) {
			return false;
		}
	}
	return true;
}

static void errors(void)
{
	static const uint64_t nobody[] = {2, 0x100, 0x10000, 0x100000000ul};
	uint64_t entry = (uint64_t)raw_start;

	for (uint32_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		check_equal((uint64_t)psci(CPU_ON | SMC64, nobody[i], entry, 0), (uint64_t)INVALID_PARAMETERS, "CPU_ON of no CPU");
		check_equal((uint64_t)psci(AFFINITY_INFO | SMC64, nobody[i], 0, 0), (uint64_t)INVALID_PARAMETERS,
			    "AFFINITY_INFO of no CPU");
	}
	check_equal((uint64_t)psci(CPU_ON | SMC64, 0, entry, 0), (uint64_t)ALREADY_ON, "CPU_ON of the caller");
	check_equal((uint64_t)psci(CPU_ON, 0, entry, 0), (uint64_t)ALREADY_ON, "CPU_ON of the caller, 32 bits");
	check_equal((uint64_t)psci(AFFINITY_INFO, 0, 0, 0), 0, "AFFINITY_INFO of the caller");
	check_equal((uint64_t)psci(AFFINITY_INFO, 1, 0, 0), 1, "AFFINITY_INFO of a CPU that is off");
	int64_t level = psci(AFFINITY_INFO, 1, 1, 0);

	check(level == 0 || level == INVALID_PARAMETERS, "AFFINITY_INFO of a cluster");
	level = psci(CPU_ON | SMC64, 1, entry + 2, 0);
	check(level == INVALID_ADDRESS || level == INVALID_PARAMETERS, "CPU_ON at an odd address");
	check_equal((uint64_t)psci(AFFINITY_INFO, 1, 0, 0), 1, "CPU_ON that was refused");
	level = psci(MIGRATE_INFO_TYPE, 0, 0, 0);
	check(level == 2 || level == NOT_SUPPORTED, "MIGRATE_INFO_TYPE");
	if (psci(FEATURES, SYSTEM_RESET2, 0, 0) == 0) {
		check_equal((uint64_t)psci(SYSTEM_RESET2, 1, 0, 0), (uint64_t)INVALID_PARAMETERS, "SYSTEM_RESET2 of type 1");
		check_equal((uint64_t)psci(SYSTEM_RESET2 | SMC64, 0x80000000, 0, 0), (uint64_t)INVALID_PARAMETERS,
			    "SYSTEM_RESET2 of a vendor's type");
	}
}

/* The state in which CPU_ON starts a CPU (DEN0022, 6.4). */
static void start_state(void)
{
	for (uint64_t round = 0; round < ROUNDS; round++) {
		bool small = round % 2u != 0u;
		uint64_t context = small ? (uint32_t)CONTEXT + round : CONTEXT + round;

		raw_seen.context = 0;
		check_equal((uint64_t)psci(small ? CPU_ON : CPU_ON | SMC64, 1, (uint64_t)raw_start, context), 0, "CPU_ON");
		int64_t again = psci(CPU_ON | SMC64, 1, (uint64_t)raw_start, 0);

		/* It may have turned itself off by now. */
		check(again == ALREADY_ON || again == ON_PENDING || again == 0, "CPU_ON again");
		check(reaches(1), "the CPU does not turn itself off");
		if (again == 0) {
			continue;
		}
		check_equal(raw_seen.context, context, "context of CPU_ON");
		check_equal(raw_seen.sctlr & 0x1005, 0, "SCTLR_EL1 of a CPU that starts: M, C, I");
		check_equal(raw_seen.level, 4, "CurrentEL of a CPU that starts");
		check_equal(raw_seen.daif, 0x3c0, "DAIF of a CPU that starts");
		check_equal(raw_seen.spsel, 1, "SPSel of a CPU that starts");
		check_equal(raw_seen.mpidr & 0xff00fffffful, 1, "MPIDR_EL1 of CPU 1");
	}
}

static void spin(void)
{
	running = 1;
	while (stop == 0) {
	}
}

static void on_and_off(void)
{
	check_equal((uint64_t)cpu_start(1, spin), 0, "CPU_ON");
	check(wait_for(&running, 1, 10u * timer_frequency()), "CPU 1 does not run");
	check_equal((uint64_t)psci(CPU_ON | SMC64, 1, (uint64_t)raw_start, 0), (uint64_t)ALREADY_ON, "CPU_ON of a CPU that runs");
	check_equal((uint64_t)psci(AFFINITY_INFO | SMC64, 1, 0, 0), 0, "AFFINITY_INFO of a CPU that runs");
	stop = 1;
	check(reaches(1), "CPU 1 does not turn itself off");
	stop = 0;
	running = 0;
}

static volatile uint64_t fired;

static void tick(void)
{
	uint64_t intid = MRS(ICC_IAR1) & 0xffffffu;

	fired += intid == PPI_VIRTUAL_TIMER;
	MSR(CNTV_CTL, 0);
	MSR(ICC_EOIR1, intid);
}

/* Standby: it ends with the timer's interrupt, which is taken afterwards; masked or not. */
static void suspend(void)
{
	uint64_t period = timer_frequency() / 500;

	check_equal((uint64_t)psci(CPU_SUSPEND, 0x01000000, 0, 0), (uint64_t)INVALID_PARAMETERS, "CPU_SUSPEND of a cluster");
	check_equal((uint64_t)psci(CPU_SUSPEND | SMC64, 0x80000000, 0, 0), (uint64_t)INVALID_PARAMETERS,
		    "CPU_SUSPEND, reserved bits");
	gic_distributor_on();
	gic_cpu_on(0);
	gic_bit(0, PPI_VIRTUAL_TIMER, ISENABLER);
	on_irq = tick;
	MASK_IRQ();
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t since = timer_now();

		timer_arm(period);
		check_equal((uint64_t)psci(i % 2u ? CPU_SUSPEND : CPU_SUSPEND | SMC64, 0, 0, 0), 0, "CPU_SUSPEND");
		check(timer_now() - since >= period, "CPU_SUSPEND came back too early");
		check_equal(fired, i, "an interrupt that was masked");
		UNMASK_IRQ();
		check(wait_for(&fired, i + 1u, timer_frequency()), "no interrupt after CPU_SUSPEND");
		MASK_IRQ();
	}
}

_Noreturn void guest_main(const void *device_tree)
{
	(void)device_tree;
	corner_vectors();
	say("version", (uint64_t)psci(VERSION, 0, 0, 0));
	check(psci(VERSION, 0, 0, 0) >= 0x10000, "PSCI_VERSION");
	features();
	smccc();
	random_numbers();
	errors();
	check_equal(registers_kept(VERSION), 0, "registers beyond x3 changed by a call");
	check_equal(registers_kept(0x84000099), 0, "registers beyond x3 changed by a call that is not there");
	start_state();
	on_and_off();
	suspend();
	check_equal(trapped.count, 0, "exceptions");
	/* SYSTEM_OFF takes the other CPU along. */
	check_equal((uint64_t)cpu_start(1, spin), 0, "CPU_ON");
	check(wait_for(&running, 1, 10u * timer_frequency()), "CPU 1 does not run");
	check_end("psci");
}
