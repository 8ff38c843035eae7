/* SPDX-License-Identifier: Apache-2.0 */
#include "absent.h"

#include "platform.h"

#define MAGIC_VALUE 0x0u
#define VERSION 0x4u
#define VENDOR_ID 0xcu

#define MAGIC 0x74726976u  /* "virt" */
#define LEGACY 1u          /* as QEMU's transports are unless it is told otherwise */
#define VENDOR 0x554d4551u /* "QEMU" */

static u64 nothing_read(void *state, const struct bus_access *a)
{
	(void)state;
	(void)a;
	return 0;
}

static void nothing_write(void *state, const struct bus_access *a, u64 value)
{
	(void)state;
	(void)a;
	(void)value;
}

/* Transports without a device behind them say so: DeviceID is 0 (virtio 1.2, 4.2.2), as all else. */
static u64 transport_read(void *state, const struct bus_access *a)
{
	u32 value = 0;

	(void)state;
	switch (a->offset % GUEST_VIRTIO_STRIDE & ~3ul) {
	case MAGIC_VALUE:
		value = MAGIC;
		break;
	case VERSION:
		value = LEGACY;
		break;
	case VENDOR_ID:
		value = VENDOR;
		break;
	default:
		break;
	}
	return bus_part(value, a->offset % 4u, a->size);
}

bool absent_attach(struct bus *bus)
{
	const struct bus_device absent[] = {
		{"virtio-mmio", GUEST_VIRTIO_BASE, GUEST_VIRTIO_SIZE, NULL, transport_read, nothing_write},
		{"ITS", GUEST_ITS_BASE, GUEST_ITS_SIZE, NULL, nothing_read, nothing_write},
		{"fw_cfg", GUEST_FW_CFG_BASE, GUEST_FW_CFG_SIZE, NULL, nothing_read, nothing_write},
		{"PL061", GUEST_GPIO_BASE, GUEST_GPIO_SIZE, NULL, nothing_read, nothing_write},
	};

	for (u32 i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		if (!bus_add(bus, &absent[i])) {
			return false;
		}
	}
	return true;
}
