/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_RANDOM_H
#define TACIT_CRYPTO_RANDOM_H

#include "base/error.h"

/* Fills `out` from the library's generator, which the operating system seeds. */
TACIT_MUST_CHECK enum tacit_status tacit_random(struct tacit_mut out, struct tacit_error *err);

#endif
