/* SPDX-License-Identifier: Apache-2.0 */
#include "release/eml_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "codec/json.h"

#define WHERE     "model.eml"
#define SIGNATURE 64

/* A byte string as a list of numbers. */
static enum tacit_status read_bytes(const json_t *object, const char *name, uint8_t *ret,
				    size_t want, struct tacit_error *err)
{
	json_t *list = NULL;
	enum tacit_status st = tacit_json_get_array(object, name, TACIT_JSON_REQUIRED, &list, err);

	if (st != TACIT_OK)
		return st;
	if (json_array_size(list) != want)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "\"%s\" has %zu bytes, not %zu",
				  name, json_array_size(list), want);
	for (size_t i = 0; i < want; i++) {
		const json_t *item = json_array_get(list, i);

		if (!json_is_integer(item) || json_integer_value(item) < 0 ||
		    json_integer_value(item) > 255)
			return tacit_fail(err, TACIT_FORMAT, WHERE, i, "\"%s\" is not bytes", name);
		ret[i] = (uint8_t)json_integer_value(item);
	}
	return TACIT_OK;
}

/* Text that every JSON writer writes alike: no controls, which some escape otherwise. */
static enum tacit_status read_text(const json_t *object, const char *name, char *ret, size_t size,
				   struct tacit_error *err)
{
	struct tacit_slice text;
	enum tacit_status st = tacit_json_get_string(object, name, TACIT_JSON_REQUIRED, &text, err);

	if (st != TACIT_OK)
		return st;
	if (text.len == 0 || text.len >= size)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "\"%s\" has %zu bytes", name,
				  text.len);
	memcpy(ret, text.ptr, text.len);
	ret[text.len] = '\0';
	return TACIT_OK;
}

static void drop_if_null(json_t *object, const char *name)
{
	if (json_is_null(json_object_get(object, name)))
		json_object_del(object, name);
}

static enum tacit_status check_signature(json_t *object, const struct tacit_key *signer,
					 struct tacit_error *err)
{
	uint8_t signature[SIGNATURE];
	enum tacit_status st = read_bytes(object, "signature", signature, sizeof(signature), err);

	if (st != TACIT_OK)
		return st;
	json_object_del(object, "signature");
	drop_if_null(object, "tokenizer_hash");
	drop_if_null(object, "config_hash");
	char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	if (!text)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	st = tacit_key_verify(signer, tacit_slice_str(text), TACIT_SLICE_ARRAY(signature), NULL);
	free(text);
	if (st != TACIT_OK)
		return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0,
				  "the signer that was given did not sign this manifest");
	return TACIT_OK;
}

static enum tacit_status read_all(json_t *object, const struct tacit_key *signer,
				  struct tacit_eml_manifest *ret, struct tacit_error *err)
{
	char algorithm[32];
	enum tacit_status st =
		read_text(object, "model_id", ret->model_id, sizeof(ret->model_id), err);

	if (st == TACIT_OK)
		st = read_text(object, "version", ret->version, sizeof(ret->version), err);
	if (st == TACIT_OK)
		st = read_text(object, "hash_algorithm", algorithm, sizeof(algorithm), err);
	if (st == TACIT_OK && strcasecmp(algorithm, "sha256") != 0 &&
	    strcasecmp(algorithm, "sha-256") != 0)
		st = tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "a hash other than SHA-256");
	if (st == TACIT_OK)
		st = read_bytes(object, "model_hash", ret->model_hash, sizeof(ret->model_hash),
				err);
	return st ? st : check_signature(object, signer, err);
}

enum tacit_status tacit_eml_manifest_verify(struct tacit_slice json, const struct tacit_key *signer,
					    struct tacit_eml_manifest *ret, struct tacit_error *err)
{
	struct tacit_eml_manifest got = { "", "", { 0 } };
	json_t *object = NULL;

	if (json.len > TACIT_EML_MANIFEST_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "a manifest of %zu bytes", json.len);
	enum tacit_status st = tacit_json_parse(json, &object, err);
	if (st != TACIT_OK)
		return st;
	st = json_is_object(object) ? read_all(object, signer, &got, err)
				    : tacit_fail(err, TACIT_FORMAT, WHERE, 0, "not an object");
	json_decref(object);
	if (st == TACIT_OK)
		*ret = got;
	return st;
}
