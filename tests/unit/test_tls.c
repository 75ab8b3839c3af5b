/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/tls.h"

#include <openssl/err.h>

#include "../tap.h"

/* A client and a server joined by memory. */
struct pair {
	SSL *client, *server;
};

static struct pair join(SSL_CTX *client, SSL_CTX *server)
{
	struct pair p = { SSL_new(client), SSL_new(server) };
	BIO *a, *b;

	BIO_new_bio_pair(&a, 0, &b, 0);
	SSL_set_bio(p.client, a, a);
	SSL_set_bio(p.server, b, b);
	SSL_set_connect_state(p.client);
	SSL_set_accept_state(p.server);
	return p;
}

/* Both sides in turn, and the tickets that come after. */
static bool shake(struct pair *p)
{
	char byte;

	for (int i = 0; i < 10; i++) {
		SSL_do_handshake(p->client);
		SSL_do_handshake(p->server);
	}
	bool ready = SSL_is_init_finished(p->client) && SSL_is_init_finished(p->server);
	if (ready && SSL_write(p->server, "x", 1) == 1)
		ready = SSL_read(p->client, &byte, 1) == 1;
	ERR_clear_error();
	return ready;
}

static void part(struct pair *p)
{
	SSL_shutdown(p->client); /* a session of a connection cut off is not resumed */
	SSL_free(p->client);
	SSL_free(p->server);
	ERR_clear_error();
}

static SSL_CTX *new_client(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (tacit_tls_client_configure(ctx, NULL) != TACIT_OK)
		exit(70);
	return ctx;
}

static void test_plain(SSL_CTX *server, const struct tacit_identity *id)
{
	SSL_CTX *client = new_client();
	struct pair p = join(client, server);
	uint8_t spki[32] = { 0 };
	const unsigned char *alpn = NULL;
	unsigned len = 0;

	is_status(tacit_tls_peer_spki(p.client, spki, NULL), TACIT_PEER,
		  "no key before the handshake");
	ok(shake(&p), "our client and our server agree");
	ok(SSL_version(p.client) == TLS1_3_VERSION, "on TLS 1.3");
	is_status(tacit_tls_peer_spki(p.client, spki, NULL), TACIT_OK, "the peer's key");
	is_slice(TACIT_SLICE_ARRAY(spki), TACIT_SLICE_ARRAY(id->tls_spki), "is the identity's");
	is_status(tacit_tls_peer_spki(p.server, spki, NULL), TACIT_PEER, "a client shows none");
	SSL_get0_alpn_selected(p.client, &alpn, &len);
	is_slice(tacit_slice_of(alpn, len), tacit_slice_str("http/1.1"), "ALPN");
	ok(SSL_get_negotiated_group(p.client) == NID_X25519, "X25519 comes first");
	ok(SSL_renegotiate(p.client) == 0, "no renegotiation");

	SSL_SESSION *session = SSL_get1_session(p.client);
	ok(SSL_SESSION_is_resumable(session), "a ticket came");
	ok(SSL_SESSION_get_max_early_data(session) == 0, "without early data");
	part(&p);
	p = join(client, server);
	SSL_set_session(p.client, session);
	is_status(tacit_tls_peer_spki(p.client, spki, NULL), TACIT_PEER,
		  "a session offered says nothing about the peer yet");
	memset(spki, 0, sizeof(spki));
	ok(shake(&p) && SSL_session_reused(p.client), "the session resumes");
	is_status(tacit_tls_peer_spki(p.client, spki, NULL), TACIT_OK, "a resumed one has the key");
	is_slice(TACIT_SLICE_ARRAY(spki), TACIT_SLICE_ARRAY(id->tls_spki), "the same");
	ok(SSL_get_negotiated_group(p.client) == NID_X25519, "with a fresh key exchange");
	part(&p);
	SSL_SESSION_free(session);
	SSL_CTX_free(client);
}

struct odd_client {
	const char *name;
	int max_version;
	const char *suites, *groups, *alpn;
	bool agrees;
};

static const struct odd_client ODD[] = {
	{ "TLS 1.2", TLS1_2_VERSION, NULL, NULL, NULL, false },
	{ "AES-128-GCM", 0, "TLS_AES_128_GCM_SHA256", NULL, NULL, true },
	{ "AES-256-GCM", 0, "TLS_AES_256_GCM_SHA384", NULL, NULL, true },
	{ "ChaCha20-Poly1305", 0, "TLS_CHACHA20_POLY1305_SHA256", NULL, NULL, true },
	{ "AES-128-CCM", 0, "TLS_AES_128_CCM_SHA256", NULL, NULL, false },
	{ "P-256", 0, NULL, "P-256", NULL, true },
	{ "P-384", 0, NULL, "P-384", NULL, false },
	{ "X448", 0, NULL, "X448", NULL, false },
	{ "h2", 0, NULL, NULL, "\x02h2", false },
	{ "h2 and http/1.1", 0, NULL, NULL, "\x02h2\x08http/1.1", true },
	{ "http/1.0", 0, NULL, NULL, "\x08http/1.0", false },
};

static void test_odd(SSL_CTX *server)
{
	for (size_t i = 0; i < sizeof(ODD) / sizeof(ODD[0]); i++) {
		const struct odd_client *odd = &ODD[i];
		SSL_CTX *client = SSL_CTX_new(TLS_client_method());
		char groups[32];

		if (odd->max_version)
			SSL_CTX_set_max_proto_version(client, odd->max_version);
		if (odd->suites)
			SSL_CTX_set_ciphersuites(client, odd->suites);
		if (odd->groups) {
			snprintf(groups, sizeof(groups), "%s", odd->groups);
			SSL_CTX_set1_groups_list(client, groups);
		}
		if (odd->alpn)
			SSL_CTX_set_alpn_protos(client, (const unsigned char *)odd->alpn,
						(unsigned)strlen(odd->alpn));
		struct pair p = join(client, server);
		ok(shake(&p) == odd->agrees, "a client with %s is %s", odd->name,
		   odd->agrees ? "served" : "refused");
		part(&p);
		SSL_CTX_free(client);
	}
}

/* Our client with servers that would take less. */
static void test_weak_servers(const struct tacit_identity *id)
{
	for (int weak = 0; weak < 3; weak++) {
		SSL_CTX *client = new_client(), *server = SSL_CTX_new(TLS_server_method());
		char groups[] = "P-384";

		SSL_CTX_use_certificate(server, id->certificate);
		SSL_CTX_use_PrivateKey(server, tacit_key_native(id->tls_key));
		if (weak == 1)
			SSL_CTX_set_max_proto_version(server, TLS1_2_VERSION);
		if (weak == 2)
			SSL_CTX_set1_groups_list(server, groups);
		struct pair p = join(client, server);
		ok(shake(&p) == (weak == 0), "a server %s",
		   weak == 0   ? "as it should be"
		   : weak == 1 ? "of TLS 1.2"
			       : "with P-384 alone");
		part(&p);
		SSL_CTX_free(client);
		SSL_CTX_free(server);
	}
}

int main(void)
{
	struct tacit_identity id = { 0 };
	struct tacit_error err = { 0 };
	SSL_CTX *server = NULL;

	if (!is_status(tacit_identity_init(&id, 1795000000, &err), TACIT_OK, "an identity") ||
	    !is_status(tacit_tls_server_new(&id, &server, &err), TACIT_OK, "a server context"))
		return done();
	test_plain(server, &id);
	test_odd(server);
	test_weak_servers(&id);
	SSL_CTX_free(server);
	tacit_identity_done(&id);
	return done();
}
