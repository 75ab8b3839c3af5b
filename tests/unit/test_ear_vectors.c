/* SPDX-License-Identifier: Apache-2.0 */

/* EAR tokens and claims sets of other implementations, each with its stated outcome. */

#include "appraise/ear.h"
#include "crypto/jwk.h"
#include "vectors.h"

static uint8_t room[1 << 20];
static struct tacit_arena arena;

static struct tacit_arena *fresh(void)
{
	tacit_arena_init(&arena, room, sizeof(room));
	return &arena;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static struct tacit_key *signer_of(const json_t *file)
{
	char *text = json_dumps(json_object_get(file, "signer_jwk"), JSON_COMPACT);
	struct tacit_key *key = NULL;

	ok(text && tacit_key_jwk(tacit_slice_str(text), &key, NULL) == TACIT_OK,
	   "the signer's key is read");
	free(text);
	return key;
}

/* "ok:STATUS", "reject" or, for claims without a signature, "parse ok". */
static void is_outcome(enum tacit_status st, const struct tacit_ear *ear,
		       const struct tacit_error *err, const char *want, const char *name)
{
	bool good;

	if (strncmp(want, "ok:", 3) == 0)
		good = st == TACIT_OK &&
		       strcmp(want + 3, tacit_ear_status_name(tacit_ear_overall(ear))) == 0;
	else
		good = strcmp(want, "reject") == 0 && st != TACIT_OK;
	if (!ok(good, "%s: %s", name, want))
		printf("# got %s: %s: %s\n", tacit_status_name(st), err->where, err->detail);
}

static void test_jwt(void)
{
	json_t *file = vector_json("kbs/ear/ear_jwt.json"), *row;
	size_t i;

	if (!file)
		return;
	struct tacit_key *key = signer_of(file);
	json_array_foreach(json_object_get(file, "cases"), i, row)
	{
		struct tacit_ear ear = { 0 };
		struct tacit_error err = { 0 };
		struct tacit_slice token = tacit_slice_str(text_of(row, "token"));
		int64_t now = (int64_t)json_number_value(json_object_get(row, "now"));

		is_outcome(tacit_ear_verify(token, key, now, fresh(), &ear, &err), &ear, &err,
			   text_of(row, "expect"), text_of(row, "name"));
	}
	ok(i >= 14, "%zu cases of JWT", i);
	tacit_key_free(key);
	json_decref(file);
}

static void test_cwt(void)
{
	json_t *file = vector_json("kbs/ear/ear_cwt.json"), *row;
	size_t i;

	if (!file)
		return;
	struct tacit_key *key = signer_of(file);
	json_array_foreach(json_object_get(file, "cases"), i, row)
	{
		struct tacit_ear ear = { 0 };
		struct tacit_error err = { 0 };
		struct tacit_slice bytes = vector_hex(text_of(row, "cbor"));
		const char *want = text_of(row, "expect"), *name = text_of(row, "name");

		if (strcmp(want, "parse ok") == 0) {
			is_status(tacit_ear_parse_cbor(bytes, fresh(), &ear, &err), TACIT_OK, name);
			ok(tacit_ear_verify(bytes, key, 1700000100, fresh(), &ear, &err) !=
				   TACIT_OK,
			   "and is no token");
		} else {
			is_outcome(tacit_ear_verify(bytes, key, 1700000100, fresh(), &ear, &err),
				   &ear, &err, want, name);
		}
		free((void *)(uintptr_t)bytes.ptr);
	}
	ok(i >= 6, "%zu cases of CWT", i);
	tacit_key_free(key);
	json_decref(file);
}

static struct tacit_slice read_vector(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/kbs/%s", tap_vectors(), name);
	return vector_file(path);
}

static void test_c_ear(void)
{
	struct tacit_slice pem = read_vector("ear/c-ear/pkey.pem");
	struct tacit_slice jwk = read_vector("ear/veraison-ear/pkey.json");
	struct tacit_slice token = read_vector("ear/c-ear/ear.jwt");
	struct tacit_key *key = NULL, *same = NULL;
	struct tacit_ear ear = { 0 };
	struct tacit_error err = { 0 };

	while (token.len && token.ptr[token.len - 1] == '\n')
		token.len--;
	is_status(tacit_key_pem(pem, &key, &err), TACIT_OK, "the key of c-ear");
	is_status(tacit_ear_verify(token, key, 1700000100, fresh(), &ear, &err), TACIT_OK,
		  "its token, whose time is a real");
	ok(ear.issued == 1666529184 && ear.starts && ear.start == 1677247879 &&
		   ear.submod_count == 1 && ear.submods[0].status == TACIT_EAR_AFFIRMING,
	   "says what it should");
	is_status(tacit_ear_verify(token, key, 1677247879 - 61, fresh(), &ear, &err), TACIT_EXPIRED,
		  "and not before its time");
	is_status(tacit_key_jwk(jwk, &same, &err), TACIT_OK, "the same key as JWK");
	is_status(tacit_ear_verify(token, same, 1700000100, fresh(), &ear, NULL), TACIT_OK,
		  "verifies it too");
	tacit_key_free(key);
	tacit_key_free(same);
	free((void *)(uintptr_t)pem.ptr);
	free((void *)(uintptr_t)jwk.ptr);
	free((void *)(uintptr_t)token.ptr);
}

static const struct {
	const char *name;
	enum tacit_ear_status want;
} CLAIMS[] = {
	{ "ear/rust-ear/claims.json", TACIT_EAR_AFFIRMING },
	{ "ear/veraison-ear/ear-claims-extension-ok.json", TACIT_EAR_AFFIRMING },
	{ "ear/veraison-ear/ear-claims-key-attestation-ok.json", TACIT_EAR_AFFIRMING },
	{ "ear/veraison-ear/ear-claims-tv-ok.json", TACIT_EAR_AFFIRMING },
	/* Diagnostic notation that is JSON. */
	{ "ear/draft/ear-json-2.diag", TACIT_EAR_AFFIRMING },
	{ "ear/draft/ext-veraison-json-1.diag", TACIT_EAR_CONTRAINDICATED },
	{ "trustee/example.token.json", TACIT_EAR_CONTRAINDICATED },
};

static void test_claims(void)
{
	for (size_t i = 0; i < sizeof(CLAIMS) / sizeof(CLAIMS[0]); i++) {
		struct tacit_slice text = read_vector(CLAIMS[i].name);
		struct tacit_ear ear = { 0 };
		struct tacit_error err = { 0 };
		enum tacit_status st = tacit_ear_parse_json(text, fresh(), &ear, &err);

		if (!ok(st == TACIT_OK && tacit_ear_overall(&ear) == CLAIMS[i].want, "%s",
			CLAIMS[i].name))
			printf("# %s: %s\n", err.where, err.detail);
		free((void *)(uintptr_t)text.ptr);
	}
}

int main(void)
{
	test_jwt();
	test_cwt();
	if (tap_vectors()) {
		test_c_ear();
		test_claims();
	}
	return done();
}
