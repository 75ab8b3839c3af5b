/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TRUST_X509_PARTS_H
#define TACIT_TRUST_X509_PARTS_H

/* What certificates and revocation lists have in common; for the files of this room. */

#include "codec/der.h"
#include "crypto/signature.h"
#include "trust/x509.h"

#define TACIT_EXTENSIONS_MAX 32 /* AMD's certificates have 13 */

struct tacit_extension {
	struct tacit_slice oid;
	bool critical;
	struct tacit_slice value; /* content of extnValue */
};

struct tacit_extension_ids {
	size_t count;
	struct tacit_slice seen[TACIT_EXTENSIONS_MAX];
};

/* One Extension of a list. */
void tacit_extension_take(struct tacit_der *list, struct tacit_extension *ret);
/* Remembers the extension; complains of one that was there before. False when the list is bad. */
bool tacit_extension_note(struct tacit_extension_ids *ids, struct tacit_der *list,
			  struct tacit_slice oid);
/* The last arc of an extension under id-ce [RFC 5280 4.2], 0 for others. */
uint8_t tacit_extension_ce(struct tacit_slice oid);

/* A Name, whole; `ret_cn` may be NULL. */
struct tacit_slice tacit_name_take(struct tacit_der *d, struct tacit_slice *ret_cn);
/* Content of CertificateSerialNumber. */
struct tacit_slice tacit_serial_take(struct tacit_der *d);
/* AuthorityKeyIdentifier: the key's id, absent when it has none. */
struct tacit_slice tacit_aki_take(struct tacit_der *d);

/*
 * signatureAlgorithm, which must equal `inner` byte by byte, and signatureValue; complains of
 * algorithms that are not used.
 */
enum tacit_sig_alg tacit_signed_tail(struct tacit_der *d, struct tacit_slice inner,
				     struct tacit_slice *ret_signature);

/* The modulus in an RSAPublicKey of 4096 bits with exponent 65537; absent for any other. */
struct tacit_slice tacit_rsa_modulus(struct tacit_slice key);

#endif
