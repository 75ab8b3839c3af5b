/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_APPRAISE_BUNDLE_H
#define TACIT_APPRAISE_BUNDLE_H

/*
 * A bundle: everything that one verdict depended on, in one file, so that anybody can repeat it
 * in any year [docs/spec/bundle.md]. Deterministic CBOR, one form only.
 *
 * A bundle is a record and proves nothing: whoever made it chose the policy in it. Nor does it
 * grant anything: waivers that are recorded here are for the person who replays to give again.
 */

#include "base/error.h"
#include "base/writer.h"
#include "tacit/collateral.h"
#include "tacit/verify.h"

#define TACIT_BUNDLE_MAX   (72u << 20) /* 64 MiB of collateral, and the rest */
#define TACIT_BUNDLE_ROOTS 64

/* Absent slices have a NULL ptr. Zero-initialise. */
struct tacit_bundle {
	struct tacit_slice evidence; /* as received, with whatever it was wrapped in */
	int64_t now;                 /* the time that it was judged as of */
	struct tacit_slice policy;   /* its text */
	bool pins;                   /* the policy was made of pins on the command line */
	bool any_age;
	enum tacit_tee platform;     /* the one that was asked for; NONE when none was */
	struct tacit_expect expect;
	bool insecure_no_policy, insecure_allow_debug, insecure_accept_stub;
	size_t root_count;           /* of insecure test roots, DER */
	const struct tacit_slice *roots;
	size_t collateral_count;
	const struct tacit_slice *collateral;
};

/* Whether it begins as a bundle of any version does. */
bool tacit_bundle_looks(struct tacit_slice in);

/* Writes it; a writer without room tells in `at` how much it takes. */
void tacit_bundle_encode(const struct tacit_bundle *bundle, struct writer *w);

/*
 * Points into `in`; lists live in the arena. Errors: TACIT_FORMAT for anything that the encoder
 * would not have written, TACIT_LIMIT, TACIT_UNSUPPORTED for another version.
 */
TACIT_MUST_CHECK enum tacit_status tacit_bundle_parse(struct tacit_slice in,
						      struct tacit_arena *arena,
						      struct tacit_bundle *ret,
						      struct tacit_error *err);

#endif
