/* SPDX-License-Identifier: Apache-2.0 */
/* Sits in its RAM and does what its mailbox says, so that whoever attacks it can tell whether it notices. */
#include "sitter.h"

#include "guest.h"
#include "marks.h"
#include "rsi.h"

#define PSCI_CPU_OFF 0x84000002ul

/* exits.S */
#pragma GCC visibility push(hidden)
uint64_t exit_read(uint64_t address);
uint64_t exit_read_9(uint64_t address);
uint64_t exit_read_zr(uint64_t address);
uint64_t exit_write(uint64_t address);
uint64_t exit_write_9(uint64_t address);
uint64_t exit_expect(uint64_t address);
uint64_t exit_fault_9(uint64_t address);
uint64_t exit_wfi(uint64_t address);
uint64_t exit_suspend(uint64_t address);
uint64_t exit_sgi(uint64_t address);
uint64_t exit_timer(uint64_t address);
uint64_t exit_timer_read(uint64_t address);
uint64_t exit_timer_read_zr(uint64_t address);
uint64_t exit_cpu_on(uint64_t address);
uint64_t exit_serve(uint64_t address);
uint64_t exit_spin(uint64_t address);
uint64_t exit_fault(uint64_t address);
uint64_t exit_off(uint64_t address);
uint64_t exit_reset(uint64_t address);

/* What exits.S stores: x0 to x30, a gap, v0 to v31. */
struct registers {
	uint64_t x[32];
	uint64_t v[64];
};
uint64_t registers_changed(const struct registers *r);
extern volatile uint64_t second_found[4];
_Noreturn void serve(void); /* vCPU 1, too */
#pragma GCC visibility pop

volatile uint64_t second_found[4] __attribute__((aligned(16)));
static volatile uint64_t *first, *last; /* of the free RAM */

static uint64_t mailbox_read(uint64_t offset)
{
	return *(volatile uint64_t *)(MAILBOX + offset);
}

static void answer(uint64_t value)
{
	*(volatile uint64_t *)(MAILBOX + MAILBOX_ANSWER) = value;
}

uint64_t registers_changed(const struct registers *r)
{
	uint64_t changed = 0;

	for (unsigned n = 0; n < 31; n++)
		if (r->x[n] != SITTER_SECRET + n)
			changed |= 1ul << n;
	for (unsigned n = 0; n < 32; n++)
		if (r->v[n * 2] != SITTER_SECRET + n || r->v[n * 2 + 1] != SITTER_SECRET + n)
			changed |= 1ul << 32 << n;
	return changed;
}

static void fill(void)
{
	for (volatile uint64_t *at = first; at < last; at++)
		*at = SITTER_WORD((uint64_t)at);
}

static uint64_t sum(void)
{
	uint64_t total = 0;

	for (volatile uint64_t *at = first; at < last; at++)
		total += *at;
	return total;
}

#define LOAD(instruction, register) \
	__asm__ volatile("mov %0, #-1\n\t" instruction " %" register "0, [%1]" \
			 : "=&r"(value) : "r"(at) : "memory")

static uint64_t load(uint64_t kind)
{
	uint64_t at = MAILBOX + MAILBOX_DATA;
	uint64_t value = 0;

	switch (kind) {
	case LOAD_B: LOAD("ldrb", "w"); break;
	case LOAD_H: LOAD("ldrh", "w"); break;
	case LOAD_W: LOAD("ldr", "w"); break;
	case LOAD_X: LOAD("ldr", "x"); break;
	case LOAD_SB_W: LOAD("ldrsb", "w"); break;
	case LOAD_SB_X: LOAD("ldrsb", "x"); break;
	case LOAD_SH_W: LOAD("ldrsh", "w"); break;
	case LOAD_SH_X: LOAD("ldrsh", "x"); break;
	case LOAD_SW: LOAD("ldrsw", "x"); break;
	default: break;
	}
	return value;
}

static uint64_t leave(uint64_t how, uint64_t address)
{
	switch (how) {
	case EXIT_READ: return exit_read(address);
	case EXIT_READ_9: return exit_read_9(address);
	case EXIT_READ_ZR: return exit_read_zr(address);
	case EXIT_WRITE: return exit_write(address);
	case EXIT_WRITE_9: return exit_write_9(address);
	case EXIT_WFI: return exit_wfi(address);
	case EXIT_SUSPEND: return exit_suspend(address);
	case EXIT_SGI: return exit_sgi(address);
	case EXIT_TIMER: return exit_timer(address);
	case EXIT_TIMER_READ: return exit_timer_read(address);
	case EXIT_TIMER_READ_ZR: return exit_timer_read_zr(address);
	case EXIT_CPU_ON: return exit_cpu_on(address);
	case EXIT_SERVE: return exit_serve(address);
	case EXIT_SPIN: return exit_spin(address);
	case EXIT_EXPECT: return exit_expect(address);
	case EXIT_FAULT: return exit_fault(address);
	case EXIT_FAULT_9: return exit_fault_9(address);
	case EXIT_OFF: return exit_off(address);
	default: return exit_reset(address);
	}
}

static uint64_t measurement(uint64_t word)
{
	uint64_t x[9] = {RSI_MEASUREMENT_READ, 0};

	rsi(x);
	return x[0] ? 0 : x[1 + (word & 3)];
}

static uint64_t policy(void)
{
	static uint64_t config[512] __attribute__((aligned(4096)));
	uint64_t x[9] = {RSI_REALM_CONFIG, (uint64_t)config};

	rsi(x);
	return x[0] ? ~0ul : config[64];
}

static uint64_t set_state(uint64_t page, uint64_t state)
{
	uint64_t x[9] = {RSI_IPA_STATE_SET, page, page + 0x1000, state};

	rsi(x);
	return x[0] | x[2];
}

/* Registers that EL0 of another context could read, too, if nobody switched them. */
static void fill_system_registers(void)
{
	uint64_t secret = SITTER_SECRET;
	uint64_t sre;

	__asm__ volatile("msr cpacr_el1, %0\n\tisb" :: "r"(3ul << 20));
	__asm__ volatile("msr tpidr_el0, %0\n\tmsr tpidrro_el0, %0\n\tmsr tpidr_el1, %0\n\tmsr sp_el0, %0"
			 :: "r"(secret));
	__asm__ volatile("mrs %0, s3_0_c12_c12_5" : "=r"(sre)); /* ICC_SRE_EL1 */
	__asm__ volatile("msr s3_0_c12_c12_5, %0\n\tisb" :: "r"(sre | 1));
}

static uint64_t wait_for_interrupt(void)
{
	__asm__ volatile("wfi");
	return 0;
}

static void turn_off(void)
{
	register uint64_t x0 __asm__("x0") = PSCI_CPU_OFF;

	__asm__ volatile("hvc #0" : "+r"(x0) :: "x1", "x2", "x3", "memory");
}

_Noreturn void serve(void)
{
	for (;;) {
		uint64_t command = mailbox_read(MAILBOX_COMMAND);
		uint64_t argument = mailbox_read(MAILBOX_ARGUMENT);

		switch (command) {
		case COMMAND_SUM: answer(sum()); break;
		case COMMAND_FIRST: answer((uint64_t)first); break;
		case COMMAND_LAST: answer((uint64_t)last); break;
		case COMMAND_LOAD: answer(*(volatile uint64_t *)argument); break;
		case COMMAND_STORE:
			*(volatile uint64_t *)argument = SITTER_SECRET;
			answer(0);
			break;
		case COMMAND_READ: answer(load(argument)); break;
		case COMMAND_EXIT: answer(leave(argument & 0xff, argument >> 8)); break;
		case COMMAND_MEASUREMENT: answer(measurement(argument)); break;
		case COMMAND_POLICY: answer(policy()); break;
		case COMMAND_GIVE: answer(set_state(argument, RIPAS_EMPTY)); break;
		case COMMAND_EXPECT: answer(set_state(argument, RIPAS_RAM)); break;
		case COMMAND_SECOND: answer(second_found[argument & 3]); break;
		case COMMAND_WAIT: answer(wait_for_interrupt()); break;
		case COMMAND_OFF: turn_off(); break;
		case COMMAND_MARK: answer(marks_write(argument)); break;
		case COMMAND_KEPT: answer(marks_changed()); break;
		case COMMAND_FOREIGN: answer(marks_find(argument)); break;
		case COMMAND_REGISTER: answer(marks_read(argument)); break;
		default:
			print("sitter: unknown command\n");
			power_off();
		}
	}
}

_Noreturn void guest_main(const void *device_tree)
{
	struct memory memory;

	if (!fdt_memory(device_tree, &memory)) {
		print("sitter: FAILED: no memory node in the device tree\n");
		power_off();
	}
	first = (uint64_t *)image_end;
	last = (uint64_t *)(memory.base + memory.size);
	fill();
	fill_system_registers();
	serve();
}
