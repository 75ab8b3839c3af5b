/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/ear.h"
#include "base/writer.h"
#include "codec/jwt.h"
#include "fuzz.h"

/*
 * The first byte says what the rest is: claims as JSON or CBOR, as they are behind a signature, or
 * a token, which comes before one.
 */

static uint8_t room[1 << 20], again_room[1 << 20], text[1 << 20];

typedef enum tacit_status (*parser)(struct tacit_slice in, struct tacit_arena *arena,
				    struct tacit_ear *ret, struct tacit_error *err);
typedef void (*putter)(struct writer *w, const struct tacit_ear *ear);

static void check_ear(const struct tacit_ear *ear)
{
	FUZZ_ASSERT(ear->submod_count > 0 && ear->submod_count <= TACIT_EAR_SUBMODS_MAX);
	FUZZ_ASSERT(ear->developer.ptr && ear->build.ptr && ear->profile.ptr);
	for (size_t i = 0; i < ear->submod_count; i++) {
		const struct tacit_ear_submod *s = &ear->submods[i];

		FUZZ_ASSERT(tacit_ear_status_name(s->status));
		FUZZ_ASSERT(tacit_ear_borne_out(s->status, &s->vector));
		FUZZ_ASSERT(s->policy_count <= TACIT_EAR_POLICIES);
		FUZZ_ASSERT(tacit_ear_worse(tacit_ear_overall(ear), s->status) ==
			    tacit_ear_overall(ear));
	}
}

/* What was read can be written, and says the same when it is read again. */
static void check_claims(struct tacit_slice in, parser parse, putter put)
{
	struct tacit_arena arena, again;
	struct tacit_ear ear = { 0 }, copy = { 0 };
	struct tacit_error err = { 0 };

	tacit_arena_init(&arena, room, sizeof(room));
	enum tacit_status st = parse(in, &arena, &ear, &err);
	FUZZ_ASSERT(err.status == st && (st == TACIT_OK) == (ear.submods != NULL));
	if (st != TACIT_OK)
		return;
	check_ear(&ear);
	for (size_t i = 0; i < ear.submod_count; i++)
		if (ear.submods[i].name.len > 32)
			return; /* only names of platforms are written */
	ear.raw_evidence = tacit_slice_of(NULL, 0);
	struct writer w = wr_of(tacit_mut_of(text, sizeof(text)));
	put(&w, &ear);
	FUZZ_ASSERT(!w.bad);
	tacit_arena_init(&again, again_room, sizeof(again_room));
	st = parse(tacit_slice_of(text, w.at), &again, &copy, NULL);
	if (put == tacit_ear_put_json && st != TACIT_OK)
		return; /* names with escapes are refused as names of members */
	FUZZ_ASSERT(st == TACIT_OK && copy.submod_count == ear.submod_count);
	FUZZ_ASSERT(copy.issued == ear.issued);
	FUZZ_ASSERT(tacit_ear_overall(&copy) == tacit_ear_overall(&ear));
}

static void check_token(struct tacit_slice in)
{
	static const char *const ALGS[] = { "ES256", "ES384", "EdDSA" };
	size_t accepted = 0;

	for (size_t i = 0; i < 3; i++) {
		struct tacit_arena arena;
		struct tacit_jwt jwt = { 0 };
		struct tacit_error err = { 0 };

		tacit_arena_init(&arena, room, sizeof(room));
		enum tacit_status st = tacit_jwt_parse(in, ALGS[i], &arena, &jwt, &err);
		FUZZ_ASSERT(err.status == st);
		if (st != TACIT_OK)
			continue;
		accepted++;
		FUZZ_ASSERT(fuzz_inside(jwt.message, in) && jwt.message.ptr == in.ptr);
		FUZZ_ASSERT(in.ptr[jwt.message.len] == '.');
	}
	FUZZ_ASSERT(accepted <= 1);
}

/* No token has the signature of a key that nobody has. */
static void check_verify(struct tacit_slice in)
{
	static struct tacit_key *key;
	struct tacit_arena arena;
	struct tacit_ear ear = { 0 };
	struct tacit_error err = { 0 };

	if (!key)
		FUZZ_ASSERT(tacit_key_generate(TACIT_ED25519, &key, NULL) == TACIT_OK);
	tacit_arena_init(&arena, room, sizeof(room));
	FUZZ_ASSERT(tacit_ear_verify(in, key, 1700000000, &arena, &ear, &err) != TACIT_OK);
	FUZZ_ASSERT(!ear.submods && err.status != TACIT_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	struct tacit_slice in = tacit_slice_of(data + 1, size - 1);

	if (data[0] % 3 == 0) {
		check_claims(in, tacit_ear_parse_json, tacit_ear_put_json);
	} else if (data[0] % 3 == 1) {
		check_claims(in, tacit_ear_parse_cbor, tacit_ear_put_cbor);
	} else {
		check_token(in);
		check_verify(in);
	}
	return 0;
}
