/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "infer/openai.h"
#include "tests/tap.h"

#define ROOM (128 * 1024)

static const struct tacit_engine_info info = { .id = "m", .embd = 3 };

static char body[ROOM], text[ROOM];

/* A body with `schema` between the two. */
static enum tacit_status parse(const char *before, const char *schema, const char *after,
			       struct tacit_error *err)
{
	struct tacit_openai_request *request = NULL;

	memset(err, 0, sizeof(*err));
	if (snprintf(body, sizeof(body),
		     "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],%s%s%s", before, schema,
		     after) >= (int)sizeof(body))
		return TACIT_INTERNAL;
	enum tacit_status st =
		tacit_openai_parse(TACIT_OPENAI_CHAT, &info, tacit_slice_str(body), &request, err);
	if (st == TACIT_OK)
		tacit_openai_request_free(request);
	return st;
}

static enum tacit_status as_schema(const char *schema, struct tacit_error *err)
{
	return parse("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":"
		     "{\"name\":\"n\",\"schema\":",
		     schema, "}}}", err);
}

static enum tacit_status as_tool(const char *schema, struct tacit_error *err)
{
	return parse("\"tools\":[{\"type\":\"function\",\"function\":"
		     "{\"name\":\"f\",\"parameters\":",
		     schema, "}}]}", err);
}

static void is_refused(const char *schema, enum tacit_status want, const char *name)
{
	struct tacit_error err;

	is_status(as_schema(schema, &err), want, name);
	ok(strcmp(err.where, "request.response_format") == 0, "  and names the member: %s",
	   err.where);
	is_status(as_tool(schema, &err), want, "  as a tool too");
	ok(strcmp(err.where, "request.tools") == 0, "  and names the member: %s", err.where);
}

static void is_taken(const char *schema)
{
	struct tacit_error err;

	ok(as_schema(schema, &err) == TACIT_OK, "taken: %.60s", schema);
	ok(as_tool(schema, &err) == TACIT_OK, "  as a tool too: %s", err.detail);
}

/* `before`, `count` times `middle` with its number for %u, `after`. */
static const char *many(const char *before, const char *middle, unsigned count, const char *after)
{
	size_t at = (size_t)snprintf(text, sizeof(text), "%s", before);

	for (unsigned i = 0; i < count; i++) {
		const char *mark = strstr(middle, "%u");
		int head = mark ? (int)(mark - middle) : (int)strlen(middle);

		at += (size_t)snprintf(text + at, sizeof(text) - at, "%.*s", head, middle);
		if (mark)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%u%s", i, mark + 2);
	}
	snprintf(text + at, sizeof(text) - at, "%s", after);
	return text;
}

static const char *pattern(const char *piece, unsigned count)
{
	return many("{\"type\":\"string\",\"pattern\":\"^", piece, count, "$\"}");
}

/* Each of a chain of definitions offers the next one twice: 2^count alternatives. */
static const char *doubling(unsigned count, const char *list)
{
	size_t at = (size_t)snprintf(text, sizeof(text), "{\"$ref\":\"#/$defs/a0\",\"$defs\":{");

	for (unsigned i = 0; i < count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "\"a%u\":{\"%s\":[{\"$ref\":\"#/$defs/a%u\"},"
				       "{\"$ref\":\"#/$defs/a%u\"}]},",
				       i, list, i + 1, i + 1);
	snprintf(text + at, sizeof(text) - at, "\"a%u\":{\"type\":\"string\"}}}", count);
	return text;
}

static void test_bounds(void)
{
	is_refused("{\"type\":\"integer\",\"minimum\":4611686018427387904}", TACIT_LIMIT,
		   "a minimum of 19 digits");
	is_refused("{\"type\":\"integer\",\"minimum\":1000000000000000}", TACIT_LIMIT,
		   "a minimum of 16 digits");
	is_refused("{\"type\":\"integer\",\"minimum\":1e300}", TACIT_LIMIT, "1e300 as minimum");
	is_refused("{\"type\":\"integer\",\"exclusiveMinimum\":999999999999999}", TACIT_LIMIT,
		   "an exclusive minimum that becomes one of 16 digits");
	is_refused("{\"type\":\"integer\",\"maximum\":-1000000000000000}", TACIT_LIMIT,
		   "a maximum of 16 digits below zero");
	is_refused("{\"type\":\"integer\",\"exclusiveMaximum\":-999999999999999}", TACIT_LIMIT,
		   "an exclusive one");
	is_refused("{\"properties\":{\"a\":{\"items\":{\"anyOf\":[{\"minimum\":1e15}]}}}}",
		   TACIT_LIMIT, "deep inside");
	is_taken("{\"type\":\"integer\",\"minimum\":-9007199254740991,"
		 "\"maximum\":9007199254740991}");
	is_taken("{\"type\":\"integer\",\"minimum\":99999999999999}");
	is_taken("{\"type\":\"integer\",\"maximum\":-99999999999999}");
}

static void test_patterns(void)
{
	is_refused(pattern("(a*)*", 21), TACIT_LIMIT, "42 choices");
	is_taken(pattern("(a*)*", 20));
	is_refused(pattern("a?", 41), TACIT_LIMIT, "41 choices");
	is_taken(pattern("a?", 40));
	is_refused(pattern("(a?|b?)", 14), TACIT_LIMIT, "alternatives of choices");
	is_refused(pattern("(.{0,50}){0,50}", 1), TACIT_LIMIT, "repeated repetition");
	is_refused(pattern("((a?){0,7}){7}", 1), TACIT_LIMIT, "and once more");
	is_refused(pattern("(a?){99999999999999999999}", 1), TACIT_LIMIT, "a count past all");
	is_refused(pattern("(a?){41,}", 1), TACIT_LIMIT, "a count without an end");
	is_refused(pattern("[*]\\\\*\\\\[a?", 41), TACIT_LIMIT, "beside classes and escapes");
	is_refused(pattern("(", 17), TACIT_LIMIT, "17 groups in one another");
	is_refused(pattern("a", 1025), TACIT_LIMIT, "1,025 bytes");
	is_refused("{\"pattern\":\"^a\\u0000b$\"}", TACIT_LIMIT, "a NUL");
	is_taken(pattern("a", 1022));
	is_taken(pattern("[*+?|(]\\\\*\\\\(", 50));
	is_taken("{\"type\":\"string\",\"pattern\":\"^[a-z0-9]+(-[a-z0-9]+)*$\"}");
	is_taken("{\"type\":\"string\",\"pattern\":\"^((25[0-5]|2[0-4]\\\\d|1?\\\\d?\\\\d)\\\\.){3}"
		 "(25[0-5]|2[0-4]\\\\d|1?\\\\d?\\\\d)$\"}");
	is_taken("{\"type\":\"string\",\"pattern\":\"^(ab){0,500}$\"}");
	is_taken("{\"type\":\"string\",\"pattern\":\"\\\\\"}");
	is_taken("{\"type\":\"string\",\"pattern\":\"[\"}");
	is_taken("{\"type\":\"string\",\"pattern\":\"[\\\\\"}");
	is_taken("{\"type\":\"string\",\"pattern\":\")){3\"}");
	is_taken("{\"type\":\"object\",\"properties\":{\"pattern\":{\"type\":\"string\"}}}");
}

static void test_alternatives(void)
{
	is_refused(doubling(28, "anyOf"), TACIT_LIMIT, "2^28 alternatives");
	is_refused(doubling(28, "oneOf"), TACIT_LIMIT, "as oneOf");
	is_refused(doubling(28, "allOf"), TACIT_LIMIT, "as allOf");
	is_refused(doubling(10, "anyOf"), TACIT_LIMIT, "2^10 alternatives");
	is_taken(doubling(7, "anyOf"));
	is_refused(many("{\"enum\":[0", ",%u", 1023, "]}"), TACIT_LIMIT, "1,024 values");
	is_taken(many("{\"enum\":[0", ",%u", 1022, "]}"));
	is_refused(many("{\"anyOf\":[{}", ",{\"pattern\":\"a\"}", 25, "]}"), TACIT_LIMIT,
		   "25 patterns at one place");
	is_taken(many("{\"anyOf\":[{}", ",{\"pattern\":\"a\"}", 20, "]}"));
	is_taken(many("{\"items\":[{}", ",{\"type\":\"string\",\"pattern\":\"a\"}", 200, "]}"));
	is_refused("{\"type\":[\"object\",\"object\"]}", TACIT_LIMIT, "one type twice");
	is_refused(many("{\"type\":[\"null\"", ",\"t%u\"", 7, "]}"), TACIT_LIMIT, "eight types");
	is_taken("{\"type\":[\"object\",\"array\",\"string\",\"null\"]}");
}

static void test_references(void)
{
	is_refused("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/a\"}}}",
		   TACIT_LIMIT, "a reference to itself");
	is_refused("{\"$ref\":\"#/$defs/b\",\"$defs\":{\"a\":{}}}", TACIT_FORMAT, "to nothing");
	is_refused("{\"$ref\":\"#/a/1\",\"a\":[{}]}", TACIT_FORMAT, "past a list");
	is_refused("{\"$ref\":\"#/a/99999999999999999999\",\"a\":[{}]}", TACIT_FORMAT, "far past");
	is_refused("{\"$ref\":\"#/a//b\",\"a\":{\"\":{\"b\":{}}}}", TACIT_FORMAT, "an empty name");
	is_refused("{\"$ref\":\"#\"}", TACIT_FORMAT, "to all of it");
	is_refused("{\"$ref\":\"https://example.org/x\"}", TACIT_FORMAT, "to elsewhere");
	is_refused("{\"$ref\":\"#/a\\u0000\",\"a\":{}}", TACIT_FORMAT, "with a NUL");
	is_taken("{\"$ref\":\"#/a/0\",\"a\":[{\"type\":\"string\"}]}");
	is_taken("{\"$ref\":\"#/$defs/t\",\"$defs\":{\"t\":{\"type\":\"object\",\"properties\":"
		 "{\"next\":{\"anyOf\":[{\"$ref\":\"#/$defs/t\"},{\"type\":\"null\"}]}}}}}");
}

static void test_sums(void)
{
	is_refused(many("{\"properties\":{\"a\":{}", ",\"p%u\":{}", 316, "}}"), TACIT_LIMIT,
		   "317 properties");
	is_taken(many("{\"properties\":{\"a\":{}", ",\"p%u\":{}", 315, "}}"));
	is_refused(
		many("{\"properties\":{\"a\":{}", ",\"p%u\":{}", 315,
		     "},\"items\":{\"properties\":{\"a\":{},\"b\":{},\"c\":{},\"d\":{},\"e\":{},"
		     "\"f\":{},\"g\":{},\"h\":{},\"i\":{},\"j\":{},\"k\":{},\"l\":{},\"m\":{}}}}"),
		TACIT_LIMIT, "13 more in another object");
	is_refused(many("{\"items\":[{}", ",{}", 17000, "]}"), TACIT_LIMIT, "17,001 schemas");
}

int main(void)
{
	test_bounds();
	test_patterns();
	test_alternatives();
	test_references();
	test_sums();
	return done();
}
