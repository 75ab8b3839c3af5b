/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pki/nitro.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/writer.h"
#include "codec/cbor.h"
#include "codec/cose.h"
#include "codec/der.h"
#include "crypto/hash.h"

#define INSTANCE "i-0f00d5eed5eed5eed"
#define REGION   "eu-central-1"
#define ROLE     "arn:aws:iam::123456789012:role/example"
#define DAY      86400
#define HOUR     3600

static const uint8_t ES384[] = { 0xa1, 0x01, 0x38, 0x22 };
static const uint8_t EMPTY_MAP[] = { 0xa0 };

__attribute__((format(printf, 1, 2))) static const char *print(const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return (const char *)pki_copy(tacit_slice_of(text, (size_t)n + 1)).ptr;
}

/* ---- what follows from a spec -------------------------------------------------------------- */

static int64_t now_of(const struct nitro_spec *spec)
{
	return spec->now ? spec->now : NITRO_NOW;
}

static int64_t issued_of(const struct nitro_spec *spec)
{
	return spec->issued ? spec->issued : now_of(spec) - 60;
}

static uint64_t id_of(const struct nitro_spec *spec)
{
	uint64_t launched = spec->launched_ms ? spec->launched_ms
					      : (uint64_t)(now_of(spec) - HOUR) * 1000 + 123;

	return launched << 16 | 0x1dad;
}

static const char *instance_of(const struct nitro_spec *spec)
{
	return spec->instance ? spec->instance : INSTANCE;
}

static const char *region_of(const struct nitro_spec *spec)
{
	return spec->region ? spec->region : REGION;
}

static const char *usual_module(const struct nitro_spec *spec)
{
	if (spec->tpm)
		return print("%s-tpm0000000000000000", instance_of(spec));
	return print("%s-enc%016llx", instance_of(spec), (unsigned long long)id_of(spec));
}

const char *nitro_module_id(const struct nitro_spec *spec)
{
	return spec->module_id ? spec->module_id : usual_module(spec);
}

/* ---- certificates -------------------------------------------------------------------------- */

/* A CRL distribution point, as AWS's CAs name one that nobody is to fetch. */
static const struct pki_ext *crl_point(void)
{
	static struct pki_ext ext = { .oid = "2.5.29.31" };
	struct pki_buf b = { NULL, 0, 0 };

	pki_put(&b, TACIT_DER_PRIMITIVE(6), tacit_slice_str("http://crl.example/nitro.crl"));
	pki_wrap(&b, 0, TACIT_DER_CONTEXT(0));
	pki_wrap(&b, 0, TACIT_DER_CONTEXT(0));
	pki_wrap(&b, 0, TACIT_DER_SEQUENCE);
	pki_wrap(&b, 0, TACIT_DER_SEQUENCE);
	ext.value = pki_take(&b);
	return &ext;
}

static void name_level(enum nitro_level level, const struct nitro_spec *spec, struct pki_spec *ret)
{
	const char *region = region_of(spec);

	switch (level) {
	case NITRO_ROOT:
		ret->subject = "C=US/O=Amazon/OU=AWS/CN=aws.nitro-enclaves";
		break;
	case NITRO_REGIONAL:
		ret->subject = print("C=US/O=Amazon/OU=AWS/"
				     "CN=84dde1b34e42ca38.%s.aws.nitro-enclaves",
				     region);
		break;
	case NITRO_ZONAL:
		ret->subject = print("CN=159cc35c5cd76fb7.zonal.%s.aws.nitro-enclaves/"
				     "OU=AWS/O=Amazon/C=US/ST=WA/L=Seattle",
				     region);
		break;
	case NITRO_INSTANCE:
		ret->subject = print("C=US/ST=Washington/L=Seattle/O=Amazon/OU=AWS/"
				     "CN=%s.%s.aws.nitro-enclaves",
				     instance_of(spec), region);
		break;
	case NITRO_LEAF:
	case NITRO_LEVELS:
		ret->subject = print("C=US/ST=Washington/L=Seattle/O=Amazon/OU=AWS/CN=%s.%s.aws",
				     usual_module(spec), region);
		break;
	}
}

static void date_level(enum nitro_level level, const struct nitro_spec *spec, struct pki_spec *ret)
{
	static const struct {
		int64_t before, length;
	} DATES[NITRO_LEVELS] = {
		[NITRO_REGIONAL] = { 6 * DAY, 1731600 },
		[NITRO_ZONAL] = { 2 * DAY, 496800 },
		[NITRO_INSTANCE] = { 5 * HOUR, DAY },
		[NITRO_LEAF] = { 3, 10803 },
	};

	ret->not_before = issued_of(spec) - DATES[level].before;
	ret->not_after = ret->not_before + DATES[level].length;
	if (level == NITRO_ROOT) {
		ret->not_before = 1572269285;
		ret->not_after = 2519044085;
	}
}

static void fill_level(enum nitro_level level, const struct nitro_pki *pki,
		       const struct nitro_spec *spec, struct pki_spec *ret)
{
	ret->key = pki->keys[level];
	name_level(level, spec, ret);
	date_level(level, spec, ret);
	ret->basic = true;
	ret->ca = level != NITRO_LEAF;
	ret->limited = level != NITRO_LEAF && level != NITRO_ROOT;
	ret->path_len = (unsigned)NITRO_INSTANCE - level;
	ret->key_usage = TACIT_KU_DIGITAL_SIGNATURE | TACIT_KU_CERT_SIGN | TACIT_KU_CRL_SIGN;
	if (level == NITRO_INSTANCE)
		ret->key_usage = TACIT_KU_CERT_SIGN;
	if (level == NITRO_LEAF) {
		ret->key_usage = TACIT_KU_DIGITAL_SIGNATURE | 0x0002u; /* nonRepudiation */
		ret->key_usage_not_critical = true;
		ret->serial = print("%016llx%016llx", (unsigned long long)id_of(spec),
				    (unsigned long long)issued_of(spec));
	}
	ret->no_ski = level == NITRO_LEAF;
	ret->no_aki = level == NITRO_LEAF || level == NITRO_ROOT;
	if (level == NITRO_REGIONAL || level == NITRO_ZONAL) {
		ret->exts = crl_point();
		ret->ext_count = 1;
	}
}

void nitro_pki_init_root(struct nitro_pki *pki, EVP_PKEY *root)
{
	static const struct nitro_spec USUAL;
	struct pki_spec spec = { 0 };

	memset(pki, 0, sizeof(*pki));
	for (size_t i = 0; i < NITRO_LEVELS; i++)
		pki->keys[i] = i == NITRO_ROOT && root ? root : pki_key(PKI_P384);
	fill_level(NITRO_ROOT, pki, &USUAL, &spec);
	pki->anchor = pki_cert(&spec);
	pki->root = pki->anchor->der;
}

void nitro_pki_init(struct nitro_pki *pki)
{
	nitro_pki_init_root(pki, NULL);
}

/* Gives the key that the leaf was made with, which a departure may have changed. */
static EVP_PKEY *make_certs(const struct nitro_pki *pki, const struct nitro_spec *spec,
			    struct tacit_slice ret[NITRO_LEVELS])
{
	struct pki_cert *above = pki->anchor;

	ret[NITRO_ROOT] = above->der;
	for (enum nitro_level level = NITRO_ROOT; level < NITRO_LEVELS; level++) {
		struct pki_spec one = { 0 };

		if (level == NITRO_ROOT && !spec->cert)
			continue;
		fill_level(level, pki, spec, &one);
		one.issuer = level == NITRO_ROOT ? NULL : above;
		const struct pki_spec usual = one;
		if (spec->cert)
			spec->cert(level, &one, spec->user);
		/* An untouched root stays the kit's, byte for byte. */
		if (level == NITRO_ROOT && memcmp(&one, &usual, sizeof(one)) == 0)
			continue;
		above = pki_cert(&one);
		ret[level] = above->der;
	}
	return above->key;
}

void nitro_certs(const struct nitro_pki *pki, const struct nitro_spec *spec,
		 struct tacit_slice ret[NITRO_LEVELS])
{
	(void)make_certs(pki, spec, ret);
}

/* ---- the payload --------------------------------------------------------------------------- */

static struct tacit_slice finish(struct writer *w)
{
	struct tacit_slice out;

	if (wr_finish(w, "pki", &out, NULL) != TACIT_OK) {
		fprintf(stderr, "pki: no room for a document\n");
		exit(70);
	}
	return out;
}

static struct writer room_for(size_t size)
{
	return wr_of(tacit_mut_of(pki_alloc(size), size));
}

struct tacit_slice nitro_bytes(struct tacit_slice content)
{
	struct writer w = room_for(content.len + 9);

	tacit_cbor_put_bytes(&w, content);
	return finish(&w);
}

struct tacit_slice nitro_text(const char *content)
{
	struct writer w = room_for(strlen(content) + 9);

	tacit_cbor_put_text(&w, tacit_slice_str(content));
	return finish(&w);
}

static struct tacit_slice put_optional(struct tacit_slice content)
{
	struct writer w = room_for(content.len + 9);

	if (content.ptr)
		tacit_cbor_put_bytes(&w, content);
	else
		tacit_cbor_put_null(&w);
	return finish(&w);
}

/* SHA-384 of 48 zeros and a text, as the hypervisor extends PCR3 and PCR4. */
static struct tacit_slice extended(const char *text)
{
	static const uint8_t zeros[48];
	const struct tacit_slice parts[] = { TACIT_SLICE_ARRAY(zeros), tacit_slice_str(text) };
	uint8_t *digest = pki_alloc(48);

	if (tacit_hash_parts(TACIT_SHA384, parts, 2, digest, NULL) != TACIT_OK)
		exit(70);
	return tacit_slice_of(digest, 48);
}

/* What register `i` holds; absent above 15 unless the spec has it. */
static struct tacit_slice register_of(const struct nitro_spec *spec, unsigned i)
{
	uint8_t *value = pki_alloc(48);

	if (spec->pcr[i].ptr || i >= 16)
		return spec->pcr[i];
	if (i == 3)
		return extended(ROLE);
	if (i == 4)
		return extended(instance_of(spec));
	if (i < 3 && !spec->debug)
		memset(value, (int)(0xa0 + i), 48);
	return tacit_slice_of(value, 48);
}

static struct tacit_slice put_registers(const struct nitro_spec *spec)
{
	struct writer w = room_for(32 * 52 + 9);
	uint64_t count = 0;

	for (unsigned i = 0; i < 32; i++)
		count += register_of(spec, i).ptr && !(spec->without & 1u << i);
	tacit_cbor_put_map(&w, count);
	for (unsigned i = 0; i < 32; i++) {
		struct tacit_slice value = register_of(spec, i);

		if (!value.ptr || spec->without & 1u << i)
			continue;
		tacit_cbor_put_uint(&w, i);
		tacit_cbor_put_bytes(&w, value);
	}
	return finish(&w);
}

static struct tacit_slice put_bundle(const struct tacit_slice *certs, size_t count)
{
	struct writer w = room_for(count * 2048 + 9);

	tacit_cbor_put_array(&w, count);
	for (size_t i = 0; i < count; i++)
		tacit_cbor_put_bytes(&w, certs[i]);
	return finish(&w);
}

static struct tacit_slice put_time(const struct nitro_spec *spec)
{
	struct writer w = room_for(16);

	tacit_cbor_put_uint(&w, (uint64_t)now_of(spec) * 1000 + 402);
	return finish(&w);
}

static void add_member(struct nitro_payload *p, const char *key, struct tacit_slice value)
{
	p->members[p->count++] = (struct nitro_member){ key, value };
}

static struct tacit_slice encode_payload(const struct nitro_payload *p)
{
	struct writer w = room_for(32768);

	if (p->definite)
		tacit_cbor_put_map(&w, p->count);
	else
		wr_u8(&w, 0xbf);
	for (size_t i = 0; i < p->count; i++) {
		tacit_cbor_put_text(&w, tacit_slice_str(p->members[i].key));
		wr_bytes(&w, p->members[i].value);
	}
	if (!p->definite)
		wr_u8(&w, 0xff);
	return finish(&w);
}

struct nitro_member *nitro_member(struct nitro_payload *payload, const char *key)
{
	for (size_t i = 0; i < payload->count; i++)
		if (strcmp(payload->members[i].key, key) == 0)
			return &payload->members[i];
	return NULL;
}

static struct tacit_slice make_payload(const struct nitro_spec *spec,
				       struct tacit_slice certs[NITRO_LEVELS * 2])
{
	struct nitro_payload p = { .definite = spec->definite };
	size_t count = NITRO_LEVELS;

	if (spec->bundle)
		spec->bundle(certs, &count, spec->user);
	add_member(&p, "module_id", nitro_text(nitro_module_id(spec)));
	add_member(&p, "digest", nitro_text("SHA384"));
	add_member(&p, "timestamp", put_time(spec));
	add_member(&p, spec->tpm ? "nitrotpm_pcrs" : "pcrs", put_registers(spec));
	add_member(&p, "certificate", nitro_bytes(certs[count - 1]));
	add_member(&p, "cabundle", put_bundle(certs, count - 1));
	add_member(&p, "public_key", put_optional(spec->public_key));
	add_member(&p, "user_data", put_optional(spec->user_data));
	add_member(&p, "nonce", put_optional(spec->nonce));
	if (spec->payload)
		spec->payload(&p, spec->user);
	return encode_payload(&p);
}

/* ---- the envelope -------------------------------------------------------------------------- */

static struct tacit_slice seal(const struct nitro_envelope *e)
{
	struct tacit_slice none = { NULL, 0 }, message = none, signature = e->signature;
	struct writer w = room_for(65536);
	size_t size = tacit_cose_sig_structure_max(e->protected_bytes, none, e->payload);

	if (!signature.ptr) {
		if (tacit_cose_sig_structure(e->protected_bytes, none, e->payload,
					     tacit_mut_of(pki_alloc(size), size), &message,
					     NULL) != TACIT_OK)
			exit(70);
		signature = pki_sign_raw(e->key, message);
	}
	if (e->tagged)
		tacit_cbor_put_tag(&w, TACIT_COSE_SIGN1_TAG);
	tacit_cbor_put_array(&w, 4);
	tacit_cbor_put_bytes(&w, e->protected_bytes);
	wr_bytes(&w, e->unprotected);
	tacit_cbor_put_bytes(&w, e->payload);
	tacit_cbor_put_bytes(&w, signature);
	return finish(&w);
}

struct tacit_slice nitro_document(const struct nitro_pki *pki, const struct nitro_spec *spec)
{
	struct tacit_slice certs[NITRO_LEVELS * 2] = { 0 };
	struct nitro_envelope e = {
		.tagged = spec->tagged,
		.protected_bytes = TACIT_SLICE_ARRAY(ES384),
		.unprotected = TACIT_SLICE_ARRAY(EMPTY_MAP),
	};

	e.key = make_certs(pki, spec, certs);
	e.payload = make_payload(spec, certs);
	if (spec->envelope)
		spec->envelope(&e, spec->user);
	return seal(&e);
}

/* ---- files --------------------------------------------------------------------------------- */

static void write_file(const char *dir, const char *name, struct tacit_slice bytes)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "wb");
	bool written = f && fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len;
	if (!f || fclose(f) != 0 || !written) {
		fprintf(stderr, "mkevidence: cannot write %s\n", path);
		exit(5);
	}
}

static int usage(void)
{
	fprintf(stderr,
		"mkevidence nitro DIR [--now SECONDS] [--issued SECONDS] [--launched MS]\n"
		"  [--nonce HEX] [--user-data HEX] [--public-key HEX] [--pcrN HEX]...\n"
		"  [--region NAME] [--instance ID] [--debug] [--tpm] [--definite] [--tagged]\n"
		"Writes DIR/root.der and DIR/document.cose; or, with --lines, a document in "
		"base64\n"
		"for every line of such options; with --one-chain behind it all of one chain.\n");
	return 2;
}

static bool read_flag(const char *name, struct nitro_spec *spec)
{
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{ "--debug", &spec->debug },
		{ "--tpm", &spec->tpm },
		{ "--definite", &spec->definite },
		{ "--tagged", &spec->tagged },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(name, flags[i].name) != 0)
			continue;
		*flags[i].flag = true;
		return true;
	}
	return false;
}

static bool read_option(const char *name, const char *value, struct nitro_spec *spec)
{
	unsigned long index = strncmp(name, "--pcr", 5) == 0 ? strtoul(name + 5, NULL, 10) : 32;

	if (index < 32)
		spec->pcr[index] = pki_hex(value);
	else if (strcmp(name, "--now") == 0)
		spec->now = strtoll(value, NULL, 10);
	else if (strcmp(name, "--issued") == 0)
		spec->issued = strtoll(value, NULL, 10);
	else if (strcmp(name, "--launched") == 0)
		spec->launched_ms = strtoull(value, NULL, 10);
	else if (strcmp(name, "--nonce") == 0)
		spec->nonce = pki_hex(value);
	else if (strcmp(name, "--user-data") == 0)
		spec->user_data = pki_hex(value);
	else if (strcmp(name, "--public-key") == 0)
		spec->public_key = pki_hex(value);
	else if (strcmp(name, "--region") == 0)
		spec->region = value;
	else if (strcmp(name, "--instance") == 0)
		spec->instance = value;
	else
		return false;
	return true;
}

static bool read_options(int argc, char **argv, struct nitro_spec *spec)
{
	for (int i = 0; i < argc; i++) {
		if (read_flag(argv[i], spec))
			continue;
		if (i + 1 == argc || !read_option(argv[i], argv[i + 1], spec))
			return false;
		i++;
	}
	return true;
}

/* The first document's certificates for all, as of one enclave; only the leaf's key signs. */
struct chain {
	struct tacit_slice certificate, cabundle;
};

static void same_chain(struct nitro_payload *payload, void *user)
{
	struct chain *chain = user;
	struct nitro_member *leaf = nitro_member(payload, "certificate");
	struct nitro_member *bundle = nitro_member(payload, "cabundle");

	if (!chain->certificate.ptr) {
		chain->certificate = leaf->value;
		chain->cabundle = bundle->value;
	}
	leaf->value = chain->certificate;
	bundle->value = chain->cabundle;
}

/* Options of one document a line, in; the document, base64, out: all under one root. */
static int answer_lines(const struct nitro_pki *pki, bool one_chain)
{
	static char line[16384], text[32768];
	struct chain chain = { { NULL, 0 }, { NULL, 0 } };

	while (fgets(line, sizeof(line), stdin)) {
		struct nitro_spec spec = { .payload = one_chain ? same_chain : NULL,
					   .user = &chain };
		char *argv[64], *rest = NULL;
		int argc = 0;

		for (char *word = strtok_r(line, " \n", &rest); word && argc < 64;
		     word = strtok_r(NULL, " \n", &rest))
			argv[argc++] = word;
		if (!read_options(argc, argv, &spec))
			return usage();
		tacit_base64_encode(TACIT_BASE64, nitro_document(pki, &spec), text);
		puts(text);
		fflush(stdout);
	}
	return 0;
}

/* argv[0] is "nitro". A NITRO document in DIR and the root to judge it with. */
int mkevidence_nitro(int argc, char **argv)
{
	struct nitro_spec spec = { 0 };
	struct nitro_pki pki;
	bool one_chain = argc == 4 && strcmp(argv[3], "--one-chain") == 0;
	bool lines = (argc == 3 || one_chain) && strcmp(argv[2], "--lines") == 0;
	int code = 0;

	if (argc < 2 || (!lines && !read_options(argc - 2, argv + 2, &spec)))
		return usage();
	nitro_pki_init(&pki);
	write_file(argv[1], "root.der", pki.root);
	if (lines)
		code = answer_lines(&pki, one_chain);
	else
		write_file(argv[1], "document.cose", nitro_document(&pki, &spec));
	pki_done();
	return code;
}
