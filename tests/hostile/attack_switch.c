/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a core still holds of a guest that left it. Guests mark all their registers; then the core runs others, the
 * guest goes on elsewhere, or it ends: each must find its own registers, and nobody another's.
 */
#include "hostile.h"

#define ROUNDS 12u
#define MARKED_LEAST 20u /* registers that take a mark, on the CPU with the fewest */
#define OTHER_CORE 1u
#define CUT_MILLISECONDS 1u
#define ALL_TAGS 0x80u /* tags from here on name guests */

/* What was found over all rounds of an attack. */
static struct {
	u64 marked; /* in the round with the fewest */
	u64 changed, foreign;
	u32 rounds;
} found;

static void begin(void)
{
	found.marked = ~0ul;
	found.changed = 0;
	found.foreign = 0;
	found.rounds = 0;
}

static void end(const char *what)
{
	verdict(found.rounds != 0u && found.marked >= MARKED_LEAST && found.changed == 0u && found.foreign == 0u, what,
		"%u rounds, %lu registers marked, changed 0x%lx, another's 0x%lx", found.rounds, found.marked, found.changed,
		found.foreign);
}

/* A command to a guest's vCPU, given on a core. */
struct order {
	struct guest *g;
	u32 vcpu;
	u64 command, argument, answer, reason;
};

static void give(void *argument)
{
	struct order *o = argument;

	o->reason = guest_ask_vcpu(o->g, o->vcpu, o->command, o->argument, &o->answer);
}

static u64 ask(u32 core, struct guest *g, u32 vcpu, u64 command, u64 argument)
{
	struct order o = {g, vcpu, command, argument, 0, 0};

	if (core == 0u) {
		give(&o);
	} else {
		(void)core_begin(core, give, &o);
		core_join(core);
	}
	if (o.reason != RUN_ANSWERED) {
		broken_setup("a guest does not answer: exit", o.reason);
	}
	return o.answer;
}

static void mark(u32 core, struct guest *g, u32 vcpu, u64 tag)
{
	u64 marked = ask(core, g, vcpu, COMMAND_MARK, tag);

	found.marked = marked < found.marked ? marked : found.marked;
}

/* Its own are there, and nothing with the other's tag. */
static void check(u32 core, struct guest *g, u32 vcpu, u64 foreign_tag)
{
	found.changed |= ask(core, g, vcpu, COMMAND_KEPT, 0);
	found.foreign |= ask(core, g, vcpu, COMMAND_FOREIGN, foreign_tag);
}

/* It leaves in the middle of a computation, and goes on with that later. */
static void cut(struct guest *g)
{
	u64 patience = g->patience;
	u64 sum = 0;

	g->patience = CUT_MILLISECONDS;
	(void)guest_ask(g, COMMAND_SUM, 0, &sum);
	g->patience = patience;
}

static void leave_by_wfi(struct guest *g)
{
	u64 answer = 0;

	if (guest_ask(g, COMMAND_WAIT, 0, &answer) != NIE_EXIT_WFI) {
		broken_setup("a guest does not wait: exit", g->last.exit);
	}
}

static void two_guests(void)
{
	begin();
	for (u32 round = 0; round < ROUNDS; round++) {
		u64 tag = ALL_TAGS + 2u * round;

		mark(0, &victim, 0, tag);
		mark(0, &neighbour, 0, tag + 1u);
		check(0, &victim, 0, tag + 1u);
		check(0, &neighbour, 0, tag);
		cut(&victim);
		leave_by_wfi(&neighbour);
		(void)ask(0, &victim, 0, COMMAND_SUM, 0);
		check(0, &victim, 0, tag + 1u);
		(void)ask(0, &neighbour, 0, COMMAND_WAIT, 0);
		check(0, &neighbour, 0, tag);
		found.rounds++;
	}
	end("find a guest's registers in another that shares the core");
}

/* vCPU 1 takes commands too from now on. */
static void start_second(struct guest *g)
{
	u64 answer = 0;

	if (guest_ask(g, COMMAND_EXIT, EXIT_SERVE, &answer) != NIE_EXIT_CPU_ON) {
		broken_setup("a guest does not start its vCPU 1: exit", g->last.exit);
	}
	(void)ask(0, g, 0, COMMAND_EXIT, EXIT_SERVE); /* the call comes back */
}

static void two_vcpus(void)
{
	start_second(&victim);
	begin();
	for (u32 round = 0; round < ROUNDS; round++) {
		u64 tag = ALL_TAGS + 2u * round;

		mark(0, &victim, 0, tag);
		mark(0, &victim, 1, tag + 1u);
		check(0, &victim, 0, tag + 1u);
		check(0, &victim, 1, tag);
		found.rounds++;
	}
	end("find the registers of one vCPU in another of its guest");
}

/* It was the last guest on its core, which may hold its registers still; another core turns it on. */
static void on_again(void)
{
	struct order off = {&victim, 1, COMMAND_OFF, 0, 0, 0};

	guest_start(&victim);
	start_second(&victim);
	begin();
	mark(OTHER_CORE, &victim, 1, ALL_TAGS);
	(void)core_begin(OTHER_CORE, give, &off);
	core_join(OTHER_CORE);
	if (off.reason != NIE_EXIT_CPU_OFF) {
		broken_setup("vCPU 1 does not turn itself off: exit", off.reason);
	}
	start_second(&victim);
	found.foreign = ask(OTHER_CORE, &victim, 1, COMMAND_FOREIGN, ALL_TAGS);
	found.rounds = 1;
	end("start vCPU 1 again with the registers that it had when it went off");
}

/* A guest made in the memory of one that marked the core's registers and was killed. */
static void made_anew(const char *what, u32 core)
{
	begin();
	for (u32 round = 0; round < ROUNDS / 4u; round++) {
		guest_start(&victim);
		mark(core, &victim, 0, ALL_TAGS + round);
		must("killing", nie_kill_all(victim.vspace));
		guest_build(&victim);
		guest_seal(&victim);
		found.foreign |= ask(core, &victim, 0, COMMAND_FOREIGN, ALL_TAGS + round);
		found.rounds++;
	}
	end(what);
}

/* Once its vCPU is deleted and its memory are frames of ours, a core that still has its registers gets another guest. */
static void written_back(const char *what, u32 core)
{
	u64 slot = victim.memory.first_slot;
	u64 words = 0;

	begin();
	guest_start(&victim);
	mark(core, &victim, 0, ALL_TAGS);
	must("taking the victim's memory back", nie_allocator_reclaim(&victim.memory));
	for (u32 i = 0; i < victim.memory.untyped_count; i++) {
		const struct nie_untyped *u = &victim.memory.untyped[i];
		u64 bits = u->size_bits >= NIE_BLOCK_BITS ? NIE_BLOCK_BITS : NIE_PAGE_BITS;
		u64 count = 1ul << (u->size_bits - bits);

		must("making frames", nie_retype_all(u->slot, NIE_TYPE_PRIVATE_FRAME, bits, slot, count, NULL));
		mark(core, &neighbour, 0, ALL_TAGS + 1u);
		for (u64 n = 0; n < count; n++) {
			words += scan_frame(slot + n, bits);
		}
		must("giving them back", nie_revoke_all(NIE_OWN_CSPACE, u->slot));
		found.rounds++;
	}
	found.foreign = words;
	found.changed = ask(core, &neighbour, 0, COMMAND_KEPT, 0);
	end(what);
}

/* Back on a core that has older registers of the same guest; with and without another guest in between. */
static void other_core_and_back(void)
{
	begin();
	for (u32 round = 0; round < ROUNDS; round++) {
		u64 tag = ALL_TAGS + 3u * round;

		mark(0, &victim, 0, tag);
		check(OTHER_CORE, &victim, 0, tag + 2u);
		mark(OTHER_CORE, &victim, 0, tag + 1u);
		if (round % 2u != 0u) {
			mark(0, &neighbour, 0, tag + 2u);
		}
		check(0, &victim, 0, tag + 2u);
		found.foreign |= ask(0, &victim, 0, COMMAND_FOREIGN, tag);
		if (round % 3u != 0u) {
			mark(OTHER_CORE, &neighbour, 0, tag + 2u);
		}
		check(OTHER_CORE, &victim, 0, tag + 2u);
		found.rounds++;
	}
	end("have a guest find the registers that it left on a core before it went to another");
}

/* Both at once, each on the other's core in the next round. */
static void swapped(void)
{
	begin();
	for (u32 round = 0; round < ROUNDS; round++) {
		struct guest *here = round % 2u != 0u ? &neighbour : &victim;
		struct guest *there = round % 2u != 0u ? &victim : &neighbour;
		static const u64 commands[] = {COMMAND_KEPT, COMMAND_SUM, COMMAND_KEPT, COMMAND_MARK};

		for (u32 i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
			u64 tag = ALL_TAGS + 2u * round;
			struct order far = {there, 0, commands[i], tag + (there == &victim ? 0u : 1u), 0, 0};
			u64 near;

			(void)core_begin(OTHER_CORE, give, &far);
			near = ask(0, here, 0, commands[i], tag + (here == &victim ? 0u : 1u));
			core_join(OTHER_CORE);
			if (far.reason != RUN_ANSWERED) {
				broken_setup("a guest does not answer: exit", far.reason);
			}
			if (commands[i] == COMMAND_KEPT && round != 0u) { /* the first round marks */
				found.changed |= near | far.answer;
			} else if (commands[i] == COMMAND_MARK) {
				near = near < far.answer ? near : far.answer;
				found.marked = near < found.marked ? near : found.marked;
			} else if (commands[i] == COMMAND_SUM) {
				found.changed |= near != here->expected || far.answer != there->expected ? 1ul << 63 : 0u;
			}
		}
		found.rounds++;
	}
	end("swap two guests that run between two cores");
}

/* The VMM may see and set a debuggable guest's registers: what it gets is what the guest has, wherever that is kept. */
static void debuggable(const char *what, u32 core)
{
	static const struct {
		u64 at, number;
	} registers[] = {
		{NIE_DEBUG_SP_EL0, MARK_SP_EL0}, {NIE_DEBUG_ELR_EL1, MARK_ELR_EL1}, {NIE_DEBUG_ESR_EL1, MARK_ESR_EL1},
		{NIE_DEBUG_FAR_EL1, MARK_FAR_EL1}, {NIE_DEBUG_VBAR_EL1, MARK_VBAR_EL1},
		{NIE_DEBUG_TTBR0_EL1, MARK_TTBR0_EL1}, {NIE_DEBUG_TTBR1_EL1, MARK_TTBR1_EL1},
		{NIE_DEBUG_TCR_EL1, MARK_TCR_EL1}, {NIE_DEBUG_SPSR_EL1, MARK_SPSR_EL1},
	};
	u64 wanted = 0;

	begin();
	victim.policy |= NIE_POLICY_DEBUGGABLE;
	guest_start(&victim);
	victim.policy ^= NIE_POLICY_DEBUGGABLE;
	for (u32 i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		u64 tag = ALL_TAGS + 2u * i;
		u64 seen = 0;
		u64 old = 0;

		mark(core, &victim, 0, tag);
		u64 own = ask(core, &victim, 0, COMMAND_REGISTER, registers[i].number);

		must("reading a register", nie_vcpu_debug(victim.vcpu[0], 0, registers[i].at, 0, &seen));
		found.changed |= seen != own ? 1ul << registers[i].number : 0u;
		/* What this guest's register holds after another mark is a value that it can have. */
		mark(core, &victim, 0, tag + 1u);
		own = ask(core, &victim, 0, COMMAND_REGISTER, registers[i].number);
		must("writing a register", nie_vcpu_debug(victim.vcpu[0], NIE_DEBUG_WRITE, registers[i].at, seen, &old));
		found.changed |= old != own ? 1ul << registers[i].number : 0u;
		wanted = seen != own ? 1ul << registers[i].number : 0u;
		found.foreign |= ask(core, &victim, 0, COMMAND_KEPT, 0) ^ wanted;
		found.foreign |= ask(0, &victim, 0, COMMAND_REGISTER, registers[i].number) ^ seen;
		found.rounds++;
	}
	end(what);
}

void attack_switch(void)
{
	/* With all registers that a guest can have: pointer authentication keys, too. */
	victim.policy = neighbour.policy = NIE_POLICY_HOST_CPU;
	guest_start(&victim);
	guest_start(&neighbour);
	two_guests();
	two_vcpus();
	made_anew("make a guest where a dead one's registers are still on the core", 0);
	written_back("have a dead guest's registers written to memory that is ours", 0);
	debuggable("debug: other registers than a guest has", 0);
	if (h.cores > OTHER_CORE) {
		guest_start(&victim);
		other_core_and_back();
		on_again();
		guest_start(&victim);
		swapped();
		made_anew("make a guest where a dead one's registers are still on another core", OTHER_CORE);
		written_back("have a dead guest's registers written from another core to memory that is ours", OTHER_CORE);
		debuggable("debug: other registers than a guest has on another core", OTHER_CORE);
	}
	victim.policy = neighbour.policy = 0;
}
