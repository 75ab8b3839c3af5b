/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CRYPTO_START_H
#define TACIT_CRYPTO_START_H

#include "base/error.h"

/*
 * Starts the crypto library without its configuration file, so that no environment variable chooses
 * what a program computes with. For programs, before anything else; libtacit leaves that choice to
 * whoever links it.
 */
TACIT_MUST_CHECK enum tacit_status tacit_crypto_start(struct tacit_error *err);

#endif
