/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A load generator for OpenAI-compatible servers: so many streams at once, so many requests in
 * all; prints what it saw as one JSON line. It checks nothing but that each answer came whole.
 * Tokens are those that the server says it made: an event may hold several or none.
 *
 *     load URL STREAMS REQUESTS MAX_TOKENS [UNIX_SOCKET]
 */

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STREAMS_MAX  256
#define SAMPLES_MAX  65536
#define LINE_MAX_LEN 4096

struct stream {
	CURL *easy;
	double started, first;
	size_t tokens;
	bool done;
	size_t len;
	char line[LINE_MAX_LEN];
};

struct load {
	const char *url;
	const char *socket;
	char body[1024];
	struct curl_slist *headers;
	size_t left, failed, tokens;
	size_t samples;
	double first[SAMPLES_MAX];
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void take_line(struct stream *s)
{
	static const char CONTENT[] = "\"content\":\"", TOKENS[] = "\"completion_tokens\":";
	const char *at;

	s->line[s->len] = '\0';
	if (strcmp(s->line, "data: [DONE]") == 0)
		s->done = true;
	if (s->first <= 0) {
		at = strstr(s->line, CONTENT);
		if (at && at[sizeof(CONTENT) - 1] != '"')
			s->first = now();
	}
	at = strstr(s->line, "\"usage\":{");
	at = at ? strstr(at, TOKENS) : NULL;
	if (at)
		s->tokens = strtoul(at + sizeof(TOKENS) - 1, NULL, 10);
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *user)
{
	struct stream *s = user;
	size_t len = size * count;

	for (size_t at = 0; at < len;) {
		const char *end = memchr(bytes + at, '\n', len - at);
		size_t part = (end ? (size_t)(end - bytes) : len) - at;

		if (part > sizeof(s->line) - 1 - s->len)
			return 0;
		memcpy(s->line + s->len, bytes + at, part);
		s->len += part;
		at += part + (end ? 1 : 0);
		if (end) {
			take_line(s);
			s->len = 0;
		}
	}
	return len;
}

static void start(struct load *l, struct stream *s, CURLM *multi)
{
	curl_easy_reset(s->easy);
	curl_easy_setopt(s->easy, CURLOPT_URL, l->url);
	if (l->socket)
		curl_easy_setopt(s->easy, CURLOPT_UNIX_SOCKET_PATH, l->socket);
	curl_easy_setopt(s->easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(s->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, l->headers);
	curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, l->body);
	curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
	curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
	curl_easy_setopt(s->easy, CURLOPT_PROXY, "");
	s->started = now();
	s->first = 0;
	s->tokens = 0;
	s->len = 0;
	s->done = false;
	l->left--;
	curl_multi_add_handle(multi, s->easy);
}

static void finish(struct load *l, struct stream *s, CURLcode result)
{
	long code = 0;

	curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &code);
	if (result != CURLE_OK || code != 200 || !s->done || s->tokens == 0 || s->first <= 0) {
		if (!l->failed++)
			fprintf(stderr, "load: %s, status %ld, %zu tokens\n",
				curl_easy_strerror(result), code, s->tokens);
		return;
	}
	l->tokens += s->tokens;
	if (l->samples < SAMPLES_MAX)
		l->first[l->samples++] = s->first - s->started;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void run(struct load *l, struct stream *streams, size_t count)
{
	CURLM *multi = curl_multi_init();
	int running = 1;

	for (size_t i = 0; i < count && l->left; i++) {
		streams[i].easy = curl_easy_init();
		start(l, &streams[i], multi);
	}
	while (running) {
		CURLMsg *message;
		int queued;

		curl_multi_perform(multi, &running);
		while ((message = curl_multi_info_read(multi, &queued))) {
			struct stream *s = NULL;

			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&s);
			finish(l, s, message->data.result);
			curl_multi_remove_handle(multi, s->easy);
			if (l->left) {
				start(l, s, multi);
				running = 1;
			}
		}
		if (running)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
	for (size_t i = 0; i < count; i++)
		curl_easy_cleanup(streams[i].easy);
	curl_multi_cleanup(multi);
}

int main(int argc, char **argv)
{
	static struct stream streams[STREAMS_MAX];
	static struct load l;

	if (argc < 5) {
		fprintf(stderr, "usage: load URL STREAMS REQUESTS MAX_TOKENS [UNIX_SOCKET]\n");
		return 2;
	}
	size_t count = strtoul(argv[2], NULL, 10);
	if (count < 1 || count > STREAMS_MAX)
		return 2;
	l.url = argv[1];
	l.left = strtoul(argv[3], NULL, 10);
	l.socket = argc > 5 ? argv[5] : NULL;
	snprintf(l.body, sizeof(l.body),
		 "{\"model\":\"m\",\"stream\":true,\"temperature\":0,\"seed\":1,\"max_tokens\":%s,"
		 "\"stream_options\":{\"include_usage\":true},"
		 "\"cache_prompt\":false,\"messages\":[{\"role\":\"user\","
		 "\"content\":\"Tell me a long story about the sea and the ships that sail on "
		 "it.\"}]}",
		 argv[4]);
	curl_global_init(CURL_GLOBAL_ALL);
	l.headers = curl_slist_append(NULL, "Content-Type: application/json");
	double begun = now();
	run(&l, streams, count);
	double seconds = now() - begun;
	qsort(l.first, l.samples, sizeof(l.first[0]), compare);
	printf("{\"streams\":%zu,\"answers\":%zu,\"failed\":%zu,\"tokens\":%zu,\"seconds\":%.4f,"
	       "\"tokens_per_second\":%.1f,\"first_token_ms\":%.3f}\n",
	       count, l.samples, l.failed, l.tokens, seconds, (double)l.tokens / seconds,
	       l.samples ? l.first[l.samples / 2] * 1e3 : 0.0);
	curl_slist_free_all(l.headers);
	curl_global_cleanup();
	return l.failed || !l.samples;
}
