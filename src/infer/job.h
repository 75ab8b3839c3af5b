/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_INFER_JOB_H
#define TACIT_INFER_JOB_H

/*
 * One request to the engine, and what comes back.
 *
 * A job and everything it points to stay the caller's and unchanged from submit until its
 * `done` event, which comes exactly once. Events come from the scheduler's threads, never two
 * at once for one job; they must not block, because every stream waits meanwhile.
 */
#include "base/error.h"

enum tacit_job_kind {
	TACIT_JOB_CHAT,       /* messages through the model's chat template */
	TACIT_JOB_COMPLETION, /* prompts[0], as it is */
	TACIT_JOB_EMBEDDING,  /* every prompt becomes a vector */
};

/* Text, or tokens where `tokens` is not NULL. */
struct tacit_prompt {
	struct tacit_slice text;
	const int32_t *tokens;
	size_t count;
};

/* Which members of tacit_sampling the client chose; the others are the model's or engine's. */
enum tacit_sampling_set {
	TACIT_SET_TEMPERATURE = 1 << 0,
	TACIT_SET_TOP_P = 1 << 1,
	TACIT_SET_MIN_P = 1 << 2,
	TACIT_SET_TOP_K = 1 << 3,
	TACIT_SET_SEED = 1 << 4,
	TACIT_SET_FREQUENCY = 1 << 5,
	TACIT_SET_PRESENCE = 1 << 6,
};

struct tacit_sampling {
	unsigned set;
	float temperature; /* 0 takes the likeliest token */
	float top_p;
	float min_p;
	float frequency_penalty;
	float presence_penalty;
	int32_t top_k; /* 0: no limit */
	uint32_t seed;
};

enum tacit_finish {
	TACIT_FINISH_NONE,       /* it failed: see status */
	TACIT_FINISH_STOP,       /* the model ended, or a stop string came */
	TACIT_FINISH_LENGTH,     /* max_tokens, or the context is full */
	TACIT_FINISH_TOOL_CALLS, /* the model calls tools */
	TACIT_FINISH_CANCELLED,
};

struct tacit_job_result {
	enum tacit_status status;
	struct tacit_error error; /* for the client; never for a log */
	enum tacit_finish finish;
	uint32_t prompt_tokens;
	uint32_t cached_tokens; /* of the prompt, taken from the prompt cache */
	uint32_t completion_tokens;
	uint64_t queue_us;    /* from submit to the first step */
	uint64_t prompt_us;   /* from there to the first token */
	uint64_t generate_us; /* from there to the end */
};

/* Any member but `done` may be NULL. Slices and vectors live during the call only. */
struct tacit_job_events {
	/* The answer's next piece: whole UTF-8 characters, never part of a stop string. */
	void (*text)(void *user, struct tacit_slice text);
	/* The same for what the model thinks before it answers. */
	void (*reasoning)(void *user, struct tacit_slice text);
	/* All tool calls, as a JSON array in OpenAI's form with `index`; before `done`. */
	void (*tool_calls)(void *user, struct tacit_slice json);
	/* The unit vector of prompts[index]; in order. */
	void (*embedding)(void *user, size_t index, const float *vector, size_t count);
	void (*done)(void *user, const struct tacit_job_result *result);
};

struct tacit_job {
	enum tacit_job_kind kind;
	struct tacit_slice messages;    /* JSON array, checked by the caller's parser */
	struct tacit_slice tools;       /* JSON array or absent */
	struct tacit_slice tool_choice; /* "auto", "none", "required" or absent */
	struct tacit_slice schema;      /* JSON schema the answer must obey, or absent */
	struct tacit_slice id;          /* tool calls are named after it */
	bool parallel_tools;
	const struct tacit_prompt *prompts;
	size_t prompt_count;
	struct tacit_sampling sampling;
	const struct tacit_slice *stops; /* none empty; at most TACIT_STOPS_MAX */
	size_t stop_count;
	uint32_t max_tokens; /* 0: as many as the context holds */
	const struct tacit_job_events *events;
	void *user;
};

#endif
