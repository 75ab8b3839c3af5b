/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Many clients, each new and with a nonce of its own, at a server whose attester is as slow as a
 * Nitro security module: the stub with DELAY_MS before every document. Each client connects,
 * handshakes, gets evidence and judges it; server and clients share this machine.
 *
 *     many_clients [CLIENTS-AT-ONCE [SECONDS]]
 */

#include <curl/curl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "channel/client.h"
#include "channel/tls.h"
#include "net/api.h"
#include "sys/process.h"

#define DELAY_MS    90
#define THREADS_MAX 1000
#define SAMPLES_MAX (1u << 18)

struct slow {
	struct tacit_attester base; /* first */
	struct tacit_attester *stub;
};

static const uint8_t SOME_HASH[32] = { 1 };

static struct tacit_address address;
static unsigned long made, samples_made;
static double samples[SAMPLES_MAX];
static bool over;

static void die(const struct tacit_error *err)
{
	fprintf(stderr, "many_clients: %s: %s\n", err->where, err->detail);
	exit(70);
}

static enum tacit_status attest_slowly(struct tacit_attester *attester,
				       const struct tacit_attest_request *request,
				       struct tacit_mut room, struct tacit_slice *ret,
				       struct tacit_error *err)
{
	usleep(DELAY_MS * 1000);
	made++;
	return tacit_attester_attest(((struct slow *)attester)->stub, request, room, ret, err);
}

static void close_slow(struct tacit_attester *attester)
{
	(void)attester;
}

static const struct tacit_attester_ops SLOW = { TACIT_TEE_STUB, attest_slowly, close_slow };

/* Never freed: it serves until the process ends. */
static struct tacit_server *open_server(struct tacit_error *err)
{
	static struct slow slow = { .base = { &SLOW } };
	static struct tacit_identity identity;
	static struct tacit_engine_info model = { .id = "none" };
	struct tacit_server *server = NULL;
	struct tacit_server_options options = { .on_request = tacit_api_on_request,
						.on_refusal = tacit_api_on_refusal };
	const struct tacit_attest_options setup = { .config = tacit_slice_str("{}"),
						    .model = TACIT_SLICE_ARRAY(SOME_HASH) };
	struct tacit_evidence_options evidence = { &slow.base, &identity, tacit_slice_str("none"),
						   SOME_HASH, SOME_HASH };
	struct tacit_api_options api = { .model = &model,
					 .identity = &identity,
					 .config_hash = SOME_HASH };
	struct tacit_api *made_api = NULL;
	struct tacit_address wanted;
	int fd = -1;

	if (tacit_attester_open(TACIT_TEE_STUB, &setup, &slow.stub, err) != TACIT_OK ||
	    tacit_identity_init(&identity, time(NULL), err) != TACIT_OK ||
	    tacit_tls_server_new(&identity, &options.tls, err) != TACIT_OK ||
	    tacit_evidence_service_new(&evidence, &api.evidence, err) != TACIT_OK ||
	    tacit_api_new(&api, &made_api, err) != TACIT_OK ||
	    tacit_address_parse("tcp:127.0.0.1:0", &wanted, err) != TACIT_OK ||
	    tacit_address_listen(&wanted, &fd, &address, err) != TACIT_OK)
		return NULL;
	options.user = made_api;
	if (tacit_server_new(&options, &server, err) != TACIT_OK ||
	    tacit_server_listen(server, fd, err) != TACIT_OK)
		return NULL;
	return server;
}

static void *serve(void *server)
{
	struct tacit_error err = { 0 };

	if (tacit_server_run(server, &err) != TACIT_OK)
		die(&err);
	return NULL;
}

/* One client after another, each from nothing to a verdict. */
static void *attest_clients(void *unused)
{
	static const struct tacit_client_options OPTIONS = { .server = &address,
							     .insecure_no_policy = true,
							     .insecure_accept_stub = true };
	struct tacit_error err = { 0 };

	(void)unused;
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		struct tacit_client *client = NULL;
		double start = bench_now();

		if (tacit_client_new(&OPTIONS, &client, &err) != TACIT_OK ||
		    tacit_client_attest(client, &err) != TACIT_OK)
			die(&err);
		tacit_client_free(client);
		unsigned long i = __atomic_fetch_add(&samples_made, 1, __ATOMIC_RELAXED);
		if (i < SAMPLES_MAX)
			samples[i] = bench_now() - start;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static pthread_t threads[THREADS_MAX];
	size_t count = argc > 1 ? (size_t)atoi(argv[1]) : 300;
	unsigned seconds = argc > 2 ? (unsigned)atoi(argv[2]) : 10;
	struct tacit_error err = { 0 };
	pthread_attr_t small;
	pthread_t server;

	(void)tacit_process_raise_files(8192);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	struct tacit_server *handle = open_server(&err);
	if (!handle)
		die(&err);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 512 << 10);
	pthread_create(&server, NULL, serve, handle);
	for (size_t i = 0; i < count && i < THREADS_MAX; i++)
		if (pthread_create(&threads[i], &small, attest_clients, NULL) != 0)
			return 70;
	sleep(2); /* they start together; what follows is the steady state */
	unsigned long before = samples_made, documents = made;
	double start = bench_now();
	sleep(seconds);
	double took = bench_now() - start;
	unsigned long clients = samples_made - before;
	documents = made - documents;
	over = true;
	for (size_t i = 0; i < count && i < THREADS_MAX; i++)
		pthread_join(threads[i], NULL);
	bench_median(samples + before, clients);
	printf("{\"clients_per_second\":%.0f,\"documents\":%lu,\"clients\":%lu,"
	       "\"median_ms\":%.0f,\"p99_ms\":%.0f,\"document_ms\":%d}\n",
	       (double)clients / took, documents, clients, samples[before + clients / 2] * 1e3,
	       samples[before + clients * 99 / 100] * 1e3, DELAY_MS);
	fflush(stdout);
	_exit(0); /* the server goes on until then */
}
