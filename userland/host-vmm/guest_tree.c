/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's device tree: the part of QEMU's `virt` that a guest has. */
#include "guest_tree.h"

#include <libfdt.h>
#include <stdio.h>

#define PHANDLE_GIC 1u
#define PHANDLE_CLOCK 2u

/* Interrupt cells (Linux bindings, arm,gic-v3): kind, number, flags. */
#define SPI 0u
#define PPI 1u
#define LEVEL_HIGH 4u
#define FIRST_SPI 32u
#define TIMER_PPIS {13u, 14u, 11u, 10u} /* secure, non-secure, virtual, hypervisor */

/* After an error nothing more is written, and the first error stays. */
struct writer {
	void *tree;
	int error;
};

static void check(struct writer *w, int error)
{
	if (w->error == 0) {
		w->error = error;
	}
}

static void begin(struct writer *w, const char *name)
{
	check(w, fdt_begin_node(w->tree, name));
}

static void begin_at(struct writer *w, const char *name, u64 address)
{
	char text[48];

	snprintf(text, sizeof(text), "%s@%lx", name, address);
	begin(w, text);
}

static void end(struct writer *w)
{
	check(w, fdt_end_node(w->tree));
}

static void flag(struct writer *w, const char *name)
{
	check(w, fdt_property(w->tree, name, NULL, 0));
}

static void cell(struct writer *w, const char *name, u32 value)
{
	check(w, fdt_property_u32(w->tree, name, value));
}

static void cell64(struct writer *w, const char *name, u64 value)
{
	check(w, fdt_property_u64(w->tree, name, value));
}

static void text(struct writer *w, const char *name, const char *value)
{
	check(w, fdt_property_string(w->tree, name, value));
}

/* A list of strings, given with the NULs between them. */
#define TEXTS(w, name, value) check(w, fdt_property((w)->tree, name, value, sizeof(value)))

static void cells(struct writer *w, const char *name, const u32 *value, u32 count)
{
	fdt32_t big[GUEST_DEVICES_MAX * 8u];

	for (u32 i = 0; i < count; i++) {
		big[i] = cpu_to_fdt32(value[i]);
	}
	check(w, fdt_property(w->tree, name, big, (int)(count * 4u)));
}

static void regions(struct writer *w, const u64 *value, u32 count)
{
	fdt64_t big[8];

	for (u32 i = 0; i < count; i++) {
		big[i] = cpu_to_fdt64(value[i]);
	}
	check(w, fdt_property(w->tree, "reg", big, (int)(count * 8u)));
}

static void region(struct writer *w, u64 base, u64 size)
{
	const u64 reg[2] = {base, size};

	regions(w, reg, 2);
}

static void spi(struct writer *w, u32 intid)
{
	const u32 interrupt[3] = {SPI, intid - FIRST_SPI, LEVEL_HIGH};

	cells(w, "interrupts", interrupt, 3);
}

static void chosen(struct writer *w, const struct guest_config *g, const struct layout *layout, u64 seed)
{
	begin(w, "chosen");
	text(w, "bootargs", g->bootargs);
	text(w, "stdout-path", "/pl011@9000000");
	cell64(w, "kaslr-seed", seed);
	if (g->devices != 0u) {
		cell(w, "linux,pci-probe-only", 1);
	}
	if (layout->initrd_end > layout->initrd_start) {
		cell64(w, "linux,initrd-start", layout->initrd_start);
		cell64(w, "linux,initrd-end", layout->initrd_end);
	}
	end(w);
}

static void cpus(struct writer *w, u32 count)
{
	begin(w, "cpus");
	cell(w, "#address-cells", 1);
	cell(w, "#size-cells", 0);
	for (u32 i = 0; i < count; i++) {
		begin_at(w, "cpu", i);
		text(w, "device_type", "cpu");
		text(w, "compatible", "arm,armv8");
		text(w, "enable-method", "psci");
		cell(w, "reg", i);
		end(w);
	}
	end(w);
}

static void timer(struct writer *w)
{
	const u32 ppi[4] = TIMER_PPIS;
	u32 interrupt[12];

	for (u32 i = 0; i < 4u; i++) {
		interrupt[i * 3u] = PPI;
		interrupt[i * 3u + 1u] = ppi[i];
		interrupt[i * 3u + 2u] = LEVEL_HIGH;
	}
	begin(w, "timer");
	TEXTS(w, "compatible", "arm,armv8-timer\0arm,armv7-timer");
	flag(w, "always-on");
	cells(w, "interrupts", interrupt, 12);
	end(w);
}

static void interrupt_controller(struct writer *w)
{
	const u64 reg[4] = {GUEST_GICD_BASE, GUEST_GICD_SIZE, GUEST_GICR_BASE, GUEST_GICR_SIZE};

	begin_at(w, "intc", GUEST_GICD_BASE);
	text(w, "compatible", "arm,gic-v3");
	cell(w, "#interrupt-cells", 3);
	cell(w, "#address-cells", 0);
	flag(w, "interrupt-controller");
	cell(w, "#redistributor-regions", 1);
	regions(w, reg, 4);
	cell(w, "phandle", PHANDLE_GIC);
	end(w);
}

static void devices(struct writer *w)
{
	const u32 clocks[2] = {PHANDLE_CLOCK, PHANDLE_CLOCK};

	begin(w, "apb-pclk");
	text(w, "compatible", "fixed-clock");
	cell(w, "#clock-cells", 0);
	cell(w, "clock-frequency", 24000000);
	text(w, "clock-output-names", "clk24mhz");
	cell(w, "phandle", PHANDLE_CLOCK);
	end(w);

	begin_at(w, "pl011", GUEST_UART_BASE);
	TEXTS(w, "compatible", "arm,pl011\0arm,primecell");
	region(w, GUEST_UART_BASE, GUEST_UART_SIZE);
	spi(w, GUEST_UART_INTID);
	cells(w, "clocks", clocks, 2);
	TEXTS(w, "clock-names", "uartclk\0apb_pclk");
	end(w);

	begin_at(w, "pl031", GUEST_RTC_BASE);
	TEXTS(w, "compatible", "arm,pl031\0arm,primecell");
	region(w, GUEST_RTC_BASE, GUEST_RTC_SIZE);
	spi(w, GUEST_RTC_INTID);
	cell(w, "clocks", PHANDLE_CLOCK);
	text(w, "clock-names", "apb_pclk");
	end(w);
}

/* Memory that is shared with other guests. No driver takes it by itself; a guest finds it by its name. */
static void shared_memory(struct writer *w, const struct guest_config *g)
{
	for (u32 i = 0; i < g->regions; i++) {
		const struct region *r = &g->region[i];

		begin_at(w, "shared-memory", r->ipa);
		text(w, "compatible", "nie,shared-memory");
		text(w, "label", r->name);
		region(w, r->ipa, r->count * NIE_PAGE_SIZE);
		if ((r->rights & NIE_RIGHT_WRITE) == 0u) {
			flag(w, "read-only");
		}
		end(w);
	}
}

/* Linux bindings: host-generic-pci. BARs stay where they are. */
static void host_bridge(struct writer *w, const struct guest_config *g)
{
	const u32 ranges[7] = {0x02000000u, 0, GUEST_PCI_MEMORY, 0, GUEST_PCI_MEMORY, 0, GUEST_PCI_MEMORY_SIZE};
	const u32 mask[4] = {0xff00u, 0, 0, 7u};
	const u32 buses[2] = {0, 0};
	u32 map[GUEST_DEVICES_MAX * 8u];

	if (g->devices == 0u) {
		return;
	}
	for (u32 i = 0; i < g->devices; i++) {
		const u32 entry[8] = {g->device[i].number << 8, 0, 0, 1, PHANDLE_GIC, SPI, g->device[i].intid - FIRST_SPI,
				      LEVEL_HIGH};

		for (u32 n = 0; n < 8u; n++) {
			map[i * 8u + n] = entry[n];
		}
	}
	begin_at(w, "pcie", GUEST_PCI_CONFIG);
	text(w, "compatible", "pci-host-ecam-generic");
	text(w, "device_type", "pci");
	cell(w, "#address-cells", 3);
	cell(w, "#size-cells", 2);
	cell(w, "#interrupt-cells", 1);
	cell(w, "linux,pci-domain", 0);
	cells(w, "bus-range", buses, 2);
	region(w, GUEST_PCI_CONFIG, GUEST_PCI_CONFIG_SIZE);
	cells(w, "ranges", ranges, 7);
	cells(w, "interrupt-map-mask", mask, 4);
	cells(w, "interrupt-map", map, g->devices * 8u);
	flag(w, "dma-coherent");
	end(w);
}

u64 guest_tree_seed(u32 number)
{
	u64 x = (number + 1u) * 0x9e3779b97f4a7c15ul;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ul;
	x = (x ^ x >> 27) * 0x94d049bb133111ebul;
	return x ^ x >> 31;
}

/* What QEMU puts into a tree that it is given (hw/arm/boot.c): RAM, the command line if there is one, the initrd. */
static bool complete(void *tree, const struct guest_config *g, const struct layout *layout)
{
	const fdt64_t reg[2] = {cpu_to_fdt64(GUEST_RAM_BASE), cpu_to_fdt64(g->memory)};
	int error = fdt_open_into(g->dtb.data, tree, TREE_SIZE);
	int memory;
	int node;

	if (error != 0 || fdt_address_cells(tree, 0) != 2 || fdt_size_cells(tree, 0) != 2) {
		return false;
	}
	while (error == 0 && (memory = fdt_node_offset_by_prop_value(tree, -1, "device_type", "memory",
								     sizeof("memory"))) >= 0) {
		error = fdt_del_node(tree, memory);
	}
	memory = error == 0 ? fdt_add_subnode(tree, 0, "memory@40000000") : error;
	if (memory < 0 || fdt_setprop_string(tree, memory, "device_type", "memory") != 0 ||
	    fdt_setprop(tree, memory, "reg", reg, sizeof(reg)) != 0) {
		return false;
	}
	node = fdt_path_offset(tree, "/chosen");
	node = node < 0 ? fdt_add_subnode(tree, 0, "chosen") : node;
	if (node < 0 || (g->bootargs[0] != '\0' && fdt_setprop_string(tree, node, "bootargs", g->bootargs) != 0)) {
		return false;
	}
	return layout->initrd_end == layout->initrd_start ||
	       (fdt_setprop_u64(tree, node, "linux,initrd-start", layout->initrd_start) == 0 &&
		fdt_setprop_u64(tree, node, "linux,initrd-end", layout->initrd_end) == 0);
}

static bool make(void *tree, const struct guest_config *g, const struct layout *layout, u64 kaslr_seed)
{
	struct writer w = {tree, fdt_create(tree, TREE_SIZE)};

	check(&w, fdt_finish_reservemap(tree));
	begin(&w, "");
	cell(&w, "#address-cells", 2);
	cell(&w, "#size-cells", 2);
	cell(&w, "interrupt-parent", PHANDLE_GIC);
	TEXTS(&w, "compatible", "linux,dummy-virt");
	text(&w, "model", "linux,dummy-virt");

	chosen(&w, g, layout, kaslr_seed);
	begin(&w, "aliases");
	text(&w, "serial0", "/pl011@9000000");
	end(&w);
	begin_at(&w, "memory", GUEST_RAM_BASE);
	text(&w, "device_type", "memory");
	region(&w, GUEST_RAM_BASE, g->memory);
	end(&w);
	cpus(&w, g->vcpus);
	begin(&w, "psci");
	TEXTS(&w, "compatible", "arm,psci-1.0\0arm,psci-0.2");
	text(&w, "method", g->realm != 0u ? "smc" : "hvc"); /* Linux looks for RSI only with smc */
	end(&w);
	timer(&w);
	interrupt_controller(&w);
	devices(&w);
	shared_memory(&w, g);
	host_bridge(&w, g);

	end(&w);
	check(&w, fdt_finish(tree));
	return w.error == 0;
}

bool guest_tree_make(void *tree, const struct guest_config *g, const struct layout *layout, u64 kaslr_seed)
{
	return g->dtb.name != NULL ? complete(tree, g, layout) : make(tree, g, layout, kaslr_seed);
}
