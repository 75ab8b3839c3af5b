/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compiler.h"
#include "base/writer.h"
#include "codec/cose.h"
#include "crypto/key.h"
#include "tee/nitro/eif.h"
#include "tests/pki/pki.h"
#include "tests/tap.h"

#define DAY   86400
#define NOW   1795219200 /* 2026-11-21 */
#define ES256 (-7)
#define ES384 (-35)
#define ES512 (-36)

static uint8_t room[TACIT_EIF_ROOM], bytes[16384];
static struct tacit_arena arena;

/* A section as somebody could make it; zeros are as it should be. */
struct spec {
	enum pki_kind kind;     /* of the signing key */
	EVP_PKEY *other;        /* signs instead of the certificate's key */
	int64_t alg;            /* in the header */
	uint64_t index;         /* of the register */
	uint8_t pcr0_xor;       /* at its first byte */
	size_t register_len;    /* 0: 48 */
	unsigned signatures;    /* 0: one */
	const char *first_name; /* instead of "signing_certificate" */
	bool bytes_not_numbers; /* the certificate as a byte string */
	bool big_number;        /* 256 among the numbers */
	bool extra_byte, unprotected_label;
	int64_t not_before, not_after;
	const char *pem_text; /* instead of the certificate */
};

static void put_numbers(struct writer *w, struct tacit_slice in, bool big)
{
	tacit_cbor_put_array(w, in.len);
	for (size_t i = 0; i < in.len; i++)
		tacit_cbor_put_uint(w, big && i == 3 ? 256 : in.ptr[i]);
}

static struct tacit_slice make_payload(const struct spec *s, const uint8_t *pcr0, uint8_t *out)
{
	struct writer w = wr_of(tacit_mut_of(out, 256));
	uint8_t value[64] = { 0 };

	memcpy(value, pcr0, TACIT_EIF_PCR_LEN);
	value[0] ^= s->pcr0_xor;
	tacit_cbor_put_map(&w, 2);
	tacit_cbor_put_text(&w, tacit_slice_str("register_index"));
	tacit_cbor_put_uint(&w, s->index);
	tacit_cbor_put_text(&w, tacit_slice_str("register_value"));
	put_numbers(&w, tacit_slice_of(value, s->register_len ? s->register_len : 48), false);
	return tacit_slice_of(out, w.at);
}

static struct tacit_slice make_cose(const struct spec *s, struct tacit_slice payload, EVP_PKEY *key,
				    uint8_t *out)
{
	uint8_t head_room[16], message_room[1024];
	struct writer head = wr_of(tacit_mut_of(head_room, sizeof(head_room)));
	struct writer w = wr_of(tacit_mut_of(out, 1024));
	struct tacit_slice message, none = { NULL, 0 };

	tacit_cbor_put_map(&head, 1);
	tacit_cbor_put_uint(&head, 1);
	tacit_cbor_put_int(&head, s->alg);
	if (tacit_cose_sig_structure(tacit_slice_of(head_room, head.at), none, payload,
				     tacit_mut_of(message_room, sizeof(message_room)), &message,
				     NULL) != TACIT_OK)
		exit(1);
	tacit_cbor_put_array(&w, 4);
	tacit_cbor_put_bytes(&w, tacit_slice_of(head_room, head.at));
	tacit_cbor_put_map(&w, s->unprotected_label ? 1 : 0);
	if (s->unprotected_label) {
		tacit_cbor_put_uint(&w, 2); /* "crit" */
		tacit_cbor_put_uint(&w, 2);
	}
	tacit_cbor_put_bytes(&w, payload);
	tacit_cbor_put_bytes(&w, pki_sign_raw(key, message));
	if (s->extra_byte)
		wr_u8(&w, 0);
	return tacit_slice_of(out, w.at);
}

static struct tacit_slice make(const struct spec *s, const uint8_t *pcr0)
{
	struct pki_spec certificate = { .key = pki_key(s->kind),
					.subject = "CN=signer",
					.not_before = s->not_before ? s->not_before : NOW - DAY,
					.not_after = s->not_after ? s->not_after : NOW + DAY };
	const struct pki_cert *cert = pki_cert(&certificate);
	struct tacit_slice pem = s->pem_text ? tacit_slice_str(s->pem_text) : pki_pem(&cert, 1, 0);
	uint8_t payload_room[256], cose_room[1024];
	struct tacit_slice payload = make_payload(s, pcr0, payload_room);
	struct tacit_slice cose =
		make_cose(s, payload, s->other ? s->other : certificate.key, cose_room);
	struct writer w = wr_of(tacit_mut_of(bytes, sizeof(bytes)));

	tacit_cbor_put_array(&w, s->signatures ? s->signatures : 1);
	tacit_cbor_put_map(&w, 2);
	tacit_cbor_put_text(&w,
			    tacit_slice_str(s->first_name ? s->first_name : "signing_certificate"));
	if (s->bytes_not_numbers)
		tacit_cbor_put_bytes(&w, pem);
	else
		put_numbers(&w, pem, s->big_number);
	tacit_cbor_put_text(&w, tacit_slice_str("signature"));
	put_numbers(&w, cose, false);
	return tacit_slice_of(bytes, w.at);
}

/* ---- judged in an image -----------------------------------------------------------------------
 */

static struct tacit_eif image_with(struct tacit_slice signature)
{
	struct tacit_eif image = { .version = 4, .count = 4, .sections_read = 4 };
	static const uint16_t KINDS[] = { TACIT_EIF_KERNEL, TACIT_EIF_CMDLINE, TACIT_EIF_RAMDISK,
					  TACIT_EIF_SIGNATURE };

	for (size_t i = 0; i < 4; i++)
		image.section[i] =
			(struct tacit_eif_section){ .kind = KINDS[i], .len = 1, .table_len = 1 };
	image.cmdline = tacit_slice_str("c");
	image.signature = signature;
	memset(image.pcrs.pcr[0], 0x5a, TACIT_EIF_PCR_LEN);
	return image;
}

static const char *refused_by(struct tacit_slice section, int64_t now)
{
	struct tacit_eif image = image_with(section);
	struct tacit_eif_signature signature;
	struct tacit_check_list list;
	const struct tacit_check *first = NULL;

	tacit_arena_init(&arena, room, sizeof(room));
	tacit_check_init(&list, &arena, TACIT_EIF_CHECKS);
	tacit_check_add(&list, tacit_eif_checks, TACIT_EIF_CHECKS);
	(void)tacit_eif_judge(&image, now, &list, &signature);
	enum tacit_status st = tacit_check_judge(&list, &first);
	return st == TACIT_OK ? "" : first ? first->name : "?";
}

static const char *refused(const struct spec *s, int64_t now)
{
	uint8_t pcr0[TACIT_EIF_PCR_LEN];

	memset(pcr0, 0x5a, sizeof(pcr0));
	return refused_by(make(s, pcr0), now);
}

static const struct {
	const char *name, *want;
	struct spec spec;
} ROWS[] = {
	{ "ES384", "", { .kind = PKI_P384, .alg = ES384 } },
	{ "ES256", "", { .kind = PKI_P256, .alg = ES256 } },
	{ "ES512", "", { .kind = PKI_P521, .alg = ES512 } },
	{ "ES384 by a P-256 key", "eif.signature.key", { .kind = PKI_P256, .alg = ES384 } },
	{ "ES256 by a P-384 key", "eif.signature.key", { .kind = PKI_P384, .alg = ES256 } },
	{ "ES512 by a P-384 key", "eif.signature.key", { .kind = PKI_P384, .alg = ES512 } },
	{ "ES384 by a P-521 key", "eif.signature.key", { .kind = PKI_P521, .alg = ES384 } },
	{ "EdDSA", "eif.signature.key", { .kind = PKI_ED25519, .alg = -8 } },
	{ "no such algorithm", "eif.signature.key", { .kind = PKI_P384, .alg = -1 } },
	{ "algorithm 0", "eif.signature", { .kind = PKI_P384, .alg = 0 } },
	{ "another PCR0",
	  "eif.signature.register",
	  { .kind = PKI_P384, .alg = ES384, .pcr0_xor = 1 } },
	{ "PCR1 instead",
	  "eif.signature.register",
	  { .kind = PKI_P384, .alg = ES384, .index = 1 } },
	{ "a short register",
	  "eif.signature.register",
	  { .kind = PKI_P384, .alg = ES384, .register_len = 47 } },
	{ "a long register",
	  "eif.signature",
	  { .kind = PKI_P384, .alg = ES384, .register_len = 49 } },
	{ "two signatures", "eif.signature", { .kind = PKI_P384, .alg = ES384, .signatures = 2 } },
	{ "another name",
	  "eif.signature",
	  { .kind = PKI_P384, .alg = ES384, .first_name = "certificate" } },
	{ "the same name twice",
	  "eif.signature",
	  { .kind = PKI_P384, .alg = ES384, .first_name = "signature" } },
	{ "a byte string",
	  "eif.signature",
	  { .kind = PKI_P384, .alg = ES384, .bytes_not_numbers = true } },
	{ "a number over 255",
	  "eif.signature",
	  { .kind = PKI_P384, .alg = ES384, .big_number = true } },
	{ "a byte behind the message",
	  "eif.signature",
	  { .kind = PKI_P384, .alg = ES384, .extra_byte = true } },
	{ "a critical header",
	  "eif.signature",
	  { .kind = PKI_P384, .alg = ES384, .unprotected_label = true } },
	{ "no PEM", "eif.signature", { .kind = PKI_P384, .alg = ES384, .pem_text = "hello" } },
	{ "PEM of a key",
	  "eif.signature",
	  { .kind = PKI_P384,
	    .alg = ES384,
	    .pem_text = "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n" } },
	{ "PEM of no certificate",
	  "eif.signature",
	  { .kind = PKI_P384,
	    .alg = ES384,
	    .pem_text = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n" } },
};

static void test_rows(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ROWS); i++) {
		const char *got = refused(&ROWS[i].spec, NOW);

		if (!ok(strcmp(got, ROWS[i].want) == 0, "%s: %s", ROWS[i].name,
			*ROWS[i].want ? ROWS[i].want : "accepted"))
			printf("# got '%s'\n", got);
	}
	struct spec stolen = { .kind = PKI_P384, .alg = ES384, .other = pki_key(PKI_P384) };
	ok(strcmp(refused(&stolen, NOW), "eif.signature.key") == 0, "signed by another key");
	struct spec p521 = { .kind = PKI_P521, .alg = ES512, .other = pki_key(PKI_P521) };
	ok(strcmp(refused(&p521, NOW), "eif.signature.key") == 0, "the same with P-521");
}

static void test_dates(void)
{
	const struct spec s = { .kind = PKI_P384, .alg = ES384 };

	ok(strcmp(refused(&s, NOW - DAY), "") == 0, "valid from its first second");
	ok(strcmp(refused(&s, NOW + DAY), "") == 0, "to its last");
	ok(strcmp(refused(&s, NOW - DAY - 1), "eif.signature.dates") == 0, "not a second before");
	ok(strcmp(refused(&s, NOW + DAY + 1), "eif.signature.dates") == 0, "nor after");
}

static void test_damage(void)
{
	const struct spec s = { .kind = PKI_P384, .alg = ES384 };
	uint8_t pcr0[TACIT_EIF_PCR_LEN];
	size_t accepted = 0;

	memset(pcr0, 0x5a, sizeof(pcr0));
	struct tacit_slice section = make(&s, pcr0);
	for (size_t cut = 0; cut < section.len; cut++)
		accepted += refused_by(tacit_slice_of(bytes, cut), NOW)[0] == '\0';
	ok(accepted == 0, "every truncation is refused");
	/* The end of the section is the signature itself; a bit in each of its bytes. */
	for (size_t i = 1; i <= 96; i++) {
		bytes[section.len - i] ^= 1;
		accepted += refused_by(section, NOW)[0] == '\0';
		bytes[section.len - i] ^= 1;
	}
	ok(accepted == 0, "and every damaged byte of the signature");
}

/* ---- our own signatures -----------------------------------------------------------------------
 */

static void test_make(void)
{
	struct tacit_key *key = NULL, *other = NULL;
	struct tacit_slice section, none = { NULL, 0 };
	uint8_t pcr0[TACIT_EIF_PCR_LEN];

	memset(pcr0, 0x5a, sizeof(pcr0));
	static const enum tacit_key_alg ALGS[] = { TACIT_P384, TACIT_P256, TACIT_ED25519 };
	for (size_t i = 0; i < TACIT_ARRAY_LEN(ALGS); i++) {
		if (tacit_key_generate(ALGS[i], &key, NULL) != TACIT_OK ||
		    tacit_key_generate(ALGS[i], &other, NULL) != TACIT_OK)
			exit(1);
		struct pki_spec spec = { .key = tacit_key_native(key),
					 .subject = "CN=signer",
					 .not_before = NOW - DAY,
					 .not_after = NOW + DAY };
		const struct pki_cert *cert = pki_cert(&spec);
		struct tacit_slice pem = pki_pem(&cert, 1, 0);

		tacit_arena_init(&arena, room, sizeof(room));
		enum tacit_status st =
			tacit_eif_signature_make(key, pem, pcr0, &arena, &section, NULL);
		if (ALGS[i] == TACIT_ED25519) {
			is_status(st, TACIT_UNSUPPORTED, "Ed25519 signs no image");
		} else {
			is_status(st, TACIT_OK, "a signature of ours");
			memcpy(bytes, section.ptr, section.len);
			ok(refused_by(tacit_slice_of(bytes, section.len), NOW)[0] == '\0',
			   "is accepted");
			is_status(
				tacit_eif_signature_make(other, pem, pcr0, &arena, &section, NULL),
				TACIT_USAGE, "the certificate of another key");
			is_status(tacit_eif_signature_make(key, none, pcr0, &arena, &section, NULL),
				  TACIT_FORMAT, "no certificate");
			tacit_arena_init(&arena, room, 600);
			is_status(tacit_eif_signature_make(key, pem, pcr0, &arena, &section, NULL),
				  TACIT_LIMIT, "a small arena");
		}
		tacit_key_free(other);
		tacit_key_free(key);
	}
}

int main(void)
{
	test_rows();
	test_dates();
	test_damage();
	test_make();
	pki_done();
	return done();
}
