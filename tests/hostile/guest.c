/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "guest_tree.h"
#include "hostile.h"

#define UART_FLAGS 0x18u
#define NONSENSE 0xbadbadbadbadbad0ul /* reply to exits that take none */
#define PATIENCE 20000u /* milliseconds; more than any answer takes */

#define SCAN_PAGE (h.config.window + 0x18000000ul)
#define SCAN_BLOCK (h.config.window + 0x18200000ul)

struct guest victim, neighbour, marker;
static u64 leaks;

/* What a run needs to know of the command that is being given. */
struct talk {
	u64 command, argument, answer;
	bool answered;
};

void guest_init(struct guest *g, u32 number, u64 window, u64 first_slot, u64 slots)
{
	*g = (struct guest){.config = &h.config.guest[number], .window = window};
	nie_allocator_init(&g->memory, first_slot, slots);
	for (u32 i = 0; i < g->config->untyped.count; i++) {
		must("taking a guest's memory", nie_allocator_add(&g->memory, g->config->untyped.slot[i]));
	}
}

u64 guest_ram_ipa(u32 page)
{
	return GUEST_RAM_BASE + page * NIE_PAGE_SIZE;
}

u64 guest_expected_ipa(u32 page)
{
	return GUEST_RAM_BASE + GUEST_RAM_SIZE + page * NIE_PAGE_SIZE;
}

u64 guest_window(const struct guest *g, u32 page)
{
	return g->window + page * NIE_PAGE_SIZE;
}

static void fill_image(struct guest *g)
{
	static u8 tree[TREE_SIZE] __attribute__((aligned(8)));
	struct guest_config config = *g->config;
	struct layout layout = {.extents = 0};

	config.memory = GUEST_RAM_SIZE;
	if (!guest_tree_make(tree, &config, &layout, 0)) {
		broken_setup("making a guest's device tree", NIE_ERR_NO_MEMORY);
	}
	memcpy((void *)g->window, tree, sizeof(tree));
	memcpy((void *)(g->window + (GUEST_ENTRY - GUEST_RAM_BASE)), config.kernel.data, config.kernel.size);
}

void guest_build(struct guest *g)
{
	u64 first;

	must("taking a guest's memory back", nie_allocator_reclaim(&g->memory));
	must("VSpace", nie_allocate(&g->memory, NIE_TYPE_GUEST_VSPACE, NIE_PAGE_BITS + 1u, &g->vspace));
	must("vCPU 0", nie_allocate(&g->memory, NIE_TYPE_VCPU, NIE_PAGE_BITS, &g->vcpu[0]));
	must("vCPU 1", nie_allocate(&g->memory, NIE_TYPE_VCPU, NIE_PAGE_BITS, &g->vcpu[1]));
	must("block", nie_allocate(&g->memory, NIE_TYPE_PRIVATE_FRAME, NIE_BLOCK_BITS, &g->block));
	must("pages", nie_allocate_many(&g->memory, NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS, GUEST_PAGES, &first));
	nie_space_init(&g->space, g->vspace, &g->memory);
	must("mapping a block", nie_space_map(&h.space, g->block, NIE_BLOCK_BITS, g->window, RIGHTS_RW));
	for (u32 i = 0; i < GUEST_PAGES; i++) {
		g->page[i] = first + i;
		must("mapping a page", nie_space_map(&h.space, g->page[i], NIE_PAGE_BITS,
						     g->window + NIE_BLOCK_SIZE + i * NIE_PAGE_SIZE, RIGHTS_RW));
	}
	fill_image(g);
	*(volatile u8 *)guest_window(g, GUEST_RAM_PAGES - 1u) = g->flaw == FLAW_CONTENT ? 1u : 0u;
	must("donating a block", nie_space_donate(&g->space, g->block, NIE_BLOCK_BITS, GUEST_BLOCK_IPA,
		RIGHTS_RWX));
	for (u32 i = 0; i < GUEST_PAGES; i++) {
		u32 n = g->flaw == FLAW_ORDER ? GUEST_PAGES - 1u - i : i;
		u32 at = g->flaw == FLAW_PLACE ? n ^ 1u : n;
		u64 rights = g->flaw == FLAW_RIGHTS && i == 7u ? RIGHTS_RW : RIGHTS_RWX;

		must("donating a page", nie_space_donate(&g->space, g->page[n], NIE_PAGE_BITS,
							 GUEST_PAGE_IPA + at * NIE_PAGE_SIZE, rights));
	}
	if (g->expects != 0u) {
		must("expecting memory", nie_space_expect_ram(&g->space, NIE_PAGE_BITS, guest_expected_ipa(0),
							      g->expects * NIE_PAGE_SIZE));
	}
	g->flags = 0;
	g->patience = PATIENCE;
	memset(g->list, 0, sizeof(g->list));
}

void guest_seal(struct guest *g)
{
	must("vCPU 0", nie_vcpu_configure(g->vcpu[0], g->vspace, 0, 0, GUEST_ENTRY + (g->flaw == FLAW_ENTRY ? 4u : 0u),
					  GUEST_RAM_BASE + (g->flaw == FLAW_ARGUMENT ? 8u : 0u), 0));
	must("vCPU 1", nie_vcpu_configure(g->vcpu[1], g->vspace, g->flaw == FLAW_VCPUS ? 2u : 1u, 0, 0, 0, 0));
	must("activating", nie_vspace_activate(g->vspace, g->policy));
}

static u64 sum_of(u64 first, u64 last)
{
	u64 total = 0;

	for (u64 at = first; at < last; at += 8u) {
		total += SITTER_WORD(at);
	}
	return total;
}

void guest_start(struct guest *g)
{
	u64 first = 0;
	u64 last = 0;

	guest_build(g);
	guest_seal(g);
	if (guest_ask(g, COMMAND_FIRST, 0, &first) != RUN_ANSWERED ||
	    guest_ask(g, COMMAND_LAST, 0, &last) != RUN_ANSWERED) {
		broken_setup("a guest does not start: exit", g->last.exit);
	}
	if (last != GUEST_RAM_BASE + GUEST_RAM_SIZE || first <= GUEST_ENTRY) {
		broken_setup("a guest is not where it should be", first);
	}
	g->expected = sum_of(first, last);
}

static bool is_secret(u64 value)
{
	return (value & ~0xfful) == SITTER_SECRET || (value & 0xffffff00ul) == (SITTER_SECRET & 0xffffff00ul) ||
	       value >> 32 == SITTER_SECRET >> 32;
}

static void look_for_leaks(const struct nie_run_results *r)
{
	u64 found = 0u + is_secret(r->exit) + is_secret(r->detail1) + is_secret(r->detail2) +
		    is_secret(r->detail3) + is_secret(r->list1) + is_secret(r->list2) + is_secret(r->list3);

	__atomic_fetch_add(&leaks, found, __ATOMIC_RELAXED); /* guests run on several cores */
}

u64 guest_leaks(void)
{
	return leaks;
}

/* True: the mailbox, or the UART, has dealt with this access. */
static bool mailbox(struct guest *g, struct talk *t, u64 *reply)
{
	u64 ipa = g->last.detail1;
	bool write = (g->last.detail3 & 0x100u) != 0u;

	if (ipa / NIE_PAGE_SIZE == GUEST_UART_BASE / NIE_PAGE_SIZE) {
		if (write) {
			putchar((int)(g->last.detail2 & 0x7fu));
		}
		*reply = 0;
		return true;
	}
	switch (ipa - MAILBOX) {
	case MAILBOX_COMMAND:
		*reply = t->command;
		return !write && !t->answered;
	case MAILBOX_ARGUMENT:
		*reply = t->argument;
		return !write;
	case MAILBOX_ANSWER:
		t->answer = g->last.detail2;
		t->answered = true;
		return write;
	case MAILBOX_DATA:
		*reply = g->mmio_reply;
		return true;
	default:
		return false;
	}
}

static u64 run(struct guest *g, u32 vcpu, u64 deadline, struct talk *t, u64 *status)
{
	u64 reply = NONSENSE;

	for (;;) {
		u64 reason;

		*status = nie_run(g->vcpu[vcpu], deadline, reply, g->list[0], g->list[1], g->list[2], g->flags,
				  &g->last);
		reply = NONSENSE;
		if (*status != NIE_OK) {
			return RUN_REFUSED;
		}
		look_for_leaks(&g->last);
		g->list[0] = g->last.list1;
		g->list[1] = g->last.list2;
		g->list[2] = g->last.list3;
		reason = g->last.exit & 0xffu;
		if (reason != NIE_EXIT_MMIO || !mailbox(g, t, &reply)) {
			return reason;
		}
		if (t->answered) {
			return RUN_ANSWERED;
		}
	}
}

static u64 after(u64 milliseconds)
{
	return nie_now() + nie_frequency() / 1000u * milliseconds;
}

u64 guest_run(struct guest *g, u32 vcpu, u64 milliseconds, u64 *status)
{
	struct talk t = {COMMAND_SUM, 0, 0, false};

	return run(g, vcpu, after(milliseconds), &t, status);
}

u64 guest_ask_vcpu(struct guest *g, u32 vcpu, u64 command, u64 argument, u64 *answer)
{
	struct talk t = {command, argument, 0, false};
	u64 deadline = after(g->patience);
	u64 status;
	u64 reason;

	do {
		reason = run(g, vcpu, deadline, &t, &status);
	} while (reason == NIE_EXIT_INTERRUPT || reason == NIE_EXIT_KICK);
	*answer = t.answer;
	return reason;
}

u64 guest_ask(struct guest *g, u64 command, u64 argument, u64 *answer)
{
	return guest_ask_vcpu(g, 0, command, argument, answer);
}

bool guest_unharmed(struct guest *g)
{
	u64 sum = 0;

	return guest_ask(g, COMMAND_SUM, 0, &sum) == RUN_ANSWERED && sum == g->expected;
}

u64 scan_frame(u64 frame, u64 bits)
{
	u64 address = bits == NIE_BLOCK_BITS ? SCAN_BLOCK : SCAN_PAGE;
	u64 found = 0;

	must("mapping a frame to read it", nie_space_map(&h.space, frame, bits, address, NIE_RIGHT_READ));
	for (u64 at = address; at < address + (1ul << bits); at += 8u) {
		found += *(volatile u64 *)at != 0u ? 1u : 0u;
	}
	must("unmapping it", nie_unmap(frame));
	return found;
}

u64 scan_guest_frames(struct guest *g)
{
	u64 found = scan_frame(g->block, NIE_BLOCK_BITS);

	for (u32 i = 0; i < GUEST_PAGES; i++) {
		found += scan_frame(g->page[i], NIE_PAGE_BITS);
	}
	return found;
}

u64 scan_untyped(u64 untyped)
{
	u64 slot = victim.memory.first_slot; /* empty: the caller took its memory back */
	struct nie_cap_info_results info = {0};
	u64 found = 0;
	u64 bits;
	u64 count;

	must("looking at an untyped", nie_cap_info(untyped, &info));
	bits = info.size_bits >= NIE_BLOCK_BITS ? NIE_BLOCK_BITS : NIE_PAGE_BITS;
	count = 1ul << (info.size_bits - bits);
	must("making frames of it", nie_retype_all(untyped, NIE_TYPE_PRIVATE_FRAME, bits, slot, count, NULL));
	for (u64 i = 0; i < count; i++) {
		found += scan_frame(slot + i, bits);
	}
	must("giving them back", nie_revoke_all(NIE_OWN_CSPACE, untyped));
	return found;
}

u64 scan_guest_memory(struct guest *g)
{
	u64 found = 0;

	must("taking the victim's memory back", nie_allocator_reclaim(&victim.memory));
	must("taking a guest's memory back", nie_allocator_reclaim(&g->memory));
	for (u32 i = 0; i < g->memory.untyped_count; i++) {
		found += scan_untyped(g->memory.untyped[i].slot);
	}
	return found;
}
