/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMMUv3 (IHI 0070). A stream aborts, or is translated by stage 2 of a VSpace: its own tables, under its VMID. The stream
 * table is linear and short; streams beyond it abort. No stage 1, no ATS, no stalls, no broadcast TLB maintenance.
 */
#include "arch.h"
#include "nie/granule.h"

#define IDR0 (SMMU + 0x0)
#define IDR0_S2P (1u << 0)
#define IDR0_TTF_AARCH64 (1u << 3)
#define IDR0_COHACC (1u << 4) /* it sees what is in the caches */
#define IDR0_NEEDED (IDR0_S2P | IDR0_TTF_AARCH64 | IDR0_COHACC)
#define IDR1 (SMMU + 0x4)
#define IDR1_SIDSIZE 0x3fu
#define IDR1_PRESET (3u << 29) /* tables or queues are where the hardware wants them */
#define IDR5 (SMMU + 0x14)
#define IDR5_OAS 7u
#define IDR5_GRAN4K (1u << 4)
#define CR0 (SMMU + 0x20)
#define CR0ACK (SMMU + 0x24)
#define CR0_SMMUEN (1u << 0)
#define CR0_EVENTQEN (1u << 2)
#define CR0_CMDQEN (1u << 3)
#define CR1 (SMMU + 0x28)
#define CR1_WRITE_BACK_INNER 0xd75u /* walks and queues */
#define CR2 (SMMU + 0x2c)
#define CR2_PTM (1u << 2)
#define GBPA (SMMU + 0x44)
#define GBPA_ABORT (1u << 20)
#define GBPA_UPDATE (1u << 31)
#define IRQ_CTRL (SMMU + 0x50)
#define IRQ_CTRLACK (SMMU + 0x54)
#define IRQ_EVENTQ (1u << 2)
#define STRTAB_BASE (SMMU + 0x80)
#define STRTAB_BASE_CFG (SMMU + 0x88)
#define CMDQ_BASE (SMMU + 0x90)
#define CMDQ_PROD (SMMU + 0x98)
#define CMDQ_CONS (SMMU + 0x9c)
#define EVENTQ_BASE (SMMU + 0xa0)
#define EVENTQ_PROD (SMMU + 0x100a8)
#define EVENTQ_CONS (SMMU + 0x100ac)
#define READ_ALLOCATE (1ul << 62)
#define OVERFLOW (1u << 31)

/* Commands, 4.3 and 4.4. */
#define CFGI_STE 0x03ul
#define CFGI_STE_RANGE 0x04ul
#define CFGI_ALL 31ul
#define TLBI_S12_VMALL 0x28ul
#define TLBI_S2_IPA 0x2aul
#define TLBI_NSNH_ALL 0x30ul
#define CMD_SYNC 0x46ul
#define LEAF 1ul
#define VMID_SHIFT 32u
#define STREAM_SHIFT 32u

/* Stream table entries, 5.2; stage 2 as in VTCR_EL2 (switch.c). */
#define STE_ABORT 0x1ul
#define STE_STAGE2 0xdul
#define STE_SHAREABILITY_INCOMING (1ul << 44)
#define STE_39_BITS (0x19ul << 32 | 1ul << 38)            /* S2T0SZ, S2SL0: level 1 */
#define STE_WALKS (1ul << 40 | 1ul << 42 | 3ul << 44)     /* S2IR0, S2OR0, S2SH0 */
#define STE_PS_SHIFT 48u
#define STE_AARCH64 (1ul << 51)
#define STE_RECORD (1ul << 58)                            /* S2R: faults become events, and end the access */
#define PS_48_BITS 5u

/* Events, 7.3. */
#define EVENT_TYPE 0xfful
#define EVENT_READ (1ul << 35)
#define EVENT_ADDRESS 0xfffffffffffful

#define STE_WORDS 8u
#define STREAMS_LOG2 ((u32)__builtin_ctz(PLATFORM_STREAMS))
#define COMMANDS_LOG2 4u
#define COMMANDS (1u << COMMANDS_LOG2)
#define EVENTS_LOG2 6u
#define EVENTS (1u << EVENTS_LOG2)
#define PATIENCE_SECONDS 2u

static u64 stream_table[PLATFORM_STREAMS][STE_WORDS] __attribute__((aligned(PLATFORM_STREAMS * STE_WORDS * 8u)));
static u64 commands[COMMANDS][2] __attribute__((aligned(COMMANDS * 16u)));
static u64 events[EVENTS][4] __attribute__((aligned(EVENTS * 32u)));
static u32 produced; /* index in the command queue, and above it the wrap bit */
static u32 consumed; /* in the event queue */
static u64 stage2_format;

static void await(u64 address, u32 mask, u32 value, const char *what)
{
	u64 since = hw_now();

	while ((read32(address) & mask) != value) {
		if (hw_now() - since > read_sysreg(cntfrq_el0) * PATIENCE_SECONDS) {
			hw_panic(what, read32(address));
		}
	}
}

static void put(u64 first, u64 second)
{
	u64 *command = commands[produced % COMMANDS];

	command[0] = first;
	command[1] = second;
	produced = (produced + 1u) % (2u * COMMANDS);
}

/* All commands have taken effect, and every access that began before them is complete (4.7.3). */
static void sync(void)
{
	put(CMD_SYNC, 0);
	dsb(sy);
	write32(CMDQ_PROD, produced);
	await(CMDQ_CONS, 2u * COMMANDS - 1u, produced, "the SMMU does not take commands: SMMU_CMDQ_CONS");
}

static void forget_entry(u32 stream)
{
	put(CFGI_STE | (u64)stream << STREAM_SHIFT, LEAF);
	sync();
}

RARE void hw_stream_connect(u32 stream, u32 vmid, u64 root)
{
	u64 *entry = stream_table[stream];

	entry[1] = STE_SHAREABILITY_INCOMING;
	entry[2] = stage2_format | vmid;
	entry[3] = root;
	forget_entry(stream); /* while it aborts, the rest is not looked at: 3.21.3.1 */
	entry[0] = STE_STAGE2;
	forget_entry(stream);
}

RARE void hw_stream_cut(u32 stream)
{
	stream_table[stream][0] = STE_ABORT;
	forget_entry(stream);
}

RARE void hw_stream_invalidate_ipa(u32 vmid, u64 ipa)
{
	put(TLBI_S2_IPA | (u64)vmid << VMID_SHIFT, ipa | LEAF);
	sync();
}

RARE void hw_stream_invalidate_vspace(u32 vmid)
{
	put(TLBI_S12_VMALL | (u64)vmid << VMID_SHIFT, 0);
	sync();
}

RARE bool hw_stream_event(struct stream_event *e)
{
	u32 written = SMMU != 0u ? read32(EVENTQ_PROD) : 0u;

	if ((written ^ consumed) % (2u * EVENTS) == 0u) {
		return false;
	}
	dsb(sy);
	const volatile u64 *event = events[consumed % EVENTS];

	e->stream = (u32)(event[0] >> STREAM_SHIFT);
	e->event = event[0] & EVENT_TYPE;
	e->access = (event[1] & EVENT_READ) != 0u ? 1u : 2u;
	e->ipa = event[2] & EVENT_ADDRESS;
	consumed = (consumed + 1u) % (2u * EVENTS);
	write32(EVENTQ_CONS, consumed | (written & OVERFLOW));
	return true;
}

static void enable(u32 what)
{
	write32(CR0, what);
	await(CR0ACK, ~0u, what, "the SMMU does not follow SMMU_CR0: SMMU_CR0ACK");
}

static void check_features(void)
{
	if ((read32(IDR0) & IDR0_NEEDED) != IDR0_NEEDED) {
		hw_panic("the SMMU has no stage 2, or is not coherent: SMMU_IDR0", read32(IDR0));
	}
	if ((read32(IDR1) & IDR1_PRESET) != 0u || (read32(IDR1) & IDR1_SIDSIZE) < STREAMS_LOG2) {
		hw_panic("the SMMU's tables are fixed, or too short: SMMU_IDR1", read32(IDR1));
	}
	if ((read32(IDR5) & IDR5_GRAN4K) == 0u) {
		hw_panic("the SMMU has no 4 KiB granule: SMMU_IDR5", read32(IDR5));
	}
}

/* First of all what it does while disabled: nothing passes, whatever devices were doing before. */
void smmu_init(void)
{
	if (SMMU == 0u) {
		return;
	}
	await(GBPA, GBPA_UPDATE, 0, "the SMMU is busy: SMMU_GBPA");
	write32(GBPA, GBPA_UPDATE | GBPA_ABORT);
	await(GBPA, GBPA_UPDATE, 0, "the SMMU does not abort: SMMU_GBPA");
	enable(0);
	check_features();
	for (u32 i = 0; i < PLATFORM_STREAMS; i++) {
		stream_table[i][0] = STE_ABORT;
	}
	u64 ps = read32(IDR5) & IDR5_OAS;

	stage2_format = STE_39_BITS | STE_WALKS | STE_AARCH64 | STE_RECORD |
			(ps < PS_48_BITS ? ps : PS_48_BITS) << STE_PS_SHIFT;
	write32(CR1, CR1_WRITE_BACK_INNER);
	write32(CR2, CR2_PTM);
	write64(STRTAB_BASE, (u64)stream_table | READ_ALLOCATE);
	write32(STRTAB_BASE_CFG, STREAMS_LOG2);
	write64(CMDQ_BASE, (u64)commands | READ_ALLOCATE | COMMANDS_LOG2);
	write32(CMDQ_PROD, 0);
	write32(CMDQ_CONS, 0);
	write64(EVENTQ_BASE, (u64)events | READ_ALLOCATE | EVENTS_LOG2);
	write32(EVENTQ_PROD, 0);
	write32(EVENTQ_CONS, 0);
	enable(CR0_CMDQEN);
	put(CFGI_STE_RANGE, CFGI_ALL);
	put(TLBI_NSNH_ALL, 0);
	sync();
	enable(CR0_CMDQEN | CR0_EVENTQEN);
	write32(IRQ_CTRL, IRQ_EVENTQ);
	await(IRQ_CTRLACK, ~0u, IRQ_EVENTQ, "the SMMU does not follow SMMU_IRQ_CTRL: SMMU_IRQ_CTRLACK");
	enable(CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
}
