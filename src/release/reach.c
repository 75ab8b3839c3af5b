/* SPDX-License-Identifier: Apache-2.0 */
#include "release/reach.h"

#include <openssl/ssl.h>

#include "sys/bridge.h"

#define CONNECT_MS 10000

/* Nobody connects there: see open_relay. */
#define NOWHERE "http://127.0.0.1:1"

static uint64_t connect_ms(const struct tacit_reach *reach)
{
	return reach->connect_ms ? reach->connect_ms : CONNECT_MS;
}

static curl_socket_t open_relay(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct tacit_reach *reach = user;

	(void)purpose;
	return tacit_bridge_socket(&reach->relay, (unsigned)connect_ms(reach), address, NULL);
}

/* libcurl would write session keys to the file that SSLKEYLOGFILE names. */
static CURLcode set_up_tls(CURL *easy, void *native, void *user)
{
	(void)easy;
	(void)user;
	SSL_CTX_set_keylog_callback(native, NULL);
	return CURLE_OK;
}

static unsigned set_always(CURL *e, const struct tacit_reach *reach, const char *protocol)
{
	const struct tacit_curl *curl = tacit_curl();
	unsigned c = CURLE_OK;

	c |= curl->easy_setopt(e, CURLOPT_PROTOCOLS_STR, protocol);
	c |= curl->easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, protocol);
	c |= curl->easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	c |= curl->easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	c |= curl->easy_setopt(e, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	c |= curl->easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	c |= curl->easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	c |= curl->easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	c |= curl->easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	c |= curl->easy_setopt(e, CURLOPT_USERAGENT, "tacit/" TACIT_VERSION);
	c |= curl->easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms(reach));
	/* Straight, whatever the environment says about proxies. */
	c |= curl->easy_setopt(e, CURLOPT_PROXY, "");
	c |= curl->easy_setopt(e, CURLOPT_NOPROXY, "*");
	return c;
}

static unsigned set_tls(CURL *e, const struct tacit_reach *reach)
{
	const struct tacit_curl *curl = tacit_curl();
	unsigned c = CURLE_OK;

	c |= curl->easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	c |= curl->easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	c |= curl->easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	c |= curl->easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, set_up_tls);
	if (reach->ca_file) {
		c |= curl->easy_setopt(e, CURLOPT_CAINFO, reach->ca_file);
		c |= curl->easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
	return c;
}

static unsigned set_relay_socket(CURL *e, const struct tacit_reach *reach)
{
	const struct tacit_curl *curl = tacit_curl();
	unsigned c = CURLE_OK;

	c |= curl->easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_relay);
	c |= curl->easy_setopt(e, CURLOPT_OPENSOCKETDATA, (void *)(uintptr_t)reach);
	return c;
}

static unsigned set_way_out(CURL *e, const struct tacit_reach *reach)
{
	const struct tacit_curl *curl = tacit_curl();
	unsigned c = CURLE_OK;

	if (!reach->relayed)
		return c;
	c |= set_relay_socket(e, reach);
	c |= curl->easy_setopt(e, CURLOPT_PROXY, NOWHERE);
	c |= curl->easy_setopt(e, CURLOPT_NOPROXY, "");
	c |= curl->easy_setopt(e, CURLOPT_HTTPPROXYTUNNEL, 1L);
	c |= curl->easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	return c;
}

bool tacit_reach_apply(CURL *easy, const struct tacit_reach *reach)
{
	return (set_always(easy, reach, "https") | set_tls(easy, reach) |
		set_way_out(easy, reach)) == CURLE_OK;
}

bool tacit_reach_apply_plain(CURL *easy, const struct tacit_reach *reach)
{
	return (set_always(easy, reach, "http") | set_way_out(easy, reach)) == CURLE_OK;
}

bool tacit_reach_apply_relay(CURL *easy, const struct tacit_reach *reach)
{
	return reach->relayed &&
	       (set_always(easy, reach, "http") | set_relay_socket(easy, reach)) == CURLE_OK;
}

enum tacit_status tacit_reach_failed(CURL *easy, CURLcode code, const char *message,
				     const char *where, struct tacit_error *err)
{
	const struct tacit_curl *curl = tacit_curl();
	char shown[128];
	long answered = 0;

	(void)curl->easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &answered);
	if (answered == 403)
		return tacit_fail(err, TACIT_POLICY, where, 0,
				  "the relay does not let us out to there: its --allow lacks it");
	if (answered >= 300)
		return tacit_fail(err, TACIT_PEER, where, 0,
				  "the relay cannot get there: it answers %ld", answered);
	tacit_escape(shown, sizeof(shown),
		     tacit_slice_str(message && message[0] ? message : curl->easy_strerror(code)));
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return tacit_fail(err, TACIT_CHAIN, where, 0, "%s", shown);
	/* A file of ours, not an answer. */
	if (code == CURLE_SSL_CACERT_BADFILE)
		return tacit_fail(err, TACIT_IO, where, 0, "%s", shown);
	return tacit_fail(err, TACIT_PEER, where, 0, "%s", shown);
}
