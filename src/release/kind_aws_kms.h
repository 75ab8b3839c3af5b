/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KIND_AWS_KMS_H
#define TACIT_RELEASE_KIND_AWS_KMS_H

/*
 * File keys under a key of AWS KMS: "aws-kms:ARN", stanza "tacit-aws-kms ARN" with what KMS's
 * Encrypt gave as its body. Whoever may Encrypt under the key can seal for it, anywhere; opening
 * asks for Decrypt with the attestation document of this machine.
 *
 * The encryption context says what the file key is of, so that none can stand in for another, and
 * key policies can name it:
 *
 *     tacit-model       the model's id
 *     tacit-manifest    SHA-256 of the manifest, in hex
 *     tacit-file        the file's name
 *     tacit-policy      digest of the policy it was sealed for, in hex, if there is one
 */

#include "release/kms.h"
#include "release/recipient_kind.h"

#define TACIT_KIND_AWS_KMS_PREFIX "aws-kms:"
#define TACIT_KIND_AWS_KMS_STANZA "tacit-aws-kms"

/*
 * What the kind gets as its `env`: where its client comes from, asked for only once a text names
 * a key of KMS. The client outlives the keyring. For wrapping it needs no attester.
 */
struct tacit_kind_aws_kms_env {
	enum tacit_status (*client)(void *user, bool for_wrap, struct tacit_kms **ret,
				    struct tacit_error *err);
	void *user;
};

extern const struct tacit_recipient_kind tacit_kind_aws_kms;

/* ---- for kinds that ask what speaks as KMS (kind_broker.c) --------------------------------- */

#define TACIT_KIND_KMS_TEXT 256

struct tacit_kind_kms {
	struct tacit_kms *kms;                /* not ours */
	char text[TACIT_KIND_KMS_TEXT + 1];   /* in the stanza: whose it is */
	char key_id[TACIT_KIND_KMS_TEXT + 1]; /* what KMS is asked by */
};

void tacit_kind_kms_close(void *self);
TACIT_MUST_CHECK enum tacit_status
tacit_kind_kms_wrap(void *self, const struct tacit_key_use *use,
		    const uint8_t file_key[TACIT_AT_LEAST(TACIT_AGE_FILE_KEY)],
		    struct tacit_arena *arena, struct tacit_age_stanza *ret,
		    struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_kind_kms_unwrap(
	void *self, const struct tacit_key_use *use, const struct tacit_age_stanza *stanza,
	uint8_t ret_file_key[TACIT_AT_LEAST(TACIT_AGE_FILE_KEY)], struct tacit_error *err);

#endif
