/* SPDX-License-Identifier: Apache-2.0 */
#include "net/metrics.h"

#include "../tap.h"

static char text[1 << 16];

static const char *written(const struct tacit_metrics *metrics,
			   const struct tacit_metrics_others *others)
{
	struct tacit_out out = { 0 };

	tacit_metrics_write(metrics, others, &out);
	if (out.bad || out.len >= sizeof(text))
		exit(70);
	memcpy(text, out.ptr, out.len);
	text[out.len] = '\0';
	tacit_out_done(&out);
	return text;
}

static bool has(const char *line)
{
	const char *at = strstr(text, line);
	size_t len = strlen(line);

	for (; at; at = strstr(at + 1, line)) {
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
	}
	return false;
}

static void test_times(void)
{
	struct tacit_metrics metrics = { 0 };
	const struct tacit_metrics_others others = { .peak_mb = 3 };

	tacit_metrics_time(&metrics.whole, 0);
	tacit_metrics_time(&metrics.whole, 1000);
	tacit_metrics_time(&metrics.whole, 1001);
	tacit_metrics_time(&metrics.whole, 60000000);
	tacit_metrics_time(&metrics.whole, 60000001);
	written(&metrics, &others);
	ok(has("tacit_answer_seconds_bucket{le=\"0.001000\"} 2"), "a bound belongs to its bucket");
	ok(has("tacit_answer_seconds_bucket{le=\"0.002000\"} 3"), "buckets add up");
	ok(has("tacit_answer_seconds_bucket{le=\"60.000000\"} 4"), "the last bound");
	ok(has("tacit_answer_seconds_bucket{le=\"+Inf\"} 5"), "and beyond");
	ok(has("tacit_answer_seconds_sum 120.002002"), "the sum");
	ok(has("tacit_answer_seconds_count 5"), "the count");
	ok(has("tacit_first_token_seconds_count 0"), "the other times are apart");
	ok(has("tacit_memory_peak_bytes 3145728"), "memory in bytes");
}

static void test_answers(void)
{
	struct tacit_metrics metrics = { 0 };
	const struct tacit_metrics_others others = { .sched = { .generated_tokens = 7 },
						     .server = { .open = 9 } };

	tacit_metrics_answer(&metrics, TACIT_METRIC_CHAT, 200);
	tacit_metrics_answer(&metrics, TACIT_METRIC_CHAT, 204);
	tacit_metrics_answer(&metrics, TACIT_METRIC_CHAT, 429);
	tacit_metrics_answer(&metrics, TACIT_METRIC_OTHER, 599);
	tacit_metrics_answer(&metrics, TACIT_METRIC_OTHER, 600);
	tacit_metrics_answer(&metrics, TACIT_METRIC_OTHER, 99);
	tacit_metrics_answer(&metrics, TACIT_METRIC_OTHER, 0);
	written(&metrics, &others);
	ok(has("tacit_answers_total{endpoint=\"chat_completions\",class=\"2xx\"} 2"), "by class");
	ok(has("tacit_answers_total{endpoint=\"chat_completions\",class=\"4xx\"} 1"), "and class");
	ok(has("tacit_answers_total{endpoint=\"other\",class=\"5xx\"} 1"), "no class but five");
	ok(!strstr(text, "\"embeddings\""), "what never happened is not there");
	ok(has("tacit_generated_tokens_total 7"), "the engine's counts");
	ok(has("tacit_connections_open 9"), "the server's counts");
}

/* Every sample has a TYPE line before it, and every line is whole. */
static void test_form(void)
{
	struct tacit_metrics metrics = { 0 };
	const struct tacit_metrics_others others = { .peak_mb = 1 };
	char type[128];
	bool typed = true;

	tacit_metrics_answer(&metrics, TACIT_METRIC_CHAT, 200);
	written(&metrics, &others);
	ok(text[strlen(text) - 1] == '\n', "ends with a line feed");
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "# TYPE ", 7) == 0)
			snprintf(type, sizeof(type), "%.*s", (int)strcspn(line + 7, " "), line + 7);
		else if (line[0] != '#')
			typed = typed && strncmp(line, type, strlen(type)) == 0;
	}
	ok(typed, "every sample follows its type");
}

int main(void)
{
	test_times();
	test_answers();
	test_form();
	return done();
}
