/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_VGIC_H
#define VMM_VGIC_H

#include "bus.h"
#include "platform.h"

/*
 * The guest's GICv3 (Arm IHI 0069), one security state (GICD_CTLR.DS = 1), no LPIs. The CPU interface is
 * the hardware's; this is the distributor, the redistributors, and the list registers.
 *
 * Here is the truth about an interrupt while no list register holds it. vgic_fill() lends up to
 * three to the list registers of a vCPU that is about to run, vgic_fold() takes them back when it
 * exits. Interrupt 27 (virtual timer) is delivered by the kernel: here are only its enable, group and priority, and software
 * cannot set its pending and active state.
 *
 * The guest's lock protects all of this.
 */
#define VGIC_PRIVATE 32u
#define VGIC_SPI_WORDS 3u
#define VGIC_INTIDS (VGIC_PRIVATE + 32u * VGIC_SPI_WORDS)
#define VGIC_LISTS 3u
#define VGIC_NOBODY 0xffu

/* ICH_LR<n>_EL2 (12.4.6). */
#define LR_INTID 0xfffffffful
#define LR_EOI (1ul << 41)
#define LR_PRIORITY_SHIFT 48u
#define LR_GROUP1 (1ul << 60)
#define LR_PENDING (1ul << 62)
#define LR_ACTIVE (1ul << 63)

struct vgic_irq {
	u8 priority;
	bool group1;
	bool enabled;
	bool edge;   /* ICFGR */
	bool line;   /* level of the device's output */
	bool latch;  /* an edge, SGI or ISPENDR write, not delivered yet */
	bool active;
	bool lent_pending;
	bool lent_latch; /* what the list register holds came from `latch`, not from a level */
	bool offered; /* was pending in a list register at the last exit: the vCPU knows */
	u32 taken;    /* how often a vCPU acknowledged it */
	u8 holder;    /* vCPU whose list registers hold it, or VGIC_NOBODY */
	u8 active_on; /* while active: the vCPU that took it */
	/* Changes by another vCPU while held; they take effect when folded. */
	bool drop_pending, drop_active, set_active;
};

struct vgic_cpu {
	struct vgic_irq irq[VGIC_PRIVATE];
	u32 live;       /* bit n: irq[n] is pending or active */
	bool asleep;    /* GICR_WAKER.ProcessorSleep */
	bool timer_pending, timer_active; /* of interrupt 27, when it last exited */
	u16 held[VGIC_LISTS]; /* INTID in each list register */
	u32 held_count;
	u64 list[VGIC_LISTS]; /* as they were lent, with the run's flags */
	u64 flags;
	u32 changes;          /* struct vgic's, then */
	bool kept;            /* they were not folded since */
};

struct vgic {
	u32 cpus;
	bool group0, group1; /* GICD_CTLR enables */
	struct vgic_cpu cpu[GUEST_VCPUS_MAX];
	struct vgic_irq spi[VGIC_INTIDS - VGIC_PRIVATE];
	u64 route[VGIC_INTIDS - VGIC_PRIVATE]; /* GICD_IROUTER */
	u32 live[VGIC_SPI_WORDS];
	u32 changes; /* counts whatever may make other list registers */
	/* Something changed for this vCPU: if it runs it must exit, if it sleeps it may be woken. */
	void (*notify)(void *context, u32 cpu);
	/* Level-triggered interrupts: this vCPU handled it. May be NULL. */
	void (*ended)(void *context, u32 intid);
	void *context;
};

void vgic_init(struct vgic *g, u32 cpus, void (*notify)(void *context, u32 cpu), void *context);
bool vgic_attach(struct vgic *g, struct bus *bus);

/* A device's output changes level (level-triggered), or rises (edge-triggered). */
void vgic_set_line(struct vgic *g, u32 intid, bool high);
/* The same for a private interrupt. */
void vgic_set_private_line(struct vgic *g, u32 cpu, u32 intid, bool high);
/* ICC_SGI1R_EL1 (group 1) or ICC_SGI0R_EL1 as vCPU `from` wrote it. */
void vgic_send_sgi(struct vgic *g, u32 from, u64 value, bool group1);
/* ICC_DIR_EL1 as this vCPU wrote it. */
void vgic_deactivate(struct vgic *g, u32 cpu, u32 intid);

/* Around a run. fill returns the run flags; `ended`: how many interrupts ended that were in no list register. */
static inline u64 vgic_fill(struct vgic *g, u32 cpu, u64 list[VGIC_LISTS]);
void vgic_fold(struct vgic *g, u32 cpu, const u64 list[VGIC_LISTS], u32 ended);
/* Instead of vgic_fold(): there was no run. */
void vgic_refused(struct vgic *g, u32 cpu);
/* Before vgic_fold(), when the vCPU did no more than access a device. True: its list registers are as they were lent. They stay
 * so, nothing need be folded, and the next vgic_fill() gives the same again if nothing changes until then. */
static inline bool vgic_keep(struct vgic *g, u32 cpu, const u64 list[VGIC_LISTS], u32 ended);
static inline void vgic_timer_state(struct vgic *g, u32 cpu, bool pending, bool active);

enum vgic_wake {
	VGIC_QUIET,  /* nothing for this vCPU */
	VGIC_MASKED, /* what there is was offered, and the vCPU's CPU interface masks it */
	VGIC_READY,  /* something new */
};
/* For a vCPU that waits for an interrupt. */
enum vgic_wake vgic_has_pending(const struct vgic *g, u32 cpu);
/* How often vCPUs acknowledged an SPI. */
u32 vgic_taken(const struct vgic *g, u32 intid);
static inline bool vgic_timer_enabled(const struct vgic *g, u32 cpu);

/* Between the files of the vGIC. */
void vgic_lend(struct vgic *g, u32 cpu);
/* After any change of an interrupt: its live bit, and whoever must know. */
void vgic_changed(struct vgic *g, u32 cpu, u32 intid);
/* Registers that exist for each INTID, in the distributor and in SGI_base alike: offsets 0x80 to 0xd7f. */
u64 vgic_banked_read(struct vgic *g, u32 cpu, bool private, const struct bus_access *a);
void vgic_banked_write(struct vgic *g, u32 cpu, bool private, const struct bus_access *a, u64 value);
/* PIDR and CIDR at 0xffd0 to 0xffff. */
u64 vgic_identification(u64 offset, u8 part);
u64 vgic_distributor_read(void *state, const struct bus_access *a);
void vgic_distributor_write(void *state, const struct bus_access *a, u64 value);
u64 vgic_redistributor_read(void *state, const struct bus_access *a);
void vgic_redistributor_write(void *state, const struct bus_access *a, u64 value);

static inline struct vgic_irq *vgic_irq(struct vgic *g, u32 cpu, u32 intid)
{
	return intid < VGIC_PRIVATE ? &g->cpu[cpu].irq[intid] : &g->spi[intid - VGIC_PRIVATE];
}

static inline const struct vgic_irq *vgic_irq_of(const struct vgic *g, u32 cpu, u32 intid)
{
	return intid < VGIC_PRIVATE ? &g->cpu[cpu].irq[intid] : &g->spi[intid - VGIC_PRIVATE];
}

/* A latched level-triggered interrupt is one that software set pending (4.3). */
static inline bool vgic_is_pending(const struct vgic_irq *irq)
{
	return irq->latch || (!irq->edge && irq->line);
}

/* The vCPU that an interrupt goes to; GUEST_VCPUS_MAX: none. While it is active that is where it was taken, wherever
 * its route leads by now. */
static inline u32 vgic_target(const struct vgic *g, u32 cpu, u32 intid)
{
	if (intid < VGIC_PRIVATE) {
		return cpu;
	}
	u32 spi = intid - VGIC_PRIVATE;

	if (g->spi[spi].active) {
		return g->spi[spi].active_on;
	}
	return g->route[spi] < g->cpus ? (u32)g->route[spi] : GUEST_VCPUS_MAX;
}

static inline bool vgic_is_deliverable(const struct vgic *g, const struct vgic_irq *irq)
{
	return irq->enabled && vgic_is_pending(irq) && (irq->group1 ? g->group1 : g->group0);
}

static inline bool vgic_timer_enabled(const struct vgic *g, u32 cpu)
{
	const struct vgic_irq *timer = &g->cpu[cpu].irq[GUEST_TIMER_INTID];

	return timer->enabled && (timer->group1 ? g->group1 : g->group0);
}

static inline u64 vgic_fill(struct vgic *g, u32 cpu, u64 list[VGIC_LISTS])
{
	struct vgic_cpu *c = &g->cpu[cpu];

	if (!c->kept || c->changes != g->changes) {
		vgic_lend(g, cpu);
	}
	for (u32 i = 0; i < VGIC_LISTS; i++) {
		list[i] = c->list[i];
	}
	return c->flags;
}

static inline bool vgic_keep(struct vgic *g, u32 cpu, const u64 list[VGIC_LISTS], u32 ended)
{
	struct vgic_cpu *c = &g->cpu[cpu];

	c->kept = ended == 0u && list[0] == c->list[0] && list[1] == c->list[1] && list[2] == c->list[2];
	return c->kept;
}

static inline void vgic_timer_state(struct vgic *g, u32 cpu, bool pending, bool active)
{
	g->cpu[cpu].timer_pending = pending;
	g->cpu[cpu].timer_active = active;
}

#endif
