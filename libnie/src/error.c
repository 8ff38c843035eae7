/* SPDX-License-Identifier: Apache-2.0 */
#include "nie/error.h"

#include "nie/names.h"

static size_t append(char *text, size_t size, size_t at, const char *more)
{
	for (; *more != '\0' && at + 1 < size; more++) {
		text[at++] = *more;
	}
	if (size > 0) {
		text[at] = '\0';
	}
	return at;
}

char *nie_status_text(u64 status, char *text, size_t size)
{
	u64 argument = nie_argument_of(status);
	size_t at = append(text, size, 0, nie_error_name(nie_error_of(status)));

	if (argument != 0) {
		char digits[4] = {0};
		u32 n = 0;

		if (argument >= 100) {
			digits[n++] = (char)('0' + argument / 100);
		}
		if (argument >= 10) {
			digits[n++] = (char)('0' + argument / 10 % 10);
		}
		digits[n] = (char)('0' + argument % 10);
		at = append(text, size, at, ", argument ");
		append(text, size, at, digits);
	}
	return text;
}
