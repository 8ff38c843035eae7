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

bool bus_dispatch(const struct bus *bus, u64 ipa, u32 size, u32 vcpu, bool write, u64 *value)
{
	for (u32 i = 0; i < bus->count; i++) {
		const struct bus_device *d = &bus->device[i];
		struct bus_access access = {ipa - d->base, size, vcpu};

		if (ipa < d->base || ipa - d->base >= d->size) {
			continue;
		}
		if (size == 0u || size > 8u || ipa % size != 0u) {
			return false;
		}
		if (write) {
			d->write(d->state, &access, *value);
		} else {
			*value = d->read(d->state, &access);
		}
		return true;
	}
	return false;
}
