/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_SPACE_H
#define NIE_SPACE_H

#include "nie/allocator.h"

/*
 * A VSpace under construction: maps and donates frames and makes the translation tables that are
 * missing on the way, from an allocator.
 */
struct nie_space {
	u64 vspace;
	struct nie_allocator *tables;
	u64 spare_table; /* a table that turned out not to be needed; 0: none */
};

void nie_space_init(struct nie_space *s, u64 vspace, struct nie_allocator *tables);

/* As the hypercalls map and donate; `size_bits` is the frame's. */
u64 nie_space_map(struct nie_space *s, u64 frame, u64 size_bits, u64 ipa, u64 rights);
u64 nie_space_donate(struct nie_space *s, u64 frame, u64 size_bits, u64 ipa, u64 rights);

/* A guest's VSpace: expect memory in this range, to be donated in frames of this size. */
u64 nie_space_expect_ram(struct nie_space *s, u64 size_bits, u64 ipa, u64 bytes);

/* Make the tables that a frame of this size needs at this IPA. */
u64 nie_space_prepare(struct nie_space *s, u64 size_bits, u64 ipa);

#endif
