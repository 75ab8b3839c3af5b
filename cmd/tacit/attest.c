/* SPDX-License-Identifier: Apache-2.0 */

/* tacit attest: evidence from this machine's TEE, for trying and for other programs. */

#include <stdlib.h>
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
	const char *tpm, *imds;
	const char *output;
	const char *user_data, *public_key;
	struct cli_hex nonce, report_data;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, tee, "--tee", 0, CLI_TEXT, "NAME",
		CLI_TEES " (auto never means stub)"),
	CLI_OPT_RANGE(struct options, nonce, "--nonce", CLI_HEX, "HEX",
		      "the nonce to carry, of whoever will judge it", 1, 64),
	CLI_OPT(struct options, user_data, "--user-data", 0, CLI_TEXT, "HEX|FILE",
		"user data to carry"),
	CLI_OPT(struct options, public_key, "--public-key", 0, CLI_TEXT, "HEX|FILE",
		"a public key to carry"),
	CLI_OPT_RANGE(struct options, report_data, "--report-data", CLI_HEX, "HEX",
		      "report data to carry, and nothing else (TDX, SNP, Azure)", 64, 64),
	CLI_OPT(struct options, tpm, "--tpm", 0, CLI_TEXT, "PATH|unix:PATH",
		"Azure's virtual TPM (default: /dev/tpmrm0)"),
	CLI_OPT(struct options, imds, "--azure-imds", 0, CLI_TEXT, "URL",
		"Azure's metadata service (default: http://169.254.169.254)"),
	CLI_OPT(struct options, output, "--output", 'o', CLI_TEXT, "FILE",
		"where the evidence goes (default: standard output)"),
};

#define DATA_MAX 1024 /* the longest that a document carries of each [NITRO-DOC] */

/* What goes into the evidence. */
struct carried {
	struct tacit_slice user_data, public_key;
	uint8_t room[2][DATA_MAX];
};

static struct tacit_slice view(const struct cli_hex *hex)
{
	return hex->given ? tacit_slice_of(hex->bytes, hex->len) : tacit_slice_of(NULL, 0);
}

/* Hex where it is hex, else the content of a file: "./abcd" is always a file. */
static int read_data(const struct cli_common *common, const char *name, const char *text,
		     uint8_t *room, struct tacit_slice *ret)
{
	struct tacit_error err = { 0 };
	struct tacit_slice file;
	size_t len = 0;

	if (!text)
		return 0;
	if (tacit_hex_decode(tacit_slice_str(text), tacit_mut_of(room, DATA_MAX), &len)) {
		*ret = tacit_slice_of(room, len);
	} else if (strlen(text) > DATA_MAX && text[strspn(text, "0123456789abcdefABCDEF")] == 0) {
		return cli_usage("option '%s' takes %d bytes at most", name, DATA_MAX);
	} else {
		if (cli_read_file(text, DATA_MAX, &file, &err) != TACIT_OK)
			return cli_fail(common, &err, "option '%s' is no hex, and as a file", name);
		if (file.len)
			memcpy(room, file.ptr, file.len);
		*ret = tacit_slice_of(room, file.len);
		free((void *)(uintptr_t)file.ptr);
	}
	return ret->len ? 0 : cli_usage("option '%s' has no bytes", name);
}

static int read_carried(const struct options *o, struct carried *c)
{
	if (o->report_data.given && (o->nonce.given || o->user_data || o->public_key))
		return cli_usage("with --report-data nothing else is carried: leave out --nonce, "
				 "--user-data and --public-key");
	int code = read_data(&o->common, "--user-data", o->user_data, c->room[0], &c->user_data);
	if (code == 0)
		code = read_data(&o->common, "--public-key", o->public_key, c->room[1],
				 &c->public_key);
	return code;
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
	const struct tacit_attest_options setup = { .config = tacit_slice_str("tacit attest"),
						    .tpm = o->tpm,
						    .imds = o->imds };
	static uint8_t room[TACIT_ATTEST_ROOM];
	static struct carried carried;
	struct tacit_error err = { 0 };
	struct tacit_attester *attester;
	struct tacit_slice evidence;
	enum tacit_tee tee;

	(void)argc;
	(void)argv;
	int code = cli_tee_option(o->tee, &tee);
	if (code == 0)
		code = read_carried(o, &carried);
	if (code)
		return code;
	const struct tacit_attest_request request = { .binding = carried.user_data,
						      .nonce = view(&o->nonce),
						      .report_data = view(&o->report_data),
						      .public_key = carried.public_key };
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
