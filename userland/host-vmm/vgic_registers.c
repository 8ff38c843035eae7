/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers with a field for each INTID (Arm IHI 0069, 12.9 and 12.11). The distributor has them for
 * SPIs, each redistributor's SGI_base frame for its private interrupts, at the same offsets. Fields of
 * interrupts that a frame does not have read as zero and ignore writes.
 */
#include "vgic.h"

#define IGROUPR 0x080u
#define ISENABLER 0x100u
#define ICENABLER 0x180u
#define ISPENDR 0x200u
#define ICPENDR 0x280u
#define ISACTIVER 0x300u
#define ICACTIVER 0x380u
#define IPRIORITYR 0x400u
#define IPRIORITYR_END 0x800u
#define ICFGR 0xc00u
#define ICFGR_END 0xd00u

static bool has(bool private, u32 intid)
{
	return private ? intid < VGIC_PRIVATE : intid >= VGIC_PRIVATE && intid < VGIC_INTIDS;
}

static bool bit_read(struct vgic *g, u32 cpu, u32 group, u32 intid)
{
	const struct vgic_irq *irq = vgic_irq(g, cpu, intid);

	switch (group) {
	case IGROUPR:
		return irq->group1;
	case ISENABLER:
	case ICENABLER:
		return irq->enabled;
	case ISPENDR:
	case ICPENDR:
		if (intid == GUEST_TIMER_INTID) {
			return g->cpu[cpu].timer_pending;
		}
		return vgic_is_pending(irq) || (irq->holder != VGIC_NOBODY && irq->lent_latch && !irq->drop_pending);
	default:
		return intid == GUEST_TIMER_INTID ? g->cpu[cpu].timer_active : irq->active;
	}
}

static void bit_write(struct vgic *g, u32 cpu, u32 group, u32 intid, bool one)
{
	struct vgic_irq *irq = vgic_irq(g, cpu, intid);
	bool held = irq->holder != VGIC_NOBODY;

	if (group == IGROUPR) {
		irq->group1 = one;
	} else if (!one) {
		return;
	}
	switch (group) {
	case ISENABLER:
		irq->enabled = true;
		break;
	case ICENABLER:
		irq->enabled = false;
		break;
	case ISPENDR:
		irq->latch = true;
		irq->offered = false;
		break;
	case ICPENDR:
		irq->latch = false;
		irq->drop_pending = held;
		break;
	case ISACTIVER:
		if (!irq->active) {
			irq->active_on = (u8)vgic_target(g, cpu, intid);
		}
		irq->active = true;
		irq->set_active = held;
		irq->drop_active = false;
		break;
	case ICACTIVER:
		irq->active = false;
		irq->drop_active = held;
		irq->set_active = false;
		break;
	default:
		break;
	}
	vgic_changed(g, cpu, intid);
}

/* Registers of one bit per interrupt: 128 bytes for each kind. */
static u32 kind_of(u64 offset)
{
	return (u32)offset & ~0x7fu;
}

static u64 read_byte(struct vgic *g, u32 cpu, bool private, u64 offset)
{
	u64 value = 0;

	if (offset < IPRIORITYR) {
		u32 first = ((u32)offset & 0x7fu) * 8u;

		for (u32 i = 0; i < 8u; i++) {
			if (has(private, first + i) && bit_read(g, cpu, kind_of(offset), first + i)) {
				value |= 1u << i;
			}
		}
	} else if (offset < IPRIORITYR_END) {
		u32 intid = (u32)offset - IPRIORITYR;

		value = has(private, intid) ? vgic_irq(g, cpu, intid)->priority : 0u;
	} else if (offset >= ICFGR && offset < ICFGR_END) {
		u32 first = ((u32)offset - ICFGR) * 4u;

		for (u32 i = 0; i < 4u; i++) {
			if (has(private, first + i) && vgic_irq(g, cpu, first + i)->edge) {
				value |= 2u << (i * 2u);
			}
		}
	}
	return value;
}

static void write_byte(struct vgic *g, u32 cpu, bool private, u64 offset, u8 value)
{
	if (offset < IPRIORITYR) {
		u32 first = ((u32)offset & 0x7fu) * 8u;

		for (u32 i = 0; i < 8u; i++) {
			if (has(private, first + i)) {
				bit_write(g, cpu, kind_of(offset), first + i, (value >> i & 1u) != 0u);
			}
		}
	} else if (offset < IPRIORITYR_END) {
		u32 intid = (u32)offset - IPRIORITYR;

		if (has(private, intid)) {
			vgic_irq(g, cpu, intid)->priority = value & 0xf8u; /* 5 bits, as the list registers */
			g->changes++;
		}
	} else if (offset >= ICFGR && offset < ICFGR_END) {
		u32 first = ((u32)offset - ICFGR) * 4u;

		for (u32 i = 0; i < 4u; i++) {
			/* SGIs are edge-triggered, whatever is written. */
			if (has(private, first + i) && first + i >= 16u) {
				vgic_irq(g, cpu, first + i)->edge = (value >> (i * 2u) & 2u) != 0u;
				vgic_changed(g, cpu, first + i);
			}
		}
	}
}

u64 vgic_banked_read(struct vgic *g, u32 cpu, bool private, const struct bus_access *a)
{
	u64 value = 0;

	for (u32 i = 0; i < a->size; i++) {
		value |= read_byte(g, cpu, private, a->offset + i) << (i * 8u);
	}
	return value;
}

void vgic_banked_write(struct vgic *g, u32 cpu, bool private, const struct bus_access *a, u64 value)
{
	for (u32 i = 0; i < a->size; i++) {
		write_byte(g, cpu, private, a->offset + i, (u8)(value >> (i * 8u)));
	}
}

/* PIDR4 to PIDR7, PIDR0 to PIDR3, CIDR0 to CIDR3: Arm (JEP106 0x3b, continuation 4), architecture 3 in
 * PIDR2, and the frame's part number. */
u64 vgic_identification(u64 offset, u8 part)
{
	const u8 id[12] = {0x04, 0, 0, 0, part, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};

	return offset < 0xffd0u ? 0u : id[(offset - 0xffd0u) / 4u];
}
