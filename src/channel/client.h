/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CHANNEL_CLIENT_H
#define TACIT_CHANNEL_CLIENT_H

/*
 * The client's end of the attested channel: one server, one policy.
 *
 * A request leaves only on a connection whose TLS key this client has verified: the evidence is
 * genuine, satisfies the policy, carries our nonce and binds the key. The last gate sits between
 * the handshake and the first byte of the request, for new, reused and resumed connections
 * alike, so nothing above it can be wrong about which peer it talks to.
 *
 * The engine is libcurl's multi interface and never blocks. A program without an event loop calls
 * tacit_client_attest() and tacit_client_wait(); one with a loop drives tacit_client_multi()
 * itself and calls tacit_client_progress() whenever libcurl did something (net/client_loop.h).
 *
 * Not checked here: that the address belongs to whom one thinks. Any server that satisfies the
 * policy is as good as any other, which is why policies name measurements and models.
 */

#include "base/error.h"
#include "sys/address.h"
#include "tacit/receipt.h"
#include "tacit/verify.h"

#define TACIT_CLIENT_ATTEST_MAX_AGE 300         /* seconds that a verified key is remembered */
#define TACIT_CLIENT_TIMEOUT        120         /* seconds without a byte from the server */
#define TACIT_CLIENT_ANSWER_MAX     (64u << 20) /* bytes of a whole answer */
#define TACIT_CLIENT_STREAM_MAX     (1u << 30)  /* bytes of a streamed answer */
#define TACIT_CLIENT_HEADERS_MAX    65536       /* bytes of headers of one answer */
#define TACIT_CLIENT_REQUEST_MAX    (64u << 20) /* bytes of a request body */

struct tacit_client;

/* Zero values are the safest choice. What pointers show must outlive the client. */
struct tacit_client_options {
	const struct tacit_address *server;
	const struct tacit_policy *policy;
	const struct tacit_collateral *collateral; /* NULL: none */
	const struct tacit_slice *insecure_test_roots;
	size_t insecure_test_root_count;
	bool insecure_no_policy;
	bool insecure_accept_stub;
	bool insecure_allow_debug;
	uint64_t attest_max_age; /* seconds; 0 for the default */
	uint64_t timeout;        /* seconds; 0 for the default */
};

/* Errors: TACIT_USAGE, TACIT_UNSUPPORTED without libcurl, TACIT_NOMEM. Owns: free with _free. */
TACIT_MUST_CHECK enum tacit_status tacit_client_new(const struct tacit_client_options *options,
						    struct tacit_client **ret,
						    struct tacit_error *err);

/* Ends what is in flight without telling anybody. Not from inside a callback. */
void tacit_client_free(struct tacit_client *client);

/* One look at a server: the evidence as received and what was found. Counted. */
struct tacit_attested {
	unsigned holders;
	bool verified;                 /* the verdict is "verified": the rest may be relied on */
	struct tacit_slice evidence;   /* absent when none arrived */
	struct tacit_slice binding;    /* what came beside it; absent when nothing did */
	struct tacit_slice nonce_path; /* likewise */
	uint8_t doc_hash[32];          /* SHA-256 of it */
	uint8_t nonce[32];             /* what we asked with */
	uint8_t spki[32];              /* of the key that the connection showed */
	uint64_t since_ms;             /* tacit_clock_ms() when it was asked for */
	int64_t at;                    /* seconds since 1970, the `now` of the verdict */
	struct tacit_verdict verdict;
	struct tacit_error error; /* why not verified; where is "channel.tls" and such, too */
	const struct tacit_claims *claims;               /* NULL unless verified */
	struct tacit_receipt_verifier *receipt_verifier; /* NULL unless verified */
	struct tacit_arena arena;                        /* behind the verdict */
};

struct tacit_attested *tacit_attested_hold(struct tacit_attested *attested);
void tacit_attested_drop(struct tacit_attested *attested);

/* Attests now and waits. OK only when verified; tacit_client_last() tells the rest. */
TACIT_MUST_CHECK enum tacit_status tacit_client_attest(struct tacit_client *client,
						       struct tacit_error *err);

/* The newest look at the server, verified or not; NULL before the first. */
const struct tacit_attested *tacit_client_last(const struct tacit_client *client);

/* What requests rely on now; NULL when nothing is verified or it is too old. */
const struct tacit_attested *tacit_client_current(const struct tacit_client *client);

/* How the receipt of an answer turned out. */
enum tacit_proof {
	TACIT_PROOF_NONE,    /* there is none, and the answer needs none (errors, GET) */
	TACIT_PROOF_OK,      /* there is one and it checks */
	TACIT_PROOF_MISSING, /* there should be one */
	TACIT_PROOF_BAD,     /* there is one and it does not check */
};

/* One request and its answer. */
struct tacit_exchange;

struct tacit_request {
	const char *method; /* "POST" or "GET" */
	const char *path;   /* "/v1/..." with query, as it goes out: printable ASCII, no space */
	const char *content_type; /* NULL for application/json */
	struct tacit_slice body;  /* copied */
	/*
	 * Goes out under what is verified now or not at all. Otherwise a server that was started
	 * anew, with another key, is attested once more and asked again.
	 */
	bool only_now;
	/* Chosen by the caller's own client, to go into the receipt; absent for a random one. */
	struct tacit_slice nonce;
};

struct tacit_answer_head {
	unsigned status;
	const char *content_type; /* "" when there is none */
	bool stream;              /* text/event-stream */
	const struct tacit_attested *attested;
};

struct tacit_answer_end {
	enum tacit_status status; /* OK only when the answer is whole and its proof is OK or NONE */
	const struct tacit_error *error;
	unsigned http_status; /* 0 when no answer came */
	bool sent;            /* a byte of the request may have left */
	enum tacit_proof proof;
	struct tacit_slice receipt;                  /* absent when none was readable */
	const struct tacit_receipt_verdict *verdict; /* of the receipt; NULL when none was judged */
	struct tacit_slice tail; /* of a stream: receipt line and "data: [DONE]", as received */
	struct tacit_attested *attested; /* what it was sent under; NULL when nothing was */
	const uint8_t *request_hash, *response_hash; /* SHA-256; NULL when not known */
};

/*
 * Called from tacit_client_progress() and from libcurl's callbacks; they must not free the
 * client. `head` and `data` come in order and may not come at all; `end` comes exactly once,
 * last, unless the exchange is cancelled. `data` gives body bytes: all of them for whole
 * answers, all before the receipt line for streams. Data is proven only after `end` says so.
 */
struct tacit_answer_calls {
	void (*head)(void *user, const struct tacit_answer_head *head);
	void (*data)(void *user, struct tacit_slice bytes);
	void (*end)(void *user, const struct tacit_answer_end *end);
};

/*
 * Starts a request; attests first where that is needed. Owns: nothing; `*ret` is valid until
 * `end` returns or tacit_exchange_cancel(). Errors: TACIT_USAGE, TACIT_LIMIT, TACIT_NOMEM; then
 * no call ever comes.
 */
TACIT_MUST_CHECK enum tacit_status tacit_client_start(struct tacit_client *client,
						      const struct tacit_request *request,
						      const struct tacit_answer_calls *calls,
						      void *user, struct tacit_exchange **ret,
						      struct tacit_error *err);

/* Ends it without a further call. From inside one of its own calls, too. */
void tacit_exchange_cancel(struct tacit_exchange *exchange);

/* Drives the client until nothing is in flight. Errors: TACIT_IO. */
TACIT_MUST_CHECK enum tacit_status tacit_client_wait(struct tacit_client *client,
						     struct tacit_error *err);

/* libcurl's multi handle (CURLM *), for an event loop of the caller's. */
void *tacit_client_multi(struct tacit_client *client);

/* Finishes what libcurl has finished, and starts what waited for that. */
void tacit_client_progress(struct tacit_client *client);

#endif
