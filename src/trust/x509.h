/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TRUST_X509_H
#define TACIT_TRUST_X509_H

/*
 * Certificates [RFC 5280], read in place: the profile of the TEE vendors' PKIs and nothing more.
 * Refused: versions but v3, an algorithm that differs inside and outside, an extension twice, an
 * unknown critical extension, keys and signature algorithms outside the table below, negative or
 * overlong serials, dates that are none, trailing bytes.
 */

#include "base/error.h"
#include "crypto/key.h"
#include "tacit/cache.h"

enum tacit_sig_alg {
	TACIT_SIG_NONE,
	TACIT_SIG_ECDSA_SHA256, /* 1.2.840.10045.4.3.2 */
	TACIT_SIG_ECDSA_SHA384, /* 1.2.840.10045.4.3.3 */
	TACIT_SIG_PSS_SHA384,   /* RSASSA-PSS, MGF1 with SHA-384, salt 48 */
};

/* keyUsage bits [RFC 5280 4.2.1.3]. */
#define TACIT_KU_DIGITAL_SIGNATURE 0x0001u
#define TACIT_KU_CERT_SIGN         0x0020u
#define TACIT_KU_CRL_SIGN          0x0040u

struct tacit_cert {
	struct tacit_slice der;             /* the whole certificate, as received */
	struct tacit_slice tbs;             /* the signed part, head included */
	struct tacit_slice serial;          /* content of the INTEGER */
	struct tacit_slice issuer, subject; /* whole Names, compared byte by byte */
	struct tacit_slice subject_cn,
		issuer_cn; /* text of the one common name; absent when none */
	int64_t not_before, not_after;
	struct tacit_slice spki;    /* SubjectPublicKeyInfo, head included */
	enum tacit_key_alg key_alg; /* TACIT_KEY_NONE for RSA of 4096 bits */
	struct tacit_slice key;     /* uncompressed point, or content of the RSA key's BIT STRING */
	enum tacit_sig_alg sig_alg;
	struct tacit_slice signature;  /* content of the BIT STRING */
	struct tacit_slice extensions; /* content of the SEQUENCE OF Extension */
	bool has_basic, ca;
	int path_len; /* -1: no limit */
	bool has_key_usage;
	unsigned key_usage;
	struct tacit_slice ski, aki; /* absent when not there */
};

/* Errors: TACIT_FORMAT. `where` goes into the error. */
TACIT_MUST_CHECK enum tacit_status tacit_cert_parse(struct tacit_slice der, const char *where,
						    struct tacit_cert *ret,
						    struct tacit_error *err);

/* The extnValue content of the extension with that OID content; absent when there is none. */
struct tacit_slice tacit_cert_extension(const struct tacit_cert *cert, struct tacit_slice oid);

/*
 * Whether the key of `signer` made this signature (as certificates and lists carry it) over
 * `message`. `cache` may be NULL. Nothing else about the signer is checked. Errors:
 * TACIT_SIGNATURE, also when key and algorithm do not belong together.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_cert_signed(const struct tacit_cert *signer, enum tacit_sig_alg alg,
		  struct tacit_slice message, struct tacit_slice signature,
		  struct tacit_cache *cache, struct tacit_error *err);

/*
 * The same for raw r | s by any EC key (quotes, reports, COSE, Intel's JSON). With a cache the
 * result is remembered; pass NULL for signatures that are seen once.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_trust_signed(enum tacit_key_alg alg, struct tacit_slice key, struct tacit_slice message,
		   struct tacit_slice signature, struct tacit_cache *cache,
		   struct tacit_error *err);

#endif
