/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_PL011_H
#define VMM_PL011_H

#include "bus.h"

/* A PL011 UART (Arm DDI 0183). Sending takes no time: the transmit FIFO is always empty. */
#define PL011_FIFO 16u
#define PL011_WIRE 256u

struct pl011 {
	u8 fifo[PL011_FIFO];
	u32 first, count;
	u8 wire[PL011_WIRE]; /* bytes on their way: sent on as the FIFO empties, so that pasted text arrives */
	u32 wire_first, wire_count;
	u32 control, line_control, integer_baud, fraction_baud, fifo_levels;
	u32 mask, raw; /* IMSC, RIS */
	bool line;     /* interrupt output */
	bool overrun;
	void (*send)(void *context, u8 byte);
	void (*set_line)(void *context, bool high);
	void *context;
};

void pl011_init(struct pl011 *u, void (*send)(void *context, u8 byte),
		void (*set_line)(void *context, bool high), void *context);
bool pl011_attach(struct pl011 *u, struct bus *bus, u64 base);
/* A byte arrives, now or when there is room in the FIFO. False: it is lost, and RSR.OE set. */
bool pl011_receive(struct pl011 *u, u8 byte);

#endif
