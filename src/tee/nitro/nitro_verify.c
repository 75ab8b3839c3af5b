/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/nitro/nitro.h"

#include "base/arena.h"
#include "codec/cose.h"

/* In the order in which they are judged: cheap ones first, no cryptography on broken input. */
const struct tacit_check_row tacit_nitro_checks[TACIT_NITRO_CHECKS] = {
	{ "nitro.format", "the document is one COSE_Sign1 and nothing after it" },
	{ "nitro.cose.alg", "the protected header says ES384 and nothing else" },
	{ "nitro.cose.unprotected", "nothing stands where no signature covers it" },
	{ "nitro.payload", "every field is there once, with its type and within its limits" },
	{ "nitro.kind", "an enclave's document is judged as one, and an instance's as one" },
	{ "nitro.root", "the cabundle starts with AWS's root, byte for byte" },
	{ "nitro.certs", "every certificate is well-formed, with a P-384 key" },
	{ "nitro.chain.names", "each certificate names the one above it as its issuer" },
	{ "nitro.chain.authority", "each certificate may do what it does here: issue, or sign" },
	{ "nitro.chain.signatures", "each certificate is signed by the one above it" },
	{ "nitro.chain.validity", "every certificate is valid at the time of judging" },
	{ "nitro.cose.signature", "the last certificate's key signed the document" },
	{ "nitro.timestamp", "the document was made while its certificates were valid" },
	{ "nitro.names", "module_id and all certificates name one instance in one region" },
	{ "nitro.serial", "the last certificate's serial number is the enclave's id and a time" },
	{ "nitro.launch", "the enclave was launched before the document was made" },
	{ "nitro.pcr.instance", "PCR4 is the measurement of the instance's id" },
	{ "nitro.pcr.reserved", "registers that nothing may use are zero" },
};

/* {1: -35}, ES384 [RFC 9053 2.1]: AWS never wrote another header. */
static const uint8_t PROTECTED[] = { 0xa1, 0x01, 0x38, 0x22 };
static const uint8_t EMPTY_MAP[] = { 0xa0 };

/* ---- detection ----------------------------------------------------------------------------- */

static bool contains(struct tacit_slice in, struct tacit_slice want)
{
	while (in.len >= want.len) {
		const uint8_t *at = memchr(in.ptr, want.ptr[0], in.len - want.len + 1);

		if (!at)
			return false;
		/* A first byte alone is found all over the certificates. */
		if (at[want.len - 1] == want.ptr[want.len - 1] &&
		    memcmp(at, want.ptr, want.len) == 0)
			return true;
		in.len -= (size_t)(at - in.ptr) + 1;
		in.ptr = at + 1;
	}
	return false;
}

/* An array of four, perhaps with any tag before it, that soon speaks of a module_id. */
static bool has_shape(struct tacit_slice in)
{
	struct tacit_slice start = { in.ptr, in.len < 160 ? in.len : 160 };
	size_t tag = in.len && in.ptr[0] >> 5 == 6 ? 1 : 0;

	if (tag && (in.ptr[0] & 31) == 24)
		tag = 2;
	return in.len > tag && in.ptr[tag] == 0x84 &&
	       contains(start, tacit_slice_str("\x69module_id"));
}

/* What a broken document was meant to be is a guess, and decides nothing but its name. */
static bool is_tpm(struct tacit_slice in)
{
	struct tacit_nitro_envelope envelope;
	struct tacit_nitro_doc doc;

	if (!contains(in, tacit_slice_str("\x6dnitrotpm_pcrs")))
		return false;
	/* It is there, perhaps as somebody's data. */
	return tacit_nitro_envelope(in, &envelope, NULL) != TACIT_OK ||
	       tacit_nitro_payload(envelope.payload, &doc, NULL) != TACIT_OK || doc.tpm;
}

bool tacit_nitro_detect(struct tacit_slice in)
{
	return has_shape(in) && !is_tpm(in);
}

bool tacit_nitrotpm_detect(struct tacit_slice in)
{
	return has_shape(in) && is_tpm(in);
}

/* ---- the envelope -------------------------------------------------------------------------- */

static bool judge_format(struct tacit_slice raw, struct tacit_check_list *list,
			 struct tacit_nitro_envelope *ret)
{
	struct tacit_error err = { 0 };

	if (tacit_nitro_envelope(raw, ret, &err) == TACIT_OK) {
		tacit_check_pass(list, "nitro.format", NULL);
		return true;
	}
	tacit_check_fail_error(list, "nitro.format", &err);
	return false;
}

static bool judge_alg(const struct tacit_nitro_envelope *e, struct tacit_check_list *list)
{
	if (tacit_slice_eq(e->protected_bytes, TACIT_SLICE_ARRAY(PROTECTED))) {
		tacit_check_pass(list, "nitro.cose.alg", NULL);
		return true;
	}
	struct tacit_check_failure failure = {
		.status = TACIT_FORMAT,
		.expected = "a1013822",
		.got = tacit_check_hex(
			list,
			tacit_slice_of(e->protected_bytes.ptr,
				       e->protected_bytes.len < 32 ? e->protected_bytes.len : 32)),
		.why = "the protected header is not exactly {1: -35}, ES384",
	};
	tacit_check_fail(list, "nitro.cose.alg", &failure);
	return false;
}

static bool judge_unprotected(const struct tacit_nitro_envelope *e, struct tacit_check_list *list)
{
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.expected = "an empty map",
		.why = "the unprotected header has entries: AWS writes none, so somebody added "
		       "them on the way",
	};

	if (tacit_slice_eq(e->unprotected, TACIT_SLICE_ARRAY(EMPTY_MAP))) {
		tacit_check_pass(list, "nitro.cose.unprotected", NULL);
		return true;
	}
	tacit_check_fail(list, "nitro.cose.unprotected", &failure);
	return false;
}

/* ---- the payload --------------------------------------------------------------------------- */

static bool judge_payload(const struct tacit_nitro_envelope *e, struct tacit_check_list *list,
			  struct tacit_nitro_doc *ret)
{
	struct tacit_error err = { 0 };

	if (tacit_nitro_payload(e->payload, ret, &err) == TACIT_OK) {
		tacit_check_pass(list, "nitro.payload", NULL);
		return true;
	}
	tacit_check_fail_error(list, "nitro.payload", &err);
	return false;
}

/* The same PKI signs both kinds, and the registers of one mean nothing for the other. */
static bool judge_kind(const struct tacit_nitro_doc *doc, enum tacit_tee tee,
		       struct tacit_check_list *list)
{
	enum tacit_tee got = doc->tpm ? TACIT_TEE_NITROTPM : TACIT_TEE_NITRO;
	struct tacit_check_failure failure = {
		.status = TACIT_POLICY,
		.expected = tacit_tee_name(tee),
		.got = tacit_tee_name(got),
		.why = doc->tpm ? "an instance's NitroTPM signed for this, not an enclave"
				: "this is the document of an enclave, not of an instance's "
				  "NitroTPM",
	};

	if (got == tee) {
		tacit_check_pass(list, "nitro.kind", tacit_tee_name(got));
		return true;
	}
	tacit_check_fail(list, "nitro.kind", &failure);
	return false;
}

static enum tacit_status verify_signature(const struct tacit_nitro_envelope *e,
					  const struct tacit_cert *leaf, struct tacit_arena *arena,
					  struct tacit_error *err)
{
	struct tacit_slice none = { NULL, 0 }, message;
	size_t size = tacit_cose_sig_structure_max(e->protected_bytes, none, e->payload);
	uint8_t *room = tacit_arena_alloc(arena, size);

	if (!room)
		return tacit_fail(err, TACIT_LIMIT, "nitro.cose", 0, "the arena is full");
	enum tacit_status st = tacit_cose_sig_structure(e->protected_bytes, none, e->payload,
							tacit_mut_of(room, size), &message, err);
	/* Seen once, so it is not worth a place in the cache. */
	return st == TACIT_OK
		       ? tacit_trust_signed(TACIT_P384, leaf->key, message, e->signature, NULL, err)
		       : st;
}

static bool judge_signature(const struct tacit_nitro_envelope *e,
			    const struct tacit_nitro_chain *chain, struct tacit_check_list *list)
{
	struct tacit_error err = { 0 };

	if (verify_signature(e, &chain->certs[chain->count - 1], list->arena, &err) == TACIT_OK) {
		tacit_check_pass(list, "nitro.cose.signature", NULL);
		return true;
	}
	tacit_check_fail_error(list, "nitro.cose.signature", &err);
	return false;
}

/* ---- claims -------------------------------------------------------------------------------- */

/*
 * [NITRO-DOC] an enclave in debug mode has zeros in PCR0, 1 and 2, though not in PCR4. A register
 * that is missing proves no more than one that is zero. Instances have no such mode.
 */
static bool is_debug(const struct tacit_nitro_doc *doc)
{
	return !doc->tpm && (tacit_nitro_is_zero(doc->pcr[0]) || tacit_nitro_is_zero(doc->pcr[1]) ||
			     tacit_nitro_is_zero(doc->pcr[2]));
}

static const struct tacit_measurement *list_registers(const struct tacit_nitro_doc *doc,
						      struct tacit_arena *arena, size_t *ret_count)
{
	static const char NAMES[TACIT_NITRO_PCRS][6] = {
		"pcr0",  "pcr1",  "pcr2",  "pcr3",  "pcr4",  "pcr5",  "pcr6",  "pcr7",
		"pcr8",  "pcr9",  "pcr10", "pcr11", "pcr12", "pcr13", "pcr14", "pcr15",
		"pcr16", "pcr17", "pcr18", "pcr19", "pcr20", "pcr21", "pcr22", "pcr23",
		"pcr24", "pcr25", "pcr26", "pcr27", "pcr28", "pcr29", "pcr30", "pcr31",
	};
	struct tacit_measurement *m = tacit_arena_alloc(arena, TACIT_NITRO_PCRS * sizeof(*m));
	size_t n = 0;

	for (size_t i = 0; m && i < TACIT_NITRO_PCRS; i++) {
		if (!doc->pcr[i].ptr)
			continue;
		m[n].name = NAMES[i];
		m[n++].value = doc->pcr[i];
	}
	*ret_count = n;
	return m;
}

static const struct tacit_nitro_certificate *list_chain(const struct tacit_nitro_chain *chain,
							struct tacit_arena *arena)
{
	struct tacit_nitro_certificate *c = tacit_arena_alloc(arena, chain->count * sizeof(*c));

	for (size_t i = 0; c && i < chain->count; i++) {
		c[i].subject_cn = chain->certs[i].subject_cn;
		c[i].not_before = chain->certs[i].not_before;
		c[i].not_after = chain->certs[i].not_after;
	}
	return c;
}

static const struct tacit_nitro_claims *own_claims(const struct tacit_nitro_doc *doc,
						   const struct tacit_nitro_chain *chain,
						   const struct tacit_nitro_identity *identity,
						   struct tacit_arena *arena)
{
	struct tacit_nitro_claims *n = tacit_arena_alloc(arena, sizeof(*n));

	if (!n)
		return NULL;
	n->module_id = doc->module_id;
	n->digest = doc->digest;
	n->timestamp_ms = doc->timestamp_ms;
	n->region = identity->region;
	n->instance_id = identity->instance_id;
	n->enclave_id = identity->enclave_id;
	if (identity->launched_at_ms && identity->launched_at_ms <= doc->timestamp_ms) {
		n->launched_at_ms = identity->launched_at_ms;
		n->enclave_age_seconds = (doc->timestamp_ms - identity->launched_at_ms) / 1000;
	}
	n->root = tacit_root_name(chain->root);
	n->chain_count = chain->count;
	n->chain = list_chain(chain, arena);
	return n->chain ? n : NULL;
}

static bool fill_claims(const struct tacit_nitro_doc *doc, const struct tacit_nitro_chain *chain,
			const struct tacit_nitro_identity *identity, struct tacit_check_list *list,
			struct tacit_claims *ret)
{
	struct tacit_claims claims = {
		.tee = doc->tpm ? TACIT_TEE_NITROTPM : TACIT_TEE_NITRO,
		.debug = is_debug(doc),
		.user_data = doc->user_data,
		.nonce = doc->nonce,
		.public_key = doc->public_key,
		.timestamp = (int64_t)(doc->timestamp_ms / 1000),
		.valid_from = chain->valid_from,
		.valid_until = chain->valid_until,
	};

	claims.measurements = list_registers(doc, list->arena, &claims.measurement_count);
	claims.nitro = own_claims(doc, chain, identity, list->arena);
	if (!claims.measurements || !claims.nitro) {
		list->full = true;
		return false;
	}
	*ret = claims;
	return true;
}

bool tacit_nitro_verify(const struct tacit_evidence *ev, const struct tacit_context *cx,
			struct tacit_check_list *list, struct tacit_claims *ret_claims)
{
	struct tacit_nitro_envelope envelope;
	struct tacit_nitro_doc doc;
	struct tacit_nitro_chain chain;
	struct tacit_nitro_identity identity;

	return judge_format(ev->raw, list, &envelope) && judge_alg(&envelope, list) &&
	       judge_unprotected(&envelope, list) && judge_payload(&envelope, list, &doc) &&
	       judge_kind(&doc, ev->tee, list) && tacit_nitro_chain_judge(&doc, cx, list, &chain) &&
	       judge_signature(&envelope, &chain, list) &&
	       tacit_nitro_invariants_judge(&doc, &chain, list, &identity) &&
	       fill_claims(&doc, &chain, &identity, list, ret_claims);
}
