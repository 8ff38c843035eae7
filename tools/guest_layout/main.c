/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest-layout GUESTS.BIN GUEST TREE: what host-vmm puts where in a guest's memory, found out by host-vmm's own code:
 * JSON on standard output, the device tree into the file TREE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "guest_tree.h"
#include "loader.h"

static u8 tree[TREE_SIZE] __attribute__((aligned(8)));
static struct config config;

_Noreturn static void give_up(const char *name, const char *why)
{
	fprintf(stderr, "guest-layout: %s: %s\n", name, why);
	exit(1);
}

static u8 *read_file(const char *name)
{
	FILE *file = fopen(name, "rb");
	long size;
	u8 *data;

	if (file == NULL) {
		give_up(name, "cannot be opened");
	}
	if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) <= 0 || fseek(file, 0, SEEK_SET) != 0) {
		give_up(name, "is empty or no file");
	}
	data = malloc((size_t)size); /* aligned for libfdt */
	if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size) {
		give_up(name, "cannot be read");
	}
	fclose(file);
	return data;
}

static u32 find(const char *name)
{
	for (u32 i = 0; i < config.guests; i++) {
		if (strcmp(config.guest[i].name, name) == 0) {
			return i;
		}
	}
	give_up(name, "there is no such guest");
}

static void print(const struct guest_config *g, const struct layout *y, const u8 *blob)
{
	printf("{\"memory\": %lu, \"vcpus\": %u, \"debuggable\": %s, \"host_cpu\": %s, \"realm\": %s, \"flash\": %lu, \"entry\": %lu, \"tree\": %lu, \"extents\": [",
	       (unsigned long)g->memory, g->vcpus, (g->policy & NIE_POLICY_DEBUGGABLE) != 0u ? "true" : "false",
	       (g->policy & NIE_POLICY_HOST_CPU) != 0u ? "true" : "false", g->realm != 0u ? "true" : "false",
	       (unsigned long)g->flash, (unsigned long)y->entry,
	       (unsigned long)y->tree);
	/* The last one is the device tree. */
	for (u32 i = 0; i + 1u < y->extents; i++) {
		printf("%s[%lu, %lu, %lu]", i == 0u ? "" : ", ", (unsigned long)y->extent[i].ipa,
		       (unsigned long)(y->extent[i].data - blob), (unsigned long)y->extent[i].size);
	}
	printf("], \"streams\": [");
	for (u32 i = 0; i < g->devices; i++) {
		printf("%s%u", i == 0u ? "" : ", ", g->device[i].number);
	}
	printf("]}\n");
}

int main(int argc, char **argv)
{
	const char *error = "";
	char text[200];
	struct layout y;

	if (argc != 4) {
		fprintf(stderr, "usage: guest-layout GUESTS.BIN GUEST TREE\n");
		return 2;
	}
	const u8 *blob = read_file(argv[1]);

	if (!config_read(blob, &config, &error)) {
		give_up(argv[1], error);
	}
	u32 number = find(argv[2]);
	const struct guest_config *g = &config.guest[number];

	if (!loader_place(g, &y, text, sizeof(text))) {
		give_up(argv[2], text);
	}
	if (!guest_tree_make(tree, g, &y, guest_tree_seed(number))) {
		give_up(argv[2], "its device tree, 16 KiB with addresses of two cells, has no room for its bootargs");
	}
	FILE *out = fopen(argv[3], "wb");

	if (out == NULL || fwrite(tree, 1, sizeof(tree), out) != sizeof(tree) || fclose(out) != 0) {
		give_up(argv[3], "cannot be written");
	}
	print(g, &y, blob);
	return 0;
}
