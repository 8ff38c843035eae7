/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_SYSREG_H
#define NIE_SYSREG_H

#include "nie/types.h"

#define STRING_OF(x) #x
#define NAME_OF(x) STRING_OF(x)

#define read_sysreg(name) __extension__ ({ \
	u64 value_; \
	__asm__ volatile("mrs %0, " NAME_OF(name) : "=r"(value_)); \
	value_; })
#define write_sysreg(name, value) \
	__asm__ volatile("msr " NAME_OF(name) ", %x0" :: "rZ"((u64)(value)) : "memory")

/* Registers in pairs, as they lie in a structure: two reads and one store, or one load and two writes. */
#define SAVE(s, field, first, second) \
	do { \
		u64 one_, two_; \
		__asm__ volatile("mrs %0, " NAME_OF(first) "\n\tmrs %1, " NAME_OF(second) "\n\tstp %0, %1, [%2, %3]" \
				 : "=&r"(one_), "=&r"(two_) : "r"(s), "i"(offsetof(__typeof__(*(s)), field)) : "memory"); \
	} while (0)
#define LOAD(s, field, first, second) \
	do { \
		u64 one_, two_; \
		__asm__ volatile("ldp %0, %1, [%2, %3]\n\tmsr " NAME_OF(first) ", %0\n\tmsr " NAME_OF(second) ", %1" \
				 : "=&r"(one_), "=&r"(two_) : "r"(s), "i"(offsetof(__typeof__(*(s)), field)) : "memory"); \
	} while (0)

#define isb() __asm__ volatile("isb" ::: "memory")
#define dsb(domain) __asm__ volatile("dsb " #domain ::: "memory")
#define tlbi(operation) __asm__ volatile("tlbi " #operation ::: "memory")
#define tlbi_va(operation, address) \
	__asm__ volatile("tlbi " #operation ", %0" :: "r"((u64)(address) >> 12) : "memory")

static inline u32 read32(u64 address)
{
	u32 value;

	__asm__ volatile("ldr %w0, %1" : "=r"(value) : "m"(*(const u32 *)address) : "memory");
	return value;
}

static inline u64 read64(u64 address)
{
	u64 value;

	__asm__ volatile("ldr %0, %1" : "=r"(value) : "m"(*(const u64 *)address) : "memory");
	return value;
}

static inline void write32(u64 address, u32 value)
{
	__asm__ volatile("str %w1, %0" : "=m"(*(u32 *)address) : "rZ"(value) : "memory");
}

static inline void write64(u64 address, u64 value)
{
	__asm__ volatile("str %x1, %0" : "=m"(*(u64 *)address) : "rZ"(value) : "memory");
}

/* Registers that the assembler knows only with an extension. */
#define APIAKEYLO_EL1 S3_0_C2_C1_0
#define APIAKEYHI_EL1 S3_0_C2_C1_1
#define APIBKEYLO_EL1 S3_0_C2_C1_2
#define APIBKEYHI_EL1 S3_0_C2_C1_3
#define APDAKEYLO_EL1 S3_0_C2_C2_0
#define APDAKEYHI_EL1 S3_0_C2_C2_1
#define APDBKEYLO_EL1 S3_0_C2_C2_2
#define APDBKEYHI_EL1 S3_0_C2_C2_3
#define APGAKEYLO_EL1 S3_0_C2_C3_0
#define APGAKEYHI_EL1 S3_0_C2_C3_1
#define VDISR_EL2 S3_4_C12_C1_1
#define VSESR_EL2 S3_4_C5_C2_3
#define HCRX_EL2 S3_4_C1_C2_2
#define HFGRTR_EL2 S3_4_C1_C1_4
#define HFGWTR_EL2 S3_4_C1_C1_5
#define HFGITR_EL2 S3_4_C1_C1_6
#define HDFGRTR_EL2 S3_4_C3_C1_4
#define HDFGWTR_EL2 S3_4_C3_C1_5
#define HAFGRTR_EL2 S3_4_C3_C1_6
#define HDFGRTR2_EL2 S3_4_C3_C1_0
#define HDFGWTR2_EL2 S3_4_C3_C1_1
#define HFGRTR2_EL2 S3_4_C3_C1_2
#define HFGWTR2_EL2 S3_4_C3_C1_3
#define HFGITR2_EL2 S3_4_C3_C1_7
#define MPAM2_EL2 S3_4_C10_C5_0

/* Field of four bits of an ID register. */
static inline u64 id_field(u64 value, u32 low)
{
	return value >> low & 0xf;
}

#endif
