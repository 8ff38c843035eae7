/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORLD_H
#define WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "native.h"
#include "nie/cap.h"
#include "nie/granule.h"
#include "nie/view.h"

/*
 * A machine with one task, the caller, on core 0. What it has been given at boot, by slot; every
 * object further on is made with hypercalls.
 */
enum world_slot {
	OWN_CNODE = 1,
	OWN_VSPACE = 2,
	OWN_VCPU = 3,
	CORE0 = 8,
	CORE1 = 9,
	CORE2 = 10,
	STREAM = 11,
	STREAM_IDLE = 12,
	DEVICE = 16,
	IRQ = 17,
	IRQ_IDLE = 18,
	UNTYPED = 20,       /* 16 MiB, unused */
	UNTYPED_OWN = 21,   /* 2 MiB, with the caller's own objects */
	UNTYPED_SMALL = 22, /* 4 KiB */
	UNTYPED_READ = 23,  /* 4 KiB, no write right */
	FREE_SLOT = 126,
	EMPTY_SLOT = 127,
	OUTSIDE = 5000,
};

#define DEVICE_PAGE 0x9000u
#define DEVICE_INTID 33u
#define IDLE_INTID 34u
#define STREAM_ID 8u
#define STREAM_IDLE_ID 16u
#define UNTYPED_BITS 24u
#define TASK_BASE 0x40000000ul /* an IPA for which the caller's VSpace gets tables */

/* For cmocka: a new world before each test. */
int world_setup(void **state);
int world_teardown(void **state);

granule_t caller(void);
slot_t own_slot(u64 index);
granule_t object_of(u64 index);

/* A hypercall of the caller, or of another vCPU: the status; results in x[1] to x[7] of its vCPU. */
u64 call_as(granule_t vcpu, u32 number, const u64 x[7]);
#define CALL(name, ...) call_with(NIE_CALL_##name, (u64[7]){__VA_ARGS__})
u64 call_with(u32 number, const u64 x[7]);
u64 result(u32 number); /* 1 to 7 */

/* Make one object, and say which granule it got. */
granule_t make(u32 type, u32 size_bits, u64 slot);
/* Link level-2 and level-3 tables into a VSpace; slots `tables` and the next one get them. */
void make_tables(u64 tables, u64 vspace, u64 ipa);
/* An active guest with one configured vCPU. */
void make_guest(u64 vspace, u64 vcpu);
/* Call until there is no more to do; fails the test after `limit` calls. */
void delete_all(u64 cnode, u64 index, u32 limit);
void revoke_all(u64 cnode, u64 index, u32 limit);

/* Type of the capability in a slot of the caller; 0: none. */
u32 type_at(u64 slot);
/* These granules are free, scrubbed and mapped by nobody. */
void nothing_is_left(granule_t first, u32 count);
/* Revoke UNTYPED: all that was made from it goes, and it is whole again. */
void revoke_everything(u32 limit);

/* Everything that the kernel keeps: all of EL2's memory, the granule table, cores, the doomed list. */
void state_save(void);
bool state_is_unchanged(void);

/* The lists of the derivation tree are well formed and hold every capability of a live CNode. */
void check_tree(void);
/* What must hold of granules and tables in any state; fails the test otherwise. */
void check_ownership(void);

#endif
