/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration space (PCI Local Bus Specification 3.0, 6.1 and 6.7). */
#include "pci.h"

#define COMMAND 0x04u
#define COMMAND_ALLOWED 0x406u /* memory, bus master, INTx disable */
#define HEADER_TYPE 0x0cu
#define HEADER_TYPE_MULTIFUNCTION (1u << 23)
#define BAR0 0x10u
#define SUBSYSTEM 0x2cu
#define CAPABILITIES 0x34u
#define INTERRUPT 0x3cu
#define HEADER_END 0x40u
#define CONFIG_END 0x100u
#define CAPABILITIES_MOST 48u
#define VENDOR 0x09u          /* virtio's structures (virtio 1.2, 4.1.4) */
#define VIRTIO_CONFIG_ACCESS 5u

static u32 physical(const struct pci_function *f, u64 offset)
{
	return *(volatile u32 *)(f->config->config + offset / 4u * 4u);
}

static u8 physical_byte(const struct pci_function *f, u64 offset)
{
	return (u8)(physical(f, offset) >> offset % 4u * 8u);
}

static bool is_visible(const struct pci_function *f, u8 at)
{
	return physical_byte(f, at) == VENDOR && physical_byte(f, at + 3u) != VIRTIO_CONFIG_ACCESS;
}

/* The first capability that a guest sees, from the one at `at` on; 0: none. MSI and MSI-X are hidden: there is no ITS. */
static u8 visible(const struct pci_function *f, u8 at)
{
	u32 i = 0;

	while (at >= HEADER_END && !is_visible(f, at) && i < CAPABILITIES_MOST) {
		at = physical_byte(f, at + 1u) & 0xfcu;
		i++;
	}
	return at >= HEADER_END && i < CAPABILITIES_MOST ? at : 0u;
}

/* A word in the body of a visible capability; the pointer to the next one leads past hidden ones. */
static u32 capability_word(const struct pci_function *f, u32 offset)
{
	u8 at = visible(f, physical_byte(f, CAPABILITIES) & 0xfcu);

	for (u32 i = 0; at != 0u && i < CAPABILITIES_MOST; i++) {
		u8 next = visible(f, physical_byte(f, at + 1u) & 0xfcu);

		if (offset >= at && offset < at + (u32)physical_byte(f, at + 2u)) {
			u32 word = physical(f, offset);

			return offset == at ? (word & 0xffff00ffu) | (u32)next << 8 : word;
		}
		at = next;
	}
	return 0;
}

static u32 word_of(const struct pci_function *f, u32 offset)
{
	u32 bar = (offset - BAR0) / 4u;

	if (offset >= HEADER_END) {
		return offset < CONFIG_END ? capability_word(f, offset) : 0u;
	}
	if (bar < PCI_BARS) {
		return f->bar_sizing[bar] ? f->bar_mask[bar] : f->bar[bar];
	}
	switch (offset) {
	case HEADER_TYPE:
		return physical(f, offset) & ~HEADER_TYPE_MULTIFUNCTION;
	case CAPABILITIES:
		return visible(f, physical_byte(f, CAPABILITIES) & 0xfcu);
	case INTERRUPT:
		return (physical(f, offset) & 0xff00u) | f->line;
	default:
		return offset < BAR0 || offset == SUBSYSTEM ? physical(f, offset) : 0u;
	}
}

u64 pci_config_read(const struct pci_function *f, u64 offset, u32 size)
{
	u64 whole = word_of(f, (u32)(offset / 4u * 4u));

	if (size == 8u) {
		whole |= (u64)word_of(f, (u32)offset + 4u) << 32;
	}
	return bus_part(whole, offset % 4u, size);
}

void pci_config_write(struct pci_function *f, u64 offset, u32 size, u64 value)
{
	u32 bar = (u32)(offset - BAR0) / 4u;

	if (offset == COMMAND && size >= 2u) {
		*(volatile u32 *)(f->config->config + COMMAND) = (u32)value & COMMAND_ALLOWED;
	} else if (offset >= BAR0 && bar < PCI_BARS && size == 4u) {
		f->bar_sizing[bar] = (u32)value == 0xffffffffu;
	} else if (offset == INTERRUPT) {
		f->line = (u8)value;
	}
}
