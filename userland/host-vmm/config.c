/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

static char message[120];

static bool fail(const char **error, const char *node, const char *property, const char *what)
{
	snprintf(message, sizeof(message), "guests.bin: /%s/%s %s", node, property, what);
	*error = message;
	return false;
}

/* A number of one or two cells. */
static bool number(const void *tree, int node, const char *name, u64 *value)
{
	int length;
	const void *p = fdt_getprop(tree, node, name, &length);

	if (p == NULL || (length != 4 && length != 8)) {
		return false;
	}
	*value = length == 4 ? fdt32_ld(p) : fdt64_ld(p);
	return true;
}

static u64 number_or(const void *tree, int node, const char *name, u64 otherwise)
{
	u64 value;

	return number(tree, node, name, &value) ? value : otherwise;
}

static bool slot_list(const void *tree, int node, const char *name, struct slots *slots)
{
	int length;
	const fdt32_t *p = fdt_getprop(tree, node, name, &length);

	if (p == NULL || length % 4 != 0 || (u32)length / 4u > CONFIG_SLOTS) {
		return false;
	}
	slots->count = (u32)length / 4u;
	for (u32 i = 0; i < slots->count; i++) {
		slots->slot[i] = fdt32_ld(&p[i]);
	}
	return true;
}

static bool slot_range(const void *tree, int node, const char *name, struct slot_range *range)
{
	struct slots two;

	if (!slot_list(tree, node, name, &two) || two.count != 2u) {
		return false;
	}
	*range = (struct slot_range){two.slot[0], two.slot[1]};
	return true;
}

static bool read_window(const void *tree, int node, struct config *c)
{
	int length;
	const fdt64_t *p = fdt_getprop(tree, node, "window", &length);

	if (p == NULL || length != 16) {
		return false;
	}
	c->window = fdt64_ld(&p[0]);
	c->window_size = fdt64_ld(&p[1]);
	return c->window % NIE_BLOCK_SIZE == 0u && c->window_size >= 2u * GUESTS_MAX * NIE_BLOCK_SIZE;
}

static bool read_vmm(const void *tree, struct config *c, const char **error)
{
	int node = fdt_path_offset(tree, "/vmm");

	if (node < 0) {
		return fail(error, "vmm", "", "is missing");
	}
	c->cspace = (u32)number_or(tree, node, "cspace", 0);
	c->vspace = (u32)number_or(tree, node, "vspace", 0);
	c->console_irq = (u32)number_or(tree, node, "console-irq", 0);
	c->smmu_irq = (u32)number_or(tree, node, "smmu-irq", 0);
	c->rtc = number_or(tree, node, "rtc", 0);
	if (!number(tree, node, "console", &c->console)) {
		return fail(error, "vmm", "console", "is missing: address of the PL011");
	}
	if (c->cspace == 0u || c->vspace == 0u) {
		return fail(error, "vmm", "cspace or vspace", "is missing");
	}
	if (!slot_list(tree, node, "vcpus", &c->vcpus) || !slot_list(tree, node, "cores", &c->cores) ||
	    c->vcpus.count == 0u || c->cores.count == 0u) {
		return fail(error, "vmm", "vcpus or cores", "is missing or too long");
	}
	if (!slot_list(tree, node, "memory", &c->memory)) {
		return fail(error, "vmm", "memory", "is missing or too long");
	}
	if (!slot_range(tree, node, "free-slots", &c->free_slots)) {
		return fail(error, "vmm", "free-slots", "is not <first count>");
	}
	slot_range(tree, node, "reclaim", &c->reclaim);
	if (!read_window(tree, node, c)) {
		return fail(error, "vmm", "window", "is not an aligned address and size of 64 MiB or more");
	}
	return true;
}

/* A file by name. */
static bool find_file(const void *tree, const char *name, struct file *file)
{
	int files = fdt_path_offset(tree, "/files");
	int node = files < 0 ? files : fdt_subnode_offset(tree, files, name);
	u64 offset;

	if (node < 0 || !number(tree, node, "offset", &offset) || !number(tree, node, "size", &file->size)) {
		return false;
	}
	file->name = name;
	file->data = (const u8 *)tree + offset;
	return true;
}

static bool read_format(const void *tree, int node, struct guest_config *g)
{
	const char *format = fdt_getprop(tree, node, "format", NULL);

	if (format == NULL || strcmp(format, "image") == 0) {
		g->format = IMAGE_ARM64;
	} else if (strcmp(format, "elf") == 0) {
		g->format = IMAGE_ELF;
	} else if (strcmp(format, "raw") == 0) {
		g->format = IMAGE_RAW;
	} else {
		return false;
	}
	g->load = number_or(tree, node, "load", GUEST_RAM_BASE);
	return true;
}

static bool read_regions(const void *tree, int guest, struct guest_config *g, const char **error)
{
	int shared = fdt_subnode_offset(tree, guest, "shared");
	int node;

	if (shared < 0) {
		return true;
	}
	fdt_for_each_subnode(node, tree, shared) {
		struct region *r = &g->region[g->regions];
		struct slot_range slots;

		if (g->regions == CONFIG_REGIONS) {
			return fail(error, g->name, "shared", "has more than 8 regions");
		}
		r->name = fdt_get_name(tree, node, NULL);
		r->rights = number_or(tree, node, "rights", 0);
		if (!slot_range(tree, node, "slots", &slots) || !number(tree, node, "ipa", &r->ipa)) {
			return fail(error, g->name, "shared", "lacks slots or an IPA");
		}
		r->slot = slots.first;
		r->count = slots.count;
		g->regions++;
	}
	return true;
}

static bool read_device(const void *tree, int node, struct device_config *d)
{
	d->number = (u32)number_or(tree, node, "number", UINT32_MAX);
	d->stream = (u32)number_or(tree, node, "stream", 0);
	d->irq = (u32)number_or(tree, node, "irq", 0);
	d->intid = (u32)number_or(tree, node, "intid", 0);
	d->config = number_or(tree, node, "config", 0);
	d->bars = number_or(tree, node, "bars", 0);
	d->window = number_or(tree, node, "window", 0);
	return d->number < 256u && d->stream != 0u && d->irq != 0u && d->intid >= 32u && d->config != 0u && d->bars != 0u &&
	       d->window >= GUEST_PCI_MEMORY && d->window - GUEST_PCI_MEMORY < GUEST_PCI_MEMORY_SIZE;
}

static bool read_devices(const void *tree, int guest, struct guest_config *g)
{
	int devices = fdt_subnode_offset(tree, guest, "devices");
	int node;

	if (devices < 0) {
		return true;
	}
	fdt_for_each_subnode(node, tree, devices) {
		if (g->devices == GUEST_DEVICES_MAX || !read_device(tree, node, &g->device[g->devices])) {
			return false;
		}
		g->devices++;
	}
	return true;
}

static bool read_guest(const void *tree, int node, struct guest_config *g, const char **error)
{
	const char *kernel = fdt_getprop(tree, node, "kernel", NULL);
	const char *initrd = fdt_getprop(tree, node, "initrd", NULL);
	const char *dtb = fdt_getprop(tree, node, "dtb", NULL);

	g->name = fdt_get_name(tree, node, NULL);
	g->bootargs = fdt_getprop(tree, node, "bootargs", NULL);
	g->bootargs = g->bootargs == NULL ? "" : g->bootargs;
	g->vcpus = (u32)number_or(tree, node, "vcpus", 1);
	g->limit_seconds = number_or(tree, node, "limit-seconds", 0);
	g->restarts = (u32)number_or(tree, node, "restarts", UINT32_MAX);
	g->weight = (u32)number_or(tree, node, "weight", DEFAULT_WEIGHT);
	g->cpus = (u8)number_or(tree, node, "cpus", ALL_CORES);
	g->flash = number_or(tree, node, "flash", 0);
	g->realm = number_or(tree, node, "realm", 0);
	g->policy = fdt_getprop(tree, node, "debuggable", NULL) != NULL ? NIE_POLICY_DEBUGGABLE : 0u;
	g->policy |= fdt_getprop(tree, node, "host-cpu", NULL) != NULL ? NIE_POLICY_HOST_CPU : 0u;
	if (kernel == NULL || !find_file(tree, kernel, &g->kernel)) {
		return fail(error, g->name, "kernel", "names no file of /files");
	}
	if (initrd != NULL && !find_file(tree, initrd, &g->initrd)) {
		return fail(error, g->name, "initrd", "names no file of /files");
	}
	if (dtb != NULL && !find_file(tree, dtb, &g->dtb)) {
		return fail(error, g->name, "dtb", "names no file of /files");
	}
	if (!read_format(tree, node, g)) {
		return fail(error, g->name, "format", "is not image, elf or raw");
	}
	if (!number(tree, node, "memory", &g->memory) || g->memory == 0u || g->memory % NIE_PAGE_SIZE != 0u) {
		return fail(error, g->name, "memory", "is not a multiple of 4 KiB");
	}
	if (g->memory > NIE_SHARED_HALF - GUEST_RAM_BASE) {
		return fail(error, g->name, "memory", "is more than 255 GiB");
	}
	if (g->realm % NIE_BLOCK_SIZE != 0u || g->flash % NIE_BLOCK_SIZE != 0u || g->flash > GUEST_FLASH_SIZE) {
		return fail(error, g->name, "realm or flash", "is not a multiple of 2 MiB, or flash is more than 64 MiB");
	}
	if (g->vcpus == 0u || g->vcpus > GUEST_VCPUS_MAX) {
		return fail(error, g->name, "vcpus", "is not 1 to 8");
	}
	if (g->weight == 0u || g->cpus == 0u) {
		return fail(error, g->name, "weight or cpus", "is 0");
	}
	if (!read_devices(tree, node, g)) {
		return fail(error, g->name, "devices", "has more than 4 devices, or one without what it needs");
	}
	if (!slot_list(tree, node, "untyped", &g->untyped) || g->untyped.count == 0u) {
		return fail(error, g->name, "untyped", "is missing or too long");
	}
	return read_regions(tree, node, g, error);
}

bool config_read(const void *blob, struct config *config, const char **error)
{
	int guests;
	int node;

	*config = (struct config){0};
	if (fdt_check_header(blob) != 0) {
		return fail(error, "", "", "is not a flattened device tree");
	}
	if (!read_vmm(blob, config, error)) {
		return false;
	}
	guests = fdt_path_offset(blob, "/guests");
	if (guests < 0) {
		return fail(error, "guests", "", "is missing");
	}
	fdt_for_each_subnode(node, blob, guests) {
		if (config->guests == GUESTS_MAX) {
			return fail(error, "guests", "", "has more than 16 guests");
		}
		if (!read_guest(blob, node, &config->guest[config->guests], error)) {
			return false;
		}
		config->guests++;
	}
	return config->guests > 0u || fail(error, "guests", "", "is empty");
}
