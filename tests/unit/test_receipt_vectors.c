/* SPDX-License-Identifier: Apache-2.0 */

/* The published AIR v1 corpora: every file, with the code that draft-02's rules give it. */

#include <dirent.h>

#include "codec/json.h"
#include "tests/unit/test_receipt_kit.h"

static char text[65536];

static json_t *load(const char *path)
{
	FILE *f = fopen(path, "rb");
	json_t *doc = NULL;

	if (!f)
		return NULL;
	size_t len = fread(text, 1, sizeof(text), f);
	fclose(f);
	if (tacit_json_parse(tacit_slice_of(text, len), &doc, NULL) != TACIT_OK)
		return NULL;
	return doc;
}

static struct tacit_slice hex_member(json_t *doc, const char *name, uint8_t *room, size_t size)
{
	const char *value = json_string_value(json_object_get(doc, name));
	size_t len = 0;

	if (!value || !tacit_hex_decode(tacit_slice_str(value), tacit_mut_of(room, size), &len))
		return tacit_slice_of(NULL, 0);
	return tacit_slice_of(room, len);
}

struct file {
	uint8_t receipt[4096], key[64], nonce[64], hash[64];
	struct tacit_slice bytes;
	struct tacit_receipt_expect expect;
};

static bool read_file(json_t *doc, struct file *f)
{
	json_t *policy = json_object_get(doc, "verify_policy");
	const char *platform = json_string_value(json_object_get(policy, "expected_platform"));

	memset(&f->expect, 0, sizeof(f->expect));
	f->bytes = hex_member(doc, "receipt_hex", f->receipt, sizeof(f->receipt));
	f->expect.key = hex_member(doc, "public_key_hex", f->key, sizeof(f->key));
	if (!f->expect.key.ptr)
		f->expect.key = hex_member(doc, "wrong_public_key_hex", f->key, sizeof(f->key));
	f->expect.nonce = hex_member(policy, "expected_nonce_hex", f->nonce, sizeof(f->nonce));
	f->expect.model_hash =
		hex_member(policy, "expected_model_hash_hex", f->hash, sizeof(f->hash));
	f->expect.has_mtype = platform != NULL;
	f->expect.mtype = platform && strcmp(platform, "tdx-mrtd-rtmr") == 0 ? TACIT_MTYPE_TDX
									     : TACIT_MTYPE_NITRO;
	f->expect.max_age = (uint64_t)json_integer_value(json_object_get(policy, "max_age_secs"));
	f->expect.now = f->expect.max_age ? KIT_NOW : 0;
	return f->bytes.ptr && f->expect.key.ptr;
}

/* The code that the file states, under draft-02 where the older corpus differs. */
static const char *want_code(json_t *doc, bool legacy_mode)
{
	json_t *failure = json_object_get(doc, "expected_failure");
	const char *code = json_string_value(json_object_get(failure, "code"));
	json_int_t layer = json_integer_value(json_object_get(failure, "layer"));

	if (legacy_mode && (!code || layer == 4))
		return "UNKNOWN_SECURITY_MODE:";
	return code ? code : "";
}

static void try_file(const char *path, const char *name, bool legacy_mode)
{
	static struct kit k;
	static struct file f;
	json_t *doc = load(path);

	if (!ok(doc && read_file(doc, &f), "%s: reads", name)) {
		json_decref(doc);
		return;
	}
	const char *want = want_code(doc, legacy_mode);
	enum tacit_status status = kit_verify(&k, f.bytes, &f.expect);
	/* The older corpus wrote two other modes; the code carries which. */
	size_t len = legacy_mode && strchr(want, ':') ? strlen(want) : sizeof(k.verdict.code);
	if (!ok(strncmp(k.verdict.code, want, len) == 0 && (status == TACIT_OK) == !*want, "%s: %s",
		name, *want ? want : "verified"))
		printf("# got %s, %s\n", k.verdict.code, k.err.detail);
	json_decref(doc);
}

static size_t try_folder(const char *root, const char *folder, bool legacy_mode)
{
	char path[8192], name[512];
	size_t count = 0;

	snprintf(path, sizeof(path), "%s/air/%s", root, folder);
	DIR *dir = opendir(path);
	if (!dir)
		return 0;
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		if (!strstr(e->d_name, ".json"))
			continue;
		snprintf(path, sizeof(path), "%s/air/%s/%s", root, folder, e->d_name);
		snprintf(name, sizeof(name), "%s/%s", folder, e->d_name);
		try_file(path, name, legacy_mode);
		count++;
	}
	closedir(dir);
	return count;
}

static bool load_good(const char *root, struct file *f)
{
	char path[8192];

	snprintf(path, sizeof(path), "%s/air/eml-head/valid/v1-tdx-with-nonce.json", root);
	json_t *doc = load(path);
	bool good = doc && read_file(doc, f);
	json_decref(doc);
	return good;
}

static void try_claims(const char *root)
{
	static struct kit k;
	static struct file f;

	if (!ok(load_good(root, &f) && kit_verify(&k, f.bytes, &f.expect) == TACIT_OK,
		"the TDX receipt verifies"))
		return;
	const struct tacit_receipt_claims *c = &k.verdict.claims;
	static const uint8_t NONCE[] = { 0xde, 0xad, 0xbe, 0xef, 0xca, 0xfe, 0xba, 0xbe };
	ok(c->iat == 1740500100 && c->sequence_number == 1 && c->execution_time_ms == 2500 &&
		   c->memory_peak_mb == 8192 && c->production &&
		   c->measurement_type == TACIT_MTYPE_TDX,
	   "its numbers and sets");
	is_slice(c->eat_nonce, TACIT_SLICE_ARRAY(NONCE), "its nonce");
	is_slice(c->model_id, tacit_slice_str("llama-7b"), "its model");
	is_slice(c->policy_version, tacit_slice_str("policy-2026.03"), "its policy version");
	ok(c->measurements[0].len == 48 && c->measurements[0].ptr[0] == 0x10 &&
		   c->measurements[2].ptr[47] == 0x30 && !c->measurements[3].ptr,
	   "its registers");
	ok(c->model_hash[0] == 0x55 && c->request_hash[0] == 0x66 && c->response_hash[0] == 0x77 &&
		   c->attestation_doc_hash[31] == 0x88 && c->cti[0] == 0x11 && c->cti[15] == 0x20,
	   "its hashes and cti");

	uint8_t seed[32], room[2048];
	struct tacit_receipt_key *key = NULL;
	struct tacit_slice again = { NULL, 0 };
	memset(seed, 0x2a, sizeof(seed));
	ok(tacit_receipt_key_new(TACIT_SLICE_ARRAY(seed), &key, NULL) == TACIT_OK &&
		   tacit_receipt_issue(c, key, tacit_mut_of(room, sizeof(room)), &again, NULL) ==
			   TACIT_OK,
	   "the corpus key issues from its claims");
	is_slice(again, f.bytes, "the same receipt, byte for byte");
	tacit_receipt_key_free(key);
}

int main(void)
{
	const char *root = tap_vectors();

	if (!root) {
		skip("published AIR v1 receipts", "no shared vectors");
		return done();
	}
	ok(try_folder(root, "eml-head/valid", false) == 2, "2 valid files");
	ok(try_folder(root, "eml-head/invalid", false) == 8, "8 invalid files");
	ok(try_folder(root, "eml-post-head/invalid", false) == 9, "9 later invalid files");
	ok(try_folder(root, "air-v1-repo/valid", true) == 2, "2 files of the older valid corpus");
	ok(try_folder(root, "air-v1-repo/invalid", true) == 8, "8 files of the older invalid one");
	try_claims(root);
	return done();
}
