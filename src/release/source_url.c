/* SPDX-License-Identifier: Apache-2.0 */
#include "release/source_url.h"

#include <stdio.h>

#define WHERE          "source.url"
#define DEFAULT_REGION "us-east-1"
#define GS_ENDPOINT    "https://storage.googleapis.com"
#define BUCKET_MAX     222 /* Google's; Amazon's have 63 */
#define HOST_MAX       253

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static enum tacit_status refuse(struct tacit_error *err, const char *why)
{
	return tacit_fail(err, TACIT_USAGE, WHERE, 0, "%s", why);
}

static size_t scheme_len(const char *text)
{
	size_t n = 0;

	while (is_alnum(text[n]) || (n && text[n] && strchr("+-.", text[n])))
		n++;
	return n && strncmp(text + n, "://", 3) == 0 ? n : 0;
}

bool tacit_source_is_remote(const char *text)
{
	return scheme_len(text) != 0;
}

static bool is_scheme(const char *text, const char *scheme)
{
	return scheme_len(text) == strlen(scheme) && strncmp(text, scheme, strlen(scheme)) == 0;
}

/* ---- https ---------------------------------------------------------------------------------- */

/* The length of HOST[:PORT], an IPv6 host in brackets; 0 when it is none. */
static size_t authority_len(const char *text)
{
	size_t n = 0, digits = 0;

	if (text[0] == '[') {
		n = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
		if (n == 1 || text[n++] != ']')
			return 0;
	} else {
		while (is_alnum(text[n]) || text[n] == '-' || text[n] == '.')
			n++;
		if (n == 0 || n > HOST_MAX || text[0] == '.' || text[0] == '-')
			return 0;
	}
	if (text[n] != ':')
		return n;
	unsigned port = 0;
	while (text[n + 1 + digits] >= '0' && text[n + 1 + digits] <= '9' && digits < 6)
		port = port * 10 + (unsigned)(text[n + 1 + digits++] - '0');
	return port > 0 && port < 65536 ? n + 1 + digits : 0;
}

static enum tacit_status take_https(const char *text, struct source_url *ret,
				    struct tacit_error *err)
{
	const char *host = text + strlen("https://");
	size_t len = authority_len(host);

	if (strlen(text) >= TACIT_SOURCE_URL_MAX)
		return refuse(err, "the URL is too long");
	if (len == 0 || (host[len] && !strchr("/?", host[len])))
		return refuse(err, "want https://HOST[:PORT]/PATH, without a user in it");
	for (const char *p = host + len; *p; p++)
		if (*p <= 0x20 || *p >= 0x7f || strchr("#\"<>\\^`{|}", *p))
			return refuse(err, "the URL has a character that wants to be %XX");
	if (host[len] != '/')
		return refuse(err, "the URL has no path");
	ret->kind = SOURCE_HTTPS;
	snprintf(ret->url, sizeof(ret->url), "%s", text);
	return TACIT_OK;
}

enum tacit_status tacit_source_url_endpoint(const char *text, struct tacit_error *err)
{
	const char *host = text + strlen("https://");

	if (!is_scheme(text, "https") || strlen(text) >= TACIT_SOURCE_URL_MAX / 2)
		return refuse(err, "an endpoint is https://HOST[:PORT]");
	size_t len = authority_len(host);
	if (len == 0 || (host[len] && strcmp(host + len, "/") != 0))
		return refuse(err, "an endpoint is https://HOST[:PORT], without a path");
	return TACIT_OK;
}

/* ---- buckets -------------------------------------------------------------------------------- */

struct object {
	size_t bucket_len;
	const char *bucket, *key;
	bool dotted;
};

static enum tacit_status split(const char *text, struct object *ret, struct tacit_error *err)
{
	size_t n = 0;

	ret->bucket = strstr(text, "://") + 3;
	for (; ret->bucket[n] && ret->bucket[n] != '/'; n++) {
		char c = ret->bucket[n];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("-._", c)))
			return refuse(err, "a bucket's name has a-z, 0-9, '-', '.', '_'");
		ret->dotted |= c == '.';
	}
	if (n < 3 || n > BUCKET_MAX || strchr("-._", ret->bucket[0]) ||
	    strchr("-._", ret->bucket[n - 1]))
		return refuse(err, "want BUCKET/KEY behind the scheme");
	if (ret->bucket[n] != '/' || !ret->bucket[n + 1])
		return refuse(err, "want BUCKET/KEY behind the scheme");
	ret->bucket_len = n;
	ret->key = ret->bucket + n + 1;
	if (strlen(ret->key) > 1024)
		return refuse(err, "a key has at most 1024 bytes");
	return TACIT_OK;
}

/* Whether a word between slashes is "." or "..", which libcurl takes out of what it signs. */
static bool has_dots(const char *key)
{
	for (const char *at = key;; at++) {
		size_t len = strcspn(at, "/");

		if ((len == 1 || len == 2) && strspn(at, ".") >= len)
			return true;
		at += len;
		if (!*at)
			return false;
	}
}

/* Appends a key as a path [RFC 3986 2.3]: what signatures are made over must not be ambiguous. */
static void put_key(char *url, const char *key)
{
	static const char HEX[] = "0123456789ABCDEF";
	char *at = url + strlen(url);

	for (const char *p = key; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (is_alnum(*p) || strchr("-._~/", *p)) {
			*at++ = *p;
		} else {
			*at++ = '%';
			*at++ = HEX[c >> 4];
			*at++ = HEX[c & 15];
		}
	}
	*at = '\0';
}

static int endpoint_len(const char *endpoint)
{
	size_t len = strlen(endpoint);

	return (int)(len && endpoint[len - 1] == '/' ? len - 1 : len);
}

static enum tacit_status take_region(const struct source_places *places, struct source_url *ret,
				     struct tacit_error *err)
{
	struct tacit_slice region =
		tacit_slice_str(places->region ? places->region : DEFAULT_REGION);

	if (places->s3_endpoint ? !tacit_aws_is_scope(region) : !tacit_aws_is_region(region))
		return refuse(err, "a region is a word as 'eu-central-1'");
	memcpy(ret->region, region.ptr, region.len);
	ret->region[region.len] = '\0';
	return TACIT_OK;
}

static enum tacit_status take_s3(const char *text, const struct source_places *places,
				 struct source_url *ret, struct tacit_error *err)
{
	struct object o = { .bucket = NULL };
	enum tacit_status st = split(text, &o, err);

	if (st == TACIT_OK && has_dots(o.key))
		st = refuse(err, "a key of S3 with '.' or '..' between slashes is not read");
	if (st == TACIT_OK)
		st = take_region(places, ret, err);
	if (st == TACIT_OK && places->s3_endpoint)
		st = tacit_source_url_endpoint(places->s3_endpoint, err);
	if (st != TACIT_OK)
		return st;
	const char *cn = strncmp(ret->region, "cn-", 3) == 0 ? ".cn" : "";
	ret->kind = SOURCE_S3;
	if (places->s3_endpoint)
		snprintf(ret->url, sizeof(ret->url), "%.*s/%.*s/",
			 endpoint_len(places->s3_endpoint), places->s3_endpoint, (int)o.bucket_len,
			 o.bucket);
	else if (o.dotted) /* the certificate's wildcard covers one label */
		snprintf(ret->url, sizeof(ret->url), "https://s3.%s.amazonaws.com%s/%.*s/",
			 ret->region, cn, (int)o.bucket_len, o.bucket);
	else
		snprintf(ret->url, sizeof(ret->url), "https://%.*s.s3.%s.amazonaws.com%s/",
			 (int)o.bucket_len, o.bucket, ret->region, cn);
	put_key(ret->url, o.key);
	return TACIT_OK;
}

static enum tacit_status take_gs(const char *text, const struct source_places *places,
				 struct source_url *ret, struct tacit_error *err)
{
	const char *endpoint = places->gs_endpoint ? places->gs_endpoint : GS_ENDPOINT;
	struct object o = { .bucket = NULL };
	enum tacit_status st = split(text, &o, err);

	if (st == TACIT_OK)
		st = tacit_source_url_endpoint(endpoint, err);
	if (st != TACIT_OK)
		return st;
	ret->kind = SOURCE_GS;
	snprintf(ret->url, sizeof(ret->url), "%.*s/%.*s/", endpoint_len(endpoint), endpoint,
		 (int)o.bucket_len, o.bucket);
	put_key(ret->url, o.key);
	return TACIT_OK;
}

enum tacit_status tacit_source_url_parse(const char *text, const struct source_places *places,
					 struct source_url *ret, struct tacit_error *err)
{
	struct source_url url = { .kind = SOURCE_FILE };
	enum tacit_status st = TACIT_OK;

	if (is_scheme(text, "https"))
		st = take_https(text, &url, err);
	else if (is_scheme(text, "s3"))
		st = take_s3(text, places, &url, err);
	else if (is_scheme(text, "gs"))
		st = take_gs(text, places, &url, err);
	else if (is_scheme(text, "http"))
		st = refuse(err, "http:// is not read: what comes is anybody's; use https://");
	else if (scheme_len(text))
		st = refuse(err, "want a file, https://, s3:// or gs://");
	else if (!text[0])
		st = refuse(err, "an empty name");
	if (st == TACIT_OK)
		*ret = url;
	return st;
}
