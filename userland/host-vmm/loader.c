/* SPDX-License-Identifier: Apache-2.0 */
#include "loader.h"

#include <elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Header of an arm64 Image (Linux: Documentation/arch/arm64/booting.rst). */
struct image_header {
	u32 code[2];
	u64 text_offset;
	u64 image_size;
	u64 flags;
	u64 reserved[3];
	u32 magic;
	u32 pe_offset;
};

#define IMAGE_MAGIC 0x644d5241u /* "ARM\x64" */
#define OLD_TEXT_OFFSET 0x80000ul /* where image_size is 0: before Linux 3.17 */
#define SMALL_OFFSET 0x1000ul

struct loading {
	const struct guest_config *guest;
	struct layout *layout;
	char *error;
	size_t error_size;
};

__attribute__((format(printf, 2, 3)))
static bool fail(struct loading *l, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(l->error, l->error_size, format, arguments);
	va_end(arguments);
	return false;
}

static u64 ram_end(const struct guest_config *g)
{
	return GUEST_RAM_BASE + g->memory;
}

/* In RAM as a whole, or in the first bank of flash, without overflow. */
static bool fits(const struct guest_config *g, u64 ipa, u64 size)
{
	if (ipa < g->flash) {
		return size <= g->flash - ipa;
	}
	return ipa >= GUEST_RAM_BASE && ipa <= ram_end(g) && size <= ram_end(g) - ipa;
}

static bool too_large(struct loading *l, const char *name, u64 ipa, u64 size)
{
	if (ipa < GUEST_FLASH_SIZE) {
		return fail(l, "%s needs %lu KiB of flash from 0x%lx on, beyond its %lu MiB: give it more `flash`", name,
			    (size + 1023u) / 1024u, ipa, l->guest->flash / 0x100000u);
	}
	return fail(l, "%s needs %lu KiB from 0x%lx on, beyond its %lu MiB of memory: give it more", name,
		    (size + 1023u) / 1024u, ipa, l->guest->memory / 0x100000u);
}

static bool add(struct loading *l, const char *name, u64 ipa, const u8 *data, u64 size)
{
	if (!fits(l->guest, ipa, size)) {
		return too_large(l, name, ipa, size);
	}
	if (l->layout->extents == EXTENTS_MAX) {
		return fail(l, "%s has too many segments", name);
	}
	l->layout->extent[l->layout->extents++] = (struct extent){ipa, data, size};
	return true;
}

/* As QEMU places it: at text_offset, or 2 MiB above the RAM base when that leaves no room below. */
static bool place_image(struct loading *l)
{
	const struct file *f = &l->guest->kernel;
	struct image_header h;
	u64 offset;
	u64 size;

	if (f->size < sizeof(h)) {
		return fail(l, "%s is too short for an arm64 Image: %lu bytes", f->name, f->size);
	}
	memcpy(&h, f->data, sizeof(h));
	if (h.magic != IMAGE_MAGIC) {
		return fail(l, "%s is not an arm64 Image: give an uncompressed one (arch/arm64/boot/Image)", f->name);
	}
	offset = h.image_size == 0u ? OLD_TEXT_OFFSET : h.text_offset;
	if (offset < SMALL_OFFSET) {
		offset += NIE_BLOCK_SIZE;
	}
	size = h.image_size > f->size ? h.image_size : f->size;
	if (offset > l->guest->memory || !fits(l->guest, GUEST_RAM_BASE + offset, size)) {
		return too_large(l, f->name, GUEST_RAM_BASE + offset, size);
	}
	l->layout->entry = GUEST_RAM_BASE + offset;
	l->layout->kernel_start = l->layout->entry;
	l->layout->kernel_end = l->layout->entry + size;
	return add(l, f->name, l->layout->entry, f->data, f->size);
}

static bool place_segment(struct loading *l, const Elf64_Phdr *p)
{
	const struct file *f = &l->guest->kernel;

	if (p->p_offset > f->size || p->p_filesz > f->size - p->p_offset || p->p_filesz > p->p_memsz) {
		return fail(l, "%s is truncated: a segment ends beyond its %lu bytes", f->name, f->size);
	}
	if (!fits(l->guest, p->p_paddr, p->p_memsz)) {
		return too_large(l, f->name, p->p_paddr, p->p_memsz);
	}
	if (p->p_paddr < l->layout->kernel_start) {
		l->layout->kernel_start = p->p_paddr;
	}
	if (p->p_paddr + p->p_memsz > l->layout->kernel_end) {
		l->layout->kernel_end = p->p_paddr + p->p_memsz;
	}
	return add(l, f->name, p->p_paddr, f->data + p->p_offset, p->p_filesz);
}

/* The entry is an address as the program is linked. Where its segment is loaded elsewhere, so is the entry, as in QEMU. */
static void place_entry(struct layout *y, u64 entry, const Elf64_Phdr *p)
{
	if ((p->p_flags & PF_X) != 0u && entry >= p->p_vaddr && entry - p->p_vaddr < p->p_filesz) {
		y->entry = p->p_paddr + (entry - p->p_vaddr);
	}
}

static bool place_elf(struct loading *l)
{
	const struct file *f = &l->guest->kernel;
	Elf64_Ehdr h;

	if (f->size < sizeof(h)) {
		return fail(l, "%s is too short for an ELF file: %lu bytes", f->name, f->size);
	}
	memcpy(&h, f->data, sizeof(h));
	if (memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 || h.e_ident[EI_CLASS] != ELFCLASS64 ||
	    h.e_ident[EI_DATA] != ELFDATA2LSB || h.e_machine != EM_AARCH64 ||
	    h.e_phentsize != sizeof(Elf64_Phdr)) {
		return fail(l, "%s is not a 64-bit little-endian ELF file for AArch64", f->name);
	}
	if (h.e_phoff > f->size || (f->size - h.e_phoff) / sizeof(Elf64_Phdr) < h.e_phnum) {
		return fail(l, "%s is truncated: its program headers end beyond its %lu bytes", f->name, f->size);
	}
	l->layout->entry = h.e_entry;
	l->layout->kernel_start = ram_end(l->guest);
	for (u32 i = 0; i < h.e_phnum; i++) {
		Elf64_Phdr p;

		memcpy(&p, f->data + h.e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_type != PT_LOAD || p.p_memsz == 0u) {
			continue;
		}
		if (!place_segment(l, &p)) {
			return false;
		}
		place_entry(l->layout, h.e_entry, &p);
	}
	return l->layout->extents != 0u || fail(l, "%s has nothing to load", f->name);
}

static bool place_raw(struct loading *l)
{
	const struct file *f = &l->guest->kernel;

	if (f->size == 0u) {
		return fail(l, "%s is empty", f->name);
	}
	if (!add(l, f->name, l->guest->load, f->data, f->size)) {
		return false;
	}
	l->layout->entry = l->guest->load;
	if (l->guest->load < l->guest->flash) { /* all of RAM is free */
		l->layout->kernel_start = ram_end(l->guest);
		l->layout->kernel_end = GUEST_RAM_BASE + TREE_SIZE;
		return true;
	}
	l->layout->kernel_start = l->guest->load;
	l->layout->kernel_end = l->guest->load + f->size;
	return true;
}

static u64 align_up(u64 value, u64 size)
{
	return (value + size - 1u) / size * size;
}

/* The device tree goes below the kernel where there is room, else to the end of RAM. It must not
 * cross a 2 MiB boundary (booting.rst). */
static bool place_tree(struct loading *l)
{
	struct layout *y = l->layout;
	u64 above = y->initrd_end > y->kernel_end ? y->initrd_end : y->kernel_end;

	if (y->kernel_start >= GUEST_RAM_BASE + TREE_SIZE) {
		y->tree = GUEST_RAM_BASE;
	} else {
		y->tree = (ram_end(l->guest) - TREE_SIZE) / TREE_SIZE * TREE_SIZE;
		if (l->guest->memory < TREE_SIZE || y->tree < above) {
			return fail(l, "no room for the device tree (16 KiB) in its memory: give it more");
		}
	}
	return add(l, "device tree", y->tree, NULL, TREE_SIZE);
}

static bool place_initrd(struct loading *l)
{
	const struct file *f = &l->guest->initrd;
	u64 start = align_up(l->layout->kernel_end, NIE_BLOCK_SIZE);

	l->layout->initrd_start = start;
	l->layout->initrd_end = start;
	if (f->name == NULL) {
		return true;
	}
	l->layout->initrd_end = start + f->size;
	return add(l, f->name, start, f->data, f->size);
}

bool loader_place(const struct guest_config *g, struct layout *layout, char *error, size_t error_size)
{
	struct loading l = {g, layout, error, error_size};
	bool placed;

	*layout = (struct layout){.extents = 0};
	switch (g->format) {
	case IMAGE_ARM64:
		placed = place_image(&l);
		break;
	case IMAGE_ELF:
		placed = place_elf(&l);
		break;
	default:
		placed = place_raw(&l);
		break;
	}
	if (placed && (layout->entry % 4u != 0u || !fits(g, layout->entry, 4))) {
		return fail(&l, "%s starts at 0x%lx, outside its memory", g->kernel.name, layout->entry);
	}
	return placed && place_initrd(&l) && place_tree(&l);
}
