/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KINDS_H
#define KINDS_H

#include <stdint.h>

/* Hypercalls as grammar.py writes them: of which kind each argument is, and the types of capability that it may name. */
enum kind {
	KIND_SLOT, KIND_PLACE, KIND_INDEX, KIND_INDEX_TO, KIND_RIGHTS, KIND_TYPE, KIND_SIZE, KIND_COUNT, KIND_IPA,
	KIND_LEVEL, KIND_ADDRESS, KIND_TIME, KIND_LIST, KIND_FLAGS, KIND_NUMBER, KIND_DEBUG,
	KIND_ANY,
};

struct grammar {
	uint32_t number;
	uint32_t count;
	uint32_t switches;
	struct {
		uint32_t kind;
		uint32_t types;
	} arguments[7];
};

#endif
