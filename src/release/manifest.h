/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_MANIFEST_H
#define TACIT_RELEASE_MANIFEST_H

/*
 * The manifest of a sealed model [docs/sealed-models.md]: what the model is called, which files it
 * is made of in which order, and the SHA-256 of each and of every 16 MiB of it. The SHA-256 of
 * the manifest's bytes, as they were received, is the model's identity in binding and receipts.
 *
 * Deterministic: one text for one content. A text that says the same in other words is refused,
 * so that nobody can make a second identity for a signed model.
 *
 * What this does not check: signatures (manifest_sign.h), expiry, and the files themselves.
 */

#include "base/error.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "tacit/arena.h"

#define TACIT_MANIFEST_SCHEMA       "tacit.model/1"
#define TACIT_MANIFEST_SEGMENT      (16u << 20)
#define TACIT_MANIFEST_MAX          (8u << 20) /* bytes of the text */
#define TACIT_MANIFEST_FILES_MAX    64
#define TACIT_MANIFEST_SEGMENTS_MAX 65536 /* of one file: 1 TiB */
#define TACIT_MANIFEST_NAME_MAX     128
#define TACIT_MANIFEST_TEXT_MAX     127 /* what the engine and receipts hold */

struct tacit_manifest_file {
	struct tacit_slice name;
	uint64_t size;
	uint8_t sha256[TACIT_SHA256_LEN];
	size_t segment_count;    /* as many as 16 MiB pieces it has; none when it is empty */
	const uint8_t *segments; /* a SHA-256 each */
};

struct tacit_manifest {
	struct tacit_slice model_id, version, format;
	struct tacit_slice tokenizer, chat_template,
		policy;           /* SHA-256 each; absent when not said */
	int64_t created, expires; /* expires 0: never */
	size_t file_count;
	const struct tacit_manifest_file *files; /* in the model's order */
};

/* An arena of this size is enough for a manifest of so many bytes. */
size_t tacit_manifest_arena(size_t len);

/* Slices point into `text` and the arena. Errors: TACIT_FORMAT, TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_manifest_parse(struct tacit_slice text,
							struct tacit_arena *arena,
							struct tacit_manifest *ret,
							struct tacit_error *err);

/* The one text of a manifest; validates nothing. */
void tacit_manifest_write(const struct tacit_manifest *manifest, struct writer *w);

/* What _parse demands of a manifest, for one that is being made. Errors: TACIT_FORMAT, LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_manifest_check(const struct tacit_manifest *manifest,
							struct tacit_error *err);

/* Errors: TACIT_EXPIRED. */
TACIT_MUST_CHECK enum tacit_status tacit_manifest_current(const struct tacit_manifest *manifest,
							  int64_t now, struct tacit_error *err);

/* Pieces of 16 MiB in so many bytes. */
uint64_t tacit_manifest_segments(uint64_t size);

/* Whether a file may be called so: letters, digits, dot, dash, underscore; no dot first. */
bool tacit_manifest_name_ok(struct tacit_slice name);

#endif
