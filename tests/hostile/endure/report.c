/* SPDX-License-Identifier: Apache-2.0 */
#include "endure.h"

const char task_name[] = "endure";

void report(const char *name, u32 count, const u64 *numbers)
{
	print("endure: ");
	print(name);
	for (u32 i = 0; i < count; i++) {
		print(" ");
		print_number(numbers[i]);
	}
	print("\r\n");
}
