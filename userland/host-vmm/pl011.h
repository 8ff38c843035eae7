/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_PL011_H
#define VMM_PL011_H

#include "bus.h"

/*
 * A PL011 UART (Arm DDI 0183, r1p5). What a guest sends stays in the transmit FIFO until the guest waits for room in it
 * or for its interrupt, looks twice in a row, or leaves its core (pl011_flush): a driver that finds the FIFO full sends
 * the rest from its interrupt handler, where it need not look before each byte. So one that does is told early.
 */
#define PL011_FIFO 32u
#define PL011_EARLY 4u
#define PL011_WIRE 16384u

struct pl011 {
	u8 fifo[PL011_FIFO];
	u32 first, count;
	u8 out[PL011_FIFO];
	u32 out_count;
	bool looked; /* the last access read FR */
	bool interrupted; /* its driver found the FIFO full last time, and let the interrupt tell when it is not */
	u8 wire[PL011_WIRE]; /* bytes on their way: sent on as the FIFO empties, so that pasted text arrives */
	u32 wire_first, wire_count;
	u32 control, line_control, integer_baud, fraction_baud, fifo_levels;
	u32 mask, raw; /* IMSC, RIS */
	bool line;     /* interrupt output */
	bool overrun;
	void (*send)(void *context, const u8 *bytes, u32 count);
	void (*set_line)(void *context, bool high);
	void *context;
};

void pl011_init(struct pl011 *u, void (*send)(void *context, const u8 *bytes, u32 count),
		void (*set_line)(void *context, bool high), void *context);
bool pl011_attach(struct pl011 *u, struct bus *bus, u64 base);
/* What is in the transmit FIFO goes out. */
void pl011_flush(struct pl011 *u);
/* A byte arrives, now or when there is room in the FIFO. False: it is lost, and RSR.OE set. */
bool pl011_receive(struct pl011 *u, u8 byte);

#endif
