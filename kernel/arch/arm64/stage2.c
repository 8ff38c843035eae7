/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLB maintenance for stage 2. The instructions act on the VMID in VTTBR_EL2 (Arm ARM D8.16.5), so
 * that of the VSpace in question is put there for the time.
 */
#include "arch.h"

void hw_tables_written(void)
{
	dsb(ishst);
}

static u64 vttbr_set(u64 value)
{
	u64 before = read_sysreg(vttbr_el2);

	if (before != value) {
		write_sysreg(vttbr_el2, value);
		isb();
	}
	return before;
}

static void vttbr_restore(u64 before, u64 value)
{
	if (before != value) {
		write_sysreg(vttbr_el2, before);
		isb();
	}
}

void hw_invalidate_ipa(u32 vmid, u64 root, u64 ipa)
{
	u64 value = (u64)vmid << 48 | root;

	dsb(ishst);
	u64 before = vttbr_set(value);

	tlbi_va(ipas2e1is, ipa);
	dsb(ish);
	tlbi(vmalle1is); /* what combines stage 1 and stage 2 is found by VA only */
	dsb(ish);
	isb();
	vttbr_restore(before, value);
}

void hw_invalidate_vspace(u32 vmid, u64 root)
{
	u64 value = (u64)vmid << 48 | root;

	dsb(ishst);
	u64 before = vttbr_set(value);

	tlbi(vmalls12e1is);
	dsb(ish);
	isb();
	vttbr_restore(before, value);
}
