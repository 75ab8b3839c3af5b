/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_NET_FETCH_PLAN_H
#define TACIT_NET_FETCH_PLAN_H

/*
 * What evidence needs beside itself to be judged, and where its maker publishes that. A pure
 * function: nothing is asked for, and nothing in the evidence is verified.
 */

#include "base/error.h"
#include "tacit/arena.h"
#include "tacit/evidence.h"
#include "trust/roots.h"

#define TACIT_FETCH_PIECES       4
#define TACIT_FETCH_URL          512
#define TACIT_FETCH_FILE         224

#define TACIT_FETCH_URL_PCS      "https://api.trustedservices.intel.com"
#define TACIT_FETCH_URL_ROOT_CRL "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"
#define TACIT_FETCH_URL_KDS      "https://kdsintf.amd.com"

/* X(name, text, bytes at most): text is for people and JSON. */
#define TACIT_FETCH_KIND_MAP(X)                                      \
	X(TCB_INFO, "tcb-info", 1048576)                             \
	X(QE_IDENTITY, "qe-identity", 262144)                        \
	X(PCK_CRL, "pck-crl", 2097152)                               \
	X(ROOT_CRL, "root-crl", 262144)                              \
	X(AMD_CHAIN, "amd-chain", 65536) /* ASK or ASVK, then ARK */ \
	X(VCEK, "vcek", 16384)                                       \
	X(AMD_CRL, "amd-crl", 2097152)

enum tacit_fetch_kind {
#define TACIT_FETCH_KIND_ENUM(name, text, max) TACIT_FETCH_##name,
	TACIT_FETCH_KIND_MAP(TACIT_FETCH_KIND_ENUM)
#undef TACIT_FETCH_KIND_ENUM
		TACIT_FETCH_KINDS
};

struct tacit_fetch_piece {
	enum tacit_fetch_kind kind;
	char url[TACIT_FETCH_URL];
	char file[TACIT_FETCH_FILE];  /* its name in a folder of collateral */
	char cache[TACIT_FETCH_FILE]; /* its name in the cache; "" when it is not kept there */
};

struct tacit_fetch_plan {
	/* The hardware's own document, without what a paravisor put around it. */
	struct tacit_evidence document;
	size_t count;
	struct tacit_fetch_piece pieces[TACIT_FETCH_PIECES];
	enum tacit_root root;                 /* of an SNP report's product */
	enum tacit_intermediate intermediate; /* that its kind of key hangs under */
	const char *nothing; /* why there is nothing to fetch; NULL when there is */
};

/* Zero values: the makers' own services, and what they call current. URLs have no slash behind. */
struct tacit_fetch_places {
	const char *pcs;            /* in the place of Intel's; not with pccs */
	const char *pccs;           /* a cache of it in one's own data centre */
	const char *root_crl;       /* whole URL; not with pccs, which has its own */
	const char *kds;            /* in the place of AMD's */
	const char *update;         /* "standard" or "early" */
	uint64_t evaluation_number; /* of TCB info and QE identity; not with update */
	const char *product;        /* AMD's, for reports that do not name theirs (version 2) */
};

/* "tcb-info" and so on, and how long one may be. */
const char *tacit_fetch_kind_name(enum tacit_fetch_kind kind);
size_t tacit_fetch_kind_max(enum tacit_fetch_kind kind);

/*
 * Errors: TACIT_FORMAT; TACIT_USAGE for places that cannot be; TACIT_UNSUPPORTED for quotes
 * without a certificate and for products that AMD's service does not have; TACIT_UNDECIDED where
 * what is missing cannot be had from anyone but the host.
 */
TACIT_MUST_CHECK enum tacit_status tacit_fetch_plan_make(const struct tacit_evidence *ev,
							 const struct tacit_fetch_places *places,
							 struct tacit_arena *arena,
							 struct tacit_fetch_plan *ret,
							 struct tacit_error *err);

/*
 * `document` and, for platforms that need no collateral, `nothing`: what a plan starts with.
 * Errors: as above, for evidence without such a document and platforms without collateral.
 */
TACIT_MUST_CHECK enum tacit_status tacit_fetch_plan_start(const struct tacit_evidence *ev,
							  struct tacit_fetch_plan *ret,
							  struct tacit_error *err);

#endif
