/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "release/keyd_inside.h"

#define WHERE      TACIT_KEYD_WHERE
#define FIELDS_MAX 10

/* A row as its seal has it: fields in one order, a text with its length before it. */
struct sheet {
	size_t count;
	struct tacit_slice parts[2 * FIELDS_MAX];
	uint8_t heads[FIELDS_MAX][8];
};

static void put_number(struct sheet *sheet, uint64_t number)
{
	uint8_t *head = sheet->heads[sheet->count / 2];
	struct writer w = wr_of(tacit_mut_of(head, sizeof(sheet->heads[0])));

	wr_be64(&w, number);
	sheet->parts[sheet->count++] = tacit_slice_of(head, sizeof(sheet->heads[0]));
	sheet->parts[sheet->count++] = tacit_slice_of(NULL, 0);
}

/* No text is as long as one that is absent. */
static void put_text(struct sheet *sheet, struct tacit_slice text)
{
	put_number(sheet, text.ptr ? text.len : UINT64_MAX);
	sheet->parts[sheet->count - 1] = text;
}

static enum tacit_status make(const struct tacit_keyd_store *store, const struct sheet *sheet,
			      uint8_t ret[static TACIT_KEYD_SEAL_LEN], struct tacit_error *err)
{
	if (!store->has_master)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "opened without a master key");
	return tacit_hmac_parts(TACIT_SHA256, TACIT_SLICE_ARRAY(store->master.seal), sheet->parts,
				sheet->count, ret, err);
}

enum tacit_status tacit_keyd_seal_key(const struct tacit_keyd_store *store,
				      const struct tacit_keyd_key *key,
				      uint8_t ret[static TACIT_KEYD_SEAL_LEN],
				      struct tacit_error *err)
{
	struct sheet sheet = { 0 };

	put_text(&sheet, tacit_slice_str("key"));
	put_text(&sheet, key->id);
	put_text(&sheet, key->name);
	put_text(&sheet, key->spec);
	put_number(&sheet, key->enabled);
	put_number(&sheet, key->version);
	put_number(&sheet, (uint64_t)key->created_at);
	put_text(&sheet, key->policy);
	put_text(&sheet, key->appraisal);
	return make(store, &sheet, ret, err);
}

enum tacit_status tacit_keyd_seal_credential(const struct tacit_keyd_store *store,
					     const struct tacit_keyd_credential *c,
					     uint8_t ret[static TACIT_KEYD_SEAL_LEN],
					     struct tacit_error *err)
{
	struct sheet sheet = { 0 };

	put_text(&sheet, tacit_slice_str("credential"));
	put_text(&sheet, tacit_slice_str(c->access_key));
	put_text(&sheet, tacit_slice_str(c->name));
	put_number(&sheet, c->admin);
	put_number(&sheet, c->enabled);
	put_number(&sheet, (uint64_t)c->created_at);
	return make(store, &sheet, ret, err);
}

enum tacit_status tacit_keyd_changed(const char *kind, struct tacit_slice name,
				     struct tacit_error *err)
{
	char shown[80];

	return tacit_fail(err, TACIT_SIGNATURE, WHERE, 0,
			  "the row of %s '%s' was changed by something other than this broker",
			  kind, tacit_escape(shown, sizeof(shown), name));
}

enum tacit_status tacit_keyd_seal_check(const char *kind, struct tacit_slice name,
					const uint8_t seal[static TACIT_KEYD_SEAL_LEN],
					struct tacit_slice said, struct tacit_error *err)
{
	if (tacit_equal_secret(tacit_slice_of(seal, TACIT_KEYD_SEAL_LEN), said))
		return TACIT_OK;
	return tacit_keyd_changed(kind, name, err);
}
