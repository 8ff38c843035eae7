/* SPDX-License-Identifier: Apache-2.0 */
/* What the examples' VMMs find on the native machine: a description, and a UART that keeps what is sent. */
#include "vmm_on_native.h"

#include <string.h>

#include "nie/api.h"
#include "uart.h"

char vmm_output[VMM_OUTPUT];
static u32 output_length;
static u8 image[4096];

void uart_init(u64 address, u64 irq_slot)
{
	(void)address;
	(void)irq_slot;
}

void uart_put(char byte)
{
	if (output_length + 1u < VMM_OUTPUT) {
		vmm_output[output_length++] = byte;
	}
}

void uart_drain(void (*receive)(u8 byte))
{
	(void)receive;
}

void vmm_forget_output(void)
{
	memset(vmm_output, 0, sizeof(vmm_output));
	output_length = 0;
}

/* The least that is an arm64 Image. */
static void make_image(void)
{
	const u64 text_offset = 0, image_size = sizeof(image), flags = 0xa;

	memcpy(image + 8, &text_offset, 8);
	memcpy(image + 16, &image_size, 8);
	memcpy(image + 24, &flags, 8);
	memcpy(image + 56, "ARM\x64", 4);
	memcpy(image + 64, "what the image says", 19);
}

bool config_read(const void *blob, struct config *config, const char **error)
{
	(void)blob;
	(void)error;
	make_image();
	*config = (struct config){
		.cspace = NIE_NATIVE_CSPACE, .vspace = NIE_NATIVE_VSPACE,
		.vcpus = {{NIE_NATIVE_VCPU}, 1}, .cores = {{NIE_NATIVE_CORE}, 1}, .memory = {{NIE_NATIVE_MEMORY}, 1},
		.free_slots = {NIE_NATIVE_FREE, NIE_NATIVE_SLOTS - NIE_NATIVE_FREE},
		.window = NIE_NATIVE_WINDOW, .window_size = NIE_NATIVE_WINDOW_SIZE,
		.guests = 1,
	};
	config->guest[0] = (struct guest_config){
		.name = "one", .bootargs = "", .kernel = {"image", image, sizeof(image)}, .memory = 16ul << 20, .vcpus = 1,
		.untyped = {{NIE_NATIVE_GUEST}, 1},
	};
	return true;
}
