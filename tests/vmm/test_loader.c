/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <elf.h>

#include "loader.h"

#define MIB 0x100000ul

static u8 image[0x3000];
static struct guest_config guest;
static struct layout layout;
static char error[120];

static void put64(u32 offset, u64 value)
{
	memcpy(image + offset, &value, 8);
}

static int setup(void **state)
{
	(void)state;
	memset(image, 0, sizeof(image));
	memcpy(image + 56, "ARM\x64", 4);
	put64(16, 5 * MIB);
	guest = (struct guest_config){.name = "g", .kernel = {"vmlinuz", image, sizeof(image)}, .memory = 16 * MIB};
	error[0] = '\0';
	return 0;
}

static bool place(void)
{
	return loader_place(&guest, &layout, error, sizeof(error));
}

static void refused(const char *words)
{
	assert_false(place());
	if (strstr(error, words) == NULL || strchr(error, '\n') != NULL) {
		fail_msg("'%s' does not say '%s' in one line", error, words);
	}
}

static void test_image(void **state)
{
	(void)state;
	assert_true(place());
	assert_int_equal(layout.entry, 0x40200000);
	assert_int_equal(layout.extent[0].ipa, 0x40200000);
	assert_int_equal(layout.extent[0].size, sizeof(image));
	assert_int_equal(layout.kernel_end, 0x40700000);
	assert_int_equal(layout.tree, 0x40000000);
	put64(8, 0x80000);
	assert_true(place());
	assert_int_equal(layout.entry, 0x40080000);
	put64(16, 0); /* a kernel from before image_size: text_offset is not to be believed */
	put64(8, 0);
	assert_true(place());
	assert_int_equal(layout.entry, 0x40080000);
}

static void test_initrd(void **state)
{
	(void)state;
	guest.initrd = (struct file){"initramfs", image, 100};
	assert_true(place());
	assert_int_equal(layout.initrd_start, 0x40800000);
	assert_int_equal(layout.initrd_end, 0x40800064);
	assert_int_equal(layout.extents, 3);
	guest.memory = 8 * MIB;
	refused("initramfs needs");
}

static void test_bad_images(void **state)
{
	(void)state;
	guest.kernel.size = 63;
	refused("vmlinuz is too short");
	guest.kernel.size = sizeof(image);
	image[56] = 'a';
	refused("vmlinuz is not an arm64 Image");
	image[56] = 'A';
	put64(16, 15 * MIB);
	refused("beyond its 16 MiB of memory: give it more");
	put64(16, ~0ul);
	refused("memory");
	put64(16, 5 * MIB);
	put64(8, ~0ul - 0xfff);
	refused("memory");
}

static void make_elf(void)
{
	Elf64_Ehdr h = {.e_type = ET_EXEC, .e_machine = EM_AARCH64, .e_version = 1, .e_entry = 0x40001000,
			.e_phoff = 64, .e_ehsize = 64, .e_phentsize = 56, .e_phnum = 2};
	Elf64_Phdr p[2] = {
		{.p_type = PT_LOAD, .p_offset = 0x1000, .p_paddr = 0x40001000, .p_filesz = 0x800, .p_memsz = 0x800},
		{.p_type = PT_LOAD, .p_offset = 0x1800, .p_paddr = 0x40003000, .p_filesz = 0x10, .p_memsz = 0x4000},
	};

	memcpy(h.e_ident, ELFMAG "\2\1\1", 7);
	memcpy(image, &h, sizeof(h));
	memcpy(image + 64, p, sizeof(p));
	guest.format = IMAGE_ELF;
	guest.kernel.name = "hello.elf";
}

static Elf64_Ehdr *header(void)
{
	return (Elf64_Ehdr *)(void *)image;
}

static Elf64_Phdr *segment(u32 i)
{
	return (Elf64_Phdr *)(void *)(image + 64 + 56 * i);
}

static void test_elf(void **state)
{
	(void)state;
	make_elf();
	assert_true(place());
	assert_int_equal(layout.entry, 0x40001000);
	assert_int_equal(layout.extents, 3);
	assert_int_equal(layout.extent[1].ipa, 0x40003000);
	assert_int_equal(layout.kernel_end, 0x40007000);
	assert_int_equal(layout.tree, 0x40000000 + 16 * MIB - TREE_SIZE); /* no room below */
}

/* Kernels that are linked to where their own tables map them, and loaded where RAM is. */
static void test_linked_elsewhere(void **state)
{
	(void)state;
	make_elf();
	header()->e_entry = 0xffff000000100040;
	refused("outside its memory");
	segment(0)->p_vaddr = 0xffff000000100000;
	segment(1)->p_vaddr = 0xffff000000102000;
	refused("outside its memory"); /* no code there */
	segment(0)->p_flags = PF_R | PF_X;
	assert_true(place());
	assert_int_equal(layout.entry, 0x40001040);
	assert_int_equal(layout.extent[0].ipa, 0x40001000);
	header()->e_entry = 0xffff000000100800; /* behind its last byte */
	refused("outside its memory");
}

static void test_bad_elfs(void **state)
{
	(void)state;
	make_elf();
	header()->e_machine = EM_X86_64;
	refused("hello.elf is not a 64-bit");
	make_elf();
	header()->e_phnum = 60000;
	refused("truncated");
	make_elf();
	header()->e_phoff = ~0ul - 4;
	refused("truncated");
	make_elf();
	segment(1)->p_filesz = 0x2000;
	segment(1)->p_memsz = 0x2000;
	refused("truncated");
	make_elf();
	segment(1)->p_offset = ~0ul;
	refused("truncated");
	make_elf();
	segment(0)->p_paddr = 0x1000;
	refused("of flash from 0x1000 on, beyond its 0 MiB");
	make_elf();
	segment(0)->p_paddr = 0x20000000;
	refused("beyond its 16 MiB");
	make_elf();
	segment(1)->p_memsz = ~0ul;
	refused("beyond its 16 MiB");
	make_elf();
	segment(1)->p_paddr = ~0ul - 8;
	refused("beyond its 16 MiB");
	make_elf();
	header()->e_phnum = 0;
	refused("nothing to load");
	make_elf();
	header()->e_entry = 0x10;
	refused("starts at 0x10, outside");
	make_elf();
	guest.kernel.size = 20;
	refused("too short");
}

static void test_raw(void **state)
{
	(void)state;
	guest.format = IMAGE_RAW;
	guest.load = 0x40000000;
	assert_true(place());
	assert_int_equal(layout.entry, 0x40000000);
	guest.load = 0x40000000 + 16 * MIB - sizeof(image);
	assert_true(place());
	assert_int_equal(layout.tree, 0x40000000);
	guest.load += 4;
	refused("vmlinuz needs");
	guest.load = 0;
	refused("vmlinuz needs");
	guest.load = 0x40000002;
	refused("outside its memory");
	guest.load = 0x40000000;
	guest.memory = 0x4000;
	refused("no room for the device tree");
}

/* Firmware, as QEMU's -bios: in the first bank of flash, and all of RAM is free. */
static void test_firmware(void **state)
{
	(void)state;
	guest.format = IMAGE_RAW;
	guest.load = 0;
	refused("beyond its 0 MiB: give it more `flash`");
	guest.flash = 2 * MIB;
	guest.initrd = (struct file){"initramfs", image, 100};
	assert_true(place());
	assert_int_equal(layout.entry, 0);
	assert_int_equal(layout.extent[0].ipa, 0);
	assert_int_equal(layout.initrd_start, 0x40200000);
	assert_int_equal(layout.tree, 0x40000000);
	guest.load = 2 * MIB - sizeof(image);
	assert_true(place());
	assert_int_equal(layout.entry, 2 * MIB - sizeof(image));
	guest.load += 4;
	refused("beyond its 2 MiB: give it more `flash`");
	guest.load = 2 * MIB;
	refused("vmlinuz needs");
	guest.load = 2;
	refused("outside its memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_image, setup), cmocka_unit_test_setup(test_initrd, setup),
		cmocka_unit_test_setup(test_bad_images, setup), cmocka_unit_test_setup(test_elf, setup),
		cmocka_unit_test_setup(test_linked_elsewhere, setup),
		cmocka_unit_test_setup(test_bad_elfs, setup), cmocka_unit_test_setup(test_raw, setup),
		cmocka_unit_test_setup(test_firmware, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
