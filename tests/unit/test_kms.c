/* SPDX-License-Identifier: Apache-2.0 */
#include "release/kms.h"
#include "release/kms_pass.h"
#include "tests/unit/vectors.h"

static uint8_t memory[TACIT_KMS_ARENA], room[TACIT_KMS_BODY_MAX];

static struct tacit_arena arena_of(size_t size)
{
	struct tacit_arena arena;

	tacit_arena_init(&arena, memory, size);
	return arena;
}

/* ---- what is asked -------------------------------------------------------------------------- */

#define TEXT(literal)                                           \
	{                                                       \
		(const uint8_t *)(literal), sizeof(literal) - 1 \
	}

static const struct tacit_kms_pair PAIRS[TACIT_KMS_CONTEXT_MAX + 1] = {
	{ TEXT("app"), TEXT("demo") },
	{ TEXT("qu\"ote"), TEXT("l\xc3\xadne\n") },
};

static const uint8_t MANY[TACIT_KMS_CIPHER_MAX + 1];

struct written_row {
	const char *name;
	struct tacit_kms_request request;
	const char *document, *json;
};

static const struct written_row WRITTEN[] = {
	{ "Decrypt",
	  { .operation = TACIT_KMS_DECRYPT, .ciphertext = TEXT("abc") },
	  "doc",
	  "{\"CiphertextBlob\":\"YWJj\",\"Recipient\":{\"KeyEncryptionAlgorithm\":"
	  "\"RSAES_OAEP_SHA_256\",\"AttestationDocument\":\"ZG9j\"}}" },
	{ "Decrypt with all that it has",
	  { .operation = TACIT_KMS_DECRYPT,
	    .key_id = TEXT("alias/k"),
	    .ciphertext = TEXT("abcd"),
	    .algorithm = TEXT("RSAES_OAEP_SHA_256"),
	    .context = PAIRS,
	    .context_count = 2 },
	  NULL,
	  "{\"KeyId\":\"alias/k\",\"CiphertextBlob\":\"YWJjZA==\",\"EncryptionAlgorithm\":"
	  "\"RSAES_OAEP_SHA_256\",\"EncryptionContext\":{\"app\":\"demo\",\"qu\\\"ote\":"
	  "\"l\xc3\xadne\\n\"}}" },
	{ "GenerateDataKey by its spec",
	  { .operation = TACIT_KMS_GENERATE_DATA_KEY,
	    .key_id = TEXT("k"),
	    .spec = TEXT("AES_256") },
	  NULL,
	  "{\"KeyId\":\"k\",\"KeySpec\":\"AES_256\"}" },
	{ "GenerateDataKey by its length",
	  { .operation = TACIT_KMS_GENERATE_DATA_KEY, .key_id = TEXT("k"), .bytes = 1024 },
	  NULL,
	  "{\"KeyId\":\"k\",\"NumberOfBytes\":1024}" },
	{ "GenerateDataKeyPair",
	  { .operation = TACIT_KMS_GENERATE_DATA_KEY_PAIR,
	    .key_id = TEXT("k"),
	    .spec = TEXT("RSA_2048") },
	  NULL,
	  "{\"KeyId\":\"k\",\"KeyPairSpec\":\"RSA_2048\"}" },
	{ "GenerateRandom",
	  { .operation = TACIT_KMS_GENERATE_RANDOM, .bytes = 1 },
	  NULL,
	  "{\"NumberOfBytes\":1}" },
	{ "DeriveSharedSecret",
	  { .operation = TACIT_KMS_DERIVE_SHARED_SECRET,
	    .key_id = TEXT("k"),
	    .public_key = TEXT("der") },
	  NULL,
	  "{\"KeyId\":\"k\",\"PublicKey\":\"ZGVy\",\"KeyAgreementAlgorithm\":\"ECDH\"}" },
	{ "Encrypt",
	  { .operation = TACIT_KMS_ENCRYPT, .key_id = TEXT("k"), .plaintext = TEXT("x") },
	  NULL,
	  "{\"KeyId\":\"k\",\"Plaintext\":\"eA==\"}" },
};

static void test_written(void)
{
	for (size_t i = 0; i < sizeof(WRITTEN) / sizeof(WRITTEN[0]); i++) {
		const struct written_row *row = &WRITTEN[i];
		struct tacit_slice document = tacit_slice_str(row->document), out;
		size_t len = strlen(row->json);

		is_status(tacit_kms_json_check(&row->request, NULL), TACIT_OK, row->name);
		is_status(tacit_kms_json_write(&row->request, document,
					       tacit_mut_of(room, sizeof(room)), &out, NULL),
			  TACIT_OK, "is written");
		is_slice(out, tacit_slice_str(row->json), "as KMS reads it");
		for (size_t size = 0; size < len; size++)
			if (tacit_kms_json_write(&row->request, document, tacit_mut_of(room, size),
						 &out, NULL) != TACIT_LIMIT)
				ok(false, "room for %zu bytes", size);
	}
}

struct refused_row {
	const char *name;
	struct tacit_kms_request request;
};

static const struct refused_row REFUSED[] = {
	{ "Decrypt of nothing", { .operation = TACIT_KMS_DECRYPT } },
	{ "Decrypt with a plaintext",
	  { .operation = TACIT_KMS_DECRYPT, .ciphertext = TEXT("a"), .plaintext = TEXT("b") } },
	{ "Decrypt with a spec",
	  { .operation = TACIT_KMS_DECRYPT, .ciphertext = TEXT("a"), .spec = TEXT("AES_256") } },
	{ "Decrypt of too much",
	  { .operation = TACIT_KMS_DECRYPT, .ciphertext = { MANY, sizeof(MANY) } } },
	{ "Decrypt with 17 pairs",
	  { .operation = TACIT_KMS_DECRYPT,
	    .ciphertext = TEXT("a"),
	    .context = PAIRS,
	    .context_count = TACIT_KMS_CONTEXT_MAX + 1 } },
	{ "a data key without a key",
	  { .operation = TACIT_KMS_GENERATE_DATA_KEY, .spec = TEXT("AES_256") } },
	{ "a data key without a length",
	  { .operation = TACIT_KMS_GENERATE_DATA_KEY, .key_id = TEXT("k") } },
	{ "a data key with two lengths",
	  { .operation = TACIT_KMS_GENERATE_DATA_KEY,
	    .key_id = TEXT("k"),
	    .spec = TEXT("AES_256"),
	    .bytes = 32 } },
	{ "a data key of 1,025 bytes",
	  { .operation = TACIT_KMS_GENERATE_DATA_KEY, .key_id = TEXT("k"), .bytes = 1025 } },
	{ "a pair without a spec",
	  { .operation = TACIT_KMS_GENERATE_DATA_KEY_PAIR, .key_id = TEXT("k") } },
	{ "no random", { .operation = TACIT_KMS_GENERATE_RANDOM } },
	{ "random of a key",
	  { .operation = TACIT_KMS_GENERATE_RANDOM, .bytes = 8, .key_id = TEXT("k") } },
	{ "1,025 bytes of random", { .operation = TACIT_KMS_GENERATE_RANDOM, .bytes = 1025 } },
	{ "agreement without the other side",
	  { .operation = TACIT_KMS_DERIVE_SHARED_SECRET, .key_id = TEXT("k") } },
	{ "agreement with too long a key",
	  { .operation = TACIT_KMS_DERIVE_SHARED_SECRET,
	    .key_id = TEXT("k"),
	    .public_key = { MANY, TACIT_KMS_PEER_KEY_MAX + 1 } } },
	{ "Encrypt of nothing", { .operation = TACIT_KMS_ENCRYPT, .key_id = TEXT("k") } },
	{ "Encrypt of too much",
	  { .operation = TACIT_KMS_ENCRYPT,
	    .key_id = TEXT("k"),
	    .plaintext = { MANY, TACIT_KMS_PLAIN_MAX + 1 } } },
};

static void test_refused(void)
{
	for (size_t i = 0; i < sizeof(REFUSED) / sizeof(REFUSED[0]); i++)
		is_status(tacit_kms_json_check(&REFUSED[i].request, NULL), TACIT_USAGE,
			  REFUSED[i].name);
}

/* ---- what is answered ----------------------------------------------------------------------- */

static enum tacit_status parse(const char *json, struct tacit_kms_fields *ret)
{
	struct tacit_arena arena = arena_of(sizeof(memory));

	return tacit_kms_json_parse(tacit_slice_str(json), &arena, ret, NULL);
}

static void test_answers(void)
{
	struct tacit_kms_fields f;

	is_status(parse("{\"CiphertextForRecipient\":\"YWJj\",\"Plaintext\":null,\"KeyId\":\"k\","
			"\"CiphertextBlob\":\"ZGVm\",\"EncryptionAlgorithm\":\"A\",\"x\":[{}]}",
			&f),
		  TACIT_OK, "an answer");
	is_slice(f.recipient, tacit_slice_str("abc"), "has what is sealed");
	is_slice(f.ciphertext, tacit_slice_str("def"), "and what is kept");
	is_slice(f.key_id, tacit_slice_str("k"), "and the key");
	ok(!f.has_plaintext, "and nothing in the clear");
	is_status(parse("{\"PrivateKeyCiphertextBlob\":\"ZGVm\",\"PublicKey\":\"YWJj\","
			"\"KeyPairSpec\":\"RSA\\u005f2048\",\"KeyOrigin\":\"AWS_KMS\"}",
			&f),
		  TACIT_OK, "a pair");
	is_slice(f.spec, tacit_slice_str("RSA_2048"), "its spec, written with an escape");
	is_slice(f.origin, tacit_slice_str("AWS_KMS"), "where it comes from");
	static const char *const CLEAR[] = { "{\"Plaintext\":\"YQ==\"}",
					     "{\"PrivateKeyPlaintext\":\"YQ==\"}",
					     "{\"SharedSecret\":\"YQ==\"}",
					     "{\"Plaintext\":\"not even base64\"}" };

	for (size_t i = 0; i < sizeof(CLEAR) / sizeof(CLEAR[0]); i++)
		ok(parse(CLEAR[i], &f) == TACIT_OK && f.has_plaintext, "in the clear: %s",
		   CLEAR[i]);
	ok(parse("{\"Plaintext\":\"\"}", &f) == TACIT_OK && !f.has_plaintext,
	   "an empty one is none");
	static const char *const BAD[] = {
		"",
		"[]",
		"{",
		"{}x",
		"null",
		"{\"KeyId\":1}",
		"{\"CiphertextBlob\":\"YWJ\"}",
		"{\"CiphertextBlob\":\"YWJj\\n\"}",
		"{\"CiphertextForRecipient\":true}",
		"{\"Plaintext\":7}",
		"{\"KeyId\":\"a\",\"KeyId\":\"b\"}",
		"{\"Key\\u0049d\":\"a\"}",
		"{\"KeyId\":\"\xff\"}",
	};

	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
		is_status(parse(BAD[i], &f), TACIT_FORMAT, BAD[i]);
}

static void test_arena(void)
{
	const char *json = "{\"CiphertextForRecipient\":\"YWJjZGVmZ2hpamts\","
			   "\"CiphertextBlob\":\"YWJjZGVm\",\"KeyId\":\"\\u0061bc\"}";
	struct tacit_kms_fields f;
	size_t size = 0;
	enum tacit_status st = TACIT_LIMIT;

	for (; st == TACIT_LIMIT && size < 1024; size++) {
		struct tacit_arena arena = arena_of(size);

		st = tacit_kms_json_parse(tacit_slice_str(json), &arena, &f, NULL);
	}
	ok(st == TACIT_OK && size > 24, "too small an arena is said to be, up to %zu bytes", size);
	memset(room, ' ', sizeof(room));
	static uint8_t much[TACIT_KMS_BODY_MAX + 1];

	memset(much, ' ', sizeof(much));
	much[0] = '{';
	much[sizeof(much) - 1] = '}';
	struct tacit_arena arena = arena_of(sizeof(memory));

	is_status(tacit_kms_json_parse(TACIT_SLICE_ARRAY(much), &arena, &f, NULL), TACIT_LIMIT,
		  "an answer that is too long");
}

static void is_refusal(const char *body, const char *type, const char *message)
{
	struct tacit_kms_refusal r;

	tacit_kms_json_refusal(tacit_slice_str(body), 400, &r);
	is_slice(tacit_slice_str(r.type), tacit_slice_str(type), body);
	is_slice(tacit_slice_str(r.message), tacit_slice_str(message), "its message");
	ok(r.status == 400, "its status");
}

static void test_refusals(void)
{
	is_refusal("{\"__type\":\"AccessDeniedException\",\"Message\":\"no\"}",
		   "AccessDeniedException", "no");
	is_refusal("{\"__type\":\"com.amazonaws.kms#NotFoundException\",\"message\":\"gone\"}",
		   "NotFoundException", "gone");
	is_refusal("{\"__type\":\"A\",\"message\":null}", "A", "");
	is_refusal("{\"message\":\"a\\u001b[31mb\"}", "", "a\\x1b[31mb");
	is_refusal("<html>", "", "");
	is_refusal("{\"__type\":\"A\"", "", "");
	is_refusal("{\"__type\":7}", "", "");
}

/* ---- passing on ----------------------------------------------------------------------------- */

static enum tacit_status look(const char *target, const char *body, struct tacit_kms_pass *ret)
{
	struct tacit_arena arena = arena_of(sizeof(memory));

	return tacit_kms_pass_look(tacit_slice_str(target), tacit_slice_str(body), &arena, ret,
				   NULL);
}

static void test_look(void)
{
	struct tacit_kms_pass p;
	static const char *const OPENS[] = { "Decrypt", "GenerateDataKey", "GenerateDataKeyPair",
					     "GenerateRandom", "DeriveSharedSecret" };
	static const char *const PASSES[] = { "Encrypt",      "DescribeKey",
					      "Sign",         "GenerateDataKeyWithoutPlaintext",
					      "GetPublicKey", "ListKeys" };
	static const char *const STAYS[] = { "decrypt",
					     "Decryptx",
					     "Decrypt ",
					     "PutKeyPolicy",
					     "ScheduleKeyDeletion",
					     "CreateGrant",
					     "ReEncrypt",
					     "ImportKeyMaterial" };
	char target[64];

	for (size_t i = 0; i < sizeof(OPENS) / sizeof(OPENS[0]); i++) {
		snprintf(target, sizeof(target), "TrentService.%s", OPENS[i]);
		ok(look(target, "{\"KeyId\":\"k\"}", &p) == TACIT_OK && p.opens &&
			   tacit_slice_eq(p.key_id, tacit_slice_str("k")),
		   "%s is opened for the SDK", OPENS[i]);
		ok(look(target, "{\"Recipient\":{}}", &p) == TACIT_OK && !p.opens,
		   "and not when the SDK attests by itself");
		ok(p.secret, "and its secret may not come in the clear");
		ok(look(target, "{\"Recipient\":null}", &p) == TACIT_OK && p.opens,
		   "a Recipient of null is none");
		ok(look(target, "{\"Recipient\":\"\"}", &p) == TACIT_OK && p.opens,
		   "nor is one that is no object");
	}
	for (size_t i = 0; i < sizeof(PASSES) / sizeof(PASSES[0]); i++) {
		snprintf(target, sizeof(target), "TrentService.%s", PASSES[i]);
		ok(look(target, "{}", &p) == TACIT_OK && !p.opens && !p.secret, "%s passes",
		   PASSES[i]);
	}
	for (size_t i = 0; i < sizeof(STAYS) / sizeof(STAYS[0]); i++) {
		snprintf(target, sizeof(target), "TrentService.%s", STAYS[i]);
		is_status(look(target, "{}", &p), TACIT_POLICY, STAYS[i]);
	}
	is_status(look("TrentService.", "{}", &p), TACIT_FORMAT, "no operation");
	is_status(look("Other.Decrypt", "{}", &p), TACIT_FORMAT, "another service");
	is_status(look("", "{}", &p), TACIT_FORMAT, "no target");
	is_status(look("TrentService.Decrypt", "[]", &p), TACIT_FORMAT, "no object");
	is_status(look("TrentService.Decrypt", "{\"a\":1,\"a\":2}", &p), TACIT_FORMAT,
		  "a member twice");
}

static void test_pass(void)
{
	struct tacit_slice out, document = tacit_slice_str("doc");
	const char *want = "{\"a\":[1, 2],\"b\":\"\\u0041\",\"Recipient\":"
			   "{\"KeyEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\","
			   "\"AttestationDocument\":\"ZG9j\"}}";
	const char *answer = "{ \"KeyId\" : \"k\", \"Plaintext\":null, "
			     "\"CiphertextForRecipient\":\"AA==\", \"n\":1.50 }";

	is_status(
		tacit_kms_pass_request(tacit_slice_str(" { \"a\" : [1, 2] , \"b\":\"\\u0041\" } "),
				       document, tacit_mut_of(room, sizeof(room)), &out, NULL),
		TACIT_OK, "a request");
	is_slice(out, tacit_slice_str(want), "has a Recipient, and all that it had");
	is_status(tacit_kms_pass_request(tacit_slice_str("{}"), document,
					 tacit_mut_of(room, sizeof(room)), &out, NULL),
		  TACIT_OK, "an empty request");
	is_slice(out,
		 tacit_slice_str("{\"Recipient\":{\"KeyEncryptionAlgorithm\":"
				 "\"RSAES_OAEP_SHA_256\",\"AttestationDocument\":\"ZG9j\"}}"),
		 "has a Recipient alone");
	is_status(tacit_kms_pass_answer(TACIT_KMS_DECRYPT, tacit_slice_str(answer),
					tacit_slice_str("abc"), tacit_mut_of(room, sizeof(room)),
					&out, NULL),
		  TACIT_OK, "an answer");
	is_slice(out, tacit_slice_str("{\"KeyId\":\"k\",\"n\":1.50,\"Plaintext\":\"YWJj\"}"),
		 "has the secret where the SDK looks for it");
	is_status(tacit_kms_pass_answer(TACIT_KMS_DERIVE_SHARED_SECRET, tacit_slice_str("{}"),
					tacit_slice_str("abc"), tacit_mut_of(room, sizeof(room)),
					&out, NULL),
		  TACIT_OK, "of another operation");
	is_slice(out, tacit_slice_str("{\"SharedSecret\":\"YWJj\"}"), "under its own name");
	for (size_t size = 0; size < out.len; size++)
		is_status(tacit_kms_pass_answer(TACIT_KMS_DERIVE_SHARED_SECRET,
						tacit_slice_str("{}"), tacit_slice_str("abc"),
						tacit_mut_of(room, size), &out, NULL),
			  TACIT_LIMIT, "too little room");
}

static void test_regions(void)
{
	static const struct {
		const char *key, *region;
	} ROWS[] = {
		{ "arn:aws:kms:eu-central-1:111122223333:key/a", "eu-central-1" },
		{ "arn:aws-cn:kms:cn-north-1:1:alias/a", "cn-north-1" },
		{ "arn:aws:kms:", NULL },
		{ "arn:aws:kms:eu", NULL },
		{ "alias/a", NULL },
		{ "", NULL },
		{ "x:y:z:w:v", NULL },
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		is_slice(tacit_kms_region(tacit_slice_str(ROWS[i].key)),
			 tacit_slice_str(ROWS[i].region), ROWS[i].key);
}

static void test_key_arns(void)
{
	static const char *const KEYS[] = {
		"arn:aws:kms:eu-central-1:111122223333:key/0f0e0d0c-0b0a-4908-8706-050403020100",
		"arn:aws-cn:kms:cn-north-1:1:key/mrk-0f0e",
	};
	static const char *const NONE[] = {
		"",
		"alias/a",
		"0f0e0d0c-0b0a-4908-8706-050403020100",
		"arn:aws:kms:eu-central-1:1:alias/a",
		"arn:aws:kms:eu-central-1:1:alias/a:key/b",
		"arn:aws:kms:eu-central-1:1:key/alias/a",
		"arn:aws:kms:eu-central-1:1:key/",
		"arn:aws:kms:eu-central-1:1:key",
		"arn:aws:kms:eu-central-1:1:xkey/a",
		"arn:aws:kms:eu-central-1:key/a",
		"arn:aws:kms:eu-central-1:",
		"arn:aws:kms::1:key/a",
		"arn:aws:s3:eu-central-1:1:key/a",
		"arn:aws:xkms:eu-central-1:1:key/a",
		"arn:aws:kms:eu-central-1:1:key/a b",
		"arn:aws:kms:eu-central-1:1:key/a:b",
		"arn:aws:kms:eu-central-1:1:key/a\n",
	};

	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
		ok(tacit_kms_is_key_arn(tacit_slice_str(KEYS[i])), "a key: %s", KEYS[i]);
	for (size_t i = 0; i < sizeof(NONE) / sizeof(NONE[0]); i++)
		ok(!tacit_kms_is_key_arn(tacit_slice_str(NONE[i])), "no key's ARN %zu", i);
}

int main(void)
{
	test_written();
	test_refused();
	test_answers();
	test_arena();
	test_refusals();
	test_look();
	test_pass();
	test_regions();
	test_key_arns();
	return done();
}
