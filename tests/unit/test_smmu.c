/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel/arch/arm64/smmu.c against a model of the hardware that it does not forgive: commands act only when a
 * CMD_SYNC after them is consumed, stream table entries and translations stay cached until they are told to go.
 */
#define NIE_ARCH_H /* instead of it: what smmu.c takes from there, under names of its own */
#define hw_stream_connect smmu_connect
#define hw_stream_cut smmu_cut
#define hw_stream_invalidate_ipa smmu_invalidate_ipa
#define hw_stream_invalidate_vspace smmu_invalidate_vspace
#define hw_stream_event smmu_event
#define hw_now model_now
#define hw_panic model_panic
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nie/hw.h"

#define COLD
#define read_sysreg(name) 1000000ul
#define dsb(domain) ((void)0)
static u32 read32(u64 address);
static void write32(u64 address, u32 value);
static void write64(u64 address, u64 value);
void smmu_init(void);

#ifndef SOURCE_UNDER_TEST /* tests/mutation has others */
#define SOURCE_UNDER_TEST "../../kernel/arch/arm64/smmu.c"
#endif
#include SOURCE_UNDER_TEST

#define REGISTERS 0x20000u
#define TLB_SIZE 8u
#define VMID 7u
#define ROOT 0x45678000ul
#define AT 0x40003000ul
#define STREAM 8u

static struct {
	u32 registers[REGISTERS / 4u];
	u64 bases[3]; /* stream table, commands, events: written as 64 bits */
	bool disabled_aborts; /* GBPA */
	u64 entry[PLATFORM_STREAMS][STE_WORDS]; /* cached */
	bool cached[PLATFORM_STREAMS];
	struct { u32 vmid; u64 ipa; bool valid; } tlb[TLB_SIZE];
	u64 pending[COMMANDS][2];
	u32 pending_count;
	u64 now;
	bool deaf; /* takes no commands */
} model;
static jmp_buf stopped;
static const char *said;

u64 hw_now(void)
{
	return model.now += 100000u;
}

_Noreturn void hw_panic(const char *what, u64 value)
{
	(void)value;
	said = what;
	longjmp(stopped, 1);
}

static u32 *reg(u64 address)
{
	assert_true(address >= SMMU && address < SMMU + REGISTERS && address % 4u == 0u);
	return &model.registers[(address - SMMU) / 4u];
}

static void take_effect(const u64 *c)
{
	u32 vmid = (u32)(c[0] >> 32) & 0xffffu;

	switch (c[0] & 0xffu) {
	case 0x03:
		model.cached[c[0] >> 32] = false;
		break;
	case 0x04:
		assert_int_equal(c[1] & 31u, 31u);
		memset(model.cached, 0, sizeof(model.cached));
		break;
	case 0x28:
	case 0x2a:
		for (u32 i = 0; i < TLB_SIZE; i++) {
			bool here = (c[0] & 0xffu) == 0x28 || (c[1] & ~0xffful) == model.tlb[i].ipa;

			model.tlb[i].valid = model.tlb[i].valid && !(model.tlb[i].vmid == vmid && here);
		}
		break;
	case 0x30:
		memset(model.tlb, 0, sizeof(model.tlb));
		break;
	default:
		fail_msg("command 0x%lx", (unsigned long)c[0]);
	}
}

static void consume(void)
{
	u32 at = *reg(CMDQ_CONS);

	assert_true((*reg(CR0) & CR0_CMDQEN) != 0u);
	while (!model.deaf && at != *reg(CMDQ_PROD)) {
		const u64 *c = ((const u64(*)[2])(uintptr_t)model.bases[1])[at % 16u];

		if ((c[0] & 0xffu) == 0x46) {
			for (u32 i = 0; i < model.pending_count; i++) {
				take_effect(model.pending[i]);
			}
			model.pending_count = 0;
		} else {
			assert_true(model.pending_count < COMMANDS);
			memcpy(model.pending[model.pending_count++], c, 16);
		}
		at = (at + 1u) % 32u;
	}
	*reg(CMDQ_CONS) = at;
}

static u32 read32(u64 address)
{
	return *reg(address);
}

static void write32(u64 address, u32 value)
{
	*reg(address) = value;
	if (address == CR0) {
		assert_true(model.disabled_aborts); /* before anything else */
		*reg(CR0ACK) = value;
	} else if (address == GBPA) {
		assert_true((value & GBPA_UPDATE) != 0u);
		model.disabled_aborts = (value & GBPA_ABORT) != 0u;
		*reg(GBPA) = value & ~GBPA_UPDATE;
	} else if (address == IRQ_CTRL) {
		*reg(IRQ_CTRLACK) = value;
	} else if (address == CMDQ_PROD && (*reg(CR0) & CR0_CMDQEN) != 0u) {
		consume();
	}
}

static void write64(u64 address, u64 value)
{
	u64 base = value & 0xffffffffffffe0ul;

	assert_int_equal((*reg(CR0) & (CR0_SMMUEN | CR0_CMDQEN)), 0);
	model.bases[address == STRTAB_BASE ? 0 : address == CMDQ_BASE ? 1 : 2] = base;
	assert_int_equal(base % (address == STRTAB_BASE ? 4096u : address == CMDQ_BASE ? 256u : 2048u), 0);
	assert_int_equal(value & 31u, address == STRTAB_BASE ? 0u : address == CMDQ_BASE ? 4u : 6u);
}

/* What an access of the device meets. */
enum meets { ABORTED, BYPASSES, TRANSLATED };

static enum meets access(u32 stream, u64 ipa, bool mapped, bool *reached)
{
	*reached = false;
	if ((*reg(CR0) & CR0_SMMUEN) == 0u) {
		return model.disabled_aborts ? ABORTED : BYPASSES;
	}
	if (stream >= 1u << (*reg(STRTAB_BASE_CFG) & 0x3fu)) {
		return ABORTED;
	}
	if (!model.cached[stream]) {
		memcpy(model.entry[stream], (const u64(*)[STE_WORDS])(uintptr_t)model.bases[0] + stream, sizeof(model.entry[0]));
		model.cached[stream] = true;
	}
	const u64 *e = model.entry[stream];
	u32 config = e[0] >> 1 & 7u;

	if ((e[0] & 1u) == 0u || config == 0u) {
		return ABORTED;
	}
	if (config != 6u) {
		return BYPASSES;
	}
	u32 vmid = e[2] & 0xffffu;

	for (u32 i = 0; i < TLB_SIZE; i++) {
		*reached = *reached || (model.tlb[i].valid && model.tlb[i].vmid == vmid && model.tlb[i].ipa == ipa);
	}
	for (u32 i = 0; mapped && !*reached && i < TLB_SIZE; i++) {
		if (!model.tlb[i].valid) {
			model.tlb[i].valid = true;
			model.tlb[i].vmid = vmid;
			model.tlb[i].ipa = ipa;
			*reached = true;
		}
	}
	return TRANSLATED;
}

static bool reaches(u32 stream, u64 ipa, bool mapped)
{
	bool reached;

	assert_int_not_equal(access(stream, ipa, mapped, &reached), BYPASSES);
	return reached;
}

static int power_on(void **state)
{
	(void)state;
	memset(&model, 0, sizeof(model));
	memset(stream_table, 0, sizeof(stream_table));
	produced = 0;
	consumed = 0;
	*reg(IDR0) = IDR0_NEEDED;
	*reg(IDR1) = 16;
	*reg(IDR5) = IDR5_GRAN4K | 4u;
	*reg(GBPA) = 0x1000; /* as QEMU has it after reset: everything passes */
	*reg(CR0) = CR0_SMMUEN; /* and firmware may have left it on */
	model.cached[STREAM] = true;
	model.entry[STREAM][0] = 9; /* bypass, from before */
	return 0;
}

static int start(void **state)
{
	power_on(state);
	smmu_init();
	return 0;
}

static bool refuses_to_start(const char *because)
{
	if (setjmp(stopped) == 0) {
		smmu_init();
		return false;
	}
	return strstr(said, because) != NULL;
}

static void everything_aborts_until_connected(void **state)
{
	bool reached;

	(void)state;
	for (u32 s = 0; s < PLATFORM_STREAMS + 2u; s++) {
		assert_int_equal(access(s, AT, true, &reached), ABORTED);
	}
	assert_int_equal(*reg(IRQ_CTRL), IRQ_EVENTQ);
	assert_int_equal(*reg(CR0), CR0_SMMUEN | CR0_EVENTQEN | CR0_CMDQEN);
}

static void what_is_missing_is_said(void **state)
{
	static const struct {
		u32 idr0, idr1, idr5;
		const char *because;
	} bad[] = {
		{IDR0_NEEDED & ~IDR0_S2P, 16, IDR5_GRAN4K, "stage 2"},
		{IDR0_NEEDED & ~IDR0_COHACC, 16, IDR5_GRAN4K, "coherent"},
		{IDR0_NEEDED & ~IDR0_TTF_AARCH64, 16, IDR5_GRAN4K, "stage 2"},
		{IDR0_NEEDED, 1u << 30 | 16, IDR5_GRAN4K, "fixed"},
		{IDR0_NEEDED, 5, IDR5_GRAN4K, "short"},
		{IDR0_NEEDED, 16, 0, "4 KiB"},
	};

	for (u32 i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		power_on(state);
		*reg(IDR0) = bad[i].idr0;
		*reg(IDR1) = bad[i].idr1;
		*reg(IDR5) = bad[i].idr5;
		assert_true(refuses_to_start(bad[i].because));
		assert_true(model.disabled_aborts);
	}
	power_on(state);
	model.deaf = true;
	assert_true(refuses_to_start("does not take commands"));
}

/* IHI 0070 5.2: stage 2 with the VSpace's own root, VMID and form of table. */
static void an_entry_is_the_stage_2_of_the_domain(void **state)
{
	(void)state;
	hw_stream_connect(STREAM, VMID, ROOT);
	const u64 *e = stream_table[STREAM];

	assert_int_equal(e[0], 1u | 6u << 1);
	assert_int_equal(e[2] & 0xffffu, VMID);
	assert_int_equal(e[2] >> 32 & 0x3fu, 64 - 39);
	assert_int_equal(e[2] >> 38 & 3u, 1);
	assert_int_equal(e[2] >> 40 & 0x3fu, 0x35); /* walks write-back, inner shareable */
	assert_int_equal(e[2] >> 46 & 3u, 0);
	assert_int_equal(e[2] >> 48 & 7u, 4); /* what the SMMU has */
	assert_int_equal(e[2] >> 51 & 1u, 1);
	assert_int_equal(e[2] >> 57 & 3u, 2); /* no stall, recorded */
	assert_int_equal(e[3], ROOT);
	assert_true(reaches(STREAM, AT, true));
	assert_false(reaches(STREAM + 1u, AT, true));
}

static void a_stream_that_is_cut_reaches_nothing(void **state)
{
	bool reached;

	(void)state;
	hw_stream_connect(STREAM, VMID, ROOT);
	assert_true(reaches(STREAM, AT, true));
	hw_stream_cut(STREAM);
	assert_int_equal(access(STREAM, AT, true, &reached), ABORTED);
	hw_stream_connect(STREAM, VMID + 1u, ROOT + 0x2000u);
	assert_int_equal(model.cached[STREAM] ? 1 : 0, 0);
	assert_true(reaches(STREAM, AT, true));
	assert_int_equal(model.entry[STREAM][2] & 0xffffu, VMID + 1u);
	assert_int_equal(model.entry[STREAM][3], ROOT + 0x2000u);
}

static void a_translation_that_went_is_forgotten(void **state)
{
	(void)state;
	hw_stream_connect(STREAM, VMID, ROOT);
	assert_true(reaches(STREAM, AT, true));
	assert_true(reaches(STREAM, AT + 0x1000u, true));
	assert_true(reaches(STREAM, AT, false)); /* stale */
	hw_stream_invalidate_ipa(VMID, AT);
	assert_false(reaches(STREAM, AT, false));
	assert_true(reaches(STREAM, AT + 0x1000u, false));
	hw_stream_invalidate_vspace(VMID + 1u);
	assert_true(reaches(STREAM, AT + 0x1000u, false));
	hw_stream_invalidate_vspace(VMID);
	assert_false(reaches(STREAM, AT + 0x1000u, false));
}

static void the_command_queue_wraps(void **state)
{
	(void)state;
	hw_stream_connect(STREAM, VMID, ROOT);
	for (u32 i = 0; i < 100u; i++) {
		assert_true(reaches(STREAM, AT, true));
		hw_stream_invalidate_ipa(VMID, AT);
		assert_false(reaches(STREAM, AT, false));
	}
}

static void report(u32 index, u64 type, u64 stream, bool read, u64 ipa)
{
	u64 *e = events[index % EVENTS];

	e[0] = type | stream << 32;
	e[1] = read ? 1ul << 35 : 0ul;
	e[2] = ipa;
	*reg(EVENTQ_PROD) = (index + 1u) % (2u * EVENTS);
}

static void events_are_taken_in_order(void **state)
{
	struct stream_event e;

	(void)state;
	assert_false(hw_stream_event(&e));
	for (u32 i = 0; i < 300u; i++) {
		report(i, 0x10u + i % 2u, i, i % 3u == 0u, i * 0x1000ul);
		assert_true(hw_stream_event(&e));
		assert_int_equal(e.stream, i);
		assert_int_equal(e.event, 0x10u + i % 2u);
		assert_int_equal(e.access, i % 3u == 0u ? 1u : 2u);
		assert_int_equal(e.ipa, i * 0x1000ul);
		assert_false(hw_stream_event(&e));
		assert_int_equal(*reg(EVENTQ_CONS), *reg(EVENTQ_PROD));
	}
}

/* Whatever the index register says, nothing outside the queue is read; an overflow is acknowledged. */
static void a_full_queue_is_emptied(void **state)
{
	struct stream_event e;
	u32 count = 0;

	(void)state;
	for (u32 i = 0; i < EVENTS; i++) {
		report(i, 0x10, STREAM, true, i);
	}
	*reg(EVENTQ_PROD) = EVENTS | OVERFLOW;
	while (count < 1000u && hw_stream_event(&e)) {
		assert_int_equal(e.ipa, count);
		count++;
	}
	assert_int_equal(count, EVENTS);
	assert_int_equal(*reg(EVENTQ_CONS), EVENTS | OVERFLOW);
	*reg(EVENTQ_PROD) = 0x7ffff013u; /* nonsense */
	for (count = 0; count < 1000u && hw_stream_event(&e); count++) {
	}
	assert_true(count < 2u * EVENTS);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_aborts_until_connected),
		cmocka_unit_test(what_is_missing_is_said),
		TEST(an_entry_is_the_stage_2_of_the_domain),
		TEST(a_stream_that_is_cut_reaches_nothing),
		TEST(a_translation_that_went_is_forgotten),
		TEST(the_command_queue_wraps),
		TEST(events_are_taken_in_order),
		TEST(a_full_queue_is_emptied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
