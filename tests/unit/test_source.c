/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sources, without a network: what names say, what headers say, and files of this machine read in
 * order, in parts, and by many at once. tests/e2e/source.t has the stores.
 */

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "release/source_ahead.h"
#include "release/source_inside.h"
#include "sys/bridge.h"
#include "tests/tap.h"

#define CHUNK TACIT_SOURCE_CHUNK

/* ---- names ---------------------------------------------------------------------------------- */

static const struct source_places NOWHERE = { .region = NULL };
static const struct source_places HERE = { "eu-central-1", "https://minio.example:9000/",
					   "https://gs.example" };

static const struct {
	const char *text, *url, *region;
	const struct source_places *places;
	enum source_kind kind;
} GOOD[] = {
	{ "model.gguf", "", "", &NOWHERE, SOURCE_FILE },
	{ "/a:b//c", "", "", &NOWHERE, SOURCE_FILE },
	{ "https:/x", "", "", &NOWHERE, SOURCE_FILE },
	{ "https://h/p", "https://h/p", "", &NOWHERE, SOURCE_HTTPS },
	{ "https://h:65535/p?q=%20&r", "https://h:65535/p?q=%20&r", "", &NOWHERE, SOURCE_HTTPS },
	{ "https://[2001:db8::1]:1/", "https://[2001:db8::1]:1/", "", &NOWHERE, SOURCE_HTTPS },
	{ "https://192.0.2.1/x", "https://192.0.2.1/x", "", &NOWHERE, SOURCE_HTTPS },
	{ "s3://abc/k", "https://abc.s3.us-east-1.amazonaws.com/k", "us-east-1", &NOWHERE,
	  SOURCE_S3 },
	{ "s3://a.b/k/l", "https://s3.us-east-1.amazonaws.com/a.b/k/l", "us-east-1", &NOWHERE,
	  SOURCE_S3 },
	{ "s3://abc/a b+\xc3\xbc%?#", "https://minio.example:9000/abc/a%20b%2B%C3%BC%25%3F%23",
	  "eu-central-1", &HERE, SOURCE_S3 },
	{ "s3://abc/...//.x/x./..y/~-._", "https://minio.example:9000/abc/...//.x/x./..y/~-._",
	  "eu-central-1", &HERE, SOURCE_S3 },
	{ "gs://a_b/k", "https://storage.googleapis.com/a_b/k", "", &NOWHERE, SOURCE_GS },
	{ "gs://a_b/k\n", "https://gs.example/a_b/k%0A", "", &HERE, SOURCE_GS },
};

static const char *const BAD[] = {
	"",
	"http://h/p",
	"HTTPS://h/p",
	"ftp://h/p",
	"file:///p",
	"vsock://3/p",
	"https://",
	"https:///p",
	"https://h",
	"https://h?q",
	"https://h#f",
	"https://u@h/p",
	"https://u:p@h/p",
	"https://h:/p",
	"https://h:0/p",
	"https://h:65536/p",
	"https://h:99999999999/p",
	"https://h:8a/p",
	"https://-h/p",
	"https://.h/p",
	"https://h_/p",
	"https://[::1/p",
	"https://[]/p",
	"https://[::g]/p",
	"https://h/a b",
	"https://h/a\tb",
	"https://h/a\r\nX: y",
	"https://h/\xc3\xbc",
	"https://h/\x7f",
	"https://h/a#b",
	"https://h\\/p",
	"s3://",
	"s3://abc",
	"s3://abc/",
	"s3:///k",
	"s3://ab/k",
	"s3://Abc/k",
	"s3://a/b/k",
	"s3://-abc/k",
	"s3://abc./k",
	"s3://a%20c/k",
	"s3://abc@evil/k",
	"s3://abc/..",
	"s3://abc/.",
	"s3://abc/../k",
	"s3://abc/k/./l",
	"s3://abc/k/..",
	"gs://abc",
};

static void test_names(void)
{
	for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
		struct source_url url = { .kind = SOURCE_FILE };
		struct tacit_error err = { 0 };

		ok(tacit_source_url_parse(GOOD[i].text, GOOD[i].places, &url, &err) == TACIT_OK &&
			   url.kind == GOOD[i].kind && strcmp(url.url, GOOD[i].url) == 0 &&
			   strcmp(url.region, GOOD[i].region) == 0,
		   "name %zu is %s", i, url.url);
	}
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct source_url url = { .kind = SOURCE_GS };

		ok(tacit_source_url_parse(BAD[i], &NOWHERE, &url, NULL) == TACIT_USAGE &&
			   url.kind == SOURCE_GS,
		   "no name %zu", i);
	}
}

static void test_long_names(void)
{
	static char text[8192];
	struct source_url url = { .kind = SOURCE_FILE };

	snprintf(text, sizeof(text), "s3://abc/%01024d", 0);
	is_status(tacit_source_url_parse(text, &NOWHERE, &url, NULL), TACIT_OK, "a key of 1024");
	memset(text + 9, '%', 1024);
	is_status(tacit_source_url_parse(text, &HERE, &url, NULL), TACIT_OK, "all of it to encode");
	ok(strlen(url.url) == strlen("https://minio.example:9000/abc/") + 3 * 1024, "is whole");
	snprintf(text, sizeof(text), "s3://abc/%01025d", 0);
	is_status(tacit_source_url_parse(text, &NOWHERE, &url, NULL), TACIT_USAGE, "one of 1025");
	snprintf(text, sizeof(text), "https://h/%0*d", TACIT_SOURCE_URL_MAX - 11, 0);
	is_status(tacit_source_url_parse(text, &NOWHERE, &url, NULL), TACIT_OK, "a long URL");
	snprintf(text, sizeof(text), "https://h/%0*d", TACIT_SOURCE_URL_MAX - 10, 0);
	is_status(tacit_source_url_parse(text, &NOWHERE, &url, NULL), TACIT_USAGE, "one longer");
	snprintf(text, sizeof(text), "https://%0*d/", 254, 0);
	is_status(tacit_source_url_parse(text, &NOWHERE, &url, NULL), TACIT_USAGE, "a long host");
	snprintf(text, sizeof(text), "gs://%0223d/k", 0);
	is_status(tacit_source_url_parse(text, &NOWHERE, &url, NULL), TACIT_USAGE, "a long bucket");
	static const char *const REGIONS[] = { "",
					       "EU",
					       "eu west",
					       "eu/../x",
					       "s3",
					       "us-east-1.evil",
					       "eu-central-and-more-than-a-region-1" };
	for (size_t i = 0; i < sizeof(REGIONS) / sizeof(REGIONS[0]); i++) {
		struct source_places places = { .region = REGIONS[i] };

		is_status(tacit_source_url_parse("s3://abc/k", &places, &url, NULL), TACIT_USAGE,
			  "no region");
	}
	const struct source_places ours = { .region = "auto", .s3_endpoint = "https://h" };

	ok(tacit_source_url_parse("s3://abc/k", &ours, &url, NULL) == TACIT_OK &&
		   strcmp(url.region, "auto") == 0,
	   "a store of another's has a region of its own");
	static const char *const ENDPOINTS[] = {
		"", "https://", "http://h", "https://h/p", "https://h?q", "https://u@h", "h:1"
	};
	for (size_t i = 0; i < sizeof(ENDPOINTS) / sizeof(ENDPOINTS[0]); i++) {
		struct source_places places = { .s3_endpoint = ENDPOINTS[i],
						.gs_endpoint = ENDPOINTS[i] };

		ok(tacit_source_url_parse("s3://abc/k", &places, &url, NULL) == TACIT_USAGE &&
			   tacit_source_url_parse("gs://abc/k", &places, &url, NULL) == TACIT_USAGE,
		   "no endpoint: '%s'", ENDPOINTS[i]);
	}
}

/* ---- headers -------------------------------------------------------------------------------- */

static struct source_head read_head(const char *text)
{
	struct source_head head = { .status = 206 };
	struct tacit_slice in = tacit_slice_str(text);

	while (in.len) {
		const uint8_t *end = memchr(in.ptr, '\n', in.len);
		size_t len = end ? (size_t)(end - in.ptr) + 1 : in.len;

		tacit_source_head_line(&head, tacit_slice_of(in.ptr, len));
		in = tacit_slice_of(in.ptr + len, in.len - len);
	}
	return head;
}

static const char *const BAD_LINES[] = {
	"Content-Range: bytes",
	"Content-Range: bytes 0-9",
	"Content-Range: bytes 0-9/",
	"Content-Range: bytes 0-9/*",
	"Content-Range: bytes 0-10/10",
	"Content-Range: bytes 5-4/10",
	"Content-Range: bytes -5/10",
	"Content-Range: bytes 0-/10",
	"Content-Range: bytes +0-9/10",
	"Content-Range: bytes 0 -9/10",
	"Content-Range: bytes 0-9/10x",
	"Content-Range: bytes 0-9/1234567890123456789",
	"Content-Range: bytes 1234567890123456789-9/10",
	"Content-Range: Bytes 0-9/10",
	"Content-Range: ",
	"content-range: bytes 0-9/10\r\nCONTENT-RANGE: bytes 0-9/10",
	"Content-Length: ",
	"Content-Length: -1",
	"Content-Length: 1 2",
	"Content-Length: 1,1",
	"Content-Length: 0x10",
	"Content-Length: 1234567890123456789",
	"Content-Length: 5\r\ncontent-length: 5",
	"ETag: ",
	"ETag: \"a\"\r\nETag: \"a\"",
	"ETag: \"\x01\"",
	"ETag: \"\xc3\xbc\"",
	"Last-Modified: a\r\nLast-Modified: a",
};

static void test_headers(void)
{
	struct source_head head =
		read_head("CONTENT-range:\t bytes 5-9/10 \r\nContent-Length: 5\r\n"
			  "ETag: W/\"x\"\r\nLast-Modified: today\r\nX: y\r\n"
			  "Content-Encoding: identity\r\nnonsense\r\n\r\n");

	ok(!head.bad && head.ranged && head.first == 5 && head.last == 9 && head.total == 10,
	   "a range");
	ok(head.sized && head.length == 5 && !head.coded, "a length");
	ok(strcmp(head.etag, "W/\"x\"") == 0 && strcmp(head.modified, "today") == 0, "versions");
	head = read_head("Content-Range: bytes */10\r\n");
	ok(!head.bad && head.ranged && head.first > head.last && head.total == 10,
	   "no range of 10");
	head = read_head("Content-Encoding: gzip\r\n");
	ok(head.coded && !head.bad, "a coding");
	head = read_head("Content-Encoding: identity, gzip\r\n");
	ok(head.coded, "two codings");
	for (size_t i = 0; i < sizeof(BAD_LINES) / sizeof(BAD_LINES[0]); i++) {
		head = read_head(BAD_LINES[i]);
		ok(head.bad, "bad line %zu", i);
	}
	char text[600] = "ETag: ";
	memset(text + 6, 'a', SOURCE_VERSION - 1);
	head = read_head(text);
	ok(!head.bad && strlen(head.etag) == SOURCE_VERSION - 1, "a long version");
	text[6 + SOURCE_VERSION - 1] = 'a';
	head = read_head(text);
	ok(head.bad, "a longer one");
}

static void test_words(void)
{
	static const struct {
		const char *body, *words;
	} WORDS[] = {
		{ "", "" },
		{ " \r\n ", "" },
		{ "no\n\n  way\t", "no way" },
		{ "<Error><Code>A</Code><Message>b c</Message></Error>", "A: b c" },
		{ "<Message>b c</Message><Code>A</Code>", "A: b c" },
		{ "<Code>A</Code>", "A" },
		{ "<Code>A", "<Code>A" },
		{ "</Code><Code>", "</Code><Code>" },
		{ "<Code></Code>", "<Code></Code>" },
		{ "\x1b[31m", "\\x1b[31m" },
	};
	char room[40], body[SOURCE_WORDS];

	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		tacit_source_head_words(tacit_slice_str(WORDS[i].body), room, sizeof(room));
		ok(strcmp(room, WORDS[i].words) == 0, "words %zu: %s", i, room);
	}
	memset(body, 'x', sizeof(body));
	memcpy(body, "<Code>", 6);
	memcpy(body + sizeof(body) - 7, "</Code>", 7);
	tacit_source_head_words(TACIT_SLICE_ARRAY(body), room, sizeof(room));
	ok(strlen(room) == sizeof(room) - 1, "as many as there is room");
}

/* ---- files ---------------------------------------------------------------------------------- */

static char path[] = "/tmp/test-source.XXXXXX";
static uint8_t *content;
static size_t content_len;

static bool write_file(size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	bool good = fd >= 0 && write(fd, content, len) == (ssize_t)len;

	close(fd);
	content_len = len;
	return good;
}

static struct tacit_source *open_file(struct tacit_store **store, unsigned connections)
{
	const struct tacit_store_options options = { .connections = connections };
	struct tacit_source *source = NULL;
	struct tacit_error err = { 0 };

	if (tacit_store_new(&options, store, &err) != TACIT_OK ||
	    tacit_source_open(*store, path, &source, &err) != TACIT_OK)
		ok(false, "open: %s", err.detail);
	return source;
}

struct taken {
	size_t len;
	bool same;
	size_t fail_at;
};

static enum tacit_status take(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	struct taken *t = user;

	t->same = t->same && bytes.len <= content_len - t->len &&
		  memcmp(bytes.ptr, content + t->len, bytes.len) == 0;
	t->len += bytes.len;
	if (t->fail_at && t->len >= t->fail_at)
		return tacit_fail(err, TACIT_POLICY, "test", t->len, "enough");
	return TACIT_OK;
}

static void test_streams(void)
{
	static const size_t SIZES[] = { 0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 77 };
	static const unsigned CONNECTIONS[] = { 1, 2, 16 };

	for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
		for (size_t j = 0; j < 3; j++) {
			struct tacit_store *store = NULL;
			struct taken taken = { .same = true };

			write_file(SIZES[i]);
			struct tacit_source *source = open_file(&store, CONNECTIONS[j]);
			ok(tacit_source_size(source) == SIZES[i] &&
				   tacit_source_stream(source, take, &taken, NULL) == TACIT_OK &&
				   taken.same && taken.len == SIZES[i],
			   "%zu bytes by %u", SIZES[i], CONNECTIONS[j]);
			tacit_source_free(source);
			tacit_store_free(store);
		}
	}
	struct tacit_store *store = NULL;
	struct tacit_source *source = open_file(&store, 4);
	struct taken taken = { .same = true, .fail_at = 2 * CHUNK };
	struct tacit_error err = { 0 };
	is_status(tacit_source_stream(source, take, &taken, &err), TACIT_POLICY,
		  "who takes them ends it");
	ok(taken.len == 2 * CHUNK && strcmp(err.detail, "enough") == 0, "there, with its reason");
	is_status(tacit_source_stream(source, take, &taken, NULL), TACIT_DENIED, "for ever");
	tacit_source_free(source);
	tacit_store_free(store);
}

static void test_ranges(void)
{
	struct tacit_store *store = NULL;
	struct tacit_source *source = open_file(&store, 4);
	uint8_t room[100] = { 0 };

	is_status(tacit_source_read(source, 7, tacit_mut_of(room, 100), NULL), TACIT_OK, "a range");
	ok(memcmp(room, content + 7, 100) == 0, "its bytes");
	is_status(tacit_source_read(source, content_len, tacit_mut_of(room, 0), NULL), TACIT_OK,
		  "nothing at the end");
	is_status(tacit_source_read(source, content_len - 99, tacit_mut_of(room, 100), NULL),
		  TACIT_LIMIT, "a byte too much");
	is_status(tacit_source_read(source, content_len + 1, tacit_mut_of(room, 0), NULL),
		  TACIT_LIMIT, "beyond the end");
	is_status(tacit_source_read(source, UINT64_MAX, tacit_mut_of(room, 100), NULL), TACIT_LIMIT,
		  "far beyond");
	write_file(content_len);
	is_status(tacit_source_read(source, 7, tacit_mut_of(room, 100), NULL), TACIT_BINDING,
		  "written again");
	tacit_source_free(source);
	tacit_store_free(store);
	source = open_file(&store, 4);
	write_file(50);
	is_status(tacit_source_read(source, 0, tacit_mut_of(room, 100), NULL), TACIT_BINDING,
		  "shorter by now");
	tacit_source_free(source);
	source = NULL;
	const struct tacit_store_options small = { .max_size = 49 };
	struct tacit_store *other = NULL;
	ok(tacit_store_new(&small, &other, NULL) == TACIT_OK &&
		   tacit_source_open(other, path, &source, NULL) == TACIT_LIMIT && !source,
	   "a file over the limit");
	tacit_store_free(other);
	tacit_store_free(store);
}

/* ---- many readers --------------------------------------------------------------------------- */

#define PART (3 * CHUNK / 2)

struct reader {
	struct tacit_source_ahead *ahead;
	pthread_mutex_t *lock;
	uint64_t *next;
	bool same;
};

/* As a sealed model is read: the next part, from its beginning to its end, in small pieces. */
static void *read_parts(void *user)
{
	struct reader *r = user;
	static const size_t PIECE = 65536 + 16;
	uint8_t *room = malloc(PIECE);

	for (;;) {
		pthread_mutex_lock(r->lock);
		uint64_t at = *r->next, end = at + PART;

		*r->next = end;
		pthread_mutex_unlock(r->lock);
		if (at >= content_len)
			break;
		if (end > content_len)
			end = content_len;
		while (at < end) {
			size_t len = end - at < PIECE ? (size_t)(end - at) : PIECE;

			if (tacit_source_ahead_read(r->ahead, at, tacit_mut_of(room, len), NULL) !=
				    TACIT_OK ||
			    memcmp(room, content + at, len) != 0)
				r->same = false;
			at += len;
		}
	}
	free(room);
	return NULL;
}

static bool read_by(unsigned count, unsigned connections)
{
	struct tacit_store *store = NULL;
	struct tacit_source *source = open_file(&store, connections);
	struct tacit_source_ahead *ahead = NULL;
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct reader readers[TACIT_SOURCE_READERS_MAX];
	pthread_t threads[TACIT_SOURCE_READERS_MAX];
	uint64_t next = 0;
	bool same = tacit_source_ahead_new(source, count, &ahead, NULL) == TACIT_OK;

	for (unsigned i = 0; same && i < count; i++) {
		readers[i] = (struct reader){ ahead, &lock, &next, true };
		pthread_create(&threads[i], NULL, read_parts, &readers[i]);
	}
	for (unsigned i = 0; ahead && i < count; i++) {
		pthread_join(threads[i], NULL);
		same = same && readers[i].same;
	}
	tacit_source_ahead_free(ahead);
	tacit_source_free(source);
	tacit_store_free(store);
	return same;
}

static void test_ahead(void)
{
	static const size_t SIZES[] = { 1, CHUNK, 5 * CHUNK + 77 };
	static const unsigned COUNTS[][2] = { { 1, 1 }, { 1, 4 }, { 2, 4 }, { 3, 2 }, { 16, 1 } };

	for (size_t i = 0; i < sizeof(SIZES) / sizeof(SIZES[0]); i++) {
		write_file(SIZES[i]);
		for (size_t j = 0; j < sizeof(COUNTS) / sizeof(COUNTS[0]); j++)
			ok(read_by(COUNTS[j][0], COUNTS[j][1]), "%zu bytes: %u readers over %u",
			   SIZES[i], COUNTS[j][0], COUNTS[j][1]);
	}
	struct tacit_store *store = NULL;
	struct tacit_source *source = open_file(&store, 2);
	struct tacit_source_ahead *ahead = NULL;
	struct tacit_error err = { 0 };
	uint8_t *room = malloc(content_len), byte;

	is_status(tacit_source_ahead_new(source, 0, &ahead, NULL), TACIT_USAGE, "no readers");
	is_status(tacit_source_ahead_new(source, TACIT_SOURCE_READERS_MAX + 1, &ahead, NULL),
		  TACIT_USAGE, "too many");
	is_status(tacit_source_ahead_new(source, 1, &ahead, NULL), TACIT_OK, "one");
	for (int i = 0; i < 2; i++)
		ok(tacit_source_ahead_read(ahead, 0, tacit_mut_of(room, content_len), NULL) ==
				   TACIT_OK &&
			   memcmp(room, content, content_len) == 0,
		   "all at once, time %d", i + 1);
	ok(tacit_source_ahead_read(ahead, content_len - 1, tacit_mut_of(&byte, 1), NULL) ==
			   TACIT_OK &&
		   byte == content[content_len - 1],
	   "the last byte");
	ok(tacit_source_ahead_read(ahead, 5, tacit_mut_of(&byte, 1), NULL) == TACIT_OK &&
		   byte == content[5],
	   "one far before");
	is_status(tacit_source_ahead_read(ahead, content_len, tacit_mut_of(&byte, 1), NULL),
		  TACIT_LIMIT, "one beyond the end");
	tacit_source_ahead_free(ahead);
	tacit_source_free(source);
	tacit_store_free(store);
	source = open_file(&store, 2);
	write_file(content_len);
	ok(tacit_source_ahead_new(source, 1, &ahead, NULL) == TACIT_OK &&
		   tacit_source_ahead_read(ahead, 0, tacit_mut_of(&byte, 1), &err) == TACIT_BINDING,
	   "a file that changed: %s", err.detail);
	tacit_source_ahead_free(ahead);
	tacit_source_free(source);
	tacit_store_free(store);
	free(room);
}

/* ---- the bridge to a relay ------------------------------------------------------------------ */

static int connect_to(const struct sockaddr_storage *name, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)name, len) != 0)
		return -1;
	return fd;
}

static void test_bridge(void)
{
	struct tacit_address relay, bound;
	struct sockaddr_storage name;
	char text[64], room[8] = "";
	socklen_t len = 0;
	int listener = -1, status = 0;

	snprintf(text, sizeof(text), "unix:%s.sock", path);
	if (tacit_address_parse(text, &relay, NULL) != TACIT_OK ||
	    tacit_address_listen(&relay, &listener, &bound, NULL) != TACIT_OK) {
		ok(false, "a relay");
		return;
	}
	ok(tacit_bridge_open(&relay, 1000, &name, &len, NULL) == TACIT_OK, "a bridge to it");
	pid_t child = fork();
	if (child == 0) {
		int fd = connect_to(&name, len);

		alarm(5);
		_exit(fd >= 0 && read(fd, room, 1) == 0 ? 0 : 1);
	}
	waitpid(child, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "lets nobody else in");
	int ours = connect_to(&name, len), other = accept(listener, NULL, NULL);
	ok(ours >= 0 && other >= 0, "but us");
	ok(write(ours, "there", 5) == 5 && read(other, room, 5) == 5 && strcmp(room, "there") == 0,
	   "carries what we say");
	ok(write(other, "back!", 5) == 5 && read(ours, room, 5) == 5 && strcmp(room, "back!") == 0,
	   "and what is answered");
	close(other);
	ok(read(ours, room, 1) == 0, "its end, too");
	close(ours);
	ok(tacit_bridge_open(&relay, 1000, &name, &len, NULL) == TACIT_OK, "another");
	ours = connect_to(&name, len);
	other = accept(listener, NULL, NULL);
	close(ours);
	ok(read(other, room, 1) == 0, "ends when we do");
	close(other);
	ok(tacit_bridge_open(&relay, 1000, &name, &len, NULL) == TACIT_OK, "a third");
	ours = connect_to(&name, len);
	other = accept(listener, NULL, NULL);
	struct pollfd full = { .fd = ours, .events = POLLOUT };
	struct pollfd gone = { .fd = other, .events = POLLRDHUP };
	while (poll(&full, 1, 200) > 0 && send(ours, content, 4096, MSG_DONTWAIT) > 0)
		;
	close(ours);
	ok(poll(&gone, 1, 10000) == 1, "ends even where a relay takes nothing");
	close(other);
	close(listener);
	tacit_address_release(&bound);
	ok(tacit_bridge_open(&relay, 1000, &name, &len, NULL) != TACIT_OK, "none without a relay");
}

int main(void)
{
	int fd = mkstemp(path);
	size_t most = 5 * CHUNK + 77;

	content = malloc(most);
	if (fd < 0 || !content)
		return 1;
	close(fd);
	for (size_t i = 0; i < most; i++)
		content[i] = (uint8_t)((i * 2654435761u) >> 13);
	test_names();
	test_long_names();
	test_headers();
	test_words();
	test_streams();
	test_ranges();
	test_ahead();
	test_bridge();
	unlink(path);
	free(content);
	return done();
}
