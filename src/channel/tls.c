/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/tls.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/compiler.h"
#include "crypto/hash.h"

#define WHERE "channel.tls"

static const char SUITES[] =
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/* [RFC 7301 3.1] one name with its length before it */
static const uint8_t ALPN[] = { 8, 'h', 't', 't', 'p', '/', '1', '.', '1' };

static void free_ctx(SSL_CTX **ctx)
{
	SSL_CTX_free(*ctx);
}

static void free_cert(X509 **cert)
{
	X509_free(*cert);
}

static void free_der(unsigned char **der)
{
	OPENSSL_free(*der);
}

static enum tacit_status fail_as(enum tacit_status status, struct tacit_error *err,
				 const char *what)
{
	char reason[96];

	ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
	ERR_clear_error();
	return tacit_fail(err, status, WHERE, 0, "%s: %s", what, reason);
}

static enum tacit_status fail_tls(struct tacit_error *err, const char *what)
{
	return fail_as(TACIT_INTERNAL, err, what);
}

static enum tacit_status configure(SSL_CTX *ctx, struct tacit_error *err)
{
	char groups[] = "X25519:P-256"; /* the library's macro takes it as not const */

	/* Buffers go back between records: an idle connection costs a third. Partial writes from
	 * a buffer that may move are what the event loop does. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(ctx, SUITES) != 1 ||
	    SSL_CTX_set1_groups_list(ctx, groups) != 1 || SSL_CTX_set_max_early_data(ctx, 0) != 1)
		return fail_tls(err, "the TLS library refuses the settings");
	return TACIT_OK;
}

enum tacit_status tacit_tls_client_configure(SSL_CTX *ctx, struct tacit_error *err)
{
	enum tacit_status st = configure(ctx, err);

	if (st != TACIT_OK)
		return st;
	if (SSL_CTX_set_alpn_protos(ctx, ALPN, sizeof(ALPN)) != 0)
		return fail_tls(err, "the TLS library refuses the protocol name");
	return TACIT_OK;
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		       const unsigned char *in, unsigned in_len, void *user)
{
	(void)ssl;
	(void)user;
	for (size_t at = 0; at < in_len && in[at] < in_len - at; at += (size_t)in[at] + 1) {
		if (in[at] == ALPN[0] && memcmp(in + at + 1, ALPN + 1, ALPN[0]) == 0) {
			*out = in + at + 1;
			*out_len = ALPN[0];
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static enum tacit_status new_server(SSL_CTX **ret, struct tacit_error *err)
{
	SSL_CTX *ctx TACIT_CLEANUP(free_ctx) = SSL_CTX_new(TLS_server_method());

	if (!ctx)
		return fail_tls(err, "cannot make a TLS context");
	enum tacit_status st = configure(ctx, err);
	if (st != TACIT_OK)
		return st;
	SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
	/* Tickets hold the session sealed under a key of this boot, so that resuming costs the
	 * server no memory. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	if (SSL_CTX_set_num_tickets(ctx, 1) != 1)
		return fail_tls(err, "the TLS library refuses the settings");
	*ret = ctx;
	ctx = NULL;
	return TACIT_OK;
}

enum tacit_status tacit_tls_server_new(const struct tacit_identity *identity, SSL_CTX **ret,
				       struct tacit_error *err)
{
	SSL_CTX *ctx TACIT_CLEANUP(free_ctx) = NULL;
	enum tacit_status st = new_server(&ctx, err);

	if (st != TACIT_OK)
		return st;
	if (SSL_CTX_use_certificate(ctx, identity->certificate) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, tacit_key_native(identity->tls_key)) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return fail_tls(err, "the TLS library refuses the identity");
	*ret = ctx;
	ctx = NULL;
	return TACIT_OK;
}

/* The library would ask the terminal. */
static int no_passphrase(char *room, int size, int writing, void *user)
{
	(void)room;
	(void)size;
	(void)writing;
	(void)user;
	return -1;
}

enum tacit_status tacit_tls_server_files(const char *certificate, const char *key, SSL_CTX **ret,
					 struct tacit_error *err)
{
	SSL_CTX *ctx TACIT_CLEANUP(free_ctx) = NULL;
	enum tacit_status st = new_server(&ctx, err);

	if (st != TACIT_OK)
		return st;
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
		return fail_as(TACIT_FORMAT, err, "cannot use the certificate");
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return fail_as(TACIT_FORMAT, err, "cannot use the private key");
	*ret = ctx;
	ctx = NULL;
	return TACIT_OK;
}

enum tacit_status tacit_tls_peer_spki(const SSL *ssl, uint8_t ret[32], struct tacit_error *err)
{
	unsigned char *der TACIT_CLEANUP(free_der) = NULL;

	if (!SSL_is_init_finished(ssl))
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "the handshake is not done");
	X509 *cert TACIT_CLEANUP(free_cert) = SSL_get1_peer_certificate(ssl);
	if (!cert)
		return tacit_fail(err, TACIT_PEER, WHERE, 0, "the server showed no certificate");
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	if (len <= 0)
		return fail_tls(err, "cannot encode the server's key");
	return tacit_hash(TACIT_SHA256, tacit_slice_of(der, (size_t)len), ret, err);
}
