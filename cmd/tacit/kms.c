/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit kms decrypt, genkey, genkeypair, genrandom, derive: AWS KMS from inside an enclave. No
 * secret is in an argument; what is secret goes to standard output or a file of mode 0600.
 */

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "codec/json.h"
#include "kms_option.h"
#include "verbs.h"

#define DATA_MAX 1024 /* the longest that a document carries of each [NITRO-DOC] */

struct options {
	struct cli_common common;
	struct kms_options kms;
	const char *key_id, *spec, *algorithm;
	const char *output, *wrapped, *public_key, *peer;
	uint64_t bytes;
	bool base64;
	struct cli_list context;
	struct cli_hex nonce, user_data;
};

#define TEXT(field, name, letter, value, help) \
	CLI_OPT(struct options, field, name, letter, CLI_TEXT, value, help)
#define CONTEXT                                                                  \
	CLI_OPT(struct options, context, "--context", 0, CLI_LIST, "NAME=VALUE", \
		"a pair of the encryption context; may be repeated")
#define OUTPUT TEXT(output, "--output", 'o', "FILE", "where it goes (default: standard output)")
#define WRAPPED \
	TEXT(wrapped, "--wrapped", 'w', "FILE", "where it goes as KMS encrypted it, to be kept")
#define COMMON                                                                           \
	CLI_OPT_RANGE(struct options, nonce, "--nonce", CLI_HEX, "HEX",                  \
		      "a nonce for the document, for who reads the logs of KMS", 1, 64), \
		CLI_OPT_RANGE(struct options, user_data, "--user-data", CLI_HEX, "HEX",  \
			      "user data for the document", 1, DATA_MAX),                \
		KMS_OPTIONS(struct options, kms)

static const struct cli_option DECRYPT_OPTIONS[] = {
	TEXT(key_id, "--key-id", 'k', "KEY", "the key it must be under: ARN, id or alias"),
	CONTEXT,
	TEXT(algorithm, "--algorithm", 0, "NAME",
	     "of an asymmetric key (default: SYMMETRIC_DEFAULT)"),
	CLI_OPT(struct options, base64, "--base64", 0, CLI_FLAG, NULL,
		"the ciphertext is base64, as the aws command prints it"),
	OUTPUT,
	COMMON,
};

static const struct cli_option GENKEY_OPTIONS[] = {
	TEXT(key_id, "--key-id", 'k', "KEY", "the key to wrap it under: ARN, id or alias"),
	CONTEXT,
	TEXT(spec, "--spec", 0, "NAME", "AES_256 (default) or AES_128"),
	CLI_OPT_RANGE(struct options, bytes, "--bytes", CLI_COUNT, "N",
		      "length of the key, instead of --spec", 1, TACIT_KMS_RANDOM_MAX),
	OUTPUT,
	WRAPPED,
	COMMON,
};

static const struct cli_option GENKEYPAIR_OPTIONS[] = {
	TEXT(key_id, "--key-id", 'k', "KEY", "the key to wrap it under: ARN, id or alias"),
	CONTEXT,
	TEXT(spec, "--spec", 0, "NAME", "ECC_NIST_P256 (default), RSA_2048, ..."),
	OUTPUT,
	WRAPPED,
	TEXT(public_key, "--public", 0, "FILE", "where the public key goes, DER"),
	COMMON,
};

static const struct cli_option GENRANDOM_OPTIONS[] = {
	CLI_OPT_RANGE(struct options, bytes, "--bytes", CLI_COUNT, "N", "how many (default: 32)", 1,
		      TACIT_KMS_RANDOM_MAX),
	OUTPUT,
	COMMON,
};

static const struct cli_option DERIVE_OPTIONS[] = {
	TEXT(key_id, "--key-id", 'k', "KEY", "the key agreement key: ARN, id or alias"),
	TEXT(peer, "--peer", 0, "FILE", "the other side's public key, DER SubjectPublicKeyInfo"),
	OUTPUT,
	COMMON,
};

/* ---- what is asked -------------------------------------------------------------------------- */

struct job {
	const struct options *o;
	struct tacit_kms_request request;
	struct tacit_kms_pair context[TACIT_KMS_CONTEXT_MAX];
	uint8_t *file; /* owned: what was read */
	struct tacit_kms_answer answer;
};

static int read_context(struct job *job)
{
	const struct cli_list *list = &job->o->context;

	if (list->count > TACIT_KMS_CONTEXT_MAX)
		return cli_usage("option '--context' may be given %d times at most",
				 TACIT_KMS_CONTEXT_MAX);
	for (size_t i = 0; i < list->count; i++) {
		const char *text = list->items[i], *mark = strchr(text, '=');

		if (!mark || mark == text)
			return cli_usage("option '--context' takes NAME=VALUE, not '%s'", text);
		job->context[i].name = tacit_slice_of(text, (size_t)(mark - text));
		for (size_t j = 0; j < i; j++)
			if (tacit_slice_eq(job->context[j].name, job->context[i].name))
				return cli_usage("option '--context' has '%.*s' twice",
						 (int)(mark - text), text);
		job->context[i].value = tacit_slice_str(mark + 1);
	}
	job->request.context = job->context;
	job->request.context_count = list->count;
	return 0;
}

static struct tacit_slice view(const struct cli_hex *hex)
{
	return hex->given ? tacit_slice_of(hex->bytes, hex->len) : tacit_slice_of(NULL, 0);
}

static int read_bytes(struct job *job, const char *path, size_t max, struct tacit_slice *ret)
{
	struct tacit_error err = { 0 };
	struct tacit_slice file = { NULL, 0 };

	if (cli_read_file(path, max, &file, &err) != TACIT_OK)
		return cli_fail(&job->o->common, &err, "cannot read '%s'", path);
	job->file = (uint8_t *)(uintptr_t)file.ptr;
	*ret = file;
	return 0;
}

/* The aws command prints base64, with a line's end. */
static int undo_base64(struct job *job)
{
	struct tacit_slice text = job->request.ciphertext;
	size_t len = 0;

	while (text.len && strchr(" \r\n", text.ptr[text.len - 1]))
		text.len--;
	uint8_t *bytes = malloc(text.len + 1);

	if (!bytes)
		return cli_no_memory(&job->o->common);
	bool good = tacit_base64_decode(TACIT_BASE64, text, tacit_mut_of(bytes, text.len), &len);

	free(job->file);
	job->file = bytes;
	job->request.ciphertext = tacit_slice_of(bytes, len);
	if (good)
		return 0;
	struct tacit_error err = { 0 };

	(void)tacit_fail(&err, TACIT_FORMAT, "base64", 0, "not base64");
	return cli_fail(&job->o->common, &err, "cannot read the ciphertext");
}

/* ---- what is answered ----------------------------------------------------------------------- */

static char *encode(struct tacit_slice bytes)
{
	char *text = malloc(tacit_base64_size(TACIT_BASE64, bytes.len) + 1);

	if (text)
		tacit_base64_encode(TACIT_BASE64, bytes, text);
	return text;
}

static bool put_bytes(json_t *object, const char *name, struct tacit_slice bytes)
{
	char *text = bytes.len ? encode(bytes) : NULL;
	bool put = bytes.len == 0 ||
		   (text && json_object_set_new(object, name, json_string(text)) == 0);

	if (text)
		tacit_wipe(text, strlen(text));
	free(text);
	return put;
}

static bool put_text(json_t *object, const char *name, struct tacit_slice text)
{
	return text.len == 0 ||
	       json_object_set_new(object, name, json_stringn((const char *)text.ptr, text.len)) ==
		       0;
}

/* One object; what went to a file is not in it. */
static int print_json(const struct job *job)
{
	const struct options *o = job->o;
	const struct tacit_kms_answer *a = &job->answer;
	struct tacit_slice none = { NULL, 0 };
	json_t *object = json_pack("{s:s, s:s}", "schema", "tacit.kms/1", "operation",
				   tacit_kms_json_name(job->request.operation));
	bool made = object && put_text(object, "key_id", a->key_id) &&
		    put_text(object, "spec", a->spec) &&
		    put_bytes(object, "plaintext", o->output ? none : a->plain) &&
		    put_bytes(object, "ciphertext", o->wrapped ? none : a->ciphertext) &&
		    put_bytes(object, "public_key", o->public_key ? none : a->public_key);

	if (made) {
		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(object);
	return made ? 0 : cli_no_memory(&o->common);
}

static int write_part(const struct options *o, const char *path, struct tacit_slice bytes,
		      unsigned mode)
{
	struct tacit_error err = { 0 };

	if (cli_write_file(path, bytes, mode, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot write '%s'", path);
	return 0;
}

static int deliver(const struct job *job)
{
	const struct options *o = job->o;
	int code = 0;

	/* What is kept goes first: a key that is in use and was never kept is lost. */
	if (o->wrapped)
		code = write_part(o, o->wrapped, job->answer.ciphertext, 0644);
	if (code == 0 && o->public_key)
		code = write_part(o, o->public_key, job->answer.public_key, 0644);
	if (code == 0 && (o->output || !o->common.json))
		code = write_part(o, o->output ? o->output : "-", job->answer.plain, 0600);
	if (code == 0 && o->common.json)
		code = print_json(job);
	return code;
}

/*
 * Whose alias a name is, is up to who gives the credentials. A host could have a key of its own
 * stand behind it, and with it make what it gave the enclave readable for itself.
 */
static int check_key(const struct job *job)
{
	if (job->request.operation == TACIT_KMS_GENERATE_RANDOM ||
	    !kms_option_is_relay(&job->o->kms) || tacit_kms_is_key_arn(job->request.key_id))
		return 0;
	return cli_usage(
		"with credentials of a relay --key-id is the key's ARN: whose key is meant "
		"is not for the host to say");
}

static int ask(struct job *job)
{
	const struct options *o = job->o;
	struct kms_client client = { 0 };
	struct tacit_error err = { 0 };
	struct tacit_arena arena;
	void *room = malloc(TACIT_KMS_ARENA);
	char what[64];
	int code = room ? check_key(job) : cli_no_memory(&o->common);

	if (code == 0)
		code = kms_client_open(&o->common, &o->kms, &client);
	snprintf(what, sizeof(what), "KMS %s failed", tacit_kms_json_name(job->request.operation));
	tacit_arena_init(&arena, room, room ? TACIT_KMS_ARENA : 0);
	job->request.nonce = view(&o->nonce);
	job->request.user_data = view(&o->user_data);
	if (code == 0) {
		if (tacit_kms_call(client.kms, &job->request, &arena, &job->answer, &err) !=
		    TACIT_OK)
			code = kms_client_fail(&o->common, &client, &err, what);
		else
			code = deliver(job);
	}
	tacit_arena_wipe(&arena);
	free(room);
	kms_client_close(&client);
	free(job->file);
	return code;
}

/* ---- the verbs ------------------------------------------------------------------------------ */

static int need_key(const struct options *o)
{
	return o->key_id ? 0 : cli_usage("--key-id is missing");
}

/* What KMS encrypted has to be kept: it is the only way to the key again. */
static int need_wrapped(const struct options *o)
{
	if (o->wrapped || o->common.json)
		return 0;
	return cli_usage("--wrapped is missing: where the key goes as KMS encrypted it");
}

static int run_decrypt(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct job job = { .o = o,
			   .request = { .operation = TACIT_KMS_DECRYPT,
					.key_id = tacit_slice_str(o->key_id),
					.algorithm = tacit_slice_str(o->algorithm) } };
	/* Base64, and a line's end. */
	size_t max = o->base64 ? TACIT_KMS_CIPHER_MAX / 3 * 4 + 8 : TACIT_KMS_CIPHER_MAX;
	int code = argc == 1 ? read_context(&job)
			     : cli_usage("one FILE with the ciphertext ('-': standard input)");

	if (code == 0)
		code = read_bytes(&job, argv[0], max, &job.request.ciphertext);
	if (code == 0 && o->base64)
		code = undo_base64(&job);
	if (code == 0 && job.request.ciphertext.len == 0)
		code = cli_usage("the ciphertext has no bytes");
	if (code == 0)
		return ask(&job);
	free(job.file);
	return code;
}

static int run_genkey(void *options, int argc, char **argv)
{
	const struct options *o = options;
	const char *spec = o->spec ? o->spec : o->bytes ? NULL : "AES_256";
	struct job job = { .o = o,
			   .request = { .operation = TACIT_KMS_GENERATE_DATA_KEY,
					.key_id = tacit_slice_str(o->key_id),
					.spec = tacit_slice_str(spec),
					.bytes = (uint32_t)o->bytes } };
	int code = need_key(o);

	(void)argc;
	(void)argv;
	if (code == 0 && o->spec && o->bytes)
		code = cli_usage("either --spec or --bytes");
	if (code == 0)
		code = need_wrapped(o);
	if (code == 0)
		code = read_context(&job);
	return code ? code : ask(&job);
}

static int run_genkeypair(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct job job = { .o = o,
			   .request = {
				   .operation = TACIT_KMS_GENERATE_DATA_KEY_PAIR,
				   .key_id = tacit_slice_str(o->key_id),
				   .spec = tacit_slice_str(o->spec ? o->spec : "ECC_NIST_P256") } };
	int code = need_key(o);

	(void)argc;
	(void)argv;
	if (code == 0)
		code = need_wrapped(o);
	if (code == 0)
		code = read_context(&job);
	return code ? code : ask(&job);
}

static int run_genrandom(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct job job = { .o = o,
			   .request = { .operation = TACIT_KMS_GENERATE_RANDOM,
					.bytes = o->bytes ? (uint32_t)o->bytes : 32 } };

	(void)argc;
	(void)argv;
	return ask(&job);
}

static int run_derive(void *options, int argc, char **argv)
{
	const struct options *o = options;
	struct job job = { .o = o,
			   .request = { .operation = TACIT_KMS_DERIVE_SHARED_SECRET,
					.key_id = tacit_slice_str(o->key_id) } };
	int code = need_key(o);

	(void)argc;
	(void)argv;
	if (code == 0 && !o->peer)
		code = cli_usage("--peer is missing: the other side's public key");
	if (code == 0)
		code = read_bytes(&job, o->peer, TACIT_KMS_PEER_KEY_MAX, &job.request.public_key);
	return code ? code : ask(&job);
}

#define VERB(ident, verb, positional, words, line, table, count)  \
	const struct cli_verb cmd_kms_##ident = {                 \
		.name = "kms " verb,                              \
		.args = positional,                               \
		.summary = words,                                 \
		.group = "serve",                                 \
		.example = line,                                  \
		.options = table,                                 \
		.option_count = sizeof(table) / sizeof(table[0]), \
		.max_args = count,                                \
		.struct_size = sizeof(struct options),            \
		.run = run_##ident,                               \
	}

VERB(decrypt, "decrypt", "FILE", "decrypt by AWS KMS, for this enclave alone",
     "tacit kms decrypt --key-id alias/model --context app=demo -o key.bin wrapped.bin",
     DECRYPT_OPTIONS, 1);
VERB(genkey, "genkey", "", "get a data key from AWS KMS, for this enclave alone",
     "tacit kms genkey --key-id alias/model --context app=demo -w wrapped.bin -o key.bin",
     GENKEY_OPTIONS, 0);
VERB(genkeypair, "genkeypair", "", "get a key pair from AWS KMS, for this enclave alone",
     "tacit kms genkeypair --key-id alias/model -w wrapped.bin --public pub.der -o key.der",
     GENKEYPAIR_OPTIONS, 0);
VERB(genrandom, "genrandom", "", "get random bytes from AWS KMS, for this enclave alone",
     "tacit kms genrandom --bytes 32 -o seed.bin", GENRANDOM_OPTIONS, 0);
VERB(derive, "derive", "", "agree on a secret by AWS KMS, for this enclave alone",
     "tacit kms derive --key-id alias/agree --peer peer.der -o secret.bin", DERIVE_OPTIONS, 0);
