/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <string.h>

#include "../../kernel/core/authority/authority.h"
#include "invariants.h"
#include "nie/iodomain.h"

#define OWN_FIRST 512u    /* granules: where UNTYPED_OWN begins */
#define UNTYPED_FIRST 4096u
#define SMALL_FIRST 1024u
#define READ_FIRST 1025u

static const struct doomed doomed_none = {GRANULE_NONE, GRANULE_NONE, GRANULE_NONE, 0};
static granule_t own_cnode, own_vspace, own_vcpu;

granule_t caller(void)
{
	return own_vcpu;
}

slot_t own_slot(u64 index)
{
	slot_t s = cnode_slot(own_cnode, index);

	assert_int_not_equal(s, SLOT_NONE);
	return s;
}

granule_t object_of(u64 index)
{
	return slot_at(own_slot(index))->object;
}

static void place_own_objects(void)
{
	own_cnode = OWN_FIRST;
	own_vspace = OWN_FIRST + 2u;
	own_vcpu = OWN_FIRST + 4u;
	cnode_create(own_cnode, 12);
	vspace_make(own_vspace, false);
	vcpu_make(own_vcpu);
	cap_place_root(own_slot(UNTYPED_OWN), NIE_TYPE_UNTYPED, NIE_RIGHTS_ALL, 21, OWN_FIRST);
	cap_place_child(own_slot(UNTYPED_OWN), own_slot(OWN_CNODE), NIE_TYPE_CNODE, 12, own_cnode);
	cap_place_child(own_slot(UNTYPED_OWN), own_slot(OWN_VSPACE), NIE_TYPE_TASK_VSPACE, 13, own_vspace);
	cap_place_child(own_slot(UNTYPED_OWN), own_slot(OWN_VCPU), NIE_TYPE_VCPU, 12, own_vcpu);
}

int world_setup(void **state)
{
	(void)state;
	native_reset();
	memset(granule_state, 0, sizeof(granule_state));
	memset(granule_owner, 0, sizeof(granule_owner));
	memset(granule_place, 0, sizeof(granule_place));
	memset(granule_state, GRANULE_KERNEL, OWN_FIRST);
	doomed = doomed_none;
	memset(stream_attached, 0, sizeof(stream_attached));
	for (u32 i = 0; i < NIE_MAX_CORES; i++) {
		cores[i] = (struct core){.current = GRANULE_NONE, .online = i < 3u};
	}
	place_own_objects();
	for (u32 i = 0; i < 3u; i++) {
		cap_place_root(own_slot(CORE0 + i), NIE_TYPE_CORE, NIE_RIGHTS_ALL, 0, i);
	}
	cap_place_root(own_slot(DEVICE), NIE_TYPE_DEVICE, NIE_RIGHTS_ALL, 12, DEVICE_PAGE);
	cap_place_root(own_slot(IRQ), NIE_TYPE_IRQ, NIE_RIGHTS_ALL, 0, DEVICE_INTID);
	cap_place_root(own_slot(IRQ_IDLE), NIE_TYPE_IRQ, NIE_RIGHTS_ALL, 0, IDLE_INTID);
	cap_place_root(own_slot(STREAM), NIE_TYPE_STREAM, NIE_RIGHTS_ALL, 0, STREAM_ID);
	cap_place_root(own_slot(STREAM_IDLE), NIE_TYPE_STREAM, NIE_RIGHTS_ALL, 0, STREAM_IDLE_ID);
	cap_place_root(own_slot(UNTYPED), NIE_TYPE_UNTYPED, NIE_RIGHTS_ALL, UNTYPED_BITS, UNTYPED_FIRST);
	cap_place_root(own_slot(UNTYPED_SMALL), NIE_TYPE_UNTYPED, NIE_RIGHTS_ALL, 12, SMALL_FIRST);
	cap_place_root(own_slot(UNTYPED_READ), NIE_TYPE_UNTYPED, NIE_RIGHT_READ, 12, READ_FIRST);
	assert_int_equal(vcpu_configure(own_vcpu, own_vspace, 0, own_cnode, 0x1000, 0, 0x2000), NIE_OK);
	vcpu_at(own_vcpu)->core = 0;
	cores[0].current = own_vcpu;
	native_forget_log();
	return 0;
}

/* Give the VMIDs back: the rest of the state is overwritten by the next set-up. */
int world_teardown(void **state)
{
	(void)state;
	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		if (granule_state[g] == GRANULE_VCPU) {
			vcpu_at(g)->core = CORE_NONE;
		}
	}
	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		while (granule_state[g] == GRANULE_VSPACE) {
			u32 budget = NIE_STEP_GRANULES;

			native_forget_log();
			(void)vspace_destroy(g, &budget);
		}
	}
	return 0;
}

u64 call_as(granule_t vcpu, u32 number, const u64 x[7])
{
	struct vcpu *v = vcpu_at(vcpu);
	u32 core = v->core;

	assert_true(core < NIE_MAX_CORES && cores[core].current == vcpu);
	memcpy(v->x, x, 7 * sizeof(u64));
	v->x[7] = 0;
	v->x[8] = number;
	hypercall(core, vcpu);
	return v->x[0];
}

u64 call_with(u32 number, const u64 x[7])
{
	return call_as(own_vcpu, number, x);
}

u64 result(u32 number)
{
	return vcpu_at(own_vcpu)->x[number];
}

granule_t make(u32 type, u32 size_bits, u64 slot)
{
	assert_int_equal(CALL(RETYPE, UNTYPED, type, size_bits, 0, slot, 1), NIE_OK);
	return object_of(slot);
}

void make_tables(u64 tables, u64 vspace, u64 ipa)
{
	(void)make(NIE_TYPE_TABLE, 12, tables);
	(void)make(NIE_TYPE_TABLE, 12, tables + 1);
	assert_int_equal(CALL(MAP_TABLE, tables, vspace, ipa / 0x40000000ul * 0x40000000ul, 2), NIE_OK);
	assert_int_equal(CALL(MAP_TABLE, tables + 1, vspace, ipa / 0x200000ul * 0x200000ul, 3), NIE_OK);
}

void make_guest(u64 vspace, u64 vcpu)
{
	(void)make(NIE_TYPE_GUEST_VSPACE, 13, vspace);
	(void)make(NIE_TYPE_VCPU, 12, vcpu);
	assert_int_equal(CALL(VCPU_CONFIGURE, vcpu, vspace, 0, 0, 0x40000000, 7, 0), NIE_OK);
	assert_int_equal(CALL(VSPACE_ACTIVATE, vspace), NIE_OK);
}

void delete_all(u64 cnode, u64 index, u32 limit)
{
	for (u32 i = 0; i < limit; i++) {
		assert_int_equal(CALL(CAP_DELETE, cnode, index), NIE_OK);
		if (result(1) == 0u) {
			return;
		}
	}
	fail_msg("cap_delete is not done after %u calls", limit);
}

void revoke_all(u64 cnode, u64 index, u32 limit)
{
	for (u32 i = 0; i < limit; i++) {
		assert_int_equal(CALL(CAP_REVOKE, cnode, index), NIE_OK);
		if (result(1) == 0u) {
			return;
		}
	}
	fail_msg("cap_revoke is not done after %u calls", limit);
}

static struct {
	u8 state[RAM_GRANULES];
	u32 owner[RAM_GRANULES];
	u32 place[RAM_GRANULES];
	struct core cores[NIE_MAX_CORES];
	struct doomed doomed;
	u32 vmids;
	u8 attached[PLATFORM_STREAMS];
	granule_t domain[PLATFORM_STREAMS];
	u8 mapped[RAM_GRANULES];
	u8 memory[RAM_SIZE];
} saved;

void state_save(void)
{
	memcpy(saved.state, granule_state, sizeof(granule_state));
	memcpy(saved.owner, granule_owner, sizeof(granule_owner));
	memcpy(saved.place, granule_place, sizeof(granule_place));
	memcpy(saved.cores, cores, sizeof(cores));
	saved.doomed = doomed;
	saved.vmids = vmid_left();
	memcpy(saved.attached, stream_attached, sizeof(stream_attached));
	memcpy(saved.domain, stream_domain, sizeof(stream_domain));
	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		saved.mapped[g] = native_is_mapped(g) ? 1 : 0;
		if (saved.mapped[g] != 0u) {
			native_ram_read((u64)g * GRANULE_SIZE, saved.memory + (u64)g * GRANULE_SIZE, GRANULE_SIZE);
		}
	}
	native_forget_log();
}

/* All but the caller's x0. What EL2 has not mapped can only change by operations that are logged. */
static bool memory_is_unchanged(void)
{
	static u8 page[GRANULE_SIZE];

	for (granule_t g = 0; g < RAM_GRANULES; g++) {
		if (saved.mapped[g] != (native_is_mapped(g) ? 1 : 0)) {
			return false;
		}
		if (saved.mapped[g] == 0u) {
			continue;
		}
		native_ram_read((u64)g * GRANULE_SIZE, page, GRANULE_SIZE);
		u64 skip = g == own_vcpu ? 9 * sizeof(u64) : 0; /* x0 to x8: the call itself */

		if (memcmp(page + skip, saved.memory + (u64)g * GRANULE_SIZE + skip, GRANULE_SIZE - skip) != 0) {
			return false;
		}
	}
	return true;
}

bool state_is_unchanged(void)
{
	return native_events() == 0u && memcmp(saved.state, granule_state, sizeof(granule_state)) == 0 &&
	       memcmp(saved.owner, granule_owner, sizeof(granule_owner)) == 0 &&
	       memcmp(saved.place, granule_place, sizeof(granule_place)) == 0 &&
	       memcmp(saved.cores, cores, sizeof(cores)) == 0 &&
	       memcmp(&saved.doomed, &doomed, sizeof(doomed)) == 0 && saved.vmids == vmid_left() &&
	       memcmp(saved.attached, stream_attached, sizeof(stream_attached)) == 0 &&
	       memcmp(saved.domain, stream_domain, sizeof(stream_domain)) == 0 &&
	       memory_is_unchanged();
}

static void must_hold(const char *broken)
{
	if (broken != NULL) {
		fail_msg("broken: %s", broken);
	}
}

void check_tree(void)
{
	must_hold(invariant_tree());
}

void check_ownership(void)
{
	must_hold(invariant_ownership(true));
	must_hold(invariant_running());
}

u32 type_at(u64 slot)
{
	return slot_at(own_slot(slot))->type;
}

void nothing_is_left(granule_t first, u32 count)
{
	for (granule_t g = first; g < first + count; g++) {
		assert_int_equal(granule_state[g], GRANULE_FREE);
		assert_true(native_is_zero(g, 1));
		assert_false(native_is_mapped(g));
	}
}

void revoke_everything(u32 limit)
{
	const struct slot *u = slot_at(own_slot(UNTYPED));

	revoke_all(0, UNTYPED, limit);
	nothing_is_left(u->object, size_granules(u->size_bits));
	assert_int_equal(CALL(CAP_INFO, UNTYPED), NIE_OK);
	assert_int_equal(result(5), 1ul << UNTYPED_BITS);
	assert_int_equal(slot_at(own_slot(UNTYPED))->next, SLOT_NONE);
	assert_false(doomed_any());
	check_tree();
	check_ownership();
}
