/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a trace is made of: after the header, records of 64-bit words, little-endian, in the order in which they were
 * written. docs/tracing.md describes them for who reads them; tools/nie_cli/trace_records.py does.
 */
#ifndef TRACE_RECORD_H
#define TRACE_RECORD_H

#include <stdint.h>

#define TRACE_MAGIC 0x3145434152544549ull /* "IETRACE1" */

/* The first word of a record: kind 7:0, core 15:8, words that follow 31:16, granule of the vCPU 63:32. The second is the time. */
enum trace_kind {
	TRACE_ENTER = 1,       /* EL2 from EL0 or EL1, synchronously: ESR, ELR, SPSR, FAR, HPFAR, x0 to x8 */
	TRACE_ENTER_IRQ = 2,   /* or by an interrupt: ELR, SPSR */
	TRACE_CALL = 3,        /* a hypercall has the kernel lock: then two words for each argument that is a slot */
	TRACE_LOCK = 4,        /* anything else has it */
	TRACE_INTERRUPT = 5,   /* the GIC gave this INTID */
	TRACE_LEAVE = 6,       /* EL2 to EL0 or EL1: ELR, SPSR, x0 to x7 */
};

#endif
