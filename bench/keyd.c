/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Releases of a broker per second, by clients that keep their connections: each one asks for
 * Decrypt with a document of its own, made and signed before the clock runs. Reads from standard
 * input
 *
 *     ACCESS-KEY SECRET KEY
 *     one document a line, base64
 *
 * and prints the releases, the seconds, and the median and worst time of one.
 *
 *     keyd PORT CONNECTIONS
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "bench.h"
#include "release/sigv4.h"

#define LINE_MAX_LEN 65536
#define REQUESTS_MAX 65536
#define THREADS_MAX  64

static const char *access_key, *secret, *key;
static unsigned short port;
static SSL_CTX *tls;

static void die(const char *what)
{
	fprintf(stderr, "keyd: %s\n", what);
	exit(5);
}

/* ---- requests ------------------------------------------------------------------------------- */

static void stamp(char text[17])
{
	time_t now = time(NULL);
	struct tm t;

	gmtime_r(&now, &t);
	strftime(text, 17, "%Y%m%dT%H%M%SZ", &t);
}

/* A whole request, signed. */
static char *make_request(const char *op, const char *body)
{
	char date[17], target[64], names[256], hex[TACIT_SIGV4_SIGNATURE_LEN + 1];
	uint8_t signing[32];
	struct tacit_error err = { TACIT_OK, "", 0, "" };
	struct tacit_slice listed;
	char *text = malloc(strlen(body) + 1024);

	stamp(date);
	snprintf(target, sizeof(target), "TrentService.%s", op);
	const struct tacit_sigv4_field fields[] = {
		{ tacit_slice_str("content-type"), tacit_slice_str("application/x-amz-json-1.1") },
		{ tacit_slice_str("host"), tacit_slice_str("localhost") },
		{ tacit_slice_str("x-amz-date"), tacit_slice_str(date) },
		{ tacit_slice_str("x-amz-target"), tacit_slice_str(target) },
	};
	const struct tacit_sigv4_request request = { .method = tacit_slice_str("POST"),
						     .path = tacit_slice_str("/"),
						     .fields = fields,
						     .field_count = TACIT_ARRAY_LEN(fields),
						     .body = tacit_slice_str(body) };
	const struct tacit_sigv4_scope scope = { tacit_slice_str(date),
						 tacit_slice_str("us-east-1"),
						 tacit_slice_str("kms") };
	if (!text ||
	    tacit_sigv4_names(&request, tacit_mut_of(names, sizeof(names)), &listed, &err) !=
		    TACIT_OK ||
	    tacit_sigv4_key(tacit_slice_str(secret), &scope, signing, &err) != TACIT_OK ||
	    tacit_sigv4_sign(&request, listed, &scope, signing, hex, &err) != TACIT_OK)
		die("cannot sign");
	snprintf(
		text, strlen(body) + 1024,
		"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.1\r\n"
		"x-amz-date: %s\r\nx-amz-target: %s\r\nauthorization: AWS4-HMAC-SHA256 "
		"Credential=%s/%.8s/us-east-1/kms/aws4_request, SignedHeaders=%.*s, "
		"Signature=%s\r\ncontent-length: %zu\r\n\r\n%s",
		date, target, access_key, date, (int)listed.len, (const char *)listed.ptr, hex,
		strlen(body), body);
	return text;
}

/* ---- connections ---------------------------------------------------------------------------- */

static SSL *connect_tls(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	SSL *ssl = SSL_new(tls);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("cannot connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!ssl || SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)
		die("no TLS");
	return ssl;
}

/* Sends one and reads the answer whole; its body is in `room`. */
static unsigned exchange(SSL *ssl, const char *request, char *room, size_t size)
{
	size_t at = 0, want = SIZE_MAX, len = strlen(request);

	if (SSL_write(ssl, request, (int)len) != (int)len)
		die("cannot send");
	while (at < want && at + 1 < size) {
		int n = SSL_read(ssl, room + at, (int)(size - 1 - at));

		if (n <= 0)
			die("the broker closed the connection");
		at += (size_t)n;
		room[at] = '\0';
		const char *end = strstr(room, "\r\n\r\n");
		const char *length = strcasestr(room, "content-length:");
		if (end && length)
			want = (size_t)(end - room) + 4 + strtoul(length + 15, NULL, 10);
	}
	return (unsigned)strtoul(room + 9, NULL, 10);
}

/* ---- load ----------------------------------------------------------------------------------- */

static char *requests[REQUESTS_MAX];
static double times[REQUESTS_MAX];
static size_t request_count, connections;

static void *load(void *user)
{
	size_t first = (size_t)(uintptr_t)user;
	SSL *ssl = connect_tls();
	char room[32768];

	for (size_t i = first; i < request_count; i += connections) {
		double start = bench_now();

		if (exchange(ssl, requests[i], room, sizeof(room)) != 200) {
			fprintf(stderr, "keyd: %.600s\n", room);
			exit(5);
		}
		times[i] = bench_now() - start;
	}
	return NULL;
}

static char *read_line(void)
{
	static char line[LINE_MAX_LEN];

	if (!fgets(line, sizeof(line), stdin))
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* A ciphertext to open again and again. */
static char *ciphertext(void)
{
	char body[512], room[32768];
	SSL *ssl = connect_tls();

	snprintf(body, sizeof(body), "{\"KeyId\":\"%s\",\"Plaintext\":\"c2l4dGVlbiBieXRlcyEh\"}",
		 key);
	if (exchange(ssl, make_request("Encrypt", body), room, sizeof(room)) != 200)
		die(room);
	char *blob = strstr(room, "\"CiphertextBlob\":\"");
	if (!blob)
		die("no ciphertext");
	blob += strlen("\"CiphertextBlob\":\"");
	return strndup(blob, strcspn(blob, "\""));
}

static void make_requests(void)
{
	static char body[LINE_MAX_LEN + 1024];
	const char *blob = ciphertext(), *document;

	while (request_count < REQUESTS_MAX && (document = read_line())) {
		snprintf(body, sizeof(body),
			 "{\"CiphertextBlob\":\"%s\",\"Recipient\":{\"KeyEncryptionAlgorithm\":"
			 "\"RSAES_OAEP_SHA_256\",\"AttestationDocument\":\"%s\"}}",
			 blob, document);
		requests[request_count++] = make_request("Decrypt", body);
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];
	char *words[3] = { NULL };

	if (argc != 3 || (connections = strtoul(argv[2], NULL, 10)) == 0 ||
	    connections > THREADS_MAX)
		die("usage: keyd PORT CONNECTIONS");
	port = (unsigned short)strtoul(argv[1], NULL, 10);
	tls = SSL_CTX_new(TLS_client_method());
	char *line = read_line();
	for (size_t i = 0; i < 3 && line; i++)
		words[i] = strdup(strsep(&line, " "));
	access_key = words[0];
	secret = words[1];
	key = words[2];
	if (!tls || !key)
		die("no credentials on standard input");
	make_requests();
	double start = bench_now();
	for (size_t i = 0; i < connections; i++)
		pthread_create(&threads[i], NULL, load, (void *)(uintptr_t)i);
	for (size_t i = 0; i < connections; i++)
		pthread_join(threads[i], NULL);
	double took = bench_now() - start;
	double middle = bench_median(times, request_count);
	printf("%zu releases in %.3f s, %.0f a second, median %.2f ms, worst %.2f ms\n",
	       request_count, took, (double)request_count / took, middle * 1e3,
	       times[request_count - 1] * 1e3);
	return 0;
}
