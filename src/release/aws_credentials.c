/* SPDX-License-Identifier: Apache-2.0 */
#include "release/aws_credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/compiler.h"
#include "sys/clock.h"
#include "sys/fd.h"

#define WHERE     "aws.credentials"
#define SPARE_S   300   /* fetched anew when they end sooner: what AWS's own clients take */
#define ANSWER_MS 10000 /* for the relay to say what it knows */

struct tacit_aws_credentials {
	struct tacit_aws_options options;
	pthread_mutex_t lock; /* over the rest */
	bool known;
	struct tacit_aws_keys keys;
};

enum tacit_status tacit_aws_credentials_new(const struct tacit_aws_options *options,
					    struct tacit_aws_credentials **ret,
					    struct tacit_error *err)
{
	struct tacit_aws_credentials *who = calloc(1, sizeof(*who));

	if (!who)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	who->options = *options;
	pthread_mutex_init(&who->lock, NULL);
	*ret = who;
	return TACIT_OK;
}

void tacit_aws_credentials_free(struct tacit_aws_credentials *who)
{
	if (!who)
		return;
	pthread_mutex_destroy(&who->lock);
	tacit_aws_keys_wipe(&who->keys);
	free(who);
}

/* ---- environment and files ------------------------------------------------------------------ */

static bool copy(const char *text, char *ret, size_t room)
{
	if (!text)
		return true;
	if (strlen(text) >= room)
		return false;
	memcpy(ret, text, strlen(text) + 1);
	return true;
}

static enum tacit_status read_environment(struct tacit_aws_keys *ret, struct tacit_error *err)
{
	const char *id = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY");
	const char *region = getenv("AWS_REGION");

	if (!id || !secret)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
	if (!copy(id, ret->access_key, sizeof(ret->access_key)) ||
	    !tacit_secret_init(&ret->secret_key, tacit_slice_str(secret)) ||
	    !copy(getenv("AWS_SESSION_TOKEN"), ret->token, sizeof(ret->token)) ||
	    !copy(region ? region : getenv("AWS_DEFAULT_REGION"), ret->region, sizeof(ret->region)))
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0,
				  "a value in the environment is longer than any key");
	return tacit_aws_keys_check(ret, err);
}

/* A file of keys, whole; `room` is wiped by the caller. */
static enum tacit_status read_whole(const char *path, struct tacit_mut room,
				    struct tacit_slice *ret, struct tacit_error *err)
{
	int fd TACIT_CLEANUP(tacit_fd_close) =
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t len = 0;

	if (fd < 0)
		return tacit_fail(err, TACIT_IO, WHERE, 0, "cannot read the file: %s",
				  strerror(errno));
	for (;;) {
		ssize_t n = read(fd, room.ptr + len, room.len - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return tacit_fail(err, TACIT_IO, WHERE, 0, "cannot read the file: %s",
					  strerror(errno));
		len += (size_t)n;
		if (n == 0)
			break;
		if (len == room.len)
			return tacit_fail(err, TACIT_LIMIT, WHERE, 0,
					  "the file is longer than %d bytes", TACIT_AWS_FILE_MAX);
	}
	*ret = tacit_slice_of(room.ptr, len);
	return TACIT_OK;
}

static enum tacit_status read_file(const struct tacit_aws_options *o, struct tacit_aws_keys *ret,
				   struct tacit_error *err)
{
	struct tacit_mut room = { malloc(TACIT_AWS_FILE_MAX + 1), TACIT_AWS_FILE_MAX + 1 };
	struct tacit_slice text = { NULL, 0 };

	if (!room.ptr)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	enum tacit_status st = read_whole(o->file, room, &text, err);
	if (st == TACIT_OK)
		st = tacit_aws_keys_parse_file(text, o->profile ? o->profile : "default", ret, err);
	tacit_wipe(room.ptr, room.len);
	free(room.ptr);
	return st;
}

/* ---- the relay ------------------------------------------------------------------------------ */

struct answer {
	size_t len;
	bool over;
	uint8_t bytes[TACIT_AWS_ANSWER_MAX];
};

static size_t take(char *bytes, size_t size, size_t count, void *user)
{
	struct answer *a = user;
	size_t len = size * count;

	if (len > sizeof(a->bytes) - a->len) {
		a->over = true;
		return 0;
	}
	memcpy(a->bytes + a->len, bytes, len);
	a->len += len;
	return len;
}

static enum tacit_status judge(CURL *easy, CURLcode code, const char *message,
			       const struct answer *answer, struct tacit_error *err)
{
	long status = 0;

	if (answer->over)
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0,
				  "the relay answers more than %d bytes", TACIT_AWS_ANSWER_MAX);
	if (code != CURLE_OK)
		return tacit_reach_failed(easy, code, message, WHERE, err);
	(void)tacit_curl()->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (status == 404 || status == 405)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the relay has none: it runs without --aws-credentials");
	if (status == 403)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the relay hands them out at vsock: and unix: alone");
	if (status == 503)
		return tacit_fail(err, TACIT_PEER, WHERE, 0,
				  "the relay has none yet: see its log about the metadata service");
	if (status != 200)
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "the relay answers %ld", status);
	return TACIT_OK;
}

static enum tacit_status ask_with(CURL *easy, const struct tacit_aws_options *o,
				  struct answer *answer, struct tacit_error *err)
{
	const struct tacit_curl *curl = tacit_curl();
	char message[CURL_ERROR_SIZE] = "";
	unsigned c = CURLE_OK;

	c |= curl->easy_setopt(easy, CURLOPT_URL, "http://127.0.0.1" TACIT_AWS_PATH);
	c |= curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
	c |= curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
	c |= curl->easy_setopt(easy, CURLOPT_WRITEDATA, answer);
	c |= curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, message);
	if (c != CURLE_OK || !tacit_reach_apply_relay(easy, o->reach))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "this libcurl lacks what is needed");
	CURLcode code = curl->easy_perform(easy);
	enum tacit_status st = judge(easy, code, message, answer, err);
	(void)curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
	return st;
}

static enum tacit_status ask_relay(const struct tacit_aws_options *o, struct tacit_aws_keys *ret,
				   struct tacit_error *err)
{
	enum tacit_status st = tacit_curl_load(err);

	if (st != TACIT_OK)
		return st;
	if (!o->reach || !o->reach->relayed)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "no relay was named");
	struct answer *answer = calloc(1, sizeof(*answer));
	CURL *easy = tacit_curl()->easy_init();
	if (answer && easy)
		st = ask_with(easy, o, answer, err);
	else
		st = tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	if (st == TACIT_OK)
		st = tacit_aws_keys_parse(tacit_slice_of(answer->bytes, answer->len), ret, err);
	if (easy)
		tacit_curl()->easy_cleanup(easy);
	if (answer)
		tacit_wipe(answer, sizeof(*answer));
	free(answer);
	return st;
}

/* ---- both ----------------------------------------------------------------------------------- */

static enum tacit_status fetch(const struct tacit_aws_options *o, struct tacit_aws_keys *ret,
			       struct tacit_error *err)
{
	switch (o->from) {
	case TACIT_AWS_ENVIRONMENT:
		return read_environment(ret, err);
	case TACIT_AWS_FILE:
		return read_file(o, ret, err);
	case TACIT_AWS_RELAY:
		return ask_relay(o, ret, err);
	}
	return tacit_fail(err, TACIT_INTERNAL, WHERE, 0, "no such place");
}

/* Whether keys hold for `spare` seconds from now. */
static bool holds(const struct tacit_aws_keys *keys, int64_t spare)
{
	return keys->expires == 0 || keys->expires - tacit_clock_wall() > spare;
}

/* With the lock held. Keys that still hold are better than none while nobody gives others. */
static enum tacit_status renew(struct tacit_aws_credentials *who, bool anew,
			       struct tacit_error *err)
{
	struct tacit_aws_keys keys = { .expires = 0 };
	struct tacit_error why = { 0 };
	enum tacit_status st = fetch(&who->options, &keys, &why);

	if (st == TACIT_OK && !holds(&keys, 0))
		st = tacit_fail(&why, TACIT_EXPIRED, WHERE, 0,
				"they have expired; is this machine's clock right?");
	if (st == TACIT_OK) {
		who->keys = keys;
		who->known = true;
	} else if (who->known && !anew && holds(&who->keys, 0)) {
		st = TACIT_OK;
	} else {
		st = tacit_fail(err, st, why.where, why.offset, "%s", why.detail);
	}
	tacit_aws_keys_wipe(&keys);
	return st;
}

enum tacit_status tacit_aws_credentials_get(struct tacit_aws_credentials *who, bool anew,
					    struct tacit_aws_keys *ret, struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;

	pthread_mutex_lock(&who->lock);
	if (anew || !who->known || !holds(&who->keys, SPARE_S))
		st = renew(who, anew, err);
	if (st == TACIT_OK)
		*ret = who->keys;
	pthread_mutex_unlock(&who->lock);
	return st;
}
