/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/unwrap.h"

#include "base/bounds.h"
#include "base/compiler.h"
#include "tee/detect.h"
#include "tee/tee.h"
#include "tee/unwrap_parts.h"

static const char *const FORMS[] = {
	[TACIT_WRAPPER_HEX] = "hex",       [TACIT_WRAPPER_BASE64] = "base64",
	[TACIT_WRAPPER_MARKER] = "marker", [TACIT_WRAPPER_EML] = "eml",
	[TACIT_WRAPPER_OBOL] = "obol",     [TACIT_WRAPPER_AGENT] = "agent",
};

const char *tacit_wrapper_form_name(enum tacit_wrapper_form form)
{
	return (size_t)form < TACIT_ARRAY_LEN(FORMS) ? FORMS[form] : "none";
}

enum tacit_status tacit_unwrap_layer(struct tacit_unwrap *u, enum tacit_wrapper_form form)
{
	if (u->wrapper->layer_count == TACIT_WRAPPER_LAYERS)
		return tacit_fail(u->err, TACIT_LIMIT, TACIT_WRAPPER_WHERE, 0,
				  "more than %d layers around the evidence", TACIT_WRAPPER_LAYERS);
	u->wrapper->layers[u->wrapper->layer_count++] = form;
	return TACIT_OK;
}

enum tacit_status tacit_unwrap_name(struct tacit_unwrap *u, enum tacit_tee tee)
{
	struct tacit_wrapper *w = u->wrapper;

	if (w->named != TACIT_TEE_NONE && w->named != tee)
		return tacit_fail(u->err, TACIT_FORMAT, TACIT_WRAPPER_WHERE, 0,
				  "one layer says %s, another %s", tacit_tee_name(w->named),
				  tacit_tee_name(tee));
	w->named = tee;
	return TACIT_OK;
}

/* Takes off one layer. False when there is none that is known. */
static bool peel(struct tacit_unwrap *u, enum tacit_status *ret_st)
{
	static bool (*const KINDS[])(struct tacit_unwrap *, enum tacit_status *) = {
		tacit_unwrap_json,
		tacit_unwrap_text,
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(KINDS); i++)
		if (KINDS[i](u, ret_st))
			return true;
	return false;
}

/* Text layers say nothing: evidence in them alone is as if it had come bare. */
static bool says_something(const struct tacit_wrapper *w)
{
	for (size_t i = 0; i < w->layer_count; i++)
		if (w->layers[i] != TACIT_WRAPPER_HEX && w->layers[i] != TACIT_WRAPPER_BASE64)
			return true;
	return false;
}

static enum tacit_status take_off(struct tacit_unwrap *u)
{
	enum tacit_status st = TACIT_OK;

	while (st == TACIT_OK) {
		/* These two have marks that no platform's document starts with. */
		if (tacit_unwrap_eml(u, &st) || tacit_unwrap_marker(u, &st))
			continue;
		if (tacit_detect_tee(u->in) != TACIT_TEE_NONE || !peel(u, &st))
			break;
	}
	return st;
}

enum tacit_status tacit_evidence_unwrap(struct tacit_slice in, struct tacit_arena *arena,
					struct tacit_evidence *ret_ev, struct tacit_error *err)
{
	struct tacit_evidence ev = { 0 };
	struct tacit_unwrap u = { .arena = arena, .in = in, .err = err };

	if (in.len > TACIT_EVIDENCE_MAX)
		return tacit_fail(err, TACIT_LIMIT, "evidence", 0, "%zu bytes, at most %d", in.len,
				  TACIT_EVIDENCE_MAX);
	u.wrapper = tacit_arena_alloc(arena, sizeof(*u.wrapper));
	if (!u.wrapper)
		return tacit_fail(err, TACIT_LIMIT, TACIT_WRAPPER_WHERE, 0, "the arena is full");
	enum tacit_status st = take_off(&u);
	if (st == TACIT_OK)
		st = tacit_evidence_detect(u.in, &ev, err);
	if (st != TACIT_OK)
		return st;
	if (u.wrapper->layer_count)
		ev.received = in;
	if (says_something(u.wrapper))
		ev.wrapper = u.wrapper;
	*ret_ev = ev;
	return TACIT_OK;
}
