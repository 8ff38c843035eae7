/* SPDX-License-Identifier: Apache-2.0 */
/* GICD registers (Arm IHI 0069, 12.9). */
#include "vgic.h"

#define GICD_CTLR 0x0000u
#define GICD_TYPER 0x0004u
#define GICD_IIDR 0x0008u
#define BANKED 0x0080u
#define BANKED_END 0x0d80u
#define IROUTER 0x6100u /* of INTID 32 */
#define IROUTER_END (IROUTER + 8u * (VGIC_INTIDS - VGIC_PRIVATE))
#define IDENTIFICATION 0xffd0u

#define CTLR_GROUP0 (1u << 0)
#define CTLR_GROUP1 (1u << 1)
#define CTLR_ARE (1u << 4)
#define CTLR_DS (1u << 6)

#define TYPER_ID_BITS (9u << 19) /* 10-bit INTIDs */
#define TYPER_NO_1_OF_N (1u << 25)
#define IIDR_ARM 0x43bu
#define GICD_PART 0x92u
#define ROUTE_KNOWN 0xff00fffffful /* no Interrupt_Routing_Mode: TYPER.No1N */

static u64 control(const struct vgic *g)
{
	return CTLR_DS | CTLR_ARE | (g->group0 ? CTLR_GROUP0 : 0u) | (g->group1 ? CTLR_GROUP1 : 0u);
}

/* ITLinesNumber. CPUNumber is zero, as affinity routing is always on. */
#define TYPER (TYPER_NO_1_OF_N | TYPER_ID_BITS | (VGIC_INTIDS / 32u - 1u))

u64 vgic_distributor_read(void *state, const struct bus_access *a)
{
	struct vgic *g = state;

	if (a->offset >= BANKED && a->offset < BANKED_END) {
		return vgic_banked_read(g, a->vcpu, false, a);
	}
	if (a->offset >= IROUTER && a->offset < IROUTER_END) {
		return bus_part(g->route[(a->offset - IROUTER) / 8u], a->offset % 8u, a->size);
	}
	switch (a->offset & ~3ul) {
	case GICD_CTLR:
		return bus_part(control(g), a->offset % 4u, a->size);
	case GICD_TYPER:
		return bus_part(TYPER, a->offset % 4u, a->size);
	case GICD_IIDR:
		return bus_part(IIDR_ARM, a->offset % 4u, a->size);
	default:
		return a->offset >= IDENTIFICATION ? vgic_identification(a->offset, GICD_PART) : 0u;
	}
}

/* Group enables concern every pending interrupt: let each vCPU look again. */
static void set_control(struct vgic *g, u64 value)
{
	g->group0 = (value & CTLR_GROUP0) != 0u;
	g->group1 = (value & CTLR_GROUP1) != 0u;
	g->changes++;
	for (u32 c = 0; c < g->cpus; c++) {
		g->notify(g->context, c);
	}
}

static void set_route(struct vgic *g, const struct bus_access *a, u64 value)
{
	u32 spi = (u32)(a->offset - IROUTER) / 8u;
	u64 shift = a->offset % 8u * 8u;
	u64 mask = (a->size >= 8u ? ~0ul : (1ul << (a->size * 8u)) - 1u) << shift;

	g->route[spi] = ((g->route[spi] & ~mask) | (value << shift & mask)) & ROUTE_KNOWN;
	vgic_changed(g, 0, VGIC_PRIVATE + spi);
}

void vgic_distributor_write(void *state, const struct bus_access *a, u64 value)
{
	struct vgic *g = state;

	if (a->offset >= BANKED && a->offset < BANKED_END) {
		vgic_banked_write(g, a->vcpu, false, a, value);
	} else if (a->offset >= IROUTER && a->offset < IROUTER_END) {
		set_route(g, a, value);
	} else if (a->offset == GICD_CTLR) {
		set_control(g, value);
	}
}
