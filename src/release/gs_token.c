/* SPDX-License-Identifier: Apache-2.0 */
#include "release/gs_token.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "release/aws_credentials.h"
#include "sys/clock.h"
#include "sys/fd.h"

#define WHERE     "gs.token"
#define PATH      "/computeMetadata/v1/instance/service-accounts/default/token"
#define FLAVOR    "Metadata-Flavor: Google"
#define ANSWER_MS 10000L
#define SPARE_S   120 /* asked again when it ends sooner */

struct tacit_gs_token {
	struct tacit_gs_token_options options;
	pthread_mutex_t lock; /* over the rest */
	uint64_t until_ms;    /* of tacit_clock_ms(); 0: none is known */
	char token[TACIT_GS_TOKEN_MAX + 1];
};

enum tacit_status tacit_gs_token_new(const struct tacit_gs_token_options *options,
				     struct tacit_gs_token **ret, struct tacit_error *err)
{
	struct tacit_gs_token *who;

	if (options->metadata && tacit_aws_place_check(options->metadata, err) != TACIT_OK)
		return TACIT_USAGE;
	who = calloc(1, sizeof(*who));
	if (!who)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	who->options = *options;
	pthread_mutex_init(&who->lock, NULL);
	*ret = who;
	return TACIT_OK;
}

void tacit_gs_token_free(struct tacit_gs_token *who)
{
	if (!who)
		return;
	pthread_mutex_destroy(&who->lock);
	tacit_wipe(who, sizeof(*who));
	free(who);
}

/* ---- a file --------------------------------------------------------------------------------- */

static enum tacit_status read_file(const char *path, char ret[static TACIT_GS_TOKEN_MAX + 1],
				   struct tacit_error *err)
{
	char text[TACIT_GS_TOKEN_MAX + 3];
	int fd TACIT_CLEANUP(tacit_fd_close) =
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (n < 0)
		return tacit_fail(err, TACIT_IO, WHERE, 0, "cannot read the token: %s",
				  strerror(errno));
	size_t len = (size_t)n;
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	bool good = tacit_gs_token_copy(tacit_slice_of(text, len), ret);
	tacit_wipe(text, sizeof(text));
	return good ? TACIT_OK
		    : tacit_fail(err, TACIT_FORMAT, WHERE, 0,
				 "the file has no bearer token, or more than one line");
}

/* ---- the metadata service ------------------------------------------------------------------- */

struct answer {
	size_t len;
	char message[CURL_ERROR_SIZE];
	uint8_t bytes[TACIT_GS_ANSWER_MAX];
};

static size_t take(char *bytes, size_t size, size_t count, void *user)
{
	struct answer *a = user;
	size_t len = size * count;

	if (len > sizeof(a->bytes) - a->len)
		return 0;
	memcpy(a->bytes + a->len, bytes, len);
	a->len += len;
	return len;
}

static void free_list(struct curl_slist **list)
{
	tacit_curl()->slist_free_all(*list);
}

static enum tacit_status ask_with(CURL *easy, const struct tacit_gs_token_options *o,
				  struct answer *answer, struct tacit_error *err)
{
	const struct tacit_curl *curl = tacit_curl();
	struct curl_slist *list TACIT_CLEANUP(free_list) = curl->slist_append(NULL, FLAVOR);
	char url[TACIT_AWS_METADATA_MAX + sizeof(PATH)];
	unsigned c = CURLE_OK;
	long status = 0;

	snprintf(url, sizeof(url), "%s%s", o->metadata ? o->metadata : TACIT_GS_METADATA, PATH);
	c |= curl->easy_setopt(easy, CURLOPT_URL, url);
	c |= curl->easy_setopt(easy, CURLOPT_HTTPHEADER, list);
	c |= curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, ANSWER_MS);
	c |= curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
	c |= curl->easy_setopt(easy, CURLOPT_WRITEDATA, answer);
	c |= curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, answer->message);
	if (!list || c != CURLE_OK || !tacit_reach_apply_plain(easy, o->reach))
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "this libcurl lacks what is needed");
	CURLcode code = curl->easy_perform(easy);
	(void)curl->easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
	if (code != CURLE_OK)
		return tacit_reach_failed(easy, code, answer->message, WHERE, err);
	(void)curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200)
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "the metadata service answers %ld",
				  status);
	return TACIT_OK;
}

static enum tacit_status ask_metadata(struct tacit_gs_token *who,
				      char ret[static TACIT_GS_TOKEN_MAX + 1],
				      uint64_t *ret_seconds, struct tacit_error *err)
{
	enum tacit_status st = tacit_curl_load(err);

	if (st != TACIT_OK)
		return st;
	struct answer *answer = calloc(1, sizeof(*answer));
	CURL *easy = tacit_curl()->easy_init();
	if (answer && easy)
		st = ask_with(easy, &who->options, answer, err);
	else
		st = tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	if (st == TACIT_OK)
		st = tacit_gs_token_parse(tacit_slice_of(answer->bytes, answer->len), ret,
					  ret_seconds, err);
	if (easy)
		tacit_curl()->easy_cleanup(easy);
	if (answer)
		tacit_wipe(answer, sizeof(*answer));
	free(answer);
	return st;
}

enum tacit_status tacit_gs_token_get(struct tacit_gs_token *who, bool anew,
				     char ret[static TACIT_GS_TOKEN_MAX + 1],
				     struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;
	uint64_t seconds = 0;

	if (who->options.file)
		return read_file(who->options.file, ret, err);
	pthread_mutex_lock(&who->lock);
	if (anew || tacit_clock_ms() >= who->until_ms) {
		st = ask_metadata(who, who->token, &seconds, err);
		/* One that ends soon is used once. */
		who->until_ms = st == TACIT_OK && seconds > SPARE_S
					? tacit_clock_ms() + (seconds - SPARE_S) * 1000
					: 0;
	}
	if (st == TACIT_OK)
		memcpy(ret, who->token, sizeof(who->token));
	pthread_mutex_unlock(&who->lock);
	return st;
}
