/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_UART_H
#define VMM_UART_H

#include "nie/task.h"

/* The machine's own PL011, mapped into the VMM. */
void uart_init(u64 address, u64 irq_slot);
void uart_put(char byte);

/* Call `receive` for each byte that has come, if the UART's interrupt is pending. */
void uart_drain(void (*receive)(u8 byte));

#endif
