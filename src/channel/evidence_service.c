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

/* Jobs in the order in which they came. */
struct job_list {
	struct tacit_evidence_job *first, **end;
	size_t count;
};

struct tacit_evidence_service {
	struct tacit_worker_task round; /* first */
	struct tacit_evidence_options options;
	struct tacit_evidence_doc boot;
	struct tacit_worker *worker;
	pthread_mutex_t lock;      /* for all below */
	struct memory_set *memory; /* SETS */
	struct job_list shared, alone;
	bool scheduled; /* a round is to come, or runs */
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

/* ---- rounds -------------------------------------------------------------------------------- */

#define SHARED_MAX 4096 /* nonces that one document answers */

static void append(struct job_list *list, struct tacit_evidence_job *job)
{
	job->next = NULL;
	if (!list->first)
		list->end = &list->first;
	*list->end = job;
	list->end = &job->next;
	list->count++;
}

/* The first `max` jobs of the list, or all of them. */
static struct job_list take(struct tacit_evidence_service *s, struct job_list *from, size_t max)
{
	struct job_list taken = { 0 };

	pthread_mutex_lock(&s->lock);
	while (from->first && taken.count < max) {
		struct tacit_evidence_job *job = from->first;

		from->first = job->next;
		from->count--;
		append(&taken, job);
	}
	pthread_mutex_unlock(&s->lock);
	return taken;
}

void tacit_evidence_doc_drop(struct tacit_evidence_doc *doc)
{
	if (doc && __atomic_sub_fetch(&doc->holders, 1, __ATOMIC_ACQ_REL) == 0)
		free(doc);
}

/* Hands the document, or the reason why there is none, to every job of the list. */
static void give(const struct job_list *jobs, struct tacit_evidence_doc *doc,
		 const struct tacit_nonce_tree *tree, const struct tacit_error *why)
{
	size_t i = 0;

	for (struct tacit_evidence_job *job = jobs->first, *next; job; job = next) {
		next = job->next; /* `done` may free the job */
		job->doc = doc;
		job->error = *why;
		job->status = why->status;
		job->path_len = doc && tree ? tacit_nonce_tree_path(tree, i++, job->path) : 0;
		if (doc)
			__atomic_add_fetch(&doc->holders, 1, __ATOMIC_RELAXED);
		job->done(job);
	}
}

/* The tree over the nonces of the list; its room is the caller's to free. */
static enum tacit_status grow_tree(const struct job_list *jobs, struct tacit_nonce_tree *ret,
				   uint8_t **ret_room, struct tacit_error *err)
{
	uint8_t *nonces = malloc(jobs->count * TACIT_NONCE_LEN);
	uint8_t *room = malloc(tacit_nonce_tree_size(jobs->count));
	enum tacit_status st = TACIT_NOMEM;
	size_t i = 0;

	if (nonces && room) {
		for (const struct tacit_evidence_job *job = jobs->first; job; job = job->next)
			memcpy(nonces + i++ * TACIT_NONCE_LEN, job->nonce, TACIT_NONCE_LEN);
		st = tacit_nonce_tree_build(nonces, jobs->count, room, ret, err);
	} else {
		st = tacit_fail(err, TACIT_NOMEM, WHERE, 0, "out of memory");
	}
	free(nonces);
	*ret_room = room;
	return st;
}

/* One document for all jobs of the list. */
static void answer(struct tacit_evidence_service *s, const struct job_list *jobs)
{
	struct tacit_evidence_doc *doc = calloc(1, sizeof(*doc));
	struct tacit_nonce_tree tree = { 0 };
	struct tacit_error err = { 0 };
	uint8_t *room = NULL;

	if (doc)
		doc->holders = 1;
	else
		(void)tacit_fail(&err, TACIT_NOMEM, WHERE, 0, "out of memory");
	if (err.status == TACIT_OK)
		(void)grow_tree(jobs, &tree, &room, &err);
	if (err.status == TACIT_OK)
		(void)make_doc(s, tacit_nonce_tree_root(&tree), doc, &err);
	if (err.status == TACIT_OK)
		remember(s, doc->hash);
	give(jobs, err.status == TACIT_OK ? doc : NULL, &tree, &err);
	tacit_evidence_doc_drop(doc);
	free(room);
}

/* A document for those who share, and one for the first who does not: neither holds up the other.
 */
static void run_round(struct tacit_worker_task *task)
{
	struct tacit_evidence_service *s = (struct tacit_evidence_service *)task;
	struct job_list shared = take(s, &s->shared, SHARED_MAX);
	if (shared.count)
		answer(s, &shared);
	struct job_list alone = take(s, &s->alone, 1);
	if (alone.count)
		answer(s, &alone);

	pthread_mutex_lock(&s->lock);
	s->scheduled = s->shared.count || s->alone.count;
	if (s->scheduled)
		tacit_worker_give(s->worker, &s->round);
	pthread_mutex_unlock(&s->lock);
}

void tacit_evidence_service_ask(struct tacit_evidence_service *service,
				struct tacit_evidence_job *job)
{
	pthread_mutex_lock(&service->lock);
	append(job->takes_path ? &service->shared : &service->alone, job);
	if (!service->scheduled)
		tacit_worker_give(service->worker, &service->round);
	service->scheduled = true;
	pthread_mutex_unlock(&service->lock);
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
	s->round.run = run_round;
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
