/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ties a Nitro document's payload and its certificates together, one broken at a time; and
 * where a document may go without.
 */
#include "tests/pki/nitro.h"
#include "tests/unit/nitro_util.h"

static struct nitro_bench b;

static void refuses(const struct nitro_spec *spec, const char *check, const char *name)
{
	nitro_refuses(&b, spec, TACIT_CHAIN, check, name);
}

/* ---- names --------------------------------------------------------------------------------- */

struct renamed {
	enum nitro_level level;
	const char *subject;
};

static void rename_level(enum nitro_level level, struct pki_spec *spec, void *user)
{
	const struct renamed *r = user;

	if (level == r->level)
		spec->subject = r->subject;
}

static void test_names(void)
{
	static const struct renamed BAD[] = {
		{ NITRO_REGIONAL, "C=US/CN=84dde1b34e42ca38.us-east-1.aws.nitro-enclaves" },
		{ NITRO_REGIONAL, "C=US/CN=84dde1b34e42ca38eu-central-1.aws.nitro-enclaves" },
		{ NITRO_REGIONAL, "C=US/CN=84dde1b34e42ca38.eu-central-1.aws.nitro-enclave" },
		{ NITRO_REGIONAL, "C=US/CN=84dde1b34e42ca38.eu-central-1.aws.nitro-enclavez" },
		{ NITRO_REGIONAL, "C=US/CN=.eu-central-1.aws.nitro-enclaves" },
		{ NITRO_REGIONAL, "C=US/CN=84dde1b34e42ca38.eu-central-1" },
		{ NITRO_REGIONAL, "C=US/CN=84dde1b34e42ca38..aws.nitro-enclaves" },
		{ NITRO_REGIONAL, "C=US/O=Amazon" },
		{ NITRO_ZONAL, "CN=159cc35c5cd76fb7.zonal.eu-central-2.aws.nitro-enclaves/C=US" },
		{ NITRO_INSTANCE, "C=US/CN=i-0f00d5eed5eed5eee.eu-central-1.aws.nitro-enclaves" },
		{ NITRO_INSTANCE, "C=US/CN=i-0f00d5eed5eed5eed.eu-central-2.aws.nitro-enclaves" },
		{ NITRO_INSTANCE, "C=US/CN=x.i-0f00d5eed5eed5eed.eu-central-1.aws.nitro-enclaves" },
		{ NITRO_LEAF, "C=US/CN=i-0f00d5eed5eed5eed-enc0.eu-central-1.aws" },
		{ NITRO_LEAF, "C=US/CN=.eu-central-1.aws" },
		{ NITRO_LEAF, "C=US/O=Amazon" },
	};

	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct nitro_spec spec = { .cert = rename_level,
					   .user = (void *)(uintptr_t)&BAD[i] };

		refuses(&spec, "nitro.names", BAD[i].subject);
	}
	struct nitro_spec spec = { .module_id = "i-0f00d5eed5eed5eed-enc0123456789abcdef" };
	refuses(&spec, "nitro.names", "another module in the payload");
	spec = (struct nitro_spec){ .region = "eu.central-1" };
	refuses(&spec, "nitro.names", "a region with a dot");
	spec = (struct nitro_spec){ .region = "" };
	refuses(&spec, "nitro.names", "no region at all");
	spec = (struct nitro_spec){ .region = "EU" };
	refuses(&spec, "nitro.names", "a region in capitals");
}

/* The leaf's name without the dot before the region, and without the end. */
static void cut_leaf(enum nitro_level level, struct pki_spec *spec, void *user)
{
	static char subject[256];

	if (level != NITRO_LEAF)
		return;
	snprintf(subject, sizeof(subject), "C=US/CN=%s%s",
		 nitro_module_id(&(struct nitro_spec){ 0 }), (const char *)user);
	spec->subject = subject;
}

static void test_leaf(void)
{
	static const char *const BAD[] = { "eu-central-1.aws", ".eu-central-1",
					   ".eu-central-1.awz" };
	struct nitro_spec spec = { .cert = cut_leaf,
				   .user = (void *)(uintptr_t) ".eu-central-1.aws" };

	nitro_accepts(&b, &spec, "the leaf's name as it should be");
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		spec.user = (void *)(uintptr_t)BAD[i];
		refuses(&spec, "nitro.names", BAD[i]);
	}
}

/* Module ids that the leaf's name repeats, and that are of another form all the same. */
static void name_leaf(enum nitro_level level, struct pki_spec *spec, void *user)
{
	static char subject[256];

	if (level != NITRO_LEAF)
		return;
	snprintf(subject, sizeof(subject), "C=US/CN=%s.eu-central-1.aws", (const char *)user);
	spec->subject = subject;
}

static void test_modules(void)
{
	/* With the instance that the authority above is made for. */
	static const char *const BAD[][2] = {
		{ "j-0f00d5eed5eed5eed-enc0198bc571bf3e785", "j-0f00d5eed5eed5eed" },
		{ "0f00d5eed5eed5eed-enc0198bc571bf3e785", "0f00d5eed5eed5eed-e" },
		{ "i--enc0198bc571bf3e785", "i-" },
		{ "i-0f00d5eed5eed5eed-enc0198bc571bf3e78", "i-0f00d5eed5eed5eed" },
		{ "i-0f00d5eed5eed5eed-enc0198bc571bf3e7850", "i-0f00d5eed5eed5eed" },
		{ "i-0f00d5eed5eed5eed-enc0198bc571bf3e785x", "i-0f00d5eed5eed5eed" },
		{ "i-0f00d5eed5eed5eed-enc0198bc571bf3e78g", "i-0f00d5eed5eed5eed" },
		{ "i-0f00d5eed5eed5eed-enc0198BC571bf3e785", "i-0f00d5eed5eed5eed" },
		{ "i-0f00d5eed5eed5eed-tpm0198bc571bf3e785", "i-0f00d5eed5eed5eed" },
		{ "i-0f00d5eed5eed5eed-enc", "i-0f00d5eed5eed5eed" },
		{ "i-0f00d5eed5eed5eed", "i-0f00d5eed5eed5eed" },
		{ "i-0F00d5eed5eed5eed-enc0198bc571bf3e785", "i-0F00d5eed5eed5eed" },
	};

	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct nitro_spec spec = { .cert = name_leaf,
					   .instance = BAD[i][1],
					   .module_id = BAD[i][0],
					   .user = (void *)(uintptr_t)BAD[i][0] };

		refuses(&spec, "nitro.names", BAD[i][0]);
	}
}

/* ---- serial number ------------------------------------------------------------------------- */

static void set_serial(enum nitro_level level, struct pki_spec *spec, void *user)
{
	if (level == NITRO_LEAF)
		spec->serial = user;
}

static const char *serial(uint64_t id, int64_t issued)
{
	static char text[64];

	snprintf(text, sizeof(text), "%016llx%016llx", (unsigned long long)id,
		 (unsigned long long)issued);
	return text;
}

static void test_serial(void)
{
	const uint64_t launched = (NITRO_NOW - 3600) * 1000ull + 123, id = launched << 16 | 0x1dad;
	const struct {
		const char *name;
		uint64_t id;
		int64_t issued;
		bool good;
	} CASES[] = {
		{ "issued with the leaf's first second", id, NITRO_NOW - 63, true },
		{ "issued with its last", id, NITRO_NOW - 63 + 10803, true },
		{ "issued a second before it starts", id, NITRO_NOW - 64, false },
		{ "issued a second after it ends", id, NITRO_NOW - 63 + 10804, false },
		{ "issued at no time", id, -1, false },
		{ "another enclave", id + 1, NITRO_NOW - 60, false },
		{ "another enclave's first half", id ^ 1ull << 40, NITRO_NOW - 60, false },
	};

	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct nitro_spec spec = {
			.cert = set_serial,
			.user = (void *)(uintptr_t)serial(CASES[i].id, CASES[i].issued),
		};

		if (CASES[i].good)
			nitro_accepts(&b, &spec, CASES[i].name);
		else
			refuses(&spec, "nitro.serial", CASES[i].name);
	}
	struct nitro_spec spec = { .cert = set_serial, .user = (void *)(uintptr_t) "01" };
	refuses(&spec, "nitro.serial", "a serial number of one byte");
	spec.user = (void *)(uintptr_t) "01000000000000000000000000000000000000ff";
	refuses(&spec, "nitro.serial", "one of twenty");
	static char longer[80];
	snprintf(longer, sizeof(longer), "01%s", serial(id, NITRO_NOW - 60));
	spec.user = longer;
	refuses(&spec, "nitro.serial", "one of 17 that ends as it should");
	snprintf(longer, sizeof(longer), "01000000%s", serial(id, NITRO_NOW - 60));
	refuses(&spec, "nitro.serial", "one of twenty that does");
}

/* ---- times --------------------------------------------------------------------------------- */

static void set_time(struct nitro_payload *p, void *user)
{
	uint8_t *value = pki_alloc(9);
	uint64_t ms = *(const uint64_t *)user;

	value[0] = 0x1b;
	for (size_t i = 0; i < 8; i++)
		value[8 - i] = (uint8_t)(ms >> 8 * i);
	nitro_member(p, "timestamp")->value = tacit_slice_of(value, 9);
}

static void test_times(void)
{
	uint64_t ms;
	struct nitro_spec spec = { .payload = set_time, .user = &ms };

	b.cx.now = NITRO_NOW - 63 + 10803; /* the certificates' last second */
	ms = (NITRO_NOW - 63 + 10803) * 1000ull + 999;
	nitro_accepts(&b, &spec, "made in the certificates' last second");
	ms++;
	nitro_refuses(&b, &spec, TACIT_EXPIRED, "nitro.timestamp", "made after they ended");
	ms = (NITRO_NOW - 63 - 60) * 1000ull;
	nitro_accepts(&b, &spec, "made within the skew before they started");
	ms--;
	nitro_refuses(&b, &spec, TACIT_EXPIRED, "nitro.timestamp", "made before that");
	b.cx.now = NITRO_NOW;
	spec = (struct nitro_spec){ .launched_ms = NITRO_NOW * 1000ull + 402 };
	nitro_accepts(&b, &spec, "launched in the document's own millisecond");
	spec.launched_ms++;
	refuses(&spec, "nitro.launch", "launched a millisecond later");
}

/* ---- registers ----------------------------------------------------------------------------- */

static void test_registers(void)
{
	uint8_t one[48] = { 0 }, zeros[48] = { 0 };
	struct nitro_spec spec = { 0 };

	one[47] = 1;
	spec.pcr[4] = TACIT_SLICE_ARRAY(one);
	refuses(&spec, "nitro.pcr.instance", "PCR4 of another instance");
	spec.pcr[4] = TACIT_SLICE_ARRAY(zeros);
	refuses(&spec, "nitro.pcr.instance", "PCR4 of zeros");
	for (unsigned i = 3; i < 32; i++) {
		bool reserved = (i >= 5 && i <= 7) || (i >= 9 && i <= 15);
		char name[32];

		if (i == 4)
			continue;
		memset(spec.pcr, 0, sizeof(spec.pcr));
		spec.pcr[i] = TACIT_SLICE_ARRAY(one);
		snprintf(name, sizeof(name), "PCR%u with a value", i);
		if (reserved)
			refuses(&spec, "nitro.pcr.reserved", name);
		else
			nitro_accepts(&b, &spec, name);
	}
}

/* ---- where it may be left open ------------------------------------------------------------- */

/* Root, instance, leaf: two levels less than AWS has. */
static void short_chain(enum nitro_level level, struct pki_spec *spec, void *user)
{
	(void)user;
	if (level == NITRO_INSTANCE) {
		spec->issuer = b.pki.anchor;
		spec->subject = "C=US/CN=instance";
	}
	if (level == NITRO_LEAF)
		spec->serial = "01";
}

static void three_certs(struct tacit_slice *certs, size_t *count, void *user)
{
	(void)user;
	certs[1] = certs[NITRO_INSTANCE];
	certs[2] = certs[NITRO_LEAF];
	*count = 3;
}

static void test_test_roots(void)
{
	struct nitro_spec spec = { .cert = short_chain,
				   .bundle = three_certs,
				   .module_id = "anything",
				   .launched_ms = NITRO_NOW * 2000ull };

	nitro_accepts(&b, &spec, "another chain under a test root");
	const struct tacit_claims *c = tacit_verdict_claims(&b.verdict);
	ok(nitro_row(&b, "nitro.names", TACIT_CHECK_SKIP) &&
		   nitro_row(&b, "nitro.serial", TACIT_CHECK_SKIP) &&
		   nitro_row(&b, "nitro.launch", TACIT_CHECK_SKIP) &&
		   nitro_row(&b, "nitro.pcr.instance", TACIT_CHECK_SKIP),
	   "is not asked for what it need not have");
	ok(c && !c->nitro->region.ptr && !c->nitro->instance_id.ptr && !c->nitro->enclave_id.ptr &&
		   !c->nitro->launched_at_ms && !c->nitro->enclave_age_seconds,
	   "and makes no claims of it");
	ok(nitro_row(&b, "nitro.timestamp", TACIT_CHECK_PASS), "its time is judged all the same");
	spec.module_id = NULL;
	nitro_accepts(&b, &spec, "a module that only the leaf names");
	c = tacit_verdict_claims(&b.verdict);
	ok(c && !c->nitro->region.ptr && !c->nitro->instance_id.ptr && !c->nitro->enclave_id.ptr,
	   "is not half believed");
}

int main(void)
{
	nitro_start(&b);
	test_names();
	test_leaf();
	test_modules();
	test_serial();
	test_times();
	test_registers();
	test_test_roots();
	pki_done();
	return done();
}
