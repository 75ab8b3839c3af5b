/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KMS_INSIDE_H
#define TACIT_RELEASE_KMS_INSIDE_H

/* The inside of a client of KMS: calls (kms.c) over the transport (kms_send.c). */

#include <pthread.h>

#include "release/kms.h"

#define TACIT_KMS_URL_MAX 512

struct tacit_kms {
	struct tacit_kms_options options;
	pthread_mutex_t lock; /* over all that follows */
	CURL *easy;
	char message[CURL_ERROR_SIZE];
	uint8_t *answer; /* TACIT_KMS_BODY_MAX */
	size_t answer_len;
	bool too_long;
	struct tacit_kms_refusal refusal;
};

/* Makes the handle of libcurl with all that never changes. */
TACIT_MUST_CHECK enum tacit_status tacit_kms_send_start(struct tacit_kms *kms,
							struct tacit_error *err);

/*
 * Sends until there is an answer that will stand; it is in kms->answer, and the refusal, if it is
 * one, in kms->refusal. The caller holds the lock and wipes the answer.
 */
TACIT_MUST_CHECK enum tacit_status tacit_kms_send(struct tacit_kms *kms,
						  const struct tacit_kms_message *message,
						  struct tacit_error *err);

/* Refuses an answer that has its secret in the clear. */
TACIT_MUST_CHECK enum tacit_status tacit_kms_check_sealed(const struct tacit_kms_fields *fields,
							  struct tacit_error *err);

#endif
