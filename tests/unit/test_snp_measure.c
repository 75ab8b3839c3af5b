/* SPDX-License-Identifier: Apache-2.0 */

/* Launch digests, against those of other tools; firmware that lies about itself. */

#include "tests/unit/vectors.h"

#include "crypto/hash.h"
#include "tee/snp/measure.h"

#define PAGE 4096

/* ---- firmware of our own ------------------------------------------------------------------- */

static uint8_t firmware[2 * PAGE];

static void put(size_t at, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		firmware[at + i] = (uint8_t)(value >> 8 * i);
}

static const char *const GUIDS[] = {
	"666588dc4a989847a75e5585a7bf67cc",
	"de71f7007e1acb4f890e68c77e2fb44e",
	"1f3755723b3a044b927b1da6efa8d454",
	"de82b596b21ff745baeaa366c55a082d",
};

/* Writes an entry so that it ends at `end`; gives where it begins. */
static size_t put_entry(size_t end, size_t which, const uint32_t *words, size_t count, size_t size)
{
	char hex[33];
	size_t n = 0, len;

	for (const char *c = GUIDS[which]; *c && n < 32; c++)
		if (*c != ' ')
			hex[n++] = *c;
	hex[n] = '\0';
	if (!tacit_hex_decode(tacit_slice_str(hex), tacit_mut_of(firmware + end - 16, 16), &len))
		ok(false, "a GUID of the test");
	put(end - 18, size, 2);
	for (size_t i = 0; i < count; i++)
		put(end - 18 - 4 * count + 4 * i, words[i], 4);
	return end - 18 - 4 * count;
}

enum { META = 0x100, SECTIONS = 5 };

/* Sections from 0x100 of the last page, and the table that leads to them. */
static void make_firmware(void)
{
	static const uint32_t LIST[SECTIONS][3] = {
		{ 0x800000, 0x9000, 1 },    { 0x809000, 0x1000, 2 }, { 0x80a000, 0x1000, 3 },
		{ 0x80b000, 0x1000, 0x10 }, { 0x80c000, 0x2000, 1 },
	};
	const uint32_t from_end[] = { PAGE - META }, reset[] = { 0x80b004 };
	const uint32_t hashes[] = { 0x80bc00, 0x400 };
	size_t end = 2 * PAGE - 32;

	memset(firmware, 0x11, sizeof(firmware));
	memcpy(firmware + PAGE + META, "ASEV", 4);
	put(PAGE + META + 4, 16 + 12 * SECTIONS, 4);
	put(PAGE + META + 8, 1, 4);
	put(PAGE + META + 12, SECTIONS, 4);
	for (size_t i = 0; i < SECTIONS; i++)
		for (size_t k = 0; k < 3; k++)
			put(PAGE + META + 16 + 12 * i + 4 * k, LIST[i][k], 4);
	size_t at = put_entry(end - 18, 0, from_end, 1, 22);
	at = put_entry(at, 1, reset, 1, 22);
	at = put_entry(at, 2, hashes, 2, 26);
	put_entry(end, 3, NULL, 0, end - at);
}

static struct tacit_snp_launch usual(void)
{
	struct tacit_snp_launch launch = {
		.firmware = TACIT_SLICE_ARRAY(firmware),
		.vcpus = 2,
		.vcpu_signature = 0xa00f11,
		.features = 1,
		.vmsa_address = TACIT_SNP_VMSA_48,
	};

	return launch;
}

static void is_measured(const struct tacit_snp_launch *launch, enum tacit_status want,
			const char *name)
{
	uint8_t digest[48];
	struct tacit_error err = { 0 };

	if (!is_status(tacit_snp_measure(launch, digest, &err), want, name))
		printf("# %s\n", err.detail);
}

/* Each input moves the digest. */
static void test_inputs(void)
{
	struct tacit_snp_boot boot = { .kernel = { 1 }, .initrd = { 2 }, .cmdline = { 3 } };
	struct tacit_snp_launch variants[10];
	uint8_t digests[10][48];

	make_firmware();
	for (size_t i = 0; i < 10; i++)
		variants[i] = usual();
	variants[1].vcpus = 1;
	variants[2].vcpus = 3;
	variants[3].vcpu_signature = 0xa10f10;
	variants[4].features = 0x21;
	variants[5].vmsa_address = TACIT_SNP_VMSA_52;
	variants[6].vmm = TACIT_SNP_EC2;
	variants[7].vmm = TACIT_SNP_GCE;
	variants[8].boot = &boot;
	variants[9].fpu_zero = true;
	for (size_t i = 0; i < 10; i++) {
		ok(tacit_snp_measure(&variants[i], digests[i], NULL) == TACIT_OK, "variant %zu", i);
		for (size_t k = 0; k < i; k++)
			ok(memcmp(digests[i], digests[k], 48) != 0, "%zu is not %zu", i, k);
	}
	uint8_t seed[48], again[48];
	ok(tacit_snp_measure_firmware(variants[0].firmware, seed, NULL) == TACIT_OK, "a seed");
	variants[0].seed = TACIT_SLICE_ARRAY(seed);
	variants[0].firmware = tacit_slice_of(firmware + PAGE, PAGE);
	ok(tacit_snp_measure(&variants[0], again, NULL) == TACIT_OK &&
		   memcmp(again, digests[0], 48) == 0,
	   "the end of the firmware and a seed do for the whole");
}

struct fault {
	const char *name;
	size_t at;
	uint64_t value;
	size_t len;
	enum tacit_status want;
};

static void test_faults(void)
{
	static const size_t END = 2 * PAGE - 32, S = PAGE + META;
	const struct fault faults[] = {
		{ "no footer", END - 1, 0, 1, TACIT_FORMAT },
		{ "a table of no bytes", END - 18, 17, 2, TACIT_FORMAT },
		{ "a table beyond the image", END - 18, 0xffff, 2, TACIT_FORMAT },
		{ "an entry of no bytes", END - 36, 0, 2, TACIT_FORMAT },
		{ "an entry beyond the table", END - 36, 200, 2, TACIT_FORMAT },
		{ "no metadata entry", END - 19, 0, 1, TACIT_FORMAT },
		{ "metadata beyond the image", END - 40, 2 * PAGE + 1, 4, TACIT_FORMAT },
		{ "metadata at the end", END - 40, 0, 4, TACIT_FORMAT },
		{ "metadata cut by the end", END - 40, 15, 4, TACIT_FORMAT },
		{ "another signature", S, 0, 1, TACIT_FORMAT },
		{ "another size", S + 4, 16, 4, TACIT_FORMAT },
		{ "version 2", S + 8, 2, 4, TACIT_FORMAT },
		{ "one section more", S + 12, SECTIONS + 1, 4, TACIT_FORMAT },
		{ "65 sections", S + 12, 65, 4, TACIT_LIMIT },
		{ "all sections", S + 12, 0xffffffff, 4, TACIT_LIMIT },
		{ "no whole page", S + 20, 0x9001, 4, TACIT_FORMAT },
		{ "no page", S + 20, 0, 4, TACIT_FORMAT },
		{ "not at a page", S + 16, 0x800001, 4, TACIT_FORMAT },
		{ "a huge section", S + 20, 0xfffff000, 4, TACIT_LIMIT },
		{ "two pages of secrets", S + 32, 0x2000, 4, TACIT_FORMAT },
		{ "two pages of CPUID", S + 44, 0x2000, 4, TACIT_FORMAT },
		{ "two pages of hashes", S + 56, 0x2000, 4, TACIT_FORMAT },
		{ "type 5", S + 24, 5, 4, TACIT_FORMAT },
		{ "type 0", S + 24, 0, 4, TACIT_FORMAT },
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct tacit_snp_launch launch = usual();

		make_firmware();
		is_measured(&launch, TACIT_OK, "as it should be");
		put(faults[i].at, faults[i].value, faults[i].len);
		is_measured(&launch, faults[i].want, faults[i].name);
	}
}

static void test_limits(void)
{
	struct tacit_snp_boot boot = { .kernel = { 1 } };
	struct tacit_snp_launch launch;

	make_firmware();
	launch = usual();
	launch.vcpus = 0;
	is_measured(&launch, TACIT_LIMIT, "no vCPU");
	launch.vcpus = TACIT_SNP_VCPUS_MAX + 1;
	is_measured(&launch, TACIT_LIMIT, "too many vCPUs");
	launch = usual();
	launch.firmware.len = 2 * PAGE - 1;
	is_measured(&launch, TACIT_FORMAT, "firmware cut at its end");
	launch = usual();
	launch.firmware = tacit_slice_of(firmware + 1, 2 * PAGE - 1);
	is_measured(&launch, TACIT_FORMAT, "firmware of no whole pages");
	for (size_t len = 0; len < 64; len++) {
		launch.firmware = tacit_slice_of(firmware + 2 * PAGE - len, len);
		is_measured(&launch, TACIT_FORMAT, "firmware's last bytes alone");
	}
	launch = usual();
	launch.boot = &boot;
	is_measured(&launch, TACIT_OK, "a kernel");
	put(PAGE + META + 60, 1, 4);
	is_measured(&launch, TACIT_FORMAT, "a kernel without a section for hashes");
	make_firmware();
	put(2 * PAGE - 32 - 18 - 22 - 22 - 1, 0, 1);
	is_measured(&launch, TACIT_FORMAT, "a kernel without a table of hashes");
	launch.boot = NULL;
	is_measured(&launch, TACIT_OK, "no kernel, and none needed");
	make_firmware();
	put(2 * PAGE - 32 - 18 - 22 - 22 - 26, 0x80bff0, 4);
	launch.boot = &boot;
	is_measured(&launch, TACIT_FORMAT, "hashes over the end of their page");
	make_firmware();
	put(2 * PAGE - 32 - 18 - 22 - 1, 0, 1);
	launch = usual();
	is_measured(&launch, TACIT_FORMAT, "two vCPUs without a reset block");
	launch.vcpus = 1;
	is_measured(&launch, TACIT_OK, "one vCPU without a reset block");
}

static void test_models(void)
{
	static const struct {
		const char *name;
		uint32_t want;
	} MODELS[] = {
		{ "EPYC", 0x800f12 },
		{ "EPYC-v4", 0x800f12 },
		{ "EPYC-IBPB", 0x800f12 },
		{ "EPYC-Rome-v3", 0x830f10 },
		{ "EPYC-Milan", 0xa00f11 },
		{ "EPYC-Milan-v2", 0xa00f11 },
		{ "EPYC-Genoa-v10", 0xa10f10 },
		{ "EPYC-", 0 },
		{ "EPYC-v", 0 },
		{ "-v1", 0 },
		{ "", 0 },
		{ "epyc", 0 },
		{ "EPYC-Milan-v100", 0 },
		{ "EPYC-Naples", 0 },
	};

	for (size_t i = 0; i < sizeof(MODELS) / sizeof(MODELS[0]); i++)
		ok(tacit_snp_measure_vcpu(tacit_slice_str(MODELS[i].name)) == MODELS[i].want,
		   "'%s'", MODELS[i].name);
}

/* ---- shared vectors ------------------------------------------------------------------------ */

static void hash_blob(const json_t *blobs, const json_t *name, uint8_t ret[32])
{
	const json_t *blob =
		json_object_get(blobs, json_is_string(name) ? json_string_value(name) : "empty");
	struct tacit_slice bytes = vector_hex(json_string_value(json_object_get(blob, "hex")));

	ok(tacit_hash(TACIT_SHA256, bytes, ret, NULL) == TACIT_OK, "a blob is hashed");
	vector_done(bytes);
}

static void test_case(const json_t *file, const json_t *one, struct tacit_slice image, size_t i)
{
	const json_t *blobs = json_object_get(file, "blobs"),
		     *kernel = json_object_get(one, "kernel");
	const char *vmm = json_string_value(json_object_get(one, "vmm"));
	const char *seed = json_string_value(json_object_get(one, "ovmf_hash"));
	const char *append = json_string_value(json_object_get(one, "append"));
	const char *type = json_string_value(json_object_get(one, "vcpu_type"));
	struct tacit_snp_boot boot;
	uint8_t digest[48] = { 0 }, seed_room[48];
	size_t len;
	struct tacit_snp_launch launch = {
		.firmware = image,
		.vmm = strcmp(vmm, "ec2") == 0   ? TACIT_SNP_EC2
		       : strcmp(vmm, "gce") == 0 ? TACIT_SNP_GCE
						 : TACIT_SNP_QEMU,
		.vcpus = (unsigned)json_number_value(json_object_get(one, "vcpus")),
		.vcpu_signature = type ? tacit_snp_measure_vcpu(tacit_slice_str(type)) : 0,
		.features = strtoull(json_string_value(json_object_get(one, "guest_features")),
				     NULL, 16),
		.vmsa_address = TACIT_SNP_VMSA_48,
	};

	if (json_is_string(kernel)) {
		hash_blob(blobs, kernel, boot.kernel);
		hash_blob(blobs, json_object_get(one, "initrd"), boot.initrd);
		ok(tacit_hash(TACIT_SHA256,
			      tacit_slice_of(append ? append : "", append ? strlen(append) + 1 : 1),
			      boot.cmdline, NULL) == TACIT_OK,
		   "a command line is hashed");
		launch.boot = &boot;
	}
	if (seed && tacit_hex_decode(tacit_slice_str(seed), tacit_mut_of(seed_room, 48), &len))
		launch.seed = TACIT_SLICE_ARRAY(seed_room);
	ok(tacit_snp_measure(&launch, digest, NULL) == TACIT_OK, "case %zu is measured", i);
	struct tacit_slice want = vector_hex(json_string_value(json_object_get(one, "expected")));
	is_slice(TACIT_SLICE_ARRAY(digest), want, "and as expected");
	vector_done(want);
}

static void test_vectors(const char *dir)
{
	json_t *file = vector_json("snp/measurement/cases.json"), *one;
	char path[4096];
	size_t i;

	json_array_foreach(json_object_get(file, "cases"), i, one)
	{
		snprintf(path, sizeof(path), "%s/snp/measurement/%s", dir,
			 json_string_value(json_object_get(one, "firmware")));
		struct tacit_slice image = vector_file(path);
		test_case(file, one, image, i);
		vector_done(image);
	}
	ok(i >= 16, "%zu cases", i);
	json_decref(file);
}

int main(void)
{
	const char *dir = tap_vectors();

	test_inputs();
	test_faults();
	test_limits();
	test_models();
	if (dir)
		test_vectors(dir);
	else
		skip("launch digests", "no shared vectors (TACIT_VECTORS)");
	return done();
}
