/* SPDX-License-Identifier: Apache-2.0 */
#include "native.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nie/granule.h"
#include "nie/hw.h"
#include "nie/sha256.h"

#if defined(__has_feature) /* clang */
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

#define LOG_MAX 65536u

unsigned char native_ram[RAM_SIZE] __attribute__((aligned(4096)));
struct native_inputs native;
struct native_stream native_stream[PLATFORM_STREAMS];

u8 native_mapped[RAM_GRANULES];
u8 native_dirty[RAM_GRANULES];
static bool started;
static struct native_event events[LOG_MAX];
static u32 event_count;

static void record(enum native_operation operation, u64 a, u64 b, u64 c)
{
	if (event_count == LOG_MAX) {
		fputs("native: the log is full: empty it more often\n", stderr);
		abort();
	}
	events[event_count] = (struct native_event){operation, a, b, c};
	event_count++;
}

static void check_range(const char *what, granule_t first, u32 count)
{
	if (first >= RAM_GRANULES || count == 0u || count > RAM_GRANULES - first) {
		fprintf(stderr, "native: %s of granules %u, %u of them, leaves RAM\n", what, first, count);
		abort();
	}
}

static unsigned char *granule_bytes(granule_t g)
{
	return native_ram + (u64)g * GRANULE_SIZE;
}

/* Open RAM that EL2 may not have mapped, and close it again. */
static void open_ram(granule_t first, u32 count)
{
	ASAN_UNPOISON_MEMORY_REGION(granule_bytes(first), count * GRANULE_SIZE);
}

static void close_ram(granule_t first, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (native_mapped[first + i] == 0u) {
			ASAN_POISON_MEMORY_REGION(granule_bytes(first + i), GRANULE_SIZE);
		}
	}
}

void native_reset(void)
{
	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		if (native_mapped[g] != 0u || native_dirty[g] != 0u || !started) {
			native_mapped[g] = 0;
			native_dirty[g] = 0;
			open_ram(g, 1);
			memset(granule_bytes(g), 0, GRANULE_SIZE);
			close_ram(g, 1);
		}
	}
	started = true;
	memset(native_stream, 0, sizeof(native_stream));
	native = (struct native_inputs){.now = 1000, .timer_wake = NIE_NEVER};
	event_count = 0;
}

void native_forget_log(void)
{
	event_count = 0;
}

u32 native_events(void)
{
	return event_count;
}

struct native_event native_event(u32 index)
{
	if (index >= event_count) {
		fprintf(stderr, "native: there is no event %u\n", index);
		abort();
	}
	return events[index];
}

u32 native_count(enum native_operation operation)
{
	u32 count = 0;

	for (u32 i = 0; i < event_count; i++) {
		count += events[i].operation == operation ? 1u : 0u;
	}
	return count;
}

int native_find(u32 from, enum native_operation operation, u64 a)
{
	for (u32 i = from; i < event_count; i++) {
		if (events[i].operation == operation && events[i].a == a) {
			return (int)i;
		}
	}
	return -1;
}

void native_ram_read(u64 offset, void *to, u64 bytes)
{
	granule_t first = (granule_t)(offset / GRANULE_SIZE);
	u32 count = (u32)((offset + bytes - 1u) / GRANULE_SIZE) - first + 1u;

	check_range("a read", first, count);
	open_ram(first, count);
	memcpy(to, native_ram + offset, bytes);
	close_ram(first, count);
}

void native_ram_write(u64 offset, const void *from, u64 bytes)
{
	granule_t first = (granule_t)(offset / GRANULE_SIZE);
	u32 count = (u32)((offset + bytes - 1u) / GRANULE_SIZE) - first + 1u;

	check_range("a write", first, count);
	open_ram(first, count);
	memcpy(native_ram + offset, from, bytes);
	memset(native_dirty + first, 1, count);
	close_ram(first, count);
}

bool native_is_zero(granule_t first, u32 count)
{
	static const unsigned char zero[GRANULE_SIZE];
	unsigned char page[GRANULE_SIZE];

	for (u32 i = 0; i < count; i++) {
		native_ram_read((u64)(first + i) * GRANULE_SIZE, page, sizeof(page));
		if (memcmp(page, zero, sizeof(page)) != 0) {
			return false;
		}
	}
	return true;
}

u32 native_live(granule_t *live)
{
	u32 count = 0;
	u64 eight = 0;

	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		if (g % 8u == 0u) {
			memcpy(&eight, &granule_state[g], 8);
			if (eight == 0u) { /* FREE */
				g += 7u;
				continue;
			}
		}
		if (granule_state[g] != GRANULE_FREE) {
			live[count] = g;
			count++;
		}
	}
	return count;
}

void hw_object_map(granule_t first, u32 count)
{
	check_range("hw_object_map", first, count);
	record(NATIVE_OBJECT_MAP, first, count, 0);
	for (u32 i = 0; i < count; i++) {
		if (native_mapped[first + i] != 0u) {
			fprintf(stderr, "native: granule %u is mapped twice\n", first + i);
			abort();
		}
		native_mapped[first + i] = 1;
		native_dirty[first + i] = 1;
	}
	open_ram(first, count);
}

void hw_object_unmap(granule_t first, u32 count)
{
	check_range("hw_object_unmap", first, count);
	record(NATIVE_OBJECT_UNMAP, first, count, 0);
	memset(native_mapped + first, 0, count);
	close_ram(first, count);
}

void hw_set_bytes(u8 *table, u32 first, u32 count, u8 value)
{
	memset(table + first, value, count);
}

bool hw_are_zero(const u8 *table, u32 first, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (table[first + i] != 0u) {
			return false;
		}
	}
	return true;
}

void hw_scrub(granule_t first, u32 count)
{
	check_range("hw_scrub", first, count);
	record(NATIVE_SCRUB, first, count, granule_state[first]);
	for (u32 i = 0; i < count; i++) {
		if (native_mapped[first + i] != 0u) {
			fprintf(stderr, "native: granule %u is scrubbed while EL2 maps it\n", first + i);
			abort();
		}
	}
	open_ram(first, count);
	memset(granule_bytes(first), 0, count * GRANULE_SIZE);
	memset(native_dirty + first, 0, count);
	close_ram(first, count);
}

static void check_not_mapped(const char *what, granule_t first, u32 count)
{
	check_range(what, first, count);
	for (u32 i = 0; i < count; i++) {
		if (native_mapped[first + i] != 0u) {
			fprintf(stderr, "native: granule %u is for %s while EL2 maps it\n", first + i, what);
			abort();
		}
	}
}

void hw_hash(granule_t first, u32 count, u64 hash[4])
{
	u32 state[8];
	u64 block[SHA256_BLOCK_WORDS];

	check_not_mapped("hw_hash", first, count);
	record(NATIVE_HASH, first, count, granule_owner[first]);
	sha256_begin(state);
	for (u64 at = 0; at < count * GRANULE_SIZE; at += sizeof(block)) {
		native_ram_read(first * GRANULE_SIZE + at, block, sizeof(block));
		sha256_block(state, block);
	}
	sha256_end(state, count * GRANULE_SIZE, hash);
}

void hw_sha256_block(u32 state[8], const u64 block[8])
{
	sha256_block(state, block);
}

void hw_fill(granule_t g, const u64 *words, u32 count)
{
	check_not_mapped("hw_fill", g, 1);
	record(NATIVE_FILL, g, count, 0);
	open_ram(g, 1);
	memset(granule_bytes(g), 0, GRANULE_SIZE);
	memcpy(granule_bytes(g), words, count * sizeof(u64));
	native_dirty[g] = 1;
	close_ram(g, 1);
}

u64 hw_peek(granule_t g, u32 word)
{
	u64 value;

	check_not_mapped("hw_peek", g, 1);
	record(NATIVE_PEEK, g, word, 0);
	native_ram_read((u64)g * GRANULE_SIZE + word * sizeof(value), &value, sizeof(value));
	return value;
}

void hw_poke(granule_t g, u32 word, u64 value)
{
	check_not_mapped("hw_poke", g, 1);
	record(NATIVE_POKE, g, word, value);
	native_ram_write((u64)g * GRANULE_SIZE + word * sizeof(value), &value, sizeof(value));
}

void hw_clean(granule_t first, u32 count)
{
	check_range("hw_clean", first, count);
	record(NATIVE_CLEAN, first, count, 0);
}

void hw_tables_written(void)
{
	record(NATIVE_TABLES_WRITTEN, 0, 0, 0);
}

void hw_invalidate_ipa(u32 vmid, u64 root, u64 ipa)
{
	record(NATIVE_INVALIDATE_IPA, vmid, root, ipa);
}

void hw_invalidate_vspace(u32 vmid, u64 root)
{
	record(NATIVE_INVALIDATE_VSPACE, vmid, root, 0);
}

void hw_stream_connect(u32 stream, u32 vmid, u64 root)
{
	record(NATIVE_STREAM_CONNECT, stream, vmid, root);
	native_stream[stream] = (struct native_stream){true, vmid, root};
}

void hw_stream_cut(u32 stream)
{
	record(NATIVE_STREAM_CUT, stream, 0, 0);
	native_stream[stream] = (struct native_stream){false, 0, 0};
}

void hw_stream_invalidate_ipa(u32 vmid, u64 ipa)
{
	record(NATIVE_STREAM_INVALIDATE_IPA, vmid, ipa, 0);
}

void hw_stream_invalidate_vspace(u32 vmid)
{
	record(NATIVE_STREAM_INVALIDATE_VSPACE, vmid, 0, 0);
}

bool hw_stream_event(struct stream_event *e)
{
	if (native.stream_events == 0u) {
		return false;
	}
	native.stream_events--;
	*e = native.stream_event;
	return true;
}

void hw_vcpu_switch(granule_t from, granule_t to)
{
	record(NATIVE_VCPU_UNLOAD, from, 0, 0);
	if (to != GRANULE_NONE) {
		hw_vcpu_load(to);
	}
}

void hw_vcpu_load(granule_t vcpu)
{
	record(NATIVE_VCPU_LOAD, vcpu, 0, 0);
}

void hw_vcpu_forget(granule_t vcpu)
{
	record(NATIVE_VCPU_FORGET, vcpu, 0, 0);
}

void hw_inject_undefined(granule_t vcpu)
{
	record(NATIVE_UNDEFINED, vcpu, 0, 0);
}

u64 hw_timer_wake(granule_t vcpu)
{
	(void)vcpu;
	return native.timer_wake;
}

void hw_timer_deactivate(granule_t vcpu)
{
	record(NATIVE_TIMER_DEACTIVATE, vcpu, 0, 0);
}

bool hw_interrupt_pending(granule_t vcpu)
{
	(void)vcpu;
	return native.interrupt_pending;
}

bool hw_id_register(granule_t vcpu, u32 iss, u64 *value)
{
	(void)vcpu;
	(void)iss;
	*value = native.id_register;
	return native.id_register_known;
}

bool hw_has_random(void)
{
	return native.has_random;
}

bool hw_random(u64 *value)
{
	*value = native.random;
	return !native.no_entropy;
}

u64 hw_now(void)
{
	return native.now;
}

void hw_deadline(u64 when)
{
	record(NATIVE_DEADLINE, when, 0, 0);
}

void hw_kick(u32 core)
{
	record(NATIVE_KICK, core, 0, 0);
}

void hw_irq_enable(u32 intid, u32 core)
{
	record(NATIVE_IRQ_ENABLE, intid, core, 0);
}

void hw_irq_disable(u32 intid)
{
	record(NATIVE_IRQ_DISABLE, intid, 0, 0);
}

void hw_irq_deactivate(u32 intid)
{
	record(NATIVE_IRQ_DEACTIVATE, intid, 0, 0);
}

void hw_report_task(u32 core, u64 class, u64 address, u64 pc)
{
	(void)address;
	(void)pc;
	record(NATIVE_REPORT_TASK, core, class, 0);
}

void hw_power_off(void)
{
	record(NATIVE_POWER_OFF, 0, 0, 0);
}

_Noreturn void hw_panic(const char *what, u64 value)
{
	fprintf(stderr, "nie: %s %llu\n", what, (unsigned long long)value);
	abort();
}
