/* SPDX-License-Identifier: Apache-2.0 */
/* GICR registers (Arm IHI 0069, 12.10 and 12.11): for each vCPU a frame RD_base and a frame SGI_base. */
#include "vgic.h"

#define FRAME 0x10000u
#define GICR_CTLR 0x0000u
#define GICR_IIDR 0x0004u
#define GICR_TYPER 0x0008u
#define GICR_WAKER 0x0014u
#define BANKED 0x0080u
#define BANKED_END 0x0d80u
#define IDENTIFICATION 0xffd0u

#define IIDR_ARM 0x43bu
#define GICR_PART 0x93u
#define TYPER_LAST (1ul << 4)
#define WAKER_PROCESSOR_SLEEP (1u << 1)
#define WAKER_CHILDREN_ASLEEP (1u << 2)

/* Affinity 63:32, Processor_Number 23:8. */
static u64 type(const struct vgic *g, u32 cpu)
{
	return (u64)cpu << 32 | (u64)cpu << 8 | (cpu + 1u == g->cpus ? TYPER_LAST : 0u);
}

static u64 waker(const struct vgic_cpu *c)
{
	return c->asleep ? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP : 0u;
}

static u64 base_read(struct vgic *g, u32 cpu, const struct bus_access *a)
{
	switch (a->offset & ~3ul) {
	case GICR_IIDR:
		return bus_part(IIDR_ARM, a->offset % 4u, a->size);
	case GICR_TYPER:
	case GICR_TYPER + 4u:
		return bus_part(type(g, cpu), a->offset % 8u, a->size);
	case GICR_WAKER:
		return bus_part(waker(&g->cpu[cpu]), a->offset % 4u, a->size);
	default:
		return a->offset >= IDENTIFICATION ? vgic_identification(a->offset, GICR_PART) : 0u;
	}
}

u64 vgic_redistributor_read(void *state, const struct bus_access *a)
{
	struct vgic *g = state;
	u32 cpu = (u32)(a->offset / GUEST_GICR_STRIDE);
	struct bus_access in_frame = {a->offset % FRAME, a->size, a->vcpu};

	if (a->offset % GUEST_GICR_STRIDE < FRAME) {
		return base_read(g, cpu, &in_frame);
	}
	if (in_frame.offset >= BANKED && in_frame.offset < BANKED_END) {
		return vgic_banked_read(g, cpu, true, &in_frame);
	}
	return 0;
}

void vgic_redistributor_write(void *state, const struct bus_access *a, u64 value)
{
	struct vgic *g = state;
	u32 cpu = (u32)(a->offset / GUEST_GICR_STRIDE);
	struct bus_access in_frame = {a->offset % FRAME, a->size, a->vcpu};

	if (a->offset % GUEST_GICR_STRIDE >= FRAME) {
		if (in_frame.offset >= BANKED && in_frame.offset < BANKED_END) {
			vgic_banked_write(g, cpu, true, &in_frame, value);
		}
	} else if (in_frame.offset == GICR_WAKER) {
		g->cpu[cpu].asleep = (value & WAKER_PROCESSOR_SLEEP) != 0u;
	}
}
