/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_PCI_H
#define VMM_PCI_H

#include "bus.h"
#include "config.h"

/*
 * The host bridge of a guest with devices of its own: on bus 0 its functions, at the numbers that they have on the
 * machine, and nothing else. Configuration space is ours: a guest sees identity, BARs and virtio's capabilities,
 * and may switch memory, bus mastering and INTx. BARs lie at the same addresses as on the machine, fixed; an access there
 * is passed on. The guest's lock protects all of this.
 */
#define PCI_BARS 6u

struct pci_function {
	const struct device_config *config;
	u32 bar[PCI_BARS];       /* as the guest reads it */
	u32 bar_mask[PCI_BARS];  /* after all ones were written; 0: there is none */
	bool bar_sizing[PCI_BARS];
	u8 line;                 /* the register: software's own */
	bool raised;             /* its interrupt is on its way to the guest, or being handled */
	bool stopped;
	u64 faults;
};

struct guest;

struct pci {
	struct pci_function function[GUEST_DEVICES_MAX];
	u32 count;
};

/* Devices as after a reset, their BARs placed, on the bus of a guest that begins. */
bool pci_attach(struct pci *pci, const struct guest_config *g, struct bus *bus);
/* While the guest is built: its memory is what its devices reach. */
u64 pci_connect(struct guest *g, u64 vspace);
/* The guest ended: no bus mastering, no interrupts. */
void pci_stop(struct guest *g);

/* Once, on the core that is to hear of the devices' interrupts. */
struct vmm;
void pci_start(struct vmm *vmm);
/* An interrupt arrived, perhaps one of these; no guest's lock is held. */
void pci_interrupt(struct vmm *vmm);
/* The guest is done with one of its interrupts. Its lock is held. */
void pci_interrupt_ended(struct guest *g, u32 intid);

/* Configuration space of one function, as its guest sees it. */
u64 pci_config_read(const struct pci_function *f, u64 offset, u32 size);
void pci_config_write(struct pci_function *f, u64 offset, u32 size, u64 value);

#endif
