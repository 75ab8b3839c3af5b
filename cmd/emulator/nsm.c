/* SPDX-License-Identifier: Apache-2.0 */
#include "nsm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/compiler.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "crypto/random.h"

#define INSTANCE  "i-0e5e5e5e5e5e5e5e5"
#define USER_MAX  512
#define KEY_MAX   1024
#define BOOT_PCRS 16

/* A request: a bare name, or a name with a map of members that are known. */
struct request {
	struct tacit_slice name;
	bool has_index, has_data;
	uint64_t index;
	struct tacit_slice data, user_data, nonce, public_key, text;
};

static bool is(struct tacit_slice name, const char *text)
{
	return tacit_slice_eq(name, tacit_slice_str(text));
}

static struct tacit_slice read_optional(struct tacit_cbor *c)
{
	return tacit_cbor_null(c) ? tacit_slice_of(NULL, 0) : tacit_cbor_bytes(c);
}

static void read_member(struct tacit_cbor *c, struct request *r)
{
	struct tacit_slice key = tacit_cbor_text(c);

	if (is(key, "index") || is(key, "range")) {
		r->has_index = true;
		r->index = tacit_cbor_uint(c);
	} else if (is(key, "data")) {
		r->has_data = true;
		r->data = tacit_cbor_bytes(c);
	} else if (is(key, "user_data")) {
		r->user_data = read_optional(c);
	} else if (is(key, "nonce")) {
		r->nonce = read_optional(c);
	} else if (is(key, "public_key")) {
		r->public_key = read_optional(c);
	} else {
		tacit_cbor_reject(c, "unknown member");
	}
}

static bool read_request(struct tacit_slice in, struct request *ret)
{
	struct tacit_cbor c = tacit_cbor_of(in, TACIT_CBOR_LAX);

	memset(ret, 0, sizeof(*ret));
	if (tacit_cbor_peek(&c) == TACIT_CBOR_TEXT) {
		ret->name = tacit_cbor_text(&c);
	} else if (tacit_cbor_map(&c) == 1) {
		ret->name = tacit_cbor_text(&c);
		if (is(ret->name, "Fault")) {
			ret->text = tacit_cbor_text(&c);
		} else {
			uint64_t pairs = tacit_cbor_map(&c);

			for (uint64_t i = 0; i < pairs && !c.r.bad; i++)
				read_member(&c, ret);
		}
	}
	return tacit_cbor_finish(&c, "nsm", NULL) == TACIT_OK && ret->name.len > 0;
}

/* ---- answers ------------------------------------------------------------------------------- */

static void put_text(struct writer *w, const char *text)
{
	tacit_cbor_put_text(w, tacit_slice_str(text));
}

static void put_error(struct writer *w, const char *code)
{
	tacit_cbor_put_map(w, 1);
	put_text(w, "Error");
	put_text(w, code);
}

static void open_answer(struct writer *w, struct tacit_slice name, uint64_t members)
{
	tacit_cbor_put_map(w, 1);
	tacit_cbor_put_text(w, name);
	tacit_cbor_put_map(w, members);
}

static void describe(const struct nsm_module *m, const struct request *r, struct writer *w)
{
	open_answer(w, r->name, 7);
	put_text(w, "version_major");
	tacit_cbor_put_uint(w, 1);
	put_text(w, "version_minor");
	tacit_cbor_put_uint(w, 0);
	put_text(w, "version_patch");
	tacit_cbor_put_uint(w, 0);
	put_text(w, "module_id");
	put_text(w, m->module_id);
	put_text(w, "max_pcrs");
	tacit_cbor_put_uint(w, TACIT_NSM_PCRS);
	put_text(w, "locked_pcrs");
	tacit_cbor_put_array(w, (uint64_t)__builtin_popcount(m->locked));
	for (unsigned i = 0; i < TACIT_NSM_PCRS; i++)
		if (m->locked & UINT32_C(1) << i)
			tacit_cbor_put_uint(w, i);
	put_text(w, "digest");
	put_text(w, "SHA384");
}

static void give_random(const struct request *r, struct writer *w)
{
	uint8_t bytes[TACIT_NSM_RANDOM_MAX];

	if (tacit_random(tacit_mut_of(bytes, sizeof(bytes)), NULL) != TACIT_OK) {
		put_error(w, "InternalError");
		return;
	}
	open_answer(w, r->name, 1);
	put_text(w, "random");
	tacit_cbor_put_bytes(w, TACIT_SLICE_ARRAY(bytes));
}

static void extend(struct nsm_module *m, const struct request *r, struct writer *w)
{
	uint8_t *pcr = m->pcr[r->index];
	const struct tacit_slice parts[] = { tacit_slice_of(pcr, TACIT_NSM_PCR_LEN), r->data };
	uint8_t digest[TACIT_NSM_PCR_LEN];

	if (!r->has_data || tacit_hash_parts(TACIT_SHA384, parts, 2, digest, NULL) != TACIT_OK) {
		put_error(w, "InvalidArgument");
		return;
	}
	memcpy(pcr, digest, sizeof(digest));
	open_answer(w, r->name, 1);
	put_text(w, "data");
	tacit_cbor_put_bytes(w, TACIT_SLICE_ARRAY(digest));
}

static void describe_pcr(const struct nsm_module *m, const struct request *r, struct writer *w)
{
	open_answer(w, r->name, 2);
	put_text(w, "lock");
	tacit_cbor_put_bool(w, (m->locked & UINT32_C(1) << r->index) != 0);
	put_text(w, "data");
	tacit_cbor_put_bytes(w, tacit_slice_of(m->pcr[r->index], TACIT_NSM_PCR_LEN));
}

static void do_register(struct nsm_module *m, const struct request *r, struct writer *w)
{
	if (!r->has_index || r->index >= TACIT_NSM_PCRS)
		put_error(w, "InvalidIndex");
	else if (is(r->name, "DescribePCR"))
		describe_pcr(m, r, w);
	else if (m->locked & UINT32_C(1) << r->index)
		put_error(w, "ReadOnlyIndex");
	else if (is(r->name, "ExtendPCR"))
		extend(m, r, w);
	else {
		m->locked |= UINT32_C(1) << r->index;
		tacit_cbor_put_text(w, r->name);
	}
}

static void lock_range(struct nsm_module *m, const struct request *r, struct writer *w)
{
	if (!r->has_index || r->index > TACIT_NSM_PCRS) {
		put_error(w, "InvalidIndex");
		return;
	}
	for (unsigned i = 0; i < r->index; i++)
		m->locked |= UINT32_C(1) << i;
	tacit_cbor_put_text(w, r->name);
}

/* Registers 16 to 31 are in the document only once they are locked. */
static void attest(const struct nsm_module *m, const struct request *r, struct writer *w)
{
	struct nitro_spec spec = {
		.now = time(NULL),
		.instance = INSTANCE,
		.launched_ms = m->started_ms,
		.public_key = r->public_key,
		.user_data = r->user_data,
		.nonce = r->nonce,
	};

	if (r->user_data.len > USER_MAX || r->nonce.len > USER_MAX || r->public_key.len > KEY_MAX) {
		put_error(w, "InputTooLarge");
		return;
	}
	for (unsigned i = 0; i < TACIT_NSM_PCRS; i++)
		if (i < BOOT_PCRS || m->locked & UINT32_C(1) << i)
			spec.pcr[i] = tacit_slice_of(m->pcr[i], TACIT_NSM_PCR_LEN);
	void *mark = pki_mark(); /* a document's certificates go with it */

	open_answer(w, r->name, 1);
	put_text(w, "document");
	tacit_cbor_put_bytes(w, nitro_document(&m->pki, &spec));
	pki_release(mark);
}

static void answer(struct nsm_module *m, const struct request *r, struct writer *w)
{
	if (is(r->name, "DescribeNSM"))
		describe(m, r, w);
	else if (is(r->name, "GetRandom"))
		give_random(r, w);
	else if (is(r->name, "Attestation"))
		attest(m, r, w);
	else if (is(r->name, "LockPCRs"))
		lock_range(m, r, w);
	else if (is(r->name, "DescribePCR") || is(r->name, "ExtendPCR") || is(r->name, "LockPCR"))
		do_register(m, r, w);
	else
		put_error(w, "InvalidOperation");
}

/* ---- faults -------------------------------------------------------------------------------- */

/* "OPERATION FAULT": the fault, when this is the operation that it is about. */
static const char *fault_of(const struct nsm_module *m, struct tacit_slice operation)
{
	const char *space = strchr(m->fault, ' ');

	if (!space || !operation.ptr ||
	    !tacit_slice_eq(operation,
			    tacit_slice_of((const uint8_t *)m->fault, (size_t)(space - m->fault))))
		return NULL;
	return space + 1;
}

/* What is no fault of this list is the code of an error answer. */
static void fail(const char *fault, struct tacit_slice good, struct writer *w)
{
	if (strcmp(fault, "empty") == 0)
		return;
	if (strcmp(fault, "short") == 0) /* the last byte is missing */
		wr_bytes(w, tacit_slice_of(good.ptr, good.len - 1));
	else if (strcmp(fault, "garbage") == 0)
		wr_be64(w, UINT64_C(0xfffefdfcfbfaf9f8));
	else if (strcmp(fault, "other") == 0) { /* the answer to something else */
		put_text(w, "LockPCRs");
	} else if (strcmp(fault, "long") == 0) { /* than any buffer */
		while (w->at < w->out.len)
			wr_u8(w, 0x40);
	} else {
		put_error(w, fault);
	}
}

static struct tacit_slice finish(const struct writer *w)
{
	struct tacit_slice out = { NULL, 0 };

	return wr_finish(w, "nsm", &out, NULL) == TACIT_OK ? out : tacit_slice_of(NULL, 0);
}

struct tacit_slice nsm_module_answer(struct nsm_module *m, struct tacit_slice in,
				     struct tacit_mut room)
{
	static uint8_t good[TACIT_NSM_RESPONSE_MAX];
	struct writer w = wr_of(tacit_mut_of(good, sizeof(good)));
	struct request r;
	const char *fault = NULL;

	if (!read_request(in, &r)) {
		put_error(&w, "InvalidOperation");
	} else if (is(r.name, "Fault")) {
		snprintf(m->fault, sizeof(m->fault), "%.*s", (int)r.text.len,
			 (const char *)r.text.ptr);
		put_text(&w, "Fault");
	} else {
		fault = fault_of(m, r.name);
		answer(m, &r, &w);
	}
	struct tacit_slice out = finish(&w);
	w = wr_of(room);
	if (fault)
		fail(fault, out, &w);
	else
		wr_bytes(&w, out);
	return finish(&w);
}

/* PCR3 and 4 stand for the parent's role and instance. */
static void measure(uint8_t pcr[static TACIT_NSM_PCR_LEN], const char *text)
{
	static const uint8_t zeros[TACIT_NSM_PCR_LEN];
	const struct tacit_slice parts[] = { TACIT_SLICE_ARRAY(zeros), tacit_slice_str(text) };

	if (tacit_hash_parts(TACIT_SHA384, parts, 2, pcr, NULL) != TACIT_OK)
		exit(70);
}

void nsm_module_init(struct nsm_module *m, EVP_PKEY *root)
{
	memset(m, 0, sizeof(*m));
	nitro_pki_init_root(&m->pki, root);
}

void nsm_module_boot(struct nsm_module *m)
{
	memset(m->pcr, 0, sizeof(m->pcr));
	m->started_ms = (uint64_t)time(NULL) * 1000;
	m->locked = (UINT32_C(1) << BOOT_PCRS) - 1;
	m->fault[0] = '\0';
	measure(m->pcr[3], "arn:aws:iam::123456789012:role/emulated");
	measure(m->pcr[4], INSTANCE);
	const struct nitro_spec spec = { .instance = INSTANCE, .launched_ms = m->started_ms };
	snprintf(m->module_id, sizeof(m->module_id), "%s", nitro_module_id(&spec));
}
