/* SPDX-License-Identifier: Apache-2.0 */
#include "pl011.h"

#define DR 0x00u
#define RSR 0x04u
#define FR 0x18u
#define IBRD 0x24u
#define FBRD 0x28u
#define LCRH 0x2cu
#define CR 0x30u
#define IFLS 0x34u
#define IMSC 0x38u
#define RIS 0x3cu
#define MIS 0x40u
#define ICR 0x44u
#define IDENTIFICATION 0xfe0u

#define FR_BUSY (1u << 3)
#define FR_RX_EMPTY (1u << 4)
#define FR_TX_FULL (1u << 5)
#define FR_RX_FULL (1u << 6)
#define FR_TX_EMPTY (1u << 7)
#define LCRH_FIFO_ENABLE (1u << 4)
#define CR_LOOPBACK (1u << 7)
#define CR_RESET 0x300u  /* RXE, TXE */
#define IFLS_RESET 0x12u /* half full, half full */
#define INT_RX (1u << 4)
#define INT_TX (1u << 5)
#define INT_RX_TIMEOUT (1u << 6)
#define INT_OVERRUN (1u << 10)
#define INT_ALL 0x7ffu
#define RSR_OVERRUN (1u << 3)

static u32 depth(const struct pl011 *u)
{
	return (u->line_control & LCRH_FIFO_ENABLE) != 0u ? PL011_FIFO : 1u;
}

/* IFLS selects 1/8, 1/4, 1/2, 3/4, 7/8 of a FIFO. */
static u32 level(u32 selected)
{
	static const u8 levels[8] = {4, 8, 16, 24, 28, 16, 16, 16};

	return levels[selected & 7u];
}

/* Fill of the receive FIFO at which INT_RX rises. */
static u32 trigger(const struct pl011 *u)
{
	return depth(u) == 1u ? 1u : level(u->fifo_levels >> 3);
}

static void update_line(struct pl011 *u)
{
	bool high = (u->raw & u->mask) != 0u;

	if (high != u->line) {
		u->line = high;
		u->set_line(u->context, high);
	}
}

void pl011_init(struct pl011 *u, void (*send)(void *context, const u8 *bytes, u32 count),
		void (*set_line)(void *context, bool high), void *context)
{
	*u = (struct pl011){.control = CR_RESET, .fifo_levels = IFLS_RESET, .send = send, .set_line = set_line,
			    .context = context};
}

static void into_fifo(struct pl011 *u, u8 byte)
{
	u->fifo[(u->first + u->count) % PL011_FIFO] = byte;
	u->count++;
	/* The line goes idle behind every byte, so the timeout comes at once. */
	u->raw |= INT_RX_TIMEOUT;
	if (u->count >= trigger(u)) {
		u->raw |= INT_RX;
	}
}

static void from_wire(struct pl011 *u)
{
	while (u->wire_count > 0u && u->count < depth(u)) {
		into_fifo(u, u->wire[u->wire_first]);
		u->wire_first = (u->wire_first + 1u) % PL011_WIRE;
		u->wire_count--;
	}
}

bool pl011_receive(struct pl011 *u, u8 byte)
{
	bool room = u->wire_count < PL011_WIRE;

	if (room) {
		u->wire[(u->wire_first + u->wire_count) % PL011_WIRE] = byte;
		u->wire_count++;
		from_wire(u);
	} else {
		u->overrun = true;
		u->raw |= INT_OVERRUN;
	}
	update_line(u);
	return room;
}

static u64 read_data(struct pl011 *u)
{
	u8 byte = u->fifo[u->first];

	if (u->count == 0u) {
		return 0;
	}
	u->first = (u->first + 1u) % PL011_FIFO;
	u->count--;
	if (u->count < trigger(u)) {
		u->raw &= ~INT_RX;
	}
	if (u->count == 0u) {
		u->raw &= ~INT_RX_TIMEOUT;
	}
	from_wire(u);
	update_line(u);
	return byte;
}

/* The FIFO empties past its trigger level. */
static void transmit(struct pl011 *u)
{
	if (u->out_count == 0u) {
		return;
	}
	if ((u->control & CR_LOOPBACK) != 0u) {
		for (u32 i = 0; i < u->out_count; i++) {
			pl011_receive(u, u->out[i]);
		}
	} else {
		u->send(u->context, u->out, u->out_count);
	}
	u->out_count = 0;
	u->raw |= INT_TX;
}

void pl011_flush(struct pl011 *u)
{
	transmit(u);
	update_line(u);
}

static void write_data(struct pl011 *u, u8 byte)
{
	if (u->out_count == depth(u)) {
		transmit(u);
	}
	u->out[u->out_count++] = byte;
	if (depth(u) == 1u || u->out_count > level(u->fifo_levels)) {
		u->raw &= ~INT_TX;
	}
	if ((u->raw & INT_TX) == 0u && (u->mask & INT_TX) != 0u) {
		transmit(u); /* who waits for the interrupt gets it at once */
	}
	update_line(u);
}

static bool is_full(const struct pl011 *u)
{
	return u->out_count == depth(u) || (u->interrupted && u->out_count >= PL011_EARLY);
}

static u64 flags(const struct pl011 *u)
{
	u64 sending = u->out_count == 0u ? FR_TX_EMPTY : FR_BUSY | (is_full(u) ? FR_TX_FULL : 0u);

	return sending | (u->count == 0u ? FR_RX_EMPTY : 0u) | (u->count >= depth(u) ? FR_RX_FULL : 0u);
}

/* Reading FR twice in a row is waiting for room, or for the end; all other registers are read by who is done. */
static void let_time_pass(struct pl011 *u, u64 offset)
{
	if (u->looked && is_full(u)) {
		u->interrupted = false;
	}
	if (u->out_count != 0u && (u->looked || offset != FR)) {
		pl011_flush(u);
	}
	u->looked = offset == FR;
}

static u64 identification(u64 offset)
{
	const u8 id[8] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	return offset < IDENTIFICATION ? 0u : id[(offset - IDENTIFICATION) / 4u % 8u];
}

static u64 pl011_read(void *state, const struct bus_access *a)
{
	struct pl011 *u = state;

	let_time_pass(u, a->offset);
	switch (a->offset) {
	case DR:
		return read_data(u);
	case RSR:
		return u->overrun ? RSR_OVERRUN : 0u;
	case FR:
		return flags(u);
	case IBRD:
		return u->integer_baud;
	case FBRD:
		return u->fraction_baud;
	case LCRH:
		return u->line_control;
	case CR:
		return u->control;
	case IFLS:
		return u->fifo_levels;
	case IMSC:
		return u->mask;
	case RIS:
		return u->raw;
	case MIS:
		return u->raw & u->mask;
	default:
		return identification(a->offset);
	}
}

static void pl011_write(void *state, const struct bus_access *a, u64 value)
{
	struct pl011 *u = state;

	if (a->offset == DR) {
		u->looked = false;
		write_data(u, (u8)value);
		return;
	}
	if (a->offset == IMSC && (value & INT_TX) != 0u && u->looked && is_full(u)) {
		u->interrupted = true;
	}
	u->looked = false;
	transmit(u);
	switch (a->offset) {
	case RSR:
		u->overrun = false;
		break;
	case IBRD:
		u->integer_baud = value & 0xffffu;
		break;
	case FBRD:
		u->fraction_baud = value & 0x3fu;
		break;
	case LCRH:
		/* Switching the FIFO on or off empties it. */
		if (((value ^ u->line_control) & LCRH_FIFO_ENABLE) != 0u) {
			u->count = 0;
			u->raw &= ~(INT_RX | INT_RX_TIMEOUT);
		}
		u->line_control = value & 0xffu;
		break;
	case CR:
		u->control = value & 0xffffu;
		break;
	case IFLS:
		u->fifo_levels = value & 0x3fu;
		break;
	case IMSC:
		u->mask = value & INT_ALL;
		break;
	case ICR:
		u->raw &= ~(u32)value;
		break;
	default:
		break;
	}
	update_line(u);
}

bool pl011_attach(struct pl011 *u, struct bus *bus, u64 base)
{
	struct bus_device device = {"PL011", base, 0x1000, u, pl011_read, pl011_write};

	return bus_add(bus, &device);
}
