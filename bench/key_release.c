/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A key released over loopback: a document made, the broker's verdict on it, the key sealed, opened
 * here; beside the one operation that costs most of it and that no code of ours can shorten, RSA
 * with the private key, and beside one write to the disk that the broker's log is on, since no key
 * is released before that has its row. All take turns. Besides the clock on the wall, which says
 * little on a busy machine, the time that both processes ran is told.
 *
 *     key_release TACIT FOLDER
 *
 * FOLDER is empty; the broker's files go there. Documents are the stand-in's, and then Nitro's, of
 * our own root and as a host signs them, whose own time is not counted: of one enclave, so that the
 * broker knows their chain after the first.
 */

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "crypto/oaep.h"
#include "crypto/start.h"
#include "release/kms.h"
#include "sys/attest.h"
#include "sys/clock.h"
#include "tests/pki/nitro.h"
#include "tests/pki/pki.h"

#define ROUNDS  400
#define KEY_MAX 128

static const char *folder;

/* ---- a host that signs what it is asked ----------------------------------------------------- */

struct host {
	struct tacit_attester attester; /* first */
	struct nitro_pki pki;
	struct tacit_slice certificate, cabundle; /* of the first document, and of all others */
	int64_t issued;                           /* when its leaf was */
	double made, ran; /* seconds spent on signing, on the wall and of this thread */
};

/* Every document has the first one's certificates. */
static void same_chain(struct nitro_payload *payload, void *user)
{
	struct host *h = user;
	struct nitro_member *leaf = nitro_member(payload, "certificate");
	struct nitro_member *bundle = nitro_member(payload, "cabundle");

	if (!h->certificate.ptr) {
		h->certificate = leaf->value;
		h->cabundle = bundle->value;
	}
	leaf->value = h->certificate;
	bundle->value = h->cabundle;
}

static enum tacit_status sign(struct tacit_attester *attester,
			      const struct tacit_attest_request *request, struct tacit_mut room,
			      struct tacit_slice *ret, struct tacit_error *err)
{
	struct host *h = (struct host *)(void *)attester;
	double start = bench_now(), ran = bench_clock(CLOCK_THREAD_CPUTIME_ID);
	const struct nitro_spec spec = { .now = tacit_clock_wall(),
					 .launched_ms = (uint64_t)(h->issued - 3600) * 1000,
					 .issued = h->issued,
					 .public_key = request->public_key,
					 .nonce = request->nonce,
					 .payload = same_chain,
					 .user = h };
	struct tacit_slice made = nitro_document(&h->pki, &spec);

	(void)err;
	memcpy(room.ptr, made.ptr, made.len);
	*ret = tacit_slice_of(room.ptr, made.len);
	h->made += bench_now() - start;
	h->ran += bench_clock(CLOCK_THREAD_CPUTIME_ID) - ran;
	return TACIT_OK;
}

static void close_host(struct tacit_attester *attester)
{
	(void)attester;
}

static const struct tacit_attester_ops HOST = { TACIT_TEE_NITRO, sign, close_host };

/* ---- the broker ----------------------------------------------------------------------------- */

static void write_file(const char *name, struct tacit_slice bytes)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "w");

	if (!f || fwrite(bytes.ptr, 1, bytes.len, f) != bytes.len || fclose(f) != 0)
		exit(70);
}

/* The first line that a command prints. */
static void ask(const char *tacit, const char *words, char *ret, size_t size)
{
	char command[2048];

	snprintf(command, sizeof(command), "cd '%s' && '%s' %s", folder, tacit, words);
	FILE *f = popen(command, "r");

	if (!f || !fgets(ret, (int)size, f))
		ret[0] = 0;
	if (!f || pclose(f) != 0)
		exit(70);
	ret[strcspn(ret, "\n")] = 0;
}

static pid_t start_broker(const char *tacit, char *url, size_t size)
{
	int out[2];
	char line[512];
	pid_t pid;

	if (pipe(out) != 0 || (pid = fork()) < 0)
		exit(70);
	if (pid == 0) {
		if (chdir(folder) == 0 && dup2(out[1], 1) == 1)
			execl(tacit, "tacit", "keyd", "serve", "--dir", "keys", "--listen",
			      "tcp:127.0.0.1:0", "--json", "--quiet", "--insecure-accept-stub",
			      "--insecure-test-root", "root.der", (char *)NULL);
		_exit(70);
	}
	close(out[1]);
	FILE *f = fdopen(out[0], "r");

	if (!f || !fgets(line, sizeof(line), f) || !strstr(line, "127.0.0.1:"))
		exit(70);
	snprintf(url, size, "https://127.0.0.1:%d",
		 atoi(strstr(line, "127.0.0.1:") + strlen("127.0.0.1:")));
	return pid;
}

/* ---- measuring ------------------------------------------------------------------------------ */

struct run {
	struct tacit_kms *kms;
	struct tacit_kms_request request;
	struct tacit_arena arena;
	struct tacit_oaep_key *rsa; /* of the recipient's size */
	uint8_t wrapped[TACIT_OAEP_LEN_MAX];
	const struct host *host; /* whose own time does not count; NULL counts all */
	clockid_t broker;        /* how long it has run */
	int disk;
};

enum what { WHOLE, CLIENT, BROKER, ALONE, DISK, WHATS };

static double sync_disk(const struct run *r)
{
	static const uint8_t page[4096];
	double start = bench_now();

	if (pwrite(r->disk, page, sizeof(page), 0) != sizeof(page) || fdatasync(r->disk) != 0)
		exit(70);
	return bench_now() - start;
}

static void release(struct run *r, double *ret_whole, double *ret_client, double *ret_broker)
{
	struct tacit_kms_answer answer;
	struct tacit_error err = { 0 };
	static const struct host none;
	const struct host *host = r->host ? r->host : &none;
	double made = host->made, own = host->ran, start = bench_now();
	double client = bench_clock(CLOCK_PROCESS_CPUTIME_ID), broker = bench_clock(r->broker);

	bench_need(tacit_kms_call(r->kms, &r->request, &r->arena, &answer, &err), &err);
	*ret_whole = bench_now() - start - (host->made - made);
	*ret_client = bench_clock(CLOCK_PROCESS_CPUTIME_ID) - client - (host->ran - own);
	*ret_broker = bench_clock(r->broker) - broker;
	tacit_arena_wipe(&r->arena);
}

static double open_rsa(struct run *r)
{
	uint8_t key[32];
	struct tacit_error err = { 0 };
	double start = bench_now();

	bench_need(tacit_oaep_open(r->rsa, tacit_slice_of(r->wrapped, tacit_oaep_len(r->rsa)),
				   tacit_mut_of(key, sizeof(key)), &err),
		   &err);
	return bench_now() - start;
}

static void measure(struct run *r, const char *name)
{
	static double seen[WHATS][ROUNDS];
	double m[WHATS];

	for (int i = 0; i < 20; i++)
		release(r, &seen[WHOLE][0], &seen[CLIENT][0], &seen[BROKER][0]);
	for (int i = 0; i < ROUNDS; i++) {
		seen[ALONE][i] = open_rsa(r);
		seen[DISK][i] = sync_disk(r);
		release(r, &seen[WHOLE][i], &seen[CLIENT][i], &seen[BROKER][i]);
	}
	for (int i = 0; i < WHATS; i++)
		m[i] = bench_median(seen[i], ROUNDS) * 1e3;
	printf("%s: on the wall    %.3f ms\n", name, m[WHOLE]);
	printf("%s: the client ran    %.3f ms\n", name, m[CLIENT]);
	printf("%s: the broker ran    %.3f ms\n", name, m[BROKER]);
	printf("%s: RSA alone    %.3f ms\n", name, m[ALONE]);
	printf("%s: one write to the disk    %.3f ms\n", name, m[DISK]);
	printf("%s: both beyond RSA    %.3f ms\n", name, m[CLIENT] + m[BROKER] - m[ALONE]);
}

static void run_with(struct tacit_attester *attester, const struct host *host,
		     const struct tacit_kms_options *base, const char *name, struct run run)
{
	struct tacit_kms_options options = *base;
	struct tacit_error err = { 0 };
	static uint8_t room[TACIT_KMS_ARENA];
	struct run r = run;
	uint8_t key[32] = { 0 };

	r.host = host;
	options.attester = attester;
	bench_need(tacit_recipient_new(2048, &options.recipient, &err), &err);
	bench_need(tacit_kms_new(&options, &r.kms, &err), &err);
	bench_need(tacit_oaep_generate(2048, &r.rsa, &err), &err);
	bench_need(tacit_oaep_seal(r.rsa, TACIT_SLICE_ARRAY(key), r.wrapped, &err), &err);
	tacit_arena_init(&r.arena, room, sizeof(room));
	measure(&r, name);
	tacit_oaep_free(r.rsa);
	tacit_kms_free(r.kms);
	tacit_recipient_free(options.recipient);
}

/* A key of the broker, whose policy names the image that the host signs for. */
static struct tacit_kms_request make_key(const char *tacit, char *key)
{
	const char *policy = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
			     "\"Principal\":{\"AWS\":\"*\"},"
			     "\"Action\":\"kms:*\",\"Resource\":\"*\"}]}";
	static const struct tacit_kms_pair context = { { (const uint8_t *)"app", 3 },
						       { (const uint8_t *)"bench", 5 } };
	char line[512];

	write_file("policy.json", tacit_slice_str(policy));
	ask(tacit, "keyd init keys", line, sizeof(line));
	ask(tacit, "keyd credential create app --dir keys -o app.aws", line, sizeof(line));
	ask(tacit, "keyd key create --dir keys --policy policy.json", key, KEY_MAX);
	return (struct tacit_kms_request){ .operation = TACIT_KMS_GENERATE_DATA_KEY,
					   .key_id = tacit_slice_str(key),
					   .spec = tacit_slice_str("AES_256"),
					   .context = &context,
					   .context_count = 1 };
}

static int open_disk(void)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/disk", folder);
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		exit(70);
	return fd;
}

int main(int argc, char **argv)
{
	struct host host = { .attester = { .ops = &HOST }, .issued = tacit_clock_wall() - 60 };
	const struct tacit_attest_options stub = { .config = tacit_slice_str("bench") };
	struct tacit_aws_options aws = { .from = TACIT_AWS_FILE };
	struct tacit_kms_options options = { 0 };
	struct tacit_attester *attester;
	struct tacit_error err = { 0 };
	char url[64], key[KEY_MAX], ca[512], credentials[512];

	if (argc != 3 || tacit_crypto_start(&err) != TACIT_OK)
		return 2;
	folder = argv[2];
	nitro_pki_init(&host.pki);
	write_file("root.der", host.pki.root);
	struct run run = { .request = make_key(argv[1], key) };
	pid_t broker = start_broker(argv[1], url, sizeof(url));

	snprintf(ca, sizeof(ca), "%s/keys/tls.pem", folder);
	snprintf(credentials, sizeof(credentials), "%s/app.aws", folder);
	aws.file = credentials;
	if (clock_getcpuclockid(broker, &run.broker) != 0)
		return 70;
	run.disk = open_disk();
	options.reach.ca_file = ca;
	options.endpoint = url;
	bench_need(tacit_aws_credentials_new(&aws, &options.aws, &err), &err);
	bench_need(tacit_attester_open(TACIT_TEE_STUB, &stub, &attester, &err), &err);
	run_with(attester, NULL, &options, "stand-in's document", run);
	run_with(&host.attester, &host, &options, "Nitro's document", run);
	tacit_attester_close(attester);
	tacit_aws_credentials_free(options.aws);
	close(run.disk);
	kill(broker, SIGTERM);
	waitpid(broker, NULL, 0);
	return 0;
}
