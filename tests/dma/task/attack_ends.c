/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of guests, and the end of guests, domains and capabilities. The second device is the attacker's. */
#include "dma.h"

static struct guest victim, active;

/* The device gets the word that it will write from a domain of ours. */
static void arm(struct domain *d, u64 word)
{
	must(nie_stream_attach(stream[1], d->vspace), "attaching a device");
	d->buffer[0] = word;
	edu_read(1, BUFFER_IPA);
	must(nie_stream_detach(stream[1]), "detaching a device");
}

static void before_activation(struct domain *d)
{
	guest_make(&victim);
	arm(d, EVIL);
	must(nie_stream_attach(stream[1], victim.vspace), "attaching a device to a guest");
	edu_write(1, GUEST_WORD);
	guest_activate(&victim);
	silent(1, "change a guest's memory after it was measured, before it is active", guest_word(&victim) == GUEST_DATA);
	edu_write(1, GUEST_WORD);
	verdict(guest_word(&victim) == EVIL, "control: after activation the guest's device reaches it");
}

static void of_a_guest(void)
{
	edu_write(1, GUEST_RAM + 2u * NIE_PAGE_SIZE);
	refused(1, "write beyond the memory of its guest", GUEST_RAM + 2u * NIE_PAGE_SIZE, 2, NOTHING_MAPPED, true);
	edu_write(1, victim.data.physical);
	refused(1, "write its guest's memory by the physical address", victim.data.physical, 2, NOTHING_MAPPED, true);
	must(nie_unmap(victim.data.frame), "taking a page of a guest");
	edu_write(1, GUEST_WORD);
	refused(1, "write a page that was taken from its guest", GUEST_WORD, 2, NOTHING_MAPPED,
		*page_map(&victim.data) == 0u);
}

static void to_an_active_guest(void)
{
	guest_make(&active);
	guest_activate(&active);
	verdict(nie_stream_attach(stream[1], active.vspace) == NIE_STREAM_ATTACH_MAPPED_STREAM,
		"attach a guest's device to another guest");
	must(nie_stream_detach(stream[1]), "detaching a device");
	verdict(nie_stream_attach(stream[1], active.vspace) == NIE_STREAM_ATTACH_WRONG_STATE_VSPACE,
		"attach a device to a guest that is active");
	must(nie_kill_all(active.vspace), "killing a guest");
	verdict(nie_stream_attach(stream[1], active.vspace) == NIE_STREAM_ATTACH_WRONG_STATE_VSPACE,
		"attach a device to a guest that was killed");
}

/* Its memory is ours again before the device writes. */
static void killed_guest(struct domain *d, bool during)
{
	static struct guest g[2];
	struct guest *dying = &g[during ? 1 : 0];

	arm(d, EVIL);
	guest_make(dying);
	must(nie_stream_attach(stream[1], dying->vspace), "attaching a device to a guest");
	guest_activate(dying);
	edu_write(1, GUEST_WORD);
	if (guest_word(dying) != EVIL) {
		failed("the device does not reach its guest");
	}
	if (during) {
		edu_begin(1, GUEST_WORD, true);
	}
	must(nie_kill_all(dying->vspace), "killing a guest");
	if (!during) {
		edu_begin(1, GUEST_WORD, true);
	}
	edu_end(1);
	silent(1, during ? "write the memory of its guest while that is killed" : "write the memory of its guest after that was killed",
	       *page_map(&dying->data) == 0u);
	edu_write(1, dying->data.physical);
	silent(1, during ? "the same by the physical address" : "the same then by the physical address",
	       *dying->data.here == 0u);
}

static void killed_domain(struct domain *d)
{
	struct domain other = {.vspace = make(NIE_TYPE_TASK_VSPACE, NIE_PAGE_BITS + 1u)};

	arm(d, EVIL);
	nie_space_init(&other.space, other.vspace, &memory);
	buffer_into(&other.space, BUFFER_IPA);
	must(nie_stream_attach(stream[1], other.vspace), "attaching a device");
	edu_write(1, BUFFER_IPA + 24u);
	verdict(d->buffer[3] == EVIL, "control: a second domain reaches the shared buffer");
	d->buffer[3] = GOOD;
	must(nie_kill_all(other.vspace), "killing a domain");
	edu_write(1, BUFFER_IPA + 24u);
	silent(1, "write the buffer of a domain that was killed", d->buffer[3] == GOOD);
}

/* Two devices, each in a domain of its own with a page at the same address. */
static void two_domains(struct domain *d)
{
	struct domain other = {.vspace = make(NIE_TYPE_TASK_VSPACE, NIE_PAGE_BITS + 1u)};
	struct page first = page_make(NIE_TYPE_SHARED_FRAME, true);
	struct page second = page_make(NIE_TYPE_SHARED_FRAME, true);

	arm(d, EVIL);
	nie_space_init(&other.space, other.vspace, &memory);
	share_into(&d->space, &first, TARGET_IPA);
	share_into(&other.space, &second, TARGET_IPA);
	must(nie_stream_attach(stream[1], other.vspace), "attaching a device");
	edu_write(0, TARGET_IPA); /* the SMMU remembers this way */
	*first.here = GOOD;
	edu_write(1, TARGET_IPA);
	verdict(*first.here == GOOD && *second.here == EVIL, "write at an address where another device's domain has another page");
	edu_write(1, BUFFER_IPA);
	refused(1, "write where another device's domain has its buffer", BUFFER_IPA, 2, NOTHING_MAPPED, d->buffer[0] == EVIL);
	must(nie_kill_all(other.vspace), "killing a domain");
	edu_write(0, TARGET_IPA);
	verdict(*first.here == EVIL, "control: the end of one domain leaves the other device its page");
	must(nie_revoke_all(NIE_OWN_CSPACE, first.untyped), "taking a page back");
}

static void ended_capability(struct domain *d)
{
	u64 copy = memory.next_slot++;

	arm(d, EVIL);
	must(nie_cap_copy(NIE_OWN_CSPACE, copy, NIE_OWN_CSPACE, stream[1], NIE_RIGHTS_ALL), "copying a stream");
	must(nie_stream_attach(copy, d->vspace), "attaching a device");
	edu_write(1, BUFFER_IPA + 32u);
	verdict(d->buffer[4] == EVIL, "control: attached through a copy of the capability, it reaches the buffer");
	d->buffer[4] = GOOD;
	must(nie_revoke_all(NIE_OWN_CSPACE, stream[1]), "revoking copies");
	edu_write(1, BUFFER_IPA + 32u);
	silent(1, "write the buffer when the capability that attached it was revoked", d->buffer[4] == GOOD);
}

void attack_ends(struct domain *d)
{
	before_activation(d);
	of_a_guest();
	to_an_active_guest();
	killed_guest(d, false);
	killed_guest(d, true);
	killed_domain(d);
	two_domains(d);
	ended_capability(d);
	d->buffer[0] = EVIL;
}
