/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "net/relay_inside.h"
#include "sys/process.h"

struct out {
	struct tacit_mut room;
	size_t len;
};

static void put(struct out *out, const char *fmt, ...) TACIT_PRINTF(2, 3);
static void put(struct out *out, const char *fmt, ...)
{
	size_t left = out->room.len - out->len;
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf((char *)out->room.ptr + out->len, left, fmt, args);
	va_end(args);
	if (n > 0 && (size_t)n < left)
		out->len += (size_t)n;
}

struct row {
	const char *name, *kind, *help;
	uint64_t value;
};

static void put_rows(struct out *out, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", rows[i].name, rows[i].help,
		    rows[i].name, rows[i].kind, rows[i].name, (unsigned long long)rows[i].value);
}

static void put_refused(struct out *out, const struct tacit_relay *r)
{
	static const char *const WHY[RELAY_REFUSAL_COUNT] = {
		[RELAY_REFUSED_PEER] = "peer",       [RELAY_REFUSED_TARGET] = "target",
		[RELAY_REFUSED_REQUEST] = "request", [RELAY_REFUSED_CONNECT] = "connect",
		[RELAY_REFUSED_NAME] = "name",       [RELAY_REFUSED_MEMORY] = "memory",
	};

	put(out, "# HELP tacit_relay_refused_total connections that were refused, by reason\n"
		 "# TYPE tacit_relay_refused_total counter\n");
	for (size_t i = 0; i < RELAY_REFUSAL_COUNT; i++)
		put(out, "tacit_relay_refused_total{why=\"%s\"} %llu\n", WHY[i],
		    (unsigned long long)r->counts.refused[i]);
}

static uint64_t read_accepted(const struct relay_listener *l)
{
	return l->accepted;
}

static uint64_t read_failed(const struct relay_listener *l)
{
	return l->failed;
}

static uint64_t read_open(const struct relay_listener *l)
{
	return l->refs - 1;
}

/* By the number of the rule: addresses are in the log, and are not everybody's business. */
static void put_listeners(struct out *out, const struct tacit_relay *r)
{
	static const struct {
		const char *name, *kind, *help;
		uint64_t (*read)(const struct relay_listener *listener);
	} OF_RULES[] = {
		{ "tacit_relay_listener_accepted_total", "counter", "connections taken, by rule",
		  read_accepted },
		{ "tacit_relay_listener_failed_total", "counter",
		  "of these, without another side, by rule", read_failed },
		{ "tacit_relay_listener_connections", "gauge", "connections now, by rule",
		  read_open },
	};

	for (size_t i = 0; i < sizeof(OF_RULES) / sizeof(OF_RULES[0]); i++) {
		const struct relay_listener *l = r->listeners;

		put(out, "# HELP %s %s\n# TYPE %s %s\n", OF_RULES[i].name, OF_RULES[i].help,
		    OF_RULES[i].name, OF_RULES[i].kind);
		for (size_t rule = 1; l; rule++, l = l->next)
			put(out, "%s{rule=\"%zu\"} %llu\n", OF_RULES[i].name, rule,
			    (unsigned long long)OF_RULES[i].read(l));
	}
}

size_t tacit_relay_metrics_write(const struct tacit_relay *relay, struct tacit_mut room)
{
	const struct relay_counts *c = &relay->counts;
	struct out out = { .room = room };
	const struct row rows[] = {
		{ "tacit_relay_connections", "gauge", "connections now", relay->live },
		{ "tacit_relay_accepted_total", "counter", "connections taken", c->accepted },
		{ "tacit_relay_up_bytes_total", "counter", "bytes from who connected",
		  c->up_bytes },
		{ "tacit_relay_down_bytes_total", "counter", "bytes to who connected",
		  c->down_bytes },
		{ "tacit_relay_copied_bytes_total", "counter",
		  "of these, bytes that went through user space", c->copied_bytes },
		{ "tacit_relay_pipes", "gauge", "pipes, in use and spare", relay->pipes },
		{ "tacit_relay_idle_total", "counter", "connections ended by the idle limit",
		  c->idle },
		{ "tacit_relay_reset_total", "counter", "connections that did not end well",
		  c->reset },
		{ "tacit_relay_full_total", "counter", "times that descriptors ran out",
		  c->paused },
		{ "tacit_relay_reloads_total", "counter", "configurations taken", c->reloads },
		{ "tacit_relay_reloads_failed_total", "counter", "configurations refused",
		  c->bad_reloads },
		{ "tacit_relay_heartbeats_total", "counter", "heartbeats answered", c->heartbeats },
		{ "tacit_relay_aws_credentials_total", "counter",
		  "times that credentials were handed out", c->credentials },
		{ "tacit_relay_silenced_total", "counter", "log lines left out", c->silenced },
		{ "tacit_relay_spy_errors_total", "counter", "pieces that --spy could not write",
		  c->spy_errors },
		{ "tacit_relay_peak_memory_mebibytes", "gauge", "peak of resident memory",
		  tacit_process_peak_mb() },
	};

	put_rows(&out, rows, sizeof(rows) / sizeof(rows[0]));
	put_refused(&out, relay);
	put_listeners(&out, relay);
	return out.len;
}
