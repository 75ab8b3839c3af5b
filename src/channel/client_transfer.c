/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/client_inner.h"

#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>

#include "channel/tls.h"
#include "sys/bridge.h"
#include "sys/clock.h"

#define CONNECT_TIMEOUT_MS     10000L
#define ALERT_PROTOCOL_VERSION 70 /* [RFC 8446 6] */

/* Keeps the last alert of a handshake: libcurl's own words do not tell a downgrade apart. */
static void note_alert(const SSL *ssl, int where, int value)
{
	struct tacit_client *client = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if ((where & SSL_CB_ALERT) && client && !SSL_is_init_finished(ssl))
		client->alert = value & 0xff;
}

static CURLcode set_up_tls(CURL *easy, void *native, void *user)
{
	struct tacit_client *client = user;
	SSL_CTX *ctx = native;
	struct tacit_error err = { 0 };

	(void)easy;
	if (tacit_tls_client_configure(ctx, &err) != TACIT_OK)
		return CURLE_SSL_CONNECT_ERROR;
	SSL_CTX_set_app_data(ctx, client);
	SSL_CTX_set_info_callback(ctx, note_alert);
	/* libcurl would write session keys to the file that SSLKEYLOGFILE names. */
	SSL_CTX_set_keylog_callback(ctx, NULL);
	client->alert = 0;
	return CURLE_OK;
}

/* Looks at the connection that the request is about to go out on. */
static enum tacit_status look(struct transfer *t, struct tacit_error *err)
{
	struct curl_tlssessioninfo *info = NULL;

	if (tacit_curl()->easy_getinfo(t->easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info ||
	    info->backend != CURLSSLBACKEND_OPENSSL || !info->internals)
		return tacit_fail(err, TACIT_BINDING, "channel.tls", 0,
				  "the connection shows no TLS session");
	SSL *ssl = info->internals;
	if (SSL_version(ssl) != TLS1_3_VERSION || !SSL_is_init_finished(ssl))
		return tacit_fail(err, TACIT_BINDING, "channel.tls", 0,
				  "the connection is not TLS 1.3");
	return tacit_tls_peer_spki(ssl, t->spki, err);
}

/*
 * The gate. Every request passes here after the handshake and before its first byte, on new,
 * reused and resumed connections alike: a resumed session carries the certificate of the
 * connection that it came from, so its key is known here, too.
 */
static enum tacit_status judge(struct transfer *t, struct tacit_error *err)
{
	enum tacit_status st = look(t, err);

	if (st != TACIT_OK || t->asks_evidence)
		return st;
	if (!t->under || !t->under->verified)
		return tacit_fail(err, TACIT_INTERNAL, "channel.key", 0, "nothing is verified");
	if (!tacit_slice_eq(TACIT_SLICE_ARRAY(t->spki), TACIT_SLICE_ARRAY(t->under->spki)))
		return tacit_fail(err, TACIT_BINDING, "channel.key", 0,
				  "the connection shows another key than the evidence binds");
	if (!tacit_client_in_age(t->client, t->under))
		return tacit_fail(err, TACIT_BINDING, "channel.key", 0,
				  "the key was verified too long ago");
	return TACIT_OK;
}

static int gate(void *user, char *peer, char *local, int peer_port, int local_port)
{
	struct transfer *t = user;

	(void)peer, (void)local, (void)peer_port, (void)local_port;
	tacit_error_clear(&t->refused);
	t->passed = judge(t, &t->refused) == TACIT_OK;
	return t->passed ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static curl_socket_t open_vsock(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = user;
	struct tacit_error err = { 0 };
	curl_socket_t fd = tacit_bridge_socket(&t->client->server, (unsigned)CONNECT_TIMEOUT_MS,
					       address, &err);

	(void)purpose;
	if (fd == CURL_SOCKET_BAD)
		(void)tacit_fail(&t->refused, err.status, "channel.connect", 0, "%s", err.detail);
	return fd;
}

static bool set_vsock(struct transfer *t)
{
	CURL *e = t->easy;
	unsigned c = CURLE_OK;

	c |= tacit_curl()->easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_vsock);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
	return c == CURLE_OK;
}

/* Every setting takes effect or no request leaves. */
static bool set_transport(struct transfer *t)
{
	CURL *e = t->easy;
	const struct tacit_address *server = &t->client->server;
	unsigned c = CURLE_OK;

	/* Straight to the server, whatever the environment says about proxies. */
	c |= tacit_curl()->easy_setopt(e, CURLOPT_PROXY, "");
	c |= tacit_curl()->easy_setopt(e, CURLOPT_NOPROXY, "*");
	c |= tacit_curl()->easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
	c |= tacit_curl()->easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	c |= tacit_curl()->easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	/* Receipts cover the bytes as they were sent. */
	c |= tacit_curl()->easy_setopt(e, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	if (server->transport == TACIT_TRANSPORT_UNIX)
		c |= tacit_curl()->easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, server->path);
	if (server->transport == TACIT_TRANSPORT_VSOCK && !set_vsock(t))
		return false;
	return c == CURLE_OK;
}

static bool set_tls(struct transfer *t)
{
	CURL *e = t->easy;
	unsigned c = CURLE_OK;

	c |= tacit_curl()->easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
	/* Trust comes from the evidence. Without these libcurl would load every CA of the system.
	 */
	c |= tacit_curl()->easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_CAINFO, NULL);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_CAPATH, NULL);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, set_up_tls);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_SSL_CTX_DATA, t->client);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_SHARE, t->client->share);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_PREREQFUNCTION, gate);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_PREREQDATA, t);
	return c == CURLE_OK;
}

static bool set_limits(struct transfer *t)
{
	CURL *e = t->easy;
	unsigned c = CURLE_OK;

	c |= tacit_curl()->easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	/* Less than a byte a second for that long: no first byte, or a stall. */
	c |= tacit_curl()->easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)t->client->options.timeout);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_ERRORBUFFER, t->message);
	c |= tacit_curl()->easy_setopt(e, CURLOPT_PRIVATE, t);
	return c == CURLE_OK;
}

enum tacit_status tacit_client_transfer_init(struct transfer *transfer, struct tacit_client *client,
					     const char *url, struct tacit_error *err)
{
	transfer->client = client;
	transfer->easy = tacit_curl()->easy_init();
	if (!transfer->easy)
		return tacit_fail(err, TACIT_NOMEM, "channel", 0, "out of memory");
	if (!set_transport(transfer) || !set_tls(transfer) || !set_limits(transfer) ||
	    tacit_curl()->easy_setopt(transfer->easy, CURLOPT_URL, url) != CURLE_OK) {
		tacit_client_transfer_done(transfer);
		return tacit_fail(err, TACIT_UNSUPPORTED, "channel", 0,
				  "this libcurl (%s) lacks a setting that is needed",
				  tacit_curl()->version_info(CURLVERSION_NOW)->version);
	}
	return TACIT_OK;
}

bool tacit_client_transfer_header(struct transfer *transfer, const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(line))
		return false;
	struct curl_slist *longer = tacit_curl()->slist_append(transfer->headers, line);
	if (!longer)
		return false;
	transfer->headers = longer;
	return true;
}

enum tacit_status tacit_client_transfer_start(struct transfer *transfer, struct tacit_error *err)
{
	if (tacit_curl()->easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers) !=
		    CURLE_OK ||
	    tacit_curl()->multi_add_handle(transfer->client->multi, transfer->easy) != CURLM_OK)
		return tacit_fail(err, TACIT_NOMEM, "channel", 0, "cannot start a request");
	transfer->added = true;
	return TACIT_OK;
}

void tacit_client_transfer_done(struct transfer *transfer)
{
	if (transfer->added)
		tacit_curl()->multi_remove_handle(transfer->client->multi, transfer->easy);
	tacit_curl()->easy_cleanup(transfer->easy);
	tacit_curl()->slist_free_all(transfer->headers);
	transfer->added = false;
	transfer->easy = NULL;
	transfer->headers = NULL;
}

static enum tacit_status tls_error(const struct transfer *t, struct tacit_error *err)
{
	if (t->client->alert == ALERT_PROTOCOL_VERSION)
		return tacit_fail(err, TACIT_BINDING, "channel.tls", 0,
				  "the server does not speak TLS 1.3");
	return tacit_fail(err, TACIT_PEER, "channel.tls", 0, "the TLS handshake failed: %s",
			  t->message);
}

enum tacit_status tacit_client_transfer_error(const struct transfer *t, CURLcode code,
					      struct tacit_error *err)
{
	if (t->refused.status != TACIT_OK)
		return tacit_fail(err, t->refused.status, t->refused.where, 0, "%s",
				  t->refused.detail);
	if (code == CURLE_OUT_OF_MEMORY)
		return tacit_fail(err, TACIT_NOMEM, "channel", 0, "out of memory");
	if (code == CURLE_SSL_CONNECT_ERROR)
		return tls_error(t, err);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return tacit_fail(err, TACIT_PEER,
				  t->passed ? "channel.timeout" : "channel.connect", 0,
				  "the server did not answer in time");
	if (!t->passed)
		return tacit_fail(err, TACIT_PEER, "channel.connect", 0, "%s",
				  t->message[0] ? t->message : tacit_curl()->easy_strerror(code));
	return tacit_fail(err, TACIT_PEER, "channel.cut", 0, "%s",
			  t->message[0] ? t->message : tacit_curl()->easy_strerror(code));
}
