/* SPDX-License-Identifier: Apache-2.0 */
/* The other cores of a test's task: each waits for a function to run. */
#ifndef TASK_CORES_H
#define TASK_CORES_H

#include "nie/task.h"

#define CORES_MAX 8u

/* Give core `number` (1 to CORES_MAX - 1) a task of its own: this vCPU of the VSpace, with this CSpace. NIE_OK, or the status
 * of vcpu_configure or core_start. */
u64 core_add(u32 number, u64 core, u64 vcpu, u64 vspace, u64 cspace);
/* False: there is no such core. */
bool core_begin(u32 number, void (*run)(void *), void *argument);
void core_join(u32 number);
/* Ends whatever the core waits for, or runs, at the moment. */
void core_kick(u32 number);

#endif
