/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_IMDS_READ_H
#define TACIT_SYS_IMDS_READ_H

/*
 * What Azure's metadata service answered: certificates, or a quote, and nothing else. Untrusted.
 * Errors of both: TACIT_PEER and TACIT_FORMAT for anything but that, TACIT_LIMIT when there is too
 * much of it.
 */

#include "base/arena.h"
#include "base/error.h"

/* DER, one behind the other, the one of `vcekCert` first; up to eight. */
TACIT_MUST_CHECK enum tacit_status tacit_imds_read_certs(struct tacit_slice body,
							 struct tacit_arena *arena,
							 struct tacit_mut room,
							 struct tacit_slice *ret,
							 struct tacit_error *err);

/* Copied to `room`, unread. */
TACIT_MUST_CHECK enum tacit_status tacit_imds_read_quote(struct tacit_slice body,
							 struct tacit_arena *arena,
							 struct tacit_mut room,
							 struct tacit_slice *ret,
							 struct tacit_error *err);

#endif
