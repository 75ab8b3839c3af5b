/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/evidence_service.h"

#include <pthread.h>
#include <stdlib.h>

#include "crypto/hash.h"
#include "crypto/random.h"

#define WHERE "channel.evidence"

/*
 * What was issued: sets of eight, chosen by the hash itself, the oldest of a set giving way.
 * Finding and forgetting take the same short time however many there are.
 */
#define SETS 8192
#define WAYS 8

struct memory_set {
	uint8_t next;
	uint8_t hashes[WAYS][32];
};

struct tacit_evidence_service {
	struct tacit_evidence_options options;
	struct tacit_evidence_doc boot;
	struct tacit_worker *worker;
	pthread_mutex_t lock;      /* for the memory */
	struct memory_set *memory; /* SETS */
};

static struct memory_set *set_of(struct tacit_evidence_service *s, const uint8_t *hash)
{
	return &s->memory[((size_t)hash[0] << 8 | hash[1]) % SETS];
}

static void remember(struct tacit_evidence_service *s, const uint8_t *hash)
{
	pthread_mutex_lock(&s->lock);
	struct memory_set *set = set_of(s, hash);
	memcpy(set->hashes[set->next], hash, 32);
	set->next = (uint8_t)((set->next + 1) % WAYS);
	pthread_mutex_unlock(&s->lock);
}

bool tacit_evidence_service_knows(struct tacit_evidence_service *service, const uint8_t hash[32])
{
	static const uint8_t ZERO[32];
	bool found = false;

	if (memcmp(hash, service->boot.hash, 32) == 0)
		return true;
	if (memcmp(hash, ZERO, 32) == 0)
		return false; /* a place never written */
	pthread_mutex_lock(&service->lock);
	const struct memory_set *set = set_of(service, hash);
	for (size_t i = 0; i < WAYS; i++)
		found = found || memcmp(set->hashes[i], hash, 32) == 0;
	pthread_mutex_unlock(&service->lock);
	return found;
}

static enum tacit_status encode_binding(const struct tacit_evidence_service *s,
					const uint8_t *nonce, struct tacit_evidence_doc *doc,
					struct tacit_error *err)
{
	struct tacit_binding binding = { .model_id = s->options.model_id };
	struct tacit_slice encoded;

	memcpy(binding.nonce, nonce, sizeof(binding.nonce));
	memcpy(binding.model_hash, s->options.model_hash, sizeof(binding.model_hash));
	memcpy(binding.config_hash, s->options.config_hash, sizeof(binding.config_hash));
	tacit_identity_bind(s->options.identity, &binding);
	enum tacit_status st = tacit_binding_encode(
		&binding, tacit_mut_of(doc->binding, sizeof(doc->binding)), &encoded, err);
	if (st == TACIT_OK)
		doc->binding_len = encoded.len;
	return st;
}

static enum tacit_status make_doc(struct tacit_evidence_service *s, const uint8_t *nonce,
				  struct tacit_evidence_doc *doc, struct tacit_error *err)
{
	struct tacit_slice evidence;
	enum tacit_status st = encode_binding(s, nonce, doc, err);

	if (st != TACIT_OK)
		return st;
	struct tacit_attest_request request = {
		.binding = tacit_slice_of(doc->binding, doc->binding_len),
		.nonce = tacit_slice_of(nonce, TACIT_BINDING_NONCE_LEN),
	};
	st = tacit_attester_attest(s->options.attester, &request,
				   tacit_mut_of(doc->bytes, sizeof(doc->bytes)), &evidence, err);
	if (st != TACIT_OK)
		return st;
	if (evidence.ptr != doc->bytes)
		memmove(doc->bytes, evidence.ptr, evidence.len);
	doc->len = evidence.len;
	return tacit_hash(TACIT_SHA256, tacit_slice_of(doc->bytes, doc->len), doc->hash, err);
}

static void run_job(struct tacit_worker_task *task)
{
	struct tacit_evidence_job *job = (struct tacit_evidence_job *)task;

	tacit_error_clear(&job->error);
	job->status = make_doc(job->service, job->nonce, &job->doc, &job->error);
	if (job->status == TACIT_OK)
		remember(job->service, job->doc.hash);
	job->done(job);
}

void tacit_evidence_service_ask(struct tacit_evidence_service *service,
				struct tacit_evidence_job *job)
{
	job->task.run = run_job;
	job->service = service;
	tacit_worker_give(service->worker, &job->task);
}

static enum tacit_status start(struct tacit_evidence_service *s, struct tacit_error *err)
{
	uint8_t nonce[TACIT_BINDING_NONCE_LEN];
	enum tacit_status st = tacit_random(tacit_mut_of(nonce, sizeof(nonce)), err);

	if (st == TACIT_OK)
		st = make_doc(s, nonce, &s->boot, err);
	if (st == TACIT_OK)
		st = tacit_worker_new(&s->worker, err);
	return st;
}

enum tacit_status tacit_evidence_service_new(const struct tacit_evidence_options *options,
					     struct tacit_evidence_service **ret,
					     struct tacit_error *err)
{
	struct tacit_evidence_service *s = calloc(1, sizeof(*s));

	if (!s)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	s->options = *options;
	pthread_mutex_init(&s->lock, NULL);
	s->memory = calloc(SETS, sizeof(*s->memory));
	enum tacit_status st =
		s->memory ? start(s, err) : tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	if (st == TACIT_OK)
		*ret = s;
	else
		tacit_evidence_service_free(s);
	return st;
}

void tacit_evidence_service_free(struct tacit_evidence_service *service)
{
	if (!service)
		return;
	tacit_worker_free(service->worker);
	pthread_mutex_destroy(&service->lock);
	free(service->memory);
	free(service);
}

enum tacit_tee tacit_evidence_service_tee(const struct tacit_evidence_service *service)
{
	return tacit_attester_tee(service->options.attester);
}

const struct tacit_evidence_doc *
tacit_evidence_service_boot(const struct tacit_evidence_service *service)
{
	return &service->boot;
}
