/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_CONFIG_H
#define VMM_CONFIG_H

#include "nie/task.h"
#include "platform.h"

/*
 * What the VMM is to run: the device tree at the start of guests.bin, and the files behind it.
 * The blob is trusted for its form (our own build made it), yet a mistake in it ends in one line.
 */
#define CONFIG_SLOTS 64u

struct slots {
	u32 slot[CONFIG_SLOTS];
	u32 count;
};

struct slot_range {
	u32 first, count;
};

struct file {
	const char *name; /* NULL: no such file */
	const u8 *data;
	u64 size;
};

enum image_format {
	IMAGE_ARM64,
	IMAGE_ELF,
	IMAGE_RAW,
};

/* Frames of 4 KiB, capabilities in consecutive slots, that this guest and others have in their shared halves. */
#define CONFIG_REGIONS 8u

struct region {
	const char *name;
	u32 slot, count;
	u64 ipa;
	u64 rights; /* NIE_RIGHT_* */
};

/* A PCI function that is a guest's. */
struct device_config {
	u32 number; /* device * 8 + function, on bus 0; also its StreamID */
	u32 stream, irq; /* capabilities */
	u32 intid;  /* of INTA, for the guest as for the machine */
	u64 config, bars; /* where we have its configuration space and the first 64 KiB of its window */
	u64 window; /* physical address of that */
};

struct guest_config {
	const char *name;
	const char *bootargs;
	struct file kernel;
	struct file initrd;
	struct file dtb; /* its device tree; none: the VMM makes one */
	enum image_format format;
	u64 load; /* raw only */
	u64 memory;
	u64 flash; /* bytes of each of `virt`'s two banks: firmware, and zeroes */
	u32 vcpus;
	u64 limit_seconds; /* 0: none */
	u64 policy;        /* NIE_POLICY_* */
	u64 realm;         /* it speaks RSI, and may share so many bytes with the VMM; 0: it does not */
	u32 restarts;      /* so often a reset builds it anew */
	u32 weight;        /* its share of the cores, against others' */
	u8 cpus;           /* bit n: its vCPUs may run on core n */
	struct slots untyped;
	struct region region[CONFIG_REGIONS];
	u32 regions;
	struct device_config device[GUEST_DEVICES_MAX];
	u32 devices;
};

struct config {
	u32 cspace, vspace;
	struct slots vcpus, cores, memory;
	struct slot_range reclaim;    /* capabilities of the initial task's memory, to be revoked */
	struct slot_range free_slots; /* empty slots for what the VMM makes */
	u64 console;                  /* address of the PL011 */
	u32 console_irq;
	u32 smmu_irq; /* 0: none */
	u64 rtc; /* address of a PL031 to read the time from; 0: none */
	u64 window, window_size;
	struct guest_config guest[GUESTS_MAX];
	u32 guests;
};

/* False: *error says what is wrong, naming the property. */
bool config_read(const void *blob, struct config *config, const char **error);

#endif
