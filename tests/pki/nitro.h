/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PKI_NITRO_H
#define TESTS_PKI_NITRO_H

/*
 * Attestation documents of Nitro under a root of our own, with the five certificates, names,
 * serial numbers and registers that AWS's have, and every part of them free to be wrong. What
 * comes back lives until pki_done().
 */

#include "tests/pki/pki.h"

#define NITRO_NOW 1795248000 /* 2026-11-21T08:00:00Z */

enum nitro_level {
	NITRO_ROOT,
	NITRO_REGIONAL,
	NITRO_ZONAL,
	NITRO_INSTANCE,
	NITRO_LEAF,
	NITRO_LEVELS,
};

/* Made once for many documents: keys, and the root that they stand under. */
struct nitro_pki {
	EVP_PKEY *keys[NITRO_LEVELS];
	struct pki_cert *anchor;
	struct tacit_slice root; /* its DER: the test root to give to a verifier */
};

/* The payload as members in order, each value encoded already. */
struct nitro_payload {
	bool definite;
	size_t count;
	struct nitro_member {
		const char *key;
		struct tacit_slice value;
	} members[16];
};

/* The COSE_Sign1 around it; absent slices are made as usual. */
struct nitro_envelope {
	bool tagged;
	struct tacit_slice protected_bytes; /* content of the string */
	struct tacit_slice unprotected;     /* encoded map */
	struct tacit_slice payload;
	struct tacit_slice signature;
	EVP_PKEY *key;
};

/* Zeros are a usual document of an enclave in production, signed at NITRO_NOW. */
struct nitro_spec {
	int64_t now;
	const char *instance; /* "i-..." */
	const char *region;
	const char *module_id; /* instead of the one that follows from the rest */
	uint64_t launched_ms;  /* 0: an hour before */
	int64_t issued;        /* of the leaf; 0: a minute before */
	bool tpm, definite, tagged;
	bool debug;                                      /* PCR0, 1 and 2 zero */
	struct tacit_slice public_key, user_data, nonce; /* absent: null */
	struct tacit_slice pcr[32];                      /* absent: the usual one, or none */
	uint32_t without;                                /* registers left out, by bit */

	/* Departures: each is called with what was going to be made, and `user`. */
	void (*cert)(enum nitro_level level, struct pki_spec *spec, void *user);
	void (*bundle)(struct tacit_slice *certs, size_t *count, void *user); /* leaf last */
	void (*payload)(struct nitro_payload *payload, void *user);
	void (*envelope)(struct nitro_envelope *envelope, void *user);
	void *user;
};

void nitro_pki_init(struct nitro_pki *pki);
/* The same with a P-384 key for the root, which stays the caller's; NULL makes one. */
void nitro_pki_init_root(struct nitro_pki *pki, EVP_PKEY *root);

/* A whole document. */
struct tacit_slice nitro_document(const struct nitro_pki *pki, const struct nitro_spec *spec);

/* The five certificates of a document made like that, root first. */
void nitro_certs(const struct nitro_pki *pki, const struct nitro_spec *spec,
		 struct tacit_slice ret[NITRO_LEVELS]);

/* The module id of such documents. */
const char *nitro_module_id(const struct nitro_spec *spec);

/* The member of that name, or NULL. */
struct nitro_member *nitro_member(struct nitro_payload *payload, const char *key);
/* Encoded values. */
struct tacit_slice nitro_bytes(struct tacit_slice content);
struct tacit_slice nitro_text(const char *content);

/* mkevidence nitro DIR [OPTION VALUE]...: files for tests of the program; see nitro.c. */
int mkevidence_nitro(int argc, char **argv);

#endif
