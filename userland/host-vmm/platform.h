/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VMM_PLATFORM_H
#define VMM_PLATFORM_H

/* What a guest sees: the map of QEMU's `virt` machine. */
#define GUEST_FIRMWARE_BASE 0x00000000ul /* flash, the first bank: QEMU's -bios is here */
#define GUEST_FLASH_BASE 0x04000000ul    /* the second one, where boot loaders keep their settings */
#define GUEST_FLASH_SIZE 0x04000000ul    /* of each */
#define GUEST_GICD_BASE 0x08000000ul
#define GUEST_GICD_SIZE 0x10000ul
#define GUEST_GICR_BASE 0x080a0000ul
#define GUEST_GICR_STRIDE 0x20000ul /* RD_base and SGI_base frames of one vCPU */
#define GUEST_GICR_SIZE 0xf60000ul  /* room that `virt` reserves */
#define GUEST_UART_BASE 0x09000000ul
#define GUEST_UART_SIZE 0x1000ul
#define GUEST_UART_INTID 33u
#define GUEST_RTC_BASE 0x09010000ul
#define GUEST_RTC_SIZE 0x1000ul
#define GUEST_RTC_INTID 34u
/* There is nothing in these places of `virt`: absent.h. */
#define GUEST_ITS_BASE 0x08080000ul
#define GUEST_ITS_SIZE 0x20000ul
#define GUEST_FW_CFG_BASE 0x09020000ul
#define GUEST_FW_CFG_SIZE 0x18ul
#define GUEST_GPIO_BASE 0x09030000ul
#define GUEST_GPIO_SIZE 0x1000ul
#define GUEST_VIRTIO_BASE 0x0a000000ul
#define GUEST_VIRTIO_STRIDE 0x200ul
#define GUEST_VIRTIO_SIZE 0x4000ul
/* PCI host bridge with ECAM, bus 0 only. 2 MiB for the BARs of each function, at the machine's addresses; tasks are given
 * the first 64 KiB. */
#define GUEST_PCI_CONFIG 0x3f000000ul
#define GUEST_PCI_CONFIG_SIZE 0x100000ul
#define GUEST_PCI_MEMORY 0x10000000ul
#define GUEST_PCI_MEMORY_SIZE 0x1000000ul
#define GUEST_PCI_WINDOW 0x200000ul
#define GUEST_PCI_REGISTERS 0x10000ul
#define GUEST_DEVICES_MAX 4u
#define GUEST_RAM_BASE 0x40000000ul
#define GUEST_PHYSICAL_TIMER_INTID 30u
#define GUEST_TIMER_INTID 27u /* virtual timer: its interrupt is the kernel's affair */

#define GUEST_VCPUS_MAX 8u
#define GUESTS_MAX 16u
#define CORES_MAX 8u
#define ALL_CORES 0xffu
#define DEFAULT_WEIGHT 100u /* of a guest's share of the cores */

#endif
