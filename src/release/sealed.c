/* SPDX-License-Identifier: Apache-2.0 */
#include "release/sealed.h"

#include <stdlib.h>

#include "base/secret.h"
#include "crypto/random.h"
#include "release/segments.h"

#define WHERE      "model.file"
#define PER_PIECE  (TACIT_MANIFEST_SEGMENT / TACIT_AGE_CHUNK) /* chunks in a segment */
#define FIRST_READ 16384u /* more than the headers that we write */

/* ---- headers ------------------------------------------------------------------------------- */

void tacit_sealed_header_done(struct tacit_sealed_header *header)
{
	free(header->bytes);
	free(header->room);
	*header = (struct tacit_sealed_header){ 0 };
}

static enum tacit_status read_start(const struct tacit_sealed_in *in, size_t len,
				    struct tacit_sealed_header *h, struct tacit_error *err)
{
	struct tacit_arena arena;

	h->len = in->size < len ? (size_t)in->size : len;
	enum tacit_status st = in->read(in->user, 0, tacit_mut_of(h->bytes, h->len), err);
	if (st != TACIT_OK)
		return st;
	tacit_arena_init(&arena, h->room, TACIT_AGE_HEADER_ARENA);
	return tacit_age_header_parse(tacit_slice_of(h->bytes, h->len), &arena, &h->header, err);
}

enum tacit_status tacit_sealed_header_read(const struct tacit_sealed_in *in,
					   struct tacit_sealed_header *ret, struct tacit_error *err)
{
	struct tacit_sealed_header h = { .bytes = malloc(TACIT_AGE_HEADER_MAX),
					 .room = malloc(TACIT_AGE_HEADER_ARENA) };
	enum tacit_status st = TACIT_NOMEM;

	if (!h.bytes || !h.room)
		(void)tacit_fail(err, st, WHERE, 0, "no memory for a header");
	else
		st = read_start(in, FIRST_READ, &h, in->size > FIRST_READ ? NULL : err);
	/* A header of others may be longer. */
	if (st != TACIT_OK && st != TACIT_NOMEM && in->size > FIRST_READ)
		st = read_start(in, TACIT_AGE_HEADER_MAX, &h, err);
	if (st == TACIT_OK)
		*ret = h;
	else
		tacit_sealed_header_done(&h);
	return st;
}

/* ---- pieces -------------------------------------------------------------------------------- */

struct job {
	const struct tacit_manifest_file *file;
	const struct tacit_sealed_in *in;
	const struct tacit_sealed_out *out;
	struct tacit_age_stream stream;
	uint64_t payload; /* where chunk 0 begins in the age file */
	uint64_t chunks;
	struct tacit_hasher *whole; /* of one thread alone; may be NULL */
	uint8_t *hashes;            /* of tacit_sealed_hash() */
};

/* Plain bytes of chunk `number` and those after it, at most `count` chunks. */
static size_t plain_len(const struct job *job, uint64_t number, uint64_t count)
{
	uint64_t from = number * TACIT_AGE_CHUNK, left = job->file->size - from;
	uint64_t len = count * TACIT_AGE_CHUNK;

	return (size_t)(left < len ? left : len);
}

static uint64_t last_of_piece(const struct job *job, uint64_t index)
{
	uint64_t end = (index + 1) * PER_PIECE;

	return end < job->chunks ? end : job->chunks;
}

static enum tacit_status other_hash(const struct job *job, uint64_t index, struct tacit_error *err)
{
	char name[2 * TACIT_MANIFEST_NAME_MAX];

	tacit_escape(name, sizeof(name), job->file->name);
	return tacit_fail(err, TACIT_BINDING, "model.segment", index,
			  "segment %llu of %.60s is not what the manifest says",
			  (unsigned long long)index, name);
}

static enum tacit_status check_piece(const struct job *job, struct tacit_segments_room *room,
				     uint64_t index, struct tacit_error *err)
{
	uint8_t digest[TACIT_SHA256_LEN];
	enum tacit_status st = tacit_hasher_final(room->hasher, digest, err);

	if (st != TACIT_OK || job->file->segment_count == 0)
		return st; /* an empty file has no segments */
	if (memcmp(digest, job->file->segments + index * TACIT_SHA256_LEN, sizeof(digest)) != 0)
		return other_hash(job, index, err);
	return TACIT_OK;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* Where a chunk is decrypted to: the caller's place, else this thread's. */
static struct tacit_mut place(const struct job *job, struct tacit_segments_room *room,
			      uint64_t number, size_t len)
{
	if (job->out && job->out->room && len > 0)
		return job->out->room(job->out->user, number * TACIT_AGE_CHUNK, len);
	return tacit_mut_of(room->plain, len);
}

static enum tacit_status open_chunk(struct job *job, struct tacit_segments_room *room,
				    uint64_t number, size_t slot, struct tacit_error *err)
{
	size_t len = plain_len(job, number, 1);
	struct tacit_mut plain = place(job, room, number, len);
	struct tacit_slice sealed =
		tacit_slice_of(room->sealed + slot * TACIT_AGE_SEALED, len + TACIT_AGE_TAG);

	if (!plain.ptr)
		return tacit_fail(err, TACIT_NOMEM, WHERE, number, "no room for chunk %llu",
				  (unsigned long long)number);
	enum tacit_status st = tacit_age_chunk_open(&job->stream, number, number + 1 == job->chunks,
						    sealed, plain, err);
	if (st != TACIT_OK)
		return st;
	tacit_hasher_update(room->hasher, tacit_slice_of(plain.ptr, len));
	if (job->whole)
		tacit_hasher_update(job->whole, tacit_slice_of(plain.ptr, len));
	if (!job->out || !job->out->write || len == 0)
		return TACIT_OK;
	return job->out->write(job->out->user, number * TACIT_AGE_CHUNK,
			       tacit_slice_of(plain.ptr, len), err);
}

static enum tacit_status open_batch(struct job *job, struct tacit_segments_room *room,
				    uint64_t number, uint64_t count, struct tacit_error *err)
{
	size_t len = plain_len(job, number, count) + (size_t)count * TACIT_AGE_TAG;
	enum tacit_status st =
		job->in->read(job->in->user, job->payload + number * TACIT_AGE_SEALED,
			      tacit_mut_of(room->sealed, len), err);

	for (uint64_t i = 0; i < count && st == TACIT_OK; i++)
		st = open_chunk(job, room, number + i, (size_t)i, err);
	return st;
}

static enum tacit_status open_piece(void *user, struct tacit_segments_room *room, uint64_t index,
				    struct tacit_segments *run, struct tacit_error *err)
{
	struct job *job = user;
	uint64_t end = last_of_piece(job, index);
	enum tacit_status st = TACIT_OK;

	for (uint64_t at = index * PER_PIECE; at < end && st == TACIT_OK;) {
		uint64_t count = end - at < TACIT_SEGMENTS_BATCH ? end - at : TACIT_SEGMENTS_BATCH;

		st = open_batch(job, room, at, count, err);
		if (st == TACIT_OK)
			st = tacit_segments_done(run, plain_len(job, at, count), err);
		at += count;
	}
	return st ? st : check_piece(job, room, index, err);
}

static enum tacit_status check_length(struct job *job, uint64_t header_len, struct tacit_error *err)
{
	uint64_t want;

	if (!tacit_age_payload_len(job->file->size, &want) || job->in->size < header_len ||
	    job->in->size - header_len != want)
		return tacit_fail(err, TACIT_BINDING, WHERE, job->in->size,
				  "the sealed file is %llu bytes long, not %llu",
				  (unsigned long long)job->in->size,
				  (unsigned long long)(header_len + want));
	job->chunks = tacit_age_chunks(job->file->size);
	job->payload = header_len + TACIT_AGE_NONCE;
	return TACIT_OK;
}

static enum tacit_status check_whole(struct job *job, struct tacit_error *err)
{
	uint8_t digest[TACIT_SHA256_LEN];
	enum tacit_status st = tacit_hasher_final(job->whole, digest, err);

	if (st == TACIT_OK && memcmp(digest, job->file->sha256, sizeof(digest)) != 0)
		return tacit_fail(err, TACIT_BINDING, WHERE, 0,
				  "the file as a whole is not what the manifest says");
	return st;
}

static enum tacit_status run_open(struct job *job, const struct tacit_sealed_options *options,
				  struct tacit_error *err)
{
	struct tacit_sealed_options o = *options;
	uint64_t pieces = tacit_manifest_segments(job->file->size);

	if (o.whole) {
		o.threads = 1; /* a hash of the whole has an order */
		job->whole = tacit_hasher_new(TACIT_SHA256);
		if (!job->whole)
			return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	}
	enum tacit_status st =
		tacit_segments_run(pieces ? pieces : 1, job->file->size, open_piece, job, &o, err);
	if (st == TACIT_OK && job->whole)
		st = check_whole(job, err);
	tacit_hasher_free(job->whole);
	return st;
}

static enum tacit_status open_header(struct job *job, struct tacit_keyring *ring,
				     const struct tacit_key_use *use, struct tacit_error *err)
{
	struct tacit_sealed_header h;
	uint8_t file_key[TACIT_AGE_FILE_KEY] = { 0 }, nonce[TACIT_AGE_NONCE];
	enum tacit_status st = tacit_sealed_header_read(job->in, &h, err);

	if (st != TACIT_OK)
		return st;
	st = check_length(job, h.header.len, err);
	if (st == TACIT_OK)
		st = tacit_keyring_unwrap(ring, use, &h.header, file_key, err);
	if (st == TACIT_OK)
		st = job->in->read(job->in->user, h.header.len, tacit_mut_of(nonce, sizeof(nonce)),
				   err);
	if (st == TACIT_OK)
		st = tacit_age_stream_init(&job->stream, file_key, nonce, err);
	tacit_wipe(file_key, sizeof(file_key));
	tacit_sealed_header_done(&h);
	return st;
}

enum tacit_status tacit_sealed_open(const struct tacit_manifest_file *file,
				    const struct tacit_sealed_in *in, struct tacit_keyring *ring,
				    const struct tacit_key_use *use,
				    const struct tacit_sealed_out *out,
				    const struct tacit_sealed_options *options,
				    struct tacit_error *err)
{
	struct job job = { .file = file, .in = in, .out = out };
	enum tacit_status st = open_header(&job, ring, use, err);

	if (st == TACIT_OK)
		st = run_open(&job, options, err);
	tacit_age_stream_done(&job.stream);
	return st;
}

/* ---- sealing ------------------------------------------------------------------------------- */

static enum tacit_status seal_batch(struct job *job, struct tacit_segments_room *room,
				    uint64_t number, uint64_t count, struct tacit_error *err)
{
	size_t len = plain_len(job, number, count), at = 0;
	enum tacit_status st = job->in->read(job->in->user, number * TACIT_AGE_CHUNK,
					     tacit_mut_of(room->plain, len), err);

	if (st == TACIT_OK)
		tacit_hasher_update(room->hasher, tacit_slice_of(room->plain, len));
	for (uint64_t i = 0; i < count && st == TACIT_OK; i++) {
		size_t take = len - at < TACIT_AGE_CHUNK ? len - at : TACIT_AGE_CHUNK;

		st = tacit_age_chunk_seal(
			&job->stream, number + i, number + i + 1 == job->chunks,
			tacit_slice_of(room->plain + at, take),
			tacit_mut_of(room->sealed + i * TACIT_AGE_SEALED, take + TACIT_AGE_TAG),
			err);
		at += take;
	}
	if (st != TACIT_OK)
		return st;
	return job->out->write(job->out->user, job->payload + number * TACIT_AGE_SEALED,
			       tacit_slice_of(room->sealed, len + (size_t)count * TACIT_AGE_TAG),
			       err);
}

static enum tacit_status seal_piece(void *user, struct tacit_segments_room *room, uint64_t index,
				    struct tacit_segments *run, struct tacit_error *err)
{
	struct job *job = user;
	uint64_t end = last_of_piece(job, index);
	enum tacit_status st = TACIT_OK;

	for (uint64_t at = index * PER_PIECE; at < end && st == TACIT_OK;) {
		uint64_t count = end - at < TACIT_SEGMENTS_BATCH ? end - at : TACIT_SEGMENTS_BATCH;

		st = seal_batch(job, room, at, count, err);
		if (st == TACIT_OK)
			st = tacit_segments_done(run, plain_len(job, at, count), err);
		at += count;
	}
	return st ? st : check_piece(job, room, index, err);
}

enum tacit_status tacit_sealed_seal(const struct tacit_manifest_file *file,
				    const struct tacit_sealed_in *in,
				    const uint8_t file_key[static TACIT_AGE_FILE_KEY], uint64_t at,
				    const struct tacit_sealed_out *out,
				    const struct tacit_sealed_options *options,
				    struct tacit_error *err)
{
	struct job job = { .file = file,
			   .in = in,
			   .out = out,
			   .payload = at + TACIT_AGE_NONCE,
			   .chunks = tacit_age_chunks(file->size) };
	uint64_t pieces = tacit_manifest_segments(file->size);
	uint8_t nonce[TACIT_AGE_NONCE];
	enum tacit_status st = tacit_random(tacit_mut_of(nonce, sizeof(nonce)), err);

	if (st == TACIT_OK && in->size != file->size)
		st = tacit_fail(err, TACIT_BINDING, WHERE, 0, "the file has another length now");
	if (st == TACIT_OK)
		st = tacit_age_stream_init(&job.stream, file_key, nonce, err);
	if (st == TACIT_OK)
		st = out->write(out->user, at, TACIT_SLICE_ARRAY(nonce), err);
	if (st == TACIT_OK)
		st = tacit_segments_run(pieces ? pieces : 1, file->size, seal_piece, &job, options,
					err);
	tacit_age_stream_done(&job.stream);
	return st;
}

/* ---- hashing ------------------------------------------------------------------------------- */

static enum tacit_status hash_range(struct job *job, struct tacit_segments_room *room, uint64_t at,
				    uint64_t len, struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;

	while (len > 0 && st == TACIT_OK) {
		size_t take = len < sizeof(room->plain) ? (size_t)len : sizeof(room->plain);

		st = job->in->read(job->in->user, at, tacit_mut_of(room->plain, take), err);
		if (st == TACIT_OK)
			tacit_hasher_update(room->hasher, tacit_slice_of(room->plain, take));
		at += take;
		len -= take;
	}
	return st;
}

/* Piece 0 is the whole file, which takes one core about as long as the others take the rest. */
static enum tacit_status hash_piece(void *user, struct tacit_segments_room *room, uint64_t index,
				    struct tacit_segments *run, struct tacit_error *err)
{
	struct job *job = user;
	uint64_t at = index ? (index - 1) * TACIT_MANIFEST_SEGMENT : 0;
	uint64_t left = job->in->size - at;
	uint64_t len = index && left > TACIT_MANIFEST_SEGMENT ? TACIT_MANIFEST_SEGMENT : left;
	enum tacit_status st = hash_range(job, room, at, len, err);

	if (st == TACIT_OK)
		st = tacit_hasher_final(room->hasher, job->hashes + index * TACIT_SHA256_LEN, err);
	if (st == TACIT_OK && index > 0)
		st = tacit_segments_done(run, len, err);
	return st;
}

enum tacit_status tacit_sealed_hash(const struct tacit_sealed_in *in,
				    const struct tacit_sealed_options *options, uint8_t *segments,
				    struct tacit_manifest_file *ret, struct tacit_error *err)
{
	uint64_t count = tacit_manifest_segments(in->size);
	struct job job = { .in = in };

	if (count > TACIT_MANIFEST_SEGMENTS_MAX)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "the file is over 1 TiB");
	job.hashes = malloc(((size_t)count + 1) * TACIT_SHA256_LEN);
	if (!job.hashes)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	enum tacit_status st =
		tacit_segments_run(count + 1, in->size, hash_piece, &job, options, err);
	if (st == TACIT_OK) {
		ret->size = in->size;
		ret->segment_count = (size_t)count;
		ret->segments = segments;
		memcpy(ret->sha256, job.hashes, TACIT_SHA256_LEN);
		memcpy(segments, job.hashes + TACIT_SHA256_LEN, (size_t)count * TACIT_SHA256_LEN);
	}
	free(job.hashes);
	return st;
}
