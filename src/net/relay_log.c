/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "net/relay_inside.h"

#define FIELDS_MAX     8
#define LINES_A_SECOND 50 /* a flood of peers must not become a flood of lines */

static void count_silenced(struct tacit_relay *r)
{
	char text[24];
	struct tacit_relay_field field = { "lines", text };
	struct tacit_relay_event event = { .name = "silenced", .count = 1, .fields = &field };

	if (r->said <= LINES_A_SECOND)
		return;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)(r->said - LINES_A_SECOND));
	r->options.say(r->options.user, &event);
}

static void say(struct tacit_relay *r, struct tacit_relay_event *event, va_list args)
{
	struct tacit_relay_field fields[FIELDS_MAX];
	const char *name;

	if (!r->options.say)
		return;
	if (r->now / 1000 != r->said_second) {
		count_silenced(r);
		r->said_second = r->now / 1000;
		r->said = 0;
	}
	if (++r->said > LINES_A_SECOND) {
		r->counts.silenced++;
		return;
	}
	if (event->count)
		fields[0] = event->fields[0];
	while (event->count < FIELDS_MAX && (name = va_arg(args, const char *))) {
		fields[event->count].name = name;
		fields[event->count++].value = va_arg(args, const char *);
	}
	event->fields = fields;
	r->options.say(r->options.user, event);
}

void tacit_relay_say(struct tacit_relay *relay, const char *name, ...)
{
	struct tacit_relay_event event = { .name = name };
	va_list args;

	va_start(args, name);
	say(relay, &event, args);
	va_end(args);
}

void tacit_relay_say_of(struct tacit_relay *relay, const struct relay_conn *conn, const char *name,
			...)
{
	char id[24];
	struct tacit_relay_field field = { "connection", id };
	struct tacit_relay_event event = {
		.name = name, .detail = true, .count = 1, .fields = &field
	};
	va_list args;

	if (!relay->options.verbose)
		return;
	snprintf(id, sizeof(id), "%llu", (unsigned long long)conn->id);
	va_start(args, name);
	say(relay, &event, args);
	va_end(args);
}
