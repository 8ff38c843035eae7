/* SPDX-License-Identifier: Apache-2.0 */
/* What picolibc asks of its system: where messages of the library (assert) go, and how to stop. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "uart.h"

static int put(char c, FILE *file)
{
	(void)file;
	if (c == '\n') {
		uart_put('\r');
	}
	uart_put(c);
	return c;
}

static FILE output = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdout = &output;
FILE *const stderr = &output;

/* A task cannot exit, and knows no signals. A trap makes the kernel report it. */
void abort(void)
{
	__builtin_trap();
}

/* Debian builds libfdt with stack protection. */
uintptr_t __stack_chk_guard = 0x00f0e1d2c3b4a596ul;
void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
	__builtin_trap();
}
