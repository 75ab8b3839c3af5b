/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_JUDGE_H
#define TACIT_CMD_JUDGE_H

/*
 * The options by which every verb that judges evidence is told what to accept and with which
 * collateral: a policy file, or explicit pins, or --insecure-no-policy; and the other --insecure
 * options. One place, so that verify, explain, receipt verify, infer and connect cannot differ.
 *
 * What the options name is read first and parsed afterwards, so that the verbs that can do so
 * parse it inside the sandbox: collateral may come from anyone.
 */

#include "cli.h"
#include "pieces.h"
#include "tacit/verify.h"

struct cli_judge {
	const char *policy;
	struct cli_hex pcr0, pcr1, pcr2, pcr8, mrtd, measurement, mrenclave, mrsigner;
	struct cli_list policy_keys, collateral, insecure_test_roots;
	const char *policy_signature;
	bool insecure_no_policy, insecure_allow_debug, insecure_accept_stub;
};

/* Rows for an option table whose struct has a `struct cli_judge judge`. */
#define CLI_JUDGE_OPTIONS(type)                                                                    \
	CLI_OPT(type, judge.policy, "--policy", 0, CLI_TEXT, "FILE", "what to accept (JSON)"),     \
		CLI_OPT(type, judge.policy_keys, "--policy-key", 0, CLI_LIST, "HEX",               \
			"the policy must be signed by this key; may be repeated"),                 \
		CLI_OPT(type, judge.policy_signature, "--policy-signature", 0, CLI_TEXT, "FILE",   \
			"its signatures (the policy's name with .sig)"),                           \
		CLI_OPT_RANGE(type, judge.pcr0, "--pcr0", CLI_HEX, "HEX",                          \
			      "pin PCR0 (Nitro) instead of a policy", 48, 48),                     \
		CLI_OPT_RANGE(type, judge.pcr1, "--pcr1", CLI_HEX, "HEX", "pin PCR1", 48, 48),     \
		CLI_OPT_RANGE(type, judge.pcr2, "--pcr2", CLI_HEX, "HEX", "pin PCR2", 48, 48),     \
		CLI_OPT_RANGE(type, judge.pcr8, "--pcr8", CLI_HEX, "HEX", "pin PCR8", 48, 48),     \
		CLI_OPT_RANGE(type, judge.mrtd, "--mrtd", CLI_HEX, "HEX", "pin MRTD (TDX)", 48,    \
			      48),                                                                 \
		CLI_OPT_RANGE(type, judge.measurement, "--measurement", CLI_HEX, "HEX",            \
			      "pin the launch digest (SNP)", 48, 48),                              \
		CLI_OPT_RANGE(type, judge.mrenclave, "--mrenclave", CLI_HEX, "HEX",                \
			      "pin MRENCLAVE (SGX)", 32, 32),                                      \
		CLI_OPT_RANGE(type, judge.mrsigner, "--mrsigner", CLI_HEX, "HEX",                  \
			      "pin MRSIGNER beside it", 32, 32),                                   \
		CLI_OPT(type, judge.collateral, "--collateral", 0, CLI_LIST, "PATH",               \
			"certificates, CRLs, TCB info: a file or folder; may be repeated"),        \
		CLI_OPT(type, judge.insecure_no_policy, "--insecure-no-policy", 0, CLI_FLAG, NULL, \
			"judge only that it is genuine and current"),                              \
		CLI_OPT(type, judge.insecure_allow_debug, "--insecure-allow-debug", 0, CLI_FLAG,   \
			NULL, "accept debug TEEs, which keep no secret"),                          \
		CLI_OPT(type, judge.insecure_accept_stub, "--insecure-accept-stub", 0, CLI_FLAG,   \
			NULL, "accept the software stand-in, which is NOT a TEE"),                 \
		CLI_OPT(type, judge.insecure_test_roots, "--insecure-test-root", 0, CLI_LIST,      \
			"FILE", "trust this root too, whose key anyone may have; may be repeated")

/* What the options gave. Zero-initialise; it lives until the verdict has been shown. */
struct cli_judged {
	struct tacit_slice policy;     /* the text; absent without one */
	struct tacit_slice signatures; /* of it; absent when none are asked for */
	bool pins;                     /* which the text was made of */
	struct cli_pieces collateral, roots;
	void *room;
	struct tacit_arena arena;
};

/*
 * Warns about every insecure option and reads the files. Returns 0, or an exit code after saying
 * why.
 */
int cli_judge_read(const struct cli_common *common, const struct cli_judge *judge,
		   struct cli_judged *in);

/*
 * Parses them, and fills policy, collateral, test roots and the insecure flags of `cx`. Without a
 * policy it stays NULL, which tacit_verify() refuses, and a hint is given. Returns 0, or an exit
 * code after saying why.
 */
int cli_judge_parse(const struct cli_common *common, const struct cli_judge *judge,
		    struct cli_judged *in, struct tacit_context *cx);

/* Both at once, for verbs without a sandbox. */
int cli_judge_load(const struct cli_common *common, const struct cli_judge *judge,
		   struct cli_judged *in, struct tacit_context *cx);

void cli_judge_free(struct cli_judged *in);

/*
 * Warns of each alternative that says nothing of the guest: Azure's hardware measures its paravisor
 * alone, and the guest is in the PCRs.
 */
void cli_judge_warn_guest(const struct tacit_policy *policy);

/*
 * Whether evidence of this platform may have any age: pins say what runs and not when. The stub
 * has no certificates that could expire, so its age always counts.
 */
bool cli_judge_any_age(bool pins, enum tacit_tee tee);

/*
 * Whether one of --policy-key signed the policy, or none was given; part of cli_judge_parse.
 * Returns 0, or an exit code after saying why.
 */
int cli_judge_signed(const struct cli_common *common, const struct cli_judge *judge,
		     const struct cli_judged *in);

/* The name of the signatures beside a policy; false when there is none. */
bool cli_policy_signature_path(const char *policy, char *ret, size_t size);

/* Whether any of the options was given. */
bool cli_judge_given(const struct cli_judge *judge);

#endif
