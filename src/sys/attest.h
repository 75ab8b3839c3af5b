/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_SYS_ATTEST_H
#define TACIT_SYS_ATTEST_H

/*
 * Making evidence: the machine's attesters behind one interface.
 *
 *     struct tacit_attester *attester;
 *     tacit_attester_open(TACIT_TEE_STUB, &options, &attester, &err);
 *     tacit_attester_attest(attester, &request, room, &evidence, &err);
 *     tacit_attester_close(attester);
 *
 * TACIT_TEE_NONE means "auto": the TEE that this machine has. It never falls back to the stub,
 * which has to be asked for by name. Attesting may happen on several threads at once.
 */

#include "base/error.h"
#include "tacit/evidence.h"

struct tacit_attester;

/* What a software attester measures, and what a server adds elsewhere. Not kept after open. */
struct tacit_attest_options {
	struct tacit_slice config; /* the effective configuration, every byte of it */
	struct tacit_slice model; /* the model's identity: its SHA-256, or absent without a model */
	/*
	 * A server starts: put both into a register of the hardware, where it has one (Nitro's
	 * PCR16), for good. Fails with TACIT_BINDING when that holds something else already.
	 */
	bool serving;
};

/* What one piece of evidence is to carry; absent slices are left out. */
struct tacit_attest_request {
	struct tacit_slice binding;     /* encoded (tacit/binding.h) */
	struct tacit_slice nonce;       /* the client's */
	struct tacit_slice report_data; /* 64 bytes, where the platform carries no more than that */
	struct tacit_slice public_key;  /* for key release */
};

#define TACIT_ATTEST_ROOM 32768 /* enough for any evidence */

/*
 * Errors: TACIT_UNSUPPORTED, naming what this machine or this build lacks; TACIT_IO; TACIT_NOMEM.
 * Owns: close with tacit_attester_close.
 */
TACIT_MUST_CHECK enum tacit_status tacit_attester_open(enum tacit_tee tee,
						       const struct tacit_attest_options *options,
						       struct tacit_attester **ret,
						       struct tacit_error *err);

/* Which platform it speaks for. */
enum tacit_tee tacit_attester_tee(const struct tacit_attester *attester);

/*
 * Makes one piece of evidence in `room`. Errors: TACIT_FORMAT, TACIT_LIMIT, TACIT_IO;
 * TACIT_UNSUPPORTED for what this TEE has no place for.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_attester_attest(struct tacit_attester *attester, const struct tacit_attest_request *request,
		      struct tacit_mut room, struct tacit_slice *ret, struct tacit_error *err);

/* NULL is fine. */
void tacit_attester_close(struct tacit_attester *attester);

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
};

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

/* TACIT_UNSUPPORTED with a sentence that says what is missing: here, or in this build. */
enum tacit_status tacit_attest_probe_refuse(enum tacit_tee tee, const char *root,
					    struct tacit_error *err);

#endif
