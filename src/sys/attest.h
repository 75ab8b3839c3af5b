/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_ATTEST_H
#define TACIT_SYS_ATTEST_H

/* The attesters, for themselves and for those who look for one; making evidence is in
 * tacit/attest.h. */

#include "base/error.h"
#include "tacit/attest.h"

/* ---- for the attesters themselves ---------------------------------------------------------- */

struct tacit_attester_ops {
	enum tacit_tee tee;
	enum tacit_status (*attest)(struct tacit_attester *attester,
				    const struct tacit_attest_request *request,
				    struct tacit_mut room, struct tacit_slice *ret,
				    struct tacit_error *err);
	void (*close)(struct tacit_attester *attester);
};

/* First member of every attester. */
struct tacit_attester {
	const struct tacit_attester_ops *ops;
	/* What it did to the machine when it was opened for a server, as a line for its log. */
	char began[192];
	char found[128]; /* by what it was found, where no path says that */
};

/* By what this machine shows that platform, in a few words; never NULL. */
const char *tacit_attester_found(const struct tacit_attester *attester);

/* NULL when there is nothing to say. */
const char *tacit_attester_began(const struct tacit_attester *attester);

TACIT_MUST_CHECK enum tacit_status
tacit_attest_stub_open(const struct tacit_attest_options *options, struct tacit_attester **ret,
		       struct tacit_error *err);

TACIT_MUST_CHECK enum tacit_status
tacit_attest_nitro_open(const struct tacit_attest_options *options, struct tacit_attester **ret,
			struct tacit_error *err);

TACIT_MUST_CHECK enum tacit_status tacit_attest_tdx_open(const struct tacit_attest_options *options,
							 struct tacit_attester **ret,
							 struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status tacit_attest_snp_open(const struct tacit_attest_options *options,
							 struct tacit_attester **ret,
							 struct tacit_error *err);

TACIT_MUST_CHECK enum tacit_status
tacit_attest_azure_snp_open(const struct tacit_attest_options *options, struct tacit_attester **ret,
			    struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status
tacit_attest_azure_tdx_open(const struct tacit_attest_options *options, struct tacit_attester **ret,
			    struct tacit_error *err);

/* The Nitro attester over a module that is open already; it is closed with the attester, or at
 * once. */
struct tacit_nsm;
TACIT_MUST_CHECK enum tacit_status
tacit_attest_nitro_with(struct tacit_nsm *nsm, const struct tacit_attest_options *options,
			struct tacit_attester **ret, struct tacit_error *err);

/* ---- what the machine has ------------------------------------------------------------------ */

/*
 * The first path under `root` ("" for the machine itself) by which the platform shows itself,
 * without the root; NULL when there is none.
 */
const char *tacit_attest_probe(enum tacit_tee tee, const char *root);

/* The i-th path that the probe looks for, or NULL past the end. */
const char *tacit_attest_probe_path(enum tacit_tee tee, size_t i);

/*
 * Whether the machine says that it is Azure's, below `root`. Its word, so that machines with a TPM
 * of their own need not open it.
 */
bool tacit_attest_probe_azure(const char *root);

/* TACIT_UNSUPPORTED with a sentence that says what is missing: here, or in this build. */
enum tacit_status tacit_attest_probe_refuse(enum tacit_tee tee, const char *root,
					    struct tacit_error *err);

#endif
