/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyd_request.h"

#include "base/arena.h"
#include "base/compiler.h"
#include "crypto/hash.h"
#include "release/keyd_blob.h"
#include "release/keyd_kbs.h"
#include "release/keyd_nonce.h"
#include "vectors.h"

static uint8_t room[1 << 20];
static struct tacit_arena arena;
static struct tacit_kms_request request;

static enum tacit_status parse(const char *op, const char *body)
{
	char target[128];

	tacit_arena_wipe(&arena);
	snprintf(target, sizeof(target), "TrentService.%s", op);
	return tacit_kms_request_parse(tacit_slice_str(target), tacit_slice_str(body), &arena,
				       &request, NULL);
}

#define RECIPIENT                                                           \
	"\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\"," \
	"\"AttestationDocument\":\"AAEC\"}"

/* ---- requests ------------------------------------------------------------------------------- */

static void good_requests(void)
{
	is_status(parse("Decrypt",
			"{\"CiphertextBlob\":\"AAEC\",\"EncryptionContext\":{\"b\":\"2\","
			"\"a\":\"1\",\"ab\":\"\"}," RECIPIENT "}"),
		  TACIT_OK, "Decrypt");
	is_slice(request.ciphertext, tacit_slice_of("\0\1\2", 3), "its ciphertext");
	is_slice(request.document, tacit_slice_of("\0\1\2", 3), "and document");
	ok(request.op == TACIT_KMS_DECRYPT && request.has_recipient && request.context_count == 3 &&
		   request.context[0].key.ptr[0] == 'a' && request.context[1].key.len == 2 &&
		   request.context[2].key.ptr[0] == 'b',
	   "the context is sorted");
	is_status(parse("GenerateDataKey", "{\"KeyId\":\"k\",\"NumberOfBytes\":1024}"), TACIT_OK,
		  "GenerateDataKey");
	is_status(parse("GenerateRandom", "{\"NumberOfBytes\":1}"), TACIT_OK, "GenerateRandom");
	is_status(parse("ListKeys", "{}"), TACIT_OK, "ListKeys");
	is_status(parse("CreateKey", "{\"KeySpec\":\"ECC_NIST_P256\",\"Tags\":[{\"a\":1}]}"),
		  TACIT_OK, "CreateKey");
	is_status(parse("Encrypt", "{\"KeyId\":\"\\u006b\",\"Plaintext\":\"AA==\","
				   "\"GrantTokens\":[\"x\"],\"DryRun\":false}"),
		  TACIT_OK, "Encrypt, with an escape");
	is_slice(request.key_id, tacit_slice_str("k"), "which is read");
}

static const struct {
	const char *name, *op, *body;
	enum tacit_status want;
} REFUSED[] = {
	{ "no such operation", "Sign", "{}", TACIT_UNSUPPORTED },
	{ "an operation in another case", "decrypt", "{}", TACIT_UNSUPPORTED },
	{ "no operation", "", "{}", TACIT_UNSUPPORTED },
	{ "nothing", "Decrypt", "", TACIT_FORMAT },
	{ "a list", "Decrypt", "[]", TACIT_FORMAT },
	{ "a member twice", "Encrypt", "{\"KeyId\":\"a\",\"KeyId\":\"b\"}", TACIT_FORMAT },
	{ "a member of another operation", "Decrypt",
	  "{\"CiphertextBlob\":\"AA==\",\"Plaintext\":\"AA==\"}", TACIT_FORMAT },
	{ "a recipient of Encrypt", "Encrypt",
	  "{\"KeyId\":\"k\",\"Plaintext\":\"AA==\"," RECIPIENT "}", TACIT_FORMAT },
	{ "a member that nobody knows", "Decrypt", "{\"CiphertextBlob\":\"AA==\",\"X\":1}",
	  TACIT_FORMAT },
	{ "a number for a text", "Encrypt", "{\"KeyId\":1}", TACIT_FORMAT },
	{ "null", "Encrypt", "{\"KeyId\":null,\"Plaintext\":\"AA==\"}", TACIT_FORMAT },
	{ "bytes behind", "ListKeys", "{} {}", TACIT_FORMAT },
	{ "no ciphertext", "Decrypt", "{}", TACIT_USAGE },
	{ "an empty ciphertext", "Decrypt", "{\"CiphertextBlob\":\"\"}", TACIT_USAGE },
	{ "no base64", "Decrypt", "{\"CiphertextBlob\":\"A===\"}", TACIT_USAGE },
	{ "base64 without padding", "Decrypt", "{\"CiphertextBlob\":\"AA\"}", TACIT_USAGE },
	{ "base64 with stray bits", "Decrypt", "{\"CiphertextBlob\":\"AB==\"}", TACIT_USAGE },
	{ "no key", "Encrypt", "{\"Plaintext\":\"AA==\"}", TACIT_USAGE },
	{ "an empty key", "Encrypt", "{\"KeyId\":\"\",\"Plaintext\":\"AA==\"}", TACIT_USAGE },
	{ "no plaintext", "Encrypt", "{\"KeyId\":\"k\"}", TACIT_USAGE },
	{ "zero bytes", "GenerateRandom", "{\"NumberOfBytes\":0}", TACIT_USAGE },
	{ "1025 bytes", "GenerateRandom", "{\"NumberOfBytes\":1025}", TACIT_USAGE },
	{ "a fraction", "GenerateRandom", "{\"NumberOfBytes\":1.5}", TACIT_FORMAT },
	{ "fewer than none", "GenerateRandom", "{\"NumberOfBytes\":-1}", TACIT_FORMAT },
	{ "length and spec", "GenerateDataKey",
	  "{\"KeyId\":\"k\",\"NumberOfBytes\":1,\"KeySpec\":\"AES_256\"}", TACIT_USAGE },
	{ "neither", "GenerateDataKey", "{\"KeyId\":\"k\"}", TACIT_USAGE },
	{ "another algorithm", "Decrypt",
	  "{\"CiphertextBlob\":\"AA==\",\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\"}",
	  TACIT_USAGE },
	{ "another agreement", "DeriveSharedSecret",
	  "{\"KeyId\":\"k\",\"PublicKey\":\"AA==\",\"KeyAgreementAlgorithm\":\"DH\"}",
	  TACIT_USAGE },
	{ "no pair", "GenerateDataKeyPair", "{\"KeyId\":\"k\"}", TACIT_USAGE },
	{ "a recipient without a document", "GenerateRandom",
	  "{\"NumberOfBytes\":1,\"Recipient\":{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\"}}",
	  TACIT_USAGE },
	{ "a recipient without an algorithm", "GenerateRandom",
	  "{\"NumberOfBytes\":1,\"Recipient\":{\"AttestationDocument\":\"AAEC\"}}", TACIT_USAGE },
	{ "an empty recipient", "GenerateRandom", "{\"NumberOfBytes\":1,\"Recipient\":{}}",
	  TACIT_USAGE },
	{ "a recipient that is null", "GenerateRandom", "{\"NumberOfBytes\":1,\"Recipient\":null}",
	  TACIT_FORMAT },
	{ "more in a recipient", "GenerateRandom",
	  "{\"NumberOfBytes\":1,\"Recipient\":{\"AttestationDocument\":\"AAEC\",\"X\":\"\"}}",
	  TACIT_FORMAT },
	{ "a context that is a list", "Decrypt",
	  "{\"CiphertextBlob\":\"AA==\",\"EncryptionContext\":[]}", TACIT_FORMAT },
	{ "a context of numbers", "Decrypt",
	  "{\"CiphertextBlob\":\"AA==\",\"EncryptionContext\":{\"a\":1}}", TACIT_FORMAT },
	{ "a context value with U+0000", "Decrypt",
	  "{\"CiphertextBlob\":\"AA==\",\"EncryptionContext\":{\"a\":\"1\\u0000\"}}",
	  TACIT_FORMAT },
	{ "a context key twice", "Decrypt",
	  "{\"CiphertextBlob\":\"AA==\",\"EncryptionContext\":{\"a\":\"1\",\"a\":\"2\"}}",
	  TACIT_FORMAT },
	{ "keys in many regions", "CreateKey", "{\"MultiRegion\":true}", TACIT_USAGE },
	{ "keys from elsewhere", "CreateKey", "{\"Origin\":\"EXTERNAL\"}", TACIT_USAGE },
};

static void refused_requests(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(REFUSED); i++)
		is_status(parse(REFUSED[i].op, REFUSED[i].body), REFUSED[i].want, REFUSED[i].name);
}

/* A body with one member of `count` characters. */
static enum tacit_status with_length(const char *before, size_t count, const char *after)
{
	static char body[1 << 20];
	size_t at = (size_t)snprintf(body, sizeof(body), "%s", before);

	memset(body + at, 'A', count);
	snprintf(body + at + count, sizeof(body) - at - count, "%s", after);
	return parse("Decrypt", body);
}

static void limits(void)
{
	static const char CIPHER[] = "{\"CiphertextBlob\":\"";
	static const char DOCUMENT[] =
		"{\"CiphertextBlob\":\"AAEC\",\"Recipient\":{\"KeyEncryptionAlgorithm\":"
		"\"RSAES_OAEP_SHA_256\",\"AttestationDocument\":\"";

	is_status(with_length(CIPHER, TACIT_KMS_CIPHER_MAX / 3 * 4, "\"}"), TACIT_OK,
		  "the longest ciphertext");
	is_status(with_length(CIPHER, TACIT_KMS_CIPHER_MAX / 3 * 4 + 4, "\"}"), TACIT_USAGE,
		  "and one that is longer");
	is_status(with_length(DOCUMENT, (TACIT_KMS_DOCUMENT_MAX - 1) / 3 * 4, "\"}}"), TACIT_OK,
		  "a long document");
	is_status(with_length(DOCUMENT, TACIT_KMS_DOCUMENT_MAX / 3 * 4 + 8, "\"}}"), TACIT_USAGE,
		  "and one that is longer");
	is_status(with_length("{\"KeyId\":\"", 2048, "\",\"CiphertextBlob\":\"AAEC\"}"), TACIT_OK,
		  "the longest key id");
	is_status(with_length("{\"KeyId\":\"", 2049, "\",\"CiphertextBlob\":\"AAEC\"}"),
		  TACIT_USAGE, "and one that is longer");
	char many[4096] = "{\"CiphertextBlob\":\"AAEC\",\"EncryptionContext\":{";
	for (unsigned i = 0; i <= TACIT_KEYD_CONTEXT_MAX; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), "%s\"k%u\":\"\"",
			 i ? "," : "", i);
	snprintf(many + strlen(many), sizeof(many) - strlen(many), "}}");
	is_status(parse("Decrypt", many), TACIT_USAGE, "too many pairs");
}

static void arenas_and_cuts(void)
{
	static const char BODY[] = "{\"CiphertextBlob\":\"AAEC\",\"EncryptionContext\":{"
				   "\"a\":\"\\u0062\"}," RECIPIENT "}";
	struct tacit_slice target = tacit_slice_str("TrentService.Decrypt");
	static uint8_t small[512];
	size_t good = 0, cut = 0;

	for (size_t size = 0; size < sizeof(small); size++) {
		struct tacit_arena a;

		tacit_arena_init(&a, small, size);
		good += tacit_kms_request_parse(target, tacit_slice_str(BODY), &a, &request,
						NULL) == TACIT_OK;
	}
	ok(good > 0 && good < sizeof(small), "with every size of arena (%zu go well)", good);
	for (size_t len = 0; len + 1 < sizeof(BODY); len++) {
		tacit_arena_wipe(&arena);
		cut += tacit_kms_request_parse(target, tacit_slice_of(BODY, len), &arena, &request,
					       NULL) == TACIT_OK;
	}
	ok(cut == 0, "no request that was cut is read");
}

/* ---- ciphertexts ---------------------------------------------------------------------------- */

static void blobs(void)
{
	static const char ID[] = "00000000-0000-4000-8000-000000000000";
	uint8_t material[32] = { 1 }, blob[8 + TACIT_KEYD_BLOB_EXTRA], plain[8];
	const struct tacit_keyd_pair pair = { tacit_slice_str("a"), tacit_slice_str("bc") };
	const struct tacit_keyd_pair other = { tacit_slice_str("ab"), tacit_slice_str("c") };
	struct tacit_keyd_blob_key key = { tacit_slice_str(ID), 7, TACIT_SLICE_ARRAY(material),
					   &pair, 1 };
	struct tacit_keyd_blob b;
	size_t opened = 0;

	is_status(tacit_keyd_blob_seal(&key, tacit_slice_str("secret!!"),
				       tacit_mut_of(blob, sizeof(blob)), NULL),
		  TACIT_OK, "a ciphertext");
	is_status(tacit_keyd_blob_parse(TACIT_SLICE_ARRAY(blob), &b, NULL), TACIT_OK,
		  "taken apart");
	ok(b.version == 7, "says its version");
	is_slice(b.id, tacit_slice_str(ID), "and its key");
	is_status(tacit_keyd_blob_open(&key, &b, tacit_mut_of(plain, 8), NULL), TACIT_OK, "opens");
	is_slice(TACIT_SLICE_ARRAY(plain), tacit_slice_str("secret!!"), "to what was sealed");
	for (size_t i = 0; i < 8 * sizeof(blob); i++) {
		blob[i / 8] ^= (uint8_t)(1 << i % 8);
		opened += tacit_keyd_blob_parse(TACIT_SLICE_ARRAY(blob), &b, NULL) == TACIT_OK &&
			  tacit_keyd_blob_open(&key, &b, tacit_mut_of(plain, 8), NULL) == TACIT_OK;
		blob[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t len = 0; len < TACIT_KEYD_BLOB_EXTRA; len++)
		opened += tacit_keyd_blob_parse(tacit_slice_of(blob, len), &b, NULL) == TACIT_OK;
	ok(opened == 0, "with one bit flipped, or cut, it does not");
	is_status(tacit_keyd_blob_parse(TACIT_SLICE_ARRAY(blob), &b, NULL), TACIT_OK, "as it was");
	key.context = &other;
	is_status(tacit_keyd_blob_open(&key, &b, tacit_mut_of(plain, 8), NULL), TACIT_SIGNATURE,
		  "nor when the same characters are other pairs");
	key.context_count = 0;
	is_status(tacit_keyd_blob_open(&key, &b, tacit_mut_of(plain, 8), NULL), TACIT_SIGNATURE,
		  "nor without a context");
}

/* ---- nonces --------------------------------------------------------------------------------- */

static void nonces(void)
{
	struct tacit_keyd_nonces ours, theirs;
	uint8_t nonce[TACIT_KEYD_NONCE_LEN];
	size_t taken = 0;

	if (tacit_keyd_nonces_init(&ours, NULL) != TACIT_OK ||
	    tacit_keyd_nonces_init(&theirs, NULL) != TACIT_OK ||
	    tacit_keyd_nonce_make(&ours, 1000, nonce, NULL) != TACIT_OK)
		ok(false, "nonces");
	struct tacit_slice n = TACIT_SLICE_ARRAY(nonce);
	is_status(tacit_keyd_nonce_check(&ours, n, 1000, NULL), TACIT_OK, "a nonce");
	is_status(tacit_keyd_nonce_check(&ours, n, 1000 + TACIT_KEYD_NONCE_LIFE, NULL), TACIT_OK,
		  "at the end of its life");
	is_status(tacit_keyd_nonce_check(&ours, n, 1001 + TACIT_KEYD_NONCE_LIFE, NULL),
		  TACIT_EXPIRED, "and behind it");
	is_status(tacit_keyd_nonce_check(&ours, n, 900, NULL), TACIT_EXPIRED, "from the future");
	is_status(tacit_keyd_nonce_check(&theirs, n, 1000, NULL), TACIT_BINDING,
		  "of another process");
	is_status(tacit_keyd_nonce_check(&ours, tacit_slice_of(nonce, 31), 1000, NULL),
		  TACIT_BINDING, "that was cut");
	for (size_t i = 0; i < 8 * sizeof(nonce); i++) {
		nonce[i / 8] ^= (uint8_t)(1 << i % 8);
		taken += tacit_keyd_nonce_check(&ours, n, 1000, NULL) == TACIT_OK;
		nonce[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ok(taken == 0, "or with any bit flipped");
}

/* ---- Trustee's runtime data ----------------------------------------------------------------- */

static struct tacit_slice text_of(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return tacit_slice_of(json_string_value(value), json_string_length(value));
}

static void bound_as(const json_t *entry, const char *kind, size_t number)
{
	static const struct {
		const char *name;
		enum tacit_hash_alg alg;
	} ALGS[] = { { "sha256", TACIT_SHA256 },
		     { "sha384", TACIT_SHA384 },
		     { "sha512", TACIT_SHA512 } };
	char *pubkey = json_dumps(json_object_get(entry, "tee_pubkey"), 0);
	struct tacit_kbs_runtime runtime = { .additional = text_of(entry, "additional_evidence"),
					     .nonce = text_of(entry, "nonce"),
					     .pubkey = tacit_slice_str(pubkey),
					     .device = strcmp(kind, "device") == 0 };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ALGS); i++) {
		uint8_t digest[TACIT_HASH_MAX];
		char hex[2 * TACIT_HASH_MAX + 1] = "";

		tacit_arena_wipe(&arena);
		if (tacit_kbs_bound(&runtime, ALGS[i].alg, &arena, digest, NULL) == TACIT_OK)
			tacit_hex_encode(tacit_slice_of(digest, tacit_hash_len(ALGS[i].alg)), hex);
		ok(tacit_slice_eq(tacit_slice_str(hex),
				  text_of(json_object_get(entry, kind), ALGS[i].name)),
		   "case %zu: %s of %s", number, ALGS[i].name, kind);
	}
	free(pubkey);
}

static void runtime_data(void)
{
	json_t *all = vector_json("kbs/rcar/kbs_runtime.json"), *entry;
	size_t i;

	json_array_foreach(all, i, entry)
	{
		bound_as(entry, "primary", i);
		bound_as(entry, "device", i);
	}
	json_decref(all);
}

static void paths(void)
{
	static const struct {
		const char *method, *path;
		bool want;
	} ROWS[] = {
		{ "POST", "/kbs/v0/auth", true },
		{ "GET", "/kbs/v0/auth", false },
		{ "POST", "/kbs/v0/attest", true },
		{ "GET", "/kbs/v0/resource/default/key/1", true },
		{ "POST", "/kbs/v0/resource/default/key/1", false },
		{ "GET", "/kbs/v0/resource/only/two", false },
		{ "GET", "/kbs/v0/resource/a/b/c/d", false },
		{ "GET", "/kbs/v0/resource/a/../c", false },
		{ "GET", "/kbs/v0/resource/./b/c", false },
		{ "GET", "/kbs/v0/resource//b/c", false },
		{ "GET", "/kbs/v0/resource/a/b/", false },
		{ "GET", "/kbs/v0/resource/a/b/c%2f", false },
		{ "GET", "/kbs/v0/resource/a/b/c ", false },
		{ "GET", "/kbs/v0/resource/", false },
		{ "GET", "/kbs/v0/", false },
	};
	struct tacit_slice none = { NULL, 0 };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		struct tacit_kbs_call call = { 0 };

		ok(tacit_kbs_call_fill(tacit_slice_str(ROWS[i].method),
				       tacit_slice_str(ROWS[i].path), none, none,
				       &call) == ROWS[i].want,
		   "%s %s", ROWS[i].method, ROWS[i].path);
	}
}

static void cookies(void)
{
	static const char ID[] = "0123456789abcdef0123456789abcdef";
	static const struct {
		const char *cookie;
		bool want;
	} ROWS[] = {
		{ "kbs-session-id=0123456789abcdef0123456789abcdef", true },
		{ "a=b; kbs-session-id=0123456789abcdef0123456789abcdef; c=d", true },
		{ "xkbs-session-id=0123456789abcdef0123456789abcdef", false },
		{ "kbs-session-id=0123456789abcdef0123456789abcde", false },
		{ "kbs-session-id=0123456789abcdef0123456789abcdef0", false },
		{ "kbs-session-id=", false },
		{ ";;; ", false },
		{ "", false },
	};
	struct tacit_slice none = { NULL, 0 };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		struct tacit_kbs_call call = { 0 };
		bool filled = tacit_kbs_call_fill(tacit_slice_str("POST"),
						  tacit_slice_str("/kbs/v0/attest"),
						  tacit_slice_str(ROWS[i].cookie), none, &call);

		ok(filled && (strcmp(call.session, ID) == 0) == ROWS[i].want &&
			   (ROWS[i].want || !call.session[0]),
		   "cookie '%s'", ROWS[i].cookie);
	}
}

int main(void)
{
	tacit_arena_init(&arena, room, sizeof(room));
	good_requests();
	refused_requests();
	limits();
	arenas_and_cuts();
	blobs();
	nonces();
	runtime_data();
	paths();
	cookies();
	return done();
}
