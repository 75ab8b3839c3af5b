/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compiler.h"
#include "infer/openai_impl.h"

/*
 * What a JSON schema may cost. llama.cpp compiles it to a grammar and follows all alternatives
 * at once for every token, on the threads that all clients share, and bounds neither: a line of
 * schema can hold a server for minutes or take all its memory. So a schema is weighed before
 * it is compiled. The figures are far above what schemas in use need, and such that the
 * costliest schema under all of them at once is felt, but not by much.
 */
#define STEPS_MAX        16384  /* schemas looked at, a referenced one once per reference */
#define WIDTH_MAX        1024   /* alternatives at one place */
#define TYPES_MAX        7      /* JSON has no more */
#define MEMBERS_MAX      100000 /* squares of the members of each object: so it compiles */
#define BOUND_MAX        1e15   /* ranges without an end take 15 digits at most */
#define REF_MAX          256
#define PATTERN_MAX      1024 /* bytes */
#define PATTERN_COST_MAX 40   /* choices of one pattern */
#define PATTERN_DEPTH    16

struct scale {
	const json_t *root; /* where references begin */
	const char *member; /* of the request; for the error */
	size_t steps, members;
	struct tacit_error *err;
};

static enum tacit_status refuse(struct scale *scale, const char *text)
{
	return tacit_openai_refuse(scale->err, TACIT_LIMIT, scale->member, text);
}

/* --- patterns ------------------------------------------------------------------------------- */

struct pattern {
	const char *at; /* ends with NUL */
	size_t depth;
	size_t cost[PATTERN_DEPTH + 1]; /* of each open group */
};

/* The most repetitions of "{m,n}"; `at` is behind the brace and ends at the closing one. */
static size_t read_count(struct pattern *p)
{
	size_t count = 0;

	for (; *p->at && *p->at != '}'; p->at++) {
		bool digit = *p->at >= '0' && *p->at <= '9';

		if (digit && count < PATTERN_COST_MAX)
			count = count * 10 + (size_t)(*p->at - '0');
		else if (!digit && p->at[1] != '}')
			count = 0;
	}
	return count;
}

static void skip_class(struct pattern *p)
{
	while (*p->at && *p->at != ']') {
		if (*p->at == '\\' && p->at[1])
			p->at++;
		p->at++;
	}
}

/* A group that is repeated brings its choices with every repetition. */
static void close_group(struct pattern *p)
{
	size_t inside = p->cost[p->depth];

	if (p->depth == 0)
		return;
	p->depth--;
	if (p->at[0] && p->at[1] == '{') {
		p->at += 2;
		inside = inside * read_count(p) + 1;
	}
	p->cost[p->depth] += inside;
}

static bool affordable(const char *text)
{
	struct pattern p = { .at = text };

	for (; *p.at; p.at++) {
		if (*p.at == '\\' && p.at[1])
			p.at++;
		else if (*p.at == '[')
			skip_class(&p);
		else if (*p.at == '(' && p.depth == PATTERN_DEPTH)
			return false;
		else if (*p.at == '(')
			p.cost[++p.depth] = 0;
		else if (*p.at == ')')
			close_group(&p);
		else if (strchr("*+?|{", *p.at))
			p.cost[p.depth]++;
		if (p.cost[p.depth] > PATTERN_COST_MAX)
			return false;
		if (!*p.at)
			break;
	}
	return true;
}

static enum tacit_status weigh_pattern(struct scale *scale, const json_t *schema)
{
	const json_t *pattern = json_object_get(schema, "pattern");

	if (!json_is_string(pattern))
		return TACIT_OK;
	if (json_string_length(pattern) > PATTERN_MAX ||
	    json_string_length(pattern) != strlen(json_string_value(pattern)) ||
	    !affordable(json_string_value(pattern)))
		return refuse(scale, "has a pattern with too many choices");
	return TACIT_OK;
}

/* --- alternatives --------------------------------------------------------------------------- */

/* One step along a reference; NULL where it leads nowhere. */
static const json_t *descend(const json_t *from, const char *name)
{
	size_t index = 0;

	if (json_is_object(from))
		return json_object_get(from, name);
	if (!json_is_array(from) || !*name)
		return NULL;
	for (; *name; name++) {
		if (*name < '0' || *name > '9' || index > json_array_size(from))
			return NULL;
		index = index * 10 + (size_t)(*name - '0');
	}
	return json_array_get(from, index);
}

/* As llama.cpp does it: "#/" and names, without escapes. */
static const json_t *follow(const struct scale *scale, const json_t *ref)
{
	const char *text = json_string_value(ref);
	const json_t *at = scale->root;
	char name[REF_MAX];

	if (!text || json_string_length(ref) != strlen(text) || strncmp(text, "#/", 2) != 0)
		return NULL;
	for (text += 2; at; text++) {
		size_t len = strcspn(text, "/");

		if (len == 0 || len >= sizeof(name))
			return NULL;
		memcpy(name, text, len);
		name[len] = '\0';
		at = descend(at, name);
		text += len;
		if (!*text)
			return at;
	}
	return NULL;
}

static enum tacit_status add_width(struct scale *scale, const json_t *schema, size_t *width);

static enum tacit_status add_list(struct scale *scale, const json_t *list, size_t *width)
{
	enum tacit_status st = TACIT_OK;

	for (size_t i = 0; i < json_array_size(list) && !st; i++)
		st = add_width(scale, json_array_get(list, i), width);
	return st;
}

/* Adds the alternatives that begin where `schema` does; WIDTH_MAX bounds how deep it goes. */
static enum tacit_status add_width(struct scale *scale, const json_t *schema, size_t *width)
{
	static const char *const LISTS[] = { "anyOf", "oneOf", "allOf" };
	const json_t *ref = json_object_get(schema, "$ref");
	enum tacit_status st = TACIT_OK;

	if (++scale->steps > STEPS_MAX)
		return refuse(scale, "has too many schemas");
	*width += 1 + json_array_size(json_object_get(schema, "enum"));
	if (json_object_get(schema, "pattern"))
		*width += PATTERN_COST_MAX;
	if (*width > WIDTH_MAX)
		return refuse(scale, "has too many alternatives");
	if (json_is_string(ref)) {
		const json_t *target = follow(scale, ref);

		if (!target)
			return tacit_openai_refuse(scale->err, TACIT_FORMAT, scale->member,
						   "has a $ref that leads nowhere");
		return add_width(scale, target, width);
	}
	for (size_t i = 0; i < TACIT_ARRAY_LEN(LISTS) && !st; i++)
		st = add_list(scale, json_object_get(schema, LISTS[i]), width);
	return st;
}

/* --- one schema ----------------------------------------------------------------------------- */

static enum tacit_status weigh_bounds(struct scale *scale, const json_t *schema)
{
	static const char *const LOW[] = { "minimum", "exclusiveMinimum" };
	static const char *const HIGH[] = { "maximum", "exclusiveMaximum" };

	/* The other side is safe: it is where 2^53 - 1 stands in many a schema. */
	for (size_t i = 0; i < TACIT_ARRAY_LEN(LOW); i++) {
		double low = json_number_value(json_object_get(schema, LOW[i]));
		double high = json_number_value(json_object_get(schema, HIGH[i]));

		if (low >= BOUND_MAX - 1 || high <= 1 - BOUND_MAX)
			return refuse(scale, "has a minimum or maximum of more than 15 digits");
	}
	return TACIT_OK;
}

static enum tacit_status weigh_types(struct scale *scale, const json_t *schema)
{
	const json_t *types = json_object_get(schema, "type");

	if (json_array_size(types) > TYPES_MAX)
		return refuse(scale, "has a type with too many names");
	for (size_t i = 0; i < json_array_size(types); i++) {
		for (size_t k = 0; k < i; k++) {
			if (json_equal(json_array_get(types, i), json_array_get(types, k)))
				return refuse(scale, "has a type that names one type twice");
		}
	}
	return TACIT_OK;
}

static enum tacit_status weigh_object(struct scale *scale, const json_t *schema)
{
	size_t count = json_object_size(json_object_get(schema, "properties"));
	size_t width = 0;

	if (count > MEMBERS_MAX)
		count = MEMBERS_MAX;
	scale->members += count * count;
	if (scale->members > MEMBERS_MAX)
		return refuse(scale, "has too many properties");
	enum tacit_status st = weigh_types(scale, schema);
	if (!st)
		st = weigh_bounds(scale, schema);
	if (!st)
		st = weigh_pattern(scale, schema);
	return st ? st : add_width(scale, schema, &width);
}

/* Every object in it, wherever it stands: one that is no schema has none of the members. The
 * parser bounds how deep they nest. */
static enum tacit_status weigh(struct scale *scale, const json_t *value)
{
	/* jansson walks only through what it might change. */
	json_t *object = (json_t *)(uintptr_t)value;
	enum tacit_status st = TACIT_OK;
	const char *name;
	json_t *inside;

	for (size_t i = 0; i < json_array_size(value) && !st; i++)
		st = weigh(scale, json_array_get(value, i));
	if (!json_is_object(value))
		return st;
	st = weigh_object(scale, value);
	json_object_foreach(object, name, inside)
	{
		if (!st)
			st = weigh(scale, inside);
	}
	return st;
}

enum tacit_status tacit_openai_weigh_schema(const json_t *schema, const char *member,
					    struct tacit_error *err)
{
	struct scale scale = { .root = schema, .member = member, .err = err };

	return weigh(&scale, schema);
}

enum tacit_status tacit_openai_weigh_tools(const json_t *tools, struct tacit_error *err)
{
	struct scale scale = { .member = "tools", .err = err };
	enum tacit_status st = TACIT_OK;

	for (size_t i = 0; i < json_array_size(tools) && !st; i++) {
		const json_t *function = json_object_get(json_array_get(tools, i), "function");
		const json_t *parameters = json_object_get(function, "parameters");

		scale.root = parameters; /* the sums are of all tools: they share one grammar */
		st = weigh(&scale, parameters);
	}
	return st;
}
