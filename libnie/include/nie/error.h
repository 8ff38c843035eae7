/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_ERROR_H
#define NIE_ERROR_H

#include "nie/task.h"

/* A status has the error in bits 7:0 and the number of the offending argument in bits 15:8. */
static inline u64 nie_error_of(u64 status)
{
	return status & 0xffu;
}

static inline u64 nie_argument_of(u64 status)
{
	return status >> 8 & 0xffu;
}

/* "no_memory, argument 1"; for messages. Writes at most `size` bytes, terminated; returns `text`. */
char *nie_status_text(u64 status, char *text, size_t size);

#endif
