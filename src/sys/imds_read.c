/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/imds_read.h"

#include "base/writer.h"
#include "codec/json_read.h"
#include "codec/pem.h"
#include "codec/text_bytes.h"
#include "trust/x509.h"

#define WHERE     "imds"
#define CERTS_MAX 8

static enum tacit_status finish_answer(struct tacit_json_read *j, struct tacit_error *err)
{
	struct tacit_error why = { 0 };

	if (tacit_json_read_finish(j, WHERE, &why) == TACIT_OK)
		return TACIT_OK;
	return tacit_fail(err, TACIT_PEER, WHERE, why.offset,
			  "the metadata service's answer is not what it should be: %s", why.detail);
}

/* ---- certificates -------------------------------------------------------------------------- */

/* Appends what the text holds: certificates, and nothing that is none. */
static enum tacit_status put_certs(struct writer *w, struct tacit_slice text, size_t *count,
				   struct tacit_arena *arena, struct tacit_error *err)
{
	struct tacit_error broken = { 0 };
	struct tacit_pem_block block;
	struct tacit_cert cert;
	size_t at = 0;

	while (tacit_pem_next(text, &at, arena, &block, &broken)) {
		if ((*count)++ == CERTS_MAX)
			return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "more than %d certificates",
					  CERTS_MAX);
		enum tacit_status st = tacit_cert_parse(block.der, WHERE, &cert, err);
		if (st != TACIT_OK)
			return st;
		wr_bytes(w, block.der);
	}
	return broken.status == TACIT_OK
		       ? TACIT_OK
		       : tacit_fail(err, broken.status, WHERE, broken.offset, "%s", broken.detail);
}

/* {"vcekCert": PEM, "certificateChain": PEM, ...} */
enum tacit_status tacit_imds_read_certs(struct tacit_slice body, struct tacit_arena *arena,
					struct tacit_mut room, struct tacit_slice *ret,
					struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(body);
	struct tacit_slice key = { 0 }, chain = { 0 }, name;
	struct writer w = wr_of(room);
	size_t count = 0;

	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		if (tacit_slice_eq(name, tacit_slice_str("vcekCert")))
			key = tacit_json_read_text(&j, arena);
		else if (tacit_slice_eq(name, tacit_slice_str("certificateChain")))
			chain = tacit_json_read_text(&j, arena);
		else
			tacit_json_read_skip(&j);
	}
	enum tacit_status st = finish_answer(&j, err);
	if (st == TACIT_OK)
		st = put_certs(&w, key, &count, arena, err);
	if (st == TACIT_OK && count != 1)
		st = tacit_fail(err, TACIT_PEER, WHERE, 0,
				"the metadata service gives %zu certificates of the key", count);
	if (st == TACIT_OK)
		st = put_certs(&w, chain, &count, arena, err);
	return st == TACIT_OK ? wr_finish(&w, WHERE, ret, err) : st;
}

/* ---- TD quotes ----------------------------------------------------------------------------- */

/* {"quote": base64url} */
enum tacit_status tacit_imds_read_quote(struct tacit_slice body, struct tacit_arena *arena,
					struct tacit_mut room, struct tacit_slice *ret,
					struct tacit_error *err)
{
	struct tacit_json_read j = tacit_json_read_of(body);
	struct tacit_slice quote = { 0 }, name;

	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name)) {
		if (tacit_slice_eq(name, tacit_slice_str("quote")))
			quote = tacit_text_bytes_json(&j, arena);
		else
			tacit_json_read_skip(&j);
	}
	enum tacit_status st = finish_answer(&j, err);
	if (st != TACIT_OK)
		return st;
	if (quote.len == 0 || quote.len > room.len)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the metadata service gives a quote of %zu bytes", quote.len);
	memcpy(room.ptr, quote.ptr, quote.len);
	*ret = tacit_slice_of(room.ptr, quote.len);
	return TACIT_OK;
}
