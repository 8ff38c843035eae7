/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/measure.h"

#include "nie/hw.h"
#include "nie/sha256.h"
#include "nie/view.h"

#define RECORD_WORDS 8u

static void extend(u64 measurement[SHA256_WORDS], const u64 value[RECORD_WORDS], u64 bytes)
{
	u64 message[SHA256_WORDS + RECORD_WORDS];

	for (u32 i = 0; i < SHA256_WORDS; i++) {
		message[i] = measurement[i];
	}
	for (u32 i = 0; i < RECORD_WORDS; i++) {
		message[SHA256_WORDS + i] = value[i];
	}
	sha256(message, SHA256_WORDS * 8u + bytes, measurement);
}

void measure_content(granule_t vspace, u64 ipa, u64 rights, granule_t frame, u32 count)
{
	u64 hash[SHA256_WORDS];

	hw_hash(frame, count, hash);

	const u64 record[RECORD_WORDS] = {MEASURED_CONTENT, ipa, count * GRANULE_SIZE, rights,
					  hash[0], hash[1], hash[2], hash[3]};

	extend(vspace_at(vspace)->measurement[0], record, sizeof(record));
}

void measure_event(granule_t vspace, enum measured kind, u64 first, u64 second, u64 third)
{
	const u64 record[RECORD_WORDS] = {kind, first, second, third, 0, 0, 0, 0};

	extend(vspace_at(vspace)->measurement[0], record, sizeof(record));
}

void measure_extend(granule_t vspace, u64 number, const u64 value[MEASURE_VALUE_WORDS], u64 bytes)
{
	extend(vspace_at(vspace)->measurement[number], value, bytes);
}
