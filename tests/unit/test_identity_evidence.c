/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/evidence_service.h"

#include <pthread.h>
#include <unistd.h>

#include "../tap.h"
#include "base/bounds.h"
#include "crypto/hash.h"

/* An attester that says what it is asked to, slowly if need be, or fails. */
struct fake {
	struct tacit_attester base;
	bool fail;
	unsigned delay_us;
	int entered, made;
	pthread_mutex_t hold; /* whoever has it makes the attester wait */
};

static enum tacit_status fake_attest(struct tacit_attester *attester,
				     const struct tacit_attest_request *request,
				     struct tacit_mut room, struct tacit_slice *ret,
				     struct tacit_error *err)
{
	struct fake *fake = (struct fake *)attester;

	usleep(fake->delay_us);
	__atomic_add_fetch(&fake->entered, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&fake->hold);
	pthread_mutex_unlock(&fake->hold);
	if (fake->fail)
		return tacit_fail(err, TACIT_IO, "fake", 0, "no evidence today");
	fake->made++;
	memcpy(room.ptr, request->nonce.ptr, request->nonce.len);
	memcpy(room.ptr + request->nonce.len, request->binding.ptr, request->binding.len);
	*ret = tacit_slice_of(room.ptr, request->nonce.len + request->binding.len);
	return TACIT_OK;
}

static const struct tacit_attester_ops FAKE = { .tee = TACIT_TEE_STUB, .attest = fake_attest };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int finished;

static void on_done(struct tacit_evidence_job *job)
{
	(void)job;
	pthread_mutex_lock(&lock);
	finished++;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
}

static void await(int count)
{
	pthread_mutex_lock(&lock);
	while (finished < count)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void test_documents(struct tacit_evidence_service *service, struct fake *fake,
			   const struct tacit_identity *id)
{
	static struct tacit_evidence_job jobs[8];
	const uint8_t zero[32] = { 0 };
	struct tacit_binding binding;
	uint8_t hash[32];

	for (int i = 0; i < 8; i++) {
		jobs[i].done = on_done;
		memset(jobs[i].nonce, 'a' + i, 32);
		ok(!tacit_evidence_service_knows(service, zero), "zeros are no document");
		tacit_evidence_service_ask(service, &jobs[i]);
	}
	await(8);
	for (int i = 0; i < 8; i++) {
		const struct tacit_evidence_doc *doc = jobs[i].doc;
		struct tacit_slice bytes = tacit_slice_of(doc->bytes, doc->len);

		is_status(jobs[i].status, TACIT_OK, "a document");
		is_status(tacit_hash(TACIT_SHA256, bytes, hash, NULL), TACIT_OK, "hashed");
		is_slice(TACIT_SLICE_ARRAY(doc->hash), TACIT_SLICE_ARRAY(hash), "its hash");
		ok(tacit_evidence_service_knows(service, hash), "is remembered");
		hash[31] ^= 1;
		ok(!tacit_evidence_service_knows(service, hash), "and no other");
		is_status(tacit_binding_parse(tacit_slice_of(doc->binding, doc->binding_len),
					      &binding, NULL),
			  TACIT_OK, "its binding");
		is_slice(TACIT_SLICE_ARRAY(binding.nonce), TACIT_SLICE_ARRAY(jobs[i].nonce),
			 "carries the nonce");
		is_slice(TACIT_SLICE_ARRAY(binding.receipt_key),
			 TACIT_SLICE_ARRAY(id->receipt_public), "and the key");
		ok(jobs[i].path_len == 0, "without a path");
		tacit_evidence_doc_drop(jobs[i].doc);
	}

	fake->fail = true;
	tacit_evidence_service_ask(service, &jobs[0]);
	await(9);
	is_status(jobs[0].status, TACIT_IO, "a failure is told");
	ok(!jobs[0].doc, "with no document");
	fake->fail = false;
	tacit_evidence_service_ask(service, &jobs[0]);
	await(10);
	is_status(jobs[0].status, TACIT_OK, "and over with the next one");
	tacit_evidence_doc_drop(jobs[0].doc);
}

#define SHARERS 50

static bool leads_to(const struct tacit_evidence_job *job)
{
	struct tacit_slice path = { job->path_len ? job->path : NULL, job->path_len };
	uint8_t root[32];

	return job->status == TACIT_OK &&
	       tacit_nonce_path_root(TACIT_SLICE_ARRAY(job->nonce), path, root, NULL) == TACIT_OK &&
	       memcmp(root, job->doc->bytes, 32) == 0;
}

/*
 * While the attester is held, nonces gather: those who share get one document, those who do not
 * get one each, and a sharer who comes later waits for no more than one of the others.
 */
static void test_shared(struct tacit_evidence_service *service, struct fake *fake)
{
	static struct tacit_evidence_job jobs[SHARERS], own[3], late;
	int before = finished, made = fake->made, entered = fake->entered;
	size_t led = 0, same = 0;

	pthread_mutex_lock(&fake->hold);
	for (size_t i = 0; i < 3; i++) {
		own[i].done = on_done;
		memset(own[i].nonce, (int)(0xf0 + i), 32);
		tacit_evidence_service_ask(service, &own[i]);
	}
	/* The first of them is being made: who comes now waits. */
	while (__atomic_load_n(&fake->entered, __ATOMIC_SEQ_CST) == entered)
		usleep(1000);
	for (size_t i = 0; i < SHARERS; i++) {
		jobs[i].done = on_done;
		jobs[i].takes_path = true;
		memset(jobs[i].nonce, (int)i, 32);
		tacit_evidence_service_ask(service, &jobs[i]);
	}
	pthread_mutex_unlock(&fake->hold);
	await(before + SHARERS + 3);
	for (size_t i = 0; i < SHARERS; i++) {
		led += leads_to(&jobs[i]);
		same += jobs[i].doc == jobs[0].doc && jobs[i].path_len != 0;
	}
	ok(led == SHARERS, "each path leads from its nonce to the document's (%zu)", led);
	ok(same == SHARERS, "and it is one document (%zu)", same);
	ok(fake->made == made + 4, "made once, beside three of their own (%d)", fake->made - made);
	for (size_t i = 0; i < 3; i++)
		ok(leads_to(&own[i]) && own[i].path_len == 0, "which carry their nonces");
	ok(tacit_evidence_service_knows(service, jobs[0].doc->hash), "it is remembered");
	for (size_t i = 0; i < SHARERS; i++)
		tacit_evidence_doc_drop(jobs[i].doc);
	for (size_t i = 0; i < 3; i++)
		tacit_evidence_doc_drop(own[i].doc);

	late.done = on_done;
	late.takes_path = true;
	tacit_evidence_service_ask(service, &late);
	await(before + SHARERS + 4);
	ok(leads_to(&late) && late.path_len == 0, "a sharer who is alone needs no path");
	tacit_evidence_doc_drop(late.doc);
	fake->fail = true;
	tacit_evidence_service_ask(service, &late);
	await(before + SHARERS + 5);
	is_status(late.status, TACIT_IO, "a failure is told to sharers too");
	fake->fail = false;
}

/* However many are asked for, memory is bounded and the boot document stays known. */
static void test_memory(struct tacit_evidence_service *service)
{
	static struct tacit_evidence_job job, first;
	const uint8_t *boot = tacit_evidence_service_boot(service)->hash;
	int before = finished, known = 0;

	first.done = job.done = on_done;
	memset(first.nonce, 0x77, 32);
	tacit_evidence_service_ask(service, &first);
	await(++before);
	for (uint32_t i = 0; i < 400; i++) {
		memcpy(job.nonce, &i, sizeof(i));
		tacit_evidence_service_ask(service, &job);
		await(++before);
		known += tacit_evidence_service_knows(service, job.doc->hash);
		tacit_evidence_doc_drop(job.doc);
	}
	ok(known == 400, "each is known when it is made");
	ok(tacit_evidence_service_knows(service, first.doc->hash), "and after hundreds of others");
	tacit_evidence_doc_drop(first.doc);
	ok(tacit_evidence_service_knows(service, boot), "the boot document always");
}

int main(void)
{
	static struct tacit_evidence_job last;
	struct fake fake = { .base = { &FAKE }, .hold = PTHREAD_MUTEX_INITIALIZER };
	struct tacit_identity id = { 0 };
	const uint8_t hash[32] = { 1 };
	struct tacit_evidence_service *service = NULL;
	const struct tacit_evidence_options options = { .attester = &fake.base,
							.identity = &id,
							.model_id = tacit_slice_str("m"),
							.model_hash = hash,
							.config_hash = hash };

	if (!is_status(tacit_identity_init(&id, 1795000000, NULL), TACIT_OK, "an identity"))
		return done();
	fake.fail = true;
	is_status(tacit_evidence_service_new(&options, &service, NULL), TACIT_IO,
		  "no service without evidence");
	ok(service == NULL, "nothing comes back");
	fake.fail = false;
	is_status(tacit_evidence_service_new(&options, &service, NULL), TACIT_OK, "a service");
	ok(fake.made == 1, "makes its boot document");
	ok(tacit_evidence_service_tee(service) == TACIT_TEE_STUB, "of its platform");
	test_documents(service, &fake, &id);
	test_shared(service, &fake);
	test_memory(service);

	int before = finished;
	fake.delay_us = 50000;
	last.done = on_done;
	tacit_evidence_service_ask(service, &last);
	tacit_evidence_service_free(service);
	ok(finished == before + 1, "the end waits for what is in the making");
	tacit_evidence_doc_drop(last.doc);
	tacit_evidence_service_free(NULL);
	tacit_identity_done(&id);
	return done();
}
