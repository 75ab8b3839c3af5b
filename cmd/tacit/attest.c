/* SPDX-License-Identifier: Apache-2.0 */

/* tacit attest: evidence from this machine's TEE, for trying and for other programs. */

#include <string.h>

#include "base/base64.h"
#include "base/hex.h"
#include "crypto/hash.h"
#include "sys/attest.h"
#include "tee_option.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	const char *tee;
	const char *output;
	struct cli_hex nonce, user_data, public_key, report_data;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, tee, "--tee", 0, CLI_TEXT, "NAME",
		"auto, stub, nitro, tdx or snp (auto never means stub)"),
	CLI_OPT_RANGE(struct options, nonce, "--nonce", CLI_HEX, "HEX",
		      "the nonce to carry, of whoever will judge it", 1, 64),
	CLI_OPT_RANGE(struct options, user_data, "--user-data", CLI_HEX, "HEX",
		      "user data to carry", 1, 1024),
	CLI_OPT_RANGE(struct options, public_key, "--public-key", CLI_HEX, "HEX",
		      "a public key to carry", 1, 1024),
	CLI_OPT_RANGE(struct options, report_data, "--report-data", CLI_HEX, "HEX",
		      "report data to carry (TDX, SNP)", 64, 64),
	CLI_OPT(struct options, output, "--output", 'o', CLI_TEXT, "FILE",
		"where the evidence goes (default: standard output)"),
};

static struct tacit_slice view(const struct cli_hex *hex)
{
	return hex->given ? tacit_slice_of(hex->bytes, hex->len) : tacit_slice_of(NULL, 0);
}

static int print_json(enum tacit_tee tee, struct tacit_slice evidence)
{
	static char text[4 * TACIT_ATTEST_ROOM / 3 + 8];
	uint8_t digest[TACIT_SHA256_LEN];
	char hex[2 * TACIT_SHA256_LEN + 1];
	struct tacit_error err = { 0 };

	if (tacit_hash(TACIT_SHA256, evidence, digest, &err) != TACIT_OK)
		return tacit_status_exit(err.status);
	tacit_base64_encode(TACIT_BASE64, evidence, text);
	tacit_hex_encode(TACIT_SLICE_ARRAY(digest), hex);
	printf("{\"schema\":\"tacit.attest/1\",\"platform\":\"%s\",%s\"sha256\":\"%s\","
	       "\"evidence\":\"%s\"}\n",
	       tacit_tee_name(tee),
	       tacit_tee_is_real(tee) ? "" : "\"notice\":\"stub (NOT a TEE)\",", hex, text);
	return 0;
}

static int deliver(const struct options *o, enum tacit_tee tee, struct tacit_slice evidence)
{
	const char *path = o->output ? o->output : "-";
	struct tacit_error err = { 0 };

	cli_say(&o->common, "evidence of %s, %zu bytes", tacit_tee_label(tee), evidence.len);
	if (o->common.json && !o->output)
		return print_json(tee, evidence);
	if (cli_write_file(path, evidence, 0644, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot write '%s'", path);
	return o->common.json ? print_json(tee, evidence) : 0;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	const struct tacit_attest_options setup = { .config = tacit_slice_str("tacit attest") };
	const struct tacit_attest_request request = { .binding = view(&o->user_data),
						      .nonce = view(&o->nonce),
						      .report_data = view(&o->report_data),
						      .public_key = view(&o->public_key) };
	static uint8_t room[TACIT_ATTEST_ROOM];
	struct tacit_error err = { 0 };
	struct tacit_attester *attester;
	struct tacit_slice evidence;
	enum tacit_tee tee;

	(void)argc;
	(void)argv;
	int code = cli_tee_option(o->tee, &tee);
	if (code)
		return code;
	if (tacit_attester_open(tee, &setup, &attester, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot attest");
	if (tacit_attester_attest(attester, &request, tacit_mut_of(room, sizeof(room)), &evidence,
				  &err) != TACIT_OK)
		code = cli_fail(&o->common, &err, "cannot attest");
	else
		code = deliver(o, tacit_attester_tee(attester), evidence);
	tacit_attester_close(attester);
	return code;
}

const struct cli_verb cmd_attest = {
	.name = "attest",
	.args = "",
	.summary = "get evidence from this machine's TEE",
	.group = "serve",
	.example = "tacit attest --tee stub --nonce 00112233 -o evidence.bin",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.struct_size = sizeof(struct options),
	.run = run,
};
