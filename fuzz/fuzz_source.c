/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where a model is, and what a store's headers and words say. A name becomes an https URL of which
 * no part is left to interpretation; headers that are taken have ranges within the file; words are
 * one printable line.
 */

#define _GNU_SOURCE
#include "fuzz.h"
/* Not part of libtacit, so the target brings them along. */
#include "release/aws_place.c"
#include "release/source_head.c"
#define split split_object
#include "release/source_url.c"

static void check_url(const struct source_url *url)
{
	if (url->kind == SOURCE_FILE)
		return;
	FUZZ_ASSERT(strncmp(url->url, "https://", 8) == 0 && strlen(url->url) < sizeof(url->url));
	for (const char *p = url->url; *p; p++)
		FUZZ_ASSERT(*p > 0x20 && *p < 0x7f && *p != '#' && *p != '"' && *p != '\\');
	size_t host = strcspn(url->url + 8, "/");
	FUZZ_ASSERT(host > 0 && url->url[8 + host] == '/');
	FUZZ_ASSERT(!memchr(url->url + 8, '@', host) && !memchr(url->url + 8, '?', host));
	if (url->kind != SOURCE_HTTPS)
		FUZZ_ASSERT(!strchr(url->url, '?') && !strchr(url->url, '&'));
	FUZZ_ASSERT((url->kind == SOURCE_S3) == (url->region[0] != '\0'));
}

static void try_url(const char *text)
{
	static const struct source_places PLACES[] = {
		{ .region = NULL }, { "eu-central-1", "https://s:9000/", "https://g" }
	};

	for (size_t i = 0; i < 2; i++) {
		struct source_url url = { .kind = SOURCE_FILE };

		if (tacit_source_url_parse(text, &PLACES[i], &url, NULL) == TACIT_OK)
			check_url(&url);
	}
	if (tacit_source_url_endpoint(text, NULL) == TACIT_OK) {
		struct source_places places = { .s3_endpoint = text };
		struct source_url url;

		FUZZ_ASSERT(tacit_source_url_parse("s3://abc/k", &places, &url, NULL) == TACIT_OK);
		check_url(&url);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source_head head = { .status = 206 };
	struct tacit_slice in = tacit_slice_of(data, size);
	char text[4096], words[128];

	if (size < sizeof(text) && (size == 0 || !memchr(data, 0, size))) {
		if (size)
			memcpy(text, data, size);
		text[size] = '\0';
		try_url(text);
	}
	while (in.len) {
		const uint8_t *end = memchr(in.ptr, '\n', in.len);
		size_t len = end ? (size_t)(end - in.ptr) + 1 : in.len;

		tacit_source_head_line(&head, tacit_slice_of(in.ptr, len));
		in = tacit_slice_of(in.ptr + len, in.len - len);
	}
	if (!head.bad && head.ranged && head.first <= head.last)
		FUZZ_ASSERT(head.last < head.total);
	FUZZ_ASSERT(strlen(head.etag) < SOURCE_VERSION && !strpbrk(head.etag, "\r\n"));
	FUZZ_ASSERT(strlen(head.modified) < SOURCE_VERSION && !strpbrk(head.modified, "\r\n"));
	if (size <= SOURCE_WORDS) {
		tacit_source_head_words(tacit_slice_of(data, size), words, sizeof(words));
		FUZZ_ASSERT(strlen(words) < sizeof(words));
		for (const char *p = words; *p; p++)
			FUZZ_ASSERT(*p >= 0x20 && *p < 0x7f);
	}
	return 0;
}
