/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KMS_H
#define TACIT_RELEASE_KMS_H

/*
 * A client of AWS KMS for those who are in an enclave: what is secret in an answer comes sealed
 * for the key in our attestation document, and is opened here. TLS ends here, too: the host
 * carries bytes.
 *
 *     const struct tacit_kms_options options = { .reach = reach, .aws = who,
 *                                                .attester = tee, .recipient = key };
 *     struct tacit_kms_request request = { .operation = TACIT_KMS_DECRYPT, ... };
 *     if (tacit_kms_new(&options, &kms, &err) == TACIT_OK &&
 *         tacit_kms_call(kms, &request, &arena, &answer, &err) == TACIT_OK)
 *             ... answer.plain ...
 *     tacit_arena_wipe(&arena);
 *
 * One connection, kept open; calls of several threads wait for each other. Asked again is only
 * when KMS throttles, and once with fresh credentials when it calls ours expired. Plaintext in an
 * answer is refused: then whoever answered took no notice of the document.
 *
 * Not checked here: that a ciphertext is the one that was meant. Name the key and bind it with an
 * encryption context: the host may hand over another ciphertext of the same key.
 */

#include "release/aws_credentials.h"
#include "release/kms_json.h"
#include "release/reach.h"
#include "release/recipient.h"
#include "tacit/attest.h"

#define TACIT_KMS_ARENA (6 * TACIT_KMS_BODY_MAX) /* enough for any call */

/* The zero value asks for the defaults. What pointers show must outlive the client. */
struct tacit_kms_options {
	struct tacit_reach reach;
	const char *endpoint; /* https://HOST[:PORT] of what speaks as KMS; NULL: AWS */
	const char *region;   /* NULL: that of the key's ARN, else the credentials' */
	bool fips;            /* AWS's FIPS endpoint */
	struct tacit_aws_credentials *aws;
	struct tacit_attester *attester; /* both NULL: Encrypt, and what is passed on */
	struct tacit_recipient *recipient;
	uint64_t deadline_ms; /* of one call, with all its tries; 0: 30 s */
	uint64_t pause_ms;    /* before the second try, doubled from then on; 0: 100 */
	unsigned tries;       /* while KMS throttles; 0: 6 */
};

/* Slices live in the arena of the call, which the caller wipes. */
struct tacit_kms_answer {
	struct tacit_slice plain; /* data key, private key (PKCS #8), secret, random, plaintext */
	struct tacit_slice ciphertext;
	struct tacit_slice public_key;
	struct tacit_slice key_id, spec, algorithm, origin;
};

struct tacit_kms;

/* Errors: TACIT_USAGE for an endpoint that is no https URL; TACIT_UNSUPPORTED without libcurl;
 * TACIT_NOMEM. */
TACIT_MUST_CHECK enum tacit_status tacit_kms_new(const struct tacit_kms_options *options,
						 struct tacit_kms **ret, struct tacit_error *err);

/*
 * One operation. Errors: TACIT_USAGE; TACIT_DENIED when KMS says no; TACIT_PEER for its other
 * refusals and failures; TACIT_BINDING for plaintext in its answer, one that is sealed for another
 * key, and one of another key of KMS; those of reach, credentials, attester and recipient.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_kms_call(struct tacit_kms *kms, const struct tacit_kms_request *request,
	       struct tacit_arena *arena, struct tacit_kms_answer *ret, struct tacit_error *err);

/* KMS's own words when it refused the last call, all of them; status 0 when it did not. For who is
 * alone with the client. */
const struct tacit_kms_refusal *tacit_kms_refusal(const struct tacit_kms *kms);

/* NULL is fine. */
void tacit_kms_free(struct tacit_kms *kms);

/* ---- for those who pass requests of others on -------------------------------------------------
 */

/* A document with the recipient's key and these two; without a nonce it has a fresh one. */
TACIT_MUST_CHECK enum tacit_status
tacit_kms_document(struct tacit_kms *kms, struct tacit_slice nonce, struct tacit_slice user_data,
		   struct tacit_mut room, struct tacit_slice *ret, struct tacit_error *err);

struct tacit_kms_message {
	struct tacit_slice target; /* "TrentService.Decrypt" */
	struct tacit_slice body;
	struct tacit_slice region; /* absent: as the options say, or the credentials */
};

/*
 * Signs and sends; OK for any answer, whatever its status. Throttled and expired are dealt with.
 * The answer's body is a copy in the arena.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_kms_exchange(struct tacit_kms *kms, const struct tacit_kms_message *message,
		   struct tacit_arena *arena, unsigned *ret_status, struct tacit_slice *ret_body,
		   struct tacit_error *err);

/*
 * Opens what an answer to a request with our document has sealed: its plaintext, in the arena.
 * Refuses one that has plaintext, or nothing for us.
 */
TACIT_MUST_CHECK enum tacit_status tacit_kms_open(struct tacit_kms *kms, struct tacit_slice body,
						  struct tacit_arena *arena,
						  struct tacit_slice *ret, struct tacit_error *err);

/* The region of a key's ARN, cut out of it; absent when it is no ARN. */
struct tacit_slice tacit_kms_region(struct tacit_slice key_id);

/* arn:PARTITION:kms:REGION:ACCOUNT:key/ID: one key, whoever asks for it. */
bool tacit_kms_is_key_arn(struct tacit_slice text);

#endif
