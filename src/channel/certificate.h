/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CHANNEL_CERTIFICATE_H
#define TACIT_CHANNEL_CERTIFICATE_H

/*
 * A self-signed certificate for a server whose clients are given it as the one they trust, and its
 * key, as PEM. Not for the attested channel: that has channel/identity.h.
 */

#include "base/error.h"
#include "base/secret.h"
#include "tacit/bytes.h"

#define TACIT_CERTIFICATE_PEM 8192

/*
 * For the given DNS names or IP addresses, ten years from `now`, with a fresh P-256 key. Both are
 * NUL-terminated; the caller wipes the key. Errors: TACIT_FORMAT for a name that is none.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_certificate_make(const char *const *names, size_t count, int64_t now,
		       char ret_certificate[TACIT_AT_LEAST(TACIT_CERTIFICATE_PEM)],
		       char ret_key[TACIT_AT_LEAST(TACIT_CERTIFICATE_PEM)],
		       struct tacit_error *err);

#endif
