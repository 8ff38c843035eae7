/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include "nie/task.h"

/* Emulated devices of one guest, found by IPA. The guest's lock is held around every access. */
#define BUS_DEVICES 12u

struct bus_access {
	u64 offset; /* in the device */
	u32 size;   /* bytes: 1, 2, 4 or 8; the offset is a multiple of it */
	u32 vcpu;   /* index of the vCPU that asks */
};

struct bus_device {
	const char *name;
	u64 base;
	u64 size;
	void *state;
	u64 (*read)(void *state, const struct bus_access *access);
	void (*write)(void *state, const struct bus_access *access, u64 value);
};

struct bus {
	struct bus_device device[BUS_DEVICES];
	u32 count;
	u32 recent; /* device of the last access: the next one mostly has the same */
};

/* False if the bus is full or the device overlaps another. */
bool bus_add(struct bus *bus, const struct bus_device *device);

/* False: no device there, or a misaligned access, which no device of ours takes. As on a real bus
 * that is an abort, and ends the guest. A read sets *value. */
bool bus_dispatch(struct bus *bus, u64 ipa, u32 size, u32 vcpu, bool write, u64 *value);

/* Part of a wider register, for accesses that are narrower than it; `offset` within the register. */
static inline u64 bus_part(u64 whole, u64 offset, u32 size)
{
	u64 v = whole >> (offset * 8u);

	return size >= 8u ? v : v & ((1ul << (size * 8u)) - 1u);
}

#endif
