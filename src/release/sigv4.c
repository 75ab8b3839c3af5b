/* SPDX-License-Identifier: Apache-2.0 */
#include "release/sigv4.h"

#include "base/hex.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "release/sigv4_text.h"

#define WHERE       "sigv4"
#define ALGORITHM   "AWS4-HMAC-SHA256"
#define DATE_LEN    8 /* of a time's beginning */
#define SECRET_MAX  256
#define HASH_DIGITS (2 * TACIT_SHA256_LEN)

/* ---- the path ------------------------------------------------------------------------------- */

static void put_segment(struct writer *w, struct tacit_slice segment)
{
	for (size_t i = 0; i < segment.len; i++)
		tacit_sigv4_text_put(w, segment.ptr[i]);
}

/* Takes the last segment, with its slash, off what was written since `start`. */
static void drop_segment(struct writer *w, size_t start)
{
	while (!w->bad && w->at > start && w->out.ptr[--w->at] != '/')
		;
}

/* [SIGV4 canonical URI; RFC 3986 5.2.4]: escaped once more than on the wire, as all but S3 do. */
static void put_path(struct writer *w, const struct tacit_sigv4_request *request)
{
	struct tacit_slice rest = request->path;
	size_t start = w->at;
	bool slash = true; /* the path ends in one */

	(void)tacit_sigv4_text_part(&rest, '/'); /* before the first slash there is nothing */
	while (rest.len) {
		bool more = memchr(rest.ptr, '/', rest.len) != NULL;
		struct tacit_slice part = tacit_sigv4_text_part(&rest, '/');
		bool here = tacit_slice_eq(part, tacit_slice_str("."));
		bool up = tacit_slice_eq(part, tacit_slice_str(".."));

		slash = more;
		if (!request->keep_path && (part.len == 0 || here || up)) {
			if (up)
				drop_segment(w, start);
			slash = true;
			continue;
		}
		wr_u8(w, '/');
		put_segment(w, part);
	}
	if (slash)
		wr_u8(w, '/');
}

/* ---- the query ------------------------------------------------------------------------------ */

struct parameter {
	struct tacit_slice name, value; /* in canonical form */
};

static bool put_decoded(struct writer *w, struct tacit_slice text, struct tacit_slice *ret)
{
	size_t start = w->at;
	uint8_t byte;

	while (text.len) {
		if (!tacit_sigv4_text_byte(&text, &byte))
			return false;
		tacit_sigv4_text_put(w, byte);
	}
	if (w->bad)
		return false;
	*ret = tacit_slice_of(w->out.ptr + start, w->at - start);
	return true;
}

static bool is_before(const struct parameter *a, const struct parameter *b)
{
	int order = tacit_sigv4_text_order(a->name, b->name);

	return order < 0 || (order == 0 && tacit_sigv4_text_order(a->value, b->value) < 0);
}

static void insert(struct parameter *list, size_t count, struct parameter new)
{
	while (count && is_before(&new, &list[count - 1])) {
		list[count] = list[count - 1];
		count--;
	}
	list[count] = new;
}

static enum tacit_status put_query(struct writer *w, struct tacit_slice query,
				   struct tacit_error *err)
{
	uint8_t room[TACIT_SIGV4_QUERY_MAX];
	struct writer texts = wr_of(tacit_mut_of(room, sizeof(room)));
	struct parameter list[TACIT_SIGV4_FIELDS_MAX];
	size_t count = 0;

	while (query.len) {
		struct tacit_slice value = tacit_sigv4_text_part(&query, '&');
		struct tacit_slice name = tacit_sigv4_text_part(&value, '=');
		struct parameter new;

		if (name.len == 0 && value.len == 0)
			continue;
		if (count == TACIT_SIGV4_FIELDS_MAX)
			return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "more than %d parameters",
					  TACIT_SIGV4_FIELDS_MAX);
		if (!put_decoded(&texts, name, &new.name) ||
		    !put_decoded(&texts, value, &new.value))
			return tacit_fail(err, texts.bad ? TACIT_LIMIT : TACIT_FORMAT, WHERE, 0,
					  texts.bad ? "query is too long"
						    : "bad escape in the query");
		/* A presigned request is signed before its signature is put in. */
		if (!tacit_slice_eq(new.name, tacit_slice_str("X-Amz-Signature")))
			insert(list, count++, new);
	}
	for (size_t i = 0; i < count; i++) {
		wr_text(w, i ? "&" : "");
		wr_bytes(w, list[i].name);
		wr_text(w, "=");
		wr_bytes(w, list[i].value);
	}
	return TACIT_OK;
}

/* ---- the fields ----------------------------------------------------------------------------- */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without blanks around it, and one space for each run of them inside. */
static void put_value(struct writer *w, struct tacit_slice value)
{
	bool blank = false, any = false;

	for (size_t i = 0; i < value.len; i++) {
		if (is_blank(value.ptr[i])) {
			blank = any;
			continue;
		}
		if (blank)
			wr_u8(w, ' ');
		wr_u8(w, value.ptr[i]);
		blank = false;
		any = true;
	}
}

/* The field `name`, all its values in one line; false when the request has none. */
static bool put_field(struct writer *w, const struct tacit_sigv4_request *request,
		      struct tacit_slice name)
{
	bool found = false;

	wr_bytes(w, name);
	wr_text(w, ":");
	for (size_t i = 0; i < request->field_count; i++) {
		const struct tacit_sigv4_field *field = &request->fields[i];

		if (!tacit_sigv4_text_same(field->name, name))
			continue;
		wr_text(w, found ? "," : "");
		put_value(w, field->value);
		found = true;
	}
	wr_text(w, "\n");
	return found;
}

static bool is_name(struct tacit_slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f ||
		    (name.ptr[i] >= 'A' && name.ptr[i] <= 'Z'))
			return false;
	return name.len > 0;
}

static enum tacit_status put_fields(struct writer *w, const struct tacit_sigv4_request *request,
				    struct tacit_slice names, struct tacit_error *err)
{
	struct tacit_slice last = { NULL, 0 };

	for (size_t count = 0; names.len; count++) {
		struct tacit_slice name = tacit_sigv4_text_part(&names, ';');

		if (count == TACIT_SIGV4_FIELDS_MAX)
			return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "more than %d signed fields",
					  TACIT_SIGV4_FIELDS_MAX);
		if (!is_name(name) || tacit_sigv4_text_order(last, name) >= 0)
			return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
					  "the signed fields are not sorted names in lower case");
		if (!put_field(w, request, name))
			return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
					  "a signed field is not there: %.*s", (int)name.len,
					  (const char *)name.ptr);
		last = name;
	}
	return TACIT_OK;
}

/* The least name that comes after `last`; absent when there is none. */
static struct tacit_slice next_name(const struct tacit_sigv4_request *request, struct writer *w,
				    struct tacit_slice last)
{
	size_t start = w->at;
	struct tacit_slice best = { NULL, 0 };

	for (size_t i = 0; i < request->field_count; i++) {
		struct tacit_slice name = request->fields[i].name;
		uint8_t low[128];

		if (name.len > sizeof(low)) {
			w->bad = true;
			return best;
		}
		for (size_t k = 0; k < name.len; k++)
			low[k] = name.ptr[k] >= 'A' && name.ptr[k] <= 'Z'
					 ? (uint8_t)(name.ptr[k] + ('a' - 'A'))
					 : name.ptr[k];
		struct tacit_slice here = tacit_slice_of(low, name.len);

		if (tacit_sigv4_text_order(here, last) <= 0 ||
		    (best.ptr && tacit_sigv4_text_order(here, best) >= 0))
			continue;
		w->at = start;
		wr_bytes(w, here);
		if (w->bad)
			return best;
		best = tacit_slice_of(w->out.ptr + start, name.len);
	}
	return best;
}

enum tacit_status tacit_sigv4_names(const struct tacit_sigv4_request *request,
				    struct tacit_mut room, struct tacit_slice *ret,
				    struct tacit_error *err)
{
	struct writer w = wr_of(room);
	struct tacit_slice last = { NULL, 0 };

	for (;;) {
		size_t before = w.at;

		if (last.ptr)
			wr_text(&w, ";");
		last = next_name(request, &w, last);
		if (!last.ptr) {
			w.at = before;
			return wr_finish(&w, WHERE, ret, err);
		}
	}
}

/* ---- the steps ------------------------------------------------------------------------------ */

static enum tacit_status put_hash(struct writer *w, struct tacit_slice in, struct tacit_error *err)
{
	uint8_t hash[TACIT_SHA256_LEN];
	char text[HASH_DIGITS + 1];
	enum tacit_status st = tacit_hash(TACIT_SHA256, in, hash, err);

	if (st != TACIT_OK)
		return st;
	tacit_hex_encode(TACIT_SLICE_ARRAY(hash), text);
	wr_text(w, text);
	return TACIT_OK;
}

enum tacit_status tacit_sigv4_canonical(const struct tacit_sigv4_request *request,
					struct tacit_slice names, struct tacit_mut room,
					struct tacit_slice *ret, struct tacit_error *err)
{
	struct writer w = wr_of(room);
	enum tacit_status st;

	if (request->path.len == 0 || request->path.ptr[0] != '/')
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "the path has no slash in front");
	wr_bytes(&w, request->method);
	wr_text(&w, "\n");
	put_path(&w, request);
	wr_text(&w, "\n");
	st = put_query(&w, request->query, err);
	wr_text(&w, "\n");
	if (st == TACIT_OK)
		st = put_fields(&w, request, names, err);
	wr_text(&w, "\n");
	wr_bytes(&w, names);
	wr_text(&w, "\n");
	if (st == TACIT_OK)
		st = put_hash(&w, request->body, err);
	return st == TACIT_OK ? wr_finish(&w, WHERE, ret, err) : st;
}

static struct tacit_slice day_of(const struct tacit_sigv4_scope *scope)
{
	return tacit_slice_of(scope->time.ptr,
			      scope->time.len < DATE_LEN ? scope->time.len : DATE_LEN);
}

enum tacit_status tacit_sigv4_string(struct tacit_slice canonical,
				     const struct tacit_sigv4_scope *scope, struct tacit_mut room,
				     struct tacit_slice *ret, struct tacit_error *err)
{
	struct writer w = wr_of(room);
	enum tacit_status st;

	wr_text(&w, ALGORITHM "\n");
	wr_bytes(&w, scope->time);
	wr_text(&w, "\n");
	wr_bytes(&w, day_of(scope));
	wr_text(&w, "/");
	wr_bytes(&w, scope->region);
	wr_text(&w, "/");
	wr_bytes(&w, scope->service);
	wr_text(&w, "/aws4_request\n");
	st = put_hash(&w, canonical, err);
	return st == TACIT_OK ? wr_finish(&w, WHERE, ret, err) : st;
}

enum tacit_status tacit_sigv4_key(struct tacit_slice secret, const struct tacit_sigv4_scope *scope,
				  uint8_t ret[static 32], struct tacit_error *err)
{
	uint8_t first[4 + SECRET_MAX] = "AWS4", key[TACIT_SHA256_LEN];
	const struct tacit_slice steps[] = { day_of(scope), scope->region, scope->service,
					     tacit_slice_str("aws4_request") };
	struct tacit_slice under = tacit_slice_of(first, 4 + secret.len);
	enum tacit_status st = TACIT_OK;

	if (secret.len > SECRET_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "secret of %zu bytes", secret.len);
	if (secret.len)
		memcpy(first + 4, secret.ptr, secret.len);
	for (size_t i = 0; st == TACIT_OK && i < sizeof(steps) / sizeof(steps[0]); i++) {
		uint8_t next[TACIT_SHA256_LEN];

		st = tacit_hmac(TACIT_SHA256, under, steps[i], next, err);
		memcpy(key, next, sizeof(key));
		under = TACIT_SLICE_ARRAY(key);
		tacit_wipe(next, sizeof(next));
	}
	if (st == TACIT_OK)
		memcpy(ret, key, sizeof(key));
	tacit_wipe(key, sizeof(key));
	tacit_wipe(first, sizeof(first));
	return st;
}

enum tacit_status tacit_sigv4_sign(const struct tacit_sigv4_request *request,
				   struct tacit_slice names, const struct tacit_sigv4_scope *scope,
				   const uint8_t key[static 32],
				   char ret[static TACIT_SIGV4_SIGNATURE_LEN + 1],
				   struct tacit_error *err)
{
	uint8_t room[TACIT_SIGV4_CANONICAL_MAX], string[512], mac[TACIT_SHA256_LEN];
	struct tacit_slice canonical, to_sign;
	enum tacit_status st = tacit_sigv4_canonical(
		request, names, tacit_mut_of(room, sizeof(room)), &canonical, err);

	if (st == TACIT_OK)
		st = tacit_sigv4_string(canonical, scope, tacit_mut_of(string, sizeof(string)),
					&to_sign, err);
	if (st == TACIT_OK)
		st = tacit_hmac(TACIT_SHA256, tacit_slice_of(key, TACIT_SHA256_LEN), to_sign, mac,
				err);
	if (st == TACIT_OK)
		tacit_hex_encode(TACIT_SLICE_ARRAY(mac), ret);
	return st;
}
