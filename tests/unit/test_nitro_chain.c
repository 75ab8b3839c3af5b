/* SPDX-License-Identifier: Apache-2.0 */
/* Nitro documents whose certificates, signature or invariants are wrong, level by level. */
#include "tests/pki/nitro.h"
#include "tests/unit/nitro_util.h"

static struct nitro_bench b;

static const char *const LEVELS[NITRO_LEVELS] = { "root", "regional", "zonal", "instance", "leaf" };

/* Changes one certificate of the chain. */
struct change {
	enum nitro_level level;
	void (*make)(struct pki_spec *spec, const struct change *change);
	EVP_PKEY *key;
	const char *text;
	struct pki_ext ext;
	int64_t seconds;
};

static void apply(enum nitro_level level, struct pki_spec *spec, void *user)
{
	const struct change *change = user;

	if (level == change->level)
		change->make(spec, change);
}

static void refuses(struct change *change, enum tacit_status want, const char *check,
		    const char *name)
{
	struct nitro_spec spec = { .cert = apply, .user = change };
	char text[128];

	snprintf(text, sizeof(text), "%s: %s", LEVELS[change->level], name);
	nitro_refuses(&b, &spec, want, check, text);
}

/* The same at every level below the root, which is pinned. */
static void refuses_all(struct change change, enum tacit_status want, const char *check,
			const char *name)
{
	for (enum nitro_level level = NITRO_REGIONAL; level < NITRO_LEVELS; level++) {
		change.level = level;
		refuses(&change, want, check, name);
	}
}

/* ---- the root ------------------------------------------------------------------------------ */

static void same_name(struct pki_spec *spec, const struct change *change)
{
	spec->key = change->key;
}

static void shifted(struct pki_spec *spec, const struct change *change)
{
	spec->not_after += change->seconds;
}

static void test_roots(void)
{
	struct change clone = { .level = NITRO_ROOT, .make = same_name, .key = pki_key(PKI_P384) };
	struct change reissued = { .level = NITRO_ROOT, .make = shifted, .seconds = 1 };
	struct nitro_spec spec = { 0 };

	refuses(&clone, TACIT_CHAIN, "nitro.root", "another key under the root's name");
	refuses(&reissued, TACIT_CHAIN, "nitro.root", "the root's key in another certificate");
	b.cx.insecure_test_root_count = 0;
	nitro_refuses(&b, &spec, TACIT_CHAIN, "nitro.root", "a test root that was not allowed");
	ok(tacit_verdict_find(&b.verdict, "nitro.root")->got != NULL, "the verdict says which");
	b.cx.insecure_test_root_count = 1;
}

/* Each gets the five certificates, and gives those to put into the document, leaf last. */
static void drop_root(struct tacit_slice *certs, size_t *count, void *user)
{
	(void)user;
	memmove(certs, certs + 1, --*count * sizeof(*certs));
}

static void leaf_first(struct tacit_slice *certs, size_t *count, void *user)
{
	struct tacit_slice root = certs[0];

	(void)user;
	(void)count;
	certs[0] = certs[3];
	certs[3] = root;
}

static void swap_middle(struct tacit_slice *certs, size_t *count, void *user)
{
	struct tacit_slice one = certs[1];

	(void)user;
	(void)count;
	certs[1] = certs[2];
	certs[2] = one;
}

static void drop_one(struct tacit_slice *certs, size_t *count, void *user)
{
	size_t at = *(const size_t *)user;

	memmove(certs + at, certs + at + 1, (--*count - at) * sizeof(*certs));
}

static void double_one(struct tacit_slice *certs, size_t *count, void *user)
{
	size_t at = *(const size_t *)user;

	memmove(certs + at + 1, certs + at, ((*count)++ - at) * sizeof(*certs));
}

static void many(struct tacit_slice *certs, size_t *count, void *user)
{
	(void)user;
	while (*count < 9) {
		certs[*count] = certs[*count - 1];
		(*count)++;
	}
}

static void root_alone(struct tacit_slice *certs, size_t *count, void *user)
{
	(void)user;
	certs[1] = certs[0];
	*count = 2;
}

static void arranged(void (*bundle)(struct tacit_slice *, size_t *, void *), void *user,
		     const char *check, const char *name)
{
	struct nitro_spec spec = { .bundle = bundle, .user = user };

	nitro_refuses(&b, &spec, TACIT_CHAIN, check, name);
}

static void test_order(void)
{
	arranged(drop_root, NULL, "nitro.root", "no root");
	arranged(leaf_first, NULL, "nitro.root", "root last");
	arranged(swap_middle, NULL, "nitro.chain.names", "two certificates swapped");
	for (size_t at = 1; at < 4; at++) {
		arranged(drop_one, &at, "nitro.chain.names", "a certificate left out");
		arranged(double_one, &at, "nitro.chain.names", "a certificate twice");
	}
	arranged(many, NULL, "nitro.chain.names", "nine certificates");
	arranged(root_alone, NULL, "nitro.chain.names", "the root as its own leaf");
}

/*
 * What a verifier falls for that trusts more of the cabundle than its first certificate: a root of
 * the attacker's behind the real one, with a chain of its own that is flawless.
 */
static void root_behind_root(struct tacit_slice *certs, size_t *count, void *user)
{
	memmove(certs + 1, certs, (*count)++ * sizeof(*certs));
	certs[0] = *(const struct tacit_slice *)user;
}

static void test_forged(void)
{
	static struct nitro_pki other;
	struct nitro_spec spec = { .bundle = root_behind_root, .user = &b.pki.root };

	nitro_pki_init(&other);
	struct tacit_slice doc = nitro_document(&other, &spec);
	nitro_is_refused(&b, nitro_judge(&b, TACIT_TEE_NITRO, doc), TACIT_CHAIN,
			 "nitro.chain.names", "a root behind the real root");
	spec = (struct nitro_spec){ 0 };
	doc = nitro_document(&other, &spec);
	nitro_is_refused(&b, nitro_judge(&b, TACIT_TEE_NITRO, doc), TACIT_CHAIN, "nitro.root",
			 "a chain with the same names under another root");
}

static void foreign_issuer(struct pki_spec *spec, const struct change *change)
{
	spec->signer = change->key;
}

static void no_ids(struct pki_spec *spec, const struct change *change)
{
	(void)change;
	spec->no_aki = spec->no_ski = true;
}

static void test_signatures(void)
{
	struct change change = { .make = foreign_issuer, .key = pki_key(PKI_P384) };

	refuses_all(change, TACIT_SIGNATURE, "nitro.chain.signatures", "signed by another key");
}

/* Below the leaf of a genuine document: its key is no authority, whatever it signs. */
static void issue_below(struct tacit_slice *certs, size_t *count, void *user)
{
	struct tacit_cert leaf;

	(void)user;
	if (tacit_cert_parse(certs[NITRO_LEAF], "leaf", &leaf, NULL) != TACIT_OK) {
		ok(false, "the leaf parses");
		return;
	}
	struct pki_cert issuer = { .der = certs[NITRO_LEAF],
				   .subject = leaf.subject,
				   .key = b.pki.keys[NITRO_LEAF] };
	struct pki_spec below = { .key = b.pki.keys[NITRO_LEAF],
				  .subject = "C=US/CN=i-0f00d5eed5eed5eed-enc0.eu-central-1.aws",
				  .issuer = &issuer,
				  .not_before = NITRO_NOW - 60,
				  .not_after = NITRO_NOW + 60,
				  .basic = true,
				  .key_usage = TACIT_KU_DIGITAL_SIGNATURE,
				  .no_ski = true,
				  .no_aki = true };
	certs[(*count)++] = pki_cert(&below)->der;
}

static void test_issued_by_leaf(void)
{
	arranged(issue_below, NULL, "nitro.chain.authority", "a certificate issued by a leaf");
}

/* ---- names --------------------------------------------------------------------------------- */

static void other_issuer(struct pki_spec *spec, const struct change *change)
{
	spec->issuer_name = change->text;
}

static void other_aki(struct pki_spec *spec, const struct change *change)
{
	(void)change;
	spec->no_aki = false;
	spec->aki = pki_hex("00112233445566778899aabbccddeeff00112233");
}

static void self_issued(struct pki_spec *spec, const struct change *change)
{
	(void)change;
	spec->subject = "C=US/O=Amazon/OU=AWS/CN=aws.nitro-enclaves";
}

static void test_names(void)
{
	struct change issuer = { .make = other_issuer, .text = "C=US/O=Amazon/OU=AWS/CN=other" };
	struct change aki = { .make = other_aki };
	struct change own = { .level = NITRO_REGIONAL, .make = self_issued };
	struct change bare = { .level = NITRO_INSTANCE, .make = no_ids };
	struct nitro_spec spec = { .cert = apply, .user = &bare };

	refuses_all(issuer, TACIT_CHAIN, "nitro.chain.names", "another issuer's name");
	refuses_all(aki, TACIT_CHAIN, "nitro.chain.names", "another issuer's key id");
	refuses(&own, TACIT_CHAIN, "nitro.chain.names", "self-issued below the root");
	nitro_accepts(&b, &spec, "an instance without key ids, as most have");
}

/* ---- constraints --------------------------------------------------------------------------- */

static void no_basic(struct pki_spec *spec, const struct change *change)
{
	(void)change;
	spec->basic = spec->ca = spec->limited = false;
}

static void not_ca(struct pki_spec *spec, const struct change *change)
{
	(void)change;
	spec->ca = spec->limited = false;
}

static void no_usage(struct pki_spec *spec, const struct change *change)
{
	(void)change;
	spec->key_usage = 0;
}

static void wrong_usage(struct pki_spec *spec, const struct change *change)
{
	spec->key_usage = change->level == NITRO_LEAF
				  ? TACIT_KU_CRL_SIGN
				  : TACIT_KU_DIGITAL_SIGNATURE | TACIT_KU_CRL_SIGN;
}

static void short_path(struct pki_spec *spec, const struct change *change)
{
	(void)change;
	spec->path_len--;
}

static void become_ca(struct pki_spec *spec, const struct change *change)
{
	(void)change;
	spec->ca = true;
	spec->key_usage |= TACIT_KU_CERT_SIGN;
}

static void test_authority(void)
{
	struct change bare = { .make = no_basic }, leaf = { .make = not_ca };
	struct change silent = { .make = no_usage }, wrong = { .make = wrong_usage };
	struct change shorter = { .make = short_path };
	struct change ca = { .level = NITRO_LEAF, .make = become_ca };

	refuses_all(bare, TACIT_CHAIN, "nitro.chain.authority", "no basicConstraints");
	refuses_all(silent, TACIT_CHAIN, "nitro.chain.authority", "no keyUsage");
	refuses_all(wrong, TACIT_CHAIN, "nitro.chain.authority", "another keyUsage");
	for (leaf.level = NITRO_REGIONAL; leaf.level < NITRO_LEAF; leaf.level++)
		refuses(&leaf, TACIT_CHAIN, "nitro.chain.authority", "is no CA");
	for (shorter.level = NITRO_REGIONAL; shorter.level < NITRO_INSTANCE; shorter.level++)
		refuses(&shorter, TACIT_CHAIN, "nitro.chain.authority", "a shorter path length");
	refuses(&ca, TACIT_CHAIN, "nitro.chain.authority", "is a CA");
}

/* ---- keys and forms ------------------------------------------------------------------------ */

static void other_spki(struct pki_spec *spec, const struct change *change)
{
	spec->spki = pki_spki(change->key);
}

static void weak_hash(struct pki_spec *spec, const struct change *change)
{
	(void)change;
	spec->sig = PKI_SIG_ECDSA_SHA256;
}

static void critical_unknown(struct pki_spec *spec, const struct change *change)
{
	spec->exts = &change->ext;
	spec->ext_count = 1;
}

static void version_1(struct pki_spec *spec, const struct change *change)
{
	(void)change;
	spec->version = 2;
}

static void test_keys(void)
{
	struct change p256 = { .make = other_spki, .key = pki_key(PKI_P256) };
	struct change p521 = { .make = other_spki, .key = pki_key(PKI_P521) };
	struct change ed = { .make = other_spki, .key = pki_key(PKI_ED25519) };
	struct change rsa = { .make = other_spki, .key = pki_key(PKI_RSA2048) };
	struct change hash = { .make = weak_hash };
	struct change unknown = { .make = critical_unknown };
	struct change version = { .make = version_1 };

	unknown.ext = (struct pki_ext){ "1.2.3.4", true, pki_hex("0500") };
	refuses_all(p256, TACIT_CHAIN, "nitro.certs", "a key on P-256");
	refuses_all(p521, TACIT_FORMAT, "nitro.certs", "a key on P-521");
	refuses_all(ed, TACIT_FORMAT, "nitro.certs", "a key of Ed25519");
	refuses_all(rsa, TACIT_FORMAT, "nitro.certs", "a key of RSA");
	refuses_all(hash, TACIT_CHAIN, "nitro.certs", "signed with SHA-256");
	refuses_all(unknown, TACIT_FORMAT, "nitro.certs", "an unknown critical extension");
	refuses_all(version, TACIT_FORMAT, "nitro.certs", "version 2");
}

/* A root that the caller allowed, and that cannot be one of Nitro all the same. */
static void test_root_key(void)
{
	struct nitro_pki other = b.pki;
	struct nitro_spec spec = { 0 };

	other.anchor = pki_ca(pki_key(PKI_P256), "C=US/O=Amazon/OU=AWS/CN=aws.nitro-enclaves", NULL,
			      NITRO_NOW - 60, NITRO_NOW + 60);
	other.root = other.anchor->der;
	b.cx.insecure_test_roots = &other.root;
	struct tacit_slice doc = nitro_document(&other, &spec);
	nitro_is_refused(&b, nitro_judge(&b, TACIT_TEE_NITRO, doc), TACIT_CHAIN, "nitro.certs",
			 "a test root with a key on P-256");
	b.cx.insecure_test_roots = &b.pki.root;
}

static void garbage(struct tacit_slice *certs, size_t *count, void *user)
{
	size_t at = *(const size_t *)user;
	uint8_t *bytes = pki_alloc(certs[at].len + 1);

	(void)count;
	memcpy(bytes, certs[at].ptr, certs[at].len);
	certs[at] = tacit_slice_of(bytes, certs[at].len + 1);
}

static void test_broken_certs(void)
{
	for (size_t at = 0; at < NITRO_LEVELS; at++) {
		struct nitro_spec spec = { .bundle = garbage, .user = &at };

		nitro_refuses(&b, &spec, at == 0 ? TACIT_CHAIN : TACIT_FORMAT,
			      at == 0 ? "nitro.root" : "nitro.certs", "a byte after a certificate");
	}
}

/* ---- dates --------------------------------------------------------------------------------- */

static void end_at(struct pki_spec *spec, const struct change *change)
{
	spec->not_after = change->seconds;
}

static void start_at(struct pki_spec *spec, const struct change *change)
{
	spec->not_before = change->seconds;
}

static void dated(struct change change, bool good, const char *name)
{
	for (change.level = NITRO_REGIONAL; change.level < NITRO_LEVELS; change.level++) {
		struct nitro_spec spec = { .cert = apply, .user = &change };
		char text[96];

		snprintf(text, sizeof(text), "%s %s", LEVELS[change.level], name);
		if (good)
			nitro_accepts(&b, &spec, text);
		else
			nitro_refuses(&b, &spec, TACIT_EXPIRED, "nitro.chain.validity", text);
	}
}

static void test_dates(void)
{
	struct change end = { .make = end_at }, start = { .make = start_at };

	end.seconds = NITRO_NOW;
	dated(end, true, "valid to this very second");
	end.seconds = NITRO_NOW - 1;
	dated(end, false, "expired a second ago");
	start.seconds = NITRO_NOW + 61;
	dated(start, false, "valid a second beyond the skew");
	struct nitro_spec early = { .issued = NITRO_NOW + 63 };
	nitro_accepts(&b, &early, "a leaf that starts 60 seconds ahead");
	early.issued++;
	nitro_refuses(&b, &early, TACIT_EXPIRED, "nitro.chain.validity", "and one of 61");
}

/* Judged from a cache that has seen every signature, an ancestor expires all the same. */
static void test_cached_dates(void)
{
	static _Alignas(max_align_t) uint8_t room[16384];
	struct change end = { .level = NITRO_REGIONAL, .make = end_at };
	struct nitro_spec spec = { .cert = apply, .user = &end };

	end.seconds = NITRO_NOW + 10;
	b.cx.cache = tacit_cache_init(room, sizeof(room));
	struct tacit_slice doc = nitro_document(&b.pki, &spec);
	ok(nitro_judge(&b, TACIT_TEE_NITRO, doc) == TACIT_OK, "a document fills the cache");
	b.cx.now = NITRO_NOW + 10;
	ok(nitro_judge(&b, TACIT_TEE_NITRO, doc) == TACIT_OK, "and passes from it");
	b.cx.now = NITRO_NOW + 11;
	nitro_is_refused(&b, nitro_judge(&b, TACIT_TEE_NITRO, doc), TACIT_EXPIRED,
			 "nitro.chain.validity", "an expired ancestor is found in the cache too");
	b.cx.now = NITRO_NOW;
	b.cx.cache = NULL;
}

/* ---- the document's signature -------------------------------------------------------------- */

static void sign_with(struct nitro_envelope *e, void *user)
{
	e->key = user;
}

static void test_signature(void)
{
	struct nitro_spec spec = { .envelope = sign_with, .user = pki_key(PKI_P384) };

	nitro_refuses(&b, &spec, TACIT_SIGNATURE, "nitro.cose.signature", "another key");
	spec.user = b.pki.keys[NITRO_INSTANCE];
	nitro_refuses(&b, &spec, TACIT_SIGNATURE, "nitro.cose.signature", "the instance's key");
}

int main(void)
{
	nitro_start(&b);
	test_roots();
	test_order();
	test_forged();
	test_issued_by_leaf();
	test_signatures();
	test_names();
	test_authority();
	test_keys();
	test_root_key();
	test_broken_certs();
	test_dates();
	test_cached_dates();
	test_signature();
	pki_done();
	return done();
}
