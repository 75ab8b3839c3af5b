/* SPDX-License-Identifier: Apache-2.0 */
#include "net/metrics.h"

#include <stdio.h>

#include "base/compiler.h"

static const char *const ENDPOINTS[] = {
#define LABEL(name, label) label,
	TACIT_METRIC_ENDPOINTS(LABEL)
#undef LABEL
};

static const char *const CLASSES[] = { "1xx", "2xx", "3xx", "4xx", "5xx" };

/* Upper bounds in microseconds. */
static const uint32_t BOUNDS[TACIT_METRIC_BUCKETS] = {
	1000,   2000,   5000,    10000,   20000,   50000,    100000,
	200000, 500000, 1000000, 2000000, 5000000, 10000000, 60000000,
};

void tacit_metrics_answer(struct tacit_metrics *metrics, enum tacit_metric_endpoint endpoint,
			  unsigned status)
{
	if (status >= 100 && status < 600)
		metrics->answers[endpoint][status / 100 - 1]++;
}

void tacit_metrics_time(struct tacit_metric_times *times, uint64_t us)
{
	size_t i = 0;

	while (i < TACIT_METRIC_BUCKETS && us > BOUNDS[i])
		i++;
	if (i < TACIT_METRIC_BUCKETS)
		times->buckets[i]++;
	else
		times->over++;
	times->count++;
	times->sum_us += us;
}

static void put_head(struct tacit_out *out, const char *name, const char *kind, const char *help)
{
	char line[256];

	snprintf(line, sizeof(line), "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
	tacit_out_text(out, line);
}

static void put_value(struct tacit_out *out, const char *name, uint64_t value)
{
	tacit_out_text(out, name);
	tacit_out_text(out, " ");
	tacit_out_uint(out, value);
	tacit_out_text(out, "\n");
}

/* Microseconds as seconds. */
static void put_seconds(struct tacit_out *out, uint64_t us)
{
	char text[40];

	snprintf(text, sizeof(text), "%llu.%06u", (unsigned long long)(us / 1000000),
		 (unsigned)(us % 1000000));
	tacit_out_text(out, text);
}

static void put_times(struct tacit_out *out, const char *name, const char *help,
		      const struct tacit_metric_times *times)
{
	uint64_t sum = 0;

	put_head(out, name, "histogram", help);
	for (size_t i = 0; i < TACIT_METRIC_BUCKETS; i++) {
		sum += times->buckets[i];
		tacit_out_text(out, name);
		tacit_out_text(out, "_bucket{le=\"");
		put_seconds(out, BOUNDS[i]);
		tacit_out_text(out, "\"} ");
		tacit_out_uint(out, sum);
		tacit_out_text(out, "\n");
	}
	tacit_out_text(out, name);
	put_value(out, "_bucket{le=\"+Inf\"}", times->count);
	tacit_out_text(out, name);
	tacit_out_text(out, "_sum ");
	put_seconds(out, times->sum_us);
	tacit_out_text(out, "\n");
	tacit_out_text(out, name);
	put_value(out, "_count", times->count);
}

static void put_answers(struct tacit_out *out, const struct tacit_metrics *metrics)
{
	put_head(out, "tacit_answers_total", "counter", "answers by endpoint and status class");
	for (size_t e = 0; e < TACIT_METRIC_ENDPOINT_COUNT; e++) {
		for (size_t c = 0; c < TACIT_ARRAY_LEN(CLASSES); c++) {
			char name[96];

			if (metrics->answers[e][c] == 0)
				continue;
			snprintf(name, sizeof(name),
				 "tacit_answers_total{endpoint=\"%s\",class=\"%s\"}", ENDPOINTS[e],
				 CLASSES[c]);
			put_value(out, name, metrics->answers[e][c]);
		}
	}
}

struct row {
	const char *name, *kind, *help;
	uint64_t value;
};

static void put_rows(struct tacit_out *out, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put_head(out, rows[i].name, rows[i].kind, rows[i].help);
		put_value(out, rows[i].name, rows[i].value);
	}
}

static void put_engine(struct tacit_out *out, const struct tacit_sched_stats *s)
{
	const struct row rows[] = {
		{ "tacit_prompt_tokens_total", "counter", "tokens of prompts", s->prompt_tokens },
		{ "tacit_cached_tokens_total", "counter", "prompt tokens from the prompt cache",
		  s->cached_tokens },
		{ "tacit_generated_tokens_total", "counter", "tokens of answers",
		  s->generated_tokens },
		{ "tacit_engine_steps_total", "counter", "batches computed", s->steps },
		{ "tacit_jobs_total", "counter", "requests that reached the engine", s->submitted },
		{ "tacit_jobs_rejected_total", "counter", "requests refused by a full queue",
		  s->rejected },
		{ "tacit_jobs_cancelled_total", "counter", "requests whose client went away",
		  s->cancelled },
		{ "tacit_jobs_failed_total", "counter", "requests that the engine failed",
		  s->failed },
		{ "tacit_jobs_queued", "gauge", "requests waiting for the engine", s->queued },
		{ "tacit_jobs_running", "gauge", "requests in the engine", s->running },
	};

	put_rows(out, rows, TACIT_ARRAY_LEN(rows));
}

static void put_server(struct tacit_out *out, const struct tacit_server_counts *c, uint64_t peak_mb)
{
	const struct row rows[] = {
		{ "tacit_connections_total", "counter", "connections accepted", c->accepted },
		{ "tacit_connections_open", "gauge", "connections now", c->open },
		{ "tacit_handshakes_failed_total", "counter", "TLS handshakes that failed",
		  c->handshakes_failed },
		{ "tacit_requests_total", "counter", "whole requests read", c->requests },
		{ "tacit_requests_refused_total", "counter", "requests refused before reading them",
		  c->refused },
		{ "tacit_timeouts_total", "counter", "connections that took too long",
		  c->timeouts },
		{ "tacit_evicted_total", "counter", "idle connections closed to make room",
		  c->evicted },
		{ "tacit_memory_peak_bytes", "gauge", "peak resident memory",
		  peak_mb * 1024 * 1024 },
	};

	put_rows(out, rows, TACIT_ARRAY_LEN(rows));
}

void tacit_metrics_write(const struct tacit_metrics *metrics,
			 const struct tacit_metrics_others *others, struct tacit_out *out)
{
	const struct row rows[] = {
		{ "tacit_receipts_total", "counter", "receipts signed", metrics->receipts },
		{ "tacit_clients_left_total", "counter", "clients gone before their answer ended",
		  metrics->left },
	};

	put_answers(out, metrics);
	put_rows(out, rows, TACIT_ARRAY_LEN(rows));
	put_engine(out, &others->sched);
	put_server(out, &others->server, others->peak_mb);
	put_times(out, "tacit_first_token_seconds", "from the whole request to the first piece",
		  &metrics->first_token);
	put_times(out, "tacit_answer_seconds", "from the whole request to the end of the answer",
		  &metrics->whole);
}
