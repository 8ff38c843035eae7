/* SPDX-License-Identifier: Apache-2.0 */
#include "uart.h"

#include "nie/stubs.h"

/* Arm DDI 0183, as word offsets. */
#define DR 0x00u
#define FR 0x06u
#define LCRH 0x0bu
#define CR 0x0cu
#define IMSC 0x0eu
#define ICR 0x11u

#define FR_RX_EMPTY (1u << 4)
#define FR_TX_FULL (1u << 5)
#define LCRH_8_BITS_FIFO 0x70u
#define CR_ENABLE 0x301u
#define INT_RECEIVE (1u << 4 | 1u << 6) /* level reached, timeout */

static volatile u32 *uart;
static u64 irq;

void uart_init(u64 address, u64 irq_slot)
{
	uart = (volatile u32 *)address;
	irq = irq_slot;
	uart[LCRH] = LCRH_8_BITS_FIFO;
	uart[CR] = CR_ENABLE;
	uart[ICR] = 0x7ffu;
	if (irq != 0u && nie_irq_bind(irq) == NIE_OK) {
		uart[IMSC] = INT_RECEIVE;
	}
}

void uart_put(char byte)
{
	while ((uart[FR] & FR_TX_FULL) != 0u) {
	}
	uart[DR] = (u8)byte;
}

void uart_drain(void (*receive)(u8 byte))
{
	u64 pending = 0;

	if (irq == 0u || nie_irq_poll(irq, &pending) != NIE_OK || pending == 0u) {
		return;
	}
	/* Before the bytes are taken: one that comes behind them raises it again. */
	uart[ICR] = INT_RECEIVE;
	while ((uart[FR] & FR_RX_EMPTY) == 0u) {
		receive((u8)uart[DR]);
	}
	nie_irq_ack(irq);
}
