/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/tpm_message.h"

#include "sys/tpm_code.h"

#define WHERE "tpm"

/* [TPM2 Part 2, 6.9, 6.5.2, 6.3, 7.4] */
#define NO_SESSIONS    0x8001u
#define SESSIONS       0x8002u
#define RSP_OF_TPM1    0x00c4u
#define NV_DEFINE      0x0000012au
#define NV_WRITE       0x00000137u
#define NV_READ        0x0000014eu
#define QUOTE          0x00000158u
#define NV_PUBLIC      0x00000169u
#define PCR_READ       0x0000017eu
#define ALG_SHA256     0x000bu
#define ALG_RSASSA     0x0014u
#define RH_OWNER       0x40000001u
#define RS_PASSWORD    0x40000009u
#define SELECT_LEN     3 /* bytes of a selection of 24 PCRs */
#define NV_PUBLIC_LEN  14
#define NV_OWNER_WRITE 0x00000002u /* [TPM2 Part 2, 13.4] */
#define NV_OWNER_READ  0x00020000u
#define PASSWORD_LEN   9 /* an authorisation by an empty password */

/* ---- commands ------------------------------------------------------------------------------ */

static void put_head(struct writer *w, uint16_t tag, uint32_t command)
{
	wr_be16(w, tag);
	wr_be32(w, 0); /* the length: tacit_tpm_command() */
	wr_be32(w, command);
}

/* Handle, empty nonce, no attributes, empty password [TPM2 Part 1, 19.4]. */
static void put_password(struct writer *w)
{
	wr_be32(w, PASSWORD_LEN);
	wr_be32(w, RS_PASSWORD);
	wr_be16(w, 0);
	wr_u8(w, 0);
	wr_be16(w, 0);
}

static void put_2b(struct writer *w, struct tacit_slice bytes)
{
	wr_be16(w, (uint16_t)bytes.len);
	wr_bytes(w, bytes);
}

/* TPML_PCR_SELECTION of the one bank [TPM2 10.9.7]. */
static void put_selection(struct writer *w, uint32_t mask)
{
	wr_be32(w, 1);
	wr_be16(w, ALG_SHA256);
	wr_u8(w, SELECT_LEN);
	for (size_t i = 0; i < SELECT_LEN; i++)
		wr_u8(w, (uint8_t)(mask >> 8 * i));
}

void tacit_tpm_put_nv_public(struct writer *w, uint32_t index)
{
	put_head(w, NO_SESSIONS, NV_PUBLIC);
	wr_be32(w, index);
}

void tacit_tpm_put_nv_read(struct writer *w, uint32_t index, uint16_t size, uint16_t offset)
{
	put_head(w, SESSIONS, NV_READ);
	wr_be32(w, RH_OWNER);
	wr_be32(w, index);
	put_password(w);
	wr_be16(w, size);
	wr_be16(w, offset);
}

void tacit_tpm_put_nv_write(struct writer *w, uint32_t index, struct tacit_slice data)
{
	put_head(w, SESSIONS, NV_WRITE);
	wr_be32(w, RH_OWNER);
	wr_be32(w, index);
	put_password(w);
	put_2b(w, data);
	wr_be16(w, 0);
}

/* Without authorisation of its own and without policy: the owner's, which is empty, will do. */
void tacit_tpm_put_nv_define(struct writer *w, uint32_t index, uint16_t size)
{
	put_head(w, SESSIONS, NV_DEFINE);
	wr_be32(w, RH_OWNER);
	put_password(w);
	wr_be16(w, 0);
	wr_be16(w, NV_PUBLIC_LEN);
	wr_be32(w, index);
	wr_be16(w, ALG_SHA256);
	wr_be32(w, NV_OWNER_WRITE | NV_OWNER_READ);
	wr_be16(w, 0);
	wr_be16(w, size);
}

void tacit_tpm_put_pcr_read(struct writer *w, uint32_t mask)
{
	put_head(w, NO_SESSIONS, PCR_READ);
	put_selection(w, mask);
}

void tacit_tpm_put_quote(struct writer *w, uint32_t key, struct tacit_slice extra, uint32_t mask)
{
	put_head(w, SESSIONS, QUOTE);
	wr_be32(w, key);
	put_password(w);
	put_2b(w, extra);
	wr_be16(w, ALG_RSASSA);
	wr_be16(w, ALG_SHA256);
	put_selection(w, mask);
}

enum tacit_status tacit_tpm_command(struct writer *w, struct tacit_slice *ret,
				    struct tacit_error *err)
{
	struct writer len = wr_of(tacit_mut_of(w->out.ptr + 2, 4));
	enum tacit_status st = wr_finish(w, WHERE, ret, err);

	if (st == TACIT_OK)
		wr_be32(&len, (uint32_t)ret->len);
	return st;
}

/* ---- answers ------------------------------------------------------------------------------- */

static enum tacit_status fail_shape(const struct reader *r, const char *what,
				    struct tacit_error *err)
{
	return tacit_fail(err, TACIT_PEER, WHERE, r->at, "the TPM's answer is none: %s", what);
}

size_t tacit_tpm_answer_len(const uint8_t head[static TACIT_TPM_HEAD])
{
	struct reader r = rd_of(tacit_slice_of(head + 2, 4));
	uint32_t len = rd_be32(&r);

	return len < TACIT_TPM_HEAD || len > TACIT_TPM_ANSWER_MAX ? 0 : len;
}

/* Tag, length and code; the reader is behind them. */
static enum tacit_status read_head(struct reader *r, uint16_t *ret_tag, uint32_t *ret_code,
				   struct tacit_error *err)
{
	uint16_t tag = rd_be16(r);
	uint32_t len = rd_be32(r);
	uint32_t code = rd_be32(r);

	if (r->bad)
		return fail_shape(r, "it is shorter than a head", err);
	if (tag == RSP_OF_TPM1)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "this is a TPM 1.2");
	if (tag != NO_SESSIONS && tag != SESSIONS)
		return fail_shape(r, "it starts with another tag", err);
	if (len != r->in.len)
		return fail_shape(r, "its length is not the one it states", err);
	*ret_tag = tag;
	*ret_code = code;
	return TACIT_OK;
}

enum tacit_status tacit_tpm_read_code(struct tacit_slice in, uint32_t *ret, struct tacit_error *err)
{
	struct reader r = rd_of(in);
	uint16_t tag = 0;

	return read_head(&r, &tag, ret, err);
}

/* What the password session answers: nothing but its attributes [TPM2 Part 1, 19.4]. */
static bool is_password_answer(struct reader *r)
{
	uint16_t nonce = rd_be16(r);

	(void)rd_u8(r);
	return nonce == 0 && rd_be16(r) == 0 && !r->bad && rd_left(r) == 0;
}

/* The parameters of an answer, which was authorised as its command was. */
static enum tacit_status open_answer(struct tacit_slice in, uint16_t tag, struct reader *ret,
				     struct tacit_error *err)
{
	struct reader r = rd_of(in);
	uint16_t got = 0;
	uint32_t code = 0;
	enum tacit_status st = read_head(&r, &got, &code, err);

	if (st != TACIT_OK)
		return st;
	if (code != 0)
		return tacit_tpm_code_fail(code, err);
	if (got != tag)
		return fail_shape(&r, "it is of another kind than the command", err);
	size_t len = tag == SESSIONS ? rd_be32(&r) : rd_left(&r);
	struct reader parameters = rd_sub(&r, len);
	if (r.bad)
		return fail_shape(&r, "its parameters go past its end", err);
	if (tag == SESSIONS && !is_password_answer(&r))
		return fail_shape(&r, "its authorisation is not that of a password", err);
	*ret = parameters;
	return TACIT_OK;
}

/* Whether everything was there, and nothing else. */
static enum tacit_status close_answer(const struct reader *r, struct tacit_error *err)
{
	if (r->bad || rd_left(r) != 0)
		return fail_shape(r, r->bad ? "it ends too early" : "there is more behind it", err);
	return TACIT_OK;
}

static struct tacit_slice take_2b(struct reader *r)
{
	return rd_take(r, rd_be16(r));
}

enum tacit_status tacit_tpm_read_done(struct tacit_slice in, struct tacit_error *err)
{
	struct reader r;
	enum tacit_status st = open_answer(in, SESSIONS, &r, err);

	return st == TACIT_OK ? close_answer(&r, err) : st;
}

/* TPM2B_NV_PUBLIC and TPM2B_NAME [TPM2 Part 3, 31.6]. */
enum tacit_status tacit_tpm_read_nv_public(struct tacit_slice in, uint32_t index, size_t *ret_size,
					   struct tacit_error *err)
{
	struct reader r;
	enum tacit_status st = open_answer(in, NO_SESSIONS, &r, err);

	if (st != TACIT_OK)
		return st;
	struct reader public = rd_sub(&r, rd_be16(&r));
	uint32_t got = rd_be32(&public);
	rd_skip(&public, 2 + 4); /* hash of the name, attributes */
	(void)take_2b(&public);  /* policy */
	uint16_t size = rd_be16(&public);
	(void)take_2b(&r); /* name */
	st = close_answer(&public, err);
	if (st == TACIT_OK)
		st = close_answer(&r, err);
	if (st == TACIT_OK && got != index)
		return fail_shape(&r, "it describes another index", err);
	if (st == TACIT_OK)
		*ret_size = size;
	return st;
}

enum tacit_status tacit_tpm_read_nv(struct tacit_slice in, size_t want, struct tacit_slice *ret,
				    struct tacit_error *err)
{
	struct reader r;
	enum tacit_status st = open_answer(in, SESSIONS, &r, err);

	if (st != TACIT_OK)
		return st;
	struct tacit_slice bytes = take_2b(&r);
	st = close_answer(&r, err);
	if (st == TACIT_OK && bytes.len != want)
		return fail_shape(&r, "it gives another number of bytes than were asked for", err);
	if (st == TACIT_OK)
		*ret = bytes;
	return st;
}

/* A selection of the one bank; 0 for any other. */
static uint32_t read_selection(struct reader *r)
{
	uint32_t banks = rd_be32(r);
	uint16_t alg = rd_be16(r);
	struct tacit_slice bits = rd_take(r, rd_u8(r));
	uint32_t mask = 0;

	if (banks != 1 || alg != ALG_SHA256 || bits.len != SELECT_LEN)
		return 0;
	for (size_t i = 0; i < SELECT_LEN; i++)
		mask |= (uint32_t)bits.ptr[i] << 8 * i;
	return mask;
}

/* pcrUpdateCounter, what was read, and the values in order [TPM2 Part 3, 22.4]. */
enum tacit_status tacit_tpm_read_bank(struct tacit_slice in, uint32_t asked,
				      struct tacit_tpm_bank *pcrs, struct tacit_error *err)
{
	struct tacit_tpm_bank next = *pcrs;
	struct reader r;
	enum tacit_status st = open_answer(in, NO_SESSIONS, &r, err);

	if (st != TACIT_OK)
		return st;
	next.counter = rd_be32(&r);
	uint32_t mask = read_selection(&r);
	uint32_t count = rd_be32(&r);
	if (r.bad || mask == 0 || (mask & ~asked) != 0)
		return fail_shape(&r, "it gives none of the PCRs that were asked for, or others",
				  err);
	for (size_t i = 0; i < TACIT_TPM_PCRS; i++) {
		if (!(mask >> i & 1))
			continue;
		struct tacit_slice value = take_2b(&r);
		if (count-- == 0 || value.len != TACIT_TPM_PCR_LEN)
			return fail_shape(&r, "it gives other values than it says", err);
		memcpy(next.values[i], value.ptr, TACIT_TPM_PCR_LEN);
	}
	st = count == 0 ? close_answer(&r, err)
			: fail_shape(&r, "it gives more values than it says", err);
	next.mask |= mask;
	if (st == TACIT_OK)
		*pcrs = next;
	return st;
}

enum tacit_status tacit_tpm_read_quote(struct tacit_slice in, struct tacit_slice *ret_message,
				       struct tacit_slice *ret_signature, struct tacit_error *err)
{
	struct reader r;
	enum tacit_status st = open_answer(in, SESSIONS, &r, err);

	if (st != TACIT_OK)
		return st;
	struct tacit_slice message = take_2b(&r);
	struct tacit_slice signature = rd_take(&r, rd_left(&r));
	if (r.bad || !message.len || !signature.len)
		return fail_shape(&r, "there is no quote in it", err);
	*ret_message = message;
	*ret_signature = signature;
	return TACIT_OK;
}
