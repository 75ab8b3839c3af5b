/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CHANNEL_TLS_H
#define TACIT_CHANNEL_TLS_H

/*
 * The TLS settings of both ends of the attested channel: TLS 1.3 [RFC 8446] alone, X25519 and
 * P-256, AEAD suites alone, ALPN http/1.1, no early data (it can be replayed), resumption with
 * a fresh key exchange each time.
 *
 * No certificate authority has a say. The server's certificate is self-signed; what vouches for
 * its key is the evidence that binds tacit_tls_peer_spki(). A client that skips that check
 * talks to anybody.
 */

#include <openssl/ssl.h>

#include "channel/identity.h"

/* Applies the settings to the caller's own context, of a client (libcurl makes its own). */
TACIT_MUST_CHECK enum tacit_status tacit_tls_client_configure(SSL_CTX *ctx,
							      struct tacit_error *err);

/* A server's context with the identity's key and certificate. Owns: SSL_CTX_free. */
TACIT_MUST_CHECK enum tacit_status tacit_tls_server_new(const struct tacit_identity *identity,
							SSL_CTX **ret, struct tacit_error *err);

/*
 * The same with a certificate chain and a key from PEM files, for a server whose clients know it
 * by its certificate. A key under a passphrase is refused. Errors: TACIT_FORMAT when they cannot be
 * used. Owns: SSL_CTX_free.
 */
TACIT_MUST_CHECK enum tacit_status tacit_tls_server_files(const char *certificate, const char *key,
							  SSL_CTX **ret, struct tacit_error *err);

/*
 * SHA-256 of the SubjectPublicKeyInfo that the peer of this connection proved to hold, resumed
 * sessions included. Errors: TACIT_PEER when the handshake is not done or gave no certificate.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_tls_peer_spki(const SSL *ssl, uint8_t ret[TACIT_AT_LEAST(32)], struct tacit_error *err);

#endif
