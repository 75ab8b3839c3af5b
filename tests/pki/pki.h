/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PKI_PKI_H
#define TESTS_PKI_PKI_H

/*
 * Keys, certificates and revocation lists for tests, with every field free, right or wrong. The
 * DER is written here byte by byte, so that what the parser refuses can be made; keys and
 * signatures are OpenSSL's own.
 *
 * Whatever these functions return lives until pki_done(). They end the program when they fail.
 */

#include <openssl/evp.h>

#include "tacit/bytes.h"
#include "trust/x509.h"

/* --- keys ------------------------------------------------------------------------------- */

enum pki_kind {
	PKI_P256,
	PKI_P384,
	PKI_P521,
	PKI_RSA2048,
	PKI_RSA4096, /* one of three fixed keys, in turn: a fresh one takes seconds */
	PKI_ED25519,
};

EVP_PKEY *pki_key(enum pki_kind kind);
/* SubjectPublicKeyInfo; and an EC key's uncompressed point. */
struct tacit_slice pki_spki(EVP_PKEY *key);
struct tacit_slice pki_point(EVP_PKEY *key);
/* Raw r | s over the message, as quotes, reports and COSE have it; Ed25519: 64 bytes. */
struct tacit_slice pki_sign_raw(EVP_PKEY *key, struct tacit_slice message);

/* --- DER ---------------------------------------------------------------------------------- */

/* Grows at the end; what was written since a mark can be wrapped into an element. */
struct pki_buf {
	uint8_t *bytes;
	size_t len, room;
};

void pki_raw(struct pki_buf *b, struct tacit_slice bytes);
/* One whole element. */
void pki_put(struct pki_buf *b, uint8_t tag, struct tacit_slice content);
/* INTEGER (tag 0x02) or ENUMERATED (0x0a) of a number that is not negative. */
void pki_put_uint(struct pki_buf *b, uint8_t tag, uint64_t number);
/* OBJECT IDENTIFIER from "1.2.840.113741.1.13.1". */
void pki_put_oid(struct pki_buf *b, const char *dotted);
/* UTCTime to 2049, GeneralizedTime after. */
void pki_put_time(struct pki_buf *b, int64_t seconds);
/* Makes everything from `mark` (an earlier b->len) on the content of one element. */
void pki_wrap(struct pki_buf *b, size_t mark, uint8_t tag);
/* What was written; owned by the kit. */
struct tacit_slice pki_take(struct pki_buf *b);

/* --- certificates --------------------------------------------------------------------------- */

struct pki_ext {
	const char *oid;
	bool critical;
	struct tacit_slice value; /* content of extnValue */
};

enum pki_sig {
	PKI_SIG_OWN, /* what goes with the signer's key: ECDSA with its hash, PSS, Ed25519 */
	PKI_SIG_ECDSA_SHA256,
	PKI_SIG_ECDSA_SHA384,
	PKI_SIG_PSS_SHA384,
	PKI_SIG_PSS_SHA256,
	PKI_SIG_RSA_SHA384, /* PKCS #1 v1.5 */
};

struct pki_cert {
	struct tacit_slice der, subject /* Name */, ski;
	EVP_PKEY *key;
	const char *subject_text;
};

/* Zeros are usual: a v3 leaf with key ids, no basicConstraints, serial 1. */
struct pki_spec {
	EVP_PKEY *key;
	const char *subject;           /* "CN=Some Root/O=Some Company/C=US", in that order */
	const struct pki_cert *issuer; /* NULL: itself */
	int64_t not_before, not_after;
	const char *serial; /* hex, content of the INTEGER; NULL: "01" */

	bool basic; /* basicConstraints is there */
	bool ca;    /* ... and says CA, which implies `basic` */
	bool limited;
	unsigned path_len; /* with `limited` */
	bool basic_not_critical;
	unsigned key_usage; /* TACIT_KU_*; 0: none */
	bool key_usage_not_critical;
	bool no_ski, no_aki;
	const struct pki_ext *exts; /* behind the usual ones; a repetition is not prevented */
	size_t ext_count;

	/* Departures. */
	const char *issuer_name; /* instead of the issuer's subject */
	EVP_PKEY *signer;        /* instead of the issuer's key */
	struct tacit_slice aki, ski;
	struct tacit_slice spki; /* instead of the key's own */
	enum pki_sig sig;
	bool pss_trailer; /* writes the trailer field out, as AMD does */
	unsigned version; /* content of the INTEGER plus one; 0: v3 */
};

struct pki_cert *pki_cert(const struct pki_spec *spec);
/* The usual root and intermediate: CA, keyCertSign and cRLSign, valid as given. */
struct pki_cert *pki_ca(EVP_PKEY *key, const char *subject, const struct pki_cert *issuer,
			int64_t not_before, int64_t not_after);

/* Signs a TBSCertificate or TBSCertList of any content: SEQUENCE { tbs, algorithm, signature }. */
struct tacit_slice pki_seal(struct tacit_slice tbs, EVP_PKEY *signer, enum pki_sig sig,
			    bool pss_trailer);
/* The same certificate with other TBS bytes, signed again by `signer`. */
struct tacit_slice pki_tbs_of(struct tacit_slice der);

/* PEM text of the certificates, one after the other; ends in `end` NULs. */
struct tacit_slice pki_pem(const struct pki_cert *const *certs, size_t count, size_t nuls);

/* --- revocation lists ----------------------------------------------------------------------- */

struct pki_crl_spec {
	const struct pki_cert *issuer;
	int64_t this_update, next_update; /* next_update 0: left out */
	const char *const *serials;       /* hex, content of each INTEGER */
	size_t serial_count;
	uint64_t number;
	bool no_aki, no_number;
	const struct pki_ext *exts;
	size_t ext_count;
	const struct pki_ext *entry_exts; /* in each entry */
	size_t entry_ext_count;

	/* Departures. */
	const char *issuer_name;
	EVP_PKEY *signer;
	struct tacit_slice aki;
	enum pki_sig sig;
	unsigned version; /* content of the INTEGER plus one; 0: v2 */
};

struct tacit_slice pki_crl(const struct pki_crl_spec *spec);

/* --- rest ----------------------------------------------------------------------------------- */

/* A block of `size` zeroed bytes, or a copy. */
uint8_t *pki_alloc(size_t size);
struct tacit_slice pki_copy(struct tacit_slice bytes);
/* Bytes of hex text. */
struct tacit_slice pki_hex(const char *text);

/* Releases everything that was made. */
void pki_done(void);
/* The same of what was made since the mark alone. */
void *pki_mark(void);
void pki_release(void *mark);

#endif
