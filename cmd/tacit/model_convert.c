/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit model convert: the weights of a model that EphemeralML packed, checked against its
 * manifest. They go into a file beside the one that is asked for, which gets its name only when the
 * tag, the hash and the signature are good.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "crypto/aead_stream.h"
#include "model.h"
#include "release/eml_model.h"
#include "sys/process.h"
#include "verbs.h"

#define PIECE (1u << 20)

struct options {
	struct cli_common common;
	const char *manifest, *key, *output;
	struct cli_hex signer;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, manifest, "--manifest", 0, CLI_TEXT, "FILE", "its manifest.json"),
	{ "--signer", 0, CLI_HEX, "HEX", "the Ed25519 key that must have signed the manifest",
	  offsetof(struct options, signer), TACIT_PUBLISHER_KEY, TACIT_PUBLISHER_KEY },
	CLI_OPT(struct options, key, "--key", 0, CLI_TEXT, "FILE",
		"the key of the file, 32 bytes, as a key service released it"),
	CLI_OPT(struct options, output, "--output", 'o', CLI_TEXT, "FILE",
		"where the plain weights go; must not exist"),
};

struct converting {
	const struct options *o;
	struct tacit_error err;
	struct tacit_eml_manifest manifest;
	struct model_file from, to;
	struct tacit_aead_stream *stream;
	struct tacit_hasher *hasher;
	uint8_t *piece;
};

static enum tacit_status read_manifest(struct converting *c)
{
	struct tacit_key *signer = NULL;
	struct tacit_slice text;
	enum tacit_status st =
		cli_read_file(c->o->manifest, TACIT_EML_MANIFEST_MAX, &text, &c->err);

	if (st != TACIT_OK)
		return st;
	st = tacit_key_public(TACIT_ED25519,
			      tacit_slice_of(c->o->signer.bytes, TACIT_PUBLISHER_KEY), &signer,
			      &c->err);
	if (st == TACIT_OK)
		st = tacit_eml_manifest_verify(text, signer, &c->manifest, &c->err);
	tacit_key_free(signer);
	free((void *)(uintptr_t)text.ptr);
	return st;
}

static enum tacit_status start(struct converting *c)
{
	uint8_t nonce[TACIT_EML_NONCE];
	struct tacit_slice key;
	struct tacit_sealed_in in = model_file_in(&c->from);

	if (c->from.size < TACIT_EML_NONCE + TACIT_AEAD_TAG_LEN)
		return tacit_fail(&c->err, TACIT_FORMAT, "model.eml", 0, "too short for a model");
	enum tacit_status st = in.read(in.user, 0, tacit_mut_of(nonce, sizeof(nonce)), &c->err);
	if (st == TACIT_OK)
		st = cli_read_file(c->o->key, TACIT_EML_KEY, &key, &c->err);
	if (st != TACIT_OK)
		return st;
	if (key.len != TACIT_EML_KEY)
		st = tacit_fail(&c->err, TACIT_FORMAT, "model.eml", 0, "a key of %zu bytes, not 32",
				key.len);
	else
		c->stream = tacit_aead_stream_new(TACIT_CHACHA20_POLY1305, key,
						  TACIT_SLICE_ARRAY(nonce));
	tacit_wipe((void *)(uintptr_t)key.ptr, key.len);
	free((void *)(uintptr_t)key.ptr);
	c->hasher = tacit_hasher_new(TACIT_SHA256);
	c->piece = malloc(PIECE);
	if (st == TACIT_OK && !(c->stream && c->hasher && c->piece))
		st = tacit_fail(&c->err, TACIT_NOMEM, "model.eml", 0, "no memory");
	return st;
}

static enum tacit_status one_piece(struct converting *c, uint64_t at, size_t len)
{
	struct tacit_sealed_in in = model_file_in(&c->from);
	struct tacit_sealed_out out = model_file_out(&c->to);
	struct tacit_slice piece = tacit_slice_of(c->piece, len);
	enum tacit_status st =
		in.read(in.user, TACIT_EML_NONCE + at, tacit_mut_of(c->piece, len), &c->err);

	if (st == TACIT_OK)
		st = tacit_aead_stream_update(c->stream, piece, c->piece, &c->err);
	if (st != TACIT_OK)
		return st;
	tacit_hasher_update(c->hasher, piece);
	return out.write(out.user, at, piece, &c->err);
}

static enum tacit_status finish(struct converting *c)
{
	uint8_t tag[TACIT_AEAD_TAG_LEN], digest[TACIT_SHA256_LEN];
	struct tacit_sealed_in in = model_file_in(&c->from);
	enum tacit_status st = in.read(in.user, c->from.size - sizeof(tag),
				       tacit_mut_of(tag, sizeof(tag)), &c->err);

	if (st == TACIT_OK)
		st = tacit_aead_stream_final(c->stream, tag, &c->err);
	if (st == TACIT_OK)
		st = tacit_hasher_final(c->hasher, digest, &c->err);
	if (st == TACIT_OK && memcmp(digest, c->manifest.model_hash, sizeof(digest)) != 0)
		st = tacit_fail(&c->err, TACIT_BINDING, "model.eml", 0,
				"the weights are not those of the manifest");
	return st ? st : model_file_flush(&c->to, &c->err);
}

static enum tacit_status decrypt(struct converting *c)
{
	enum tacit_status st = start(c);
	uint64_t size = st ? 0 : c->from.size - TACIT_EML_NONCE - TACIT_AEAD_TAG_LEN;

	for (uint64_t at = 0; at < size && st == TACIT_OK;) {
		size_t len = size - at < PIECE ? (size_t)(size - at) : PIECE;

		st = one_piece(c, at, len);
		at += len;
	}
	return st ? st : finish(c);
}

static enum tacit_status convert(struct converting *c, const char *path)
{
	char beside[MODEL_PATH], checked[40];
	int n = snprintf(beside, sizeof(beside), "%s" MODEL_PART, c->o->output);

	if (n < 0 || (size_t)n >= sizeof(beside))
		return tacit_fail(&c->err, TACIT_USAGE, "model.eml", 0, "the name is too long");
	enum tacit_status st = model_file_open(path, &c->from, &c->err);
	if (st == TACIT_OK) {
		(void)unlink(beside); /* of a run that was killed */
		st = model_file_create(beside, 0600, &c->to, &c->err);
	}
	if (st != TACIT_OK)
		return st;
	st = decrypt(c);
	/* A link and not rename(): what is there already stays. Of what was checked, not of what
	 * another run may have begun under the same name. */
	snprintf(checked, sizeof(checked), "/proc/self/fd/%d", c->to.fd);
	if (st == TACIT_OK &&
	    linkat(AT_FDCWD, checked, AT_FDCWD, c->o->output, AT_SYMLINK_FOLLOW) != 0)
		st = tacit_fail(&c->err, TACIT_IO, "model.eml", 0, "%s", strerror(errno));
	unlink(beside);
	return st;
}

static void report(const struct converting *c)
{
	char id[512], version[512];

	tacit_escape(id, sizeof(id), tacit_slice_str(c->manifest.model_id));
	tacit_escape(version, sizeof(version), tacit_slice_str(c->manifest.version));
	if (c->o->common.json)
		printf("{\"schema\":\"tacit.model-convert/1\",\"result\":\"converted\"}\n");
	else if (!c->o->common.quiet)
		printf("converted: model %s version %s\n", id, version);
}

static int run(void *options, int argc, char **argv)
{
	struct converting c = { .o = options, .from = { .fd = -1 }, .to = { .fd = -1 } };
	const struct options *o = options;

	if (argc == 0 || !o->manifest || !o->key || !o->output || !o->signer.given)
		return cli_usage("model convert needs a file, --manifest, --signer, --key and "
				 "--output");
	enum tacit_status st = tacit_process_harden(&c.err);
	if (st == TACIT_OK)
		st = read_manifest(&c);
	if (st == TACIT_OK)
		st = convert(&c, argv[0]);
	if (c.piece)
		tacit_wipe(c.piece, PIECE);
	free(c.piece);
	tacit_hasher_free(c.hasher);
	tacit_aead_stream_free(c.stream);
	model_file_close(&c.from);
	model_file_close(&c.to);
	if (st != TACIT_OK)
		return cli_fail(&o->common, &c.err, "cannot convert '%s'", argv[0]);
	report(&c);
	return 0;
}

const struct cli_verb cmd_model_convert = {
	.name = "model convert",
	.args = "FILE",
	.summary = "decrypt a model that EphemeralML packed, to be sealed anew",
	.group = "tools",
	.example = "tacit model convert --manifest manifest.json --signer 6b17... --key dek.bin "
		   "-o model.gguf model.gguf.enc",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
