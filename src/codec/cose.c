/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cose.h"

#include "base/bounds.h"

#define LABEL_ALG          1 /* [RFC 9052 3.1] */
#define LABEL_CRIT         2
#define LABEL_CONTENT_TYPE 3
#define CONTEXT            "Signature1" /* [RFC 9052 4.4] */

/* A header label [RFC 9052 1.4]: a number or a text, compared by value, not by encoding. */
struct label {
	int64_t number;
	struct tacit_slice text; /* absent for a number */
};

/* Labels seen so far, in both headers: none may come twice [RFC 9052 3]. */
struct labels {
	size_t count;
	struct label seen[TACIT_COSE_LABELS_MAX];
};

static struct label take_label(struct tacit_cbor *c)
{
	struct label label = { 0, { NULL, 0 } };

	if (tacit_cbor_peek(c) == TACIT_CBOR_TEXT)
		label.text = tacit_cbor_text(c);
	else
		label.number = tacit_cbor_int(c);
	return label;
}

static bool is_number(const struct label *label, int64_t number)
{
	return !label->text.ptr && label->number == number;
}

static void add_label(struct tacit_cbor *c, struct labels *labels, const struct label *label)
{
	for (size_t i = 0; i < labels->count; i++) {
		const struct label *old = &labels->seen[i];

		if (!old->text.ptr == !label->text.ptr && old->number == label->number &&
		    tacit_slice_eq(old->text, label->text))
			tacit_cbor_reject(c, "header label twice");
	}
	if (labels->count == TACIT_COSE_LABELS_MAX)
		tacit_cbor_reject(c, "too many header labels");
	else
		labels->seen[labels->count++] = *label;
}

static void take_protected_value(struct tacit_cbor *c, const struct label *label,
				 struct tacit_cose_sign1 *msg)
{
	if (is_number(label, LABEL_ALG)) {
		msg->alg = tacit_cbor_int(c);
		if (!c->r.bad && msg->alg == 0) /* reserved, and our mark for absent */
			tacit_cbor_reject(c, "algorithm 0");
		return;
	}
	if (is_number(label, LABEL_CONTENT_TYPE) && tacit_cbor_peek(c) == TACIT_CBOR_UINT) {
		msg->has_content_type = true;
		msg->content_type = tacit_cbor_uint(c);
		return;
	}
	(void)tacit_cbor_item(c);
}

/* One header map; `msg` is NULL for the unprotected one, whose values say nothing. */
static size_t take_header(struct tacit_cbor *c, struct labels *labels, struct tacit_cose_sign1 *msg)
{
	struct tacit_cbor_keys keys = { { NULL, 0 } };
	uint64_t pairs = tacit_cbor_map(c);
	bool open = pairs == TACIT_CBOR_INDEFINITE;
	size_t count = 0;

	while (!c->r.bad && (open ? !tacit_cbor_at_break(c) : count < pairs)) {
		size_t start = c->r.at;
		struct label label = take_label(c);

		if (c->r.bad)
			break;
		if (c->rules == TACIT_CBOR_STRICT)
			tacit_cbor_key_check(c, &keys,
					     tacit_slice_of(c->r.in.ptr + start, c->r.at - start));
		add_label(c, labels, &label);
		/* What is marked critical must be understood [RFC 9052 3.1]; we know none. */
		if (is_number(&label, LABEL_CRIT))
			tacit_cbor_reject(c, "critical header parameters");
		if (msg)
			take_protected_value(c, &label, msg);
		else
			(void)tacit_cbor_item(c);
		count++;
	}
	return count;
}

static enum tacit_status parse_protected(struct tacit_slice bytes, enum tacit_cbor_rules rules,
					 struct labels *labels, struct tacit_cose_sign1 *msg,
					 struct tacit_error *err)
{
	msg->protected_bytes = bytes;
	if (bytes.len == 0)
		return TACIT_OK;

	struct tacit_cbor c = tacit_cbor_of(bytes, rules);
	msg->protected_count = take_header(&c, labels, msg);
	if (!c.r.bad && msg->protected_count == 0) {
		/* Two encodings of no header; the signature covers the short one [RFC 9052 4.4]. */
		if (rules == TACIT_CBOR_STRICT)
			tacit_cbor_reject(&c, "empty map instead of no bytes");
		msg->protected_bytes.len = 0;
	}
	return tacit_cbor_finish(&c, "cose.protected", err);
}

/* The tag and the array's head; true when a break must end the array. */
static bool take_envelope(struct tacit_cbor *c, struct tacit_cose_sign1 *msg)
{
	if (tacit_cbor_peek(c) == TACIT_CBOR_TAG) {
		msg->tagged = true;
		if (tacit_cbor_tag(c) != TACIT_COSE_SIGN1_TAG)
			tacit_cbor_reject(c, "tag is not that of a COSE_Sign1");
	} else if (c->rules == TACIT_CBOR_STRICT) {
		tacit_cbor_reject(c, "no COSE_Sign1 tag");
	}
	uint64_t count = tacit_cbor_array(c);
	if (count != 4 && count != TACIT_CBOR_INDEFINITE)
		tacit_cbor_reject(c, "not an array of four");
	return count == TACIT_CBOR_INDEFINITE;
}

enum tacit_status tacit_cose_sign1_parse(struct tacit_slice in, enum tacit_cbor_rules rules,
					 struct tacit_cose_sign1 *ret, struct tacit_error *err)
{
	struct tacit_cose_sign1 msg = { 0 };
	struct labels labels = { 0 };
	struct tacit_cbor c = tacit_cbor_of(in, rules);
	bool open = take_envelope(&c, &msg);
	struct tacit_slice protected_bytes = tacit_cbor_bytes(&c);

	if (!c.r.bad) {
		enum tacit_status status =
			parse_protected(protected_bytes, rules, &labels, &msg, err);
		if (status != TACIT_OK)
			return status;
	}
	size_t start = c.r.at;
	msg.unprotected_count = take_header(&c, &labels, NULL);
	msg.unprotected = tacit_slice_of(in.ptr, 0);
	if (!c.r.bad)
		msg.unprotected = tacit_slice_of(in.ptr + start, c.r.at - start);
	if (!tacit_cbor_null(&c))
		msg.payload = tacit_cbor_bytes(&c);
	msg.signature = tacit_cbor_bytes(&c);
	if (open && !c.r.bad && !tacit_cbor_at_break(&c))
		tacit_cbor_reject(&c, "not an array of four");

	enum tacit_status status = tacit_cbor_finish(&c, "cose", err);
	if (status == TACIT_OK)
		*ret = msg;
	return status;
}

enum tacit_status tacit_cose_sig_structure(struct tacit_slice protected_bytes,
					   struct tacit_slice external_aad,
					   struct tacit_slice payload, struct tacit_mut room,
					   struct tacit_slice *ret, struct tacit_error *err)
{
	struct writer w = wr_of(room);

	tacit_cbor_put_array(&w, 4);
	tacit_cbor_put_text(&w, tacit_slice_str(CONTEXT));
	tacit_cbor_put_bytes(&w, protected_bytes);
	tacit_cbor_put_bytes(&w, external_aad);
	tacit_cbor_put_bytes(&w, payload);
	return wr_finish(&w, "cose.sig_structure", ret, err);
}

size_t tacit_cose_sig_structure_max(struct tacit_slice protected_bytes,
				    struct tacit_slice external_aad, struct tacit_slice payload)
{
	size_t total = 1 + sizeof(CONTEXT) + 3 * 9; /* array, context with its head, three heads */

	if (__builtin_add_overflow(total, protected_bytes.len, &total) ||
	    __builtin_add_overflow(total, external_aad.len, &total) ||
	    __builtin_add_overflow(total, payload.len, &total))
		return SIZE_MAX;
	return total;
}

void tacit_cose_sign1_write(struct writer *w, struct tacit_slice protected_bytes,
			    struct tacit_slice payload, struct tacit_slice signature)
{
	tacit_cbor_put_tag(w, TACIT_COSE_SIGN1_TAG);
	tacit_cbor_put_array(w, 4);
	tacit_cbor_put_bytes(w, protected_bytes);
	tacit_cbor_put_map(w, 0);
	tacit_cbor_put_bytes(w, payload);
	tacit_cbor_put_bytes(w, signature);
}
