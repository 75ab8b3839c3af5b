/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "crypto/hash.h"
#include "tee/binding.h"
#include "tee/tee.h"
#include "tee/unwrap.h"
#include "trust/collateral.h"

#define OBOL_KEY_LEN 65 /* uncompressed point of P-256 */

const struct tacit_check_row tacit_wrapper_checks[TACIT_WRAPPER_CHECKS] = {
	{ "wrapper.platform", "what came around the evidence names the platform that it is of" },
	{ "wrapper.eml.binding", "REPORTDATA stand for the handshake key and the nonce of "
				 "EphemeralML's envelope" },
	{ "wrapper.eml.receipt_key", "REPORTDATA stand for the receipt key in the envelope too" },
	{ "wrapper.obol.binding", "the evidence stands for the public key and the model hash of "
				  "Obol's report" },
};

/* ---- platform ------------------------------------------------------------------------------ */

static void judge_platform(const struct tacit_wrapper *w, const struct tacit_claims *claims,
			   struct tacit_check_list *list)
{
	struct tacit_check_failure failure = {
		.status = TACIT_BINDING,
		.expected = tacit_tee_name(w->named),
		.got = tacit_tee_name(claims->tee),
		.why = "the evidence is of another platform than its wrapper says",
	};

	if (w->named == TACIT_TEE_NONE)
		tacit_check_skip(list, "wrapper.platform", "the wrapper names none");
	else if (w->named == claims->tee)
		tacit_check_pass(list, "wrapper.platform", tacit_tee_name(w->named));
	else
		tacit_check_fail(list, "wrapper.platform", &failure);
}

/* ---- EphemeralML --------------------------------------------------------------------------- */

/* SHA-512 over everything that the envelope says [AIR-02 transport binding]. */
static bool eml_digest(const struct tacit_wrapper_eml *eml, uint8_t digest[static 64])
{
	struct tacit_binding_envelope envelope = {
		.platform = eml->platform,
		.handshake_key = eml->handshake_key,
		.receipt_key = eml->receipt_key,
		.nonce = eml->nonce,
		.evidence_hash = eml->evidence_hash,
	};

	return tacit_binding_envelope_hash(&envelope, digest, NULL) == TACIT_OK;
}

/* The form of boot and key release: the key and the nonce themselves, and no receipt key. */
static bool eml_plain(const struct tacit_wrapper_eml *eml, struct tacit_slice data)
{
	return data.len == 64 && tacit_slice_eq(tacit_slice_of(data.ptr, 32), eml->handshake_key) &&
	       tacit_slice_eq(tacit_slice_of(data.ptr + 32, 32), eml->nonce);
}

static void eml_claims(const struct tacit_wrapper_eml *eml, struct tacit_claims *claims)
{
	if (!claims->nonce.ptr)
		claims->nonce = eml->nonce;
	if (!claims->public_key.ptr)
		claims->public_key = eml->handshake_key;
}

static void judge_eml(const struct tacit_wrapper_eml *eml, struct tacit_claims *claims,
		      struct tacit_check_list *list)
{
	uint8_t digest[64];
	struct tacit_check_failure failure = {
		.status = TACIT_BINDING,
		.why = "REPORTDATA stand for another handshake key, nonce, receipt key or evidence "
		       "hash than the envelope carries",
	};

	if (!eml->present) {
		tacit_check_skip(list, "wrapper.eml.binding", "no envelope");
		tacit_check_skip(list, "wrapper.eml.receipt_key", "no envelope");
	} else if (eml_digest(eml, digest) &&
		   tacit_slice_eq(claims->report_data, TACIT_SLICE_ARRAY(digest))) {
		eml_claims(eml, claims);
		tacit_check_pass(list, "wrapper.eml.binding", NULL);
		tacit_check_pass(list, "wrapper.eml.receipt_key",
				 tacit_check_hex(list, eml->receipt_key));
	} else if (eml_plain(eml, claims->report_data)) {
		eml_claims(eml, claims);
		tacit_check_pass(list, "wrapper.eml.binding", NULL);
		tacit_check_skip(
			list, "wrapper.eml.receipt_key",
			"REPORTDATA are the handshake key and the nonce alone, as at boot: "
			"nothing stands for the receipt key");
	} else {
		failure.got = tacit_check_hex(list, claims->report_data);
		tacit_check_fail(list, "wrapper.eml.binding", &failure);
		tacit_check_skip(list, "wrapper.eml.receipt_key", "the envelope is not bound");
	}
}

/* ---- Obol ---------------------------------------------------------------------------------- */

static bool all_zero(struct tacit_slice bytes)
{
	uint8_t any = 0;

	for (size_t i = 0; i < bytes.len; i++)
		any |= bytes.ptr[i];
	return any == 0;
}

/* The 32 bytes alone, as Nitro's user data carry them, or with zeros up to 64. */
static bool stands_for(struct tacit_slice data, struct tacit_slice digest)
{
	return (data.len == 32 || data.len == 64) &&
	       tacit_slice_eq(tacit_slice_of(data.ptr, 32), digest) &&
	       all_zero(tacit_slice_of(data.ptr + 32, data.len - 32));
}

/*
 * What Obol hashes has no lengths in it: only with those of its own formats do key and hash begin
 * and end where the TEE said.
 */
static bool well_cut(const struct tacit_wrapper_obol *obol)
{
	return obol->public_key.len == OBOL_KEY_LEN && obol->public_key.ptr[0] == 0x04 &&
	       (obol->model_hash.len == 0 || obol->model_hash.len == TACIT_SHA256_LEN);
}

static void judge_obol(const struct tacit_wrapper_obol *obol, struct tacit_claims *claims,
		       struct tacit_check_list *list)
{
	struct tacit_slice parts[2] = { obol->public_key, obol->model_hash };
	struct tacit_slice said = claims->user_data.ptr ? claims->user_data : claims->report_data;
	uint8_t digest[TACIT_SHA256_LEN];

	if (!obol->present) {
		tacit_check_skip(list, "wrapper.obol.binding", "no report of Obol");
		return;
	}
	if (tacit_hash_parts(TACIT_SHA256, parts, 2, digest, NULL) == TACIT_OK && said.ptr &&
	    well_cut(obol) && stands_for(said, TACIT_SLICE_ARRAY(digest))) {
		if (!claims->public_key.ptr)
			claims->public_key = obol->public_key;
		tacit_check_pass(list, "wrapper.obol.binding", NULL);
		return;
	}
	struct tacit_check_failure failure = {
		.status = TACIT_BINDING,
		.expected = tacit_check_hex(list, TACIT_SLICE_ARRAY(digest)),
		.got = said.ptr ? tacit_check_hex(list, said) : NULL,
		.why = well_cut(obol) ? "the evidence does not stand for the public key and the "
					"model hash beside it"
				      : "the public key is no point of 65 bytes, or the model hash "
					"not of 32",
	};
	tacit_check_fail(list, "wrapper.obol.binding", &failure);
}

void tacit_wrapper_judge(const struct tacit_wrapper *wrapper, struct tacit_claims *claims,
			 struct tacit_check_list *list)
{
	judge_platform(wrapper, claims, list);
	judge_eml(&wrapper->eml, claims, list);
	judge_obol(&wrapper->obol, claims, list);
}

/* ---- certificates that came along ---------------------------------------------------------- */

/* Those of the wrapper behind the caller's own. */
static bool merge(const struct tacit_wrapper *w, struct tacit_arena *arena,
		  struct tacit_collateral *all)
{
	struct tacit_cert *certs = tacit_arena_alloc(arena, (all->cert_count + w->cert_count) *
								    sizeof(struct tacit_cert));
	struct tacit_slice *logs =
		tacit_arena_alloc(arena, (all->event_log_count + 1) * sizeof(struct tacit_slice));
	size_t n = all->cert_count;

	if (!certs || !logs)
		return false;
	if (n)
		memcpy(certs, all->certs, n * sizeof(*certs));
	for (size_t i = 0; i < w->cert_count; i++)
		if (tacit_cert_parse(w->certs[i], "wrapper", &certs[n], NULL) == TACIT_OK)
			n++;
	all->certs = certs;
	all->cert_count = n;
	if (all->event_log_count)
		memcpy(logs, all->event_logs, all->event_log_count * sizeof(*logs));
	if (w->event_log.ptr)
		logs[all->event_log_count++] = w->event_log;
	all->event_logs = logs;
	return true;
}

const struct tacit_context *tacit_wrapper_context(const struct tacit_evidence *ev,
						  const struct tacit_context *cx,
						  struct tacit_context *room)
{
	const struct tacit_wrapper *w = ev->wrapper;

	if (!w || (w->cert_count == 0 && !w->event_log.ptr))
		return cx;
	struct tacit_collateral *all = tacit_arena_alloc(cx->arena, sizeof(*all));
	if (!all)
		return NULL;
	if (cx->collateral)
		*all = *cx->collateral;
	if (!merge(w, cx->arena, all))
		return NULL;
	*room = *cx;
	room->collateral = all;
	return room;
}
