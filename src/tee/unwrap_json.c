/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"
#include "codec/text_bytes.h"
#include "tee/azure/azure.h"
#include "tee/unwrap_parts.h"

/*
 * JSON around evidence. Attestation agents and clouds each have an object of their own; they
 * differ in names and in how bytes are written, so members are known by name and bytes are read
 * in any of the usual ways. An object that holds no evidence is left to others.
 */

/* What one object says, before it is known what it is. */
struct object {
	struct tacit_slice hcl;    /* an HCL report */
	struct tacit_slice quote;  /* "quote", "td_quote" and like names */
	struct tacit_slice report; /* "report": a hardware's or an HCL one */
	struct tacit_slice certs;  /* "vcek" */
	struct tacit_slice chain;  /* "cert_chain" */
	struct tacit_slice fields; /* "attestation_report", an object: as it stands */
	struct tacit_slice list;   /* "cert_chain", an array: as it stands */
	struct tacit_slice events; /* "cc_eventlog" */
	struct tacit_slice tee;    /* "tee_type", "tee" */
	struct tacit_slice type;   /* "type": Obol's stub has one */
	struct tacit_slice pubkey, model_hash;
	bool has_pubkey, has_model_hash;
	int64_t timestamp;
	struct tacit_tpm_evidence tpm;
	bool has_tpm;
};

static bool is(struct tacit_slice name, const char *text)
{
	return tacit_slice_eq(name, tacit_slice_str(text));
}

/* For members whose kind of value decides what they are. */
static struct tacit_slice read_once(struct tacit_unwrap *u, struct tacit_json_read *j,
				    struct tacit_slice before)
{
	struct tacit_slice bytes = tacit_text_bytes_json(j, u->arena);

	if (before.ptr && bytes.ptr)
		tacit_json_read_reject(j, "two members hold the same kind of evidence");
	return bytes.ptr ? bytes : before;
}

static void read_tpm(struct tacit_unwrap *u, struct tacit_json_read *j, struct object *o)
{
	if (o->has_tpm)
		tacit_json_read_reject(j, "two quotes of a TPM");
	o->has_tpm = true;
	tacit_tpm_evidence_read(j, u->arena, &o->tpm);
}

/* ---- the object ---------------------------------------------------------------------------- */

static void read_name(struct tacit_json_read *j, struct tacit_slice *ret)
{
	if (tacit_json_read_peek(j) == TACIT_JSON_STRING)
		*ret = tacit_json_read_string(j);
	else
		tacit_json_read_skip(j);
}

/* Obol decodes these as hex and as nothing else; they may be empty. */
static void read_hex(struct tacit_unwrap *u, struct tacit_json_read *j, struct tacit_slice *ret,
		     bool *ret_has)
{
	struct tacit_slice text = tacit_json_read_string(j);
	uint8_t *bytes = tacit_arena_alloc(u->arena, text.len / 2 + 1);
	size_t len = 0;

	if (!bytes)
		tacit_json_read_full(j);
	else if (!tacit_hex_decode(text, tacit_mut_of(bytes, text.len / 2), &len))
		tacit_json_read_reject(j, "key or hash is not hex");
	*ret = tacit_slice_of(bytes, len);
	*ret_has = true;
}

/* Members of Obol's report. False for a name of another kind. */
static bool read_obol(struct tacit_unwrap *u, struct tacit_json_read *j, struct tacit_slice name,
		      struct object *o)
{
	if (is(name, "tee_type") || is(name, "tee"))
		read_name(j, &o->tee);
	else if (is(name, "type"))
		read_name(j, &o->type);
	else if (is(name, "pubkey"))
		read_hex(u, j, &o->pubkey, &o->has_pubkey);
	else if (is(name, "model_hash"))
		read_hex(u, j, &o->model_hash, &o->has_model_hash);
	else if (is(name, "timestamp") && tacit_json_read_peek(j) == TACIT_JSON_NUMBER)
		o->timestamp = (int64_t)tacit_json_read_uint(j, INT64_MAX);
	else
		return false;
	return true;
}

static void read_member(struct tacit_unwrap *u, struct tacit_json_read *j, struct tacit_slice name,
			struct object *o)
{
	enum tacit_json_kind kind = tacit_json_read_peek(j);
	bool object = kind == TACIT_JSON_OBJECT;

	if (is(name, "tpm_quote") || (is(name, "quote") && object))
		read_tpm(u, j, o);
	else if (is(name, "hcl_report"))
		o->hcl = read_once(u, j, o->hcl);
	else if (is(name, "quote") || is(name, "td_quote") || is(name, "tdx_quote"))
		o->quote = read_once(u, j, o->quote);
	else if (is(name, "attestation_report") && object)
		o->fields = tacit_json_read_skip(j);
	else if ((is(name, "report") || is(name, "attestation_report")) && !object)
		o->report = read_once(u, j, o->report);
	else if (is(name, "evidence") && kind == TACIT_JSON_STRING)
		o->report = read_once(u, j, o->report);
	else if (is(name, "vcek") || is(name, "vlek") || is(name, "vcekCert"))
		o->certs = read_once(u, j, o->certs);
	else if (is(name, "certificateChain") ||
		 (is(name, "cert_chain") && kind == TACIT_JSON_STRING))
		o->chain = read_once(u, j, o->chain);
	else if (is(name, "cert_chain") && kind == TACIT_JSON_ARRAY)
		o->list = tacit_json_read_skip(j);
	else if (is(name, "cc_eventlog"))
		o->events = read_once(u, j, o->events);
	else if (!read_obol(u, j, name, o))
		tacit_json_read_skip(j);
}

/* Which document is the evidence; the others stand beside it. */
static enum tacit_status choose(struct tacit_unwrap *u, struct object *o)
{
	if (!o->hcl.ptr && tacit_hcl_looks(o->report)) {
		o->hcl = o->report;
		o->report.ptr = NULL;
	}
	bool other = o->hcl.ptr || o->quote.ptr;

	if ((o->report.ptr && (other || o->fields.ptr)) || (o->fields.ptr && other))
		return tacit_fail(u->err, TACIT_FORMAT, TACIT_WRAPPER_WHERE, 0,
				  "the object carries several kinds of evidence");
	if (o->fields.ptr) {
		enum tacit_status st = tacit_unwrap_name(u, TACIT_TEE_SNP);
		return st == TACIT_OK ? tacit_unwrap_snp(u, o->fields, o->list) : st;
	}
	if (o->hcl.ptr) {
		u->in = o->hcl;
		u->wrapper->td_quote = o->quote;
	} else {
		u->in = o->report.ptr ? o->report : o->quote;
	}
	return TACIT_OK;
}

static enum tacit_status take_obol(struct tacit_unwrap *u, const struct object *o)
{
	struct tacit_wrapper_obol *obol = &u->wrapper->obol;

	if (obol->present)
		return tacit_fail(u->err, TACIT_FORMAT, TACIT_WRAPPER_WHERE, 0,
				  "a report of Obol within another");
	obol->present = true;
	obol->public_key = o->pubkey;
	obol->model_hash = o->model_hash;
	obol->timestamp = o->timestamp;
	return TACIT_OK;
}

static enum tacit_status take_tee(struct tacit_unwrap *u, const struct object *o)
{
	enum tacit_tee tee = tacit_tee_find(o->tee);

	if (!o->tee.ptr)
		return TACIT_OK;
	if (is(o->tee, "stub"))
		return tacit_fail(u->err, TACIT_UNSUPPORTED, TACIT_WRAPPER_WHERE, 0,
				  "a stub quote of Obol: no TEE made it");
	if (tee == TACIT_TEE_NONE && !o->has_pubkey)
		return TACIT_OK; /* others have names of their own for platforms */
	if (tee == TACIT_TEE_NONE)
		return tacit_fail(u->err, TACIT_FORMAT, TACIT_WRAPPER_WHERE, 0,
				  "the report names no known platform");
	return tacit_unwrap_name(u, tee);
}

static enum tacit_status take_beside(struct tacit_unwrap *u, const struct object *o)
{
	enum tacit_status st = TACIT_OK;

	if (o->has_tpm)
		u->wrapper->tpm = o->tpm;
	if (o->events.ptr)
		u->wrapper->event_log = o->events;
	if (o->certs.len)
		st = tacit_unwrap_certs(u, o->certs);
	if (st == TACIT_OK && o->chain.len)
		st = tacit_unwrap_certs(u, o->chain);
	return st;
}

static enum tacit_status take_object(struct tacit_unwrap *u, struct object *o)
{
	bool obol = o->has_pubkey && o->has_model_hash;

	enum tacit_status st =
		tacit_unwrap_layer(u, obol ? TACIT_WRAPPER_OBOL : TACIT_WRAPPER_AGENT);
	if (st == TACIT_OK)
		st = take_tee(u, o);
	if (st == TACIT_OK && obol)
		st = take_obol(u, o);
	if (st == TACIT_OK)
		st = take_beside(u, o);
	return st == TACIT_OK ? choose(u, o) : st;
}

/* Whether it starts as an object does, so that nothing else is tried on it. */
static bool is_object(struct tacit_slice in)
{
	struct tacit_json_read j = tacit_json_read_of(in);

	return tacit_json_read_peek(&j) == TACIT_JSON_OBJECT;
}

bool tacit_unwrap_json(struct tacit_unwrap *u, enum tacit_status *ret_st)
{
	struct tacit_json_read j = tacit_json_read_of(u->in);
	struct object o = { 0 };
	struct tacit_slice name;

	if (!is_object(u->in))
		return false;
	tacit_json_read_object(&j);
	while (tacit_json_read_member(&j, &name))
		read_member(u, &j, name, &o);
	*ret_st = tacit_json_read_finish(&j, TACIT_WRAPPER_WHERE, u->err);
	if (*ret_st != TACIT_OK)
		return true;
	if (is(o.type, "stub"))
		*ret_st = tacit_fail(u->err, TACIT_UNSUPPORTED, TACIT_WRAPPER_WHERE, 0,
				     "a stub quote of Obol: no TEE made it");
	else if (!o.hcl.len && !o.quote.len && !o.report.len && !o.fields.len)
		*ret_st = tacit_fail(u->err, TACIT_FORMAT, TACIT_WRAPPER_WHERE, 0,
				     "the object holds no evidence that is known");
	else
		*ret_st = take_object(u, &o);
	return true;
}
