/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit derive snp: the key that SEV-SNP's firmware derives for this guest, into a file. The
 * measurement and the guest's policy are always part of it: a key without them is the host's for
 * the asking, who starts a guest of its own, or this one with debugging allowed.
 */

#include <string.h>
#include <sys/stat.h>

#include "base/compiler.h"
#include "base/reader.h"
#include "base/secret.h"
#include "codec/json.h"
#include "sys/sev_guest.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	const char *output, *root;
	bool image_id, family_id;
	uint64_t vmpl, guest_svn;
	struct cli_hex tcb;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, output, "--output", 'o', CLI_TEXT, "FILE",
		"where the 32 bytes go, with mode 0600"),
	CLI_OPT(struct options, root, "--root", 0, CLI_TEXT, "ROOT",
		"vcek (of the chip, the default) or vmrk (of the virtual machine)"),
	CLI_OPT(struct options, image_id, "--image-id", 0, CLI_FLAG, NULL,
		"mix in the image id of the guest's ID block"),
	CLI_OPT(struct options, family_id, "--family-id", 0, CLI_FLAG, NULL,
		"mix in its family id"),
	CLI_OPT_RANGE(struct options, guest_svn, "--guest-svn", CLI_COUNT, "N",
		      "mix in this SVN, which is not above the guest's own", 1, UINT32_MAX),
	CLI_OPT_RANGE(struct options, tcb, "--tcb", CLI_HEX, "HEX",
		      "mix in this TCB, as tacit inspect prints one; not above the committed one",
		      8, 8),
	CLI_OPT_RANGE(struct options, vmpl, "--vmpl", CLI_COUNT, "N",
		      "the privilege level that the key is for (default: 0)", 0, 3),
};

static const struct {
	uint64_t bit;
	const char *name;
} FIELDS[] = {
	{ TACIT_SEV_GUEST_POLICY, "policy" },       { TACIT_SEV_GUEST_IMAGE_ID, "image_id" },
	{ TACIT_SEV_GUEST_FAMILY_ID, "family_id" }, { TACIT_SEV_GUEST_MEASUREMENT, "measurement" },
	{ TACIT_SEV_GUEST_SVN, "guest_svn" },       { TACIT_SEV_GUEST_TCB, "tcb" },
};

static int read_root(const struct options *o, enum tacit_sev_guest_root *ret)
{
	if (o->root && strcmp(o->root, "vcek") != 0 && strcmp(o->root, "vmrk") != 0)
		return cli_usage("--root is vcek or vmrk, not '%.32s'", o->root);
	*ret = o->root && strcmp(o->root, "vmrk") == 0 ? TACIT_SEV_GUEST_VMRK
						       : TACIT_SEV_GUEST_VCEK;
	return 0;
}

static uint64_t read_tcb(const struct options *o)
{
	struct reader r = rd_of(tacit_slice_of(o->tcb.bytes, o->tcb.given ? o->tcb.len : 0));

	return o->tcb.given ? rd_le64(&r) : 0;
}

static int read_request(const struct options *o, struct tacit_sev_guest_key_request *ret)
{
	*ret = (struct tacit_sev_guest_key_request){
		.fields = TACIT_SEV_GUEST_POLICY | TACIT_SEV_GUEST_MEASUREMENT |
			  (o->image_id ? TACIT_SEV_GUEST_IMAGE_ID : 0) |
			  (o->family_id ? TACIT_SEV_GUEST_FAMILY_ID : 0) |
			  (o->guest_svn ? TACIT_SEV_GUEST_SVN : 0) |
			  (o->tcb.given ? TACIT_SEV_GUEST_TCB : 0),
		.vmpl = (uint32_t)o->vmpl,
		.guest_svn = (uint32_t)o->guest_svn,
		.tcb = read_tcb(o),
	};
	return read_root(o, &ret->root);
}

/* A file that keeps what it is given: no terminal, no pipe, no device, no link to one. */
static int check_output(const struct options *o)
{
	struct stat st;

	if (!o->output)
		return cli_usage("derive snp needs --output FILE");
	if (strcmp(o->output, "-") == 0 || (lstat(o->output, &st) == 0 && !S_ISREG(st.st_mode)))
		return cli_usage("a key goes into a file of its own, not to '%.200s'", o->output);
	return 0;
}

static int tell(const struct options *o, const struct tacit_sev_guest_key_request *request)
{
	json_t *fields = json_array();

	cli_say(&o->common, "32 bytes, which other guests on this processor do not get, in '%s'",
		o->output);
	for (size_t i = 0; i < TACIT_ARRAY_LEN(FIELDS); i++) {
		if (request->fields & FIELDS[i].bit)
			json_array_append_new(fields, json_string(FIELDS[i].name));
	}
	json_t *top = json_pack("{s:s, s:s, s:s, s:o, s:i, s:s}", "schema", "tacit.derive/1",
				"platform", "snp", "root",
				request->root == TACIT_SEV_GUEST_VMRK ? "vmrk" : "vcek", "fields",
				fields, "vmpl", (int)request->vmpl, "output", o->output);
	if (!top)
		return cli_no_memory(&o->common);
	if (o->common.json) {
		json_dumpf(top, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(top);
	return 0;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct tacit_sev_guest_key_request request;
	uint8_t key[TACIT_SEV_GUEST_KEY_LEN];
	struct tacit_error err = { 0 };

	(void)argc;
	(void)argv;
	int code = check_output(o);
	if (code == 0)
		code = read_request(o, &request);
	if (code)
		return code;
	if (tacit_sev_guest_key(TACIT_SEV_GUEST_DEVICE, &request, key, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot derive a key");
	enum tacit_status st = cli_write_file(o->output, TACIT_SLICE_ARRAY(key), 0600, &err);
	tacit_wipe(key, sizeof(key));
	if (st != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot write '%s'", o->output);
	return tell(o, &request);
}

const struct cli_verb cmd_derive_snp = {
	.name = "derive snp",
	.args = "",
	.summary = "a key that only this SEV-SNP guest gets, into a file",
	.group = "serve",
	.example = "tacit derive snp -o sealing.key",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.struct_size = sizeof(struct options),
	.run = run,
};
