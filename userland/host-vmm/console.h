/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include "nie/task.h"

/*
 * One terminal for all. With the focus on "all", every guest's lines appear behind its name; with the
 * focus on one guest, the terminal is that guest's console. Ctrl-] moves the focus.
 */
#define CONSOLE_FOCUS_KEY 0x1du

/* `input` gets what is typed while a guest has the focus. */
void console_init(void (*input)(u32 guest, u8 byte));
void console_add_guest(u32 number, const char *name);

/* A line of the VMM's own: "[nie] ...". */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line for machines: as it is. */
void console_line(const char *text);

void console_guest_bytes(u32 number, const u8 *bytes, u32 count);
/* It writes no more: what it left of a line is shown, and the focus leaves it. */
void console_guest_end(u32 number);

/* A key was pressed. */
void console_input(u8 byte);
/* An interrupt for the VMM came: if it is the UART's, take the input. */
void console_interrupt(void);

#endif
