/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compiler.h"
#include "net/keyd_inside.h"
#include "release/sigv4.h"

static void fill(const struct tacit_call *x, struct tacit_sigv4_field *fields,
		 struct tacit_sigv4_request *ret)
{
	const struct tacit_http_head *head = tacit_call_head(x);
	struct tacit_sigv4_request request = {
		.method = head->method,
		.path = head->path,
		.query = head->query,
		.fields = fields,
		.field_count = head->count,
		.body = tacit_call_body(x),
	};

	for (size_t i = 0; i < head->count; i++) {
		fields[i].name = head->fields[i].name;
		fields[i].value = head->fields[i].value;
	}
	*ret = request;
}

static bool refuse(struct tacit_keyd_answer *answer, const char *type, const char *message)
{
	tacit_kms_refuse(answer, type, message);
	return false;
}

/* What the operator has to see to; who asks is nobody yet, and is not told more than that. */
static bool broken(const struct tacit_keyd *keyd, const struct tacit_error *err,
		   struct tacit_keyd_answer *answer)
{
	static const char MESSAGE[] = "the store cannot be read";
	const struct tacit_keyd_event event = { .op = "Authenticate",
						.who = "",
						.verdict = "refused",
						.reason = err->detail,
						.status = 500 };

	if (keyd->options.say)
		keyd->options.say(keyd->options.user, &event);
	return refuse(answer, "KMSInternalException", MESSAGE);
}

/* Whether the signature is for this service here; AWS says which of the two is wrong. */
static bool in_scope(const struct tacit_keyd *keyd, const struct tacit_sigv4_auth *auth,
		     struct tacit_keyd_answer *answer)
{
	if (!tacit_slice_eq(auth->scope.service, tacit_slice_str("kms")))
		return refuse(answer, "InvalidSignatureException",
			      "Credential should be scoped to correct service: 'kms'.");
	if (!tacit_slice_eq(auth->scope.region, tacit_slice_str(keyd->config.region)))
		return refuse(answer, "InvalidSignatureException",
			      "Credential should be scoped to a valid region.");
	return true;
}

bool tacit_keyd_authenticate(struct tacit_keyd *keyd, const struct tacit_call *x, int64_t now,
			     struct tacit_keyd_credential *ret, struct tacit_keyd_answer *answer)
{
	TACIT_CLEANUP(tacit_keyd_bytes_done) struct tacit_keyd_bytes secret = { 0 };
	struct tacit_sigv4_field fields[TACIT_HTTP_FIELDS_MAX];
	struct tacit_sigv4_request request;
	struct tacit_sigv4_auth auth;
	struct tacit_error err = { 0 };
	bool found = false;

	fill(x, fields, &request);
	/* A presigned request, good for up to a week, is none that is taken. */
	if (!tacit_http_head_find(tacit_call_head(x), "authorization").ptr)
		return refuse(answer, "MissingAuthenticationTokenException",
			      "Missing Authentication Token");
	if (tacit_sigv4_read(&request, &auth, &err) != TACIT_OK)
		return refuse(answer, "IncompleteSignatureException", err.detail);
	if (!in_scope(keyd, &auth, answer))
		return false;
	if (tacit_sigv4_fresh(&auth, now, &err) != TACIT_OK)
		return refuse(answer, "InvalidSignatureException", err.detail);
	if (tacit_keyd_credential_find(keyd->front, auth.access_key, ret, &secret, &found, &err) !=
	    TACIT_OK)
		return broken(keyd, &err, answer);
	if (!found || !ret->enabled)
		return refuse(answer, "UnrecognizedClientException",
			      "The security token included in the request is invalid.");
	if (tacit_sigv4_check(&request, &auth, tacit_slice_of(secret.ptr, secret.len), &err) !=
	    TACIT_OK)
		return refuse(answer, "InvalidSignatureException",
			      "The request signature we calculated does not match the signature "
			      "you provided. Check your AWS Secret Access Key and signing method.");
	return true;
}
