/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_SOURCE_H
#define TACIT_RELEASE_SOURCE_H

/*
 * Files of models, wherever they are: a path, https://HOST/PATH, s3://BUCKET/KEY, gs://BUCKET/KEY.
 * A store keeps the connections and what it takes to be let in; a source is one file in it, of a
 * known size and of one version. Any range of it can be read, by any number of threads.
 *
 *     struct tacit_store *store;
 *     struct tacit_source *source;
 *     if (tacit_store_new(&options, &store, &err) == TACIT_OK &&
 *         tacit_source_open(store, "s3://models/llama.gguf", &source, &err) == TACIT_OK)
 *             ... tacit_source_size(source), tacit_source_read(source, 0, room, &err) ...
 *
 * The store is not trusted: lengths, ranges and versions are checked at every answer, its words
 * are bounded and escaped, each transfer and all of them together end in time, and a connection
 * that breaks is taken up again at the byte where it broke, while the version is the same.
 *
 * What this does not check: whether the bytes are the right ones. Hash them.
 */

#include "release/aws_credentials.h"
#include "release/gs_token.h"
#include "release/reach.h"

#define TACIT_SOURCE_URL_MAX         2048
#define TACIT_SOURCE_CONNECTIONS     4 /* at the same time */
#define TACIT_SOURCE_CONNECTIONS_MAX 16
#define TACIT_SOURCE_CHUNK           (4u << 20) /* bytes of one range of a stream */

struct tacit_store;
struct tacit_source;

/* What happened to one request that is tried again. */
struct tacit_source_retry {
	const char *url; /* without what authorises */
	const char *why; /* printable */
	uint64_t at;     /* the byte it goes on from */
	unsigned tries;  /* without a byte, so far */
	uint64_t pause_ms;
};

/* The zero value asks for the defaults; what pointers show must outlive the store. */
struct tacit_store_options {
	struct tacit_reach reach;
	unsigned connections; /* 0: TACIT_SOURCE_CONNECTIONS */
	uint64_t max_size;    /* bytes of one file; 0: 1 TiB */
	uint64_t deadline_ms; /* for everything, from _new on; 0: one hour */
	uint64_t stall_ms;    /* without min_rate: broken; whole seconds; 0: 30 s */
	uint64_t min_rate;    /* bytes a second; 0: 1024 */
	unsigned tries;       /* of a request that gives no byte; 0: 8 */
	uint64_t pause_ms;    /* before the first of them, doubled from then on; 0: 200 */
	struct tacit_aws_credentials *aws; /* for s3://; NULL: not signed */
	const char *region;                /* of s3://; NULL: the credentials', else us-east-1 */
	const char *s3_endpoint;   /* https://HOST[:PORT] of an S3-compatible store; NULL: AWS */
	const char *gs_endpoint;   /* NULL: https://storage.googleapis.com */
	struct tacit_gs_token *gs; /* for gs://; NULL: nobody */
	/* Tells of retries, on any thread; may be NULL. */
	void (*retries)(void *user, const struct tacit_source_retry *retry);
	void *user;
};

/* Errors: TACIT_NOMEM, TACIT_USAGE for an endpoint that is not https. Owns: free with _free. */
TACIT_MUST_CHECK enum tacit_status tacit_store_new(const struct tacit_store_options *options,
						   struct tacit_store **ret,
						   struct tacit_error *err);

/* After all its sources. NULL is fine. */
void tacit_store_free(struct tacit_store *store);

/* Whether `text` names something beyond this machine: has "://" where a scheme ends. */
bool tacit_source_is_remote(const char *text);

/*
 * Looks up size and version. Errors: TACIT_USAGE for a scheme that is not known, http:// among
 * them; TACIT_PEER for a store that refuses, with its words, or does not answer in time;
 * TACIT_CHAIN when its certificate does not hold; TACIT_POLICY when the relay does not let us
 * out; TACIT_UNSUPPORTED without libcurl, or for a store without ranges or versions;
 * TACIT_LIMIT over max_size; TACIT_IO for files. Owns: free with _free.
 */
TACIT_MUST_CHECK enum tacit_status tacit_source_open(struct tacit_store *store, const char *text,
						     struct tacit_source **ret,
						     struct tacit_error *err);

/* NULL is fine. */
void tacit_source_free(struct tacit_source *source);

uint64_t tacit_source_size(const struct tacit_source *source);

/*
 * Reads exactly `room.len` bytes from `offset` on; may be called on several threads, of which as
 * many read at the same time as there are connections. Errors: those of opening, TACIT_BINDING
 * when the file is no longer the version that was opened, TACIT_LIMIT beyond its end.
 */
TACIT_MUST_CHECK enum tacit_status tacit_source_read(struct tacit_source *source, uint64_t offset,
						     struct tacit_mut room,
						     struct tacit_error *err);

/* Ends reads of it, now and from then on, with TACIT_DENIED. From any thread. */
void tacit_source_stop(struct tacit_source *source);

/* Takes the next bytes; a status other than OK ends the stream with it. */
typedef enum tacit_status (*tacit_source_sink)(void *user, struct tacit_slice bytes,
					       struct tacit_error *err);

/*
 * Reads all of it over all connections at once and gives it to `sink` in order, on the calling
 * thread. Holds two chunks a connection. Threads that it starts are gone when it returns.
 */
TACIT_MUST_CHECK enum tacit_status tacit_source_stream(struct tacit_source *source,
						       tacit_source_sink sink, void *user,
						       struct tacit_error *err);

#endif
