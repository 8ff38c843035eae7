/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_COMPOSE_H
#define VMM_COMPOSE_H

#include "loader.h"

/*
 * Building a guest out of its untyped memory: objects, RAM, content, vCPUs, seal. In steps of a frame, so that other
 * guests run meanwhile, and the same each time: what a restarted guest is made of is what it was made of first.
 */
struct guest;

struct compose {
	struct layout layout;
	u32 part; /* of its RAM, and where in it the next frame goes */
	u64 ipa;
	u8 tree[TREE_SIZE] __attribute__((aligned(8)));
};

enum compose_progress {
	COMPOSE_MORE,
	COMPOSE_DONE,
	COMPOSE_FAILED, /* it has ended, as "error" */
};

/* False: it failed. */
bool compose_begin(struct guest *g);
enum compose_progress compose_step(struct guest *g);

/* It touched memory that it expects at this IPA and has not, having given it up before: donate the frame
 * again. False: there is none for it. The guest's lock is held. */
bool compose_populate(struct guest *g, u64 ipa);

#endif
