/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_METRICS_H
#define TACIT_NET_METRICS_H

/*
 * Counters and times in the Prometheus text format. Labels come from fixed lists, never from a
 * request, so that nobody can fill the memory or read what others asked.
 */

#include "infer/out.h"
#include "infer/sched.h"
#include "net/server.h"

/* X(name, label) */
#define TACIT_METRIC_ENDPOINTS(X)    \
	X(CHAT, "chat_completions")  \
	X(COMPLETION, "completions") \
	X(EMBEDDING, "embeddings")   \
	X(MODELS, "models")          \
	X(EVIDENCE, "evidence")      \
	X(HEALTH, "healthz")         \
	X(METRICS, "metrics")        \
	X(OTHER, "other")

enum tacit_metric_endpoint {
#define TACIT_METRIC_ENUM(name, label) TACIT_METRIC_##name,
	TACIT_METRIC_ENDPOINTS(TACIT_METRIC_ENUM)
#undef TACIT_METRIC_ENUM
		TACIT_METRIC_ENDPOINT_COUNT,
};

#define TACIT_METRIC_BUCKETS 14

struct tacit_metric_times {
	uint64_t buckets[TACIT_METRIC_BUCKETS]; /* not cumulative */
	uint64_t over;                          /* longer than the last bound */
	uint64_t count, sum_us;
};

struct tacit_metrics {
	uint64_t answers[TACIT_METRIC_ENDPOINT_COUNT][5]; /* by status class, 1xx to 5xx */
	uint64_t left; /* clients that went before their answer was done */
	uint64_t receipts;
	struct tacit_metric_times first_token; /* from the whole request to the first piece */
	struct tacit_metric_times whole;       /* ... to the end of the answer */
};

void tacit_metrics_answer(struct tacit_metrics *metrics, enum tacit_metric_endpoint endpoint,
			  unsigned status);
void tacit_metrics_time(struct tacit_metric_times *times, uint64_t us);

/* What is counted elsewhere. */
struct tacit_metrics_others {
	struct tacit_sched_stats sched;
	struct tacit_server_counts server;
	uint64_t peak_mb;
};

void tacit_metrics_write(const struct tacit_metrics *metrics,
			 const struct tacit_metrics_others *others, struct tacit_out *out);

#endif
