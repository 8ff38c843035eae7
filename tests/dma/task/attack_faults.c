/* SPDX-License-Identifier: Apache-2.0 */
/* Faults as an attack: storms, a full queue; and that they are told at all. */
#include "dma.h"

#define SMMU_INTID 106u
#define STORM 70u /* more than the event queue holds */
#define QUEUE 64u

static u64 irq_slot(void)
{
	for (u64 slot = NIE_BOOT_SLOT_IRQS; slot < NIE_BOOT_SLOT_IMAGE_UNTYPED; slot++) {
		struct nie_cap_info_results info = {0};

		if (nie_cap_info(slot, &info) == NIE_OK && info.address == SMMU_INTID) {
			return slot;
		}
	}
	failed("there is no interrupt of the SMMU");
}

static bool is_pending(u64 irq)
{
	u64 pending = 0;

	must(nie_irq_poll(irq, &pending), "irq_poll");
	return pending != 0u;
}

static void interrupts(void)
{
	u64 irq = irq_slot();
	bool each = true;

	must(nie_irq_bind(irq), "irq_bind");
	if (is_pending(irq)) { /* of faults before */
		must(nie_irq_ack(irq), "irq_ack");
	}
	for (u32 i = 0; i < 3u; i++) {
		each = each && !is_pending(irq);
		edu_write(0, TARGET_IPA + i * NIE_PAGE_SIZE);
		each = each && is_pending(irq);
		refused(0, i == 0u ? "fault once" : i == 1u ? "fault again" : "and again", TARGET_IPA + i * NIE_PAGE_SIZE, 2,
			NOTHING_MAPPED, true);
		must(nie_irq_ack(irq), "irq_ack");
	}
	verdict(each, "control: each of these faults raised the SMMU's interrupt, once");
}

static void overflow(struct domain *d)
{
	struct nie_stream_fault_results f = {0};

	for (u32 i = 0; i < STORM; i++) {
		edu_write(0, TARGET_IPA);
	}
	must(nie_stream_fault(stream[1], &f), "stream_fault");
	verdict(f.faults == 0u, "blame one device's faults on another");
	must(nie_stream_fault(stream[0], &f), "stream_fault");
	verdict(f.faults == QUEUE && f.ipa == TARGET_IPA, "more faults than the event queue holds: the queue's are told");
	d->buffer[5] = 0;
	edu_write(0, BUFFER_IPA + 40u);
	verdict(d->buffer[5] == EVIL, "control: then the device still reaches its buffer");
	edu_write(0, TARGET_IPA);
	refused(0, "fault after the overflow", TARGET_IPA, 2, NOTHING_MAPPED, true);
	must(nie_stream_detach(stream[0]), "detaching a device");
	for (u32 i = 0; i < 3u; i++) {
		edu_write(0, TARGET_IPA);
	}
	silent(0, "go on with it after being detached", true);
}

void attack_faults(struct domain *d)
{
	d->buffer[0] = EVIL;
	edu_read(0, BUFFER_IPA);
	interrupts();
	overflow(d);
}
