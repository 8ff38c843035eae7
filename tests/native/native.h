/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NATIVE_H
#define NATIVE_H

#include "nie/hw.h"
#include "nie/types.h"

/*
 * The hardware of the native build: nie/hw.h that records each operation, in order. RAM is an
 * array; under AddressSanitizer a granule that EL2 has not mapped cannot be accessed.
 */
enum native_operation {
	NATIVE_OBJECT_MAP,       /* first, count */
	NATIVE_OBJECT_UNMAP,     /* first, count */
	NATIVE_SCRUB,            /* first, count, state of the first granule in the granule table */
	NATIVE_CLEAN,            /* first, count */
	NATIVE_HASH,             /* first, count, owner of the first granule */
	NATIVE_FILL,             /* granule, words */
	NATIVE_PEEK,             /* granule, word */
	NATIVE_POKE,             /* granule, word, value */
	NATIVE_TABLES_WRITTEN,
	NATIVE_INVALIDATE_IPA,   /* vmid, root, ipa */
	NATIVE_INVALIDATE_VSPACE, /* vmid, root */
	NATIVE_VCPU_UNLOAD,      /* vcpu */
	NATIVE_VCPU_LOAD,        /* vcpu */
	NATIVE_VCPU_FORGET,      /* vcpu */
	NATIVE_UNDEFINED,        /* vcpu */
	NATIVE_TIMER_DEACTIVATE, /* vcpu */
	NATIVE_DEADLINE,         /* when */
	NATIVE_KICK,             /* core */
	NATIVE_IRQ_ENABLE,       /* intid, core */
	NATIVE_IRQ_DISABLE,      /* intid */
	NATIVE_IRQ_DEACTIVATE,   /* intid */
	NATIVE_REPORT_TASK,      /* core, class */
	NATIVE_POWER_OFF,
	NATIVE_STREAM_CONNECT,           /* stream, vmid, root */
	NATIVE_STREAM_CUT,               /* stream */
	NATIVE_STREAM_INVALIDATE_IPA,    /* vmid, ipa */
	NATIVE_STREAM_INVALIDATE_VSPACE, /* vmid */
};

struct native_event {
	enum native_operation operation;
	u64 a, b, c;
};

/* What the hardware answers; tests set it. */
struct native_inputs {
	u64 now;
	u64 timer_wake;
	bool interrupt_pending;
	bool id_register_known;
	u64 id_register;
	bool has_random, no_entropy;
	u64 random;
	struct stream_event stream_event; /* that the SMMU reports, */
	u32 stream_events;                /* so many times */
};

/* What the SMMU holds of a stream. */
struct native_stream {
	bool connected;
	u32 vmid;
	u64 root;
};

extern struct native_stream native_stream[PLATFORM_STREAMS];

extern struct native_inputs native;

/* RAM zero, nothing mapped, an empty log, default inputs. */
void native_reset(void);
void native_forget_log(void);

u32 native_events(void);
struct native_event native_event(u32 index);
/* Number of events of this kind since the log was emptied. */
u32 native_count(enum native_operation operation);
/* Position of the first event of this kind from `from` on, with this first value; -1: none. */
int native_find(u32 from, enum native_operation operation, u64 a);

/* RAM as it is, whatever EL2 has mapped. */
void native_ram_read(u64 offset, void *to, u64 bytes);
void native_ram_write(u64 offset, const void *from, u64 bytes);
bool native_is_zero(granule_t first, u32 count);
/* The granules that are not free, in order; returns how many. `live` has room for all of RAM. */
u32 native_live(granule_t *live);

extern u8 native_mapped[RAM_GRANULES]; /* at EL2 */
extern u8 native_dirty[RAM_GRANULES];  /* EL2, a task or a guest could write it since it was zeroed */
static inline bool native_is_mapped(granule_t g)
{
	return native_mapped[g] != 0u;
}

#endif
