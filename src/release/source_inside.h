/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_SOURCE_INSIDE_H
#define TACIT_RELEASE_SOURCE_INSIDE_H

/* What the files of sources share. */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "release/source.h"
#include "release/source_url.h"

#define SOURCE_WHERE    "source"
#define SOURCE_HEAD     65536 /* bytes that opening brings along */
#define SOURCE_WORDS    1024  /* of what a store says about a failure */
#define SOURCE_VERSION  256   /* an ETag, or a date */
#define SOURCE_ANSWER   65536 /* bytes of headers, and of an answer that is none we asked for */
#define SOURCE_MAX_SIZE (UINT64_C(1) << 40)

/* One handle of libcurl with its connection. */
struct source_lane {
	CURL *easy;
	bool busy;
	char message[CURL_ERROR_SIZE];
};

struct tacit_store {
	struct tacit_store_options options;
	uint64_t end; /* tacit_clock_ms() when everything is over */
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct source_lane lanes[TACIT_SOURCE_CONNECTIONS_MAX];
};

enum source_pin { SOURCE_PIN_STRONG, SOURCE_PIN_WEAK, SOURCE_PIN_DATE };

struct tacit_source {
	struct tacit_store *store;
	struct source_url url;
	uint64_t size;
	atomic_bool stopped;
	/* A file: */
	int fd;
	struct stat stat;
	/* Elsewhere: */
	enum source_pin pin;
	char version[SOURCE_VERSION];
	uint8_t *head; /* the first bytes */
	size_t head_len;
};

/* What an answer's headers say. */
struct source_head {
	long status;
	bool ranged, sized, coded;
	bool bad;                    /* a header came twice, or is none that can be read */
	uint64_t first, last, total; /* of Content-Range; first > last for "bytes * / total" */
	uint64_t length;
	char etag[SOURCE_VERSION], modified[SOURCE_VERSION];
};

/* One request. */
struct source_ask {
	struct tacit_source *source;
	uint64_t first, last; /* the bytes that are asked for */
	bool opening;         /* nothing is known yet: size and version come with the answer */
	struct tacit_mut room;
	size_t got;
	struct source_head head;
	bool whole_head; /* its empty line came */
	bool judged;
	size_t header_bytes, word_bytes;
	char words[SOURCE_WORDS];
	struct tacit_error refused; /* why an answer was not taken */
	bool again;                 /* worth another try */
	bool expired;               /* with other keys */
	uint64_t wait_ms;           /* that the store asks for */
};

/* source_head.c: pure. A line that makes the answer no good marks it bad. */
void tacit_source_head_line(struct source_head *head, struct tacit_slice line);
/* Puts what a store says about a failure into one line: an S3 error's code and message, or text. */
char *tacit_source_head_words(struct tacit_slice body, char *room, size_t size);

/* source_http.c: one request, without trying again. */
enum tacit_status tacit_source_http_ask(struct source_ask *ask, bool fresh_keys,
					struct tacit_error *err);
/* The URL without its query, which may authorise. */
void tacit_source_http_show(const struct source_url *url, char *room, size_t size);
bool tacit_source_http_lane_init(struct source_lane *lane, struct tacit_store *store);

/* source_file.c */
enum tacit_status tacit_source_file_open(struct tacit_source *source, const char *path,
					 struct tacit_error *err);
enum tacit_status tacit_source_file_read(struct tacit_source *source, uint64_t offset,
					 struct tacit_mut room, struct tacit_error *err);

/* source_retry.c: all of [offset, offset + room.len), however many requests it takes. */
enum tacit_status tacit_source_retry_read(struct tacit_source *source, uint64_t offset,
					  struct tacit_mut room, struct tacit_error *err);
enum tacit_status tacit_source_retry_open(struct tacit_source *source, struct tacit_error *err);

#endif
