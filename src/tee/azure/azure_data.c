/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/azure/azure.h"

#include "base/arena.h"
#include "base/base64.h"
#include "codec/json_read.h"

#define WHERE "azure.data"

/* One entry of "keys" [RFC 7517 4]. */
struct jwk {
	struct tacit_slice kid, kty, e, n;
};

static bool is(struct tacit_slice name, const char *text)
{
	return tacit_slice_eq(name, tacit_slice_str(text));
}

static struct jwk read_jwk(struct tacit_json_read *j)
{
	struct jwk key = { 0 };
	struct tacit_slice name;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (is(name, "kid"))
			key.kid = tacit_json_read_string(j);
		else if (is(name, "kty"))
			key.kty = tacit_json_read_string(j);
		else if (is(name, "e"))
			key.e = tacit_json_read_string(j);
		else if (is(name, "n"))
			key.n = tacit_json_read_string(j);
		else
			tacit_json_read_skip(j);
	}
	return key;
}

/* The paravisor makes RSA keys of 2048 bits with exponent 65537, and nothing else is needed. */
static void take_ak(struct tacit_json_read *j, const struct jwk *key, struct tacit_arena *arena,
		    struct tacit_hcl_data *data)
{
	uint8_t modulus[TACIT_AZURE_RSA_LEN];
	size_t len = 0;

	if (data->ak_modulus.ptr) {
		tacit_json_read_reject(j, "HCLAkPub is there twice");
		return;
	}
	if (!is(key->kty, "RSA") || !is(key->e, "AQAB") ||
	    !tacit_base64_decode(TACIT_BASE64URL, key->n, tacit_mut_of(modulus, sizeof(modulus)),
				 &len) ||
	    len != sizeof(modulus) || !(modulus[0] & 0x80) || !(modulus[len - 1] & 1)) {
		tacit_json_read_reject(j, "HCLAkPub is not an RSA key of 2048 bits with e=65537");
		return;
	}
	data->ak_modulus = tacit_slice_of(tacit_arena_copy(arena, TACIT_SLICE_ARRAY(modulus)), len);
	if (!data->ak_modulus.ptr)
		tacit_json_read_full(j);
}

static void read_keys(struct tacit_json_read *j, struct tacit_arena *arena,
		      struct tacit_hcl_data *data)
{
	tacit_json_read_array(j);
	while (tacit_json_read_item(j)) {
		struct jwk key = read_jwk(j);
		if (!j->why && is(key.kid, "HCLAkPub"))
			take_ak(j, &key, arena, data);
	}
}

static void read_vm(struct tacit_json_read *j, struct tacit_hcl_data *data)
{
	struct tacit_slice name;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		if (is(name, "secure-boot"))
			data->secure_boot = tacit_json_read_bool(j);
		else if (is(name, "tpm-enabled"))
			data->tpm_enabled = tacit_json_read_bool(j);
		else if (is(name, "tpm-persisted"))
			data->tpm_persisted = tacit_json_read_bool(j);
		else if (is(name, "console-enabled"))
			data->console_enabled = tacit_json_read_bool(j);
		else if (is(name, "vmUniqueId"))
			data->vm_id = tacit_json_read_string(j);
		else
			tacit_json_read_skip(j);
	}
}

static void read_user_data(struct tacit_json_read *j, struct tacit_arena *arena,
			   struct tacit_hcl_data *data)
{
	uint8_t bytes[64] = { 0 };

	tacit_json_read_hex(j, bytes, sizeof(bytes));
	data->user_data =
		tacit_slice_of(tacit_arena_copy(arena, TACIT_SLICE_ARRAY(bytes)), sizeof(bytes));
	if (!data->user_data.ptr)
		tacit_json_read_full(j);
}

enum tacit_status tacit_hcl_data_parse(struct tacit_slice json, struct tacit_arena *arena,
				       struct tacit_hcl_data *ret, struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(json);
	struct tacit_hcl_data data = { 0 };
	struct tacit_slice name;

	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		if (is(name, "keys"))
			read_keys(&j, arena, &data);
		else if (is(name, "vm-configuration"))
			read_vm(&j, &data);
		else if (is(name, "user-data"))
			read_user_data(&j, arena, &data);
		else
			tacit_json_read_skip(&j);
	}
	enum tacit_status st = tacit_json_read_finish(&j, WHERE, err);
	if (st != TACIT_OK)
		return st;
	if (!data.ak_modulus.ptr)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "no key is named HCLAkPub");
	*ret = data;
	return TACIT_OK;
}
