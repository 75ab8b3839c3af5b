/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pki/snp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "crypto/key.h"

#define YEAR 31536000
#define AMD  "1.3.6.1.4.1.3704.1."
#define REST "/OU=Engineering/C=US/L=Santa Clara/ST=CA/O=Advanced Micro Devices"

struct product {
	const char *ark, *ask, *asvk;
	uint8_t family, model;
	bool turin;
};

static const struct product PRODUCTS[] = {
	{ "CN=ARK-Milan" REST, "CN=SEV-Milan" REST, "CN=SEV-VLEK-Milan" REST, 0x19, 0x01, false },
	{ "CN=ARK-Genoa" REST, "CN=SEV-Genoa" REST, "CN=SEV-VLEK-Genoa" REST, 0x19, 0x11, false },
	{ "CN=ARK-Turin" REST, "CN=SEV-Turin" REST, "CN=SEV-VLEK-Turin" REST, 0x1a, 0x02, true },
};

void snp_put(struct snp_evidence *s, size_t at, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s->report[at + i] = (uint8_t)(value >> 8 * i);
}

struct tacit_slice snp_integer(uint64_t value)
{
	struct pki_buf b = { 0 };

	pki_put_uint(&b, 0x02, value);
	return pki_take(&b);
}

/* ---- the report ---------------------------------------------------------------------------- */

/* FMC 1, boot loader 4, TEE 0, SNP 24, microcode 219, each where the product has it. */
static uint64_t tcb_of(bool turin)
{
	return turin ? 0xdb00000018000401u : 0xdb18000000000004u;
}

static void fill_report(struct snp_evidence *s, const struct product *p, uint32_t version)
{
	static const size_t TCBS[] = { 0x038, 0x180, 0x1e0, 0x1f0 };

	memset(s->report, 0, sizeof(s->report));
	snp_put(s, 0x000, version, 4);
	snp_put(s, 0x004, 7, 4);       /* guest SVN */
	snp_put(s, 0x008, 0x3001f, 8); /* policy: ABI 0.31, SMT */
	memset(s->report + 0x010, 0xf1, 16);
	memset(s->report + 0x020, 0x1d, 16);
	snp_put(s, 0x034, 1, 4); /* ECDSA P-384 */
	snp_put(s, 0x040, version == 2 ? 0x1 : 0x65, 8);
	snp_put(s, 0x048, s->vlek ? 1 << 2 : 0, 4);
	memset(s->report + 0x050, 0x5a, 64); /* report data */
	memset(s->report + 0x090, 0xa0, 48); /* measurement */
	memset(s->report + 0x0c0, 0x0d, 32); /* host data */
	memset(s->report + 0x0e0, 0x1e, 48); /* ID key digest */
	memset(s->report + 0x140, 0x33, 32);
	memset(s->report + 0x160, 0xff, 32);
	for (size_t i = 0; i < sizeof(TCBS) / sizeof(TCBS[0]); i++)
		snp_put(s, TCBS[i], tcb_of(p->turin), 8);
	if (version > 2) {
		s->report[0x188] = p->family;
		s->report[0x189] = p->model;
		s->report[0x18a] = 1;
	}
	if (!s->vlek)
		memset(s->report + 0x1a0, 0xc7, p->turin ? 8 : 64);
	snp_put(s, 0x1e8, 0x01371d, 3); /* 1.55.29 */
	snp_put(s, 0x1ec, 0x013715, 3); /* 1.55.21 */
	if (version >= 5) {
		snp_put(s, 0x1f8, 0x0b, 8);
		snp_put(s, 0x200, 0x3f, 8);
	}
}

/* ---- certificates -------------------------------------------------------------------------- */

void snp_add_ext(struct snp_evidence *s, const char *suffix, struct tacit_slice value)
{
	size_t len = strlen(AMD) + strlen(suffix) + 1;
	char *oid = (char *)pki_alloc(len);

	if (s->ext_count == SNP_EXTS)
		abort();
	snprintf(oid, len, "%s%s", AMD, suffix);
	s->exts[s->ext_count].oid = oid;
	s->exts[s->ext_count].value = value;
	s->ext_count++;
}

struct pki_ext *snp_ext(struct snp_evidence *s, const char *suffix)
{
	for (size_t i = 0; i < s->ext_count; i++)
		if (strcmp(s->exts[i].oid + strlen(AMD), suffix) == 0)
			return &s->exts[i];
	return NULL;
}

void snp_drop_ext(struct snp_evidence *s, const char *suffix)
{
	struct pki_ext *ext = snp_ext(s, suffix);

	if (!ext)
		abort();
	*ext = s->exts[--s->ext_count];
}

static struct tacit_slice ia5(const char *text)
{
	struct pki_buf b = { 0 };

	pki_put(&b, 0x16, tacit_slice_str(text));
	return pki_take(&b);
}

static void fill_exts(struct snp_evidence *s, const struct product *p)
{
	s->ext_count = 0;
	snp_add_ext(s, "1", snp_integer(p->turin));
	snp_add_ext(s, "2", ia5(p->turin ? "Turin" : "Milan-B0"));
	snp_add_ext(s, "3.1", snp_integer(4));
	snp_add_ext(s, "3.2", snp_integer(0));
	if (!p->turin)
		snp_add_ext(s, "3.4", snp_integer(0));
	snp_add_ext(s, "3.5", snp_integer(0));
	snp_add_ext(s, "3.6", snp_integer(0));
	snp_add_ext(s, "3.7", snp_integer(0));
	snp_add_ext(s, "3.3", snp_integer(24));
	snp_add_ext(s, "3.8", snp_integer(219));
	if (p->turin)
		snp_add_ext(s, "3.9", snp_integer(1));
	if (s->vlek)
		snp_add_ext(s, "5", ia5("CN=cc-test-1.example.com"));
	else
		snp_add_ext(s, "4", pki_copy(tacit_slice_of(s->report + 0x1a0, p->turin ? 8 : 64)));
}

static void fill_ca(struct pki_spec *spec, EVP_PKEY *key, const char *subject, const char *serial)
{
	spec->key = key;
	spec->subject = subject;
	spec->serial = serial;
	spec->not_before = SNP_NOW - 5 * (int64_t)YEAR;
	spec->not_after = SNP_NOW + 20 * (int64_t)YEAR;
	spec->ca = true;
	spec->key_usage = TACIT_KU_CERT_SIGN | TACIT_KU_CRL_SIGN;
	spec->pss_trailer = true;
}

static void fill_vek(struct snp_evidence *s)
{
	struct pki_spec *spec = &s->vek_spec;

	spec->key = pki_key(PKI_P384);
	spec->subject = s->vlek ? "CN=SEV-VLEK" REST : "CN=SEV-VCEK" REST;
	spec->serial = "00";
	spec->not_before = SNP_NOW - YEAR;
	spec->not_after = SNP_NOW + (s->vlek ? 1 : 6) * (int64_t)YEAR;
	spec->no_ski = spec->no_aki = true;
	spec->pss_trailer = true;
}

void snp_init(struct snp_evidence *s, enum snp_make_product product, uint32_t version, bool vlek)
{
	const struct product *p = &PRODUCTS[product];

	memset(s, 0, sizeof(*s));
	s->product = product;
	s->vlek = vlek;
	fill_report(s, p, version);
	fill_ca(&s->ark_spec, pki_key(PKI_RSA4096), p->ark, "010000");
	fill_ca(&s->ica_spec, pki_key(PKI_RSA4096), vlek ? p->asvk : p->ask, "010001");
	s->ica_spec.limited = true;
	fill_vek(s);
	fill_exts(s, p);
}

void snp_sign(struct snp_evidence *s)
{
	EVP_PKEY *key = s->signer ? s->signer : s->vek_spec.key;
	struct tacit_slice raw = pki_sign_raw(key, tacit_slice_of(s->report, 0x2a0));

	memset(s->report + 0x2a0, 0, 144);
	for (size_t i = 0; i < 48 && raw.len == 96; i++) {
		s->report[0x2a0 + i] = raw.ptr[47 - i];
		s->report[0x2e8 + i] = raw.ptr[95 - i];
	}
}

void snp_make(struct snp_evidence *s)
{
	s->ark = pki_cert(&s->ark_spec);
	s->ica_spec.issuer = s->ark;
	s->ica = pki_cert(&s->ica_spec);
	s->vek_spec.issuer = s->ica;
	s->vek_spec.exts = s->exts;
	s->vek_spec.ext_count = s->ext_count;
	s->vek = pki_cert(&s->vek_spec);
	snp_sign(s);
}

/* ---- tables -------------------------------------------------------------------------------- */

static const uint8_t GUIDS[][16] = {
	{ 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac,
	  0xcd },
	{ 0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8,
	  0xa1 },
	{ 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7,
	  0x82 },
	{ 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0,
	  0xae },
	{ 0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc, 0x67,
	  0xea },
	{ 0x9f, 0x41, 0x16, 0xcd, 0xc5, 0x03, 0x4f, 0x5a, 0x8f, 0x6f, 0xfb, 0x68, 0x88, 0x2f, 0x4c,
	  0xe2 },
};

static void put_guid(struct pki_buf *b, const struct snp_entry *e)
{
	uint8_t guid[16];

	memcpy(guid, GUIDS[e->kind], sizeof(guid));
	if (e->efi) {
		static const uint8_t FROM[8] = { 3, 2, 1, 0, 5, 4, 7, 6 };

		for (size_t i = 0; i < 8; i++)
			guid[i] = GUIDS[e->kind][FROM[i]];
	}
	pki_raw(b, TACIT_SLICE_ARRAY(guid));
}

static void put_le32(struct pki_buf *b, uint32_t value)
{
	uint8_t bytes[4];

	for (size_t i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	pki_raw(b, TACIT_SLICE_ARRAY(bytes));
}

struct tacit_slice snp_table(const struct snp_entry *entries, size_t count, size_t pad)
{
	struct pki_buf b = { 0 };
	size_t at = (count + 1) * 24;

	for (size_t i = 0; i < count; i++) {
		put_guid(&b, &entries[i]);
		put_le32(&b, entries[i].placed ? entries[i].offset : (uint32_t)at);
		put_le32(&b,
			 entries[i].placed ? entries[i].length : (uint32_t)entries[i].content.len);
		at += entries[i].content.len;
	}
	pki_raw(&b, tacit_slice_of(pki_alloc(24), 24));
	for (size_t i = 0; i < count; i++)
		pki_raw(&b, entries[i].content);
	if (pad)
		pki_raw(&b, tacit_slice_of(pki_alloc(pad), pad));
	return pki_take(&b);
}

struct tacit_slice snp_usual_table(const struct snp_evidence *s)
{
	struct snp_entry entries[3] = {
		{ .kind = s->vlek ? SNP_ENTRY_VLEK : SNP_ENTRY_VCEK, .content = s->vek->der },
		{ .kind = SNP_ENTRY_ASK, .content = s->ica->der },
		{ .kind = SNP_ENTRY_ARK, .content = s->ark->der },
	};

	return snp_table(entries, 3, 0);
}

struct tacit_slice snp_evidence(const struct snp_evidence *s, struct tacit_slice table)
{
	struct pki_buf b = { 0 };

	pki_raw(&b, TACIT_SLICE_ARRAY(s->report));
	pki_raw(&b, table);
	return pki_take(&b);
}

/* ---- files --------------------------------------------------------------------------------- */

static bool write_file(const char *dir, const char *name, struct tacit_slice bytes)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "wb");
	bool good = f && fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len;
	if (f)
		good &= fclose(f) == 0;
	if (!good)
		perror(path);
	return good;
}

static bool write_crl(const char *dir, const char *name, const struct snp_evidence *s,
		      const struct pki_crl_spec *departures)
{
	struct pki_crl_spec spec = *departures;

	spec.issuer = s->ark;
	spec.number = 3;
	spec.sig = PKI_SIG_PSS_SHA384;
	if (!spec.this_update)
		spec.this_update = SNP_NOW - 86400;
	if (!spec.next_update)
		spec.next_update = SNP_NOW + 86400;
	return write_file(dir, name, pki_crl(&spec));
}

/* What AMD's service may answer: revocation lists, and certificates of other keys. */
static bool write_answers(const char *dir, struct snp_evidence *s)
{
	static const char *const ASK[] = { "010001" };
	struct snp_evidence other = *s;

	bool good =
		write_crl(dir, "snp-crl.der", s, &(struct pki_crl_spec){ .version = 0 }) &&
		write_crl(dir, "snp-crl-newer.der", s,
			  &(struct pki_crl_spec){ .this_update = SNP_NOW - 60 }) &&
		write_crl(dir, "snp-crl-stale.der", s,
			  &(struct pki_crl_spec){ .next_update = SNP_NOW - 1 }) &&
		write_crl(dir, "snp-crl-forged.der", s,
			  &(struct pki_crl_spec){ .signer = s->ica_spec.key }) &&
		write_crl(dir, "snp-crl-revokes.der", s,
			  &(struct pki_crl_spec){ .serials = ASK, .serial_count = 1 });
	snp_drop_ext(&other, "3.8");
	snp_add_ext(&other, "3.8", snp_integer(218));
	other.vek_spec.exts = other.exts;
	other.vek_spec.ext_count = other.ext_count;
	return good && write_file(dir, "snp-vek-tcb.der", pki_cert(&other.vek_spec)->der);
}

/* Certificates are good around now, not around SNP_NOW. */
static void make_now(struct snp_evidence *s)
{
	struct pki_spec *specs[] = { &s->ark_spec, &s->ica_spec, &s->vek_spec };

	for (size_t i = 0; i < 3; i++) {
		specs[i]->not_before += (int64_t)time(NULL) - SNP_NOW;
		specs[i]->not_after += (int64_t)time(NULL) - SNP_NOW;
	}
	snp_make(s);
}

/* Hex of REPORT_DATA, a line each, in; report and table of one machine, base64, out. */
static int answer_lines(const char *dir)
{
	static char line[1024], text[32768];
	struct snp_evidence s;

	snp_init(&s, SNP_MAKE_GENOA, 5, false);
	make_now(&s);
	if (!write_file(dir, "snp-ark.der", s.ark->der))
		return 1;
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		struct tacit_slice data = pki_hex(line);
		if (data.len > 64)
			return 2;
		memset(s.report + 0x50, 0, 64);
		if (data.len)
			memcpy(s.report + 0x50, data.ptr, data.len);
		snp_sign(&s);
		tacit_base64_encode(TACIT_BASE64, snp_evidence(&s, snp_usual_table(&s)), text);
		puts(text);
		fflush(stdout);
	}
	pki_done();
	return 0;
}

/*
 * mkevidence snp DIR [milan|genoa|turin [vcek|vlek]]: with a table (snp.bin), alone, and its
 * certificates; with the kind of key named, also what AMD's service may answer. With --lines a
 * report for each line of stdin.
 */
int mkevidence_snp(int argc, char **argv)
{
	struct snp_evidence s;
	const char *which = argc > 2 ? argv[2] : "genoa";
	enum snp_make_product product = strcmp(which, "milan") == 0   ? SNP_MAKE_MILAN
					: strcmp(which, "turin") == 0 ? SNP_MAKE_TURIN
								      : SNP_MAKE_GENOA;

	if (argc < 2)
		return 2;
	if (strcmp(which, "--lines") == 0)
		return answer_lines(argv[1]);
	snp_init(&s, product, product == SNP_MAKE_MILAN ? 3 : 5,
		 argc > 3 && strcmp(argv[3], "vlek") == 0);
	snp_make(&s);
	bool good = write_file(argv[1], "snp.bin", snp_evidence(&s, snp_usual_table(&s))) &&
		    write_file(argv[1], "snp-report.bin", TACIT_SLICE_ARRAY(s.report)) &&
		    write_file(argv[1], "snp-vek.der", s.vek->der) &&
		    write_file(argv[1], "snp-ask.der", s.ica->der) &&
		    write_file(argv[1], "snp-ark.der", s.ark->der);
	if (argc > 3)
		good = good && write_answers(argv[1], &s);
	pki_done();
	return good ? 0 : 1;
}
