/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A server for a Nitro enclave:
 *
 *     server [vsock:PORT | unix:PATH] [--stub] [--kms PROGRAM OPTION...]
 *
 * One request a connection, one answer, each a message [wire.h] of JSON; bytes are in base64.
 *
 *     {"operation": "attest", "nonce": B}          {"attestation_document": B}
 *     {"operation": "decrypt", "ciphertext": B,    {"plaintext": B}
 *      "key_id": T, "region": T, "credentials": {...}, "encryption_context": {...}}
 *
 * Anything else is answered with {"error": TEXT}. Of what a document says, callers choose the nonce
 * and nothing more. A server that put their public keys or user data into its documents would vouch
 * for them: they could have AWS KMS encrypt to a key of their own.
 *
 * PROGRAM is tacit, and the options are those of `tacit kms decrypt`, by which it gets to KMS or to
 * a broker.
 */
#define _POSIX_C_SOURCE 200809L
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tacit/attest.h>

#include "kms.h"
#include "wire.h"

#define CLIENTS_MAX 16 /* at one time; others wait */
#define NONCE_MIN   16
#define NONCE_MAX   64
#define USER_DATA   "tacit example nitro-decrypt 1"

struct server {
	struct tacit_attester *attester;
	char *const *kms; /* the program and its options; NULL: no key release */
	sem_t places;
};

struct client {
	struct server *server;
	struct wire wire;
	char room[MESSAGE_MAX];
};

static json_t *failure(const char *why)
{
	return json_pack("{s:s}", "error", why);
}

static json_t *attest(struct server *s, json_t *request)
{
	uint8_t nonce[NONCE_MAX + 2], room[TACIT_ATTEST_ROOM], text[TACIT_ATTEST_ROOM / 3 * 4 + 8];
	struct tacit_slice document = { NULL, 0 };
	struct tacit_error err = { 0 };
	const char *name = NULL, *given = NULL;
	size_t len = 0;
	json_error_t wrong;

	if (json_unpack_ex(request, &wrong, JSON_STRICT, "{s:s, s:s}", "operation", &name, "nonce",
			   &given))
		return failure(wrong.text);
	if (!wire_base64(given, nonce, NONCE_MAX, &len) || len < NONCE_MIN)
		return failure("the nonce is not base64 of 16 to 64 bytes");
	struct tacit_attest_request wanted = { .binding = tacit_slice_str(USER_DATA),
					       .nonce = tacit_slice_of(nonce, len) };
	if (tacit_attester_attest(s->attester, &wanted, tacit_mut_of(room, sizeof(room)),
				  &document, &err) != TACIT_OK)
		return failure(err.detail);
	EVP_EncodeBlock(text, document.ptr, (int)document.len);
	return json_pack("{s:s}", "attestation_document", (const char *)text);
}

/* The pairs of an object of texts. */
static bool read_context(json_t *context, struct kms_request *ret)
{
	const char *name;
	json_t *value;

	if (context && !json_is_object(context))
		return false;
	json_object_foreach (context, name, value) {
		if (!json_is_string(value) || ret->context_count == KMS_CONTEXT_MAX)
			return false;
		ret->names[ret->context_count] = name;
		ret->values[ret->context_count++] = json_string_value(value);
	}
	return true;
}

static json_t *plaintext(const uint8_t *plain, size_t len)
{
	unsigned char text[KMS_PLAIN_MAX / 3 * 4 + 8];

	EVP_EncodeBlock(text, plain, (int)len);
	json_t *said = json_pack("{s:s}", "plaintext", (const char *)text);

	OPENSSL_cleanse(text, sizeof(text));
	return said;
}

/* The request is read to its end, so that what is wrong with it is told before what we lack. */
static json_t *decrypt(struct server *s, json_t *request)
{
	const char *name = NULL, *given = NULL;
	uint8_t ciphertext[KMS_CIPHER_MAX + 2], plain[KMS_PLAIN_MAX];
	struct kms_request r = { .ciphertext = ciphertext };
	char why[KMS_WHY_MAX] = "no memory";
	json_t *context = NULL;
	size_t len = 0;
	json_error_t wrong;

	if (json_unpack_ex(request, &wrong, JSON_STRICT,
			   "{s:s, s:s, s:s, s:s, s?o, s:{s:s, s:s, s:s}}", "operation", &name,
			   "ciphertext", &given, "key_id", &r.key_id, "region", &r.region,
			   "encryption_context", &context, "credentials", "access_key_id",
			   &r.access_key_id, "secret_access_key", &r.secret_access_key,
			   "session_token", &r.session_token))
		return failure(wrong.text);
	if (!wire_base64(given, ciphertext, KMS_CIPHER_MAX, &r.ciphertext_len) ||
	    r.ciphertext_len == 0)
		return failure("the ciphertext is not base64 of 1 to 6144 bytes");
	if (!read_context(context, &r))
		return failure("the encryption context is not an object of up to 16 texts");
	if (!s->kms)
		return failure("no key release is set up here: it was started without --kms");
	if (!kms_decrypt(s->kms, &r, plain, &len, why))
		return failure(why);
	json_t *said = plaintext(plain, len);

	OPENSSL_cleanse(plain, sizeof(plain));
	return said;
}

static const struct {
	const char *name;
	json_t *(*run)(struct server *s, json_t *request);
} OPERATIONS[] = { { "attest", attest }, { "decrypt", decrypt } };

static json_t *answer(struct server *s, const char *text, size_t len)
{
	json_error_t wrong;
	json_t *request = json_loadb(text, len, JSON_REJECT_DUPLICATES, &wrong), *said = NULL;
	const char *name = json_string_value(json_object_get(request, "operation"));

	for (size_t i = 0; name && !said && i < sizeof(OPERATIONS) / sizeof(OPERATIONS[0]); i++)
		if (strcmp(name, OPERATIONS[i].name) == 0)
			said = OPERATIONS[i].run(s, request);
	if (!said)
		said = failure(!request ? "the request is no object of JSON" :
			       !name    ? "the request names no operation" :
					  "no such operation: there are attest and decrypt");
	json_decref(request);
	return said;
}

static void *serve_one(void *arg)
{
	struct client *c = (struct client *)arg;
	const char *why = NULL;

	wire_limit(&c->wire, PATIENCE_MS);
	size_t len = wire_read(&c->wire, c->room, &why);
	json_t *said = len > 0 ? answer(c->server, c->room, len) : failure(why);
	len = json_dumpb(said, c->room, MESSAGE_MAX, JSON_COMPACT);
	json_decref(said);
	wire_limit(&c->wire, PATIENCE_MS);
	if (len <= MESSAGE_MAX && !wire_write(&c->wire, c->room, len))
		fprintf(stderr, "a client did not take its answer\n");
	wire_close(&c->wire);
	sem_post(&c->server->places);
	free(c);
	return NULL;
}

/* False when there is no memory or no thread for it: the connection is closed then. */
static bool serve(struct server *s, int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	pthread_t thread;

	if (c) {
		c->server = s;
		c->wire.fd = fd;
	}
	if (c && pthread_create(&thread, NULL, serve_one, c) == 0) {
		pthread_detach(thread);
		return true;
	}
	free(c);
	close(fd);
	return false;
}

int main(int argc, char **argv)
{
	bool stub = argc > 2 && strcmp(argv[2], "--stub") == 0;
	int kms = stub ? 3 : 2;
	struct tacit_attest_options options = { .config = tacit_slice_str(USER_DATA) };
	struct server s = { 0 };
	struct tacit_error err = { 0 };

	if (argc > kms + 1 && strcmp(argv[kms], "--kms") == 0)
		s.kms = argv + kms + 1;
	int listener = wire_listen(argc > 1 ? argv[1] : "vsock:5005");

	if (listener < 0)
		return 5;
	if (tacit_attester_open(stub ? TACIT_TEE_STUB : TACIT_TEE_NITRO, &options, &s.attester,
				&err) != TACIT_OK) {
		fprintf(stderr, "no evidence here: %s\n", err.detail);
		return 6;
	}
	if (stub)
		fprintf(stderr, "a software stand-in, NOT a TEE: its documents prove nothing\n");
	signal(SIGPIPE, SIG_IGN); /* a process that ends early is no reason to end */
	sem_init(&s.places, 0, CLIENTS_MAX);
	fprintf(stderr, "ready\n");
	for (;;) {
		sem_wait(&s.places);
		int fd = accept(listener, NULL, NULL);
		if (fd < 0 || !serve(&s, fd))
			sem_post(&s.places);
	}
}
