/* SPDX-License-Identifier: Apache-2.0 */

/* tacit verify --ear: what a verdict says, signed for those who did not judge themselves. */

#include "ear.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "verify.h"

#define KEY_FILE_MAX 16384
#define DIGEST_LEN   32
#define NI_PREFIX    "ni:///sha-256;" /* [RFC 6920 3] */
#define TOKEN_ROOM   65536
#define NONCE_MIN    8 /* [RFC 9711 4.1] */
#define NONCE_MAX    64

static int read_words(const struct cli_ear *ear, struct cli_ear_out *out)
{
	const char *form = ear->form ? ear->form : "jwt";
	const char *names = ear->names ? ear->names : "draft";

	if (strcmp(form, "jwt") != 0 && strcmp(form, "cwt") != 0)
		return cli_usage("no form '%.32s': '--ear-format' is jwt or cwt", form);
	if (strcmp(names, "draft") != 0 && strcmp(names, "veraison") != 0)
		return cli_usage("no names '%.32s': '--ear-names' is draft or veraison", names);
	out->form = strcmp(form, "cwt") == 0 ? TACIT_EAR_CWT : TACIT_EAR_JWT;
	out->names = strcmp(names, "draft") == 0 ? TACIT_EAR_DRAFT : TACIT_EAR_VERAISON;
	return 0;
}

/* A first signature shows that the key can sign, before anything is judged. */
static enum tacit_status try_key(const struct tacit_key *key, struct tacit_error *err)
{
	uint8_t signature[TACIT_SIGNATURE_MAX];

	if (tacit_key_alg_of(key) == TACIT_X25519)
		return tacit_fail(err, TACIT_USAGE, "ear", 0, "the key is for agreement alone");
	return tacit_key_sign(key, tacit_slice_str("tacit"), signature, err);
}

static int read_key(const struct cli_common *common, const struct cli_ear *ear,
		    struct tacit_key **ret)
{
	struct tacit_error err = { 0 };
	struct tacit_key *key = NULL;
	struct tacit_slice pem;

	if (cli_read_file(ear->key, KEY_FILE_MAX, &pem, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot read key '%s'", ear->key);
	enum tacit_status status = tacit_key_pem(pem, &key, &err);
	tacit_wipe((void *)(uintptr_t)pem.ptr, pem.len);
	free((void *)(uintptr_t)pem.ptr);
	if (status == TACIT_OK)
		status = try_key(key, &err);
	if (status != TACIT_OK) {
		tacit_key_free(key);
		return cli_fail(common, &err, "cannot sign with '%s'", ear->key);
	}
	*ret = key;
	return 0;
}

int cli_ear_open(const struct cli_common *common, const struct cli_ear *ear,
		 struct cli_ear_out *out)
{
	if (!ear->file && (ear->key || ear->form || ear->names || ear->lifetime))
		return cli_usage("options of a token mean nothing without '--ear'");
	if (!ear->file)
		return CLI_SAVE_GO_ON;
	if (!ear->key)
		return cli_usage("who signs the token? give '--ear-key FILE'");
	int code = read_words(ear, out);
	if (code == 0)
		code = read_key(common, ear, &out->key);
	if (code)
		return code;
	out->wanted = true;
	return cli_save_split(common, ear->file, &out->fd);
}

static bool send_all(int fd, struct tacit_slice bytes)
{
	for (size_t at = 0; at < bytes.len;) {
		ssize_t n = write(fd, bytes.ptr + at, bytes.len - at);

		if (n > 0)
			at += (size_t)n;
		else if (errno != EINTR)
			return false;
	}
	return true;
}

/* A policy is named by the hash of its text. */
static void name_policy(const struct tacit_context *cx, char *room, struct tacit_ear_submod *submod)
{
	if (!cx->policy)
		return;
	memcpy(room, NI_PREFIX, sizeof(NI_PREFIX));
	tacit_base64_encode(TACIT_BASE64URL,
			    tacit_slice_of(tacit_policy_digest(cx->policy), DIGEST_LEN),
			    room + strlen(NI_PREFIX));
	submod->policies[0] = tacit_slice_str(room);
	submod->policy_count = 1;
}

/* The nonce is the client's own, and said to be there only when it was. */
static struct tacit_slice checked_nonce(const struct tacit_verdict *verdict,
					const struct tacit_context *cx)
{
	const struct tacit_check *check = tacit_verdict_find(verdict, "evidence.nonce");
	const struct tacit_check *bound = tacit_verdict_find(verdict, "binding.nonce");
	struct tacit_slice nonce = cx->expect.nonce;
	bool carried = (check && check->result == TACIT_CHECK_PASS) ||
		       (bound && bound->result == TACIT_CHECK_PASS);

	if (!carried || nonce.len < NONCE_MIN || nonce.len > NONCE_MAX)
		return tacit_slice_of(NULL, 0);
	return nonce;
}

static void fill(const struct cli_ear *ear, const struct cli_ear_out *out,
		 const struct tacit_verdict *verdict, const struct tacit_context *cx,
		 struct tacit_ear *token)
{
	token->names = out->names;
	token->issued = cx->now;
	token->expires = ear->lifetime != 0;
	token->expiry = cx->now + (int64_t)ear->lifetime;
	token->developer = tacit_slice_str("Tacit");
	token->build = tacit_slice_str("tacit " TACIT_VERSION);
	token->nonce = checked_nonce(verdict, cx);
	tacit_ear_of_verdict(verdict, token->submods);
}

int cli_ear_send(const struct cli_common *common, const struct cli_ear *ear,
		 struct cli_ear_out *out, const struct tacit_verdict *verdict,
		 const struct tacit_context *cx, struct tacit_slice evidence)
{
	char policy[sizeof(NI_PREFIX) + 44];
	struct tacit_ear_submod submod;
	struct tacit_ear token = { .submod_count = 1, .submods = &submod };
	struct tacit_error err = { 0 };
	struct tacit_slice bytes = { NULL, 0 };
	struct tacit_arena arena;
	size_t size = TOKEN_ROOM + 5 * evidence.len; /* base64 of base64, and the claims */

	if (!out->wanted)
		return 0;
	void *room = malloc(size);
	if (!room)
		return cli_no_memory(common);
	tacit_arena_init(&arena, room, size);
	fill(ear, out, verdict, cx, &token);
	name_policy(cx, policy, &submod);
	token.raw_evidence = evidence;
	enum tacit_status status =
		tacit_ear_sign(&token, out->form, out->key, &arena, &bytes, &err);
	if (status == TACIT_OK && !send_all(out->fd, bytes))
		status = tacit_fail(&err, TACIT_IO, "ear", 0, "the token could not be passed on");
	free(room);
	return status == TACIT_OK ? 0 : cli_fail(common, &err, "cannot write '%s'", ear->file);
}

void cli_ear_close(struct cli_ear_out *out)
{
	if (out->wanted)
		close(out->fd);
	tacit_key_free(out->key);
}
