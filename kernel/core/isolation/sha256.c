/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, FIPS 180-4; function names as there (4.1.2, 6.2.2). */
#include "nie/sha256.h"

#include "nie/hw.h"

static const u32 initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const u32 constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* Bytes in the other order. */
static u32 swap(u32 x)
{
	return x << 24 | (x & 0xff00u) << 8 | (x >> 8 & 0xff00u) | x >> 24;
}

static u32 rotate(u32 x, u32 right)
{
	return x >> right | x << (32u - right);
}

static u32 word_of(const u64 block[SHA256_BLOCK_WORDS], u32 i)
{
	return swap((u32)(block[i / 2u] >> (i % 2u * 32u) & 0xffffffffu));
}

static void schedule(u32 w[64], const u64 block[SHA256_BLOCK_WORDS])
{
	for (u32 i = 0; i < 16u; i++) {
		w[i] = word_of(block, i);
	}
	for (u32 i = 16; i < 64u; i++) {
		u32 s0 = rotate(w[i - 15u], 7) ^ rotate(w[i - 15u], 18) ^ w[i - 15u] >> 3;
		u32 s1 = rotate(w[i - 2u], 17) ^ rotate(w[i - 2u], 19) ^ w[i - 2u] >> 10;

		w[i] = w[i - 16u] + s0 + w[i - 7u] + s1;
	}
}

void sha256_begin(u32 state[8])
{
	for (u32 i = 0; i < 8u; i++) {
		state[i] = initial[i];
	}
}

void sha256_block(u32 state[8], const u64 block[SHA256_BLOCK_WORDS])
{
	u32 w[64];
	u32 v[8]; /* a to h */

	schedule(w, block);
	for (u32 i = 0; i < 8u; i++) {
		v[i] = state[i];
	}
	for (u32 t = 0; t < 64u; t++) {
		u32 sum1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
		u32 choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
		u32 t1 = v[7] + sum1 + choice + constants[t] + w[t];
		u32 sum0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
		u32 majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);

		v[7] = v[6];
		v[6] = v[5];
		v[5] = v[4];
		v[4] = v[3] + t1;
		v[3] = v[2];
		v[2] = v[1];
		v[1] = v[0];
		v[0] = t1 + sum0 + majority;
	}
	for (u32 i = 0; i < 8u; i++) {
		state[i] += v[i];
	}
}

static void output(const u32 state[8], u64 hash[SHA256_WORDS])
{
	for (u32 i = 0; i < SHA256_WORDS; i++) {
		hash[i] = swap(state[i * 2u]) | (u64)swap(state[i * 2u + 1u]) << 32;
	}
}

/* Word `i` of the padded message: its own bytes, then the byte 0x80, then zeroes. */
static u64 padded(const u64 *message, u64 bytes, u64 i)
{
	u64 used = bytes / 8u;
	u64 bits = bytes % 8u * 8u;

	if (i < used) {
		return message[i];
	}
	if (i > used) {
		return 0;
	}
	return (bits == 0u ? 0u : message[i] & ((1ul << bits) - 1u)) | 0x80ul << bits;
}

static u64 length_word(u64 bytes)
{
	return (u64)swap((u32)(bytes * 8u % 0x100000000ul)) << 32 | swap((u32)(bytes * 8u / 0x100000000ul));
}

void sha256(const u64 *message, u64 bytes, u64 hash[SHA256_WORDS])
{
	u64 blocks = (bytes + 9u + 63u) / 64u; /* with the byte 0x80 and the length */
	u64 block[SHA256_BLOCK_WORDS];
	u32 state[8];

	sha256_begin(state);
	for (u64 b = 0; b < blocks; b++) {
		for (u32 i = 0; i < SHA256_BLOCK_WORDS; i++) {
			block[i] = padded(message, bytes, b * SHA256_BLOCK_WORDS + i);
		}
		if (b + 1u == blocks) {
			block[SHA256_BLOCK_WORDS - 1u] = length_word(bytes);
		}
		hw_sha256_block(state, block);
	}
	output(state, hash);
}

void sha256_end(u32 state[8], u64 bytes, u64 hash[SHA256_WORDS])
{
	const u64 block[SHA256_BLOCK_WORDS] = {0x80, 0, 0, 0, 0, 0, 0, length_word(bytes)};

	hw_sha256_block(state, block);
	output(state, hash);
}
