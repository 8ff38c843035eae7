/* SPDX-License-Identifier: Apache-2.0 */
/* One step: a core is chosen, and what it runs does something, or an interrupt arrives. */
#include "fuzz.h"

#include <string.h>

#include "../../kernel/core/authority/authority.h"
#include "kinds.h"
#include "nie/hw.h"
#include "nie/run.h"

#include "grammar.h"

#define CALLS (sizeof(grammar) / sizeof(grammar[0]))
#define RAW 0xf0u /* from this byte on: any value */
#define ESR(class, iss) ((u64)(class) << 26 | 1ul << 25 | (u64)(iss))
#define CORES 3u
#define MARK 0x5ec0ul
#define MARKED(n) (MARK << 48 | (u64)(n) << 32 | 0xfedcba98ul)

static const u64 ipas[] = {0x40000000, 0x40001000, 0x40200000, 0x40400000, 0x40401000, 0x80000000, 0, 0x1000, 0x200000,
			   NIE_SHARED_HALF, NIE_SHARED_HALF + 0x1000, NIE_SHARED_HALF + 0x200000,
			   NIE_SHARED_HALF - 0x1000, (1ul << NIE_IPA_BITS) - 0x1000, 1ul << NIE_IPA_BITS, 0x123};
#define IPAS (sizeof(ipas) / sizeof(ipas[0]))

/* Of the slots of a CSpace that hold one of these types (0: nothing), the one that `choice` says. */
static u64 pick_slot(granule_t cnode, u32 types, u8 choice)
{
	u32 found = 0;

	if (cnode == GRANULE_NONE || choice >= RAW) {
		return choice == 0xffu ? (u64)OUTSIDE : choice;
	}
	for (u32 round = 0; round < 2u; round++) {
		u32 at = 0;

		for (u32 i = 1; i < cnode_slots(cnode) && i < 512u; i++) {
			u32 type = slot_at(cnode_slot(cnode, i))->type;

			if (types == 0u ? type == 0u : type != 0u && (TYPE_SET(type) & types) != 0u) {
				if (round == 1u && at == choice % found) {
					return i;
				}
				at++;
			}
		}
		if (at == 0u) {
			return choice;
		}
		found = at;
	}
	return choice;
}

static granule_t cspace(granule_t vcpu)
{
	const struct vcpu *v = vcpu_at(vcpu);

	return v->cspace_serial != 0u && cnode_serial(v->cspace) == v->cspace_serial ? v->cspace : GRANULE_NONE;
}

/* The CNode that a place names, for a choice of its slots. */
static granule_t place_cnode(granule_t vcpu, u64 place)
{
	granule_t own = cspace(vcpu);

	if (place == 0u || own == GRANULE_NONE) {
		return own;
	}
	slot_t s = cnode_slot(own, place);

	return s != SLOT_NONE && slot_at(s)->type == NIE_TYPE_CNODE ? slot_at(s)->object : GRANULE_NONE;
}

static u64 pick_list(struct input *in, u8 choice)
{
	static const u64 lists[] = {0, 0, 0, 1ul << 62 | 1ul << 60 | 40, 1ul << 62 | 41, 3ul << 62 | 42, 1ul << 41 | 43,
				    1ul << 62 | 27, 1ul << 62 | 1020, 1ul << 61 | 1ul << 62 | 44};

	return choice >= RAW ? take_u64(in) : lists[choice % (sizeof(lists) / sizeof(lists[0]))];
}

static u64 pick_value(struct input *in, u32 kind, u32 types, granule_t vcpu, u64 place, u64 type)
{
	static const u8 sizes[] = {12, 12, 12, 21, 13, 14, 16, 22, 11, 20};
	static const u64 times[] = {NIE_NEVER, NIE_NEVER, 0, 900, 5000, 50000};
	u8 choice = take(in);

	switch (kind) {
	case KIND_SLOT:
		return pick_slot(cspace(vcpu), types, choice);
	case KIND_PLACE:
		return choice % 4u != 0u ? 0u : pick_slot(cspace(vcpu), types, choice / 4u);
	case KIND_INDEX:
		return pick_slot(place_cnode(vcpu, place), TYPES_ALL, choice);
	case KIND_INDEX_TO:
		return pick_slot(place_cnode(vcpu, place), 0, choice);
	case KIND_RIGHTS:
		return choice >= RAW ? take_u64(in) : choice % 16u;
	case KIND_TYPE:
		return choice >= RAW ? choice : 1u + choice % 8u;
	case KIND_SIZE:
		if (choice < 0x80u && (type == NIE_TYPE_TASK_VSPACE || type == NIE_TYPE_GUEST_VSPACE)) {
			return 13;
		}
		return choice >= RAW ? choice - RAW + 30u : sizes[choice % sizeof(sizes)];
	case KIND_COUNT:
		return choice >= RAW ? (u64)choice * 4u : choice % 4u;
	case KIND_IPA:
		return choice >= RAW ? take_u64(in) : ipas[choice % IPAS];
	case KIND_LEVEL:
		return choice >= RAW ? choice : 2u + choice % 2u;
	case KIND_ADDRESS:
		return choice >= RAW ? take_u64(in) : choice < 0x80u ? 0u : (u64)choice * 16u;
	case KIND_TIME:
		return times[choice % 6u];
	case KIND_LIST:
		return pick_list(in, choice);
	case KIND_FLAGS:
		return choice >= RAW ? take_u64(in) : choice % 4u;
	case KIND_DEBUG:
		if (choice < 0x80u) {
			return choice % 46u;
		}
		return choice >= RAW ? take_u64(in) : ipas[choice % IPAS] + (choice & 8u);
	case KIND_NUMBER:
		return choice >= RAW ? choice : choice % 4u;
	default:
		return choice >= RAW ? take_u64(in) : choice;
	}
}

static void hypercall_of(struct input *in, u32 core)
{
	granule_t g = cores[core].current;
	struct vcpu *v = vcpu_at(g);
	const struct grammar *c = &grammar[take(in) % CALLS];
	bool compare = g == caller() && take(in) % 16u == 0u;
	u64 x[7] = {0};
	u64 place = 0;

	for (u32 i = 0; i < c->count; i++) {
		x[i] = pick_value(in, c->arguments[i].kind, c->arguments[i].types, g, place, x[1]);
		if (c->arguments[i].kind == KIND_PLACE) {
			place = x[i];
		}
	}
	if (c->number == NIE_CALL_CAP_REVOKE && x[0] == 0u && x[1] == UNTYPED_OWN && take(in) != 7u) {
		return; /* it would end the game nearly always */
	}
	memcpy(v->x, x, sizeof(x));
	v->x[8] = c->number;
	if (compare) {
		state_save();
	}
	watch_begin(core);
	hypercall(core, g);
	bool failed = granule_state[g] == GRANULE_VCPU && cores[core].current == g && v->x[0] != NIE_OK;

	if (compare && failed && c->switches == 0u) {
		MUST(state_is_unchanged());
	}
	watch_end(core, false);
}

/* What the runner may see of the marked registers. */
static void check_filter(const struct vcpu *old, const struct vcpu *guest, const struct vcpu *r, u64 esr)
{
	u64 reason = r->x[1] % 0x100u;
	u64 allowed = 0;
	u32 number = (u32)(esr >> 16) % 32u;
	u32 size = 1u << (esr >> 22) % 4u;

	if (reason == NIE_EXIT_MMIO && (r->x[4] & 0x100u) != 0u && number < 31u) {
		allowed = size == 8u ? guest->x[number] : guest->x[number] % (1ul << size * 8u);
		MUST(r->x[3] == allowed);
	}
	if (reason == NIE_EXIT_SGI && (esr >> 5) % 32u < 31u) {
		allowed = guest->x[(esr >> 5) % 32u];
	}
	if (reason == NIE_EXIT_REGISTER && (r->x[4] & 0x100u) != 0u && (esr >> 5) % 32u < 31u) {
		allowed = guest->x[(esr >> 5) % 32u];
		MUST(r->x[3] == allowed);
	}
	for (u32 i = 2; i < 5u; i++) {
		MUST(r->x[i] >> 48 != MARK || r->x[i] == allowed);
	}
	for (u32 i = 8; i < 31u; i++) {
		MUST(r->x[i] == old->x[i]);
	}
	MUST(r->pc == old->pc && r->pstate == old->pstate);
}

static void guest_traps(struct input *in, u32 core)
{
	static const u8 classes[] = {0x16, 0x16, 0x17, 0x24, 0x24, 0x24, 0x20, 0x18, 0x01, 0x18, 0x00, 0x07, 0x19, 0x15, 0x3c, 0x2f};
	static const u32 functions[] = {0x84000000, 0x84000001, 0x84000002, 0xc4000003, 0xc4000003, 0xc4000004, 0x84000006,
					0x84000008, 0x84000009, 0x8400000a, 0x80000000, 0x80000001, 0xc4000012, 0x84000012,
					0xc4000001, 0x84000003};
	static const u32 registers[] = {0x3a3016, 0x3c3016, 0x3e3016, 0x300001, 0x200001, 0x280000, 0x3a3017,
					0x30f804, 0x30f805, 0x32f804, 0x34f805, 0x323016, 0x323017};
	granule_t g = cores[core].current;
	struct vcpu *v = vcpu_at(g);
	granule_t runner = v->runner;
	u8 choice = take(in);
	u32 class = classes[choice % sizeof(classes)];
	u32 iss = (u32)(take_u64(in) >> 32) % (1u << 25);
	u64 ipa = ipas[take(in) % IPAS] + take(in);

	for (u32 n = 0; n < 31u; n++) {
		v->x[n] = MARKED(n);
	}
	if (class == 0x16u || class == 0x17u) {
		v->x[0] = choice >= RAW ? take_u64(in) : functions[take(in) % 16u];
		v->x[1] = take(in);
		v->x[1] = v->x[1] >= RAW ? take_u64(in) : v->x[1] >= 0x80u ? functions[v->x[1] % 16u] : v->x[1] % 4u;
		v->x[2] = take(in);
		v->x[2] = v->x[2] >= RAW ? take_u64(in) : v->x[2] / 8u * 4u;
		v->x[3] = take(in);
	} else if (class == 0x18u && choice < 0x80u) {
		iss = registers[iss % 13u] | (iss & 0x3e0u);
	} else if (class == 0x24u && choice < 0xc0u) {
		iss = (iss & 0x1ff8040u) | 1u << 24 | 7u; /* described, a translation fault */
	} else if (class == 0x20u && choice < 0xc0u) {
		iss = choice < 0x80u ? 7u : 0xfu;
	}
	struct vcpu old = *vcpu_at(runner);
	u64 esr = ESR(class, iss);

	watch_begin(core);
	struct vcpu guest = *v;

	trap_sync(core, esr, ipa % GRANULE_SIZE, ipa / GRANULE_SIZE << 4);
	if (cores[core].current == runner && runner != GRANULE_NONE) {
		check_filter(&old, &guest, vcpu_at(runner), esr);
	}
	watch_end(core, true);
}

/* A task's own trap. That of a core's first task ends it for good: seldom. */
static void task_traps(struct input *in, u32 core)
{
	static const u8 classes[] = {0x01, 0x24, 0x20, 0x00, 0x24};
	u8 choice = take(in);
	u64 address = ipas[take(in) % IPAS];

	if (vcpu_at(cores[core].current)->runner == GRANULE_NONE && choice < 0xf8u) {
		choice = 0;
	}
	watch_begin(core);
	trap_sync(core, ESR(classes[choice % 5u], choice < 0x80u ? 6u : 0x4fu), address, address / GRANULE_SIZE << 4);
	watch_end(core, false);
}

static void interrupt(struct input *in, u32 core)
{
	static const u32 intids[] = {INTID_KICK, INTID_DEADLINE, INTID_MAINTENANCE, DEVICE_INTID, IDLE_INTID, 5, 1019, INTID_KICK};
	u32 intid = intids[take(in) % 8u];

	watch_begin(core);
	trap_interrupt(core, intid);
	watch_end(core, false);
}

static void hardware(struct input *in)
{
	u8 choice = take(in);
	granule_t g = cores[choice % CORES].current;

	native.now += (u64)take(in) * 100u;
	native.timer_wake = choice & 4u ? NIE_NEVER : native.now + choice;
	native.interrupt_pending = (choice & 8u) != 0u;
	native.id_register_known = (choice & 16u) != 0u;
	native.id_register = choice;
	if ((choice & 32u) != 0u && g != GRANULE_NONE && vcpu_at(g)->guest != 0u) {
		vcpu_at(g)->vgic.list[0] ^= 1ul << 62 | 27u; /* PPI 27 fires or ends */
	}
}

/* What kernel/arch does before a core leaves the kernel. */
static void resume(u32 core)
{
	if (cores[core].starting != 0u) {
		watch_begin(core);
		chain_check(core);
		watch_end(core, false);
	}
}

void play(struct input *in)
{
	u8 choice = take(in);
	u32 core = choice / 64u % CORES; /* the first core half of the time */
	granule_t g = cores[core].current;

	choice %= 64u;
	if (choice < 4u) {
		hardware(in);
	} else if (choice == 4u) {
		put_content(in);
	} else if (g == GRANULE_NONE || cores[core].starting != 0u || cores[core].waiting != 0u || choice < 10u) {
		interrupt(in, core);
	} else if (vcpu_at(g)->guest != 0u) {
		guest_traps(in, core);
	} else if (g == caller() && choice == 10u) {
		build_guest(in);
	} else if (g == caller() && choice == 11u) {
		build_task(in);
	} else if (choice == 12u) {
		task_traps(in, core);
	} else {
		hypercall_of(in, core);
	}
	resume(core);
}
