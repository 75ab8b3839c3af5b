/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_SIGNATURES_H
#define BENCH_SIGNATURES_H

/*
 * Signatures taken out, and told to whoever records them: the linker wraps both calls in programs
 * that include this (Makefile), and in no other.
 */

#include <stdbool.h>

#include "tacit/verify.h"
#include "trust/x509.h"

static struct {
	bool stubbed; /* no signature is checked, all are good */
	void (*raw)(enum tacit_key_alg alg, struct tacit_slice key, struct tacit_slice message,
		    struct tacit_slice signature);
	void (*der)(const struct tacit_cert *signer, enum tacit_sig_alg alg,
		    struct tacit_slice message, struct tacit_slice signature);
} signatures;

enum tacit_status __real_tacit_trust_signed(enum tacit_key_alg alg, struct tacit_slice key,
					    struct tacit_slice message,
					    struct tacit_slice signature, struct tacit_cache *cache,
					    struct tacit_error *err);
enum tacit_status __wrap_tacit_trust_signed(enum tacit_key_alg alg, struct tacit_slice key,
					    struct tacit_slice message,
					    struct tacit_slice signature, struct tacit_cache *cache,
					    struct tacit_error *err);
enum tacit_status __real_tacit_cert_signed(const struct tacit_cert *signer, enum tacit_sig_alg alg,
					   struct tacit_slice message, struct tacit_slice signature,
					   struct tacit_cache *cache, struct tacit_error *err);
enum tacit_status __wrap_tacit_cert_signed(const struct tacit_cert *signer, enum tacit_sig_alg alg,
					   struct tacit_slice message, struct tacit_slice signature,
					   struct tacit_cache *cache, struct tacit_error *err);

enum tacit_status __wrap_tacit_trust_signed(enum tacit_key_alg alg, struct tacit_slice key,
					    struct tacit_slice message,
					    struct tacit_slice signature, struct tacit_cache *cache,
					    struct tacit_error *err)
{
	if (signatures.raw)
		signatures.raw(alg, key, message, signature);
	return signatures.stubbed
		       ? TACIT_OK
		       : __real_tacit_trust_signed(alg, key, message, signature, cache, err);
}

enum tacit_status __wrap_tacit_cert_signed(const struct tacit_cert *signer, enum tacit_sig_alg alg,
					   struct tacit_slice message, struct tacit_slice signature,
					   struct tacit_cache *cache, struct tacit_error *err)
{
	if (signatures.der)
		signatures.der(signer, alg, message, signature);
	return signatures.stubbed
		       ? TACIT_OK
		       : __real_tacit_cert_signed(signer, alg, message, signature, cache, err);
}

#endif
