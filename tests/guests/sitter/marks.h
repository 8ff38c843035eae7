/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MARKS_H
#define MARKS_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Marks in the registers of the vCPU that calls: enum sitter_register in sitter.h numbers them. */
uint64_t marks_write(uint64_t tag);
uint64_t marks_changed(void);
uint64_t marks_find(uint64_t tag);
uint64_t marks_read(uint64_t number);

#pragma GCC visibility pop

#endif
