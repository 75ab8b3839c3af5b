/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/jwk.h"

#include "base/base64.h"
#include "base/compiler.h"
#include "codec/json_read.h"

#define WHERE "jwk"

static const struct curve {
	const char *type, *curve, *alg;
	enum tacit_key_alg key;
	size_t len; /* of a coordinate */
} CURVES[] = {
	{ "EC", "P-256", "ES256", TACIT_P256, 32 },
	{ "EC", "P-384", "ES384", TACIT_P384, 48 },
	{ "OKP", "Ed25519", "EdDSA", TACIT_ED25519, 32 },
};

struct members {
	struct tacit_slice type, curve, alg, x, y;
};

static void take_members(struct tacit_json_read *j, struct members *m)
{
	const struct {
		const char *name;
		struct tacit_slice *to;
	} rows[] = { { "kty", &m->type },
		     { "crv", &m->curve },
		     { "alg", &m->alg },
		     { "x", &m->x },
		     { "y", &m->y } };
	struct tacit_slice name;

	tacit_json_read_object(j);
	while (tacit_json_read_member(j, &name)) {
		size_t i = 0;

		while (i < TACIT_ARRAY_LEN(rows) &&
		       !tacit_slice_eq(name, tacit_slice_str(rows[i].name)))
			i++;
		if (i < TACIT_ARRAY_LEN(rows))
			*rows[i].to = tacit_json_read_string(j);
		else
			tacit_json_read_skip(j);
	}
}

static const struct curve *find_curve(const struct members *m)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(CURVES); i++)
		if (tacit_slice_eq(m->type, tacit_slice_str(CURVES[i].type)) &&
		    tacit_slice_eq(m->curve, tacit_slice_str(CURVES[i].curve)))
			return &CURVES[i];
	return NULL;
}

static bool take_coordinate(struct tacit_slice text, size_t len, uint8_t *ret)
{
	size_t got = 0;

	return text.len == tacit_base64_size(TACIT_BASE64URL, len) &&
	       tacit_base64_decode(TACIT_BASE64URL, text, tacit_mut_of(ret, len), &got) &&
	       got == len;
}

enum tacit_status tacit_key_jwk(struct tacit_slice json, struct tacit_key **ret_key,
				struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(json);
	uint8_t raw[TACIT_PUBLIC_MAX] = { 4 }; /* an uncompressed point [SEC 1 2.3.3] */
	struct members m = { 0 };

	take_members(&j, &m);
	enum tacit_status st = tacit_json_read_finish(&j, WHERE, err);
	if (st != TACIT_OK)
		return st;
	const struct curve *curve = find_curve(&m);
	if (!curve)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "not a key of P-256, P-384 or Ed25519");
	if (m.alg.ptr && !tacit_slice_eq(m.alg, tacit_slice_str(curve->alg)))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "\"alg\" is not %s", curve->alg);
	bool point = curve->key != TACIT_ED25519;
	uint8_t *x = raw + point, *y = x + curve->len;
	if (!take_coordinate(m.x, curve->len, x) ||
	    (point ? !take_coordinate(m.y, curve->len, y) : m.y.ptr != NULL))
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "the coordinates have not its size");
	return tacit_key_public(curve->key,
				tacit_slice_of(raw, point ? 1 + 2 * curve->len : curve->len),
				ret_key, err);
}
