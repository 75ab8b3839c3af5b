/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KMS_H
#define KMS_H

/*
 * Decrypting by AWS KMS, or by a broker that speaks as it does: `tacit kms decrypt` in a process of
 * its own. It makes the key that the answer is sealed for, has it attested, and opens the answer.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KMS_CIPHER_MAX  6144
#define KMS_PLAIN_MAX   4096
#define KMS_CONTEXT_MAX 16
#define KMS_WHY_MAX     512

struct kms_request {
	const char *key_id, *region;
	const char *access_key_id, *secret_access_key, *session_token;
	const char *names[KMS_CONTEXT_MAX], *values[KMS_CONTEXT_MAX];
	size_t context_count;
	const uint8_t *ciphertext;
	size_t ciphertext_len;
};

/*
 * `setup` is the program and what it is always told, ending in NULL. False with a reason in `why`.
 * The caller wipes `plain`.
 */
bool kms_decrypt(char *const *setup, const struct kms_request *request,
		 uint8_t plain[KMS_PLAIN_MAX], size_t *ret_len, char why[KMS_WHY_MAX]);

#endif
