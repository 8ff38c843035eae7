/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAIL_H
#define FAIL_H

#include "nie/task.h"

/* Keep what fail() needs: copies of the console's and a core's capability, in two slots of our own. */
void fail_prepare(u64 console, u64 core, u64 first_slot);

/* Print one line that names the object, the call and the error, and power the machine off. */
_Noreturn void fail(const char *object, const char *call, u64 status);
_Noreturn void fail_because(const char *object, const char *call, const char *why);

/* Unless the status is success. */
static inline void must(u64 status, const char *object, const char *call)
{
	if (status != NIE_OK) {
		fail(object, call, status);
	}
}

#endif
