/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NIE_SHA256_H
#define NIE_SHA256_H

#include "nie/types.h"

/*
 * SHA-256 (FIPS 180-4). Messages and hashes are bytes in memory order, eight to a word, the first one
 * lowest: what a little-endian load of them gives.
 */
#define SHA256_WORDS 4u
#define SHA256_BLOCK_WORDS 8u

/* A message of `bytes` bytes, at most 1 KiB. */
void sha256(const u64 *message, u64 bytes, u64 hash[SHA256_WORDS]);

/* The same in steps, for a message of whole blocks. */
void sha256_begin(u32 state[8]);
void sha256_block(u32 state[8], const u64 block[SHA256_BLOCK_WORDS]);
void sha256_end(u32 state[8], u64 bytes, u64 hash[SHA256_WORDS]);

#endif
