/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The man in the middle: ends TLS with a key of its own and plays one trick per run. The stub's
 * root key is public, so it can make evidence and receipts that are right in everything but the
 * one thing under test. Every byte that it gets to read in plain goes to a log; a test looks
 * there for what must never arrive.
 *
 *     mim --mode MODE --listen ADDR --port-file FILE --log FILE [--upstream ADDR]
 *         [--model NAME] [--pcr BYTE]
 */

#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/bounds.h"
#include "base/writer.h"
#include "channel/tls.h"
#include "codec/cose.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "receipt/stream.h"
#include "sys/address.h"
#include "sys/clock.h"
#include "tee/stub/stub.h"

#define REQUEST_MAX (16u << 20)
#define NONCE_QUERY "/.well-known/tacit/evidence?nonce="

struct setup {
	const char *mode, *listen, *port_file, *log, *upstream, *model, *pcr;
	struct tacit_identity first, second;
	SSL_CTX *contexts[2];
	uint8_t doc_hash[32]; /* of the last evidence given out */
	unsigned connections, documents;
	unsigned long sequence;
	pthread_mutex_t lock;
	FILE *log_file;
};

static struct setup mim;

static _Noreturn void die(const char *what, const struct tacit_error *err)
{
	fprintf(stderr, "mim: %s: %s\n", what, err ? err->detail : "");
	exit(1);
}

static bool mode(const char *name)
{
	return strcmp(mim.mode, name) == 0;
}

static void must(enum tacit_status st, const char *what, const struct tacit_error *err)
{
	if (st != TACIT_OK)
		die(what, err);
}

/* ---- evidence ------------------------------------------------------------------------------ */

/* The same payload under another root's signature. */
static struct tacit_slice sign_again(struct tacit_slice evidence, struct tacit_mut room)
{
	static const uint8_t SEED[32] = "another root, not the stub's own";
	struct tacit_error err = { 0 };
	struct tacit_cose_sign1 message;
	struct tacit_key *key = NULL;
	struct tacit_slice to_sign, none = { NULL, 0 }, out = none;
	uint8_t structure[8192], signature[TACIT_SIGNATURE_MAX];
	struct writer w = wr_of(room);

	must(tacit_cose_sign1_parse(evidence, TACIT_CBOR_STRICT, &message, &err), "parse", &err);
	must(tacit_cose_sig_structure(message.protected_bytes, none, message.payload,
				      tacit_mut_of(structure, sizeof(structure)), &to_sign, &err),
	     "structure", &err);
	must(tacit_key_private(TACIT_ED25519, TACIT_SLICE_ARRAY(SEED), &key, &err), "key", &err);
	must(tacit_key_sign(key, to_sign, signature, &err), "sign", &err);
	tacit_key_free(key);
	tacit_cose_sign1_write(&w, message.protected_bytes, message.payload,
			       tacit_slice_of(signature, 64));
	must(wr_finish(&w, "mim", &out, &err), "write", &err);
	return out;
}

static int64_t lie_about_time(void)
{
	return mode("expired") ? -3600 : mode("future") ? 3600 : 0;
}

static struct tacit_slice make_evidence(struct tacit_slice nonce, struct tacit_mut room)
{
	struct tacit_error err = { 0 };
	struct tacit_binding binding = { 0 };
	uint8_t encoded[TACIT_BINDING_MAX];
	static uint8_t first_room[TACIT_STUB_MAX];
	struct tacit_stub_doc doc = { .nonce = nonce };
	struct tacit_slice out = { NULL, 0 };

	tacit_identity_bind(&mim.first, &binding);
	binding.model_id = tacit_slice_str(mim.model);
	must(tacit_hash(TACIT_SHA256, binding.model_id, binding.model_hash, &err), "hash", &err);
	memset(binding.config_hash, 0x33, 32);
	memcpy(binding.nonce, nonce.ptr, 32);
	if (mode("replay")) { /* an answer to a question that somebody asked before */
		static uint8_t old[32] = { 1, 2, 3 };

		memcpy(binding.nonce, old, 32);
		doc.nonce = TACIT_SLICE_ARRAY(old);
	}
	must(tacit_binding_encode(&binding, tacit_mut_of(encoded, sizeof(encoded)), &doc.user_data,
				  &err),
	     "binding", &err);
	doc.timestamp_ms = (uint64_t)(tacit_clock_wall() + lie_about_time()) * 1000;
	memset(doc.pcr, atoi(mim.pcr), sizeof(doc.pcr));
	doc.debug = mode("debug") || (mode("turns") && mim.documents++ > 0);
	if (!mode("wrong-root")) {
		must(tacit_stub_encode(&doc, room, &out, &err), "evidence", &err);
		return out;
	}
	must(tacit_stub_encode(&doc, tacit_mut_of(first_room, sizeof(first_room)), &out, &err),
	     "evidence", &err);
	return sign_again(out, room);
}

/* ---- upstream: genuine evidence, fetched with the client's own nonce ------------------------ */

static SSL *dial(void)
{
	struct tacit_error err = { 0 };
	struct tacit_address address;
	int fd = -1;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	must(tacit_address_parse(mim.upstream, &address, &err), "upstream", &err);
	must(tacit_address_connect(&address, 5000, &fd, &err), "upstream", &err);
	must(tacit_tls_client_configure(ctx, &err), "tls", &err);
	SSL *ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1)
		die("upstream handshake", NULL);
	return ssl;
}

static struct tacit_slice fetch_evidence(struct tacit_slice nonce_text, struct tacit_mut room)
{
	SSL *ssl = dial();
	char request[512];
	size_t len = 0;
	int n = snprintf(request, sizeof(request),
			 "GET " NONCE_QUERY "%.*s HTTP/1.1\r\nHost: localhost\r\n"
			 "Connection: close\r\n\r\n",
			 (int)nonce_text.len, (const char *)nonce_text.ptr);

	if (SSL_write(ssl, request, n) != n)
		die("upstream write", NULL);
	for (int got; len < room.len; len += (size_t)got) {
		got = SSL_read(ssl, room.ptr + len, (int)(room.len - len));
		if (got <= 0)
			break;
	}
	close(SSL_get_fd(ssl));
	SSL_free(ssl);
	uint8_t *body = memmem(room.ptr, len, "\r\n\r\n", 4);
	if (!body)
		die("upstream answer", NULL);
	body += 4;
	return tacit_slice_of(body, len - (size_t)(body - room.ptr));
}

/* ---- receipts -------------------------------------------------------------------------------- */

struct question {
	char method[8];
	char path[512];
	struct tacit_slice body;
	uint8_t nonce[64];
	size_t nonce_len;
	uint8_t doc_hash[32];
	bool stream;
	bool closes; /* the client asked for the connection to end */
};

static void hash_of(struct tacit_slice in, uint8_t *ret)
{
	struct tacit_error err = { 0 };

	must(tacit_hash(TACIT_SHA256, in, ret, &err), "hash", &err);
}

static struct tacit_slice make_receipt(const struct question *q, struct tacit_slice answer,
				       struct tacit_mut room)
{
	static const uint8_t SEED[32] = "a receipt key that nobody vouche";
	struct tacit_error err = { 0 };
	struct tacit_receipt_claims c = { 0 };
	struct tacit_receipt_key *other = NULL;
	uint8_t pcr[48];
	struct tacit_slice out;

	memset(pcr, atoi(mim.pcr), sizeof(pcr));
	c.iss = tacit_slice_str("tacit");
	c.iat = (uint64_t)tacit_clock_wall() - (mode("receipt-old") ? 7200 : 0);
	must(tacit_random(tacit_mut_of(c.cti, sizeof(c.cti)), &err), "random", &err);
	c.eat_nonce = tacit_slice_of(q->nonce, q->nonce_len);
	c.model_id = tacit_slice_str(mim.model);
	c.model_version = tacit_slice_str("1");
	hash_of(c.model_id, c.model_hash);
	hash_of(q->body, c.request_hash);
	hash_of(answer, c.response_hash);
	memcpy(c.attestation_doc_hash, q->doc_hash, 32);
	for (size_t i = 0; i < 3; i++)
		c.measurements[i] = TACIT_SLICE_ARRAY(pcr);
	c.policy_version = tacit_slice_str("1");
	pthread_mutex_lock(&mim.lock);
	c.sequence_number = ++mim.sequence;
	pthread_mutex_unlock(&mim.lock);
	if (mode("tamper-request"))
		c.request_hash[0] ^= 1;
	if (mode("receipt-nonce"))
		c.eat_nonce = tacit_slice_str("an earlier nonce");
	if (mode("receipt-doc"))
		c.attestation_doc_hash[0] ^= 1;
	if (mode("receipt-model"))
		c.model_hash[0] ^= 1;
	if (mode("receipt-measurement"))
		pcr[0] ^= 1;
	if (mode("receipt-key"))
		must(tacit_receipt_key_new(TACIT_SLICE_ARRAY(SEED), &other, &err), "key", &err);
	must(tacit_receipt_issue(&c, other ? other : mim.first.receipt_key, room, &out, &err),
	     "receipt", &err);
	tacit_receipt_key_free(other);
	return out;
}

static void note(const char *what, struct tacit_slice bytes)
{
	pthread_mutex_lock(&mim.lock);
	fprintf(mim.log_file, "%s ", what);
	fwrite(bytes.ptr, 1, bytes.len, mim.log_file);
	fputc('\n', mim.log_file);
	fflush(mim.log_file);
	pthread_mutex_unlock(&mim.lock);
}

/* ---- answers --------------------------------------------------------------------------------- */

static bool send_all(SSL *ssl, struct tacit_slice bytes)
{
	size_t at = 0;

	while (at < bytes.len) { /* the channel's settings allow partial writes */
		int n = SSL_write(ssl, bytes.ptr + at, (int)(bytes.len - at));

		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static bool send_chunk(SSL *ssl, struct tacit_slice bytes)
{
	char head[32];

	snprintf(head, sizeof(head), "%zx\r\n", bytes.len);
	return send_all(ssl, tacit_slice_str(head)) && send_all(ssl, bytes) &&
	       send_all(ssl, tacit_slice_str("\r\n"));
}

static bool send_whole(SSL *ssl, const char *status, const char *extra, struct tacit_slice body)
{
	char head[8192];

	snprintf(head, sizeof(head),
		 "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n",
		 status, body.len, extra);
	return send_all(ssl, tacit_slice_str(head)) && send_all(ssl, body);
}

static const char *const EVENTS[] = {
	"data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","
	"\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
	"\"finish_reason\":null}]}\n\n",
	"data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","
	"\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello \\u001b[31m\"},"
	"\"finish_reason\":null}]}\n\n",
	"data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","
	"\"choices\":[{\"index\":0,\"delta\":{\"content\":\"world\"},\"finish_reason\":null}]}\n\n",
	"data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","
	"\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
};

#define EVENT_COUNT (sizeof(EVENTS) / sizeof(EVENTS[0]))

/* The last lines of a stream, with what the mode does to them. */
static bool send_tail(SSL *ssl, const struct question *q, struct tacit_slice covered)
{
	uint8_t receipt[4096], room[8192];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));

	struct tacit_slice r = make_receipt(q, covered, tacit_mut_of(receipt, sizeof(receipt)));
	if (mode("receipt-garbage"))
		r = tacit_slice_str("this is no receipt at all");
	if (!mode("drop-receipt"))
		tacit_stream_put_receipt(&w, r);
	if (mode("late-bytes"))
		wr_text(&w, EVENTS[2]);
	wr_text(&w, "data: [DONE]\n\n");
	return send_chunk(ssl, tacit_slice_of(room, w.at)) &&
	       send_all(ssl, tacit_slice_str("0\r\n\r\n"));
}

/* Stops in the middle of an answer and notes when the client goes away. */
static void wait_for_gone(SSL *ssl)
{
	struct pollfd gone = { .fd = SSL_get_fd(ssl), .events = POLLIN | POLLRDHUP };

	note(poll(&gone, 1, 30000) == 1 ? "GONE" : "STAYED", tacit_slice_str(""));
}

/* A stream of large events, for readers that do not keep up. */
static bool send_big(SSL *ssl, const struct question *q)
{
	size_t line = 200000, count = 40;
	char *all = malloc(line * count + 1);
	bool sent = all != NULL;

	for (size_t i = 0; sent && i < count; i++) {
		char *at = all + i * line;

		memset(at, 'a' + (int)(i % 26), line);
		memcpy(at, "data: \"", 7);
		memcpy(at + line - 3, "\"\n\n", 3);
		sent = send_chunk(ssl, tacit_slice_of(at, line));
	}
	sent = sent && send_tail(ssl, q, tacit_slice_of(all, line * count));
	free(all);
	return sent;
}

static bool send_stream(SSL *ssl, const struct question *q)
{
	static const char HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
				   "Transfer-Encoding: chunked\r\n\r\n";
	char covered[4096] = "";

	if (!send_all(ssl, tacit_slice_str(HEAD)))
		return false;
	if (mode("big"))
		return send_big(ssl, q);
	for (size_t i = 0; i < EVENT_COUNT; i++) {
		char event[1024];

		strcat(covered, EVENTS[i]);
		snprintf(event, sizeof(event), "%s", EVENTS[i]);
		if (mode("tamper-answer") && strstr(event, "world"))
			memcpy(strstr(event, "world"), "words", 5);
		if (mode("cut") && i == 2)
			return false;
		if (mode("cut-clean") && i == 2)
			return send_all(ssl, tacit_slice_str("0\r\n\r\n")) && false;
		if (!send_chunk(ssl, tacit_slice_str(event)))
			return false;
	}
	if (mode("slow"))
		wait_for_gone(ssl);
	return send_tail(ssl, q, tacit_slice_str(covered));
}

static const char *whole_body(const struct question *q)
{
	if (strstr(q->path, "embeddings"))
		return "{\"object\":\"list\",\"model\":\"m\",\"data\":[{\"object\":\"embedding\","
		       "\"index\":0,\"embedding\":[0.25,-0.5,1.0]}],\"usage\":"
		       "{\"prompt_tokens\":1,\"total_tokens\":1}}";
	return "{\"id\":\"c1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\","
	       "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
	       "\"Hello world\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,"
	       "\"completion_tokens\":2,\"total_tokens\":3}}";
}

static bool send_answer(SSL *ssl, const struct question *q)
{
	const char *body = whole_body(q);
	uint8_t receipt[2048];
	char text[2800], extra[8000], shown[1024];

	struct tacit_slice r =
		make_receipt(q, tacit_slice_str(body), tacit_mut_of(receipt, sizeof(receipt)));
	tacit_base64_encode(TACIT_BASE64URL, r, text);
	snprintf(extra, sizeof(extra), "Tacit-Receipt: %s\r\n%s%s%s", text,
		 mode("two-receipts") ? "Tacit-Receipt: " : "", mode("two-receipts") ? text : "",
		 mode("two-receipts") ? "\r\n" : "");
	snprintf(shown, sizeof(shown), "%s", body);
	if (mode("tamper-answer"))
		shown[strlen(shown) - 3] ^= 1;
	if (mode("drop-receipt"))
		extra[0] = '\0';
	return send_whole(ssl, "200 OK", extra, tacit_slice_str(shown));
}

static bool send_flood(SSL *ssl)
{
	char line[1024];

	memset(line, 'a', sizeof(line));
	memcpy(line, "X-Flood: ", 9);
	memcpy(line + sizeof(line) - 3, "\r\n", 3);
	if (!send_all(ssl, tacit_slice_str("HTTP/1.1 200 OK\r\n")))
		return false;
	for (int i = 0; i < 200; i++) {
		if (!send_all(ssl, tacit_slice_str(line)))
			return false;
	}
	return send_all(ssl, tacit_slice_str("Content-Length: 0\r\n\r\n"));
}

static bool answer(SSL *ssl, const struct question *q)
{
	if (strcmp(q->method, "GET") == 0)
		return send_whole(ssl, "200 OK", "",
				  tacit_slice_str("{\"object\":\"list\",\"data\":[{\"id\":\"m\","
						  "\"object\":\"model\",\"created\":1,"
						  "\"owned_by\":\"mim\"}]}"));
	if (mode("silent")) {
		wait_for_gone(ssl);
		return false;
	}
	if (mode("unknown-evidence"))
		return send_whole(ssl, "409 Conflict", "",
				  tacit_slice_str("{\"error\":{\"message\":\"evidence unknown\","
						  "\"type\":\"tacit_error\",\"param\":null,"
						  "\"code\":\"evidence_unknown\"}}"));
	if (mode("bad-request"))
		return send_whole(ssl, "400 Bad Request", "",
				  tacit_slice_str("{\"error\":{\"message\":\"no such thing\","
						  "\"type\":\"invalid_request_error\","
						  "\"param\":null,\"code\":null}}"));
	if (mode("flood"))
		return send_flood(ssl);
	return q->stream ? send_stream(ssl, q) : send_answer(ssl, q);
}

/* What comes beside the evidence may not say anything else than the evidence. */
static const char *beside_evidence(void)
{
	if (mode("other-binding"))
		return "Tacit-Binding: oGA\r\n";
	if (mode("two-bindings"))
		return "Tacit-Binding: oGA\r\nTacit-Binding: oGA\r\n";
	if (mode("other-path")) /* leaf 0 of 2, beside a hash of zeros */
		return "Tacit-Nonce-Path: "
		       "AAAAAAAAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n";
	if (mode("short-path"))
		return "Tacit-Nonce-Path: AAAAAAAAAAI\r\n";
	if (mode("bad-path"))
		return "Tacit-Nonce-Path: AAAA=\r\n";
	return mode("bad-binding") ? "Tacit-Binding: !\r\n" : "";
}

static bool give_evidence(SSL *ssl, const struct question *q)
{
	static uint8_t room[1 << 20];
	uint8_t nonce[32];
	size_t len = 0;
	const char *query = q->path + strlen(NONCE_QUERY);
	struct tacit_slice text = tacit_slice_of(query, strcspn(query, "&"));
	struct tacit_slice evidence;

	pthread_mutex_lock(&mim.lock);
	if (mode("other-cert"))
		evidence = fetch_evidence(text, tacit_mut_of(room, sizeof(room)));
	else if (mode("garbage"))
		evidence = tacit_slice_str("{\"no\": \"evidence\"}");
	else if (tacit_base64_decode(TACIT_BASE64URL, text, tacit_mut_of(nonce, 32), &len) &&
		 len == 32)
		evidence =
			make_evidence(TACIT_SLICE_ARRAY(nonce), tacit_mut_of(room, sizeof(room)));
	else
		die("the nonce is not 32 bytes", NULL);
	hash_of(evidence, mim.doc_hash);
	bool sent = mode("no-evidence") ? send_whole(ssl, "404 Not Found", "", evidence)
					: send_whole(ssl, "200 OK", beside_evidence(), evidence);
	pthread_mutex_unlock(&mim.lock);
	return sent && !mode("swap") && !mode("closes") && !mode("other-cert");
}

/* ---- connections ----------------------------------------------------------------------------- */

static void field(const char *head, const char *name, char *ret, size_t size)
{
	const char *at = strcasestr(head, name);

	ret[0] = '\0';
	if (!at)
		return;
	at += strlen(name);
	snprintf(ret, size, "%.*s", (int)strcspn(at, "\r\n"), at);
}

/* One request: its head and body. False when the connection is over. */
static bool read_question(SSL *ssl, uint8_t *room, struct question *q)
{
	size_t len = 0, want = 0;
	char value[128];
	char *head_end = NULL;

	while (!head_end || len < want) {
		int n = SSL_read(ssl, room + len, (int)(REQUEST_MAX - len - 1));

		if (n <= 0)
			return false;
		note("BYTES", tacit_slice_of(room + len, (size_t)n));
		len += (size_t)n;
		room[len] = '\0';
		head_end = strstr((char *)room, "\r\n\r\n");
		if (head_end && !want) {
			field((char *)room, "\r\nContent-Length: ", value, sizeof(value));
			want = (size_t)(head_end + 4 - (char *)room) + strtoul(value, NULL, 10);
		}
	}
	memset(q, 0, sizeof(*q));
	q->body = tacit_slice_of(head_end + 4, len - (size_t)(head_end + 4 - (char *)room));
	if (sscanf((char *)room, "%7s %511s", q->method, q->path) != 2)
		return false;
	field((char *)room, "\r\nTacit-Nonce: ", value, sizeof(value));
	(void)!tacit_base64_decode(TACIT_BASE64URL, tacit_slice_str(value),
				   tacit_mut_of(q->nonce, sizeof(q->nonce)), &q->nonce_len);
	memcpy(q->doc_hash, mim.doc_hash, 32);
	field((char *)room, "\r\nConnection: ", value, sizeof(value));
	q->closes = strcasecmp(value, "close") == 0;
	q->stream = strstr(head_end, "\"stream\":true") || strstr(head_end, "\"stream\": true");
	return true;
}

static void serve(SSL *ssl)
{
	uint8_t *room = malloc(REQUEST_MAX);
	struct question q;

	note(SSL_session_reused(ssl) ? "RESUMED" : "NEW", tacit_slice_str(""));
	while (room && read_question(ssl, room, &q)) {
		bool more = strncmp(q.path, NONCE_QUERY, strlen(NONCE_QUERY)) == 0
				    ? give_evidence(ssl, &q)
				    : answer(ssl, &q);

		if (!more || q.closes)
			break;
	}
	free(room);
}

static void *connection(void *user)
{
	int fd = (int)(intptr_t)user;
	pthread_mutex_lock(&mim.lock);
	unsigned number = mim.connections++;
	pthread_mutex_unlock(&mim.lock);
	SSL *ssl = SSL_new(mim.contexts[mode("swap") && number > 0]);

	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		serve(ssl);
		if (!mode("cut"))
			SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	close(fd);
	return NULL;
}

static void set_up_tls(void)
{
	struct tacit_error err = { 0 };

	must(tacit_identity_init(&mim.first, tacit_clock_wall(), &err), "identity", &err);
	must(tacit_identity_init(&mim.second, tacit_clock_wall(), &err), "identity", &err);
	must(tacit_tls_server_new(&mim.first, &mim.contexts[0], &err), "tls", &err);
	must(tacit_tls_server_new(&mim.second, &mim.contexts[1], &err), "tls", &err);
	if (mode("tls12")) {
		SSL_CTX_set_min_proto_version(mim.contexts[0], TLS1_2_VERSION);
		SSL_CTX_set_max_proto_version(mim.contexts[0], TLS1_2_VERSION);
	}
}

static void parse(int argc, char **argv)
{
	const struct {
		const char *name;
		const char **value;
	} options[] = { { "--mode", &mim.mode },
			{ "--listen", &mim.listen },
			{ "--port-file", &mim.port_file },
			{ "--log", &mim.log },
			{ "--upstream", &mim.upstream },
			{ "--model", &mim.model },
			{ "--pcr", &mim.pcr } };

	mim.mode = "honest";
	mim.listen = "tcp:127.0.0.1:0";
	mim.model = "mim-model";
	mim.pcr = "17";
	for (int i = 1; i + 1 < argc; i += 2) {
		for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++) {
			if (strcmp(argv[i], options[k].name) == 0)
				*options[k].value = argv[i + 1];
		}
	}
	mim.log_file = fopen(mim.log ? mim.log : "/dev/null", "a");
	if (!mim.log_file)
		die("log", NULL);
}

static void tell_address(const struct tacit_address *bound)
{
	char text[TACIT_ADDRESS_TEXT], temporary[4096];

	if (!mim.port_file)
		return;
	snprintf(temporary, sizeof(temporary), "%s.tmp", mim.port_file);
	FILE *file = fopen(temporary, "w");
	if (!file)
		die("port file", NULL);
	fprintf(file, "%s\n", tacit_address_format(bound, text));
	fclose(file);
	rename(temporary, mim.port_file);
}

int main(int argc, char **argv)
{
	struct tacit_error err = { 0 };
	struct tacit_address address, bound;
	int fd = -1;

	signal(SIGPIPE, SIG_IGN);
	pthread_mutex_init(&mim.lock, NULL);
	parse(argc, argv);
	set_up_tls();
	must(tacit_address_parse(mim.listen, &address, &err), "listen", &err);
	must(tacit_address_listen(&address, &fd, &bound, &err), "listen", &err);
	tell_address(&bound);
	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		pthread_t thread;

		poll(&ready, 1, -1);
		int peer = accept(fd, NULL, NULL);
		if (peer < 0)
			continue;
		if (pthread_create(&thread, NULL, connection, (void *)(intptr_t)peer) == 0)
			pthread_detach(thread);
		else
			close(peer);
	}
}
