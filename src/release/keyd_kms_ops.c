/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/secret.h"
#include "crypto/key.h"
#include "crypto/pair.h"
#include "crypto/random.h"
#include "release/keyd_blob.h"
#include "release/keyd_kms_inside.h"

#define SPKI_MAX 128

static const struct tacit_kms_spec SPECS[] = {
	{ "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", 32, TACIT_KEY_NONE },
	{ "ECC_NIST_P256", "KEY_AGREEMENT", 32, TACIT_P256 },
	{ "ECC_NIST_P384", "KEY_AGREEMENT", 48, TACIT_P384 },
};

const struct tacit_kms_spec *tacit_kms_spec_find(struct tacit_slice name)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(SPECS); i++)
		if (tacit_slice_eq(name, tacit_slice_str(SPECS[i].name)))
			return &SPECS[i];
	return NULL;
}

enum tacit_status tacit_kms_material(const struct tacit_kms_spec *spec, uint8_t ret[static 64],
				     struct tacit_error *err)
{
	struct tacit_secret secret = { 0 };
	struct tacit_key *key = NULL;

	if (spec->curve == TACIT_KEY_NONE)
		return tacit_random(tacit_mut_of(ret, spec->len), err);
	enum tacit_status st = tacit_key_generate((enum tacit_key_alg)spec->curve, &key, err);
	if (st == TACIT_OK)
		st = tacit_key_export_secret(key, &secret, err);
	if (st == TACIT_OK && secret.len == spec->len)
		memcpy(ret, secret.bytes, secret.len);
	else if (st == TACIT_OK)
		st = tacit_fail(err, TACIT_INTERNAL, "keyd", 0, "a key of another length");
	tacit_secret_done(&secret);
	tacit_key_free(key);
	return st;
}

/* ---- keys at work --------------------------------------------------------------------------- */

static bool need_usage(struct tacit_kms_work *work, const char *usage)
{
	const struct tacit_kms_spec *spec = tacit_kms_spec_find(work->key.spec);

	if (spec && strcmp(spec->usage, usage) == 0)
		return true;
	return tacit_kms_fail(work, "InvalidKeyUsageException", "%s is no key for that",
			      work->key_arn);
}

static bool material(struct tacit_kms_work *work, uint32_t version, struct tacit_keyd_bytes *ret)
{
	struct tacit_error err = { 0 };
	enum tacit_status st =
		tacit_keyd_key_material(work->desk->store, work->key.id, version, ret, &err);

	if (st == TACIT_POLICY)
		return tacit_kms_fail(work, "InvalidCiphertextException", "%s", err.detail);
	return st == TACIT_OK || tacit_kms_broken(work, &err);
}

static struct tacit_keyd_blob_key blob_key(const struct tacit_kms_work *work, uint32_t version,
					   const struct tacit_keyd_bytes *bytes)
{
	struct tacit_keyd_blob_key key = {
		.id = work->key.id,
		.version = version,
		.material = tacit_slice_of(bytes->ptr, bytes->len),
		.context = work->request.context,
		.context_count = work->request.context_count,
	};

	return key;
}

/* Seals under the current version and writes it as `name`. */
static bool put_sealed(struct tacit_kms_work *work, const char *name, struct tacit_slice plain)
{
	TACIT_CLEANUP(tacit_keyd_bytes_done) struct tacit_keyd_bytes bytes = { 0 };
	struct tacit_error err = { 0 };
	struct tacit_mut room = { 0 };

	if (!material(work, work->key.version, &bytes) ||
	    !tacit_kms_room(work, plain.len + TACIT_KEYD_BLOB_EXTRA, &room))
		return false;
	struct tacit_keyd_blob_key key = blob_key(work, work->key.version, &bytes);
	if (tacit_keyd_blob_seal(&key, plain, room, &err) != TACIT_OK)
		return tacit_kms_broken(work, &err);
	return tacit_kms_put_base64(work, name, tacit_slice_of(room.ptr, room.len));
}

bool tacit_kms_encrypt(struct tacit_kms_work *work)
{
	if (!need_usage(work, "ENCRYPT_DECRYPT"))
		return false;
	tacit_json_out_text(&work->json, "KeyId", work->key_arn);
	tacit_json_out_text(&work->json, "EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
	return put_sealed(work, "CiphertextBlob", work->request.plaintext);
}

bool tacit_kms_decrypt(struct tacit_kms_work *work)
{
	TACIT_CLEANUP(tacit_keyd_bytes_done) struct tacit_keyd_bytes bytes = { 0 };
	struct tacit_keyd_blob blob;
	struct tacit_error err = { 0 };
	struct tacit_mut room = { 0 };

	if (!need_usage(work, "ENCRYPT_DECRYPT"))
		return false;
	if (tacit_keyd_blob_parse(work->request.ciphertext, &blob, &err) != TACIT_OK)
		return tacit_kms_fail(work, "InvalidCiphertextException", "%s", err.detail);
	if (!material(work, blob.version, &bytes) ||
	    !tacit_kms_room(work, blob.sealed.len - 16, &room))
		return false;
	struct tacit_keyd_blob_key key = blob_key(work, blob.version, &bytes);
	if (tacit_keyd_blob_open(&key, &blob, room, &err) != TACIT_OK)
		return tacit_kms_fail(work, "InvalidCiphertextException",
				      "the ciphertext, or its encryption context, is not what was "
				      "encrypted");
	tacit_keyd_answer_key(work->answer, work->key.id, blob.version);
	tacit_json_out_text(&work->json, "KeyId", work->key_arn);
	tacit_json_out_text(&work->json, "EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
	return tacit_kms_put_secret(work, "Plaintext", tacit_slice_of(room.ptr, room.len));
}

static bool data_key_len(struct tacit_kms_work *work, size_t *ret)
{
	*ret = work->request.number_of_bytes;
	if (!work->request.key_spec.ptr)
		return true;
	if (tacit_slice_eq(work->request.key_spec, tacit_slice_str("AES_256")))
		*ret = 32;
	else if (tacit_slice_eq(work->request.key_spec, tacit_slice_str("AES_128")))
		*ret = 16;
	else
		return tacit_kms_fail(work, "ValidationException",
				      "KeySpec must be AES_128 or AES_256");
	return true;
}

static bool make_random(struct tacit_kms_work *work, size_t len, struct tacit_mut *ret)
{
	struct tacit_error err = { 0 };

	if (!tacit_kms_room(work, len, ret))
		return false;
	return tacit_random(*ret, &err) == TACIT_OK || tacit_kms_broken(work, &err);
}

bool tacit_kms_data_key(struct tacit_kms_work *work)
{
	struct tacit_mut key = { 0 };
	size_t len;

	if (!need_usage(work, "ENCRYPT_DECRYPT") || !data_key_len(work, &len) ||
	    !make_random(work, len, &key))
		return false;
	tacit_json_out_text(&work->json, "KeyId", work->key_arn);
	return put_sealed(work, "CiphertextBlob", tacit_slice_of(key.ptr, key.len)) &&
	       tacit_kms_put_secret(work, "Plaintext", tacit_slice_of(key.ptr, key.len));
}

bool tacit_kms_pair(struct tacit_kms_work *work)
{
	struct tacit_error err = { 0 };
	struct tacit_slice private, public;
	struct tacit_mut room = { 0 }, public_room = { 0 };

	if (!need_usage(work, "ENCRYPT_DECRYPT") ||
	    !tacit_kms_room(work, TACIT_PAIR_PRIVATE_MAX, &room) ||
	    !tacit_kms_room(work, TACIT_PAIR_PUBLIC_MAX, &public_room))
		return false;
	enum tacit_status st = tacit_pair_generate(work->request.pair_spec, room, &private,
						   public_room, &public, &err);
	if (st == TACIT_UNSUPPORTED)
		return tacit_kms_fail(work, "ValidationException",
				      "KeyPairSpec is none that is offered");
	if (st != TACIT_OK)
		return tacit_kms_broken(work, &err);
	tacit_json_out_text(&work->json, "KeyId", work->key_arn);
	tacit_json_out_slice(&work->json, "KeyPairSpec", work->request.pair_spec);
	return tacit_kms_put_base64(work, "PublicKey", public) &&
	       put_sealed(work, "PrivateKeyCiphertextBlob", private) &&
	       tacit_kms_put_secret(work, "PrivateKeyPlaintext", private);
}

bool tacit_kms_random(struct tacit_kms_work *work)
{
	struct tacit_mut bytes = { 0 };

	if (work->request.number_of_bytes == 0)
		return tacit_kms_fail(work, "ValidationException", "NumberOfBytes is missing");
	if (!make_random(work, work->request.number_of_bytes, &bytes))
		return false;
	return tacit_kms_put_secret(work, "Plaintext", tacit_slice_of(bytes.ptr, bytes.len));
}

/* ---- key agreement -------------------------------------------------------------------------- */

static void free_key(struct tacit_key **key)
{
	tacit_key_free(*key);
}

static bool own_key(struct tacit_kms_work *work, struct tacit_key **ret)
{
	TACIT_CLEANUP(tacit_keyd_bytes_done) struct tacit_keyd_bytes bytes = { 0 };
	const struct tacit_kms_spec *spec = tacit_kms_spec_find(work->key.spec);
	struct tacit_error err = { 0 };

	if (!need_usage(work, "KEY_AGREEMENT") || !material(work, work->key.version, &bytes))
		return false;
	return tacit_key_private((enum tacit_key_alg)spec->curve,
				 tacit_slice_of(bytes.ptr, bytes.len), ret, &err) == TACIT_OK ||
	       tacit_kms_broken(work, &err);
}

bool tacit_kms_derive(struct tacit_kms_work *work)
{
	struct tacit_key *own TACIT_CLEANUP(free_key) = NULL;
	struct tacit_key *peer TACIT_CLEANUP(free_key) = NULL;
	TACIT_CLEANUP(tacit_secret_done) struct tacit_secret shared = { 0 };
	uint8_t point[TACIT_PUBLIC_MAX];
	size_t len;

	if (!own_key(work, &own))
		return false;
	if (tacit_key_spki(work->request.public_key, &peer, NULL) != TACIT_OK ||
	    tacit_key_alg_of(peer) != tacit_key_alg_of(own) ||
	    tacit_key_export_public(peer, point, &len, NULL) != TACIT_OK ||
	    tacit_key_agree(own, tacit_slice_of(point, len), &shared, NULL) != TACIT_OK)
		return tacit_kms_fail(work, "ValidationException",
				      "PublicKey is no key of the curve that this key is of");
	tacit_json_out_text(&work->json, "KeyId", work->key_arn);
	tacit_json_out_text(&work->json, "KeyAgreementAlgorithm", "ECDH");
	tacit_json_out_text(&work->json, "KeyOrigin", "AWS_KMS");
	return tacit_kms_put_secret(work, "SharedSecret", tacit_secret_view(&shared));
}

/* SubjectPublicKeyInfo of an uncompressed point [RFC 5480 2]: all before it is constant. */
static struct tacit_slice put_spki(enum tacit_key_alg alg, struct tacit_slice point,
				   struct tacit_mut room)
{
	static const uint8_t P256[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
					0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
					0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };
	static const uint8_t P384[] = { 0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
					0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
					0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00 };
	struct writer w = wr_of(room);

	wr_bytes(&w, alg == TACIT_P256 ? TACIT_SLICE_ARRAY(P256) : TACIT_SLICE_ARRAY(P384));
	wr_bytes(&w, point);
	return w.bad ? tacit_slice_of(NULL, 0) : tacit_slice_of(room.ptr, w.at);
}

static void put_texts(struct tacit_kms_work *work, const char *name, const char *text)
{
	tacit_json_out_open(&work->json, name, '[');
	tacit_json_out_text(&work->json, NULL, text);
	tacit_json_out_close(&work->json, ']');
}

bool tacit_kms_public_key(struct tacit_kms_work *work)
{
	struct tacit_key *own TACIT_CLEANUP(free_key) = NULL;
	uint8_t point[TACIT_PUBLIC_MAX], room[SPKI_MAX];
	struct tacit_error err = { 0 };
	size_t len;

	if (!own_key(work, &own))
		return false;
	if (tacit_key_export_public(own, point, &len, &err) != TACIT_OK)
		return tacit_kms_broken(work, &err);
	tacit_json_out_text(&work->json, "KeyId", work->key_arn);
	tacit_json_out_slice(&work->json, "KeySpec", work->key.spec);
	tacit_json_out_text(&work->json, "KeyUsage", "KEY_AGREEMENT");
	put_texts(work, "KeyAgreementAlgorithms", "ECDH");
	return tacit_kms_put_base64(work, "PublicKey",
				    put_spki(tacit_key_alg_of(own), tacit_slice_of(point, len),
					     tacit_mut_of(room, sizeof(room))));
}

/* ---- keys as things ------------------------------------------------------------------------- */

static void put_metadata(struct tacit_kms_work *work, const struct tacit_keyd_key *key)
{
	const struct tacit_kms_spec *spec = tacit_kms_spec_find(key->spec);
	struct tacit_json_out *j = &work->json;

	tacit_json_out_open(j, "KeyMetadata", '{');
	tacit_json_out_text(j, "AWSAccountId", work->desk->config->account);
	tacit_json_out_slice(j, "KeyId", key->id);
	tacit_json_out_text(j, "Arn", work->key_arn);
	tacit_json_out_int(j, "CreationDate", key->created_at);
	tacit_json_out_bool(j, "Enabled", key->enabled);
	tacit_json_out_slice(j, "Description", key->name.ptr ? key->name : tacit_slice_str(""));
	tacit_json_out_text(j, "KeyUsage", spec->usage);
	tacit_json_out_text(j, "KeyState", key->enabled ? "Enabled" : "Disabled");
	tacit_json_out_text(j, "Origin", "AWS_KMS");
	tacit_json_out_text(j, "KeyManager", "CUSTOMER");
	tacit_json_out_text(j, "CustomerMasterKeySpec", spec->name);
	tacit_json_out_text(j, "KeySpec", spec->name);
	if (spec->curve == TACIT_KEY_NONE)
		put_texts(work, "EncryptionAlgorithms", "SYMMETRIC_DEFAULT");
	else
		put_texts(work, "KeyAgreementAlgorithms", "ECDH");
	tacit_json_out_bool(j, "MultiRegion", false);
	tacit_json_out_close(j, '}');
}

bool tacit_kms_describe(struct tacit_kms_work *work)
{
	put_metadata(work, &work->key);
	return true;
}

static bool check_create(struct tacit_kms_work *work, const struct tacit_kms_spec *spec)
{
	const struct tacit_kms_request *request = &work->request;
	struct tacit_error err = { 0 };

	if (!spec)
		return tacit_kms_fail(work, "UnsupportedOperationException",
				      "KeySpec is none that is offered");
	if (request->usage.ptr && !tacit_slice_eq(request->usage, tacit_slice_str(spec->usage)))
		return tacit_kms_fail(work, "ValidationException", "KeyUsage of %s must be %s",
				      spec->name, spec->usage);
	if (request->policy.ptr && tacit_keyd_policy_check(request->policy, &err) != TACIT_OK)
		return tacit_kms_fail(work, "MalformedPolicyDocumentException", "%s", err.detail);
	return true;
}

bool tacit_kms_create(struct tacit_kms_work *work)
{
	const struct tacit_kms_request *request = &work->request;
	const struct tacit_kms_spec *spec = tacit_kms_spec_find(
		request->key_spec.ptr ? request->key_spec : tacit_slice_str(SPECS[0].name));
	const struct tacit_keyd_config *config = work->desk->config;
	const struct tacit_keyd_actor actor = { tacit_slice_str(work->call->credential->name),
						work->call->now };
	uint8_t bytes[64];
	char id[TACIT_KEYD_ID_LEN + 1];
	struct tacit_error err = { 0 };

	if (!check_create(work, spec))
		return false;
	struct tacit_keyd_key key = { .spec = tacit_slice_str(spec->name),
				      .policy = request->policy,
				      .enabled = true,
				      .version = 1,
				      .created_at = work->call->now };
	enum tacit_status st = tacit_kms_material(spec, bytes, &err);
	if (st == TACIT_OK)
		st = tacit_keyd_key_create(work->desk->store, &actor, &key,
					   tacit_slice_of(bytes, spec->len), id, &err);
	tacit_wipe(bytes, sizeof(bytes));
	if (st != TACIT_OK)
		return tacit_kms_broken(work, &err);
	key.id = tacit_slice_str(id);
	snprintf(work->key_arn, sizeof(work->key_arn), "arn:aws:kms:%s:%s:key/%s", config->region,
		 config->account, id);
	put_metadata(work, &key);
	return true;
}

/* ---- listing -------------------------------------------------------------------------------- */

struct listing {
	struct tacit_kms_work *work;
	bool begun; /* behind the marker */
	uint64_t left;
	char next[TACIT_KEYD_ID_LEN + 1]; /* the last that was listed, when there are more */
	bool more;
};

static bool list_key(void *user, const struct tacit_keyd_key *key)
{
	struct listing *l = user;
	struct tacit_kms_work *work = l->work;
	const struct tacit_keyd_config *config = work->desk->config;
	char arn[TACIT_KMS_ARN_MAX];

	if (!tacit_kms_spec_find(key->spec) || key->id.len != TACIT_KEYD_ID_LEN)
		return true;
	if (!l->begun) {
		l->begun = tacit_slice_eq(key->id, work->request.marker);
		return true;
	}
	if (l->left == 0) {
		l->more = true;
		return false;
	}
	l->left--;
	memcpy(l->next, key->id.ptr, key->id.len);
	snprintf(arn, sizeof(arn), "arn:aws:kms:%s:%s:key/%.*s", config->region, config->account,
		 (int)key->id.len, (const char *)key->id.ptr);
	tacit_json_out_open(&work->json, NULL, '{');
	tacit_json_out_slice(&work->json, "KeyId", key->id);
	tacit_json_out_text(&work->json, "KeyArn", arn);
	tacit_json_out_close(&work->json, '}');
	return true;
}

bool tacit_kms_list(struct tacit_kms_work *work)
{
	struct listing l = { .work = work,
			     .begun = !work->request.marker.ptr,
			     .left = work->request.limit ? work->request.limit : 100 };
	struct tacit_error err = { 0 };

	if (l.left > 100)
		l.left = 100; /* as many as one answer has room for; the marker leads on */
	tacit_json_out_open(&work->json, "Keys", '[');
	if (tacit_keyd_key_list(work->desk->store, list_key, &l, &err) != TACIT_OK)
		return tacit_kms_broken(work, &err);
	tacit_json_out_close(&work->json, ']');
	if (!l.begun)
		return tacit_kms_fail(work, "InvalidMarkerException", "no such marker");
	tacit_json_out_bool(&work->json, "Truncated", l.more);
	if (l.more)
		tacit_json_out_text(&work->json, "NextMarker", l.next);
	return true;
}
