/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GIC_H
#define GIC_H

#include "corner.h"

#define FIRST_SPI 40u /* from here on no device of the `virt` map that is on */
#define RTC_INTID 34u

#pragma GCC visibility push(hidden)

/* The interrupt that the CPU interface gives out, polled for; SPURIOUS when none comes. */
uint32_t take(uint32_t group);
/* None comes. */
void take_nothing(uint32_t group, const char *what);
void finish(uint32_t group, uint32_t intid);
/* SPI, edge-triggered, group 1, enabled, to this CPU. */
void spi_setup(uint32_t intid, uint8_t priority);
void pend(uint32_t intid);
/* Everything as before: nothing pending, active or enabled. */
void clean(void);
/* The RTC's interrupt, which is a level. */
void rtc_init(void);
void rtc_line(bool high);

void registers(void);
void priorities(void);
void active_state(void);
void groups(void);
void other_cpus(void);

#pragma GCC visibility pop

#endif
