/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/compiler.h"
#include "release/kms_inside.h"
#include "sys/clock.h"

#define WHERE       "kms"
#define DEADLINE_MS 30000
#define PAUSE_MS    100
#define PAUSE_MAX   5000
#define TRIES       6
#define HEADER_MAX  (TACIT_AWS_TOKEN_MAX + 64)

/* ---- what libcurl calls --------------------------------------------------------------------- */

static size_t take_body(char *bytes, size_t size, size_t count, void *user)
{
	struct tacit_kms *kms = user;
	size_t len = size * count;

	if (len > TACIT_KMS_BODY_MAX - kms->answer_len) {
		kms->too_long = true;
		return 0;
	}
	memcpy(kms->answer + kms->answer_len, bytes, len);
	kms->answer_len += len;
	return len;
}

enum tacit_status tacit_kms_send_start(struct tacit_kms *kms, struct tacit_error *err)
{
	const struct tacit_curl *curl;
	enum tacit_status st = tacit_curl_load(err);
	unsigned c = CURLE_OK;

	if (st != TACIT_OK)
		return st;
	curl = tacit_curl();
	kms->easy = curl->easy_init();
	if (!kms->easy || !tacit_reach_apply(kms->easy, &kms->options.reach))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "this libcurl lacks what is needed");
	c |= curl->easy_setopt(kms->easy, CURLOPT_POST, 1L);
	c |= curl->easy_setopt(kms->easy, CURLOPT_ERRORBUFFER, kms->message);
	c |= curl->easy_setopt(kms->easy, CURLOPT_WRITEFUNCTION, take_body);
	c |= curl->easy_setopt(kms->easy, CURLOPT_WRITEDATA, kms);
	c |= curl->easy_setopt(kms->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	if (c == CURLE_OK)
		return TACIT_OK;
	return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0, "this libcurl lacks what is needed");
}

/* ---- where to ------------------------------------------------------------------------------- */

/* Domains of AWS's partitions, by how their regions begin. */
static const struct partition {
	const char *prefix, *suffix;
} PARTITIONS[] = {
	{ "cn-", "amazonaws.com.cn" },   { "eusc-", "amazonaws.eu" },
	{ "us-isob-", "sc2s.sgov.gov" }, { "us-isof-", "csp.hci.ic.gov" },
	{ "us-iso-", "c2s.ic.gov" },     { "eu-isoe-", "cloud.adc-e.uk" },
	{ "", "amazonaws.com" },
};

static enum tacit_status pick_region(const struct tacit_kms *kms, struct tacit_slice named,
				     const struct tacit_aws_keys *keys,
				     char ret[static TACIT_AWS_REGION_MAX + 1],
				     struct tacit_error *err)
{
	const char *endpoint = kms->options.endpoint;
	struct tacit_slice region = named;

	if (kms->options.region)
		region = tacit_slice_str(kms->options.region);
	else if (region.len == 0 && keys->region[0])
		region = tacit_slice_str(keys->region);
	else if (region.len == 0 && endpoint)
		region = tacit_slice_str("us-east-1"); /* it has to be some region */
	if (region.len == 0)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "no region: give one, or the key's ARN");
	if (endpoint ? !tacit_aws_is_scope(region) : !tacit_aws_is_region(region))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "the region is none of AWS's, as eu-central-1");
	memcpy(ret, region.ptr, region.len);
	ret[region.len] = 0;
	return TACIT_OK;
}

static void write_url(const struct tacit_kms *kms, const char *region, char *ret, size_t size)
{
	const struct partition *p = PARTITIONS;

	if (kms->options.endpoint) {
		snprintf(ret, size, "%s/", kms->options.endpoint);
		return;
	}
	while (strncmp(region, p->prefix, strlen(p->prefix)) != 0)
		p++;
	snprintf(ret, size, "https://kms%s.%s.%s/", kms->options.fips ? "-fips" : "", region,
		 p->suffix);
}

/* ---- one request ---------------------------------------------------------------------------- */

static void free_list(struct curl_slist **list)
{
	tacit_curl()->slist_free_all(*list);
}

static bool add_header(struct curl_slist **list, const char *name, struct tacit_slice value)
{
	char *line = malloc(HEADER_MAX);
	struct curl_slist *longer = NULL;

	if (line && value.len < TACIT_AWS_TOKEN_MAX + 1) {
		snprintf(line, HEADER_MAX, "%s: %.*s", name, (int)value.len,
			 (const char *)value.ptr);
		longer = tacit_curl()->slist_append(*list, line);
		tacit_wipe(line, HEADER_MAX);
	}
	free(line);
	if (longer)
		*list = longer;
	return longer != NULL;
}

/* What differs from request to request; libcurl signs, and keeps copies of the credentials. */
static unsigned set_request(struct tacit_kms *kms, const struct tacit_kms_message *m,
			    const struct tacit_aws_keys *keys, const char *region)
{
	const struct tacit_curl *curl = tacit_curl();
	char url[TACIT_KMS_URL_MAX], signing[64], secret[TACIT_SECRET_MAX + 1];
	unsigned c = CURLE_OK;

	write_url(kms, region, url, sizeof(url));
	snprintf(signing, sizeof(signing), "aws:amz:%s:kms", region);
	memcpy(secret, keys->secret_key.bytes, keys->secret_key.len);
	secret[keys->secret_key.len] = 0;
	c |= curl->easy_setopt(kms->easy, CURLOPT_URL, url);
	c |= curl->easy_setopt(kms->easy, CURLOPT_AWS_SIGV4, signing);
	c |= curl->easy_setopt(kms->easy, CURLOPT_PATH_AS_IS, 0L); /* libcurl 8.13: not both */
	c |= curl->easy_setopt(kms->easy, CURLOPT_USERNAME, keys->access_key);
	c |= curl->easy_setopt(kms->easy, CURLOPT_PASSWORD, secret);
	c |= curl->easy_setopt(kms->easy, CURLOPT_POSTFIELDS, m->body.ptr);
	c |= curl->easy_setopt(kms->easy, CURLOPT_POSTFIELDSIZE, (long)m->body.len);
	tacit_wipe(secret, sizeof(secret));
	return c;
}

static enum tacit_status perform(struct tacit_kms *kms, uint64_t left_ms, struct tacit_error *err)
{
	const struct tacit_curl *curl = tacit_curl();
	long status = 0;

	kms->answer_len = 0;
	kms->too_long = false;
	kms->message[0] = 0;
	if (curl->easy_setopt(kms->easy, CURLOPT_TIMEOUT_MS, (long)left_ms) != CURLE_OK)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "cannot set up the request");
	CURLcode code = curl->easy_perform(kms->easy);

	if (kms->too_long)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "the answer is longer than %d bytes",
				  TACIT_KMS_BODY_MAX);
	if (code != CURLE_OK)
		return tacit_reach_failed(kms->easy, code, kms->message, WHERE, err);
	(void)curl->easy_getinfo(kms->easy, CURLINFO_RESPONSE_CODE, &status);
	kms->refusal = (struct tacit_kms_refusal){ 0 };
	if (status != 200)
		tacit_kms_json_refusal(tacit_slice_of(kms->answer, kms->answer_len),
				       (unsigned)status, &kms->refusal);
	return TACIT_OK;
}

static enum tacit_status send_once(struct tacit_kms *kms, const struct tacit_kms_message *m,
				   const struct tacit_aws_keys *keys, uint64_t left_ms,
				   struct tacit_error *err)
{
	TACIT_CLEANUP(free_list) struct curl_slist *list = NULL;
	char region[TACIT_AWS_REGION_MAX + 1];
	enum tacit_status st = pick_region(kms, m->region, keys, region, err);

	if (st != TACIT_OK)
		return st;
	if (!add_header(&list, "Content-Type", tacit_slice_str("application/x-amz-json-1.1")) ||
	    !add_header(&list, "X-Amz-Target", m->target) ||
	    (keys->token[0] &&
	     !add_header(&list, "X-Amz-Security-Token", tacit_slice_str(keys->token))) ||
	    tacit_curl()->easy_setopt(kms->easy, CURLOPT_HTTPHEADER, list) != CURLE_OK ||
	    set_request(kms, m, keys, region) != CURLE_OK)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "cannot set up the request");
	st = perform(kms, left_ms, err);
	(void)tacit_curl()->easy_setopt(kms->easy, CURLOPT_HTTPHEADER, NULL);
	(void)tacit_curl()->easy_setopt(kms->easy, CURLOPT_PASSWORD, NULL);
	return st;
}

/* ---- trying again --------------------------------------------------------------------------- */

struct
try {
	uint64_t deadline; /* of tacit_clock_ms() */
	unsigned count;    /* of those that were throttled */
	bool anew;         /* the credentials have been fetched anew */
};

static void sleep_ms(uint64_t ms)
{
	struct timespec t = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) != 0)
		;
}

static uint64_t left_ms(const struct try *t)
{
	uint64_t now = tacit_clock_ms();

	return now < t->deadline ? t->deadline - now : 0;
}

static bool is_throttled(const struct tacit_kms_refusal *refusal)
{
	return refusal->status == 429 || strcmp(refusal->type, "ThrottlingException") == 0;
}

static bool is_expired(const struct tacit_kms_refusal *refusal)
{
	return strcmp(refusal->type, "ExpiredTokenException") == 0;
}

/* Whether to ask again, after the pause that is due. */
static bool try_again(const struct tacit_kms *kms, struct try *t)
{
	uint64_t pause = kms->options.pause_ms ? kms->options.pause_ms : PAUSE_MS;

	if (is_expired(&kms->refusal) && !t->anew) {
		t->anew = true;
		return true;
	}
	if (!is_throttled(&kms->refusal) ||
	    ++t->count >= (kms->options.tries ? kms->options.tries : TRIES))
		return false;
	pause <<= t->count - 1 < 16 ? t->count - 1 : 16;
	if (pause > PAUSE_MAX)
		pause = PAUSE_MAX;
	if (pause >= left_ms(t))
		return false;
	sleep_ms(pause);
	return true;
}

static enum tacit_status send_with_keys(struct tacit_kms *kms, const struct tacit_kms_message *m,
					const struct try *t, struct tacit_error *err)
{
	struct tacit_aws_keys keys = { 0 };
	enum tacit_status st;

	if (!kms->options.aws)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "no credentials");
	st = tacit_aws_credentials_get(kms->options.aws, t->anew, &keys, err);
	if (st == TACIT_OK && left_ms(t) == 0)
		st = tacit_fail(err, TACIT_PEER, WHERE, 0, "no time is left");
	if (st == TACIT_OK)
		st = send_once(kms, m, &keys, left_ms(t), err);
	tacit_aws_keys_wipe(&keys);
	return st;
}

enum tacit_status tacit_kms_send(struct tacit_kms *kms, const struct tacit_kms_message *message,
				 struct tacit_error *err)
{
	uint64_t most = kms->options.deadline_ms ? kms->options.deadline_ms : DEADLINE_MS;
	struct try t = { .deadline = tacit_clock_ms() + most };
	enum tacit_status st;

	do {
		st = send_with_keys(kms, message, &t, err);
	} while (st == TACIT_OK && kms->refusal.status && try_again(kms, &t));
	return st;
}
