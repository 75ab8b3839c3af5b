/* SPDX-License-Identifier: Apache-2.0 */

/* tacit measure snp: the launch digest that a guest of these parts will show. */

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/hash.h"
#include "tee/snp/measure.h"
#include "verbs.h"

#define BOOT_FILE_MAX 2147483647 /* bytes of a kernel or a ramdisk */

struct options {
	struct cli_common common;
	const char *ovmf, *kernel, *initrd, *append, *vcpu_type, *vmm_type;
	struct cli_hex ovmf_hash, vcpu_sig, features;
	uint64_t vcpus, address_bits;
	bool fpu_zero;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, ovmf, "--ovmf", 0, CLI_TEXT, "FILE", "the firmware's image"),
	CLI_OPT_RANGE(struct options, ovmf_hash, "--ovmf-hash", CLI_HEX, "HEX",
		      "digest after the firmware's pages, of which the file is then the end", 48,
		      48),
	CLI_OPT(struct options, kernel, "--kernel", 0, CLI_TEXT, "FILE", "kernel booted directly"),
	CLI_OPT(struct options, initrd, "--initrd", 0, CLI_TEXT, "FILE", "its ramdisk"),
	CLI_OPT(struct options, append, "--append", 0, CLI_TEXT, "TEXT", "its command line"),
	CLI_OPT_RANGE(struct options, vcpus, "--vcpus", CLI_COUNT, "N", "how many vCPUs", 1,
		      TACIT_SNP_VCPUS_MAX),
	CLI_OPT(struct options, vcpu_type, "--vcpu-type", 0, CLI_TEXT, "MODEL",
		"QEMU's vCPU model, as EPYC-Milan-v2"),
	CLI_OPT_RANGE(struct options, vcpu_sig, "--vcpu-sig", CLI_HEX, "HEX",
		      "or its CPUID signature, 8 digits as 00a00f11", 4, 4),
	CLI_OPT(struct options, vmm_type, "--vmm-type", 0, CLI_TEXT, "VMM",
		"who starts it: qemu (default), ec2 or gce"),
	CLI_OPT_RANGE(struct options, features, "--guest-features", CLI_HEX, "HEX",
		      "SEV_FEATURES, big-endian: 01 (default), or 21 with DebugSwap", 1, 8),
	CLI_OPT_RANGE(struct options, address_bits, "--address-bits", CLI_COUNT, "N",
		      "VMSAs end the space of 48 (default) or 52 bits", 48, 52),
	CLI_OPT(struct options, fpu_zero, "--fpu-zero", 0, CLI_FLAG, NULL,
		"the host's Linux is older than 6.8, which left MXCSR and FCW zero"),
};

/* What has been read, for one place to release it. */
struct inputs {
	struct tacit_slice firmware, kernel, initrd;
	struct tacit_snp_boot boot;
};

static void inputs_done(struct inputs *in)
{
	free((void *)(uintptr_t)in->firmware.ptr);
	free((void *)(uintptr_t)in->kernel.ptr);
	free((void *)(uintptr_t)in->initrd.ptr);
}

static int read_one(const struct cli_common *common, const char *path, size_t max,
		    struct tacit_slice *ret)
{
	struct tacit_error err = { 0 };

	if (!path || cli_read_file(path, max, ret, &err) == TACIT_OK)
		return 0;
	return cli_fail(common, &err, "cannot read '%s'", path);
}

static int read_inputs(const struct options *o, struct inputs *in)
{
	int code = read_one(&o->common, o->ovmf, TACIT_SNP_FIRMWARE_MAX, &in->firmware);

	if (code == 0)
		code = read_one(&o->common, o->kernel, BOOT_FILE_MAX, &in->kernel);
	if (code == 0)
		code = read_one(&o->common, o->initrd, BOOT_FILE_MAX, &in->initrd);
	return code;
}

/* QEMU hashes the command line with its NUL, and no ramdisk as an empty one. */
static enum tacit_status hash_boot(const struct options *o, struct inputs *in,
				   struct tacit_error *err)
{
	const char *append = o->append ? o->append : "";
	struct tacit_slice line = tacit_slice_of(append, strlen(append) + 1);

	enum tacit_status st = tacit_hash(TACIT_SHA256, in->kernel, in->boot.kernel, err);
	if (st == TACIT_OK)
		st = tacit_hash(TACIT_SHA256, in->initrd, in->boot.initrd, err);
	if (st == TACIT_OK)
		st = tacit_hash(TACIT_SHA256, line, in->boot.cmdline, err);
	return st;
}

static uint64_t number_of(const struct cli_hex *hex)
{
	uint64_t value = 0;

	for (size_t i = 0; i < hex->len; i++)
		value = value << 8 | hex->bytes[i];
	return value;
}

/* False for a name that is none. */
static bool read_vmm(const char *name, enum tacit_snp_vmm *ret)
{
	static const char *const NAMES[] = { "qemu", "ec2", "gce" };

	for (size_t i = 0; i < 3; i++) {
		if (name && strcmp(name, NAMES[i]) != 0)
			continue;
		*ret = (enum tacit_snp_vmm)i;
		return true;
	}
	return false;
}

static int read_vcpu(const struct options *o, struct tacit_snp_launch *launch)
{
	if (o->vcpu_type && o->vcpu_sig.given)
		return cli_usage("--vcpu-type and --vcpu-sig exclude each other");
	if (launch->vmm != TACIT_SNP_QEMU)
		return 0; /* their vCPUs start alike on every processor */
	if (o->vcpu_sig.given)
		launch->vcpu_signature = (uint32_t)number_of(&o->vcpu_sig);
	else if (o->vcpu_type)
		launch->vcpu_signature = tacit_snp_measure_vcpu(tacit_slice_str(o->vcpu_type));
	else
		return cli_usage("--vcpu-type or --vcpu-sig is required for qemu");
	if (launch->vcpu_signature == 0)
		return cli_usage("unknown vCPU model '%s': give --vcpu-sig",
				 o->vcpu_type ? o->vcpu_type : "0");
	return 0;
}

/* Everything but the files. */
static int read_options(const struct options *o, struct tacit_snp_launch *launch)
{
	if (!o->ovmf || o->vcpus == 0)
		return cli_usage("--ovmf and --vcpus are required");
	if ((o->initrd || o->append) && !o->kernel)
		return cli_usage("--initrd and --append need --kernel");
	if (o->address_bits != 0 && o->address_bits != 48 && o->address_bits != 52)
		return cli_usage("--address-bits is 48 or 52");
	if (!read_vmm(o->vmm_type, &launch->vmm))
		return cli_usage("--vmm-type is qemu, ec2 or gce");
	launch->vcpus = (unsigned)o->vcpus;
	launch->features = o->features.given ? number_of(&o->features) : 1;
	launch->vmsa_address = o->address_bits == 52 ? TACIT_SNP_VMSA_52 : TACIT_SNP_VMSA_48;
	launch->fpu_zero = o->fpu_zero;
	if (o->ovmf_hash.given)
		launch->seed = tacit_slice_of(o->ovmf_hash.bytes, o->ovmf_hash.len);
	return read_vcpu(o, launch);
}

static void show(const struct options *o, const struct tacit_snp_launch *launch,
		 const uint8_t digest[TACIT_SNP_DIGEST_LEN])
{
	static const char *const VMMS[] = { "qemu", "ec2", "gce" };
	char hex[2 * TACIT_SNP_DIGEST_LEN + 1];
	bool wide = launch->vmsa_address == TACIT_SNP_VMSA_52;

	tacit_hex_encode(tacit_slice_of(digest, TACIT_SNP_DIGEST_LEN), hex);
	if (o->common.json)
		printf("{\"schema\":\"tacit.measure/1\",\"platform\":\"snp\",\"measurement\":"
		       "\"%s\",\"vmm_type\":\"%s\",\"vcpus\":%u,\"vcpu_signature\":\"%08lx\","
		       "\"guest_features\":\"%016llx\",\"vmsa_address\":\"%016llx\","
		       "\"vmsa_convention\":\"%s\"}\n",
		       hex, VMMS[launch->vmm], launch->vcpus, (unsigned long)launch->vcpu_signature,
		       (unsigned long long)launch->features,
		       (unsigned long long)launch->vmsa_address, wide ? "52-bit" : "48-bit");
	else
		printf("%s\n", hex);
	if (o->common.verbose)
		cli_say(&o->common,
			"VMSAs at 0x%llx, the last page of %s bits of address; some tools "
			"take %s (--address-bits)",
			(unsigned long long)launch->vmsa_address, wide ? "52" : "48",
			wide ? "48" : "52");
}

static int measure(const struct options *o, struct inputs *in, struct tacit_snp_launch *launch)
{
	uint8_t digest[TACIT_SNP_DIGEST_LEN];
	struct tacit_error err = { 0 };

	int code = cli_enter_sandbox(&o->common);
	if (code)
		return code;
	launch->firmware = in->firmware;
	if (o->kernel) {
		if (hash_boot(o, in, &err) != TACIT_OK)
			return cli_fail(&o->common, &err, "cannot hash '%s'", o->kernel);
		launch->boot = &in->boot;
	}
	if (tacit_snp_measure(launch, digest, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot measure '%s'", o->ovmf);
	show(o, launch, digest);
	return 0;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct tacit_snp_launch launch = { .vcpus = 0 };
	struct inputs in = { .firmware = { NULL, 0 } };

	(void)argc;
	(void)argv;
	int code = read_options(o, &launch);
	if (code)
		return code;
	code = read_inputs(o, &in);
	if (code == 0)
		code = measure(o, &in, &launch);
	inputs_done(&in);
	return code;
}

const struct cli_verb cmd_measure_snp = {
	.name = "measure snp",
	.args = "",
	.summary = "compute the launch digest of an SEV-SNP guest",
	.group = "verify",
	.example = "tacit measure snp --ovmf OVMF.fd --vcpus 4 --vcpu-type EPYC-Milan",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 0,
	.struct_size = sizeof(struct options),
	.run = run,
};
