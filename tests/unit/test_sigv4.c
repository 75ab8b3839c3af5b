/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"
#include "release/sigv4.h"
#include "release/sigv4_text.h"
#include "tests/unit/vectors.h"

/* ---- requests of text ----------------------------------------------------------------------- */

#define FIELDS 16

struct message {
	struct tacit_sigv4_request request;
	struct tacit_sigv4_field fields[FIELDS];
};

/* The line before the next LF, which is taken off. */
static struct tacit_slice take_line(struct tacit_slice *rest)
{
	return tacit_sigv4_text_part(rest, '\n');
}

/* METHOD TARGET HTTP/1.1, where the target may have spaces, as some cases do. */
static void read_target(struct tacit_slice line, struct tacit_sigv4_request *ret)
{
	struct tacit_slice rest = line;

	ret->method = tacit_sigv4_text_part(&rest, ' ');
	rest.len -= strlen(" HTTP/1.1");
	ret->query = rest;
	ret->path = tacit_sigv4_text_part(&ret->query, '?');
}

/* A field's line goes on where the next one begins with a space. */
static void read_message(struct tacit_slice text, struct message *ret)
{
	memset(ret, 0, sizeof(*ret));
	read_target(take_line(&text), &ret->request);
	while (text.len && text.ptr[0] != '\n') {
		struct tacit_slice value = take_line(&text);

		while (text.len && text.ptr[0] == ' ') {
			struct tacit_slice more = take_line(&text);

			value.len = (size_t)(more.ptr + more.len - value.ptr);
		}
		struct tacit_sigv4_field *field = &ret->fields[ret->request.field_count++];

		field->name = tacit_sigv4_text_part(&value, ':');
		field->value = value;
	}
	take_line(&text);
	ret->request.body = text;
	ret->request.fields = ret->fields;
}

/* ---- the suite ------------------------------------------------------------------------------ */

static struct tacit_slice case_file(const char *name, const char *file)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/sigv4/%s/%s", tap_vectors(), name, file);
	return vector_file(path);
}

/* Whether the case's path is normalized; all others of a context are the same throughout. */
static bool keeps_path(const char *name)
{
	size_t len = strlen(name), end = strlen("-unnormalized");

	return len > end && strcmp(name + len - end, "-unnormalized") == 0;
}

static const struct tacit_slice *secret(void)
{
	static struct tacit_slice text;

	text = tacit_slice_str("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
	return &text;
}

static void test_case(const char *name)
{
	struct tacit_slice text = case_file(name, "header-signed-request.txt");
	struct tacit_slice canonical = case_file(name, "header-canonical-request.txt");
	struct tacit_slice string = case_file(name, "header-string-to-sign.txt");
	struct tacit_slice signature = case_file(name, "header-signature.txt");
	struct message m;
	struct tacit_sigv4_auth auth;
	struct tacit_error err = { 0 };
	uint8_t room[4096], string_room[512], key[32];
	struct tacit_slice made, to_sign;
	char signed_text[TACIT_SIGV4_SIGNATURE_LEN + 1] = "";

	read_message(text, &m);
	m.request.keep_path = keeps_path(name);
	if (!is_status(tacit_sigv4_read(&m.request, &auth, &err), TACIT_OK, name))
		printf("# %s\n", err.detail);
	is_status(tacit_sigv4_canonical(&m.request, auth.names, tacit_mut_of(room, sizeof(room)),
					&made, &err),
		  TACIT_OK, name);
	is_slice(made, canonical, "its canonical request");
	is_status(tacit_sigv4_string(made, &auth.scope,
				     tacit_mut_of(string_room, sizeof(string_room)), &to_sign,
				     &err),
		  TACIT_OK, name);
	is_slice(to_sign, string, "its string to sign");
	is_status(tacit_sigv4_key(*secret(), &auth.scope, key, &err), TACIT_OK, name);
	is_status(tacit_sigv4_sign(&m.request, auth.names, &auth.scope, key, signed_text, &err),
		  TACIT_OK, name);
	is_slice(tacit_slice_str(signed_text), signature, "its signature");
	is_status(tacit_sigv4_check(&m.request, &auth, *secret(), &err), TACIT_OK, "and it holds");
	vector_done(text);
	vector_done(canonical);
	vector_done(string);
	vector_done(signature);
}

static const char *const CASES[] = {
	"get-header-key-duplicate",
	"get-header-value-multiline",
	"get-header-value-order",
	"get-header-value-trim",
	"get-relative-normalized",
	"get-relative-relative-normalized",
	"get-relative-relative-unnormalized",
	"get-relative-unnormalized",
	"get-slash-dot-slash-normalized",
	"get-slash-dot-slash-unnormalized",
	"get-slash-normalized",
	"get-slash-pointless-dot-normalized",
	"get-slash-pointless-dot-unnormalized",
	"get-slash-unnormalized",
	"get-slashes-normalized",
	"get-slashes-unnormalized",
	"get-space-normalized",
	"get-space-unnormalized",
	"get-unreserved",
	"get-utf8",
	"get-vanilla",
	"get-vanilla-empty-query-key",
	"get-vanilla-query",
	"get-vanilla-query-order-encoded",
	"get-vanilla-query-order-key-case",
	"get-vanilla-query-unreserved",
	"get-vanilla-utf8-query",
	"get-vanilla-with-session-token",
	"post-header-key-case",
	"post-header-key-sort",
	"post-header-value-case",
	"post-sts-header-after",
	"post-sts-header-before",
	"post-vanilla",
	"post-vanilla-empty-query-value",
	"post-vanilla-query",
	"post-x-www-form-urlencoded",
	"post-x-www-form-urlencoded-parameters",
};

static void test_suite(void)
{
	if (!tap_vectors()) {
		skip("AWS's signing cases", "no shared vectors (TACIT_VECTORS)");
		return;
	}
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
		test_case(CASES[i]);
}

/* ---- one request of KMS, and what is wrong with others -------------------------------------- */

#define DATE   "X-Amz-Date:20150830T123600Z\n"
#define SCOPE  "AKIDEXAMPLE/20150830/us-east-1/kms/aws4_request"
#define TARGET "X-Amz-Target:TrentService.Decrypt\n"
#define NAMES  "host;x-amz-date;x-amz-target"

/* `head` signed over `names`, with its Authorization and the body "{}". */
static void sign_text(const char *head, const char *names, char *room, size_t size)
{
	struct message m;
	uint8_t key[32];
	char signature[TACIT_SIGV4_SIGNATURE_LEN + 1] = "", field[512];
	const struct tacit_sigv4_scope scope = { tacit_slice_str("20150830T123600Z"),
						 tacit_slice_str("us-east-1"),
						 tacit_slice_str("kms") };

	snprintf(room, size, "%s\n{}", head);
	read_message(tacit_slice_str(room), &m);
	ok(tacit_sigv4_key(*secret(), &scope, key, NULL) == TACIT_OK &&
		   tacit_sigv4_sign(&m.request, tacit_slice_str(names), &scope, key, signature,
				    NULL) == TACIT_OK,
	   "signed over %s", names);
	snprintf(field, sizeof(field),
		 "Authorization:AWS4-HMAC-SHA256 Credential=" SCOPE
		 ", SignedHeaders=%s, Signature=%s\n",
		 names, signature);
	snprintf(room, size, "%s%s\n{}", head, field);
}

static enum tacit_status judge(const char *text, struct tacit_error *err)
{
	struct message m;
	struct tacit_sigv4_auth auth;

	read_message(tacit_slice_str(text), &m);
	enum tacit_status st = tacit_sigv4_read(&m.request, &auth, err);

	/* The secret of another key is another one. */
	if (st == TACIT_OK && auth.access_key.len != strlen("A") &&
	    !tacit_slice_eq(auth.access_key, tacit_slice_str("AKIDEXAMPLE")))
		st = TACIT_SIGNATURE;
	if (st == TACIT_OK)
		st = tacit_sigv4_check(&m.request, &auth, *secret(), err);
	return st;
}

static void is_judged(const char *text, enum tacit_status want, const char *why, const char *name)
{
	struct tacit_error err = { 0 };

	is_status(judge(text, &err), want, name);
	if (!ok(strstr(err.detail, why) != NULL, "says: %s", why))
		printf("# got: %s\n", err.detail);
}

#define KMS "POST / HTTP/1.1\nHost:kms\n" DATE TARGET

static void test_good(void)
{
	char text[2048];

	sign_text(KMS, NAMES, text, sizeof(text));
	is_judged(text, TACIT_OK, "", "a request of KMS");
	sign_text("POST / HTTP/1.1\nHost:kms\nA:b\n" DATE TARGET, NAMES, text, sizeof(text));
	is_judged(text, TACIT_OK, "", "a field that is not signed, and need not be");
	sign_text("POST / HTTP/1.1\nHost:kms\n" DATE TARGET "X-Amz-Security-Token:t\n", NAMES, text,
		  sizeof(text));
	is_judged(text, TACIT_OK, "", "a token that was added after signing");
}

/* Any bit of a signed request that changes is noticed, but where case or blanks do not count. */
static void test_flips(void)
{
	char text[2048], bad[2048];
	unsigned refused = 0, tried = 0;

	sign_text(KMS, NAMES, text, sizeof(text));
	for (size_t i = 0; i < strlen(text); i++) {
		for (unsigned bit = 0; bit < 7; bit++) {
			memcpy(bad, text, sizeof(text));
			bad[i] = (char)(bad[i] ^ (1 << bit));
			char was = text[i], now = bad[i];
			bool letter = (was | 0x20) >= 'a' && (was | 0x20) <= 'z';

			/* Names and the request line's end are another's business. */
			if (now == '\n' || was == '\n' || now == 0 || (bit == 5 && letter) ||
			    (i >= 7 && i < 16) || now == ':' || was == ':' || was == ' ')
				continue;
			tried++;
			if (judge(bad, NULL) != TACIT_OK)
				refused++;
		}
	}
	ok(tried > 1500 && refused == tried, "%u of %u flipped bits are noticed", refused, tried);
}

static void test_uncovered(void)
{
	char text[2048];

	sign_text(KMS, "host;x-amz-date", text, sizeof(text));
	is_judged(text, TACIT_SIGNATURE, "not signed: X-Amz-Target",
		  "what is asked for is not signed");
	sign_text(KMS, "x-amz-date;x-amz-target", text, sizeof(text));
	is_judged(text, TACIT_SIGNATURE, "Host is not signed", "the host is not signed");
	sign_text(KMS, NAMES, text, sizeof(text));
	strcat(text, "x");
	is_judged(text, TACIT_SIGNATURE, "not that of this request", "a longer body");
}

struct bad_row {
	const char *name, *text, *why;
	enum tacit_status status;
};

#define SIG      "0000000000000000000000000000000000000000000000000000000000000000"
#define HEAD     "POST / HTTP/1.1\nHost:kms\n"
#define FIELD    "Authorization:AWS4-HMAC-SHA256 "
#define ALL      "Credential=" SCOPE ", SignedHeaders=" NAMES ", Signature=" SIG "\n\n{}"
#define QUERY(q) "POST /?" q " HTTP/1.1\nHost:kms\n\n"
#define PRESIGNED \
	"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20150830%2Fr%2Fs%2Faws4_request"
#define REST "&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Signature=" SIG

static const struct bad_row BAD[] = {
	{ "no signature", HEAD DATE "\n", "not signed", TACIT_FORMAT },
	{ "two signatures", HEAD DATE FIELD "x\n" FIELD ALL, "more than one signature",
	  TACIT_FORMAT },
	{ "in field and query", "POST /?" PRESIGNED REST " HTTP/1.1\nHost:kms\n" DATE FIELD ALL,
	  "more than one signature", TACIT_FORMAT },
	{ "another scheme", HEAD DATE "Authorization:Bearer x\n\n", "is not AWS4-HMAC-SHA256",
	  TACIT_UNSUPPORTED },
	{ "another algorithm", HEAD DATE "Authorization:AWS4-HMAC-SHA384 " ALL,
	  "is not AWS4-HMAC-SHA256", TACIT_UNSUPPORTED },
	{ "no time", HEAD FIELD ALL, "not one field X-Amz-Date", TACIT_FORMAT },
	{ "two times", HEAD DATE DATE FIELD ALL, "not one field X-Amz-Date", TACIT_FORMAT },
	{ "a time of another form", HEAD "X-Amz-Date:2015-08-30T12:36:00Z\n" FIELD ALL, "no time",
	  TACIT_FORMAT },
	{ "a month that is none", HEAD "X-Amz-Date:20151330T123600Z\n" FIELD ALL, "no time",
	  TACIT_FORMAT },
	{ "another day", HEAD "X-Amz-Date:20150831T123600Z\n" FIELD ALL, "another day",
	  TACIT_FORMAT },
	{ "no credential", HEAD DATE FIELD "SignedHeaders=host, Signature=" SIG "\n\n",
	  "credential is not", TACIT_FORMAT },
	{ "a scope cut short",
	  HEAD DATE FIELD "Credential=A/20150830/r/s, SignedHeaders=host, Signature=" SIG "\n\n",
	  "credential is not", TACIT_FORMAT },
	{ "a scope with more",
	  HEAD DATE FIELD "Credential=A/20150830/r/s/aws4_request/x, SignedHeaders=host, "
			  "Signature=" SIG "\n\n",
	  "credential is not", TACIT_FORMAT },
	{ "an empty key",
	  HEAD DATE FIELD "Credential=/20150830/r/s/aws4_request, SignedHeaders=host, "
			  "Signature=" SIG "\n\n",
	  "credential is not", TACIT_FORMAT },
	{ "no list", HEAD DATE FIELD "Credential=" SCOPE ", Signature=" SIG "\n\n",
	  "no list of signed fields", TACIT_FORMAT },
	{ "no signature in it", HEAD DATE FIELD "Credential=" SCOPE ", SignedHeaders=host\n\n",
	  "no signature of 64", TACIT_FORMAT },
	{ "a part twice",
	  HEAD DATE FIELD "Credential=" SCOPE ", SignedHeaders=host, SignedHeaders=host, "
			  "Signature=" SIG "\n\n",
	  "unknown or twice", TACIT_FORMAT },
	{ "an unknown part", HEAD DATE FIELD "Extra=1, " ALL, "unknown or twice", TACIT_FORMAT },
	{ "names out of order",
	  HEAD DATE FIELD "Credential=" SCOPE ", SignedHeaders=x-amz-date;host, Signature=" SIG
			  "\n\n",
	  "not sorted", TACIT_FORMAT },
	{ "a name twice",
	  HEAD DATE FIELD "Credential=" SCOPE ", SignedHeaders=host;host;x-amz-date, "
			  "Signature=" SIG "\n\n",
	  "not sorted", TACIT_FORMAT },
	{ "a name in upper case",
	  HEAD DATE FIELD "Credential=" SCOPE ", SignedHeaders=Host;x-amz-date, Signature=" SIG
			  "\n\n",
	  "not sorted", TACIT_FORMAT },
	{ "a name that is not there",
	  HEAD DATE FIELD "Credential=" SCOPE ", SignedHeaders=host;nobody;x-amz-date, "
			  "Signature=" SIG "\n\n",
	  "not there: nobody", TACIT_FORMAT },
	{ "a presigned request without an end", QUERY(PRESIGNED REST), "X-Amz-Expires",
	  TACIT_FORMAT },
	{ "an end after a week", QUERY(PRESIGNED REST "&X-Amz-Expires=604801"), "X-Amz-Expires",
	  TACIT_FORMAT },
	{ "an end at once", QUERY(PRESIGNED REST "&X-Amz-Expires=0"), "X-Amz-Expires",
	  TACIT_FORMAT },
	{ "a parameter twice", QUERY(PRESIGNED REST "&X-Amz-Expires=9&X-Amz-Expires=9"),
	  "X-Amz-Expires", TACIT_FORMAT },
	{ "a bad escape", QUERY(PRESIGNED REST "&X-Amz-Expires=9&a=%zz"), "bad escape",
	  TACIT_FORMAT },
	{ "an escape cut short", QUERY(PRESIGNED REST "&X-Amz-Expires=9&a=%4"), "bad escape",
	  TACIT_FORMAT },
	{ "no path", "POST ? HTTP/1.1\nHost:kms\n" DATE FIELD ALL, "no slash in front",
	  TACIT_FORMAT },
	{ "another signature", QUERY(PRESIGNED REST "&X-Amz-Expires=9"), "not that of this request",
	  TACIT_SIGNATURE },
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		is_judged(BAD[i].text, BAD[i].status, BAD[i].why, BAD[i].name);
}

/* ---- presigned ------------------------------------------------------------------------------ */

static void test_presigned(void)
{
	const char *query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
			    "AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fkms%2Faws4_request"
			    "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60"
			    "&X-Amz-SignedHeaders=host&Action=a+b";
	struct tacit_sigv4_field host = { tacit_slice_str("host"), tacit_slice_str("kms") };
	struct tacit_sigv4_request request = { .method = tacit_slice_str("GET"),
					       .path = tacit_slice_str("/"),
					       .query = tacit_slice_str(query),
					       .fields = &host,
					       .field_count = 1 };
	const struct tacit_sigv4_scope scope = { tacit_slice_str("20150830T123600Z"),
						 tacit_slice_str("us-east-1"),
						 tacit_slice_str("kms") };
	struct tacit_sigv4_auth auth;
	uint8_t key[32];
	char signature[TACIT_SIGV4_SIGNATURE_LEN + 1] = "", whole[1024];
	struct tacit_error err = { 0 };

	ok(tacit_sigv4_key(*secret(), &scope, key, NULL) == TACIT_OK &&
		   tacit_sigv4_sign(&request, host.name, &scope, key, signature, NULL) == TACIT_OK,
	   "signed");
	snprintf(whole, sizeof(whole), "%s&X-Amz-Signature=%s", query, signature);
	request.query = tacit_slice_str(whole);
	is_status(tacit_sigv4_read(&request, &auth, &err), TACIT_OK, "a presigned request");
	is_slice(auth.access_key, tacit_slice_str("AKIDEXAMPLE"), "whose it is");
	is_status(tacit_sigv4_check(&request, &auth, *secret(), &err), TACIT_OK, "holds");
	is_status(tacit_sigv4_fresh(&auth, auth.time + 60, NULL), TACIT_OK, "to its last second");
	is_status(tacit_sigv4_fresh(&auth, auth.time + 61, NULL), TACIT_EXPIRED, "and no longer");
	whole[strlen(query) - 1] = 'c';
	is_status(tacit_sigv4_check(&request, &auth, *secret(), &err), TACIT_SIGNATURE,
		  "a parameter that was changed");
}

static void test_fresh(void)
{
	struct tacit_sigv4_auth auth = { .time = 1440938160 };
	static const struct {
		int64_t by;
		enum tacit_status status;
	} ROWS[] = { { 0, TACIT_OK },          { 300, TACIT_OK },       { 301, TACIT_EXPIRED },
		     { -300, TACIT_OK },       { -301, TACIT_EXPIRED }, { 86400, TACIT_EXPIRED },
		     { -86400, TACIT_EXPIRED } };

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		is_status(tacit_sigv4_fresh(&auth, auth.time + ROWS[i].by, NULL), ROWS[i].status,
			  "clocks that are apart");
}

/* ---- limits --------------------------------------------------------------------------------- */

static void test_names(void)
{
	struct message m;
	struct tacit_slice names = { NULL, 0 };
	uint8_t room[64];
	const char *text = "GET / HTTP/1.1\nX-B:1\nHost:h\nx-b:2\nA:3\n\n";

	read_message(tacit_slice_str(text), &m);
	is_status(tacit_sigv4_names(&m.request, tacit_mut_of(room, sizeof(room)), &names, NULL),
		  TACIT_OK, "names of fields");
	is_slice(names, tacit_slice_str("a;host;x-b"), "sorted, in lower case, once");
	for (size_t size = 0; size < names.len; size++)
		ok(tacit_sigv4_names(&m.request, tacit_mut_of(room, size), &names, NULL) ==
			   TACIT_LIMIT,
		   "room for %zu bytes", size);
}

static void test_limits(void)
{
	static char query[TACIT_SIGV4_QUERY_MAX * 2];
	struct tacit_sigv4_field host = { tacit_slice_str("host"), tacit_slice_str("h") };
	struct tacit_sigv4_request request = { .method = tacit_slice_str("GET"),
					       .path = tacit_slice_str("/"),
					       .fields = &host,
					       .field_count = 1 };
	static uint8_t room[TACIT_SIGV4_CANONICAL_MAX];
	struct tacit_slice made;
	char secret_text[300];
	uint8_t key[32];
	const struct tacit_sigv4_scope scope = { 0 };

	for (int i = 0; i < TACIT_SIGV4_FIELDS_MAX + 1; i++)
		strcat(query, "a&");
	request.query = tacit_slice_of(query, 2 * TACIT_SIGV4_FIELDS_MAX);
	is_status(tacit_sigv4_canonical(&request, host.name, tacit_mut_of(room, sizeof(room)),
					&made, NULL),
		  TACIT_OK, "as many parameters as there may be");
	request.query = tacit_slice_str(query);
	is_status(tacit_sigv4_canonical(&request, host.name, tacit_mut_of(room, sizeof(room)),
					&made, NULL),
		  TACIT_LIMIT, "one more");
	memset(query, 'a', TACIT_SIGV4_QUERY_MAX + 1);
	query[TACIT_SIGV4_QUERY_MAX + 1] = 0;
	request.query = tacit_slice_str(query);
	is_status(tacit_sigv4_canonical(&request, host.name, tacit_mut_of(room, sizeof(room)),
					&made, NULL),
		  TACIT_LIMIT, "a query that is too long");
	request.query = tacit_slice_str("b");
	for (size_t size = 0; size < 60; size++)
		ok(tacit_sigv4_canonical(&request, host.name, tacit_mut_of(room, size), &made,
					 NULL) == TACIT_LIMIT,
		   "room for %zu bytes", size);
	memset(secret_text, 'x', sizeof(secret_text));
	is_status(tacit_sigv4_key(tacit_slice_of(secret_text, 257), &scope, key, NULL), TACIT_LIMIT,
		  "a secret that is too long");
}

int main(void)
{
	test_suite();
	test_good();
	test_flips();
	test_uncovered();
	test_bad();
	test_presigned();
	test_fresh();
	test_names();
	test_limits();
	return done();
}
