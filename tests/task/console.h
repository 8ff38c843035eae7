/* SPDX-License-Identifier: Apache-2.0 */
/* What initial tasks of tests say, and how they end. The task defines `task_name`, which its failures begin with. */
#ifndef TASK_CONSOLE_H
#define TASK_CONSOLE_H

#include "nie/task.h"

extern const char task_name[];

/* Map the PL011, whose device capability this is, at `at`. Nothing is printed before, or if it fails. */
void console_start(u64 device_slot, u64 at);
void print(const char *text);
/* In decimal. */
void print_number(u64 value);
/* Turn the machine off. */
_Noreturn void machine_off(void);
/* "NAME: FAILED: WHAT", and off. */
_Noreturn void failed(const char *what);
/* The same with the status behind it, unless that is NIE_OK. */
void must(u64 status, const char *what);

#endif
