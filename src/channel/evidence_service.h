/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CHANNEL_EVIDENCE_SERVICE_H
#define TACIT_CHANNEL_EVIDENCE_SERVICE_H

/*
 * Evidence on demand: documents for clients' nonces, all binding the keys of one boot.
 *
 * Hardware takes its time (a Nitro document about 90 ms) and makes one document at a time, so
 * they are made on a thread of the service's own, and nonces that arrive meanwhile share the next
 * one: it carries the root of their tree (tee/nonce_tree.h). No client that takes a path waits
 * for more than two documents of its kind. One that takes none gets a document of its own, in
 * turn with the shared ones. The service remembers the hashes of what it issued (the last 65,536 or
 * so), so that a receipt can name the document that its reader verified, and no other.
 */

#include "channel/identity.h"
#include "sys/attest.h"
#include "sys/worker.h"
#include "tee/nonce_tree.h"

struct tacit_evidence_service;

/* What every document of this boot says; all must outlive the service. */
struct tacit_evidence_options {
	struct tacit_attester *attester;
	const struct tacit_identity *identity;
	struct tacit_slice model_id;
	const uint8_t *model_hash;  /* 32 bytes */
	const uint8_t *config_hash; /* 32 bytes */
};

/* One document; counted, since many clients may share it. */
struct tacit_evidence_doc {
	unsigned holders;
	uint8_t hash[32]; /* SHA-256 of the document */
	size_t binding_len, len;
	uint8_t binding[1024];
	uint8_t bytes[TACIT_ATTEST_ROOM];
};

/*
 * Starts the service and makes the boot document, with a random nonce. Errors: those of
 * tacit_attester_attest, TACIT_NOMEM.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_evidence_service_new(const struct tacit_evidence_options *options,
			   struct tacit_evidence_service **ret, struct tacit_error *err);

/* Waits for what is in the making, whose `done` calls still come. NULL is fine. */
void tacit_evidence_service_free(struct tacit_evidence_service *service);

/* Which platform the documents are of. */
enum tacit_tee tacit_evidence_service_tee(const struct tacit_evidence_service *service);

/* The document made at the start. */
const struct tacit_evidence_doc *
tacit_evidence_service_boot(const struct tacit_evidence_service *service);

/* A request for a document; the caller's, unchanged until `done`, which comes exactly once. */
struct tacit_evidence_job {
	struct tacit_evidence_job *next; /* the service's */
	uint8_t nonce[TACIT_NONCE_LEN];
	bool takes_path;                              /* it may share a document */
	void (*done)(struct tacit_evidence_job *job); /* on the service's thread */
	void *user;
	enum tacit_status status; /* for `done` */
	struct tacit_error error;
	struct tacit_evidence_doc *doc; /* with TACIT_OK; let go with tacit_evidence_doc_drop */
	size_t path_len;                /* 0: the document carries the nonce itself */
	uint8_t path[TACIT_NONCE_PATH_MAX];
};
void tacit_evidence_service_ask(struct tacit_evidence_service *service,
				struct tacit_evidence_job *job);

/* From any thread; NULL is fine. */
void tacit_evidence_doc_drop(struct tacit_evidence_doc *doc);

/* True when the service issued a document of that hash and still remembers it. Any thread. */
bool tacit_evidence_service_knows(struct tacit_evidence_service *service,
				  const uint8_t hash[static 32]);

#endif
