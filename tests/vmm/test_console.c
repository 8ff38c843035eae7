/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "console.h"
#include "uart.h"

static char screen[4096];
static size_t length;
static u32 typed_guest;
static char typed[16];
static u32 typed_length;

/* The machine's UART. */
void uart_put(char byte)
{
	assert_true(length + 1u < sizeof(screen));
	screen[length++] = byte == '\0' ? '@' : byte; /* as terminals call it, ^@ */
	screen[length] = '\0';
}

void uart_drain(void (*receive)(u8 byte))
{
	receive('k');
}

static void input(u32 guest, u8 byte)
{
	typed_guest = guest;
	typed[typed_length++] = (char)byte;
}

static int setup(void **state)
{
	(void)state;
	console_init(input);
	console_add_guest(0, "alpha");
	console_add_guest(1, "beta");
	length = 0;
	typed_length = 0;
	screen[0] = '\0';
	return 0;
}

static void say(u32 guest, const char *text)
{
	console_guest_bytes(guest, (const u8 *)text, (u32)strlen(text));
}

static void shows(const char *text)
{
	if (strstr(screen, text) == NULL) {
		fail_msg("'%s' is not on the screen: '%s'", text, screen);
	}
}

static void test_lines_do_not_mix(void **state)
{
	(void)state;
	say(0, "one ");
	say(1, "two\r\n");
	say(0, "three\r\n");
	console_print("%d guests", 2);
	shows("[beta]\033[0m two\r\n");
	shows("[alpha]\033[0m one three\r\n");
	shows("[nie]\033[0m 2 guests\r\n");
	assert_true(strstr(screen, "two") < strstr(screen, "one three"));
}

static void test_long_line_is_split(void **state)
{
	(void)state;
	for (u32 i = 0; i < 600u; i++) {
		console_guest_bytes(0, (const u8 *)"x", 1);
	}
	say(0, "\n");
	assert_int_equal(strspn(strchr(screen, 'x'), "x"), 512);
	assert_non_null(strstr(strstr(screen, "\r\n"), "[alpha]\033[0m xxxx"));
}

static void test_focus(void **state)
{
	(void)state;
	say(0, "login: ");
	assert_int_equal(length, 0); /* no whole line yet */
	console_input('z');
	assert_int_equal(typed_length, 0); /* nobody has the focus */
	console_input(CONSOLE_FOCUS_KEY);
	shows("console: alpha (Ctrl-] for the next)\r\n@login: ");
	console_interrupt();
	assert_int_equal(typed_length, 1);
	assert_int_equal(typed[0], 'k');
	assert_int_equal(typed_guest, 0);
	length = 0;
	say(0, "root");
	say(1, "hidden\r\n");
	assert_string_equal(screen, "root");
	console_input(CONSOLE_FOCUS_KEY);
	shows("console: beta");
	console_input(CONSOLE_FOCUS_KEY);
	shows("console: all");
	say(0, "\n");
	shows("[alpha]\033[0m login: root\r\n");
}

/* A guest's lines on its own console never start as the kernel's or the VMM's would. */
static void test_forged_lines(void **state)
{
	(void)state;
	say(0, "nie: half");
	console_input(CONSOLE_FOCUS_KEY);
	shows("\r\n@nie: half");
	length = 0;
	say(0, "\r\nnie: a\rnie: b\n\nnie: c");
	assert_string_equal(screen, "\r\n@nie: a\r@nie: b\n\n@nie: c");
	length = 0;
	console_line("nie-report");
	say(0, "x");
	assert_string_equal(screen, "\r\nnie-report\r\n@x");
	say(0, "\n");
	console_input(CONSOLE_FOCUS_KEY);
	console_input(CONSOLE_FOCUS_KEY);
	length = 0;
	say(0, "nie: d\n");
	assert_string_equal(screen, "\033[36m[alpha]\033[0m nie: d\r\n");
}

/* Among others a guest has colours, and neither moves the cursor nor asks the terminal. */
static void test_control_sequences(void **state)
{
	static const char *const lines[][2] = {
		{"a\033[1;32mb\033[0mc\n", "a\033[1;32mb\033[0mc\033[0m\r\n"},
		{"a\033[2A\033[6n\tb\a\b\n", "a\tb\r\n"},
		{"\033[>4;1ma\033]0;title\n", "a]0;title\r\n"},
		{"a\033\n", "a\r\n"}, {"a\033[\n", "a\r\n"}, {"a\033[3\n", "a\r\n"},
	};

	(void)state;
	for (u32 i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		length = 0;
		say(1, lines[i][0]);
		assert_string_equal(screen + strlen("\033[33m[beta]\033[0m "), lines[i][1]);
	}
}

/* Runs last: alpha stays ended. */
static void test_end(void **state)
{
	(void)state;
	console_input(CONSOLE_FOCUS_KEY);
	console_guest_end(0);
	say(1, "still here\n");
	shows("[beta]\033[0m still here"); /* the focus went back to all */
	length = 0;
	console_input(CONSOLE_FOCUS_KEY);
	shows("console: beta");
	console_input(CONSOLE_FOCUS_KEY);
	say(1, "last words");
	console_guest_end(1);
	shows("[beta]\033[0m last words\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lines_do_not_mix, setup),
		cmocka_unit_test_setup(test_long_line_is_split, setup),
		cmocka_unit_test_setup(test_focus, setup),
		cmocka_unit_test_setup(test_forged_lines, setup),
		cmocka_unit_test_setup(test_control_sequences, setup),
		cmocka_unit_test_setup(test_end, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
