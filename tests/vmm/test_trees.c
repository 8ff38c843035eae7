/* SPDX-License-Identifier: Apache-2.0 */
/* Device trees: the guest's, which is written, and the configuration, which is read. */
#include "check.h"

#include <libfdt.h>

#include "config.h"
#include "guest_tree.h"

static u8 tree[TREE_SIZE] __attribute__((aligned(8)));

static u32 cell(int node, const char *name, u32 index)
{
	int length;
	const fdt32_t *p = fdt_getprop(tree, node, name, &length);

	assert_non_null(p);
	assert_true(length >= (int)(index + 1u) * 4);
	return fdt32_ld(p + index);
}

static u64 cells(int node, const char *name, u32 index)
{
	return (u64)cell(node, name, index) << 32 | cell(node, name, index + 1u);
}

static int at(const char *path)
{
	int node = fdt_path_offset(tree, path);

	if (node < 0) {
		fail_msg("no %s", path);
	}
	return node;
}

static void make_guest_tree(u32 vcpus)
{
	struct guest_config g = {.name = "g", .bootargs = "console=ttyAMA0", .memory = 0x10000000, .vcpus = vcpus};
	struct layout y = {.initrd_start = 0x42000000, .initrd_end = 0x42000123};

	assert_true(guest_tree_make(tree, &g, &y, 77));
}

static void test_guest_tree(void **state)
{
	(void)state;
	make_guest_tree(2);
	assert_int_equal(fdt_check_full(tree, sizeof(tree)), 0);
	assert_string_equal(fdt_getprop(tree, at("/chosen"), "bootargs", NULL), "console=ttyAMA0");
	assert_int_equal(cells(at("/chosen"), "linux,initrd-start", 0), 0x42000000);
	assert_int_equal(cells(at("/chosen"), "linux,initrd-end", 0), 0x42000123);
	assert_int_equal(cells(at("/memory@40000000"), "reg", 0), 0x40000000);
	assert_int_equal(cells(at("/memory@40000000"), "reg", 2), 0x10000000);
	assert_int_equal(cell(at("/cpus/cpu@1"), "reg", 0), 1);
	assert_true(fdt_path_offset(tree, "/cpus/cpu@2") < 0);
	assert_string_equal(fdt_getprop(tree, at("/psci"), "method", NULL), "hvc");
	assert_int_equal(cells(at("/intc@8000000"), "reg", 4), 0x080a0000);
	assert_int_equal(cell(at("/timer"), "interrupts", 7), 11);
	assert_int_equal(cell(at("/pl011@9000000"), "interrupts", 1), 1);
	assert_int_equal(cell(at("/pl031@9010000"), "interrupts", 1), 2);
	assert_int_equal(cell(0, "interrupt-parent", 0), cell(at("/intc@8000000"), "phandle", 0));
	assert_int_equal(cell(at("/pl011@9000000"), "clocks", 0), cell(at("/apb-pclk"), "phandle", 0));
	assert_int_equal(at(fdt_getprop(tree, at("/chosen"), "stdout-path", NULL)), at("/pl011@9000000"));
}

/* The compiler's checks, on the tree as a file. */
static void test_dtc_has_no_complaint(void **state)
{
	char path[] = "/tmp/nie-tree-XXXXXX";
	char command[200];
	char complaint[200] = "";
	int file = mkstemp(path);
	FILE *out = fdopen(file, "wb");
	FILE *dtc;

	(void)state;
	make_guest_tree(8);
	assert_int_equal(fwrite(tree, 1, fdt_totalsize(tree), out), fdt_totalsize(tree));
	fclose(out);
	snprintf(command, sizeof(command), "dtc -I dtb -O dtb -o /dev/null %s 2>&1", path);
	dtc = popen(command, "r");
	assert_non_null(dtc);
	if (fgets(complaint, sizeof(complaint), dtc) != NULL) {
		fail_msg("%s", complaint);
	}
	assert_int_equal(pclose(dtc), 0);
	remove(path);
}

static void test_too_long_bootargs(void **state)
{
	static char args[TREE_SIZE];
	struct guest_config g = {.name = "g", .bootargs = args, .memory = 0x10000000, .vcpus = 1};
	struct layout y = {.initrd_start = 0};

	(void)state;
	memset(args, 'x', sizeof(args) - 1u);
	assert_false(guest_tree_make(tree, &g, &y, 77));
}

/* The configuration from source text, through dtc. */
static u8 blob[0x10000] __attribute__((aligned(8)));

#define VMM "vmm { cspace = <1>; vspace = <2>; vcpus = <8 9>; cores = <16 17>; memory = <32>;" \
	" reclaim = <128 4>; console = <0x0 0x800000>; console-irq = <25>; window = <0x2 0x0 0x2 0x0>;" \
	" free-slots = <364 3732>; };"
#define FILES "files { k { offset = <0x0 0x1000>; size = <0x0 0x20>; }; };"

static void compile(const char *source)
{
	char path[] = "/tmp/nie-config-XXXXXX";
	char command[200];
	FILE *file = fdopen(mkstemp(path), "w");
	FILE *dtc;

	fprintf(file, "/dts-v1/; / { %s };", source);
	fclose(file);
	snprintf(command, sizeof(command), "dtc -q -I dts -O dtb %s", path);
	dtc = popen(command, "r");
	assert_non_null(dtc);
	memset(blob, 0, sizeof(blob));
	assert_true(fread(blob, 1, sizeof(blob), dtc) > 0);
	assert_int_equal(pclose(dtc), 0);
	remove(path);
}

static void test_config(void **state)
{
	static struct config c;
	const char *error = "";

	(void)state;
	compile(VMM FILES "guests { alpha { kernel = \"k\"; bootargs = \"quiet\"; memory = <0x0 0x1000000>;"
		" vcpus = <2>; untyped = <64 65>; limit-seconds = <9>; };"
		" beta { kernel = \"k\"; memory = <0x200000>; format = \"raw\"; load = <0x40001000>;"
		" untyped = <70>; }; };");
	if (!config_read(blob, &c, &error)) {
		fail_msg("%s", error);
	}
	assert_int_equal(c.guests, 2);
	assert_int_equal(c.vcpus.count, 2);
	assert_int_equal(c.cores.slot[1], 17);
	assert_int_equal(c.reclaim.first, 128);
	assert_int_equal(c.window, 0x200000000ul);
	assert_int_equal(c.console, 0x800000);
	assert_string_equal(c.guest[0].name, "alpha");
	assert_int_equal(c.guest[0].memory, 0x1000000);
	assert_int_equal(c.guest[0].limit_seconds, 9);
	assert_ptr_equal(c.guest[0].kernel.data, blob + 0x1000);
	assert_null(c.guest[0].initrd.name);
	assert_int_equal(c.guest[1].format, IMAGE_RAW);
	assert_int_equal(c.guest[1].load, 0x40001000);
	assert_int_equal(c.guest[1].vcpus, 1);
}

static void refused(const char *source, const char *words)
{
	static struct config c;
	const char *error = "";

	compile(source);
	assert_false(config_read(blob, &c, &error));
	if (strstr(error, words) == NULL) {
		fail_msg("'%s' does not say '%s'", error, words);
	}
}

static void test_bad_config(void **state)
{
	static struct config c;
	const char *error = "";

	(void)state;
	memset(blob, 0, sizeof(blob));
	assert_false(config_read(blob, &c, &error));
	refused("", "/vmm");
	refused("vmm { cspace = <1>; };", "/vmm/console");
	refused(VMM, "/guests");
	refused(VMM FILES "guests { a { kernel = \"x\"; memory = <0x200000>; untyped = <1>; }; };", "/a/kernel");
	refused(VMM FILES "guests { a { kernel = \"k\"; initrd = \"y\"; memory = <0x200000>; untyped = <1>; }; };",
		"/a/initrd");
	refused(VMM FILES "guests { a { kernel = \"k\"; memory = <0x200001>; untyped = <1>; }; };", "/a/memory");
	refused(VMM FILES "guests { a { kernel = \"k\"; memory = <0x40 0x0>; untyped = <1>; }; };", "/a/memory");
	refused(VMM FILES "guests { a { kernel = \"k\"; memory = <0x200000>; vcpus = <9>; untyped = <1>; }; };",
		"/a/vcpus");
	refused(VMM FILES "guests { a { kernel = \"k\"; memory = <0x200000>; }; };", "/a/untyped");
	refused(VMM FILES "guests { a { kernel = \"k\"; memory = <0x200000>; format = \"zip\"; untyped = <1>; }; };",
		"/a/format");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_tree), cmocka_unit_test(test_dtc_has_no_complaint),
		cmocka_unit_test(test_too_long_bootargs), cmocka_unit_test(test_config),
		cmocka_unit_test(test_bad_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
