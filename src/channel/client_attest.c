/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/client_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/base64.h"
#include "crypto/random.h"
#include "sys/clock.h"

#define ATTEST_TIMEOUT_MS 30000L
#define EVIDENCE_PATH     "/.well-known/tacit/evidence?nonce="
#define HTTP_OK           200

struct tacit_attested *tacit_attested_hold(struct tacit_attested *attested)
{
	attested->holders++;
	return attested;
}

void tacit_attested_drop(struct tacit_attested *attested)
{
	if (!attested || --attested->holders)
		return;
	tacit_receipt_verifier_free(attested->receipt_verifier);
	free((void *)(uintptr_t)attested->evidence.ptr);
	free(attested->arena.base);
	free(attested);
}

void tacit_client_attest_free(struct attest *attest)
{
	if (!attest)
		return;
	tacit_client_transfer_done(&attest->transfer);
	tacit_attested_drop(attest->attested);
	free(attest->body);
	free(attest);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *user)
{
	struct attest *attest = user;
	size_t len = size * count; /* size is always 1 */

	if (len > TACIT_EVIDENCE_MAX - attest->len)
		return 0;
	uint8_t *longer = realloc(attest->body, attest->len + len + 1);
	if (!longer)
		return 0;
	memcpy(longer + attest->len, bytes, len);
	attest->body = longer;
	attest->len += len;
	return len;
}

/* The value of the header line, without the blanks around it; absent when it is another one. */
static struct tacit_slice header_value(struct tacit_slice line, const char *name)
{
	size_t at = strlen(name);

	if (line.len <= at || strncasecmp((const char *)line.ptr, name, at) != 0 ||
	    line.ptr[at] != ':')
		return tacit_slice_of(NULL, 0);
	at++;
	while (at < line.len && (line.ptr[at] == ' ' || line.ptr[at] == '\t'))
		at++;
	while (line.len > at && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r' ||
				 line.ptr[line.len - 1] == ' '))
		line.len--;
	return tacit_slice_of(line.ptr + at, line.len - at);
}

/* A header in base64url, at most once; anything else spoils the answer. */
static void take_bytes(struct attest *attest, const char *name, struct tacit_slice line,
		       struct tacit_mut room, size_t *len)
{
	struct tacit_slice value = header_value(line, name);

	if (!value.ptr)
		return;
	if (*len != 0 || !tacit_base64_decode(TACIT_BASE64URL, value, room, len) || *len == 0)
		attest->bad_header = name;
}

static size_t take_header(char *line, size_t size, size_t count, void *user)
{
	struct attest *attest = user;
	struct tacit_slice text = { (const uint8_t *)line, size * count };

	if (text.len > TACIT_CLIENT_HEADERS_MAX - attest->transfer.header_bytes)
		return 0;
	attest->transfer.header_bytes += text.len;
	take_bytes(attest, "Tacit-Binding", text,
		   tacit_mut_of(attest->binding, sizeof(attest->binding)), &attest->binding_len);
	take_bytes(attest, "Tacit-Nonce-Path", text,
		   tacit_mut_of(attest->path, sizeof(attest->path)), &attest->path_len);
	return text.len;
}

static enum tacit_status verify(const struct tacit_client *client, struct tacit_attested *a,
				struct tacit_error *err)
{
	const struct tacit_client_options *o = &client->options;
	struct tacit_evidence evidence;
	enum tacit_status st = tacit_evidence_unwrap(a->evidence, &a->arena, &evidence, err);

	if (st != TACIT_OK) {
		a->verdict.outcome = TACIT_MALFORMED;
		return st;
	}
	const struct tacit_context cx = {
		.policy = o->policy,
		.now = a->at,
		.expect = { .nonce = TACIT_SLICE_ARRAY(a->nonce),
			    .tls_spki = TACIT_SLICE_ARRAY(a->spki),
			    .require_binding = true,
			    .binding = a->binding,
			    .nonce_path = a->nonce_path },
		.collateral = o->collateral,
		.arena = &a->arena,
		.insecure_test_roots = o->insecure_test_roots,
		.insecure_test_root_count = o->insecure_test_root_count,
		.insecure_no_policy = o->insecure_no_policy,
		.insecure_allow_debug = o->insecure_allow_debug,
		.insecure_accept_stub = o->insecure_accept_stub,
	};
	return tacit_verify(&evidence, &cx, &a->verdict, err);
}

/* The verdict, and then what the binding gives: without a usable receipt key it is worth nothing.
 */
static enum tacit_status appraise(const struct tacit_client *client, struct tacit_attested *a,
				  struct tacit_error *err)
{
	enum tacit_status st = tacit_hash(TACIT_SHA256, a->evidence, a->doc_hash, err);

	if (st == TACIT_OK)
		st = verify(client, a, err);
	if (st != TACIT_OK)
		return st;
	const struct tacit_claims *claims = tacit_verdict_claims(&a->verdict);
	if (!claims || !claims->has_binding)
		return tacit_fail(err, TACIT_BINDING, "channel.binding", 0,
				  "the evidence binds no keys");
	st = tacit_receipt_verifier_new(TACIT_SLICE_ARRAY(claims->binding.receipt_key),
					&a->receipt_verifier, err);
	if (st == TACIT_OK) {
		a->claims = claims;
		a->verified = true;
	}
	return st;
}

static struct tacit_slice keep(struct tacit_attested *a, const uint8_t *bytes, size_t len)
{
	struct tacit_slice none = { NULL, 0 };
	const void *copy = len ? tacit_arena_copy(&a->arena, tacit_slice_of(bytes, len)) : NULL;

	return copy ? tacit_slice_of(copy, len) : none;
}

static enum tacit_status judge_answer(struct attest *attest, CURLcode code, struct tacit_error *err)
{
	struct tacit_attested *a = attest->attested;
	long status = 0;

	if (code != CURLE_OK)
		return tacit_client_transfer_error(&attest->transfer, code, err);
	tacit_curl()->easy_getinfo(attest->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != HTTP_OK)
		return tacit_fail(err, TACIT_PEER, "channel.evidence", 0,
				  "the server answered %ld when asked for evidence", status);
	if (attest->bad_header)
		return tacit_fail(err, TACIT_PEER, "channel.evidence", 0,
				  "the header %s is not what it should be", attest->bad_header);
	a->evidence = tacit_slice_of(attest->body, attest->len);
	attest->body = NULL;
	a->binding = keep(a, attest->binding, attest->binding_len);
	a->nonce_path = keep(a, attest->path, attest->path_len);
	memcpy(a->spki, attest->transfer.spki, sizeof(a->spki));
	return appraise(attest->transfer.client, a, err);
}

static void attest_done(struct transfer *transfer, CURLcode code)
{
	struct attest *attest = (struct attest *)(void *)transfer;
	struct tacit_client *client = transfer->client;
	struct tacit_attested *attested = tacit_attested_hold(attest->attested);

	/* tacit_fail() keeps the first failure, so the status is set by hand where it has no error.
	 */
	enum tacit_status st = judge_answer(attest, code, &attested->error);
	if (st != TACIT_OK && attested->error.status == TACIT_OK)
		attested->error.status = st;
	client->attesting = NULL;
	tacit_client_attest_free(attest);
	tacit_client_attested(client, attested);
}

static struct tacit_attested *new_attested(void)
{
	struct tacit_attested *a = calloc(1, sizeof(*a));
	void *room = a ? malloc(TACIT_ARENA_TYPICAL) : NULL;

	if (!room) {
		free(a);
		return NULL;
	}
	tacit_arena_init(&a->arena, room, TACIT_ARENA_TYPICAL);
	a->holders = 1;
	a->since_ms = tacit_clock_ms();
	a->at = tacit_clock_wall();
	return a;
}

static enum tacit_status set_up(struct attest *attest, struct tacit_client *client,
				struct tacit_error *err)
{
	char url[sizeof(client->base) + sizeof(EVIDENCE_PATH) + 64];
	char nonce[48];
	struct transfer *t = &attest->transfer;

	t->asks_evidence = true;
	t->done = attest_done;
	enum tacit_status st = tacit_random(
		tacit_mut_of(attest->attested->nonce, sizeof(attest->attested->nonce)), err);
	if (st != TACIT_OK)
		return st;
	tacit_base64_encode(TACIT_BASE64URL, TACIT_SLICE_ARRAY(attest->attested->nonce), nonce);
	snprintf(url, sizeof(url), "%s" EVIDENCE_PATH "%s&path=1", client->base, nonce);
	st = tacit_client_transfer_init(t, client, url, err);
	if (st != TACIT_OK)
		return st;
	tacit_curl()->easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, take_body);
	tacit_curl()->easy_setopt(t->easy, CURLOPT_WRITEDATA, attest);
	tacit_curl()->easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, take_header);
	tacit_curl()->easy_setopt(t->easy, CURLOPT_HEADERDATA, attest);
	tacit_curl()->easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, ATTEST_TIMEOUT_MS);
	return tacit_client_transfer_start(t, err);
}

enum tacit_status tacit_client_attest_start(struct tacit_client *client, struct tacit_error *err)
{
	struct attest *attest = calloc(1, sizeof(*attest));

	if (attest)
		attest->attested = new_attested();
	if (!attest || !attest->attested) {
		free(attest);
		return tacit_fail(err, TACIT_NOMEM, "channel", 0, "out of memory");
	}
	enum tacit_status st = set_up(attest, client, err);
	if (st != TACIT_OK) {
		tacit_client_attest_free(attest);
		return st;
	}
	client->attesting = attest;
	return TACIT_OK;
}
