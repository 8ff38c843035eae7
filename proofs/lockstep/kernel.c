/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's side of the lockstep: kernel/core over the recording hardware (tests/native). `expected` is the
 * state as the model has it, in the kernel's own encoding; lock_compare() holds the kernel's against it.
 */
#include <caml/mlvalues.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"
#include "nie/granule.h"
#include "nie/hw.h"
#include "nie/iodomain.h"
#include "nie/irq.h"
#include "nie/rsi.h"
#include "nie/run.h"
#include "nie/sha256.h"
#include "nie/table.h"
#include "nie/view.h"

#define INTIDS 1020u
#define WORLD 2048u /* granules that the lockstep plays with; the others stay the kernel's */

static struct {
	u8 state[WORLD];
	u32 owner[WORLD];
	u32 place[WORLD];
	u64 entries[WORLD][TABLE_ENTRIES]; /* of roots and linked tables */
	bool linked[WORLD];
	u64 word[WORLD]; /* the first one of a frame's granule, or of a free one */
	struct vspace vspace[WORLD];
	struct vcpu vcpu[WORLD];
	u32 vmids_left;
	granule_t domain[PLATFORM_STREAMS];    /* NONE: attached to nothing */
	granule_t connected[PLATFORM_STREAMS]; /* NONE: it aborts */
	struct core core[NIE_MAX_CORES];
	bool fired[INTIDS];
} expected;

static jmp_buf stopped;

_Noreturn void hw_panic(const char *what, u64 value)
{
	(void)what;
	(void)value;
	longjmp(stopped, 1);
}

static u64 number(value v)
{
	return (u64)Long_val(v);
}

value lock_reset(value unit)
{
	native_reset();
	memset(granule_state, GRANULE_KERNEL, sizeof(granule_state));
	memset(granule_owner, 0, sizeof(granule_owner));
	memset(granule_place, 0, sizeof(granule_place));
	for (u32 i = 0; i < INTIDS; i++) {
		(void)irq_ack(i);
	}
	memset(&expected, 0, sizeof(expected));
	memset(expected.state, GRANULE_KERNEL, sizeof(expected.state));
	for (u32 i = 0; i < NIE_MAX_CORES; i++) {
		cores[i] = (struct core){.current = GRANULE_NONE, .online = i < 3u};
	}
	expected.vmids_left = vmid_left();
	for (u32 s = 0; s < PLATFORM_STREAMS; s++) {
		expected.domain[s] = GRANULE_NONE;
		expected.connected[s] = GRANULE_NONE;
	}
	for (u32 i = 0; i < NIE_MAX_CORES; i++) {
		expected.core[i] = cores[i];
	}
	return unit;
}

value lock_streams(value unit)
{
	(void)unit;
	return Val_long(PLATFORM_STREAMS);
}

value lock_free(value first, value count)
{
	memset(granule_state + number(first), GRANULE_FREE, number(count));
	memset(expected.state + number(first), GRANULE_FREE, number(count));
	return Val_unit;
}

/* ---- what the model expects ---- */

value lock_expect_granule(value g, value state, value owner, value place)
{
	granule_t at = (granule_t)number(g);

	expected.state[at] = (u8)number(state);
	expected.owner[at] = (u32)number(owner);
	expected.place[at] = (u32)number(place);
	expected.linked[at] = expected.state[at] == GRANULE_ROOT ||
			      (expected.state[at] == GRANULE_TABLE && expected.owner[at] != GRANULE_NONE);
	return Val_unit;
}

value lock_ram_base(value unit)
{
	(void)unit;
	return Val_long((long)RAM_BASE);
}

value lock_expect_word(value g, value index, value word)
{
	expected.entries[number(g)][number(index)] = number(word);
	return Val_unit;
}

value lock_expect_root(value g)
{
	memset(expected.entries[number(g)], 0, sizeof(expected.entries[0]));
	return Val_unit;
}

value lock_expect_vspace(value g, value guest, value life, value vmid, value serial, value policy)
{
	struct vspace *v = &expected.vspace[number(g)];

	v->guest = (u32)number(guest);
	v->life = (u16)number(life);
	v->vmid = (u32)number(vmid);
	v->serial = (u32)number(serial);
	v->policy = number(policy);
	return Val_unit;
}

value lock_expect_vspace_bytes(value *a, int n)
{
	(void)n;
	return lock_expect_vspace(a[0], a[1], a[2], a[3], a[4], a[5]);
}

value lock_expect_member(value g, value index, value vcpu)
{
	expected.vspace[number(g)].vcpu[number(index)] = (granule_t)number(vcpu);
	return Val_unit;
}

value lock_expect_vcpu(value g, value vspace, value index, value guest, value power, value exiting)
{
	struct vcpu *v = &expected.vcpu[number(g)];

	v->vspace = (granule_t)number(vspace);
	v->index = (u32)number(index);
	v->guest = (u32)number(guest);
	v->power = (u16)number(power);
	v->exiting = (u16)number(exiting);
	return Val_unit;
}

value lock_expect_vcpu_bytes(value *a, int n)
{
	(void)n;
	return lock_expect_vcpu(a[0], a[1], a[2], a[3], a[4], a[5]);
}

value lock_expect_core(value g, value core, value runner, value cspace, value serial)
{
	struct vcpu *v = &expected.vcpu[number(g)];

	v->core = (u32)number(core);
	v->runner = (granule_t)number(runner);
	v->cspace = (granule_t)number(cspace);
	v->cspace_serial = number(serial);
	return Val_unit;
}

value lock_expect_core_bytes(value *a, int n)
{
	(void)n;
	return lock_expect_core(a[0], a[1], a[2], a[3], a[4]);
}

value lock_expect_stream(value stream, value domain, value connected)
{
	expected.domain[number(stream)] = (granule_t)number(domain);
	expected.connected[number(stream)] = (granule_t)number(connected);
	return Val_unit;
}

value lock_expect_words(value g, value count, value word)
{
	for (u64 i = 0; i < number(count); i++) {
		expected.word[number(g) + i] = number(word);
	}
	return Val_unit;
}

value lock_expect_vmids(value left)
{
	expected.vmids_left = (u32)number(left);
	return Val_unit;
}

value lock_expect_unmeasured(value g)
{
	memset(expected.vspace[number(g)].measurement, 0, sizeof(expected.vspace[0].measurement));
	return Val_unit;
}

/* docs/decisions/0006-sealing.md: M = SHA-256(M || record). */
value lock_expect_measured(value g, value kind, value a, value b, value c, value frame)
{
	u64 *m = expected.vspace[number(g)].measurement[0];
	u64 message[12] = {m[0], m[1], m[2], m[3], number(kind), number(a), number(b), number(c)};

	if (number(kind) == MEASURED_CONTENT) {
		static u64 content[512 * 512];

		native_ram_read(number(frame) * 4096u, content, number(b));
		sha256(content, number(b), message + 8);
	}
	sha256(message, sizeof(message), m);
	return Val_unit;
}

value lock_expect_measured_bytes(value *a, int n)
{
	(void)n;
	return lock_expect_measured(a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- the kernel's state against it ---- */

static u32 wrong_at;

value lock_where(value unit)
{
	(void)unit;
	return Val_long(wrong_at);
}

static bool has_streams(granule_t vspace)
{
	for (u32 s = 0; s < PLATFORM_STREAMS; s++) {
		if (expected.domain[s] == vspace) {
			return true;
		}
	}
	return false;
}

static bool stream_differs(u32 s)
{
	granule_t domain = expected.domain[s], connected = expected.connected[s];

	return (stream_attached[s] != 0u ? stream_domain[s] : GRANULE_NONE) != domain ||
	       native_stream[s].connected != (connected != GRANULE_NONE) ||
	       (connected != GRANULE_NONE && (native_stream[s].vmid != vspace_at(connected)->vmid ||
					      native_stream[s].root != granule_address(connected + 1u)));
}

static bool vspace_differs(granule_t g)
{
	const struct vspace *e = &expected.vspace[g], *v = vspace_at(g);

	return (v->streams != 0u) != has_streams(g) || e->guest != v->guest || e->life != v->life || e->vmid != v->vmid || e->serial != v->serial ||
	       e->policy != v->policy || memcmp(e->vcpu, v->vcpu, sizeof(e->vcpu)) != 0 ||
	       memcmp(e->measurement, v->measurement, sizeof(e->measurement)) != 0;
}

static bool vcpu_differs(granule_t g)
{
	const struct vcpu *e = &expected.vcpu[g], *v = vcpu_at(g);

	return e->vspace != v->vspace || e->index != v->index || e->guest != v->guest || e->power != v->power ||
	       e->exiting != v->exiting || e->core != v->core || e->runner != v->runner || e->cspace != v->cspace ||
	       e->cspace_serial != v->cspace_serial;
}

static bool word_differs(granule_t g)
{
	u8 state = expected.state[g];

	if (state != GRANULE_FREE && state != GRANULE_PRIVATE && state != GRANULE_SHARED && state != GRANULE_TAIL) {
		return false;
	}
	u64 word = 0;

	native_ram_read((u64)g * GRANULE_SIZE, &word, sizeof(word));
	return word != expected.word[g];
}

/* 0: the same; otherwise what differs, and lock_where() says which granule. Content of frames of 2 MiB: of their first
 * granule unless `every`. */
value lock_compare(value small, value every)
{
	if (memcmp(granule_state, expected.state, sizeof(expected.state)) != 0 ||
	    memcmp(granule_owner, expected.owner, sizeof(expected.owner)) != 0 ||
	    memcmp(granule_place, expected.place, sizeof(expected.place)) != 0) {
		for (wrong_at = 0; granule_state[wrong_at] == expected.state[wrong_at] &&
				   granule_owner[wrong_at] == expected.owner[wrong_at] &&
				   granule_place[wrong_at] == expected.place[wrong_at];) {
			wrong_at++;
		}
		return Val_long(1);
	}
	if (vmid_left() != expected.vmids_left) {
		return Val_long(2);
	}
	for (wrong_at = 0; wrong_at < PLATFORM_STREAMS; wrong_at++) {
		if (stream_differs(wrong_at)) {
			return Val_long(7);
		}
	}
	for (granule_t g = 0; g < WORLD; g++) {
		u8 state = expected.state[g];

		wrong_at = g;
		if (state == GRANULE_KERNEL || (!Bool_val(every) && g >= number(small) && g % 512u != 0u)) {
			continue;
		}
		if (expected.linked[g] && memcmp(table_at(g), expected.entries[g], GRANULE_SIZE) != 0) {
			return Val_long(3);
		}
		if (state == GRANULE_VSPACE && vspace_differs(g)) {
			return Val_long(4);
		}
		if (state == GRANULE_VCPU && vcpu_differs(g)) {
			return Val_long(5);
		}
		if (word_differs(g)) {
			return Val_long(6);
		}
	}
	return Val_long(0);
}

/* ---- what the hardware was told: table writes, invalidations, scrubs and hashes, in order ---- */

/* The interrupt controller and other cores, in calls whose model says what they are told. */
static bool tells;

static bool is_compared(enum native_operation o)
{
	if (o == NATIVE_IRQ_ENABLE || o == NATIVE_IRQ_DISABLE || o == NATIVE_IRQ_DEACTIVATE || o == NATIVE_KICK) {
		return tells;
	}
	return o == NATIVE_TABLES_WRITTEN || o == NATIVE_INVALIDATE_IPA || o == NATIVE_INVALIDATE_VSPACE ||
	       o == NATIVE_SCRUB || o == NATIVE_HASH || o == NATIVE_STREAM_CONNECT || o == NATIVE_STREAM_CUT ||
	       o == NATIVE_STREAM_INVALIDATE_IPA || o == NATIVE_STREAM_INVALIDATE_VSPACE;
}

static struct native_event told[4096];
static u32 told_count, told_at;

static void tell(enum native_operation o, u64 a, u64 b, u64 c)
{
	if (told_count < 4096u) {
		told[told_count] = (struct native_event){o, a, b, c};
	}
	told_count++;
}

value lock_told_written(value unit)
{
	tell(NATIVE_TABLES_WRITTEN, 0, 0, 0);
	return unit;
}

value lock_told_invalidate(value vmid, value vspace, value ipa)
{
	tell(NATIVE_INVALIDATE_IPA, number(vmid), granule_address((granule_t)number(vspace) + 1u), number(ipa));
	return Val_unit;
}

value lock_told_invalidate_all(value vmid, value vspace)
{
	tell(NATIVE_INVALIDATE_VSPACE, number(vmid), granule_address((granule_t)number(vspace) + 1u), 0);
	return Val_unit;
}

value lock_told_connect(value stream, value vmid, value vspace)
{
	tell(NATIVE_STREAM_CONNECT, number(stream), number(vmid), granule_address((granule_t)number(vspace) + 1u));
	return Val_unit;
}

value lock_told_cut(value stream)
{
	tell(NATIVE_STREAM_CUT, number(stream), 0, 0);
	return Val_unit;
}

value lock_told_stream_invalidate(value vmid, value ipa)
{
	tell(NATIVE_STREAM_INVALIDATE_IPA, number(vmid), number(ipa), 0);
	return Val_unit;
}

value lock_told_stream_invalidate_all(value vmid)
{
	tell(NATIVE_STREAM_INVALIDATE_VSPACE, number(vmid), 0, 0);
	return Val_unit;
}

value lock_told_scrub(value first, value count)
{
	tell(NATIVE_SCRUB, number(first), number(count), 0);
	return Val_unit;
}

value lock_told_hash(value first, value count)
{
	tell(NATIVE_HASH, number(first), number(count), 0);
	return Val_unit;
}

/* Both logs are the same; both are emptied. */
value lock_log_agrees(value unit)
{
	bool agrees = true;

	(void)unit;
	told_at = 0;
	for (u32 i = 0; i < native_events() && agrees; i++) {
		struct native_event e = native_event(i);

		if (!is_compared(e.operation)) {
			continue;
		}
		const struct native_event *t = &told[told_at];

		agrees = told_at < told_count && e.operation == t->operation && e.a == t->a && e.b == t->b &&
			 (e.operation == NATIVE_HASH ||
			  (e.operation == NATIVE_SCRUB ? e.c != GRANULE_FREE : e.c == t->c)); /* free only when zero */
		told_at++;
	}
	agrees = agrees && told_at == told_count;
	told_count = 0;
	native_forget_log();
	return Val_bool(agrees);
}

/* ---- calls ---- */

value lock_write(value g, value word)
{
	static u64 page[512];

	page[0] = number(word);
	native_ram_write(number(g) * GRANULE_SIZE, page, sizeof(page));
	return Val_unit;
}

static u64 state_set(granule_t vcpu, u64 base, u64 top, u64 state)
{
	struct vcpu *v = vcpu_at(vcpu);

	v->x[0] = 0xc4000197u;
	v->x[1] = base;
	v->x[2] = top;
	v->x[3] = state;
	v->core = 0;
	cores[0].current = vcpu;
	(void)rsi_call(0);
	v->core = CORE_NONE;
	cores[0].current = GRANULE_NONE;
	return v->x[0] != 0u ? 1u : v->x[1] << 2 | (v->x[2] != 0u ? 2u : 0u);
}

/* What a part-wise function answers: what is left of the budget, twice, and one more when it is done. */
static u64 part(bool done, const u32 *budget)
{
	return (u64)*budget * 2u + (done ? 1u : 0u);
}

/* The SMMU reports the same event so many times. */
static void report_events(u64 stream, u64 ipa, u64 count)
{
	native.stream_event = (struct stream_event){(u32)stream, ipa, stream % 3u, 0x10u + stream};
	native.stream_events = (u32)count;
}

static u64 fault_of(u32 stream)
{
	u64 r[4];

	stream_fault(stream, r);
	return r[0] + (r[1] << 20) + (r[2] << 50) + (r[3] << 52);
}

/* ---- running: registers of the vCPU, of its runner and of one that it starts, as the model numbers them ---- */

#define REGISTERS 53u /* from 41 on as vcpu_debug numbers them from 32 on */
enum who { VCPU, RUNNER, STARTED };

static u64 given[3][REGISTERS], wanted[3][REGISTERS];
static u32 wrong_register;

static u64 halves(value high, value low)
{
	return number(high) << 32 | number(low);
}

value lock_register(value who, value at, value high, value low)
{
	given[number(who)][number(at)] = halves(high, low);
	return Val_unit;
}

value lock_want(value who, value at, value high, value low)
{
	wanted[number(who)][number(at)] = halves(high, low);
	return Val_unit;
}

value lock_random_is(value has, value out, value high, value low)
{
	native.has_random = Bool_val(has);
	native.no_entropy = Bool_val(out);
	native.random = halves(high, low);
	return Val_unit;
}

/* Half a word of a measurement, as it is expected. */
value lock_digest(value vspace, value number_, value word, value high)
{
	u64 w = expected.vspace[number(vspace)].measurement[number(number_)][number(word)];

	return Val_long((long)(number(high) != 0u ? w >> 32 : w & 0xffffffffu));
}

/* RSI_MEASUREMENT_EXTEND: the value is in the registers given for a started vCPU. */
value lock_expect_extended(value vspace, value number_, value bytes)
{
	u64 *m = expected.vspace[number(vspace)].measurement[number(number_)];
	u64 message[12] = {m[0], m[1], m[2], m[3]};

	memcpy(message + 4, given[STARTED], 64);
	sha256(message, 32u + number(bytes), m);
	return Val_unit;
}

value lock_expect_content(value g, value high, value low)
{
	expected.word[number(g)] = halves(high, low);
	return Val_unit;
}

value lock_peek(value g, value word, value high)
{
	u64 w = 0;

	native_ram_read(number(g) * GRANULE_SIZE + number(word) * 8u, &w, sizeof(w));
	return Val_long((long)(number(high) != 0u ? w >> 32 : w & 0xffffffffu));
}

/* What the hardware answers when it is asked. */
value lock_answers(value pending, value wake_high, value wake_low, value known, value id)
{
	native.interrupt_pending = Bool_val(pending);
	native.timer_wake = halves(wake_high, wake_low);
	native.id_register_known = Bool_val(known);
	native.id_register = number(id);
	return Val_unit;
}

value lock_answers_bytes(value *a, int n)
{
	(void)n;
	return lock_answers(a[0], a[1], a[2], a[3], a[4]);
}

static u64 syndrome[3];

value lock_syndrome(value at, value high, value low)
{
	syndrome[number(at)] = halves(high, low);
	return Val_unit;
}

static u64 *system_register(struct vcpu *v, u32 i)
{
	u64 *all[] = {&v->pstate, &v->el1.sp_el0, &v->el1.sp_el1, &v->el1.elr_el1, &v->el1.spsr_el1, &v->el1.esr_el1,
		      &v->el1.far_el1, &v->el1.vbar_el1, &v->el1.sctlr_el1, &v->el1.tcr_el1, &v->el1.ttbr0_el1, &v->el1.ttbr1_el1};

	return all[i - 41u];
}

static void load(granule_t g, const u64 r[REGISTERS])
{
	struct vcpu *v = vcpu_at(g);

	memcpy(v->x, r, sizeof(v->x));
	v->pc = r[31];
	v->awaits = (u16)r[32];
	v->awaits_register = (u16)r[33];
	v->awaits_size = (u16)r[34];
	v->awaits_signed = (u16)r[35];
	memcpy(v->vgic.list, r + 36, sizeof(v->vgic.list));
	v->vgic.ends = r[40];
	for (u32 i = 41; i < REGISTERS; i++) {
		*system_register(v, i) = r[i];
	}
}

static void differ(granule_t g, const u64 r[REGISTERS], u32 who)
{
	struct vcpu *v = vcpu_at(g);
	const u64 awaits[4] = {v->awaits, v->awaits_register, v->awaits_size, v->awaits_signed};

	for (u32 i = 0; i < REGISTERS && wrong_register == 0u; i++) {
		u64 have = i < 31u ? v->x[i] : i == 31u ? v->pc : i < 36u ? awaits[i - 32u] :
			   i < 40u ? v->vgic.list[i - 36u] : i == 40u ? v->vgic.ends : *system_register(v, i);

		wrong_register = have != r[i] && !(i > 32u && i < 36u && v->awaits == 0u) ? 1u + who * 100u + i : 0u;
	}
}

/* 0: the registers are as wanted; otherwise 1 + number of the register + 100 for the runner's, 200 for a started one's. */
value lock_wrong_register(value unit)
{
	(void)unit;
	return Val_long(wrong_register);
}

static void enter(granule_t vcpu, granule_t runner)
{
	wrong_register = 0;
	load(vcpu, given[VCPU]);
	load(runner, given[RUNNER]);
	vcpu_at(runner)->core = 0;
	vcpu_at(runner)->chain = 1;
	vcpu_at(runner)->deadline = NIE_NEVER;
	vcpu_at(runner)->kicked = 0;
	vcpu_at(vcpu)->kicked = 0;
	cores[0].interrupt = 0;
	cores[0].current = runner;
}

static void leave_core(granule_t vcpu, granule_t runner)
{
	vcpu_at(vcpu)->core = CORE_NONE;
	vcpu_at(vcpu)->runner = GRANULE_NONE;
	vcpu_at(runner)->core = CORE_NONE;
	cores[0].current = GRANULE_NONE;
}

/* 0: the vCPU goes on; 1: its runner does; 2: it goes on with an undefined instruction. */
static u64 trap(granule_t vcpu, granule_t runner, granule_t started)
{
	enter(vcpu, runner);
	vcpu_at(vcpu)->core = 0;
	vcpu_at(vcpu)->runner = runner;
	cores[0].current = vcpu;
	trap_sync(0, syndrome[0], syndrome[1], syndrome[2]);
	u64 result = cores[0].current == runner ? 1u : native_count(NATIVE_UNDEFINED) != 0u ? 2u : 0u;

	differ(vcpu, wanted[VCPU], VCPU);
	differ(runner, wanted[RUNNER], RUNNER);
	if (started != GRANULE_NONE) {
		differ(started, wanted[STARTED], STARTED);
	}
	leave_core(vcpu, runner);
	return result;
}

static u64 run(granule_t vcpu, granule_t runner, u64 until)
{
	u64 was = vcpu_at(vcpu)->core;

	enter(vcpu, runner);
	const u64 args[6] = {until, given[STARTED][1], given[STARTED][2], given[STARTED][3], given[STARTED][4], given[STARTED][5]};
	u64 result = vcpu_run(0, vcpu, args);
	const struct vcpu *v = vcpu_at(vcpu);

	if (result == NIE_OK && (v->core != 0u || v->runner != runner || cores[0].current != vcpu || v->deadline != until ||
				 v->run_flags != given[STARTED][5])) {
		result = 0x7777;
	}
	differ(vcpu, wanted[VCPU], VCPU);
	leave_core(vcpu, runner);
	vcpu_at(vcpu)->core = (u32)was;
	return result;
}

static u64 debug(granule_t vcpu, u64 what, u64 at)
{
	u64 old = 0;

	wrong_register = 0;
	load(vcpu, given[VCPU]);
	u64 result = vcpu_debug(vcpu, what, at, given[STARTED][0], &old);

	differ(vcpu, wanted[VCPU], VCPU);
	if (result == NIE_OK && old != given[STARTED][1]) {
		result = 0x7777;
	}
	return result;
}

#include "chains.h"

static u64 invoke(u64 which, const u64 a[7])
{
	granule_t g = (granule_t)a[0], v = (granule_t)a[1];
	u32 budget = (u32)a[2];

	switch (which) {
	case 0:
		return vspace_map_private(g, v, a[2], a[3]);
	case 1:
		return vspace_map_shared(g, v, a[2], a[3]);
	case 2:
		return vspace_map_device((u32)a[0], v, a[2], a[3]);
	case 3:
		return vspace_map_table(g, v, a[2], a[3]);
	case 4:
		return vspace_donate(g, v, a[2], a[3]);
	case 5:
		return vspace_expect_ram(g, a[1], a[2], a[3]);
	case 6:
		return vspace_activate(g, a[1]);
	case 7:
		(void)vspace_unmap_private(g);
		return 0;
	case 8:
		(void)vspace_unmap_shared(g, v, a[2]);
		return 0;
	case 9:
		(void)vspace_unmap_device((u32)a[0], v, a[2]);
		return 0;
	case 10:
		cnode_make(g, (u32)a[1], a[2]);
		return 0;
	case 11:
		table_make(g);
		return 0;
	case 12:
		vcpu_make(g);
		return 0;
	case 13:
		frame_make(g, a[1] != 0u, a[2] != 0u);
		return 0;
	case 14:
		vspace_make(g, a[1] != 0u);
		return 0;
	case 15:
		return part(cnode_destroy(g, (u32)a[1], &budget), &budget);
	case 16:
		return part(table_destroy(g, &budget), &budget);
	case 17:
		return part(frame_destroy(g, &budget), &budget);
	case 18:
		return part(vspace_kill(g, &budget), &budget);
	case 19:
		return part(vspace_destroy(g, &budget), &budget);
	case 20:
		return part(vcpu_destroy(g, &budget), &budget);
	case 21:
		return state_set(g, a[1], a[2], a[3]);
	case 22:
		return vcpu_configure(g, v, a[2], (granule_t)a[3], a[4], a[5], a[6]);
	/* What happens when vCPUs run, which the model does not know: one is on a core or no longer; a guest powers off. */
	case 23:
		vcpu_at(g)->core = (u32)a[1];
		return 0;
	case 24:
		vspace_at(g)->life = VSPACE_ENDED;
		return 0;
	case 25:
		report_events(a[2], a[3], a[4]);
		return stream_attach((u32)a[0], v);
	case 26:
		(void)stream_detach((u32)a[0], v);
		return 0;
	case 27:
		report_events(a[1], a[2], a[3]);
		return fault_of((u32)a[0]);
	case 28:
		return trap(g, v, (granule_t)a[2]);
	case 29:
		return run(g, v, a[2]);
	case 30:
		return debug(g, a[1], a[2]);
	case 32:
		vcpu_at(g)->power = VCPU_ON;
		return 0;
	default:
		return chains(which, a);
	}
}

/* -1: the machine stopped. */
value lock_call(value which, value a, value b, value c, value d, value e, value f, value g)
{
	const u64 arguments[7] = {number(a), number(b), number(c), number(d), number(e), number(f), number(g)};

	native.stream_events = 0;
	if (setjmp(stopped) != 0) {
		return Val_long(-1);
	}
	return Val_long((long)invoke(number(which), arguments));
}

value lock_call_bytes(value *a, int n)
{
	(void)n;
	return lock_call(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
}
