/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin of QEMU that writes down what goes in and out of EL2, as the registers show it. The kernel under it is the
 * one that always runs: nothing in it knows. Which of its instructions are looked at, tools/nie_cli/trace.py finds in
 * kernel.elf and says in the plugin's arguments:
 *
 *   out=FILE view=ADDRESS cspace=OFFSET lock=ADDRESS sync=ADDRESS irq=ADDRESS eret=ADDRESS...
 *   locked=ADDRESS/STATUS/BASE...  ack=ADDRESS/REGISTER...  calls=KINDS:KINDS:...  [clock=instructions]
 *
 * `locked` and `ack` are the instructions after a STXR and after a read of ICC_IAR1_EL1, whose registers they name. KINDS has
 * a letter for each argument of a hypercall: s a slot, c a CNode and, after it, its index.
 */
#include "qemu_plugin.h"
#include "record.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_CORES 8
#define MAX_HOOKS 64
#define MAX_CALLS 64
#define MAX_ARGUMENTS 8
#define GRANULE 4096u
#define SLOT_SIZE 32u
#define SLOTS_PER_GRANULE (GRANULE / SLOT_SIZE)
#define EL2 2u
#define EC_SVC64 0x15u
#define NO_GRANULE 0xffffffffu

enum hook_kind { HOOK_SYNC, HOOK_IRQ, HOOK_ERET, HOOK_LOCKED, HOOK_ACK };

struct hook {
	uint64_t address;
	enum hook_kind kind;
	unsigned int first, second; /* registers that it names */
};

enum { ESR, ELR, SPSR, FAR, HPFAR, PSTATE, SP, X, REGISTERS = X + 31 };

struct core {
	struct qemu_plugin_register *handle[REGISTERS];
	GByteArray *bytes;
	uint64_t vcpu;    /* address of the struct vcpu that was interrupted; 0: none */
	uint64_t call[9]; /* its x0 to x8 */
	bool calls;       /* it made a hypercall that has not had the lock yet */
};

static struct hook hooks[MAX_HOOKS];
static size_t hook_count;
static char kinds[MAX_CALLS][MAX_ARGUMENTS + 1];
static struct core cores[MAX_CORES];
static uint64_t view, cspace_offset, lock_word;
static bool count_instructions;
static uint64_t executed; /* instructions of all cores: with -icount they take turns on one thread */
static struct timespec started;
static FILE *out;
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

/* Nanoseconds since the start; or instructions, which leave out what was slept. */
static uint64_t now(void)
{
	struct timespec t;

	if (count_instructions) {
		return executed;
	}
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)(t.tv_sec - started.tv_sec) * 1000000000u + (uint64_t)t.tv_nsec - (uint64_t)started.tv_nsec;
}

static uint64_t little_endian(const GByteArray *bytes)
{
	uint64_t value = 0;

	for (unsigned int i = bytes->len < 8 ? bytes->len : 8; i > 0; i--) {
		value = value << 8 | bytes->data[i - 1];
	}
	return value;
}

static uint64_t reg(struct core *c, int number)
{
	g_byte_array_set_size(c->bytes, 0);
	if (c->handle[number] == NULL || qemu_plugin_read_register(c->handle[number], c->bytes) <= 0) {
		return 0;
	}
	return little_endian(c->bytes);
}

/* As EL2 sees memory: kernel objects it does. */
static bool load(struct core *c, uint64_t address, unsigned int size, uint64_t *value)
{
	if (!qemu_plugin_read_memory_vaddr(address, c->bytes, size)) {
		return false;
	}
	*value = little_endian(c->bytes);
	return true;
}

/* The lock holds the order: a record of what happens under it is written while the core has it. */
static void put(unsigned int core, enum trace_kind kind, const uint64_t *words, size_t count)
{
	uint64_t vcpu = cores[core].vcpu == 0 ? NO_GRANULE : (cores[core].vcpu - view) / GRANULE;

	pthread_mutex_lock(&writing);
	uint64_t head[2] = {kind | (uint64_t)core << 8 | (count + 1) << 16 | vcpu << 32, now()};

	fwrite(head, sizeof(head), 1, out);
	fwrite(words, sizeof(*words), count, out);
	pthread_mutex_unlock(&writing);
}

/* Slot `index` of a CNode, numbered as the kernel does: granule * 128 + index. False: there is no such slot. */
static bool find_slot(struct core *c, uint64_t cnode, uint64_t index, uint64_t *slot, uint64_t *content)
{
	uint64_t first;

	if (index == 0 || !load(c, view + cnode * GRANULE, 8, &first) || index >= first >> 32) {
		return false;
	}
	*slot = cnode * SLOTS_PER_GRANULE + index;
	return load(c, view + *slot * SLOT_SIZE, 8, content);
}

/* Which slots a hypercall's arguments are, and what they held when it got the lock. */
static void put_call(unsigned int core)
{
	struct core *c = &cores[core];
	uint64_t words[2 * MAX_ARGUMENTS], number = c->call[8], own;
	size_t count = 0;
	uint64_t cnode = NO_GRANULE;
	bool placed = false;

	if (number < MAX_CALLS && load(c, c->vcpu + cspace_offset, 4, &own)) {
		for (unsigned int i = 0; kinds[number][i] != '\0'; i++) {
			char kind = kinds[number][i];
			uint64_t slot = 0, content = 0;

			if (placed) {
				if (cnode != NO_GRANULE) {
					find_slot(c, cnode, c->call[i], &slot, &content);
				}
			} else if (kind == 's' || kind == 'c') {
				find_slot(c, own, c->call[i], &slot, &content);
			}
			if (placed || kind == 's' || kind == 'c') {
				words[count++] = slot | (uint64_t)i << 32;
				words[count++] = content;
			}
			placed = kind == 'c';
			cnode = c->call[i] == 0 ? own : slot != 0 ? content >> 32 : NO_GRANULE;
		}
	}
	put(core, TRACE_CALL, words, count);
}

static void on_enter(unsigned int core, struct core *c)
{
	uint64_t words[14] = {reg(c, ESR), reg(c, ELR), reg(c, SPSR), reg(c, FAR), reg(c, HPFAR)};

	for (int i = 0; i < 9; i++) {
		words[5 + i] = c->call[i] = reg(c, X + i);
	}
	c->vcpu = reg(c, SP);
	c->calls = words[0] >> 26 == EC_SVC64;
	put(core, TRACE_ENTER, words, 14);
}

static void on_enter_irq(unsigned int core, struct core *c)
{
	uint64_t words[2] = {reg(c, ELR), reg(c, SPSR)};

	c->vcpu = reg(c, SP);
	put(core, TRACE_ENTER_IRQ, words, 2);
}

static void on_leave(unsigned int core, struct core *c)
{
	uint64_t words[10] = {reg(c, ELR), reg(c, SPSR)};

	for (int i = 0; i < 8; i++) {
		words[2 + i] = reg(c, X + i);
	}
	c->vcpu = reg(c, SP);
	put(core, TRACE_LEAVE, words, 10);
	c->vcpu = 0;
	c->calls = false;
}

static void on_locked(unsigned int core, struct core *c, const struct hook *hook)
{
	if (reg(c, X + (int)hook->first) != 0 || reg(c, X + (int)hook->second) != lock_word) {
		return; /* not stored, or elsewhere */
	}
	if (c->calls) {
		put_call(core);
	} else {
		put(core, TRACE_LOCK, NULL, 0);
	}
	c->calls = false;
}

static void on_ack(unsigned int core, struct core *c, const struct hook *hook)
{
	uint64_t intid = reg(c, X + (int)hook->first) & 0xffffff;

	put(core, TRACE_INTERRUPT, &intid, 1);
}

/* The instruction is about to be executed. A guest's at the same address is none of ours. */
static void on_hook(unsigned int core, void *data)
{
	const struct hook *hook = data;
	struct core *c = &cores[core];

	if ((reg(c, PSTATE) >> 2 & 3) != EL2) {
		return;
	}
	switch (hook->kind) {
	case HOOK_SYNC:
		on_enter(core, c);
		break;
	case HOOK_IRQ:
		on_enter_irq(core, c);
		break;
	case HOOK_ERET:
		on_leave(core, c);
		break;
	case HOOK_LOCKED:
		on_locked(core, c, hook);
		break;
	case HOOK_ACK:
		on_ack(core, c, hook);
		break;
	}
}

/* Not by QEMU's inline operations, which are cheaper: beside one, QEMU 10.0 now and then gives a callback the wrong core. */
static void on_block(unsigned int core, void *count)
{
	(void)core;
	executed += (size_t)count;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	size_t count = qemu_plugin_tb_n_insns(block);

	(void)id;
	if (count_instructions) {
		qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, QEMU_PLUGIN_CB_NO_REGS, (void *)count);
	}
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);

		for (size_t h = 0; h < hook_count; h++) {
			if (hooks[h].address == address) {
				qemu_plugin_register_vcpu_insn_exec_cb(insn, on_hook, QEMU_PLUGIN_CB_R_REGS, &hooks[h]);
			}
		}
	}
}

static void find_registers(qemu_plugin_id_t id, unsigned int core)
{
	static const char *const names[] = {"ESR_EL2", "ELR_EL2", "SPSR_EL2", "FAR_EL2", "HPFAR_EL2", "cpsr", "sp"};
	GArray *array = qemu_plugin_get_registers();
	const qemu_plugin_reg_descriptor *all = (const void *)array->data;
	char name[8];

	(void)id;
	for (unsigned int i = 0; i < array->len && core < MAX_CORES; i++) {
		for (int r = 0; r < REGISTERS; r++) {
			snprintf(name, sizeof(name), "x%d", r - X);
			if (strcmp(all[i].name, r < X ? names[r] : name) == 0) {
				cores[core].handle[r] = all[i].handle;
			}
		}
	}
	for (int r = 0; r < REGISTERS && core < MAX_CORES; r++) {
		if (cores[core].handle[r] == NULL) {
			qemu_plugin_outs("trace: QEMU does not show a register that the recorder needs\n");
			exit(1);
		}
	}
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *data)
{
	(void)id, (void)data;
	pthread_mutex_lock(&writing);
	fflush(out);
	pthread_mutex_unlock(&writing);
}

static bool add_hook(enum hook_kind kind, const char *value)
{
	char *end;
	struct hook hook = {strtoull(value, &end, 0), kind, 0, 0};

	if (*end == '/') {
		hook.first = (unsigned int)strtoul(end + 1, &end, 10);
	}
	if (*end == '/') {
		hook.second = (unsigned int)strtoul(end + 1, &end, 10);
	}
	if (*end != '\0' || hook_count == MAX_HOOKS || hook.first > 30 || hook.second > 30) {
		return false;
	}
	hooks[hook_count++] = hook;
	return true;
}

static bool take_calls(const char *value)
{
	for (unsigned int number = 1; number < MAX_CALLS; number++) {
		size_t length = strcspn(value, ":");

		if (length > MAX_ARGUMENTS) {
			return false;
		}
		memcpy(kinds[number], value, length);
		if (value[length] == '\0') {
			return true;
		}
		value += length + 1;
	}
	return false;
}

static bool take(const char *name, const char *value)
{
	static const char *const hook_names[] = {"sync", "irq", "eret", "locked", "ack"};

	for (int kind = HOOK_SYNC; kind <= HOOK_ACK; kind++) {
		if (strcmp(name, hook_names[kind]) == 0) {
			return add_hook(kind, value);
		}
	}
	if (strcmp(name, "out") == 0) {
		out = fopen(value, "wb");
		return out != NULL;
	}
	if (strcmp(name, "calls") == 0) {
		return take_calls(value);
	}
	if (strcmp(name, "clock") == 0) {
		count_instructions = strcmp(value, "instructions") == 0;
		return count_instructions;
	}
	uint64_t *number = strcmp(name, "view") == 0 ? &view : strcmp(name, "cspace") == 0 ? &cspace_offset :
	                   strcmp(name, "lock") == 0 ? &lock_word : NULL;

	if (number != NULL) {
		*number = strtoull(value, NULL, 0);
	}
	return number != NULL;
}

QEMU_PLUGIN_EXPORT extern const int qemu_plugin_version;
const int qemu_plugin_version = QEMU_PLUGIN_VERSION;

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);
int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (value == NULL || (*value = '\0', !take(argv[i], value + 1))) {
			fprintf(stderr, "trace: the recorder cannot take %s\n", argv[i]);
			return -1;
		}
	}
	if (out == NULL || info->system.max_vcpus > MAX_CORES) {
		fprintf(stderr, "trace: the recorder has no file to write to, or more than %d cores\n", MAX_CORES);
		return -1;
	}
	for (int i = 0; i < MAX_CORES; i++) {
		cores[i].bytes = g_byte_array_new();
	}
	clock_gettime(CLOCK_MONOTONIC, &started);
	uint64_t head[2] = {TRACE_MAGIC, count_instructions};

	fwrite(head, sizeof(head), 1, out);
	qemu_plugin_register_vcpu_init_cb(id, find_registers);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
	return 0;
}
