/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest was promised when it was sealed: its measurement, its policy, and what memory may still come. */
#include <string.h>

#include "hostile.h"

#define HASH_WORDS 4u
#define EXPECTED 4u /* pages */

static void measure(struct nie_vspace_measurement_results *m)
{
	must("measuring", nie_vspace_measurement(victim.vspace, m));
}

static void measure_with(enum flaw flaw, struct nie_vspace_measurement_results *m)
{
	victim.flaw = flaw;
	victim.expects = flaw == FLAW_EXPECTED ? EXPECTED : 0u;
	victim.policy = flaw == FLAW_POLICY ? NIE_POLICY_DEBUGGABLE : flaw == FLAW_CPU ? NIE_POLICY_HOST_CPU : 0u;
	guest_build(&victim);
	guest_seal(&victim);
	measure(m);
	victim.flaw = FLAW_NONE;
	victim.expects = 0;
	victim.policy = 0;
}

/* A guest that differs in one thing must not pass for the right one. */
static void measurements(void)
{
	static const char *const what[FLAWS] = {
		[FLAW_CONTENT] = "change one bit of a guest's memory before it is sealed",
		[FLAW_ORDER] = "donate a guest's pages in another order",
		[FLAW_PLACE] = "donate a guest's pages to each other's places",
		[FLAW_RIGHTS] = "donate one page of a guest with other rights",
		[FLAW_ENTRY] = "start a guest four bytes later",
		[FLAW_ARGUMENT] = "start a guest with another device tree",
		[FLAW_VCPUS] = "give a guest's second vCPU another number",
		[FLAW_EXPECTED] = "have a guest expect more memory",
		[FLAW_POLICY] = "make a guest debuggable",
		[FLAW_CPU] = "show a guest another CPU",
	};
	struct nie_vspace_measurement_results right;
	struct nie_vspace_measurement_results other;

	measure_with(FLAW_NONE, &right);
	measure_with(FLAW_NONE, &other);
	if (memcmp(&right, &other, sizeof(right)) != 0) {
		broken_setup("the same guest has two measurements", 0);
	}
	for (enum flaw flaw = FLAW_CONTENT; flaw < FLAWS; flaw++) {
		measure_with(flaw, &other);
		verdict(memcmp(&right, &other, sizeof(right)) != 0, what[flaw], "measured 0x%lx, not 0x%lx",
			other.bytes0, right.bytes0);
	}
	guest_start(&victim);
	must("taking a page", nie_unmap(victim.page[GUEST_PAGES - 1u]));
	measure(&other);
	verdict(memcmp(&right, &other, sizeof(right)) == 0, "change the measurement of an active guest",
		"it is 0x%lx still", other.bytes0);
	u64 seen[HASH_WORDS] = {0};

	for (u32 i = 0; i < HASH_WORDS; i++) {
		(void)guest_ask(&victim, COMMAND_MEASUREMENT, i, &seen[i]);
	}
	verdict(memcmp(&right, seen, sizeof(seen)) == 0, "tell a guest another measurement than we see",
		"it reads 0x%lx itself", seen[0]);
}

static u64 debug(const struct guest *g, u64 what, u64 at)
{
	u64 old = 0;

	return nie_vcpu_debug(g->vcpu[0], what, at, SITTER_SECRET, &old);
}

static void debugging(void)
{
	u64 policy = 0;
	u64 word = 0;
	u64 value = 0;
	u64 last;

	guest_start(&victim);
	refused("debug: read a register of a guest that did not agree", debug(&victim, 0, 3),
		NIE_VCPU_DEBUG_WRONG_STATE_VCPU);
	refused("debug: write a register of a guest that did not agree", debug(&victim, NIE_DEBUG_WRITE, NIE_DEBUG_PC),
		NIE_VCPU_DEBUG_WRONG_STATE_VCPU);
	refused("debug: read memory of a guest that did not agree", debug(&victim, NIE_DEBUG_MEMORY, GUEST_PAGE_IPA),
		NIE_VCPU_DEBUG_WRONG_STATE_VCPU);
	refused("debug: write memory of a guest that did not agree",
		debug(&victim, NIE_DEBUG_MEMORY | NIE_DEBUG_WRITE, GUEST_PAGE_IPA), NIE_VCPU_DEBUG_WRONG_STATE_VCPU);
	(void)guest_ask(&victim, COMMAND_POLICY, 0, &policy);
	verdict(policy == 0u, "debug: let a guest believe that it is debuggable", "it reads policy %lu", policy);
	still_right(&victim);

	victim.policy = NIE_POLICY_DEBUGGABLE;
	guest_start(&victim);
	victim.policy = 0;
	(void)guest_ask(&victim, COMMAND_POLICY, 0, &policy);
	verdict(policy == NIE_POLICY_DEBUGGABLE, "debug: without the guest's knowledge", "it reads policy %lu", policy);
	refused("debug: choose the exception level", debug(&victim, NIE_DEBUG_WRITE, NIE_DEBUG_PSTATE),
		NIE_VCPU_DEBUG_BAD_VALUE_AT);
	refused("debug: read beyond the private half", debug(&victim, NIE_DEBUG_MEMORY, NIE_SHARED_HALF),
		NIE_VCPU_DEBUG_BAD_VALUE_AT);
	/* What is open works: a word that the guest wrote comes out, and one of ours goes in. */
	last = GUEST_RAM_BASE + GUEST_RAM_SIZE - 8u;
	must("reading a debuggable guest", nie_vcpu_debug(victim.vcpu[0], NIE_DEBUG_MEMORY, last, 0, &word));
	must("writing a debuggable guest",
	     nie_vcpu_debug(victim.vcpu[0], NIE_DEBUG_MEMORY | NIE_DEBUG_WRITE, last, ~word, &value));
	(void)guest_ask(&victim, COMMAND_LOAD, last, &value);
	verdict(word == SITTER_WORD(last) && value == ~word, "debug: another word than the guest's",
		"read 0x%lx, the guest reads 0x%lx back", word, value);
	must("writing a register", nie_vcpu_debug(victim.vcpu[0], NIE_DEBUG_WRITE, 20, SITTER_CONTEXT, &value));
	must("reading a register", nie_vcpu_debug(victim.vcpu[0], 0, 20, 0, &word));
	verdict(word == SITTER_CONTEXT, "debug: another register than the guest's", "X20 is 0x%lx", word);
}

/* Memory that comes after activation. */
static void expected_memory(void)
{
	u64 page = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
	u64 zero = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
	u64 second = scratch_make(NIE_TYPE_PRIVATE_FRAME, NIE_PAGE_BITS);
	u64 value = 0;
	u64 found;
	u64 reason;

	victim.expects = EXPECTED;
	guest_start(&victim);
	victim.expects = 0;
	reason = guest_ask(&victim, COMMAND_LOAD, guest_expected_ipa(0), &value);
	verdict(reason == NIE_EXIT_FAULT && victim.last.detail1 == guest_expected_ipa(0),
		"answer a load from memory that a guest expects", "exit %lu takes no answer", reason);
	must("mapping", nie_map(page, h.config.vspace, ATTEMPT_PAGE, RIGHTS_RW));
	*(volatile u64 *)ATTEMPT_PAGE = SITTER_SECRET;
	refused("donate a page with content to an active guest",
		nie_donate(page, victim.vspace, guest_expected_ipa(0), RIGHTS_RWX), NIE_DONATE_WRONG_STATE_FRAME);
	must("unmapping", nie_unmap(page));
	refused("donate a page that we had mapped to an active guest",
		nie_donate(page, victim.vspace, guest_expected_ipa(0), RIGHTS_RWX), NIE_DONATE_WRONG_STATE_FRAME);
	refused("donate a page behind what an active guest expects",
		nie_donate(zero, victim.vspace, guest_expected_ipa(EXPECTED), RIGHTS_RWX), NIE_DONATE_WRONG_STATE_IPA);
	refused("have an active guest expect more",
		nie_expect_ram(victim.vspace, guest_expected_ipa(EXPECTED), NIE_PAGE_BITS, 1),
		NIE_EXPECT_RAM_WRONG_STATE_VSPACE);
	must("donating zeroes", nie_donate(zero, victim.vspace, guest_expected_ipa(0), RIGHTS_RWX));
	reason = guest_ask(&victim, COMMAND_LOAD, guest_expected_ipa(0), &value);
	verdict(reason == RUN_ANSWERED && value == 0u, "donate a page to an active guest, not zero", "it reads 0x%lx",
		value);
	refused("donate another page over it", nie_donate(second, victim.vspace, guest_expected_ipa(0), RIGHTS_RWX),
		NIE_DONATE_EXISTS_IPA);

	/* The guest writes to it, and gives it up. */
	(void)guest_ask(&victim, COMMAND_STORE, guest_expected_ipa(0), &value);
	do {
		value = 1;
		reason = guest_ask(&victim, COMMAND_GIVE, guest_expected_ipa(0), &value);
	} while (reason == NIE_EXIT_IPA_STATE);
	if (reason != RUN_ANSWERED || value != 0u) {
		broken_setup("the guest does not give a page up: exit", reason);
	}
	found = scan_frame(zero, NIE_PAGE_BITS);
	verdict(found == 0u, "read a page that a guest gave up", "%lu words are not zero", found);
	refused("donate a page where a guest gave one up",
		nie_donate(second, victim.vspace, guest_expected_ipa(0), RIGHTS_RWX), NIE_DONATE_WRONG_STATE_IPA);
	do {
		value = 1;
		reason = guest_ask(&victim, COMMAND_EXPECT, guest_expected_ipa(0), &value);
	} while (reason == NIE_EXIT_IPA_STATE);
	must("donating zeroes again", nie_donate(second, victim.vspace, guest_expected_ipa(0), RIGHTS_RWX));
	value = 1;
	reason = guest_ask(&victim, COMMAND_LOAD, guest_expected_ipa(0), &value);
	verdict(reason == RUN_ANSWERED && value == 0u, "give a guest back what it gave up, not zero", "it reads 0x%lx",
		value);
	must("taking it away", nie_unmap(second));
	refused("donate a page where an active guest lost one that it expected",
		nie_donate(second, victim.vspace, guest_expected_ipa(0), RIGHTS_RWX), NIE_DONATE_EXISTS_IPA);
	do {
		value = 0;
		reason = guest_ask(&victim, COMMAND_EXPECT, guest_expected_ipa(0), &value);
	} while (reason == NIE_EXIT_IPA_STATE);
	verdict(reason == RUN_ANSWERED && value != 0u, "have the guest itself expect memory again where it lost some",
		"it is told %lu", value);
	still_right(&victim);
	scratch_reset();
}

void attack_seal(void)
{
	measurements();
	debugging();
	expected_memory();
}
