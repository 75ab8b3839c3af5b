/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_DCAP_H
#define TACIT_DCAP_H

/*
 * What Intel's attestation of SGX and TDX has in common: the platform that a PCK certificate
 * names, and the state of its trusted computing base under Intel's collateral.
 *
 * Not said here: who runs the machine. PPID and platform instance are what an allow-list of
 * machines would hold.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tacit/bytes.h"

TACIT_BEGIN

/* SGX type of a PCK certificate [PCK-CERT 1.2.840.113741.1.13.1.5]. */
enum tacit_dcap_sgx_type {
	TACIT_SGX_STANDARD,
	TACIT_SGX_SCALABLE,
	TACIT_SGX_SCALABLE_INTEGRITY,
};

/* The platform, as its PCK certificate says [PCK-CERT 1.2.840.113741.1.13.1]. */
struct tacit_dcap_pck {
	struct tacit_slice serial; /* of the certificate */
	struct tacit_slice ppid;   /* 16 bytes */
	struct tacit_slice cpusvn; /* 16 bytes */
	uint8_t components[16];    /* SVN of each SGX component */
	uint16_t pcesvn;
	struct tacit_slice pceid; /* 2 bytes */
	struct tacit_slice fmspc; /* 6 bytes */
	enum tacit_dcap_sgx_type sgx_type;
	bool platform_ca;               /* the members below are there */
	struct tacit_slice instance_id; /* PIID, 16 bytes */
	bool dynamic_platform, cached_keys, smt_enabled;
};

/* One component that is behind the newest level: what the evidence has, and what it needs. */
struct tacit_dcap_gap {
	const char *part;     /* "sgx", "pce", "tdx", "module" or "qe" */
	unsigned index;       /* of the component within "sgx" and "tdx", else 0 */
	const char *category; /* Intel's words ("BIOS"); NULL where it says none */
	uint32_t have, need;
};

/* What the collateral says about the platform. Texts are Intel's ("UpToDate"). */
struct tacit_dcap_tcb {
	bool judged;        /* false: no collateral; everything else is then empty */
	const char *status; /* converged over platform, module, QE and relaunch */
	const char *platform_status;
	const char *qe_status;
	const char *module_status; /* NULL for SGX and where no module level applies */
	size_t advisory_count;
	const char *const *advisory_ids;
	int64_t tcb_date;           /* the earliest of the matched levels */
	uint32_t evaluation_number; /* the lower of TCB info and QE identity */
	/* Of all collateral used, its signers and lists: */
	int64_t valid_from, valid_until;      /* the time in which all of it is good */
	int64_t earliest_issue, latest_issue; /* issue dates */
	struct tacit_slice root_crl_number, pck_crl_number;
	size_t gap_count; /* against the newest level; 0 when that is the level matched */
	const struct tacit_dcap_gap *gaps;
};

/* What a quote says beside its body: how it was made, on what, and what vouches for it. */
struct tacit_dcap_claims {
	uint16_t quote_version;       /* 3, 4 or 5 */
	struct tacit_slice user_data; /* 20 bytes of the header; platform id of the QE */
	size_t trailing;              /* bytes behind the quote: unsigned, not looked at */
	bool test_root;               /* not Intel's root, but one of the caller's */
	/* The quoting enclave's report. Nobody vouches for its identity without collateral. */
	struct tacit_slice qe_mrenclave, qe_mrsigner; /* 32 bytes each */
	uint16_t qe_prod_id, qe_svn;
	struct tacit_dcap_pck pck;
	int64_t pck_valid_from, pck_valid_until; /* of the PCK certificate and its CAs */
	struct tacit_dcap_tcb tcb;
};

TACIT_END

#endif
