/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_ATTEST_H
#define TACIT_ATTEST_H

/*
 * Making evidence: the TEE of the machine behind one interface. In its own library,
 * libtacit-attest, because it talks to the machine and libtacit does not.
 *
 *     struct tacit_attester *attester;
 *     tacit_attester_open(TACIT_TEE_NONE, &options, &attester, &err);
 *     tacit_attester_attest(attester, &request, room, &evidence, &err);
 *     tacit_attester_close(attester);
 *
 * TACIT_TEE_NONE means "auto": the TEE that this machine has. It never falls back to the stub,
 * which has to be asked for by name and proves nothing. Attesting may happen on several threads
 * at once. Hardware takes its time: a Nitro document about 90 ms, and one at a time.
 *
 * Opening a Nitro enclave's module feeds the kernel's random source from it.
 *
 * Not checked here: whether the evidence is any good. That is for whoever sees it, with
 * tacit_verify(); a machine cannot vouch for itself.
 */
#include "tacit/bytes.h"
#include "tacit/evidence.h"
#include "tacit/status.h"

TACIT_BEGIN

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
	/*
	 * Azure alone: the virtual TPM, as a device's path or "unix:PATH", and the address of the
	 * instance's metadata service. NULL: /dev/tpmrm0 and http://169.254.169.254.
	 */
	const char *tpm, *imds;
};

/*
 * What one piece of evidence is to carry; absent slices are left out. Nitro and the stub carry
 * user data, nonce and public key as they are. TDX and SNP carry 64 bytes: the report data, or
 * without those the hash of the user data, which must then be a binding (tacit/binding.h). Azure's
 * quote of its TPM carries the hash of such a binding, or without one the nonce, up to 50 bytes;
 * report data become the user data of the paravisor's report there, which takes seconds.
 */
struct tacit_attest_request {
	struct tacit_slice binding;     /* the user data, up to 1,024 bytes */
	struct tacit_slice nonce;       /* the verifier's, up to 64 bytes */
	struct tacit_slice report_data; /* 64 bytes, where the platform carries no more than that */
	struct tacit_slice public_key;  /* up to 1,024 bytes, for key release */
};

#define TACIT_ATTEST_ROOM 32768 /* enough for any evidence */

/*
 * Errors: TACIT_UNSUPPORTED, naming what this machine or this build lacks; TACIT_DENIED;
 * TACIT_IO; TACIT_NOMEM. Owns: close with tacit_attester_close.
 */
TACIT_API TACIT_MUST_CHECK enum tacit_status
tacit_attester_open(enum tacit_tee tee, const struct tacit_attest_options *options,
		    struct tacit_attester **ret, struct tacit_error *err);

/* Which platform it speaks for. */
TACIT_API enum tacit_tee tacit_attester_tee(const struct tacit_attester *attester);

/*
 * Makes one piece of evidence in `room`. Errors: TACIT_FORMAT, TACIT_LIMIT, TACIT_IO;
 * TACIT_PEER when the host gives none, or gives it over something else; TACIT_UNSUPPORTED for
 * what this TEE has no place for.
 */
TACIT_API TACIT_MUST_CHECK enum tacit_status
tacit_attester_attest(struct tacit_attester *attester, const struct tacit_attest_request *request,
		      struct tacit_mut room, struct tacit_slice *ret, struct tacit_error *err);

/* NULL is fine. */
TACIT_API void tacit_attester_close(struct tacit_attester *attester);

TACIT_END

#endif
