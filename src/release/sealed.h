/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_SEALED_H
#define TACIT_RELEASE_SEALED_H

/*
 * The files of a sealed model: hashed, sealed and opened in pieces of 16 MiB, each on whichever
 * core is free, each read once and held in memory 64 KiB at a time.
 *
 * Where bytes come from and go to is the caller's: a file, a store far away, the memory that the
 * engine will read. Both are called on several threads, never twice for the same bytes.
 *
 * Opening checks everything before it says OK: the header's MAC, every chunk's tag, the length,
 * and the SHA-256 of every segment against the manifest. What was written until then must not be
 * used before.
 */

#include "release/age_stream.h"
#include "release/keyring.h"
#include "release/manifest.h"

#define TACIT_SEALED_MANIFEST    "manifest.json"
#define TACIT_SEALED_SIGNATURES  "manifest.sig"
#define TACIT_SEALED_SUFFIX      ".age" /* of a payload, behind its name in the manifest */
#define TACIT_SEALED_PAD         4096   /* of the headers that we write */
#define TACIT_SEALED_THREADS_MAX 64

struct tacit_sealed_in {
	/* Exactly room.len bytes from `at` on. */
	enum tacit_status (*read)(void *user, uint64_t at, struct tacit_mut room,
				  struct tacit_error *err);
	void *user;
	uint64_t size;
};

struct tacit_sealed_out {
	/* Where bytes from `at` on belong, to be decrypted into as they are; NULL when there is no
	 * such place. An absent room fails with TACIT_NOMEM. */
	struct tacit_mut (*room)(void *user, uint64_t at, size_t len);
	/* Takes them instead. Neither: they go nowhere. */
	enum tacit_status (*write)(void *user, uint64_t at, struct tacit_slice bytes,
				   struct tacit_error *err);
	void *user;
};

struct tacit_sealed_options {
	unsigned threads; /* 0: one per core that this process may use */
	/* Plaintext bytes done; under a lock, on any thread. False calls it off: TACIT_DENIED. */
	bool (*progress)(void *user, uint64_t done, uint64_t total);
	void *user;
	/* Also the SHA-256 of the whole, which one core must do; opening takes longer. */
	bool whole;
};

/* ---- headers ------------------------------------------------------------------------------- */

/* The header of an age file, with what it points into. */
struct tacit_sealed_header {
	struct tacit_age_header header;
	uint8_t *bytes, *room;
	size_t len;
};

/* Errors: TACIT_FORMAT, TACIT_LIMIT, TACIT_IO and whatever `in` says. */
TACIT_MUST_CHECK enum tacit_status tacit_sealed_header_read(const struct tacit_sealed_in *in,
							    struct tacit_sealed_header *ret,
							    struct tacit_error *err);
void tacit_sealed_header_done(struct tacit_sealed_header *header);

/* ---- files --------------------------------------------------------------------------------- */

/*
 * Name, size and hashes of a plain file. `segments` is room for tacit_manifest_segments() hashes
 * and must outlive `ret`.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_sealed_hash(const struct tacit_sealed_in *in, const struct tacit_sealed_options *options,
		  uint8_t *segments, struct tacit_manifest_file *ret, struct tacit_error *err);

/*
 * Writes the payload of an age file: from `at` on in `out`, under the file key. Errors:
 * TACIT_BINDING when the file is no longer what `file` says.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_sealed_seal(const struct tacit_manifest_file *file, const struct tacit_sealed_in *in,
		  const uint8_t file_key[TACIT_AT_LEAST(TACIT_AGE_FILE_KEY)], uint64_t at,
		  const struct tacit_sealed_out *out, const struct tacit_sealed_options *options,
		  struct tacit_error *err);

/*
 * Opens an age file that `file` of the manifest describes into `out`. Errors: those of
 * tacit_keyring_unwrap(); TACIT_SIGNATURE for a chunk that does not open; TACIT_BINDING for a
 * length or a hash other than the manifest's.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_sealed_open(const struct tacit_manifest_file *file, const struct tacit_sealed_in *in,
		  struct tacit_keyring *ring, const struct tacit_key_use *use,
		  const struct tacit_sealed_out *out, const struct tacit_sealed_options *options,
		  struct tacit_error *err);

#endif
