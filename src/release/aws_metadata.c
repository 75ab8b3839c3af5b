/* SPDX-License-Identifier: Apache-2.0 */
#include "release/aws_metadata.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/compiler.h"

#define WHERE      "aws.metadata"
#define CONNECT_MS 2000L
#define REQUEST_MS 5000L
#define TOKEN_TTL  "X-aws-ec2-metadata-token-ttl-seconds: 60"
#define ROLES      "/latest/meta-data/iam/security-credentials/"
#define WORD_MAX   256 /* of a token, a role's name, a region */

struct asking {
	const char *base;
	atomic_bool *stop;
	CURL *easy;
	char token_header[WORD_MAX + 64];
	size_t len;
	uint8_t bytes[TACIT_AWS_ANSWER_MAX];
};

static size_t take(char *bytes, size_t size, size_t count, void *user)
{
	struct asking *a = user;
	size_t len = size * count;

	if (len > sizeof(a->bytes) - a->len)
		return 0;
	memcpy(a->bytes + a->len, bytes, len);
	a->len += len;
	return len;
}

static int is_over(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a, (void)b, (void)c, (void)d;
	return atomic_load(((const struct asking *)user)->stop) ? 1 : 0;
}

/* Every setting takes effect or no request leaves. */
static bool set_always(struct asking *a)
{
	const struct tacit_curl *curl = tacit_curl();
	CURL *e = a->easy;
	unsigned c = CURLE_OK;

	c |= curl->easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http");
	c |= curl->easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	c |= curl->easy_setopt(e, CURLOPT_PROXY, "");
	c |= curl->easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	c |= curl->easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	c |= curl->easy_setopt(e, CURLOPT_USERAGENT, "tacit/" TACIT_VERSION);
	c |= curl->easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	c |= curl->easy_setopt(e, CURLOPT_TIMEOUT_MS, REQUEST_MS);
	c |= curl->easy_setopt(e, CURLOPT_WRITEFUNCTION, take);
	c |= curl->easy_setopt(e, CURLOPT_WRITEDATA, a);
	c |= curl->easy_setopt(e, CURLOPT_XFERINFOFUNCTION, is_over);
	c |= curl->easy_setopt(e, CURLOPT_XFERINFODATA, a);
	c |= curl->easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	return c == CURLE_OK;
}

static void free_list(struct curl_slist **list)
{
	tacit_curl()->slist_free_all(*list);
}

/* One request with one header; its answer, which must be 200, is in `bytes` then. */
static enum tacit_status ask(struct asking *a, const char *method, const char *path,
			     const char *header, struct tacit_error *err)
{
	const struct tacit_curl *curl = tacit_curl();
	struct curl_slist *list TACIT_CLEANUP(free_list) = curl->slist_append(NULL, header);
	char url[TACIT_AWS_METADATA_MAX + sizeof(ROLES) + WORD_MAX];
	unsigned c = CURLE_OK;
	long status = 0;

	a->len = 0;
	snprintf(url, sizeof(url), "%s%s", a->base, path);
	c |= curl->easy_setopt(a->easy, CURLOPT_URL, url);
	c |= curl->easy_setopt(a->easy, CURLOPT_CUSTOMREQUEST, method);
	c |= curl->easy_setopt(a->easy, CURLOPT_HTTPHEADER, list);
	if (!list || c != CURLE_OK)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "cannot set up the request");
	CURLcode code = curl->easy_perform(a->easy);
	(void)curl->easy_setopt(a->easy, CURLOPT_HTTPHEADER, NULL);
	if (code != CURLE_OK)
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "it does not answer: %s",
				  curl->easy_strerror(code));
	(void)curl->easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "it answers %ld%s", status,
				  status == 404 ? ": does this instance have a role?" : "");
	return TACIT_OK;
}

/* The answer as one line of word characters, which is safe in a URL's path and in a header. */
static enum tacit_status take_word(const struct asking *a, char ret[static WORD_MAX],
				   struct tacit_error *err)
{
	size_t len = 0;

	while (len < a->len && a->bytes[len] != '\n' && a->bytes[len] != '\r')
		len++;
	bool good = len > 0 && len < WORD_MAX;
	for (size_t i = 0; good && i < len; i++)
		good = a->bytes[i] > 0x20 && a->bytes[i] < 0x7f && !strchr("/?#%\\", a->bytes[i]);
	if (!good)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				  "it answers something else than a name");
	memcpy(ret, a->bytes, len);
	ret[len] = '\0';
	return TACIT_OK;
}

static enum tacit_status take_token(struct asking *a, struct tacit_error *err)
{
	static const char NAME[] = "X-aws-ec2-metadata-token: ";
	enum tacit_status st = ask(a, "PUT", "/latest/api/token", TOKEN_TTL, err);
	size_t at = sizeof(NAME) - 1;

	if (st != TACIT_OK)
		return st;
	memcpy(a->token_header, NAME, at);
	/* It is base64, which has a slash: no more than a header's value is wanted here. */
	bool good = a->len > 0 && a->len < sizeof(a->token_header) - at;
	for (size_t i = 0; good && i < a->len; i++)
		good = a->bytes[i] > 0x20 && a->bytes[i] < 0x7f;
	if (!good)
		return tacit_fail(err, TACIT_FORMAT, WHERE, 0, "its token is none");
	memcpy(a->token_header + at, a->bytes, a->len);
	a->token_header[at + a->len] = '\0';
	return TACIT_OK;
}

static enum tacit_status ask_all(struct asking *a, struct tacit_aws_keys *keys,
				 struct tacit_error *err)
{
	char role[WORD_MAX], region[WORD_MAX], path[sizeof(ROLES) + WORD_MAX];
	enum tacit_status st = take_token(a, err);

	if (st == TACIT_OK)
		st = ask(a, "GET", ROLES, a->token_header, err);
	if (st == TACIT_OK)
		st = take_word(a, role, err);
	if (st != TACIT_OK)
		return st;
	snprintf(path, sizeof(path), "%s%s", ROLES, role);
	st = ask(a, "GET", path, a->token_header, err);
	if (st == TACIT_OK)
		st = tacit_aws_keys_parse(tacit_slice_of(a->bytes, a->len), keys, err);
	if (st != TACIT_OK)
		return st;
	/* Who does not say where it is leaves that to the enclave. */
	if (ask(a, "GET", "/latest/meta-data/placement/region", a->token_header, NULL) ==
		    TACIT_OK &&
	    take_word(a, region, NULL) == TACIT_OK && strlen(region) < sizeof(keys->region))
		memcpy(keys->region, region, strlen(region) + 1);
	return tacit_aws_keys_check(keys, err);
}

enum tacit_status tacit_aws_metadata_ask(const char *base, atomic_bool *stop,
					 struct tacit_aws_keys *ret, struct tacit_error *err)
{
	enum tacit_status st = tacit_curl_load(err);

	if (st != TACIT_OK)
		return st;
	struct asking *a = calloc(1, sizeof(*a));
	struct tacit_aws_keys *keys = calloc(1, sizeof(*keys));
	if (a && keys) {
		a->base = base;
		a->stop = stop;
		a->easy = tacit_curl()->easy_init();
	}
	if (!a || !keys || !a->easy || !set_always(a))
		st = tacit_fail(err, TACIT_NOMEM, WHERE, 0, "cannot set up the request");
	if (st == TACIT_OK)
		st = ask_all(a, keys, err);
	if (st == TACIT_OK)
		*ret = *keys;
	if (a && a->easy)
		tacit_curl()->easy_cleanup(a->easy);
	if (a)
		tacit_wipe(a, sizeof(*a));
	if (keys)
		tacit_aws_keys_wipe(keys);
	free(a);
	free(keys);
	return st;
}
