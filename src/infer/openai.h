/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_INFER_OPENAI_H
#define TACIT_INFER_OPENAI_H

/*
 * OpenAI's HTTP bodies: requests become jobs, results become answers and stream events.
 *
 * Members that are not known are ignored, as OpenAI does; a known member of the wrong type, or
 * one that asks for what cannot be done here, is refused and named. Nothing here does I/O or
 * reads a clock.
 */
#include "infer/engine.h"
#include "infer/job.h"
#include "infer/out.h"

enum tacit_openai_call {
	TACIT_OPENAI_CHAT,
	TACIT_OPENAI_COMPLETION,
	TACIT_OPENAI_EMBEDDING,
};

/* A parsed body; owns everything its job points to. */
struct tacit_openai_request {
	enum tacit_openai_call call;
	struct tacit_job job;     /* `id`, `events` and `user` are the caller's to set */
	struct tacit_slice model; /* what the client asked for, or absent */
	bool stream;
	bool include_usage;
	bool base64; /* how embeddings are written */
	struct tacit_openai_memory *memory;
};

/*
 * Parses a body. Errors: FORMAT, LIMIT, UNSUPPORTED with `where` "request" or "request.MEMBER"
 * (status 400), NOMEM.
 */
TACIT_MUST_CHECK enum tacit_status tacit_openai_parse(enum tacit_openai_call call,
						      const struct tacit_engine_info *info,
						      struct tacit_slice body,
						      struct tacit_openai_request **ret_request,
						      struct tacit_error *err);
void tacit_openai_request_free(struct tacit_openai_request *request);

/* The HTTP status for a failure of parsing, submitting or running: 400, 429, 500 or 503. */
int tacit_openai_http(const struct tacit_error *err);

/* {"error":{...}} for it. */
void tacit_openai_write_error(const struct tacit_error *err, struct tacit_out *out);

/* {"object":"list",...} with the one model there is. */
void tacit_openai_write_models(const struct tacit_engine_info *info, uint64_t created,
			       struct tacit_out *out);

/* What all events and bodies of one answer have in common; the strings are the caller's. */
struct tacit_openai_reply {
	enum tacit_openai_call call;
	const char *id;
	const char *model;
	const char *fingerprint;
	uint64_t created; /* Unix seconds */
	bool include_usage;
};

/*
 * Stream events, each a whole "data: {...}\n\n" appended to `out`. One _start, any number of
 * _text, _reasoning and _tools, one _end. "data: [DONE]" is the caller's.
 */
void tacit_openai_stream_start(const struct tacit_openai_reply *reply, struct tacit_out *out);
void tacit_openai_stream_text(const struct tacit_openai_reply *reply, struct tacit_slice text,
			      struct tacit_out *out);
void tacit_openai_stream_reasoning(const struct tacit_openai_reply *reply, struct tacit_slice text,
				   struct tacit_out *out);
void tacit_openai_stream_tools(const struct tacit_openai_reply *reply, struct tacit_slice json,
			       struct tacit_out *out);
/* The finish reason (an error event for a failed result), then usage where it was asked for. */
void tacit_openai_stream_end(const struct tacit_openai_reply *reply,
			     const struct tacit_job_result *result, struct tacit_out *out);

/* A whole body; `tools` and `reasoning` may be absent. */
struct tacit_openai_answer {
	struct tacit_slice text;
	struct tacit_slice reasoning;
	struct tacit_slice tools;
};
void tacit_openai_write_body(const struct tacit_openai_reply *reply,
			     const struct tacit_openai_answer *answer,
			     const struct tacit_job_result *result, struct tacit_out *out);

/* An embeddings body: one _start, one _add per vector in order, one _end. */
void tacit_openai_embed_start(struct tacit_out *out);
void tacit_openai_embed_add(size_t index, const float *vector, size_t count, bool base64,
			    struct tacit_out *out);
void tacit_openai_embed_end(const struct tacit_openai_reply *reply,
			    const struct tacit_job_result *result, struct tacit_out *out);

#endif
