/* SPDX-License-Identifier: Apache-2.0 */

/*
 * fake_kms CERT KEY: a stand-in for AWS KMS on a free port of 127.0.0.1, whose port it prints. It
 * checks signatures (AKIDFAKE, "fake-secret-key-for-tests", token "fake-token"), judges documents
 * and seals answers for the key in them by our own code, so that a mistake on both sides would not
 * show here: the broker and AWS's SDKs are the other witnesses. It keeps no secret: what it
 * encrypts is under a key that is in this file.
 *
 * The key's id says how it behaves, each of them a way in which something may go wrong. One line a
 * request goes to standard output.
 */

#include <jansson.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/compiler.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/oaep.h"
#include "crypto/random.h"
#include "crypto/start.h"
#include "net/server.h"
#include "release/kms_json.h"
#include "release/recipient.h"
#include "release/sigv4.h"
#include "sys/address.h"
#include "sys/clock.h"
#include "tacit/verify.h"

#define ACCESS_KEY "AKIDFAKE"
#define SECRET     "fake-secret-key-for-tests"
#define TOKEN      "fake-token"
#define ARN        "arn:aws:kms:eu-central-1:111122223333:key/"
#define ROOM       (256 * 1024)

/* ---- answers -------------------------------------------------------------------------------- */

struct fake {
	struct tacit_call *call;
	json_t *request;
	const char *operation, *key;
	unsigned throttled; /* of the key "throttle", over all requests */
	unsigned requests;
	unsigned expired;
};

static void reply_text(struct fake *f, unsigned status, const char *type, const char *text)
{
	const struct tacit_http_answer answer = { .status = status, .type = type };

	printf("{\"operation\":\"%s\",\"key\":\"%s\",\"status\":%u,\"connections\":%llu}\n",
	       f->operation, f->key, status,
	       (unsigned long long)tacit_server_counts(tacit_call_server(f->call)).accepted);
	fflush(stdout);
	tacit_call_reply(f->call, &answer, tacit_slice_str(text));
}

static void reply(struct fake *f, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	reply_text(f, 200, "application/x-amz-json-1.1", text);
	free(text);
	json_decref(object);
}

static void refuse(struct fake *f, unsigned status, const char *type, const char *message)
{
	json_t *object = json_pack("{s:s, s:s}", "__type", type, "message", message);
	char *text = json_dumps(object, JSON_COMPACT);

	reply_text(f, status, "application/x-amz-json-1.1", text);
	free(text);
	json_decref(object);
}

static json_t *base64(struct tacit_slice bytes)
{
	char *text = malloc(tacit_base64_size(TACIT_BASE64, bytes.len) + 1);

	tacit_base64_encode(TACIT_BASE64, bytes, text);
	json_t *value = json_string(text);

	free(text);
	return value;
}

static struct tacit_slice decode(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	size_t len = 0;
	uint8_t *bytes = malloc(text ? strlen(text) + 1 : 1);

	if (!text || !tacit_base64_decode(TACIT_BASE64, tacit_slice_str(text),
					  tacit_mut_of(bytes, strlen(text)), &len)) {
		free(bytes);
		return tacit_slice_of(NULL, 0);
	}
	return tacit_slice_of(bytes, len);
}

/* ---- what it encrypts ----------------------------------------------------------------------- */

static const uint8_t MASTER[32] = "not a secret: a key of the tests";

/* The context in order, as bytes. */
static char *context_of(const struct fake *f)
{
	json_t *context = json_object_get(f->request, "EncryptionContext");

	return context ? json_dumps(context, JSON_SORT_KEYS | JSON_COMPACT) : strdup("{}");
}

static struct tacit_slice encrypt(const struct fake *f, struct tacit_slice plain)
{
	char *context = context_of(f);
	size_t len = TACIT_AEAD_NONCE_LEN + plain.len + TACIT_AEAD_TAG_LEN;
	uint8_t *blob = malloc(len);

	if (tacit_random(tacit_mut_of(blob, TACIT_AEAD_NONCE_LEN), NULL) != TACIT_OK ||
	    tacit_aead_seal(TACIT_AES_256_GCM, TACIT_SLICE_ARRAY(MASTER),
			    tacit_slice_of(blob, TACIT_AEAD_NONCE_LEN), tacit_slice_str(context),
			    plain,
			    tacit_mut_of(blob + TACIT_AEAD_NONCE_LEN, len - TACIT_AEAD_NONCE_LEN),
			    NULL) != TACIT_OK)
		exit(70);
	free(context);
	return tacit_slice_of(blob, len);
}

static bool decrypt(const struct fake *f, uint8_t *room, size_t *ret_len)
{
	struct tacit_slice blob = decode(f->request, "CiphertextBlob");
	char *context = context_of(f);
	size_t head = TACIT_AEAD_NONCE_LEN, over = head + TACIT_AEAD_TAG_LEN;
	bool good = blob.len >= over &&
		    tacit_aead_open(TACIT_AES_256_GCM, TACIT_SLICE_ARRAY(MASTER),
				    tacit_slice_of(blob.ptr, head), tacit_slice_str(context),
				    tacit_slice_of(blob.ptr + head, blob.len - head),
				    tacit_mut_of(room, blob.len - over), NULL) == TACIT_OK;

	*ret_len = good ? blob.len - over : 0;
	free(context);
	free((void *)(uintptr_t)blob.ptr);
	return good;
}

/* ---- the Recipient -------------------------------------------------------------------------- */

/* The key in a document that is genuine, as far as a stub's can be. */
static struct tacit_slice judge(struct tacit_slice document)
{
	static uint8_t room[ROOM];
	static struct tacit_arena arena;
	struct tacit_evidence evidence = { .tee = TACIT_TEE_STUB, .raw = document };
	const struct tacit_context cx = { .now = tacit_clock_wall(),
					  .arena = &arena,
					  .insecure_no_policy = true,
					  .insecure_accept_stub = true };
	struct tacit_verdict verdict = { 0 };

	tacit_arena_init(&arena, room, sizeof(room));
	if (tacit_verify(&evidence, &cx, &verdict, NULL) != TACIT_OK)
		return tacit_slice_of(NULL, 0);
	return tacit_verdict_claims(&verdict)->public_key;
}

static bool is_key(const struct fake *f, const char *name)
{
	return strcmp(f->key, name) == 0;
}

/* Another's key, which anybody can seal for. */
static struct tacit_slice other_key(void)
{
	static struct tacit_oaep_key *key;

	if (!key && tacit_oaep_generate(2048, &key, NULL) != TACIT_OK)
		exit(70);
	return tacit_oaep_spki(key);
}

/* Puts the secret in, as the request wants it; false when it has answered already. */
static bool put_secret(struct fake *f, json_t *answer, const char *name, struct tacit_slice secret)
{
	json_t *recipient = json_object_get(f->request, "Recipient");
	struct tacit_slice document = decode(recipient, "AttestationDocument"), sealed;
	static uint8_t room[TACIT_CMS_MAX];

	if (!recipient || is_key(f, "plaintext")) {
		json_object_set_new(answer, name, base64(secret));
		return true;
	}
	struct tacit_slice spki = judge(document);

	if (!spki.ptr) {
		free((void *)(uintptr_t)document.ptr);
		refuse(f, 400, "ValidationException", "1 validation error detected: document");
		return false;
	}
	if (is_key(f, "other-recipient"))
		spki = other_key();
	if (tacit_recipient_seal(spki, secret, !is_key(f, "primitive"),
				 tacit_mut_of(room, sizeof(room)), &sealed, NULL) != TACIT_OK)
		exit(70);
	if (is_key(f, "flipped"))
		room[sealed.len / 2] ^= 1;
	json_object_set_new(answer, "CiphertextForRecipient", base64(sealed));
	json_object_set_new(answer, name,
			    is_key(f, "both")    ? base64(secret)
			    : is_key(f, "empty") ? json_string("")
						 : json_null());
	if (is_key(f, "neither"))
		json_object_del(answer, "CiphertextForRecipient");
	free((void *)(uintptr_t)document.ptr);
	return true;
}

/* ---- operations ----------------------------------------------------------------------------- */

static json_t *with_key(const struct fake *f)
{
	char arn[256];

	snprintf(arn, sizeof(arn), ARN "%s", is_key(f, "other-key") ? "another" : f->key);
	return json_pack("{s:s}", "KeyId", arn);
}

static void do_decrypt(struct fake *f)
{
	uint8_t plain[TACIT_KMS_CIPHER_MAX];
	size_t len;
	json_t *answer = with_key(f);

	if (!decrypt(f, plain, &len)) {
		json_decref(answer);
		refuse(f, 400, "InvalidCiphertextException", "");
		return;
	}
	json_object_set_new(answer, "EncryptionAlgorithm", json_string("SYMMETRIC_DEFAULT"));
	if (put_secret(f, answer, "Plaintext", tacit_slice_of(plain, len)))
		reply(f, answer);
	else
		json_decref(answer);
}

/* What is kept and what is sealed, of `len` random bytes. */
static void do_generate(struct fake *f, size_t len, const char *blob_name, const char *secret_name)
{
	uint8_t secret[TACIT_KMS_RANDOM_MAX];
	json_t *answer = blob_name ? with_key(f) : json_object();

	if (tacit_random(tacit_mut_of(secret, len), NULL) != TACIT_OK)
		exit(70);
	if (blob_name) {
		struct tacit_slice blob = encrypt(f, tacit_slice_of(secret, len));

		json_object_set_new(answer, blob_name, base64(blob));
		free((void *)(uintptr_t)blob.ptr);
	}
	if (strcmp(f->operation, "GenerateDataKeyPair") == 0)
		json_object_set_new(answer, "PublicKey", base64(other_key()));
	if (put_secret(f, answer, secret_name, tacit_slice_of(secret, len)))
		reply(f, answer);
	else
		json_decref(answer);
}

static void do_derive(struct fake *f)
{
	struct tacit_slice peer = decode(f->request, "PublicKey");
	uint8_t secret[TACIT_SHA256_LEN];
	json_t *answer = with_key(f);

	if (tacit_hash(TACIT_SHA256, peer, secret, NULL) != TACIT_OK)
		exit(70);
	free((void *)(uintptr_t)peer.ptr);
	if (put_secret(f, answer, "SharedSecret", TACIT_SLICE_ARRAY(secret)))
		reply(f, answer);
	else
		json_decref(answer);
}

static void do_encrypt(struct fake *f)
{
	struct tacit_slice plain = decode(f->request, "Plaintext"), blob = encrypt(f, plain);
	json_t *answer = with_key(f);

	json_object_set_new(answer, "CiphertextBlob", base64(blob));
	json_object_set_new(answer, "EncryptionAlgorithm", json_string("SYMMETRIC_DEFAULT"));
	free((void *)(uintptr_t)plain.ptr);
	free((void *)(uintptr_t)blob.ptr);
	reply(f, answer);
}

static size_t asked_bytes(const struct fake *f)
{
	json_t *bytes = json_object_get(f->request, "NumberOfBytes");
	const char *spec = json_string_value(json_object_get(f->request, "KeySpec"));

	if (bytes)
		return (size_t)json_integer_value(bytes);
	return spec && strcmp(spec, "AES_128") == 0 ? 16 : 32;
}

static void do_operation(struct fake *f)
{
	enum tacit_kms_operation operation;

	if (!tacit_kms_json_find(tacit_slice_str(f->operation), &operation)) {
		refuse(f, 400, "UnknownOperationException", "");
		return;
	}
	switch (operation) {
	case TACIT_KMS_DECRYPT:
		do_decrypt(f);
		break;
	case TACIT_KMS_GENERATE_DATA_KEY:
		do_generate(f, asked_bytes(f), "CiphertextBlob", "Plaintext");
		break;
	case TACIT_KMS_GENERATE_DATA_KEY_PAIR:
		do_generate(f, 121, "PrivateKeyCiphertextBlob", "PrivateKeyPlaintext");
		break;
	case TACIT_KMS_GENERATE_RANDOM:
		do_generate(f, asked_bytes(f), NULL, "Plaintext");
		break;
	case TACIT_KMS_DERIVE_SHARED_SECRET:
		do_derive(f);
		break;
	case TACIT_KMS_ENCRYPT:
		do_encrypt(f);
		break;
	case TACIT_KMS_OPERATIONS:
		break;
	}
}

/* ---- requests ------------------------------------------------------------------------------- */

#define LONG_WORDS                                                                                \
	"User: arn:aws:sts::111122223333:assumed-role/enclave-parent/i-0123456789abcdef0 is not " \
	"authorized to perform: kms:Decrypt on resource: " ARN                                    \
	"denied because no resource-based policy allows the kms:Decrypt action"

/* Whether the key's way is not to answer at all as it should. */
static bool misbehaves(struct fake *f)
{
	if (is_key(f, "denied"))
		refuse(f, 400, "AccessDeniedException", LONG_WORDS);
	else if (is_key(f, "prefixed"))
		refuse(f, 400, "com.amazonaws.kms#NotFoundException", "no\nsuch \x1b[31mkey");
	else if (is_key(f, "internal"))
		refuse(f, 500, "KMSInternalException", "try later");
	else if (is_key(f, "throttled"))
		refuse(f, 400, "ThrottlingException", "Rate exceeded");
	else if (is_key(f, "throttle") && f->throttled++ < 2)
		refuse(f, 400, "ThrottlingException", "Rate exceeded");
	else if (is_key(f, "expired") && f->expired++ < 1)
		refuse(f, 400, "ExpiredTokenException", "The security token has expired");
	else if (is_key(f, "html"))
		reply_text(f, 502, "text/html", "<html>Bad Gateway</html>");
	else if (is_key(f, "redirect"))
		reply_text(f, 307, "text/plain", "");
	else if (is_key(f, "no-json"))
		reply_text(f, 200, "text/plain", "{\"KeyId\": ");
	else if (is_key(f, "silent"))
		printf("{\"silent\":true}\n"), fflush(stdout);
	else if (is_key(f, "huge")) {
		char *text = malloc(TACIT_KMS_BODY_MAX + 2);

		memset(text, ' ', TACIT_KMS_BODY_MAX + 1);
		text[TACIT_KMS_BODY_MAX + 1] = 0;
		reply_text(f, 200, "application/x-amz-json-1.1", text);
		free(text);
	} else
		return false;
	return true;
}

static bool check_signature(struct fake *f)
{
	const struct tacit_http_head *head = tacit_call_head(f->call);
	struct tacit_sigv4_field fields[TACIT_HTTP_FIELDS_MAX];
	struct tacit_sigv4_request request = { .method = head->method,
					       .path = head->path,
					       .query = head->query,
					       .fields = fields,
					       .field_count = head->count,
					       .body = tacit_call_body(f->call) };
	struct tacit_slice token = tacit_http_head_find(head, "x-amz-security-token");
	struct tacit_sigv4_auth auth;
	struct tacit_error err = { 0 };

	for (size_t i = 0; i < head->count; i++) {
		fields[i].name = head->fields[i].name;
		fields[i].value = head->fields[i].value;
	}
	if (tacit_sigv4_read(&request, &auth, &err) != TACIT_OK) {
		refuse(f, 400, "IncompleteSignatureException", err.detail);
		return false;
	}
	if (!tacit_slice_eq(auth.access_key, tacit_slice_str(ACCESS_KEY)) ||
	    !tacit_slice_eq(token, tacit_slice_str(TOKEN))) {
		refuse(f, 400, "UnrecognizedClientException",
		       "The security token included in the request is invalid.");
		return false;
	}
	if (tacit_sigv4_check(&request, &auth, tacit_slice_str(SECRET), &err) == TACIT_OK &&
	    tacit_sigv4_fresh(&auth, tacit_clock_wall(), &err) == TACIT_OK)
		return true;
	refuse(f, 400, "InvalidSignatureException", err.detail);
	return false;
}

/* The last part of an ARN, or what is left of "alias/". */
static const char *bare_key(const json_t *request)
{
	const char *text = json_string_value(json_object_get(request, "KeyId"));
	const char *mark = text ? strrchr(text, '/') : NULL;

	return !text ? "good" : mark ? mark + 1 : text;
}

static void on_request(void *user, struct tacit_call *x)
{
	struct fake *f = user;
	struct tacit_slice body = tacit_call_body(x);
	struct tacit_slice target = tacit_http_head_find(tacit_call_head(x), "x-amz-target");
	size_t prefix = strlen("TrentService.");
	static char operation[64];

	f->call = x;
	f->request = json_loadb((const char *)body.ptr, body.len, 0, NULL);
	f->key = bare_key(f->request);
	snprintf(operation, sizeof(operation), "%.*s",
		 target.len > prefix ? (int)(target.len - prefix) : 0,
		 target.len > prefix ? (const char *)target.ptr + prefix : "");
	f->operation = operation;
	if (check_signature(f) && !misbehaves(f))
		do_operation(f);
	json_decref(f->request);
}

int main(int argc, char **argv)
{
	static struct fake fake;
	struct tacit_address address = { .transport = TACIT_TRANSPORT_TCP, .host = "127.0.0.1" };
	struct tacit_server_options options = { .on_request = on_request, .user = &fake };
	struct tacit_server *server;
	struct tacit_address bound;
	struct tacit_error err = { 0 };
	int fd;

	if (argc != 3 || tacit_crypto_start(&err) != TACIT_OK) {
		fprintf(stderr, "usage: fake_kms CERT KEY\n");
		return 2;
	}
	options.tls = SSL_CTX_new(TLS_server_method());
	if (SSL_CTX_use_certificate_chain_file(options.tls, argv[1]) != 1 ||
	    SSL_CTX_use_PrivateKey_file(options.tls, argv[2], SSL_FILETYPE_PEM) != 1 ||
	    tacit_address_listen(&address, &fd, &bound, &err) != TACIT_OK ||
	    tacit_server_new(&options, &server, &err) != TACIT_OK ||
	    tacit_server_listen(server, fd, &err) != TACIT_OK) {
		fprintf(stderr, "fake_kms: cannot start: %s\n", err.detail);
		return 5;
	}
	printf("{\"port\":%u}\n", bound.port);
	fflush(stdout);
	return tacit_server_run(server, &err) == TACIT_OK ? 0 : 5;
}
