/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "base/writer.h"
#include "codec/json.h"
#include "codec/json_read.h"
#include "release/aws_credentials.h"

#define WHERE "aws.credentials"

void tacit_aws_keys_wipe(struct tacit_aws_keys *keys)
{
	tacit_wipe(keys, sizeof(*keys));
}

/* ---- what is a key -------------------------------------------------------------------------- */

/* Letters, digits and signs: what goes into headers and signatures as it is. */
static bool is_word(const char *text, size_t len, const char *never)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] <= 0x20 || text[i] >= 0x7f || strchr(never, text[i]))
			return false;
	return true;
}

enum tacit_status tacit_aws_keys_check(const struct tacit_aws_keys *keys, struct tacit_error *err)
{
	const char *secret = (const char *)keys->secret_key.bytes;

	if (!keys->access_key[0] || keys->secret_key.len == 0)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "an access key or its secret is missing");
	/* Both separate parts of the header that a signature goes into. */
	if (!is_word(keys->access_key, strlen(keys->access_key), "/,:=\""))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "the access key has a character that none has");
	if (!is_word(secret, keys->secret_key.len, ""))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "the secret key has a character that none has");
	if (!is_word(keys->token, strlen(keys->token), ""))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "the session token has a character that none has");
	if (keys->region[0] && !tacit_aws_is_scope(tacit_slice_str(keys->region)))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "the region has a character that none has");
	return TACIT_OK;
}

/* False when it is too long, or holds a NUL. */
static bool copy(struct tacit_slice text, char *ret, size_t room)
{
	if (text.len >= room || (text.len && memchr(text.ptr, 0, text.len)))
		return false;
	if (text.len)
		memcpy(ret, text.ptr, text.len);
	ret[text.len] = '\0';
	return true;
}

/* ---- members by name ------------------------------------------------------------------------ */

enum member { ACCESS_KEY, SECRET_KEY, TOKEN, REGION, MEMBERS };

static bool put(struct tacit_aws_keys *keys, size_t member, struct tacit_slice value)
{
	switch (member) {
	case ACCESS_KEY:
		return copy(value, keys->access_key, sizeof(keys->access_key));
	case SECRET_KEY:
		return tacit_secret_init(&keys->secret_key, value);
	case TOKEN:
		return copy(value, keys->token, sizeof(keys->token));
	default:
		return copy(value, keys->region, sizeof(keys->region));
	}
}

static size_t find(const char *const names[static MEMBERS], struct tacit_slice name)
{
	size_t i = 0;

	while (i < MEMBERS && !tacit_slice_eq(name, tacit_slice_str(names[i])))
		i++;
	return i;
}

/* Hands over what is sound, and leaves nothing behind. */
static enum tacit_status hand_over(struct tacit_aws_keys *keys, enum tacit_status st,
				   struct tacit_aws_keys *ret, struct tacit_error *err)
{
	if (st == TACIT_OK)
		st = tacit_aws_keys_check(keys, err);
	if (st == TACIT_OK)
		*ret = *keys;
	tacit_aws_keys_wipe(keys);
	return st;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static const char *const JSON_NAMES[MEMBERS] = { "AccessKeyId", "SecretAccessKey", "Token",
						 "Region" };

static void take_member(struct tacit_json_read *j, struct tacit_slice name,
			struct tacit_aws_keys *keys)
{
	size_t member = find(JSON_NAMES, name);

	if (member < MEMBERS) {
		if (!put(keys, member, tacit_json_read_string(j)))
			tacit_json_read_reject(j, "a member is longer than any key");
	} else if (tacit_slice_eq(name, tacit_slice_str("Expiration"))) {
		if (!tacit_time_parse(tacit_json_read_string(j), &keys->expires))
			tacit_json_read_reject(j, "Expiration is no date");
	} else if (tacit_slice_eq(name, tacit_slice_str("Code"))) {
		if (!tacit_slice_eq(tacit_json_read_string(j), tacit_slice_str("Success")))
			tacit_json_read_reject(j, "its Code is not Success");
	} else {
		(void)tacit_json_read_skip(j);
	}
}

enum tacit_status tacit_aws_keys_parse(struct tacit_slice json, struct tacit_aws_keys *ret,
				       struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(json);
	struct tacit_aws_keys keys = { .expires = 0 };
	struct tacit_slice name;

	if (json.len > TACIT_AWS_ANSWER_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "longer than %d bytes",
				  TACIT_AWS_ANSWER_MAX);
	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name))
		take_member(&j, name, &keys);
	return hand_over(&keys, tacit_json_read_finish(&j, WHERE, err), ret, err);
}

enum tacit_status tacit_aws_keys_write(const struct tacit_aws_keys *keys, struct tacit_mut room,
				       struct tacit_slice *ret, struct tacit_error *err)
{
	struct writer w = wr_of(room);

	wr_text(&w, "{\"Code\":\"Success\",\"AccessKeyId\":");
	tacit_json_put_string(&w, tacit_slice_str(keys->access_key));
	wr_text(&w, ",\"SecretAccessKey\":");
	tacit_json_put_string(&w, tacit_secret_view(&keys->secret_key));
	wr_text(&w, ",\"Token\":");
	tacit_json_put_string(&w, tacit_slice_str(keys->token));
	if (keys->expires) {
		char text[TACIT_TIME_TEXT];

		tacit_time_format(keys->expires, text);
		wr_text(&w, ",\"Expiration\":");
		tacit_json_put_string(&w, tacit_slice_str(text));
	}
	if (keys->region[0]) {
		wr_text(&w, ",\"Region\":");
		tacit_json_put_string(&w, tacit_slice_str(keys->region));
	}
	wr_text(&w, "}");
	return wr_finish(&w, WHERE, ret, err);
}

/* ---- AWS's shared format -------------------------------------------------------------------- */

static const char *const FILE_NAMES[MEMBERS] = { "aws_access_key_id", "aws_secret_access_key",
						 "aws_session_token", "region" };

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct tacit_slice trim(struct tacit_slice text)
{
	while (text.len && is_blank(text.ptr[0]))
		text = tacit_slice_of(text.ptr + 1, text.len - 1);
	while (text.len && is_blank(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

static struct tacit_slice next_line(struct tacit_slice *text)
{
	const uint8_t *end = memchr(text->ptr, '\n', text->len);
	size_t len = end ? (size_t)(end - text->ptr) : text->len;
	struct tacit_slice line = tacit_slice_of(text->ptr, len);

	len += end != NULL;
	*text = tacit_slice_of(text->ptr + len, text->len - len);
	return line;
}

struct profile {
	struct tacit_slice name;
	bool inside, seen, given[MEMBERS];
	struct tacit_aws_keys keys;
};

static enum tacit_status take_line(struct profile *p, struct tacit_slice line, uint64_t number,
				   struct tacit_error *err)
{
	/* A line that begins with a blank belongs to the member before it, which is not ours. */
	bool nested = line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
	struct tacit_slice text = trim(line);

	if (text.len == 0 || text.ptr[0] == '#' || text.ptr[0] == ';' || nested)
		return TACIT_OK;
	if (text.ptr[0] == '[') {
		struct tacit_slice name = tacit_slice_of(text.ptr + 1, text.len - 1);

		if (name.len == 0 || name.ptr[name.len - 1] != ']')
			return tacit_fail(err, TACIT_FORMAT, WHERE, number,
					  "line %llu: no ] at the end", (unsigned long long)number);
		name.len--;
		p->inside = tacit_slice_eq(trim(name), p->name);
		p->seen |= p->inside;
		return TACIT_OK;
	}
	const uint8_t *equals = memchr(text.ptr, '=', text.len);
	if (!equals)
		return tacit_fail(err, TACIT_FORMAT, WHERE, number, "line %llu: no name = value",
				  (unsigned long long)number);
	size_t len = (size_t)(equals - text.ptr);
	size_t member = find(FILE_NAMES, trim(tacit_slice_of(text.ptr, len)));
	if (!p->inside || member == MEMBERS)
		return TACIT_OK;
	if (p->given[member])
		return tacit_fail(err, TACIT_FORMAT, WHERE, number, "line %llu: %s once more",
				  (unsigned long long)number, FILE_NAMES[member]);
	p->given[member] = true;
	if (!put(&p->keys, member, trim(tacit_slice_of(equals + 1, text.len - len - 1))))
		return tacit_fail(err, TACIT_FORMAT, WHERE, number, "line %llu: too long",
				  (unsigned long long)number);
	return TACIT_OK;
}

enum tacit_status tacit_aws_keys_parse_file(struct tacit_slice text, const char *profile,
					    struct tacit_aws_keys *ret, struct tacit_error *err)
{
	struct profile p = { .name = tacit_slice_str(profile) };
	enum tacit_status st = TACIT_OK;

	if (text.len > TACIT_AWS_FILE_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "longer than %d bytes",
				  TACIT_AWS_FILE_MAX);
	for (uint64_t number = 1; text.len && st == TACIT_OK; number++)
		st = take_line(&p, next_line(&text), number, err);
	if (st == TACIT_OK && !p.seen) {
		char shown[64];

		st = tacit_fail(err, TACIT_USAGE, WHERE, 0, "no profile '%s' in the file",
				tacit_escape(shown, sizeof(shown), p.name));
	}
	return hand_over(&p.keys, st, ret, err);
}
