/* SPDX-License-Identifier: Apache-2.0 */
/* Cache and TLB maintenance, storms of exits, accesses of every form, random translation tables, AArch32. */
#include "hostile-guest.h"

#define SYS(op1, crn, crm, op2) \
	(0xd5080000u | (uint32_t)(op1) << 16 | (uint32_t)(crn) << 12 | (uint32_t)(crm) << 8 | (uint32_t)(op2) << 5)
#define SYSL 0x00200000u
#define WFI 0xd503207fu
#define WFE 0xd503205fu
#define SEV 0xd503209fu
#define YIELD 0xd503203fu
#define ICC_SGI1R 0xd518cba0u
#define ICC_ASGI1R 0xd518cbc0u
#define ICC_SGI0R 0xd518cbe0u
#define TABLES 16u

#pragma GCC visibility push(hidden)
void with_tables(const uint64_t *ttbr, uint64_t address, uint64_t tcr);
void enter_el0(uint64_t spsr, const void *at);
#pragma GCC visibility pop

static uint64_t table[TABLES][512] __attribute__((aligned(4096)));

/* IC, DC, AT, TLBI, CFP and all that shares their encoding (op0 1), set/way included. */
void maintenance(void)
{
	struct tally t = {0, 0};

	for (uint32_t crn = 7; crn <= 8; crn++) {
		for (uint32_t op1 = 0; op1 < 8; op1++) {
			for (uint32_t rest = 0; rest < 128; rest++) {
				uint32_t word = SYS(op1, crn, rest / 8, rest % 8);

				attack(&t, word, (uint64_t)table, 0);
				attack(&t, word, draw(), 0);
				attack(&t, word | SYSL, (uint64_t)table, 0);
			}
		}
	}
	for (uint32_t crn = 11; crn <= 15; crn += 4) { /* implementation defined */
		for (uint32_t rest = 0; rest < 1024; rest++) {
			attack(&t, SYS(rest / 128, crn, rest / 8 % 16, rest % 8), draw(), 0);
		}
	}
	say("maintenance", &t);
}

void storms(void)
{
	struct tally t = {0, 0};

	for (uint32_t i = 0; i < 300; i++) {
		attack(&t, i % 2 ? YIELD : WFE, 0, 0);
		attack(&t, SEV, 0, 0);
		attack(&t, ICC_SGI1R, draw() & 0x0f00fffful, 0);
		attack(&t, ICC_SGI1R, draw(), 0);
		attack(&t, ICC_ASGI1R, draw(), 0);
		attack(&t, ICC_SGI0R, draw(), 0);
	}
	say("event storms", &t);
	t = (struct tally){0, 0};
	for (uint32_t i = 0; i < 2000; i++) {
		attack(&t, WFI, 0, 0);
	}
	say("WFI storms", &t);
}

/* Device registers of the UART and the interrupt controller, with each size and form that a syndrome describes. */
void accesses(void)
{
	static const uint32_t words[] = {
		0x39400001, 0x79400001, 0xb9400001, 0xf9400001, /* LDRB, LDRH, LDR w, LDR x */
		0x39800001, 0x79800001, 0xb9800001,             /* LDRSB, LDRSH, LDRSW x */
		0x39c00001, 0x79c00001,                         /* LDRSB, LDRSH w */
		0x39000001, 0x79000001, 0xb9000001, 0xf9000001, /* stores */
		0x08dffc01, 0xc8dffc01, 0x089ffc01, 0xc89ffc01, /* LDAR, STLR */
		0xf900001f, 0xf940001f,                         /* xzr */
	};
	/* Not the UART's data register nor the RTC: what they print and keep is theirs. */
	static const uint64_t devices[] = {0x09000018, 0x09000fe0, 0x08000000, 0x08000008, 0x08000100, 0x080a0008,
					   0x080b0000, 0x08000ff8, 0x0800fff8, 0x080a0000, 0x09010fe0};
	struct tally t = {0, 0};

	for (uint32_t d = 0; d < sizeof(devices) / sizeof(devices[0]); d++) {
		for (uint32_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			attack(&t, words[i], devices[d], draw());
			attack(&t, words[i], (uint64_t)table + 1u + draw() % 4000u, 0); /* unaligned, with the MMU off */
		}
	}
	say("accesses", &t);
}

/* Any attributes and any kind of entry but a block of 1 GiB. It leads to these tables: elsewhere there may be
 * nothing, and a walk there ends the guest (last.c). */
static uint64_t random_entry(bool root)
{
	uint64_t kind = draw() % 8u;

	return (uint64_t)table[draw() % TABLES] | (draw() & 0xfff0000000000ffcul) | (kind == 7u ? 0u : kind % 2u && !root ? 1u : 3u);
}

/* Stage 1 on with tables of anything, some of which name themselves, changed between uses. Only the block of
 * this image stays what it is, so that there is a way back. */
void tables(void)
{
	struct tally t = {0, 0};
	uint64_t image = (uint64_t)image_start & ~0x1ffffful;

	for (uint32_t i = 0; i < 2000; i++) {
		uint64_t before = trapped;

		for (uint32_t n = 0; n < 64; n++) {
			uint32_t which = draw() % TABLES;

			table[which][draw() % 512] = random_entry(which == 0u);
		}
		table[0][image >> 30] = (uint64_t)table[1] | 3u;
		table[1][image >> 21 & 511u] = image | 0x701u; /* normal, inner shareable, accessed, a block */
		/* T0SZ 25: 39 bits from level 1; any cacheability, shareability and hierarchy. */
		with_tables(table[0], draw() % (1ul << 39), 25u | 25u << 16 | (draw() & 0x3f003f00ul) | 2ul << 30 | 2ul << 32);
		t.tried++;
		t.refused += trapped != before ? 1u : 0u;
	}
	__asm__ volatile("tlbi vmalle1\n\tdsb ish\n\tisb");
	say("stage 1 tables", &t);
	t = (struct tally){0, 0};
	/* EL0 in AArch64 and in every AArch32 mode; where there is none, the return is illegal and traps. */
	for (uint64_t mode = 0; mode < 32; mode++) {
		uint64_t before = trapped;

		if (mode == 5u) {
			continue; /* EL1h: ourselves */
		}
		table[0][0] = 0xd4000001d4000001ul; /* SVC in AArch64 */
		table[0][1] = 0xef000000ef000000ul; /* SVC in A32 */
		__asm__ volatile("dsb ish\n\tic iallu\n\tdsb ish\n\tisb");
		enter_el0(0x3c0u | mode, &table[0][mode < 16u ? 0 : 1]);
		t.tried++;
		t.refused += trapped != before ? 1u : 0u;
	}
	say("returns to each mode", &t);
}
