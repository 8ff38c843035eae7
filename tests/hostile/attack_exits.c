/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest's exits tell, and what answers to them can change. */
#include <stdio.h>

#include "hostile.h"

#define ALL_REGISTERS 0xffffffff7ffffffful
#define X(n) (1ul << (n))
#define UART_IMSC 0x38u
#define UART_TRANSMIT (1u << 5)

/* Exit reasons that were looked at while every register held a secret. */
static u64 reasons_seen;

/* Let the guest leave with secrets in all registers, and answer with nonsense: registers outside `allowed`
 * must not change, and none may come out. */
static void comes_back(const char *what, u64 how, u64 address, u64 expected_exit, u64 allowed)
{
	u64 before = guest_leaks();
	u64 changed = 0;
	u64 reason = guest_ask(&victim, COMMAND_EXIT, how | address << 8, &changed);
	bool exit_is_right = expected_exit == 0u;

	while (reason == expected_exit) {
		exit_is_right = true;
		reasons_seen |= 1ul << reason;
		reason = guest_ask(&victim, COMMAND_EXIT, how | address << 8, &changed);
	}
	verdict(exit_is_right && reason == RUN_ANSWERED && (changed & ALL_REGISTERS & ~allowed) == 0u &&
			guest_leaks() == before, what,
		"%lu registers seen, those changed are 0x%lx", guest_leaks() - before, changed & ALL_REGISTERS);
}

/* The same for an exit that does not come back. */
static void stays_away(const char *what, u64 how, u64 address, u64 expected_exit)
{
	u64 before = guest_leaks();
	u64 answer = 0;
	u64 reason;

	if (how == EXIT_SPIN) {
		victim.patience = 20;
	}
	reason = guest_ask(&victim, COMMAND_EXIT, how | address << 8, &answer);
	reasons_seen |= 1ul << (reason % 64u);
	verdict(reason == expected_exit && guest_leaks() == before, what, "exit %lu, %lu registers seen", reason,
		guest_leaks() - before);
}

/* Values of EL0's registers in our own context after a guest ran. */
static void own_registers(void)
{
	u64 found = 0;
	u64 value;
	u64 v[64] __attribute__((aligned(16)));

	__asm__ volatile("mrs %0, tpidrro_el0" : "=r"(value));
	found += value >= SITTER_SECRET && value <= SITTER_SECRET + 0xffu;
	__asm__ volatile("mrs %0, tpidr_el0" : "=r"(value));
	found += value >= SITTER_SECRET && value <= SITTER_SECRET + 0xffu;
	__asm__ volatile(".arch_extension fp\n\t.arch_extension simd\n\t"
			 "stp q0, q1, [%0]\n\tstp q2, q3, [%0, #32]\n\tstp q4, q5, [%0, #64]\n\tstp q6, q7, [%0, #96]\n\t"
			 "stp q8, q9, [%0, #128]\n\tstp q10, q11, [%0, #160]\n\tstp q12, q13, [%0, #192]\n\t"
			 "stp q14, q15, [%0, #224]\n\tstp q16, q17, [%0, #256]\n\tstp q18, q19, [%0, #288]\n\t"
			 "stp q20, q21, [%0, #320]\n\tstp q22, q23, [%0, #352]\n\tstp q24, q25, [%0, #384]\n\t"
			 "stp q26, q27, [%0, #416]\n\tstp q28, q29, [%0, #448]\n\tstp q30, q31, [%0, #480]"
			 :: "r"(v) : "memory");
	for (u32 i = 0; i < 64u; i++) {
		found += v[i] >= SITTER_SECRET && v[i] <= SITTER_SECRET + 0xffu;
	}
	verdict(found == 0u, "look for a guest's registers in our own FP and thread registers", "%lu found",
		found);
}

struct load {
	const char *what;
	u64 reply, expected;
};

/* The kernel truncates and extends what we answer. */
static void replies(void)
{
	static const struct load loads[LOADS] = {
		[LOAD_B] = {"answer a byte load with 64 bits", 0xa1b2c3d4e5f697f8ul, 0xf8ul},
		[LOAD_H] = {"answer a halfword load with 64 bits", 0xa1b2c3d4e5f697f8ul, 0x97f8ul},
		[LOAD_W] = {"answer a word load with 64 bits", 0xa1b2c3d4e5f697f8ul, 0xe5f697f8ul},
		[LOAD_X] = {"answer a doubleword load", 0xa1b2c3d4e5f697f8ul, 0xa1b2c3d4e5f697f8ul},
		[LOAD_SB_W] = {"answer a signed byte load to 32 bits", 0xa1b2c3d4e5f697f8ul, 0xfffffff8ul},
		[LOAD_SB_X] = {"answer a signed byte load to 64 bits", 0xa1b2c3d4e5f60078ul, 0x78ul},
		[LOAD_SH_W] = {"answer a signed halfword load to 32 bits", 0xa1b2c3d4e5f697f8ul, 0xffff97f8ul},
		[LOAD_SH_X] = {"answer a signed halfword load to 64 bits", 0xa1b2c3d4e5f697f8ul,
		0xffffffffffff97f8ul},
		[LOAD_SW] = {"answer a signed word load to 64 bits", 0xa1b2c3d4e5f697f8ul, 0xffffffffe5f697f8ul},
	};

	for (u32 i = 0; i < LOADS; i++) {
		u64 got = 0;

		victim.mmio_reply = loads[i].reply;
		u64 reason = guest_ask(&victim, COMMAND_READ, i, &got);

		verdict(reason == RUN_ANSWERED && got == loads[i].expected, loads[i].what, "the guest gets 0x%lx",
			got);
	}
	victim.mmio_reply = 0;
}

static void second_vcpu(void)
{
	u64 found[4] = {0};
	u64 before = guest_leaks();
	u64 status;
	u64 reason;

	refused("start vCPU 1 before PSCI does",
		nie_run(victim.vcpu[1], nie_now(), 0, 0, 0, 0, 0, &victim.last), NIE_RUN_WRONG_STATE_VCPU);
	comes_back("let the guest turn vCPU 1 on, registers full", EXIT_CPU_ON, 0, NIE_EXIT_CPU_ON,
		   X(0) | X(1) | X(2) | X(3));
	refused("send vCPU 1 elsewhere once it is on",
		nie_vcpu_configure(victim.vcpu[1], victim.vspace, 1, 0, GUEST_RAM_BASE, 0xbad, 0),
		NIE_VCPU_CONFIGURE_WRONG_STATE_VCPU);
	reason = guest_run(&victim, 1, 5000, &status);
	reasons_seen |= 1ul << (reason % 64u);
	for (u32 i = 0; i < 4u; i++) {
		(void)guest_ask(&victim, COMMAND_SECOND, i, &found[i]);
	}
	verdict(reason == NIE_EXIT_CPU_OFF && found[0] == SITTER_CONTEXT && found[1] == 0u &&
			(found[2] & 0xffffffu) == 1u && found[3] == 4u,
		"start vCPU 1 with other registers than the guest asked for",
		"it found x0 0x%lx, others 0x%lx, MPIDR 0x%lx",
		found[0], found[1], found[2]);
	verdict(guest_leaks() == before, "look at the registers of a vCPU that turns itself off",
		"%lu registers seen",
		guest_leaks() - before);
	refused("run vCPU 1 after it turned itself off",
		nie_run(victim.vcpu[1], nie_now(), 0, 0, 0, 0, 0, &victim.last), NIE_RUN_WRONG_STATE_VCPU);
}

/* The guest spins, its registers full: whatever ends its run. */
static void look(const char *what, u64 expected)
{
	u64 before = guest_leaks();
	u64 status;
	u64 reason = guest_run(&victim, 0, 1000, &status);

	reasons_seen |= 1ul << (reason % 64u);
	verdict(reason == expected && guest_leaks() == before, what, "exit %lu, %lu registers seen", reason,
		guest_leaks() - before);
}

/* The console's transmit interrupt is pending whenever it is enabled. */
static void interrupt(void)
{
	volatile u32 *mask = (volatile u32 *)(h.config.console + UART_IMSC);

	must("binding the console's interrupt", nie_irq_bind(h.config.console_irq));
	*mask = UART_TRANSMIT;
	look("look at the registers of a guest at an interrupt of ours", NIE_EXIT_INTERRUPT);
	*mask = 0;
	must("acknowledging it", nie_irq_ack(h.config.console_irq));
}

static void while_it_spins(void)
{
	guest_start(&victim);
	stays_away("look at the registers of a guest that is interrupted by the deadline", EXIT_SPIN, 0,
		NIE_EXIT_DEADLINE);
	must("kicking", nie_vcpu_kick(victim.vcpu[0]));
	look("kick a guest and look at its registers", NIE_EXIT_KICK);
	victim.flags = NIE_RUN_FLAG_UNDERFLOW;
	look("have a maintenance interrupt and look at its registers", NIE_EXIT_MAINTENANCE);
	victim.flags = 0;
	interrupt();
}

static void at_its_end(void)
{
	static const struct {
		const char *what;
		u64 how, reason;
	} ends[] = {
		{"look at the registers of a guest at a fault", EXIT_FAULT, NIE_EXIT_FAULT},
		{"look at the registers of a guest at a fault, X6 too", EXIT_FAULT_9, NIE_EXIT_FAULT},
		{"look at the registers of a guest at SYSTEM_OFF", EXIT_OFF, NIE_EXIT_SYSTEM_OFF},
		{"look at the registers of a guest at SYSTEM_RESET", EXIT_RESET, NIE_EXIT_SYSTEM_RESET},
	};
	u64 hole = 0x30000000ul;

	for (u32 i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		guest_start(&victim);
		stays_away(ends[i].what, ends[i].how, hole, ends[i].reason);
	}
	guest_start(&victim);
	must("taking a page away", nie_unmap(victim.page[9]));
	stays_away("look at the registers of a guest that crashes", EXIT_READ_9, guest_ram_ipa(512u + 9u),
		   NIE_EXIT_CRASH);
	verdict(reasons_seen == (2ul << NIE_EXIT_REGISTER) - 2u, "find an exit that nobody looked at",
		"reasons 0x%lx seen", reasons_seen);
}

/* One instruction each that EL0 may not execute, between runs of a guest. */
static void privileged(void)
{
	extern void probe_timer(void), probe_timer_set(void), probe_pmu(void), probe_ttbr(void),
		probe_tpidr(void), probe_vbar(void), probe_far(void), probe_key(void), probe_vttbr(void),
		probe_hcr(void), probe_list(void), probe_debug(void), probe_tlbi(void), probe_translate(void),
		probe_mask(void), probe_hvc(void), probe_smc(void), probe_eret(void), probe_undefined(void);
	static const struct {
		const char *what;
		void (*entry)(void);
	} probes[] = {
		{"read a guest's timer at EL0", probe_timer},
		{"stop a guest's timer at EL0", probe_timer_set},
		{"read the cycle counter at EL0", probe_pmu},
		{"read a guest's TTBR0_EL1 at EL0", probe_ttbr},
		{"read a guest's TPIDR_EL1 at EL0", probe_tpidr},
		{"write VBAR_EL1 at EL0", probe_vbar},
		{"read a guest's FAR_EL1 at EL0", probe_far},
		{"read a guest's pointer authentication key at EL0", probe_key},
		{"read VTTBR_EL2 at EL0", probe_vttbr},
		{"write HCR_EL2 at EL0", probe_hcr},
		{"read a guest's list register at EL0", probe_list},
		{"read the debug control at EL0", probe_debug},
		{"invalidate TLBs at EL0", probe_tlbi},
		{"translate an address at EL0", probe_translate},
		{"mask interrupts at EL0", probe_mask},
		{"HVC at EL0", probe_hvc},
		{"SMC at EL0", probe_smc},
		{"return from an exception at EL0", probe_eret},
		{"an undefined instruction at EL0", probe_undefined},
	};

	for (u32 i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		struct access a = access_try(probes[i].entry, 0);

		verdict(a.end == ACCESS_CRASH && a.value == 0u, probes[i].what, "crash, class 0x%lx", a.class);
	}
}

void attack_exits(void)
{
	guest_start(&victim);
	replies();
	comes_back("look at the registers of a guest at an MMIO read", EXIT_READ, MAILBOX + MAILBOX_DATA, 0,
		X(6) | X(7));
	comes_back("look at the registers of a guest at an MMIO read, X6 too", EXIT_READ_9, MAILBOX + MAILBOX_DATA, 0,
		X(7) | X(9));
	comes_back("look at and change registers at an MMIO read into none", EXIT_READ_ZR, MAILBOX + MAILBOX_DATA, 0, X(6));
	comes_back("look at and change registers at an MMIO write", EXIT_WRITE, MAILBOX + MAILBOX_DATA, 0, X(6));
	comes_back("look at and change registers at an MMIO write, X6 too", EXIT_WRITE_9, MAILBOX + MAILBOX_DATA, 0,
		X(9));
	reasons_seen |= 1ul << NIE_EXIT_MMIO; /* by the mailbox, which has answered it */
	comes_back("look at and change registers at WFI", EXIT_WFI, 0, NIE_EXIT_WFI, 0);
	comes_back("look at and change registers at PSCI CPU_SUSPEND", EXIT_SUSPEND, 0, NIE_EXIT_WFI, X(0) | X(1));
	comes_back("look at and change registers at an SGI", EXIT_SGI, 0, NIE_EXIT_SGI, 0);
	comes_back("look at and change registers at a write of the physical timer", EXIT_TIMER, 0, NIE_EXIT_REGISTER, 0);
	comes_back("look at and change registers at a read of the physical timer", EXIT_TIMER_READ, 0, NIE_EXIT_REGISTER, X(7));
	comes_back("look at and change registers at a read of the physical timer into none", EXIT_TIMER_READ_ZR, 0,
		   NIE_EXIT_REGISTER, 0);
	comes_back("look at and change registers at RSI_IPA_STATE_SET", EXIT_EXPECT, guest_expected_ipa(9),
		NIE_EXIT_IPA_STATE, X(0) | X(1) | X(2) | X(3));
	own_registers();
	second_vcpu();
	still_right(&victim);
	while_it_spins();
	at_its_end();
	privileged();
}
