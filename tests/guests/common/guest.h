/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GUEST_H
#define GUEST_H

/*
 * What the bare-metal guests share: a program for the QEMU `virt` map that knows nothing of nie.
 * The MMU stays off, so every access is to Device memory: nothing here may be unaligned.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory {
	uint64_t base, size;
};

/* The map that Xen gives its guests (xen/include/public/arch-arm.h); all else is the `virt` machine. */
#ifdef GUEST_OF_XEN
#define UART 0x22000000ul
#define DISTRIBUTOR 0x03001000ul
#define REDISTRIBUTOR 0x03020000ul
#else
#define UART 0x09000000ul
#define DISTRIBUTOR 0x08000000ul
#define REDISTRIBUTOR 0x080A0000ul
#endif

/* Reached relative to the program counter, not through a GOT. */
#pragma GCC visibility push(hidden)

extern char image_start[], image_end[];

void put_char(char c);
void print(const char *text);
void print_hex(uint64_t value);
void print_decimal(uint64_t value);

/* The first `reg` of the node /memory in the device tree; false when that is no device tree. */
bool fdt_memory(const void *blob, struct memory *memory);
/* The same of the first node below the root whose name starts so; a property of it, NULL if there is none. */
bool fdt_region(const void *blob, const char *node, struct memory *memory);
const void *fdt_property(const void *blob, const char *node, const char *name, uint32_t *size);
bool fdt_bootargs_have(const void *blob, const char *text);

/* GICv3 (IHI 0069) and the virtual timer, PPI 27. */
void gic_init(void);
/* This CPU's part of it: its redistributor, for the timer and these SGIs, and its CPU interface. */
void gic_init_cpu(unsigned cpu, uint32_t sgis);
void timer_arm(uint64_t ticks);
uint64_t timer_now(void);
uint64_t timer_frequency(void);
extern volatile uint32_t timer_interrupts;

_Noreturn void power_off(void);

/* Called by start.S with the address that the loader left in x0. */
_Noreturn void guest_main(const void *device_tree);
/* Called by start.S from the IRQ vector. */
void guest_interrupt(void);
/* Called by start.S from any other vector. */
_Noreturn void guest_exception(uint64_t esr, uint64_t elr, uint64_t far);

#pragma GCC visibility pop

#endif
