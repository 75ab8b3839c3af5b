/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TRUST_TCB_LEVEL_H
#define TACIT_TRUST_TCB_LEVEL_H

/* What Intel's TCB info and QE identity have in common: a signed document with levels. */

#include "codec/json_read.h"
#include "crypto/hash.h"
#include "trust/x509.h"

#define TACIT_TCB_LEVELS_MAX     256
#define TACIT_TCB_ADVISORIES_MAX 128
#define TACIT_TCB_SIGNATURE      64

/* X(name, text): as Intel spells them; the last three come of what is found, not of documents. */
#define TACIT_TCB_STATUS_MAP(X)                                                \
	X(UP_TO_DATE, "UpToDate")                                              \
	X(SW_HARDENING, "SWHardeningNeeded")                                   \
	X(CONFIGURATION, "ConfigurationNeeded")                                \
	X(CONFIGURATION_AND_SW_HARDENING, "ConfigurationAndSWHardeningNeeded") \
	X(OUT_OF_DATE, "OutOfDate")                                            \
	X(OUT_OF_DATE_CONFIGURATION, "OutOfDateConfigurationNeeded")           \
	X(REVOKED, "Revoked")                                                  \
	X(RELAUNCH, "TDRelaunchAdvised")                                       \
	X(RELAUNCH_CONFIGURATION, "TDRelaunchAdvisedConfigurationNeeded")      \
	X(NOT_SUPPORTED, "TCBNotSupported")

enum tacit_tcb_status {
#define TACIT_TCB_STATUS_ENUM(name, text) TACIT_TCB_##name,
	TACIT_TCB_STATUS_MAP(TACIT_TCB_STATUS_ENUM)
#undef TACIT_TCB_STATUS_ENUM
		TACIT_TCB_STATUSES
};

const char *tacit_tcb_status_text(enum tacit_tcb_status status);

/* What every level says beside the SVNs it needs. */
struct tacit_tcb_verdict {
	enum tacit_tcb_status status;
	int64_t date;
	size_t advisory_count;
	const char *const *advisories;
};

/* A level of a TDX module or a quoting enclave. */
struct tacit_svn_level {
	uint16_t isvsvn;
	struct tacit_tcb_verdict verdict;
};

struct tacit_svn_levels {
	size_t count;
	const struct tacit_svn_level *items; /* falling, no SVN twice */
};

/* A document {"<name>":{..},"signature":".."} as Intel's PCS gives it, or its two parts. */
struct tacit_intel_signed {
	struct tacit_slice body;          /* the inner object, as received: what is signed */
	uint8_t digest[TACIT_SHA256_LEN]; /* of body */
	uint8_t signature[TACIT_TCB_SIGNATURE];
	int64_t issue_date, next_update;
	uint32_t evaluation_number;
};

/*
 * Finds body and signature in `text`, whose one other member must be `name`; further members are
 * refused, since nothing signs them. Hashes the body. Errors: TACIT_FORMAT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_intel_open(struct tacit_slice text, const char *name,
						    struct tacit_intel_signed *ret,
						    struct tacit_error *err);

/*
 * Whether `key`, a point of P-256, signed the document. With a cache a document seen before costs
 * no hash of its text either. Errors: TACIT_SIGNATURE.
 */
TACIT_MUST_CHECK enum tacit_status tacit_intel_check(const struct tacit_intel_signed *doc,
						     struct tacit_slice key,
						     struct tacit_cache *cache,
						     struct tacit_error *err);

/* The members that both documents have; false when `name` is none of them. */
bool tacit_intel_member(struct tacit_json_read *j, struct tacit_slice name,
			struct tacit_intel_signed *doc);

/* "2026-01-27T09:01:45Z", and no other form. */
int64_t tacit_intel_time(struct tacit_json_read *j);

/*
 * The members of a level beside "tcb"; false when `name` is none of them. `seen` gathers which
 * were there, for tacit_tcb_complete().
 */
bool tacit_tcb_member(struct tacit_json_read *j, struct tacit_slice name, struct tacit_arena *arena,
		      struct tacit_tcb_verdict *ret, unsigned *seen);
/* Complains unless date and status were there. */
void tacit_tcb_complete(struct tacit_json_read *j, unsigned seen);

/*
 * The levels of a module or an enclave, sorted. Refused: none at all, one SVN twice, a status
 * that is not UpToDate, OutOfDate or Revoked.
 */
struct tacit_svn_levels tacit_svn_levels_read(struct tacit_json_read *j, struct tacit_arena *arena);

/* The first level that `svn` reaches, or NULL. */
const struct tacit_svn_level *tacit_svn_level_find(const struct tacit_svn_levels *levels,
						   uint16_t svn);

#endif
