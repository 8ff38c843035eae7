/* SPDX-License-Identifier: Apache-2.0 */
#include "pci.h"

#include "console.h"
#include "guest.h"
#include "nie/error.h"
#include "nie/stubs.h"

#define COMMAND 1u /* words of configuration space */
#define COMMAND_OFF 0x400u /* no memory, no bus mastering, INTx disabled */
#define BAR0 4u
#define BAR_IO 1u
#define BAR_FLAGS 0xfu
#define BAR_64 4u
#define FUNCTION_SHIFT 12u
#define STORM 256u      /* faults after which a device is cut off */
#define FAULTS_SHOWN 8u
#define ALL_ONES (~0ul)

static volatile u32 *config_of(const struct pci_function *f)
{
	return (volatile u32 *)f->config->config;
}

/* Ask each BAR for its size, and give it the next place in the function's window. */
static void place_bars(struct pci_function *f)
{
	volatile u32 *config = config_of(f);
	u64 offset = 0;

	for (u32 i = 0; i < PCI_BARS; i++) {
		config[BAR0 + i] = 0xffffffffu;
		u32 mask = config[BAR0 + i];
		u64 size = (u32)~(mask & ~BAR_FLAGS) + 1ul;
		u64 at = (offset + size - 1u) / size * size;
		bool wide = (mask & BAR_IO) == 0u && (mask & BAR_64) != 0u;

		config[BAR0 + i] = 0;
		if (mask == 0u || (mask & BAR_IO) != 0u || at + size > GUEST_PCI_WINDOW) {
			continue;
		}
		f->bar_mask[i] = mask;
		f->bar[i] = (u32)(f->config->window + at) | (mask & BAR_FLAGS);
		config[BAR0 + i] = (u32)(f->config->window + at);
		offset = at + (size < NIE_PAGE_SIZE ? NIE_PAGE_SIZE : size);
		if (wide && i + 1u < PCI_BARS) {
			i++;
			config[BAR0 + i] = 0;
			f->bar_mask[i] = 0xffffffffu;
		}
	}
}

static struct pci_function *function_at(struct pci *pci, u32 number)
{
	for (u32 i = 0; i < pci->count; i++) {
		if (pci->function[i].config->number == number) {
			return &pci->function[i];
		}
	}
	return NULL;
}

static u64 bridge_read(void *state, const struct bus_access *a)
{
	const struct pci_function *f = function_at(state, (u32)(a->offset >> FUNCTION_SHIFT));

	return f == NULL ? bus_part(ALL_ONES, 0, a->size) : pci_config_read(f, a->offset % NIE_PAGE_SIZE, a->size);
}

static void bridge_write(void *state, const struct bus_access *a, u64 value)
{
	struct pci_function *f = function_at(state, (u32)(a->offset >> FUNCTION_SHIFT));

	if (f != NULL) {
		pci_config_write(f, a->offset % NIE_PAGE_SIZE, a->size, value);
	}
}

/* Where we have mapped what a guest accesses in its window; 0: not there. */
static u64 register_at(struct pci *pci, u64 offset)
{
	for (u32 i = 0; i < pci->count; i++) {
		const struct device_config *c = pci->function[i].config;
		u64 within = GUEST_PCI_MEMORY + offset - c->window;

		if (GUEST_PCI_MEMORY + offset >= c->window && within < GUEST_PCI_REGISTERS) {
			return c->bars + within;
		}
	}
	return 0;
}

static u64 memory_read(void *state, const struct bus_access *a)
{
	u64 at = register_at(state, a->offset);

	if (at == 0u) {
		return bus_part(ALL_ONES, 0, a->size);
	}
	switch (a->size) {
	case 1:
		return *(volatile u8 *)at;
	case 2:
		return *(volatile u16 *)at;
	case 4:
		return *(volatile u32 *)at;
	default:
		return *(volatile u64 *)at;
	}
}

static void memory_write(void *state, const struct bus_access *a, u64 value)
{
	u64 at = register_at(state, a->offset);

	if (at == 0u) {
		return;
	}
	switch (a->size) {
	case 1:
		*(volatile u8 *)at = (u8)value;
		break;
	case 2:
		*(volatile u16 *)at = (u16)value;
		break;
	case 4:
		*(volatile u32 *)at = (u32)value;
		break;
	default:
		*(volatile u64 *)at = value;
		break;
	}
}

bool pci_attach(struct pci *pci, const struct guest_config *g, struct bus *bus)
{
	const struct bus_device config = {"PCI configuration", GUEST_PCI_CONFIG, GUEST_PCI_CONFIG_SIZE, pci, bridge_read,
					  bridge_write};
	const struct bus_device memory = {"PCI memory", GUEST_PCI_MEMORY, GUEST_PCI_MEMORY_SIZE, pci, memory_read,
					  memory_write};

	pci->count = g->devices;
	for (u32 i = 0; i < g->devices; i++) {
		pci->function[i] = (struct pci_function){.config = &g->device[i]};
		config_of(&pci->function[i])[COMMAND] = COMMAND_OFF;
		place_bars(&pci->function[i]);
	}
	return g->devices == 0u || (bus_add(bus, &config) && bus_add(bus, &memory));
}

u64 pci_connect(struct guest *g, u64 vspace)
{
	u64 status = NIE_OK;

	for (u32 i = 0; i < g->pci.count && status == NIE_OK; i++) {
		status = nie_stream_attach(g->pci.function[i].config->stream, vspace);
	}
	return status;
}

void pci_start(struct vmm *vmm)
{
	const struct config *c = vmm->config;

	if (c->smmu_irq == 0u) {
		return;
	}
	nie_irq_bind(c->smmu_irq);
	for (u32 n = 0; n < c->guests; n++) {
		for (u32 i = 0; i < c->guest[n].devices; i++) {
			*(volatile u32 *)(c->guest[n].device[i].config + 4u * COMMAND) = COMMAND_OFF;
			nie_irq_bind(c->guest[n].device[i].irq);
		}
	}
}

static bool is_pending(u32 irq)
{
	u64 pending = 0;

	return nie_irq_poll(irq, &pending) == NIE_OK && pending != 0u;
}

static void tell_faults(const struct guest *g, struct pci_function *f)
{
	struct nie_stream_fault_results fault = {0};
	u32 number = f->config->number;

	if (nie_stream_fault(f->config->stream, &fault) != NIE_OK || fault.faults == 0u) {
		return;
	}
	if (f->faults < FAULTS_SHOWN) {
		console_print("%s: its device 00:%02x.%u, stream %u, may not %s 0x%lx: %s", g->config->name, number / 8u,
			      number % 8u, number, (fault.access & 2u) != 0u ? "write" : "read", fault.ipa,
			      fault.event == 0x10u ? "nothing is mapped there" : "what is mapped there forbids it");
	}
	f->faults += fault.faults;
	if (f->faults >= STORM && !f->stopped) {
		f->stopped = true;
		nie_stream_detach(f->config->stream);
		console_print("%s: its device 00:%02x.%u is cut off after %lu faults", g->config->name, number / 8u,
			      number % 8u, f->faults);
	}
}

void pci_stop(struct guest *g)
{
	for (u32 i = 0; i < g->pci.count; i++) {
		struct pci_function *f = &g->pci.function[i];

		config_of(f)[COMMAND] = COMMAND_OFF;
		tell_faults(g, f);
		if (f->faults != 0u) {
			console_print("%s: its device 00:%02x.%u was refused %lu times", g->config->name, f->config->number / 8u,
				      f->config->number % 8u, f->faults);
			f->faults = 0;
		}
		f->raised = false;
		nie_irq_ack(f->config->irq);
	}
}

static void look_at(struct guest *g, bool faults)
{
	lock_take(&g->lock);
	for (u32 i = 0; i < g->pci.count; i++) {
		struct pci_function *f = &g->pci.function[i];

		if (faults) {
			tell_faults(g, f);
		}
		/* It stays active, and so quiet, until the guest is done with it. */
		if (g->phase == GUEST_RUNNING && !f->raised && is_pending(f->config->irq)) {
			f->raised = true;
			vgic_set_line(&g->vgic, f->config->intid, true);
		}
	}
	lock_release(&g->lock);
}

void pci_interrupt(struct vmm *vmm)
{
	bool faults;

	if (vmm->config->smmu_irq == 0u) {
		return; /* no guest has a device */
	}
	faults = is_pending(vmm->config->smmu_irq);
	if (faults) {
		nie_irq_ack(vmm->config->smmu_irq); /* before the queue is emptied: what comes then raises it again */
	}
	for (u32 n = 0; n < vmm->config->guests; n++) {
		if (vmm->config->guest[n].devices != 0u) {
			look_at(&vmm->guest[n], faults);
		}
	}
}

void pci_interrupt_ended(struct guest *g, u32 intid)
{
	for (u32 i = 0; i < g->pci.count; i++) {
		struct pci_function *f = &g->pci.function[i];

		if (f->config->intid == intid && f->raised) {
			f->raised = false;
			vgic_set_line(&g->vgic, intid, false);
			nie_irq_ack(f->config->irq); /* still asserted, it comes again */
		}
	}
}
