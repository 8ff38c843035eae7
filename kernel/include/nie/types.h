/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_TYPES_H
#define NIE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nie/api.h"      /* generated from kernel/api/nie.yaml */
#include "nie/platform.h" /* generated from configs/platforms/ */

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* Index of a granule: (physical address - RAM_BASE) / 4096. */
typedef u32 granule_t;
#define GRANULE_NONE 0xffffffffu
#define GRANULE_SIZE 4096ul

/* Number of a capability slot in the machine: granule * 128 + index. */
typedef u32 slot_t;
#define SLOT_NONE 0xffffffffu

#define CORE_NONE 0xffffffffu

/* On declarations of what is seldom called: the compiler makes it small rather than fast. */
#define RARE __attribute__((cold))

/* The half of a register that W<n> names. */
#define LOW_HALF(x) ((u32)((x) % 0x100000000ul))

/* Status of a hypercall: one of the generated NIE_<CALL>_<ERROR>_<ARGUMENT>, or NIE_OK. */
typedef u64 status_t;

#endif
