/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_ATTEST_QUOTE_H
#define TACIT_SYS_ATTEST_QUOTE_H

/* Quotes of TDs as a host hands them out. */

#include "base/error.h"

/*
 * The quote of a TD over these 64 bytes of report data, without the padding: old kernels and
 * services may hand out more bytes than it has. Errors: TACIT_FORMAT; TACIT_PEER when it is over
 * others.
 */
TACIT_MUST_CHECK enum tacit_status tacit_attest_cut_quote(struct tacit_slice got,
							  const uint8_t *data,
							  struct tacit_slice *ret,
							  struct tacit_error *err);

#endif
