/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_GUEST_H
#define VMM_GUEST_H

#include "bus.h"
#include "config.h"
#include "lock.h"
#include "nie/space.h"
#include "nie/stubs.h"
#include "pl011.h"
#include "pl031.h"
#include "vcpu.h"
#include "vgic.h"

/* Its RAM in frames of one size, with capabilities in consecutive slots. */
struct ram_part {
	u64 ipa, end;
	u64 bits;
	u64 first_slot;
};

#define RAM_PARTS 2u /* 2 MiB frames, then 4 KiB ones */

struct guest {
	const struct guest_config *config;
	u32 number; /* in the configuration; picks its colour */

	/* `lock` protects what follows, down to the next blank line. */
	struct lock lock;
	struct bus bus;
	struct vgic vgic;
	struct pl011 uart;
	struct pl031 rtc;
	const char *end; /* how it ended, one word; NULL: it has not */
	char detail[120];

	u32 vcpus;
	struct vcpu vcpu[GUEST_VCPUS_MAX];
	u64 limit; /* counter value at which its time is over; NIE_NEVER */

	u64 vspace;
	struct nie_allocator memory;
	struct nie_space space;
	struct ram_part ram[RAM_PARTS];
	u64 private_bytes;
	struct nie_vspace_measurement_results measurement;
	bool finished; /* ended, killed, and its memory is back */
};

/* The machine's memory and addresses that composing a guest needs. */
struct vmm {
	const struct config *config;
	struct nie_allocator memory;
	struct nie_space space; /* the VMM's own VSpace */
	struct slot_range free_slots; /* what guests have not taken yet */
	u32 wall_clock;         /* seconds since 1970, at start */
	struct guest guest[GUESTS_MAX];
	u32 guests;
};

/* Build a guest and make its first vCPU ready. On an error the guest has ended, as "error". */
void guest_compose(struct vmm *vmm, u32 number);

/* Say how a guest ended (the first to say so wins) and stop its vCPUs. `detail`
 * may be NULL. The guest's lock is held. */
void guest_end(struct guest *g, const char *how, const char *detail, ...)
	__attribute__((format(printf, 3, 4)));
/* After its last vCPU left the cores: kill it, take its memory back. */
void guest_finish(struct guest *g);

/* It touched memory that it expects at this IPA and has not, having given it up before: donate the frame
 * again. False: there is none for it. The guest's lock is held. */
bool guest_populate(struct guest *g, u64 ipa);

/* A byte for its UART. */
void guest_input(struct guest *g, u8 byte);

/* When the guest's devices or its time limit need attention; NIE_NEVER. */
u64 guest_next_event(const struct guest *g);

#endif
