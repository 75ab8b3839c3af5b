/* SPDX-License-Identifier: Apache-2.0 */
/* The attesters: what the stub measures, and what the other names answer on this machine. */
#include "tests/unit/appraise_util.h"

#include <limits.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "sys/attest.h"

static struct bench b;
static uint8_t room[TACIT_ATTEST_ROOM];

/* SHA-384 of the file that runs, by another way than the attester's. */
static void hash_self(uint8_t *ret)
{
	FILE *f = fopen("/proc/self/exe", "rb");
	static uint8_t all[64 * 1024 * 1024];
	size_t n = f ? fread(all, 1, sizeof(all), f) : 0;

	ok(n > 0 && n < sizeof(all), "the test can read itself");
	if (f)
		fclose(f);
	if (tacit_hash(TACIT_SHA384, tacit_slice_of(all, n), ret, NULL))
		ok(false, "hashing works");
}

static enum tacit_status make(const struct tacit_attest_options *options,
			      const struct tacit_attest_request *request, struct tacit_slice *ret)
{
	struct tacit_attester *attester = NULL;

	enum tacit_status st = tacit_attester_open(TACIT_TEE_STUB, options, &attester, NULL);
	if (st == TACIT_OK)
		st = tacit_attester_attest(attester, request, tacit_mut_of(room, sizeof(room)), ret,
					   NULL);
	tacit_attester_close(attester);
	return st;
}

static const struct tacit_claims *judged(struct tacit_slice raw)
{
	b.cx.now = (int64_t)time(NULL);
	is_status(bench_judge(&b, raw), TACIT_OK, "the evidence is accepted now");
	return tacit_verdict_claims(&b.verdict);
}

static void test_stub(void)
{
	uint8_t want[48];
	struct tacit_slice raw = { NULL, 0 };
	struct tacit_attest_options options = { .config = tacit_slice_str("listen=1"),
						.model = tacit_slice_str("model") };

	bench_init(&b);
	bench_bind(&b);
	struct tacit_attest_request request = { .binding = b.doc.user_data,
						.nonce = TACIT_SLICE_ARRAY(b.binding.nonce) };
	is_status(make(&options, &request, &raw), TACIT_OK, "the stub attests");
	b.cx.expect.nonce = request.nonce;
	b.cx.expect.tls_spki = TACIT_SLICE_ARRAY(b.binding.tls_spki);
	const struct tacit_claims *claims = judged(raw);
	if (!ok(claims != NULL, "claims come out"))
		return;
	hash_self(want);
	is_slice(claims->measurements[0].value, TACIT_SLICE_ARRAY(want), "pcr0 is this program");
	(void)!tacit_hash(TACIT_SHA384, options.config, want, NULL);
	is_slice(claims->measurements[1].value, TACIT_SLICE_ARRAY(want), "pcr1 the configuration");
	(void)!tacit_hash(TACIT_SHA384, options.model, want, NULL);
	is_slice(claims->measurements[2].value, TACIT_SLICE_ARRAY(want), "pcr2 the model");
	ok(!claims->debug, "not debug");
	is_slice(claims->user_data, request.binding, "the binding is the user data");
}

static void test_config_matters(void)
{
	uint8_t first[48];
	struct tacit_slice raw = { NULL, 0 };
	struct tacit_attest_options options = { .config = tacit_slice_str("a") };
	struct tacit_attest_request request = { 0 };

	bench_init(&b);
	is_status(make(&options, &request, &raw), TACIT_OK, "one configuration");
	memcpy(first, judged(raw)->measurements[1].value.ptr, 48);
	options.config = tacit_slice_str("b");
	is_status(make(&options, &request, &raw), TACIT_OK, "another configuration");
	ok(memcmp(first, judged(raw)->measurements[1].value.ptr, 48) != 0, "measure differently");
}

static void test_stub_refuses(void)
{
	static uint8_t big[2048];
	struct tacit_slice raw = { NULL, 0 };
	struct tacit_attest_options options = { 0 };
	struct tacit_attest_request request = { .report_data = tacit_slice_of(big, 64) };
	struct tacit_attester *attester = NULL;

	is_status(make(&options, &request, &raw), TACIT_UNSUPPORTED, "report data are refused");
	request.report_data = tacit_slice_of(NULL, 0);
	request.nonce = tacit_slice_of(big, 65);
	is_status(make(&options, &request, &raw), TACIT_FORMAT, "a nonce of 65 bytes is refused");
	request.nonce = tacit_slice_of(NULL, 0);
	request.binding = tacit_slice_of(big, 1025);
	is_status(make(&options, &request, &raw), TACIT_FORMAT, "a long binding is refused");
	ok(!raw.ptr, "nothing came out");
	is_status(tacit_attester_open(TACIT_TEE_STUB, &options, &attester, NULL), TACIT_OK, "open");
	ok(tacit_attester_tee(attester) == TACIT_TEE_STUB, "it says what it is");
	request.binding = tacit_slice_of(NULL, 0);
	is_status(tacit_attester_attest(attester, &request, tacit_mut_of(room, 100), &raw, NULL),
		  TACIT_LIMIT, "too little room is a limit");
	tacit_attester_close(attester);
	tacit_attester_close(NULL);
}

static void refuses(enum tacit_tee tee, const char *root, const char *says, const char *name)
{
	struct tacit_error err = { 0 };

	is_status(tacit_attest_probe_refuse(tee, root, &err), TACIT_UNSUPPORTED, name);
	if (!ok(strstr(err.detail, says) != NULL, "and says '%s'", says))
		printf("# got %s\n", err.detail);
}

static void test_open_others(void)
{
	static const enum tacit_tee others[] = {
		TACIT_TEE_NONE,      TACIT_TEE_NITRO,  TACIT_TEE_TDX,
		TACIT_TEE_SNP,       TACIT_TEE_SGX,    TACIT_TEE_AZURE_SNP,
		TACIT_TEE_AZURE_TDX, TACIT_TEE_NVIDIA, TACIT_TEE_GCP_TOKEN,
	};
	struct tacit_attest_options options = { 0 };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct tacit_attester *attester = NULL;
		struct tacit_error err = { 0 };
		enum tacit_status st = tacit_attester_open(others[i], &options, &attester, &err);

		ok(st == TACIT_UNSUPPORTED && !attester && err.detail[0], "%s is unsupported: %s",
		   tacit_tee_name(others[i]), err.detail);
		ok(strlen(err.detail) < TACIT_ERROR_DETAIL - 1, "the sentence is whole");
	}
}

static void touch(const char *root, const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	FILE *f = fopen(full, "w");
	if (f)
		fclose(f);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

static void untouch(const char *root, const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root, path);
	unlink(full);
	while (strlen(full) > strlen(root)) {
		*strrchr(full, '/') = '\0';
		rmdir(full);
	}
}

static void test_probe(void)
{
	char root[] = "/tmp/tacit-probe-XXXXXX";

	if (!ok(mkdtemp(root) != NULL, "a folder for a machine that is not there"))
		return;
	refuses(TACIT_TEE_NONE, root, "/dev/nsm", "auto without any TEE");
	refuses(TACIT_TEE_NONE, root, "/dev/tdx_guest", "auto lists all");
	refuses(TACIT_TEE_NONE, root, "/dev/sev-guest", "auto lists all");
	refuses(TACIT_TEE_NONE, root, "/sys/kernel/config/tsm/report", "auto lists all");
	refuses(TACIT_TEE_NONE, root, "--tee stub", "auto hints at the stub");
	refuses(TACIT_TEE_NITRO, root, "there is no /dev/nsm", "nitro without a device");
	refuses(TACIT_TEE_TDX, root, "no /dev/tdx_guest and no /sys/kernel",
		"tdx without a device");
	refuses(TACIT_TEE_SNP, root, "there is no /dev/sev-guest", "snp without a device");
	refuses(TACIT_TEE_SGX, root, "no attester for sgx", "sgx has no attester at all");
	ok(!tacit_attest_probe(TACIT_TEE_NITRO, root), "the probe finds nothing");

	touch(root, "/dev/nsm");
	refuses(TACIT_TEE_NITRO, root, "/dev/nsm is here, but this build", "nitro with a device");
	refuses(TACIT_TEE_NONE, root, "no attester for nitro", "auto with a device");
	refuses(TACIT_TEE_TDX, root, "there is no /dev/tdx_guest", "tdx is still absent");
	ok(tacit_attest_probe(TACIT_TEE_NITRO, root) != NULL, "the probe finds it");
	untouch(root, "/dev/nsm");
	mkdir(root, 0700);
	touch(root, "/sys/kernel/config/tsm/report");
	refuses(TACIT_TEE_SNP, root, "tsm/report is here", "snp through configfs");
	untouch(root, "/sys/kernel/config/tsm/report");
	rmdir(root);
	ok(!tacit_attest_probe_path(TACIT_TEE_NITRO, 1), "nitro has one path");
	ok(!tacit_attest_probe_path(TACIT_TEE_STUB, 0), "the stub has none");
}

/* Only the asset tag tells Azure's machines, and only there does auto open a TPM by itself. */
static void test_azure(void)
{
	static const char TAG[] = "/sys/class/dmi/id/chassis_asset_tag";
	static const char *const TAGS[] = { "", "\n", "7783-7084-3265-9085-8269-3286-7",
					    "7783-7084-3265-9085-8269-3286-771\n",
					    "No Asset Tag\n" };
	char root[] = "/tmp/tacit-azure-XXXXXX", full[PATH_MAX];
	struct tacit_attest_options options = { .tpm = "unix:/tacit/nobody" };
	struct tacit_attester *attester = NULL;

	if (!ok(mkdtemp(root) != NULL, "a folder for a machine that is not there"))
		return;
	ok(!tacit_attest_probe_azure(root), "a machine without a tag");
	touch(root, TAG);
	snprintf(full, sizeof(full), "%s%s", root, TAG);
	for (size_t i = 0; i < sizeof(TAGS) / sizeof(TAGS[0]); i++) {
		write_text(full, TAGS[i]);
		ok(!tacit_attest_probe_azure(root), "another tag (%zu)", i);
	}
	write_text(full, "7783-7084-3265-9085-8269-3286-77\n");
	ok(tacit_attest_probe_azure(root), "Azure's");
	untouch(root, TAG);
	mkdir(root, 0700);
	touch(root, "/dev/tpmrm0");
	ok(tacit_attest_probe(TACIT_TEE_AZURE_SNP, root) &&
		   tacit_attest_probe(TACIT_TEE_AZURE_TDX, root),
	   "a TPM may be that of either");
	refuses(TACIT_TEE_NONE, root, "no TEE found", "but by itself is no TEE");
	untouch(root, "/dev/tpmrm0");
	rmdir(root);
	is_status(tacit_attester_open(TACIT_TEE_AZURE_SNP, &options, &attester, NULL), TACIT_PEER,
		  "a TPM that was named is asked");
	is_status(tacit_attester_open(TACIT_TEE_NONE, &options, &attester, NULL), TACIT_PEER,
		  "by auto, too");
	ok(!attester, "and nothing comes of it");
}

int main(void)
{
	test_azure();
	test_stub();
	test_config_matters();
	test_stub_refuses();
	test_open_others();
	test_probe();
	return done();
}
