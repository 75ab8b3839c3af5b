/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_BINDING_H
#define TACIT_TEE_BINDING_H

/* The parts of tacit/binding.h that only this library needs. */

#include "base/error.h"
#include "tacit/binding.h"

/* What REPORTDATA stands for [AIR-02 transport binding]; evidence_hash may be absent. */
struct tacit_binding_envelope {
	struct tacit_slice platform;      /* "tdx", "snp" */
	struct tacit_slice handshake_key; /* X25519, 32 bytes */
	struct tacit_slice receipt_key;   /* Ed25519, 32 bytes */
	struct tacit_slice nonce;         /* 32 bytes */
	struct tacit_slice evidence_hash; /* 32 bytes or absent */
};

/* SHA-512 of the preimage. Lengths are the caller's to keep. */
TACIT_MUST_CHECK enum tacit_status
tacit_binding_envelope_hash(const struct tacit_binding_envelope *envelope,
			    uint8_t ret[TACIT_AT_LEAST(64)], struct tacit_error *err);

/*
 * What a quote of Azure's virtual TPM carries as extraData for a binding: SHA-256 of what a bare
 * guest of that platform name ("azure-snp", "azure-tdx") would have as REPORTDATA, since a TPM
 * without SHA-512 takes 50 bytes at most [TPM2 10.4.3]. Errors: those of tacit_binding_parse().
 */
TACIT_MUST_CHECK enum tacit_status tacit_binding_quote_data(const char *platform,
							    struct tacit_slice encoded,
							    uint8_t ret[TACIT_AT_LEAST(32)],
							    struct tacit_error *err);

/* True when `config` is the one form of key configuration that we write (see binding.c). */
bool tacit_binding_hpke_ok(struct tacit_slice config);

/* Writes that form: 45 bytes. */
void tacit_binding_hpke_write(uint8_t key_id, const uint8_t x25519[TACIT_AT_LEAST(32)],
			      uint8_t ret[TACIT_AT_LEAST(TACIT_HPKE_CONFIG_LEN)]);

/*
 * True when `user_data` starts as a binding does, whatever its version, with the purpose text in
 * `ret_purpose`: tells "not ours" from "ours, and broken".
 */
bool tacit_binding_purpose(struct tacit_slice user_data, struct tacit_slice *ret_purpose);

#endif
