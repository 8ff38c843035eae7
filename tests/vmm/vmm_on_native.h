/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_ON_NATIVE_H
#define VMM_ON_NATIVE_H

#include "config.h"
#include "native_task.h"

#define VMM_OUTPUT 4096u

extern char vmm_output[VMM_OUTPUT]; /* what went to the UART */
void vmm_forget_output(void);

#endif
