/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_INFER_OPENAI_IMPL_H
#define TACIT_INFER_OPENAI_IMPL_H

/* Shared by the two halves of the request parser. */

#include <jansson.h>

#include "infer/openai.h"
#include "infer/text.h"

#define TACIT_OPENAI_MESSAGES_MAX 4096
#define TACIT_OPENAI_TOOLS_MAX    128
#define TACIT_OPENAI_INPUTS_MAX   2048
#define TACIT_OPENAI_NUMBERS_MAX  (1u << 20) /* in all embeddings of one answer */
#define TACIT_OPENAI_SCHEMA_MAX   (64 * 1024) /* grammar size, and so time, grows with it */

/* Everything a parsed request owns. */
struct tacit_openai_memory {
	json_t *root;
	char *messages;
	char *tools;
	char *schema;
	struct tacit_slice stops[TACIT_STOPS_MAX];
	struct tacit_prompt *prompts;
	int32_t *tokens;
	struct tacit_openai_request request;
};

/* Fails with where "request.MEMBER". */
enum tacit_status tacit_openai_refuse(struct tacit_error *err, enum tacit_status status,
				      const char *member, const char *text);

/* A member that is there and not null, else NULL. */
const json_t *tacit_openai_member(const json_t *object, const char *name);

/* Parts of the parser; each reads its members of `body` into memory->request. */
typedef enum tacit_status tacit_openai_part(const json_t *body, struct tacit_openai_memory *memory,
					    struct tacit_error *err);
tacit_openai_part tacit_openai_parse_messages;
tacit_openai_part tacit_openai_parse_tools;
tacit_openai_part tacit_openai_parse_format;

/*
 * Refuses schemas that would cost the engine too much time or memory, whoever wrote them. Errors:
 * LIMIT, FORMAT.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_openai_weigh_schema(const json_t *schema, const char *member, struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_openai_weigh_tools(const json_t *tools,
							    struct tacit_error *err);

/* The prompts of completions ("prompt") and embeddings ("input"). */
TACIT_MUST_CHECK enum tacit_status tacit_openai_parse_prompts(const json_t *body, const char *name,
							      size_t max,
							      struct tacit_openai_memory *memory,
							      struct tacit_error *err);

#endif
