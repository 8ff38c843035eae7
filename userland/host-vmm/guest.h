/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_GUEST_H
#define VMM_GUEST_H

#include "bus.h"
#include "compose.h"
#include "config.h"
#include "frames.h"
#include "lock.h"
#include "nie/space.h"
#include "nie/stubs.h"
#include "pci.h"
#include "pl011.h"
#include "pl031.h"
#include "vcpu.h"
#include "vgic.h"

#define RAM_PARTS 4u /* 2 MiB frames, then 4 KiB ones; two banks of flash */

/* In turn; a guest that asked for a reset goes from ENDING to BUILDING. */
enum guest_phase {
	GUEST_NEW,
	GUEST_BUILDING,
	GUEST_RUNNING,
	GUEST_ENDING, /* its vCPUs are off the cores: it is killed and its memory taken back */
	GUEST_GONE,
};

#define GUEST_END_RESET "reset"

/* What a realm guest shares with the VMM: 2 MiB of its shared half each. */
#define GUEST_GIVEN_MAX 64u

struct guest {
	struct vmm *vmm;
	const struct guest_config *config;
	u32 number; /* in the configuration; picks its colour */

	/* `lock` protects what follows, down to the next blank line. */
	struct lock lock;
	struct bus bus;
	struct vgic vgic;
	struct pl011 uart;
	struct pl031 rtc;
	struct pci pci;
	const char *end; /* how it ended, one word; NULL: it has not */
	char detail[120];

	u32 vcpus;
	struct vcpu vcpu[GUEST_VCPUS_MAX];
	struct share share;
	u64 limit; /* counter value at which its time is over; NIE_NEVER */

	/* Outside RUNNING: of the core that does its work. */
	enum guest_phase phase;
	u32 restarts;
	u64 started, ended; /* counter values: its vCPUs may run, they run no more */
	struct slot_range slots;
	u64 vspace;
	struct nie_allocator memory;
	struct nie_space space;
	struct ram_part ram[RAM_PARTS];
	u64 banks[FRAME_BANKS_MAX], frame_slot; /* frames.c */
	u64 private_bytes;
	u64 given[GUEST_GIVEN_MAX]; /* IPAs of shared frames, in the order in which they came */
	u32 given_count;
	struct nie_vspace_measurement_results measurement, first_measurement;
	struct compose compose;
};

/* The machine's memory and addresses that composing a guest needs. */
struct vmm {
	const struct config *config;
	struct nie_allocator memory;
	struct nie_space space; /* the VMM's own VSpace */
	struct slot_range free_slots; /* what guests have not taken yet */
	u8 present_cores;       /* bit n: the machine has core n */
	u32 wall_clock;         /* seconds since 1970, when the counter was `started` */
	u64 started;
	struct guest guest[GUESTS_MAX];
};

/* Where the VMM fills a guest's frames of this size; it has the tables. */
static inline u64 vmm_window(const struct vmm *vmm, u32 number, u64 bits)
{
	return vmm->config->window + (2ul * number + (bits < NIE_BLOCK_BITS ? 1u : 0u)) * NIE_BLOCK_SIZE;
}

/* Before any core runs the scheduler: its first vCPU becomes ready, for the work of building it. */
void guest_add(struct vmm *vmm, u32 number);

/* A bounded part of what is to be done for a guest that is being built or has ended. False: nothing, it runs or is
 * gone. */
bool guest_work(struct guest *g);

/* Say how a guest ended (the first to say so wins) and stop its vCPUs. `detail`
 * may be NULL. The guest's lock is held. */
void guest_end(struct guest *g, const char *how, const char *detail, ...)
	__attribute__((format(printf, 3, 4)));
/* Its last vCPU left the cores. */
void guest_left(struct guest *g);

/* A byte for its UART. */
void guest_input(struct guest *g, u8 byte);

/* When the guest's devices or its time limit need attention; NIE_NEVER. */
u64 guest_next_event(const struct guest *g);

#endif
