/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_JUDGE_H
#define TACIT_CMD_JUDGE_H

/*
 * The options by which every verb that judges evidence is told what to accept: a policy file, or
 * explicit pins, or --insecure-no-policy; and the other --insecure flags. One place, so that
 * verify, receipt verify, infer and connect cannot differ.
 */

#include "cli.h"
#include "tacit/verify.h"

struct cli_judge {
	const char *policy;
	struct cli_hex pcr0, pcr1, pcr2, pcr8, mrtd, measurement;
	bool insecure_no_policy, insecure_allow_debug, insecure_accept_stub;
};

/* Rows for an option table whose struct has a `struct cli_judge judge`. */
#define CLI_JUDGE_OPTIONS(type)                                                                    \
	CLI_OPT(type, judge.policy, "--policy", 0, CLI_TEXT, "FILE", "what to accept (JSON)"),     \
	CLI_OPT_RANGE(type, judge.pcr0, "--pcr0", CLI_HEX, "HEX",                                  \
		      "pin PCR0 (Nitro) instead of a policy", 48, 48),                             \
	CLI_OPT_RANGE(type, judge.pcr1, "--pcr1", CLI_HEX, "HEX", "pin PCR1", 48, 48),             \
	CLI_OPT_RANGE(type, judge.pcr2, "--pcr2", CLI_HEX, "HEX", "pin PCR2", 48, 48),             \
	CLI_OPT_RANGE(type, judge.pcr8, "--pcr8", CLI_HEX, "HEX", "pin PCR8", 48, 48),             \
	CLI_OPT_RANGE(type, judge.mrtd, "--mrtd", CLI_HEX, "HEX", "pin MRTD (TDX)", 48, 48),       \
	CLI_OPT_RANGE(type, judge.measurement, "--measurement", CLI_HEX, "HEX",                    \
		      "pin the launch digest (SNP)", 48, 48),                                      \
	CLI_OPT(type, judge.insecure_no_policy, "--insecure-no-policy", 0, CLI_FLAG, NULL,         \
		"judge only that it is genuine and current"),                                      \
	CLI_OPT(type, judge.insecure_allow_debug, "--insecure-allow-debug", 0, CLI_FLAG, NULL,     \
		"accept debug TEEs, which keep no secret"),                                        \
	CLI_OPT(type, judge.insecure_accept_stub, "--insecure-accept-stub", 0, CLI_FLAG, NULL,     \
		"accept the software stand-in, which is NOT a TEE")

/*
 * Fills the policy and the insecure flags of `cx`; the policy lives in `arena`. Warns about every
 * insecure flag. Without any of them the policy stays NULL, which tacit_verify() refuses, and a
 * hint is given. Returns 0, or an exit code after saying why.
 */
int cli_judge_load(const struct cli_common *common, const struct cli_judge *judge,
		   struct tacit_arena *arena, struct tacit_context *cx);

/* Whether any of the options was given. */
bool cli_judge_given(const struct cli_judge *judge);

#endif
