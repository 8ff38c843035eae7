/* SPDX-License-Identifier: Apache-2.0 */
/* Every core's first C. Core 0 holds the kernel lock until boot() is done; the others wait for it,
 * then for a task. */
#include "arch.h"
#include "nie/boot.h"

#define AFFINITY_MASK 0xff00fffffful
#define AFF0_PER_CLUSTER 16u
#define IMAGE_MAGIC 0x30656d695f65696eul /* "nie_ime0" */
#define START_SECONDS 5u

/* head.S; the image builder patches all but the magic. Offsets are from the start of the image. */
struct image_table {
	u64 magic;
	u64 task_offset;
	u64 task_size;
	u64 task_text_size;
	u64 task_entry;
	u64 archive_offset;
	u64 archive_size;
};

extern const struct image_table image_table;
extern u8 secondary_core[];

struct area areas[NIE_MAX_CORES];
static volatile u32 started; /* cores that have said so */

static void init_core(u32 core)
{
	struct percpu *me = percpu();

	me->core = core;
	me->state = &cores[core];
	me->loaded = GRANULE_NONE;
	me->fp_live = me->el1_live = LIVE_NONE;
	me->affinity = read_sysreg(mpidr_el1) & AFFINITY_MASK;
	cores[core].current = GRANULE_NONE;
	switch_init_core();
	gic_init_core(me);
	vgic_check();
	cores[core].online = 1;
}

/* As many as the firmware knows, up to NIE_MAX_CORES. QEMU's virt numbers them with 16 to a cluster. */
static u32 start_others(void)
{
	u64 limit = read_sysreg(cntfrq_el0) * START_SECONDS;
	u32 core = 1;

	for (; core < NIE_MAX_CORES; core++) {
		u64 affinity = (u64)(core / AFF0_PER_CLUSTER) << 8 | core % AFF0_PER_CLUSTER;
		long status = firmware_cpu_on(affinity, (u64)secondary_core, core);

		if (status == PSCI_INVALID_PARAMETERS) {
			break;
		}
		if (status != PSCI_SUCCESS) {
			hw_panic("the firmware refuses to start a core: PSCI error", (u64)status);
		}
		for (u64 since = hw_now(); started < core;) {
			if (hw_now() - since > limit) {
				hw_panic("a core does not start: number", core);
			}
		}
	}
	return core;
}

static void put_boot_line(u32 core_count)
{
	put_text("nie: EL2 kernel on " PLATFORM_NAME ", ");
	put_decimal(core_count);
	put_text(core_count == 1u ? " core, " : " cores, ");
	put_decimal(RAM_SIZE >> 20);
	put_text(" MiB, text ");
	put_decimal((u64)(text_end - kernel_start + 1023) / 1024u);
	put_text(SMMU != 0u ? " KiB\n" : " KiB; no SMMU: no device that does DMA can be assigned\n");
}

static granule_t image_granule(u64 offset)
{
	return (granule_t)((KERNEL_IMAGE + offset - RAM_BASE) / GRANULE_SIZE);
}

static void start_machine(void)
{
	volatile const struct image_table *t = &image_table; /* the compiler has not seen what it holds */

	if (t->magic != IMAGE_MAGIC || t->task_size == 0u) {
		hw_panic("the kernel image has no initial task: use the image builder; table at", (u64)t);
	}
	struct boot_image image = {
		.kernel_end = image_granule((u64)(kernel_end - kernel_start)),
		.task = image_granule(t->task_offset),
		.task_granules = (u32)(t->task_size / GRANULE_SIZE),
		.task_text_granules = (u32)(t->task_text_size / GRANULE_SIZE),
		.task_entry = t->task_entry,
		.archive = image_granule(t->archive_offset),
		.archive_bytes = t->archive_size,
	};
	u32 core_count = start_others();

	put_boot_line(core_count);
	boot(core_count, &image);
}

void start_core(u32 core)
{
	if (core == 0u) {
		kernel_lock();
		console_init();
		smmu_init();
		cpu_model_init();
		for (u32 i = 0; i < NIE_MAX_CORES; i++) {
			cores[i].current = GRANULE_NONE;
		}
		gic_init_machine();
		if (SMMU != 0u) {
			gic_set_edge(SMMU_IRQ); /* one pulse when the event queue is no longer empty */
		}
		init_core(core);
		start_machine();
	} else {
		init_core(core);
		started = core;
		kernel_lock();
	}
	resume(percpu());
}
