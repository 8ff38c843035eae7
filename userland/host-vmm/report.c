/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

#include "console.h"
#include "nie/names.h"

#define REPORT_MAX 8192u

struct report {
	char text[REPORT_MAX];
	u32 length;
};

__attribute__((format(printf, 2, 3)))
static void append(struct report *r, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(r->text + r->length, REPORT_MAX - r->length, format, arguments);
	va_end(arguments);
	if (length > 0) {
		r->length += (u32)length;
	}
	if (r->length >= REPORT_MAX) {
		r->length = REPORT_MAX - 1u;
	}
}

/* A JSON string (RFC 8259). */
static void append_string(struct report *r, const char *s)
{
	append(r, "\"");
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\') {
			append(r, "\\%c", *s);
		} else if ((unsigned char)*s < 0x20u) {
			append(r, "\\u%04x", (unsigned int)*s);
		} else {
			append(r, "%c", *s);
		}
	}
	append(r, "\"");
}

static void append_exits(struct report *r, const struct guest *g)
{
	const char *separator = "";

	append(r, "\"exits\":{");
	for (u32 reason = 1; reason < EXIT_REASONS; reason++) {
		u64 sum = 0;

		for (u32 i = 0; i < g->vcpus; i++) {
			sum += g->vcpu[i].exits[reason];
		}
		if (sum != 0u) {
			append(r, "%s\"%s\":%lu", separator, nie_exit_name(reason), sum);
			separator = ",";
		}
	}
	append(r, "}");
}

/* Bytes in their order: the first is the lowest of its word. */
static void append_measurement(struct report *r, const struct guest *g)
{
	const u64 words[4] = {g->measurement.bytes0, g->measurement.bytes8, g->measurement.bytes16,
			      g->measurement.bytes24};

	append(r, ",\"measurement\":\"");
	for (u32 i = 0; i < 32u; i++) {
		append(r, "%02x", (unsigned int)(words[i / 8u] >> (i % 8u * 8u) & 0xffu));
	}
	append(r, "\"");
}

static u64 microseconds(u64 ticks)
{
	return ticks * 16u / (nie_frequency() * 16u / 1000000u);
}

/* That one of its vCPUs was ready and waited for a core. */
static u64 longest_wait(const struct guest *g)
{
	u64 longest = 0;

	for (u32 i = 0; i < g->vcpus; i++) {
		longest = g->vcpu[i].runner.longest > longest ? g->vcpu[i].runner.longest : longest;
	}
	return microseconds(longest);
}

void report_print(const struct vmm *vmm)
{
	static struct report r;

	r.length = 0;
	append(&r, "@nie-report {\"guests\":[");
	for (u32 i = 0; i < vmm->config->guests; i++) {
		const struct guest *g = &vmm->guest[i];

		append(&r, "%s{\"name\":", i == 0u ? "" : ",");
		append_string(&r, g->config->name);
		append(&r, ",\"vcpus\":%u,\"private_memory\":%lu,\"given_memory\":%lu,", g->vcpus, g->private_bytes,
		       g->given_count * NIE_BLOCK_SIZE);
		append_exits(&r, g);
		append_measurement(&r, g);
		append(&r, ",\"restarts\":%u,\"longest_wait_us\":%lu,\"ran_us\":%lu,\"uart_interrupts\":%u",
		       g->restarts, longest_wait(g), microseconds(g->ended - g->started),
		       vgic_taken(&g->vgic, GUEST_UART_INTID));
		append(&r, ",\"end\":");
		append_string(&r, g->end);
		append(&r, ",\"detail\":");
		append_string(&r, g->detail);
		append(&r, "}");
	}
	append(&r, "]}");
	console_line(r.text);
}
