/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ARCHIVE_H
#define ARCHIVE_H

#include "nie/task.h"

/* A file of the archive that the kernel maps for the initial task. False: there is none, or it does
 * not lie inside the archive. */
bool archive_find(u64 archive, u64 size, const char *name, const u8 **data, u64 *length);

#endif
