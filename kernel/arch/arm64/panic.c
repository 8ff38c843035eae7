/* SPDX-License-Identifier: Apache-2.0 */
/* The end: one report on the console, then the machine is powered off. */
#include "arch.h"
#include "nie/view.h"

/* What entry.S stores before it calls panic_exception(). */
struct frame {
	u64 x[31];
	u64 sp;
};

_Noreturn void panic_exception(u64 kind, const struct frame *frame);

volatile bool machine_stopped;
static u32 reporting; /* number, from 1, of the core that reports */

#define EC_DATA_ABORT_EL2 0x25u
#define SPSR_MODE_EL2 0x8u
#define WINDOW_SIZE (4ul << 20)

static const char *class_name(u64 class)
{
	switch (class) {
	case 0x00: return "undefined instruction";
	case 0x21: return "instruction abort";
	case 0x25: return "data abort";
	case 0x3c: return "breakpoint instruction";
	default: return "exception";
	}
}

void core_stop(void)
{
	for (;;) {
		__asm__ volatile("wfi");
	}
}

/* Only one core reports; the others are told to stop, and only then does the console say why. */
static void begin(void)
{
	static u32 lock;
	u32 core = percpu()->core;
	u32 first;

	if (reporting == core + 1u) {
		firmware_system_off(); /* the report itself failed */
	}
	__asm__ volatile(
		"1:	ldaxr	%w0, %1\n"
		"	cbnz	%w0, 2f\n"
		"	stlxr	%w0, %w2, %1\n"
		"	cbnz	%w0, 1b\n"
		"2:\n"
		: "=&r"(first), "+Q"(lock) : "r"(1u) : "memory");
	if (first != 0u) {
		core_stop();
	}
	reporting = core + 1u;
	machine_stopped = true;
	gic_kick_others(core);
	put_text("\nnie: stopped: ");
}

static void name_value(const char *name, u64 value)
{
	put_text(name);
	put_hex(value);
}

_Noreturn static void end(void)
{
	const struct percpu *me = percpu();

	put_text("nie:   core ");
	put_decimal(me->core);
	if (me->loaded == GRANULE_NONE) {
		put_text(", no vCPU\n");
	} else {
		name_value(", current vCPU in granule ", me->loaded);
		put_text("\n");
	}
	console_flush();
	firmware_system_off();
}

/* While a guest is loaded, registers that the kernel has not used yet still hold the guest's. */
static void put_registers(const struct frame *frame)
{
	granule_t loaded = percpu()->loaded;
	bool guest = loaded != GRANULE_NONE && vcpu_at(loaded)->guest != 0u;

	for (u32 i = guest ? 30u : 0u; i < 31u; i++) {
		put_text(guest || i % 4u == 0u ? "nie:   x" : "  x");
		put_decimal(i);
		name_value(" ", frame->x[i]);
		put_text(i % 4u == 3u ? "\n" : "");
	}
	name_value("  sp ", frame->sp);
	put_text("\n");
}

void panic_exception(u64 kind, const struct frame *frame)
{
	u64 esr = read_sysreg(esr_el2);
	u64 far = read_sysreg(far_el2);
	u64 spsr = read_sysreg(spsr_el2);
	u64 class = esr >> 26 & 0x3f;
	bool from_el2 = (spsr & 0x1cu) == SPSR_MODE_EL2;

	begin();
	if (from_el2 && kind == PANIC_SYNC && class == EC_DATA_ABORT_EL2 && (esr & 0x3fu) >= 0x10u &&
	    far - WINDOW_BASE < WINDOW_SIZE) {
		put_text("the machine has less RAM than the image was built for: ");
		put_decimal(RAM_SIZE >> 20);
		put_text(" MiB; memory does not answer\n");
	} else {
		static const char *const kinds[] = {"", "interrupt", "fast interrupt", "SError"};

		put_text(kind == PANIC_SYNC ? class_name(class) : kinds[kind % 4u]);
		if (kind == PANIC_SYNC && (class == 0x21u || class == EC_DATA_ABORT_EL2)) {
			name_value(" at address ", far);
		}
		put_text(from_el2 ? ", in the kernel\n" : ", while a vCPU ran\n");
	}
	name_value("nie:   esr ", esr);
	name_value("  far ", far);
	name_value("  spsr ", spsr);
	if (from_el2) { /* else they are a guest's, and nobody's to see */
		name_value("  elr ", read_sysreg(elr_el2));
		put_text("\n");
		put_registers(frame);
	} else {
		put_text("\n");
	}
	end();
}

void hw_panic(const char *what, u64 value)
{
	begin();
	put_text(what);
	name_value(" ", value);
	name_value("\nnie:   called before ", (u64)__builtin_return_address(0));
	put_text("\n");
	end();
}

void hw_report_task(u32 core, u64 class, u64 address, u64 pc)
{
	put_text("\nnie: the task of core ");
	put_decimal(core);
	name_value(" crashed: exception class ", class);
	name_value(", address ", address);
	name_value(", pc ", pc);
	put_text("\n");
	console_flush();
}

void hw_power_off(void)
{
	console_flush();
	firmware_system_off();
}
