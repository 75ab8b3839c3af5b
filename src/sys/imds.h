/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_IMDS_H
#define TACIT_SYS_IMDS_H

/*
 * Azure's instance metadata service, which gives a confidential VM what its hardware's report
 * needs to be judged elsewhere. It speaks HTTP on a link-local address and is the host's: what it
 * says is bounded, read as strictly as evidence, and vouches for nothing by itself. No proxy,
 * cookie or other setting of the environment is used.
 *
 * Errors of all: TACIT_UNSUPPORTED without libcurl; TACIT_PEER when it does not answer within ten
 * seconds, or with anything but what was asked for; TACIT_LIMIT, TACIT_NOMEM.
 */

#include "base/error.h"

#define TACIT_IMDS_BASE "http://169.254.169.254"

/* The certificates of an SNP report's key: DER, one behind the other, the key's own first. */
TACIT_MUST_CHECK enum tacit_status tacit_imds_certs(const char *base, struct tacit_mut room,
						    struct tacit_slice *ret,
						    struct tacit_error *err);

#define TACIT_IMDS_TDREPORT 1024

/* A quote of the TD that the TDREPORT is of, unread. */
TACIT_MUST_CHECK enum tacit_status tacit_imds_quote(const char *base, const uint8_t *tdreport,
						    struct tacit_mut room, struct tacit_slice *ret,
						    struct tacit_error *err);

#endif
