/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_REPORT_H
#define VMM_REPORT_H

#include "guest.h"

/* One line for machines, when all is over: "@nie-report {json}". */
void report_print(const struct vmm *vmm);

#endif
