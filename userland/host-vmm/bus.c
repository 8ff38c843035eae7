/* SPDX-License-Identifier: Apache-2.0 */
#include "bus.h"

bool bus_add(struct bus *bus, const struct bus_device *device)
{
	if (bus->count == BUS_DEVICES) {
		return false;
	}
	for (u32 i = 0; i < bus->count; i++) {
		const struct bus_device *d = &bus->device[i];

		if (device->base < d->base + d->size && d->base < device->base + device->size) {
			return false;
		}
	}
	bus->device[bus->count++] = *device;
	return true;
}

static bool holds(const struct bus_device *d, u64 ipa)
{
	return ipa - d->base < d->size;
}

/* NULL: none is there. */
static const struct bus_device *find(struct bus *bus, u64 ipa)
{
	if (holds(&bus->device[bus->recent], ipa)) {
		return &bus->device[bus->recent];
	}
	for (u32 i = 0; i < bus->count; i++) {
		if (holds(&bus->device[i], ipa)) {
			bus->recent = i;
			return &bus->device[i];
		}
	}
	return NULL;
}

bool bus_dispatch(struct bus *bus, u64 ipa, u32 size, u32 vcpu, bool write, u64 *value)
{
	const struct bus_device *d = find(bus, ipa);

	if (d == NULL || size - 1u > 7u || ipa % size != 0u) {
		return false;
	}
	struct bus_access access = {ipa - d->base, size, vcpu};

	if (write) {
		d->write(d->state, &access, *value);
	} else {
		*value = d->read(d->state, &access);
	}
	return true;
}
