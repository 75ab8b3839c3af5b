/* SPDX-License-Identifier: Apache-2.0 */
/* Nitro documents that are malformed: the envelope and every field of the payload. */
#include "tests/pki/nitro.h"
#include "tests/unit/nitro_util.h"

#include "base/writer.h"
#include "codec/cbor.h"
#include "tee/nitro/nitro.h"

static struct nitro_bench b;

#define BYTES(text) tacit_slice_of(text, sizeof(text) - 1)
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- the payload: one member with another value -------------------------------------------- */

struct edit {
	const char *name;
	const char *key; /* of the member to change; NULL: the last gets a neighbour */
	struct tacit_slice value;
};

static void change(struct nitro_payload *p, void *user)
{
	const struct edit *edit = user;

	nitro_member(p, edit->key)->value = edit->value;
}

static void malformed(void (*payload)(struct nitro_payload *, void *), const void *user,
		      const char *name)
{
	struct nitro_spec spec = { .payload = payload, .user = (void *)(uintptr_t)user };

	nitro_refuses(&b, &spec, TACIT_FORMAT, "nitro.payload", name);
	spec.definite = true;
	nitro_refuses(&b, &spec, TACIT_FORMAT, "nitro.payload", name);
}

#define EDIT(name, key, text)                                     \
	{                                                         \
		name, key,                                        \
		{                                                 \
			(const uint8_t *)(text), sizeof(text) - 1 \
		}                                                 \
	}

static const struct edit VALUES[] = {
	EDIT("module_id empty", "module_id", "\x60"),
	EDIT("module_id as bytes", "module_id",
	     "\x41"
	     "i"),
	EDIT("module_id null", "module_id", "\xf6"),
	EDIT("module_id in chunks", "module_id",
	     "\x7f\x61"
	     "i\xff"),
	EDIT("module_id not UTF-8", "module_id", "\x61\xff"),
	EDIT("module_id with a long head", "module_id",
	     "\x78\x01"
	     "i"),
	EDIT("digest of another kind", "digest", "\x66SHA256"),
	EDIT("digest in small letters", "digest", "\x66sha384"),
	EDIT("digest as bytes", "digest", "\x46SHA384"),
	EDIT("timestamp 0", "timestamp", "\x00"),
	EDIT("timestamp negative", "timestamp", "\x20"),
	EDIT("timestamp beyond the year 9999", "timestamp", "\x1b\x00\x00\xe6\x77\xd2\x1f\xdc\x00"),
	EDIT("timestamp at its largest", "timestamp", "\x1b\xff\xff\xff\xff\xff\xff\xff\xff"),
	EDIT("timestamp not in its shortest form", "timestamp",
	     "\x1b\x00\x00\x00\x00\x65\x00\x00\x00"),
	EDIT("timestamp a float", "timestamp", "\xfb\x42\x79\x00\x00\x00\x00\x00\x00"),
	EDIT("timestamp tagged", "timestamp", "\xc1\x1a\x65\x00\x00\x00"),
	EDIT("timestamp a text", "timestamp",
	     "\x61"
	     "1"),
	EDIT("pcrs empty", "pcrs", "\xa0"),
	EDIT("pcrs an array", "pcrs", "\x80"),
	EDIT("pcrs null", "pcrs", "\xf6"),
	EDIT("pcrs indefinite", "pcrs", "\xbf\xff"),
	EDIT("pcrs that promise more than there is", "pcrs",
	     "\xbb\x00\x00\x00\x01\x00\x00\x00\x00"),
	EDIT("pcrs with a text for a key", "pcrs",
	     "\xa1\x61"
	     "0\x40"),
	EDIT("pcrs with a negative key", "pcrs", "\xa1\x20\x40"),
	EDIT("pcrs with an empty value", "pcrs", "\xa1\x00\x40"),
	EDIT("pcrs with a value of 32", "pcrs",
	     "\xa1\x00\x58\x20"
	     "0123456789abcdef0123456789abcdef"),
	EDIT("pcrs with a value of 64", "pcrs",
	     "\xa1\x00\x58\x40"
	     "0123456789abcdef0123456789abcdef"
	     "0123456789abcdef0123456789abcdef"),
	EDIT("pcrs with a value of null", "pcrs", "\xa1\x00\xf6"),
	EDIT("certificate empty", "certificate", "\x40"),
	EDIT("certificate null", "certificate", "\xf6"),
	EDIT("certificate in chunks", "certificate", "\x5f\x41\x30\xff"),
	EDIT("cabundle empty", "cabundle", "\x80"),
	EDIT("cabundle null", "cabundle", "\xf6"),
	EDIT("cabundle indefinite", "cabundle", "\x9f\x41\x30\xff"),
	EDIT("cabundle with an empty certificate", "cabundle", "\x81\x40"),
	EDIT("cabundle with a null", "cabundle", "\x81\xf6"),
	EDIT("cabundle nested", "cabundle", "\x81\x81\x41\x30"),
	EDIT("cabundle that promises more than there is", "cabundle",
	     "\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
	EDIT("nonce a text", "nonce",
	     "\x61"
	     "n"),
	EDIT("nonce undefined", "nonce", "\xf7"),
	EDIT("nonce false", "nonce", "\xf4"),
	EDIT("nonce in chunks", "nonce", "\x5f\x41n\xff"),
	EDIT("user_data a map", "user_data", "\xa0"),
	EDIT("user_data tagged", "user_data", "\xd8\x18\x41u"),
	EDIT("public_key a number", "public_key", "\x00"),
	EDIT("public_key longer than what is there", "public_key", "\x59\xff\xff"),
	EDIT("public_key nested deep", "public_key",
	     "\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81\x81"
	     "\x80"),
};

static void test_values(void)
{
	for (size_t i = 0; i < COUNT(VALUES); i++)
		malformed(change, &VALUES[i], VALUES[i].name);
}

/* ---- limits on lengths: the longest passes, one more does not ------------------------------ */

static struct tacit_slice filled(size_t len)
{
	uint8_t *bytes = pki_alloc(len);

	memset(bytes, 'x', len);
	return tacit_slice_of(bytes, len);
}

static void test_lengths(void)
{
	static const char *const FIELDS[] = { "public_key", "user_data", "nonce" };

	for (size_t i = 0; i < COUNT(FIELDS); i++) {
		struct edit most = { "", FIELDS[i], nitro_bytes(filled(1024)) };
		struct edit more = { "", FIELDS[i], nitro_bytes(filled(1025)) };
		struct nitro_spec spec = { .payload = change, .user = &most };

		nitro_accepts(&b, &spec, "1,024 bytes");
		malformed(change, &more, FIELDS[i]);
	}
	struct edit longest = { "", "certificate", nitro_bytes(filled(1024)) };
	struct edit too_long = { "", "certificate", nitro_bytes(filled(1025)) };
	struct nitro_spec spec = { .payload = change, .user = &longest };
	nitro_refuses(&b, &spec, TACIT_FORMAT, "nitro.certs", "1,024 bytes are read as one");
	malformed(change, &too_long, "a certificate of 1,025 bytes");
	char *name = (char *)pki_alloc(258);
	memset(name, 'i', 257);
	struct edit long_name = { "", "module_id", nitro_text(name) };
	malformed(change, &long_name, "module_id of 257 bytes");
	name[256] = '\0';
	long_name.value = nitro_text(name);
	spec.user = &long_name;
	nitro_refuses(&b, &spec, TACIT_CHAIN, "nitro.names", "one of 256 is read");
}

static void stretch_bundle(struct nitro_payload *p, void *user)
{
	size_t count = *(const size_t *)user;
	struct writer w = wr_of(tacit_mut_of(pki_alloc(16384), 16384));

	tacit_cbor_put_array(&w, count);
	for (size_t i = 0; i < count; i++)
		tacit_cbor_put_bytes(&w, filled(i == 0 ? 1024 : 10));
	nitro_member(p, "cabundle")->value = tacit_slice_of(w.out.ptr, w.at);
}

static void test_bundles(void)
{
	size_t eight = 8, nine = 9;
	struct nitro_spec spec = { .payload = stretch_bundle, .user = &eight };

	nitro_refuses(&b, &spec, TACIT_CHAIN, "nitro.root", "eight certificates are read");
	malformed(stretch_bundle, &nine, "nine certificates");
}

/* ---- registers ----------------------------------------------------------------------------- */

struct registers {
	const char *name;
	size_t count;
	unsigned index[34];
};

static void put_registers(struct nitro_payload *p, void *user)
{
	const struct registers *r = user;
	struct writer w = wr_of(tacit_mut_of(pki_alloc(4096), 4096));

	tacit_cbor_put_map(&w, r->count);
	for (size_t i = 0; i < r->count; i++) {
		tacit_cbor_put_uint(&w, r->index[i]);
		tacit_cbor_put_bytes(&w, filled(48));
	}
	nitro_member(p, "pcrs")->value = tacit_slice_of(w.out.ptr, w.at);
}

static void test_registers(void)
{
	static const struct registers BAD[] = {
		{ "register 32", 1, { 32 } },
		{ "register 255", 1, { 255 } },
		{ "a register twice in a row", 2, { 0, 0 } },
		{ "a register twice, with others between", 4, { 0, 1, 2, 0 } },
	};
	struct registers all = { "33 registers", 33, { 0 } };

	for (size_t i = 0; i < COUNT(BAD); i++)
		malformed(put_registers, &BAD[i], BAD[i].name);
	for (unsigned i = 0; i < 33; i++)
		all.index[i] = i % 32;
	malformed(put_registers, &all, all.name);
}

static void long_index(struct nitro_payload *p, void *user)
{
	struct writer w = wr_of(tacit_mut_of(pki_alloc(128), 128));

	(void)user;
	wr_bytes(&w, BYTES("\xa1\x18\x05"));
	tacit_cbor_put_bytes(&w, filled(48));
	nitro_member(p, "pcrs")->value = tacit_slice_of(w.out.ptr, w.at);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static void drop(struct nitro_payload *p, void *user)
{
	struct nitro_member *m = nitro_member(p, user);

	memmove(m, m + 1, (size_t)(p->members + p->count - 1 - m) * sizeof(*m));
	p->count--;
}

static void repeat(struct nitro_payload *p, void *user)
{
	p->members[p->count++] = *nitro_member(p, user);
}

static void repeat_before(struct nitro_payload *p, void *user)
{
	struct nitro_member m = *nitro_member(p, user);

	memmove(p->members + 1, p->members, p->count * sizeof(m));
	p->members[0] = m;
	p->count++;
}

static void rename_key(struct nitro_payload *p, void *user)
{
	const char *const *names = user;

	nitro_member(p, names[0])->key = names[1];
}

static void add_tpm(struct nitro_payload *p, void *user)
{
	struct nitro_member m = *nitro_member(p, "pcrs");

	(void)user;
	m.key = "nitrotpm_pcrs";
	p->members[p->count++] = m;
}

static void add_unknown(struct nitro_payload *p, void *user)
{
	p->members[p->count++] = (struct nitro_member){ user, BYTES("\xf6") };
}

static void test_keys(void)
{
	static const char *const ALL[] = { "module_id",  "digest",      "timestamp",
					   "pcrs",       "certificate", "cabundle",
					   "public_key", "user_data",   "nonce" };
	static const char *const CASE[] = { "nonce", "Nonce" };

	for (size_t i = 0; i < COUNT(ALL); i++) {
		malformed(repeat, ALL[i], "a key twice, at the end");
		malformed(repeat_before, ALL[i], "a key twice, at the start");
		if (i < 6)
			malformed(drop, ALL[i], "a required key is missing");
	}
	malformed(add_tpm, NULL, "registers of both kinds");
	malformed(add_unknown, "pcr", "an unknown key");
	malformed(add_unknown, "", "an empty key");
	malformed(rename_key, CASE, "a key in other letters");
	malformed(long_index, NULL, "a register's number in a long form");
}

/* ---- the payload's own map ----------------------------------------------------------------- */

struct raw_edit {
	struct tacit_slice (*make)(struct tacit_slice payload);
};

static struct tacit_slice joined(struct tacit_slice a, struct tacit_slice c)
{
	uint8_t *bytes = pki_alloc(a.len + c.len);

	memcpy(bytes, a.ptr, a.len);
	memcpy(bytes + a.len, c.ptr, c.len);
	return tacit_slice_of(bytes, a.len + c.len);
}

static struct tacit_slice cut(struct tacit_slice s, size_t front, size_t back)
{
	return tacit_slice_of(s.ptr + front, s.len - front - back);
}

static struct tacit_slice without_break(struct tacit_slice p)
{
	return cut(p, 0, 1);
}

static struct tacit_slice two_breaks(struct tacit_slice p)
{
	return joined(p, BYTES("\xff"));
}

static struct tacit_slice byte_after(struct tacit_slice p)
{
	return joined(p, BYTES("\x00"));
}

static struct tacit_slice break_before(struct tacit_slice p)
{
	return joined(BYTES("\xbf\xff"), cut(p, 1, 0));
}

static struct tacit_slice odd_items(struct tacit_slice p)
{
	return joined(cut(p, 0, 1), BYTES("\x65nonce\xff"));
}

static struct tacit_slice ten_promised(struct tacit_slice p)
{
	return joined(BYTES("\xaa"), cut(p, 1, 1));
}

static struct tacit_slice eight_promised(struct tacit_slice p)
{
	return joined(BYTES("\xa8"), cut(p, 1, 1));
}

static struct tacit_slice long_count(struct tacit_slice p)
{
	return joined(BYTES("\xb8\x09"), cut(p, 1, 1));
}

static struct tacit_slice tagged_map(struct tacit_slice p)
{
	return joined(BYTES("\xd9\xd9\xf7"), p);
}

static struct tacit_slice an_array(struct tacit_slice p)
{
	return joined(BYTES("\x9f"), cut(p, 1, 0));
}

static struct tacit_slice only_break(struct tacit_slice p)
{
	(void)p;
	return BYTES("\xff");
}

static struct tacit_slice open_and_empty(struct tacit_slice p)
{
	(void)p;
	return BYTES("\xbf\xff");
}

static void edit_payload(struct nitro_envelope *e, void *user)
{
	e->payload = ((const struct raw_edit *)user)->make(e->payload);
}

static void test_maps(void)
{
	static const struct {
		const char *name;
		struct raw_edit edit;
	} EDITS[] = {
		{ "an indefinite map without its break", { without_break } },
		{ "a break too many", { two_breaks } },
		{ "a byte after the map", { byte_after } },
		{ "a break before the members", { break_before } },
		{ "a key without a value", { odd_items } },
		{ "ten members promised, nine there", { ten_promised } },
		{ "eight members promised, nine there", { eight_promised } },
		{ "the count in a long form", { long_count } },
		{ "a tag before the map", { tagged_map } },
		{ "an array", { an_array } },
		{ "a break alone", { only_break } },
		{ "a map of nothing", { open_and_empty } },
	};

	for (size_t i = 0; i < COUNT(EDITS); i++) {
		struct nitro_spec spec = { .envelope = edit_payload,
					   .user = (void *)(uintptr_t)&EDITS[i].edit };

		nitro_refuses(&b, &spec, TACIT_FORMAT, "nitro.payload", EDITS[i].name);
	}
}

/* ---- the envelope -------------------------------------------------------------------------- */

static void refused_bytes(struct tacit_slice raw, enum tacit_status want, const char *check,
			  const char *name)
{
	nitro_is_refused(&b, nitro_judge(&b, TACIT_TEE_NITRO, raw), want, check, name);
}

static void test_envelope_bytes(void)
{
	struct nitro_spec spec = { 0 };
	struct tacit_slice doc = nitro_document(&b.pki, &spec), rest = cut(doc, 1, 0);
	static const struct {
		const char *name;
		struct tacit_slice front;
	} FRONTS[] = {
		{ "tag 17", { (const uint8_t *)"\xd1\x84", 2 } },
		{ "tag 98", { (const uint8_t *)"\xd8\x62\x84", 3 } },
		{ "tag 18 twice", { (const uint8_t *)"\xd2\xd2\x84", 3 } },
		{ "tag 18 in a long form", { (const uint8_t *)"\xd8\x12\x84", 3 } },
		{ "an array of three", { (const uint8_t *)"\x83", 1 } },
		{ "an array of five", { (const uint8_t *)"\x85", 1 } },
		{ "an array in a long form", { (const uint8_t *)"\x98\x04", 2 } },
		{ "an indefinite array", { (const uint8_t *)"\x9f", 1 } },
		{ "a map", { (const uint8_t *)"\xa2", 1 } },
	};

	refused_bytes(tacit_slice_of(NULL, 0), TACIT_FORMAT, "nitro.format", "nothing");
	for (size_t i = 0; i < COUNT(FRONTS); i++)
		refused_bytes(joined(FRONTS[i].front, rest), TACIT_FORMAT, "nitro.format",
			      FRONTS[i].name);
	refused_bytes(joined(doc, BYTES("\x00")), TACIT_FORMAT, "nitro.format", "a byte after it");
	refused_bytes(joined(joined(BYTES("\x9f"), rest), BYTES("\xff")), TACIT_FORMAT,
		      "nitro.format", "an indefinite array, closed");
	refused_bytes(joined(doc, filled(TACIT_NITRO_MAX)), TACIT_LIMIT, "nitro.format",
		      "longer than any document");
}

static void set_payload(struct nitro_envelope *e, void *user)
{
	e->payload = *(const struct tacit_slice *)user;
}

static void set_signature(struct nitro_envelope *e, void *user)
{
	e->signature = *(const struct tacit_slice *)user;
}

static void set_unprotected(struct nitro_envelope *e, void *user)
{
	e->unprotected = *(const struct tacit_slice *)user;
}

static void set_protected(struct nitro_envelope *e, void *user)
{
	e->protected_bytes = *(const struct tacit_slice *)user;
}

static void refused_part(void (*set)(struct nitro_envelope *, void *), struct tacit_slice value,
			 enum tacit_status want, const char *check, const char *name)
{
	struct nitro_spec spec = { .envelope = set, .user = &value };

	nitro_refuses(&b, &spec, want, check, name);
}

static void test_envelope_parts(void)
{
	refused_part(set_payload, BYTES(""), TACIT_FORMAT, "nitro.format", "an empty payload");
	refused_part(set_payload, filled(16385), TACIT_FORMAT, "nitro.format",
		     "a payload of 16,385 bytes");
	refused_part(set_payload, filled(16384), TACIT_FORMAT, "nitro.payload",
		     "one of 16,384 is read");
	refused_part(set_signature, filled(95), TACIT_FORMAT, "nitro.format", "95 bytes signed");
	refused_part(set_signature, filled(97), TACIT_FORMAT, "nitro.format", "97 bytes signed");
	refused_part(set_signature, BYTES(""), TACIT_FORMAT, "nitro.format", "no signature");
	refused_part(set_unprotected, BYTES("\xf6"), TACIT_FORMAT, "nitro.format",
		     "an unprotected header of null");
	refused_part(set_unprotected, BYTES("\x80"), TACIT_FORMAT, "nitro.format",
		     "an unprotected header that is an array");
	refused_part(set_unprotected, BYTES("\xbf\xff"), TACIT_FORMAT, "nitro.format",
		     "an indefinite one");
	refused_part(set_unprotected, BYTES("\xa1\x04\x41x"), TACIT_POLICY,
		     "nitro.cose.unprotected", "an unprotected key id");
	refused_part(set_unprotected, BYTES("\xa1\x01\x38\x22"), TACIT_POLICY,
		     "nitro.cose.unprotected", "an unprotected algorithm");
	refused_part(set_protected, BYTES("\xa1\x01\x26"), TACIT_FORMAT, "nitro.cose.alg", "ES256");
	refused_part(set_protected, BYTES("\xa1\x01\x38\x23"), TACIT_FORMAT, "nitro.cose.alg",
		     "ES512");
	refused_part(set_protected, BYTES("\xa1\x01\x20"), TACIT_FORMAT, "nitro.cose.alg",
		     "-1, as an emulator writes");
	refused_part(set_protected,
		     BYTES("\xa1\x01\x65"
			   "ES384"),
		     TACIT_FORMAT, "nitro.cose.alg", "the algorithm as a text");
	refused_part(set_protected, BYTES("\xa1\x01\x39\x00\x22"), TACIT_FORMAT, "nitro.cose.alg",
		     "the algorithm in a long form");
	refused_part(set_protected, BYTES("\xa2\x01\x38\x22\x04\x41x"), TACIT_FORMAT,
		     "nitro.cose.alg", "another protected header beside it");
	refused_part(set_protected, BYTES("\xbf\x01\x38\x22\xff"), TACIT_FORMAT, "nitro.cose.alg",
		     "an indefinite protected header");
	refused_part(set_protected, BYTES(""), TACIT_FORMAT, "nitro.cose.alg", "no algorithm");
}

static void test_no_payload(void)
{
	struct nitro_spec spec = { 0 };
	struct tacit_slice doc = nitro_document(&b.pki, &spec);
	struct tacit_slice head = tacit_slice_of(doc.ptr, 7), tail = cut(doc, doc.len - 98, 0);

	refused_bytes(joined(joined(head, BYTES("\xf6")), tail), TACIT_FORMAT, "nitro.format",
		      "a detached payload");
}

/* ---- truncations --------------------------------------------------------------------------- */

static void test_cuts(void)
{
	struct nitro_spec spec = { .nonce = BYTES("n"), .user_data = BYTES("u") };
	struct tacit_slice doc = nitro_document(&b.pki, &spec);
	struct tacit_nitro_envelope e;
	struct tacit_nitro_doc out;
	size_t wrong = 0;

	for (size_t n = 0; n < doc.len; n++)
		wrong += nitro_judge(&b, TACIT_TEE_NITRO, tacit_slice_of(doc.ptr, n)) !=
			 TACIT_FORMAT;
	ok(wrong == 0, "every truncation of a document is malformed");
	wrong = tacit_nitro_envelope(doc, &e, NULL) != TACIT_OK;
	for (size_t n = 0; n < e.payload.len; n++)
		wrong += tacit_nitro_payload(tacit_slice_of(e.payload.ptr, n), &out, NULL) ==
			 TACIT_OK;
	ok(wrong == 0, "every truncation of its payload too");
}

int main(void)
{
	nitro_start(&b);
	test_values();
	test_lengths();
	test_bundles();
	test_registers();
	test_keys();
	test_maps();
	test_envelope_bytes();
	test_envelope_parts();
	test_no_payload();
	test_cuts();
	pki_done();
	return done();
}
