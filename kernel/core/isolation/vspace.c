/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/vspace.h"

#include "nie/granule.h"
#include "nie/hw.h"
#include "nie/iodomain.h"
#include "nie/table.h"
#include "nie/view.h"
#include "nie/vmid.h"

static u32 next_serial = 1;

void vspace_make(granule_t g, bool guest)
{
	granule_claim(g, 1, GRANULE_VSPACE, GRANULE_NONE, 0);
	granule_claim(g + 1u, 1, GRANULE_ROOT, g, 0);
	hw_object_map(g, 2);

	struct vspace *v = vspace_at(g);

	v->guest = guest ? 1u : 0u;
	v->life = VSPACE_BUILDING;
	v->policy = 0;
	v->vmid = vmid_take();
	v->serial = next_serial;
	next_serial = next_serial == 0xffffffffu ? 1u : next_serial + 1u;
	for (u32 i = 0; i < NIE_VSPACE_VCPUS; i++) {
		v->vcpu[i] = GRANULE_NONE;
	}
}

void vspace_must_be(granule_t g, bool guest)
{
	granule_must_be(g, GRANULE_VSPACE);
	if ((vspace_at(g)->guest != 0u) != guest) {
		hw_panic(guest ? "not a guest's VSpace: granule" : "not a task's VSpace: granule", g);
	}
}

u32 vspace_serial(granule_t g)
{
	if (g >= RAM_GRANULES || granule_state[g] != GRANULE_VSPACE) {
		return 0;
	}
	return vspace_at(g)->serial;
}

/* Tell every core that runs a vCPU of this VSpace to leave it; true if there is none. */
static bool cores_left(granule_t vspace)
{
	bool left = true;

	for (u32 i = 0; i < NIE_VSPACE_VCPUS; i++) {
		granule_t g = vspace_at(vspace)->vcpu[i];

		if (g != GRANULE_NONE && vcpu_at(g)->core != CORE_NONE) {
			vcpu_at(g)->exiting = 1;
			hw_kick(vcpu_at(g)->core);
			left = false;
		}
	}
	return left;
}

bool vspace_kill(granule_t vspace, u32 *budget)
{
	granule_must_be(vspace, GRANULE_VSPACE);
	struct vspace *v = vspace_at(vspace);

	if (v->life == VSPACE_DEAD) {
		return true;
	}
	v->life = VSPACE_DYING;
	streams_cut(vspace);
	if (!cores_left(vspace) || !table_clear(vspace, vspace + 1u, 1, 0, budget)) {
		return false;
	}
	hw_invalidate_vspace(v->vmid, granule_address(vspace + 1u));
	v->life = VSPACE_DEAD;
	return true;
}

bool vspace_destroy(granule_t g, u32 *budget)
{
	struct vspace *v = vspace_at(g);

	if (!vspace_kill(g, budget) || *budget < 2u) {
		return false;
	}
	*budget -= 2u;
	for (u32 i = 0; i < NIE_VSPACE_VCPUS; i++) {
		if (v->vcpu[i] != GRANULE_NONE) {
			vcpu_at(v->vcpu[i])->vspace = GRANULE_NONE;
			vcpu_at(v->vcpu[i])->power = VCPU_CRASHED;
		}
	}
	vmid_give(v->vmid);
	granule_owner[g + 1u] = 0; /* the root table is no tail */
	granule_release(g, 2);
	return true;
}
