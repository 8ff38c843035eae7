/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_ABSENT_H
#define VMM_ABSENT_H

#include "bus.h"

/* Devices that QEMU's `virt` has and a guest's device tree has not, for programs that look where these are without asking it:
 * they read as nothing and are left alone, instead of being a fault. False: one of them overlaps what is there. */
bool absent_attach(struct bus *bus);

#endif
