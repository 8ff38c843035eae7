/* SPDX-License-Identifier: Apache-2.0 */
#include "dma.h"

extern const u64 guest_code[], guest_code_end[];

void guest_make(struct guest *g)
{
	g->vspace = make(NIE_TYPE_GUEST_VSPACE, NIE_PAGE_BITS + 1u);
	g->vcpu = make(NIE_TYPE_VCPU, NIE_PAGE_BITS);
	nie_space_init(&g->space, g->vspace, &memory);
	g->code = page_make(NIE_TYPE_PRIVATE_FRAME, true);
	g->data = page_make(NIE_TYPE_PRIVATE_FRAME, true);
	for (u32 i = 0; guest_code + i < guest_code_end; i++) {
		g->code.here[i] = guest_code[i];
	}
	*g->data.here = GUEST_DATA;
	must(nie_space_donate(&g->space, g->code.frame, NIE_PAGE_BITS, GUEST_RAM, RIGHTS_RWX), "donating a page");
	must(nie_space_donate(&g->space, g->data.frame, NIE_PAGE_BITS, GUEST_WORD, RIGHTS_RW), "donating a page");
	must(nie_vcpu_configure(g->vcpu, g->vspace, 0, 0, GUEST_RAM, 0, 0), "vcpu_configure");
}

void guest_activate(struct guest *g)
{
	must(nie_vspace_activate(g->vspace, 0), "vspace_activate");
}

u64 guest_word(struct guest *g)
{
	struct nie_run_results r = {0};

	do { /* an interrupt ends a run too */
		must(nie_run(g->vcpu, NIE_NEVER, 0, 0, 0, 0, 0, &r), "running a guest");
	} while ((r.exit & 0xffu) == NIE_EXIT_INTERRUPT || (r.exit & 0xffu) == NIE_EXIT_KICK);
	if ((r.exit & 0xffu) != NIE_EXIT_MMIO) {
		failed("a guest does not say its word");
	}
	return r.detail2;
}
