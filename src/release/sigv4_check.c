/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"
#include "base/time.h"
#include "release/sigv4.h"
#include "release/sigv4_text.h"

#define WHERE     "sigv4"
#define ALGORITHM "AWS4-HMAC-SHA256"
#define TIME_LEN  16 /* "20150830T123600Z" */

/* ---- finding -------------------------------------------------------------------------------- */

static size_t count_fields(const struct tacit_sigv4_request *request, const char *name,
			   struct tacit_slice *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < request->field_count; i++) {
		if (!tacit_sigv4_text_same(request->fields[i].name, tacit_slice_str(name)))
			continue;
		*ret = request->fields[i].value;
		count++;
	}
	return count;
}

/* A parameter of the query, its escapes undone into the rest of `w`; absent unless it is there
 * once. */
static struct tacit_slice find_parameter(struct tacit_slice query, const char *wanted,
					 struct writer *w)
{
	struct tacit_slice found = { NULL, 0 };
	struct tacit_slice none = { NULL, 0 };
	size_t start = w->at;
	uint8_t byte;

	while (query.len) {
		struct tacit_slice value = tacit_sigv4_text_part(&query, '&');
		struct tacit_slice name = tacit_sigv4_text_part(&value, '=');

		if (!tacit_slice_eq(name, tacit_slice_str(wanted)))
			continue;
		if (found.ptr)
			return none;
		found = value.ptr ? value : tacit_slice_str("");
	}
	while (found.len) {
		if (!tacit_sigv4_text_byte(&found, &byte))
			return none;
		wr_u8(w, byte);
	}
	if (!found.ptr || w->bad)
		return none;
	return tacit_slice_of(w->out.ptr + start, w->at - start);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Seconds of the one form that a signature's time has. */
static bool read_time(struct tacit_slice text, int64_t *ret)
{
	const char *t = (const char *)text.ptr;
	char spread[] = "0000-00-00T00:00:00Z";

	if (text.len != TIME_LEN || t[8] != 'T' || t[15] != 'Z')
		return false;
	memcpy(spread, t, 4);
	memcpy(spread + 5, t + 4, 2);
	memcpy(spread + 8, t + 6, 2);
	memcpy(spread + 11, t + 9, 2);
	memcpy(spread + 14, t + 11, 2);
	memcpy(spread + 17, t + 13, 2);
	return tacit_time_parse(tacit_slice_str(spread), ret);
}

static enum tacit_status refuse(struct tacit_error *err, const char *why)
{
	return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "%s", why);
}

/* "KEY/20150830/REGION/SERVICE/aws4_request" and the time that it must agree with. */
static enum tacit_status read_scope(struct tacit_sigv4_auth *auth, struct tacit_slice credential,
				    struct tacit_slice time, struct tacit_error *err)
{
	struct tacit_slice rest = credential;

	auth->access_key = tacit_sigv4_text_part(&rest, '/');
	struct tacit_slice day = tacit_sigv4_text_part(&rest, '/');

	auth->scope.region = tacit_sigv4_text_part(&rest, '/');
	auth->scope.service = tacit_sigv4_text_part(&rest, '/');
	if (auth->access_key.len == 0 || auth->scope.region.len == 0 ||
	    auth->scope.service.len == 0 || !tacit_slice_eq(rest, tacit_slice_str("aws4_request")))
		return refuse(err, "the credential is not KEY/DATE/REGION/SERVICE/aws4_request");
	if (!read_time(time, &auth->time))
		return refuse(err, "no time (X-Amz-Date) as 20150830T123600Z");
	auth->scope.time = time;
	if (!tacit_slice_eq(day, tacit_slice_of(time.ptr, 8)))
		return refuse(err, "the credential is of another day than the request");
	return TACIT_OK;
}

static enum tacit_status check_parts(const struct tacit_sigv4_auth *auth, struct tacit_error *err)
{
	if (auth->names.len == 0)
		return refuse(err, "no list of signed fields (SignedHeaders)");
	if (auth->signature.len != TACIT_SIGV4_SIGNATURE_LEN)
		return refuse(err, "no signature of 64 hex digits");
	return TACIT_OK;
}

static struct tacit_slice trim(struct tacit_slice text)
{
	while (text.len && text.ptr[0] == ' ')
		text = tacit_slice_of(text.ptr + 1, text.len - 1);
	while (text.len && text.ptr[text.len - 1] == ' ')
		text.len--;
	return text;
}

/* "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...", in any order. */
static enum tacit_status read_field(const struct tacit_sigv4_request *request,
				    struct tacit_slice value, struct tacit_sigv4_auth *auth,
				    struct tacit_error *err)
{
	struct tacit_slice rest = trim(value), credential = { NULL, 0 }, time = { NULL, 0 };

	if (!tacit_slice_eq(tacit_sigv4_text_part(&rest, ' '), tacit_slice_str(ALGORITHM)))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "the Authorization is not " ALGORITHM);
	while (rest.len) {
		struct tacit_slice text = trim(tacit_sigv4_text_part(&rest, ','));
		struct tacit_slice name = tacit_sigv4_text_part(&text, '=');
		struct tacit_slice *into =
			tacit_slice_eq(name, tacit_slice_str("Credential"))      ? &credential
			: tacit_slice_eq(name, tacit_slice_str("SignedHeaders")) ? &auth->names
			: tacit_slice_eq(name, tacit_slice_str("Signature"))     ? &auth->signature
										 : NULL;

		if (!into || into->ptr)
			return refuse(err, "a part of the Authorization is unknown or twice there");
		*into = text;
	}
	if (count_fields(request, "x-amz-date", &time) != 1)
		return refuse(err, "not one field X-Amz-Date");
	enum tacit_status st = read_scope(auth, credential, trim(time), err);

	return st == TACIT_OK ? check_parts(auth, err) : st;
}

/* Decimal seconds, 1 to a week. */
static bool read_expires(struct tacit_slice text, uint32_t *ret)
{
	uint32_t value = 0;

	if (text.len == 0 || text.len > 6)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		value = value * 10 + (uint32_t)(text.ptr[i] - '0');
	}
	*ret = value;
	return value >= 1 && value <= TACIT_SIGV4_EXPIRES_MAX_S;
}

static enum tacit_status read_query(struct tacit_slice query, struct tacit_sigv4_auth *auth,
				    struct tacit_error *err)
{
	struct writer w = wr_of(tacit_mut_of(auth->room, sizeof(auth->room)));
	struct tacit_slice algorithm = find_parameter(query, "X-Amz-Algorithm", &w);
	struct tacit_slice credential = find_parameter(query, "X-Amz-Credential", &w);
	struct tacit_slice time = find_parameter(query, "X-Amz-Date", &w);
	struct tacit_slice expires = find_parameter(query, "X-Amz-Expires", &w);

	auth->names = find_parameter(query, "X-Amz-SignedHeaders", &w);
	auth->signature = find_parameter(query, "X-Amz-Signature", &w);
	if (!tacit_slice_eq(algorithm, tacit_slice_str(ALGORITHM)))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "the query's algorithm is not " ALGORITHM);
	if (!read_expires(expires, &auth->expires))
		return refuse(err, "X-Amz-Expires is not 1 to 604800 seconds");
	enum tacit_status st = read_scope(auth, credential, time, err);

	return st == TACIT_OK ? check_parts(auth, err) : st;
}

static bool has_parameter(struct tacit_slice query, const char *wanted)
{
	while (query.len) {
		struct tacit_slice value = tacit_sigv4_text_part(&query, '&');

		if (tacit_slice_eq(tacit_sigv4_text_part(&value, '='), tacit_slice_str(wanted)))
			return true;
	}
	return false;
}

enum tacit_status tacit_sigv4_read(const struct tacit_sigv4_request *request,
				   struct tacit_sigv4_auth *ret, struct tacit_error *err)
{
	struct tacit_slice field = { NULL, 0 };
	size_t count = count_fields(request, "authorization", &field);
	bool presigned = has_parameter(request->query, "X-Amz-Algorithm");

	memset(ret, 0, sizeof(*ret));
	if (count == 0 && !presigned)
		return refuse(err, "the request is not signed: no Authorization");
	if (count + presigned != 1)
		return refuse(err, "the request has more than one signature");
	return presigned ? read_query(request->query, ret, err)
			 : read_field(request, field, ret, err);
}

/* ---- checking ------------------------------------------------------------------------------- */

static bool is_listed(struct tacit_slice names, struct tacit_slice name)
{
	while (names.len)
		if (tacit_sigv4_text_same(tacit_sigv4_text_part(&names, ';'), name))
			return true;
	return false;
}

static bool must_be_signed(struct tacit_slice name)
{
	struct tacit_slice prefix = tacit_slice_str("x-amz-");

	/* Some add the token of a session after signing; it says who asks, and nothing of what. */
	if (tacit_sigv4_text_same(name, tacit_slice_str("x-amz-security-token")))
		return false;
	return name.len > prefix.len &&
	       tacit_sigv4_text_same(tacit_slice_of(name.ptr, prefix.len), prefix);
}

static enum tacit_status check_coverage(const struct tacit_sigv4_request *request,
					const struct tacit_sigv4_auth *auth,
					struct tacit_error *err)
{
	if (!is_listed(auth->names, tacit_slice_str("host")))
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0, "Host is not signed");
	for (size_t i = 0; i < request->field_count; i++) {
		struct tacit_slice name = request->fields[i].name;

		if (must_be_signed(name) && !is_listed(auth->names, name))
			return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0,
					  "a field is there that is not signed: %.*s",
					  (int)name.len, (const char *)name.ptr);
	}
	return TACIT_OK;
}

enum tacit_status tacit_sigv4_check_key(const struct tacit_sigv4_request *request,
					const struct tacit_sigv4_auth *auth,
					const uint8_t key[static 32], struct tacit_error *err)
{
	char expected[TACIT_SIGV4_SIGNATURE_LEN + 1];
	enum tacit_status st = check_coverage(request, auth, err);

	if (st == TACIT_OK)
		st = tacit_sigv4_sign(request, auth->names, &auth->scope, key, expected, err);
	if (st != TACIT_OK)
		return st;
	if (!tacit_equal_secret(tacit_slice_str(expected), auth->signature))
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0,
				  "the signature is not that of this request under this key");
	return TACIT_OK;
}

enum tacit_status tacit_sigv4_check(const struct tacit_sigv4_request *request,
				    const struct tacit_sigv4_auth *auth, struct tacit_slice secret,
				    struct tacit_error *err)
{
	uint8_t key[32];
	enum tacit_status st = tacit_sigv4_key(secret, &auth->scope, key, err);

	if (st == TACIT_OK)
		st = tacit_sigv4_check_key(request, auth, key, err);
	tacit_wipe(key, sizeof(key));
	return st;
}

enum tacit_status tacit_sigv4_fresh(const struct tacit_sigv4_auth *auth, int64_t now,
				    struct tacit_error *err)
{
	int64_t last = auth->expires ? auth->expires : TACIT_SIGV4_SKEW_S;
	char made[TACIT_TIME_TEXT], here[TACIT_TIME_TEXT];

	if (now >= auth->time - TACIT_SIGV4_SKEW_S && now <= auth->time + last)
		return TACIT_OK;
	tacit_time_format(auth->time, made);
	tacit_time_format(now, here);
	return tacit_fail(err, TACIT_EXPIRED, WHERE, 0,
			  "the signature was made at %s, and it is %s here", made, here);
}
