/* SPDX-License-Identifier: Apache-2.0 */
#include "console.h"

#include <stdarg.h>
#include <stdio.h>

#include "lock.h"
#include "platform.h"
#include "uart.h"

#define LINE 512u
#define FOCUS_ALL GUESTS_MAX
#define ESCAPE '\033'

struct guest_line {
	const char *name; /* NULL: no such guest */
	bool ended;
	u32 length;
	char text[LINE];
};

static struct {
	struct lock lock;
	struct guest_line guest[GUESTS_MAX];
	u32 focus;
	bool in_line; /* the terminal's cursor is not at the start of a line */
	char last;    /* what the terminal got */
	void (*input)(u32 guest, u8 byte);
} console;

static void put(char c)
{
	uart_put(c);
	console.in_line = c != '\n' && (c != '\r' || console.in_line);
	console.last = c;
}

/* A guest's byte as it is. What starts a line with "nie:" or "@nie-report" is taken for the kernel's or this
 * program's word: a NUL, which terminals ignore, keeps a guest from starting one. */
static void put_raw(char c)
{
	bool at_start = console.last == '\0' || console.last == '\r' || console.last == '\n';

	if (at_start && c != '\r' && c != '\n') {
		put('\0');
	}
	put(c);
}

static void put_text(const char *text, u32 length)
{
	for (u32 i = 0; i < length; i++) {
		put(text[i]);
	}
}

static void put_string(const char *text)
{
	while (*text != '\0') {
		put(*text++);
	}
}

static void new_line(void)
{
	if (console.in_line) {
		put_string("\r\n");
	}
}

void console_init(void (*input)(u32 guest, u8 byte))
{
	console.focus = FOCUS_ALL;
	console.input = input;
}

void console_add_guest(u32 number, const char *name)
{
	console.guest[number].name = name;
}

void console_print(const char *format, ...)
{
	char text[LINE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	lock_take(&console.lock);
	new_line();
	put_string("\033[1m[nie]\033[0m ");
	put_string(text);
	put_string("\r\n");
	lock_release(&console.lock);
}

void console_line(const char *text)
{
	lock_take(&console.lock);
	new_line();
	put_string(text);
	put_string("\r\n");
	lock_release(&console.lock);
}

/* Colours 36, 33, 35, 32, 34, 31 in turn. */
static void put_prefix(u32 number)
{
	const char colour[6] = {'6', '3', '5', '2', '4', '1'};

	put_string("\033[3");
	put(colour[number % 6u]);
	put_string("m[");
	put_string(console.guest[number].name);
	put_string("]\033[0m ");
}

/* Length of the control sequence (ECMA-48: ESC [, parameters, final byte) that starts here, 0: none does. */
static u32 sequence_length(const char *text, u32 length)
{
	u32 i = 2;

	if (length < 2u || text[0] != ESCAPE || text[1] != '[') {
		return 0;
	}
	while (i < length && text[i] >= ' ' && text[i] < '@') {
		i++;
	}
	return i < length ? i + 1u : length;
}

static bool is_colour(const char *sequence, u32 length)
{
	for (u32 i = 2; i < length - 1u; i++) {
		if ((sequence[i] < '0' || sequence[i] > '9') && sequence[i] != ';') {
			return false;
		}
	}
	return sequence[length - 1u] == 'm';
}

/* A guest's line among others: it may have colours, but not move the cursor or ask the terminal. */
static void put_line(const char *text, u32 length)
{
	bool coloured = false;

	for (u32 i = 0; i < length;) {
		u32 sequence = sequence_length(text + i, length - i);

		if (sequence == 0u) {
			if ((u8)text[i] >= 0x20u || text[i] == '\t') {
				put(text[i]);
			}
			i++;
			continue;
		}
		if (is_colour(text + i, sequence)) {
			put_text(text + i, sequence);
			coloured = true;
		}
		i += sequence;
	}
	put_string(coloured ? "\033[0m\r\n" : "\r\n");
}

static void flush(u32 number)
{
	struct guest_line *g = &console.guest[number];

	new_line();
	put_prefix(number);
	put_line(g->text, g->length);
	g->length = 0;
}

/* Keep the line, and show it when it is complete or full. */
static void collect(u32 number, u8 byte)
{
	struct guest_line *g = &console.guest[number];
	bool shown = console.focus == FOCUS_ALL;

	if (byte == '\n') {
		if (shown) {
			flush(number);
		}
		g->length = 0;
	} else if (byte != '\r') {
		if (g->length == LINE) {
			if (shown) {
				flush(number);
			}
			g->length = 0;
		}
		g->text[g->length++] = (char)byte;
	}
}

void console_guest_bytes(u32 number, const u8 *bytes, u32 count)
{
	lock_take(&console.lock);
	for (u32 i = 0; i < count; i++) {
		collect(number, bytes[i]);
		if (console.focus == number) {
			put_raw((char)bytes[i]);
		}
	}
	lock_release(&console.lock);
}

/* Under the lock: to the next guest that lives, or all. */
static void move_focus(void)
{
	do {
		console.focus = (console.focus + 1u) % (FOCUS_ALL + 1u);
	} while (console.focus != FOCUS_ALL &&
		 (console.guest[console.focus].name == NULL || console.guest[console.focus].ended));
	new_line();
	put_string("\033[1m[nie]\033[0m console: ");
	put_string(console.focus == FOCUS_ALL ? "all" : console.guest[console.focus].name);
	put_string(" (Ctrl-] for the next)\r\n");
	if (console.focus != FOCUS_ALL) {
		const struct guest_line *g = &console.guest[console.focus];

		for (u32 i = 0; i < g->length; i++) {
			put_raw(g->text[i]);
		}
	}
}

void console_guest_end(u32 number)
{
	lock_take(&console.lock);
	if (console.guest[number].length != 0u && console.focus == FOCUS_ALL) {
		flush(number);
	}
	console.guest[number].ended = true;
	if (console.focus == number) {
		console.focus = FOCUS_ALL;
	}
	lock_release(&console.lock);
}

void console_input(u8 byte)
{
	u32 focus;

	lock_take(&console.lock);
	if (byte == CONSOLE_FOCUS_KEY) {
		move_focus();
	}
	focus = console.focus;
	lock_release(&console.lock);
	/* The guest's lock comes before the console's, so not under it. */
	if (byte != CONSOLE_FOCUS_KEY && focus != FOCUS_ALL) {
		console.input(focus, byte);
	}
}

void console_interrupt(void)
{
	uart_drain(console_input);
}
