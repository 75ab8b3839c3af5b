/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RECEIPT_AIR_H
#define TACIT_RECEIPT_AIR_H

/*
 * The payload of a receipt, of AIR v1 [AIR-02 claims] or of our profile beside it: a closed map
 * of integer keys, in the one deterministic encoding. Decoding splits it into the received
 * values; the rules of layer 3 then judge them. Issuing runs what it encoded through the same
 * decoder and the same rules, so that there is one definition of a valid receipt and nothing
 * else is ever signed.
 */

#include "base/writer.h"
#include "receipt/profile.h"
#include "tacit/receipt.h"

/* In the order of their keys, which is the order of the encoding. */
enum tacit_air_claim {
	TACIT_AIR_ISS,
	TACIT_AIR_IAT,
	TACIT_AIR_CTI,
	TACIT_AIR_EAT_NONCE,
	TACIT_AIR_EAT_PROFILE,
	TACIT_AIR_MODEL_ID,
	TACIT_AIR_MODEL_VERSION,
	TACIT_AIR_MODEL_HASH,
	TACIT_AIR_REQUEST_HASH,
	TACIT_AIR_RESPONSE_HASH,
	TACIT_AIR_DOC_HASH,
	TACIT_AIR_MEASUREMENTS,
	TACIT_AIR_POLICY_VERSION,
	TACIT_AIR_SEQUENCE,
	TACIT_AIR_EXECUTION_MS,
	TACIT_AIR_MEMORY_MB,
	TACIT_AIR_SECURITY_MODE,
	TACIT_AIR_SCHEME,
	TACIT_AIR_CLAIMS, /* how many */
};

#define TACIT_AIR_REGISTER_LEN 48

/* More than the encoding of any valid claims, which is 1,660 bytes with every text at its bound. */
#define TACIT_AIR_PAYLOAD_ROOM 1792

/* The values as received; slices point into the payload. */
struct tacit_air_payload {
	uint32_t present;                           /* bit per enum tacit_air_claim */
	bool unsorted;                              /* keys of a map are not in order */
	struct tacit_slice bytes[TACIT_AIR_CLAIMS]; /* text and byte strings */
	uint64_t number[TACIT_AIR_CLAIMS];          /* unsigned numbers */
	const struct tacit_profile *profile;        /* AIR v1's when eat_profile is none of ours */
	uint32_t slots_present;                     /* bit per measurement slot */
	struct tacit_slice slots[TACIT_RECEIPT_SLOTS];
	struct tacit_slice measurement_type;
};

/* What one rule found. */
struct tacit_air_finding {
	enum tacit_result result;
	const char *code;         /* failure code without its value; NULL unless it failed */
	struct tacit_slice value; /* shown after the code and a colon; absent when there is none */
	const char *why;          /* for people */
};

static inline struct tacit_air_finding tacit_air_pass(void)
{
	struct tacit_air_finding f = { .result = TACIT_CHECK_PASS };

	return f;
}

static inline struct tacit_air_finding tacit_air_skip(void)
{
	struct tacit_air_finding f = { .result = TACIT_CHECK_SKIP };

	return f;
}

static inline struct tacit_air_finding tacit_air_refuse(const char *code, struct tacit_slice value,
							const char *why)
{
	struct tacit_air_finding f = { TACIT_CHECK_FAIL, code, value, why };

	return f;
}

/*
 * Splits the payload. The finding is that of CLAIMS_DECODE: PAYLOAD_NOT_MAP when the bytes are
 * not a closed map in strict CBOR without repeated keys, else MISSING_CLAIM, WRONG_TYPE (also for a
 * value out of its claim's range) or BAD_HASH_LENGTH with the claim's name. `inner` (may be
 * NULL) takes the decoder's own complaint and its offset.
 */
struct tacit_air_finding tacit_air_decode(struct tacit_slice payload, struct tacit_air_payload *ret,
					  struct tacit_error *inner);

/* A rule of layer 3 after decoding; all are independent of one another. */
struct tacit_air_rule {
	const char *name;
	enum tacit_status status; /* of a refusal */
	struct tacit_air_finding (*judge)(const struct tacit_air_payload *p);
};

#define TACIT_AIR_RULES 8
extern const struct tacit_air_rule tacit_air_rules[TACIT_AIR_RULES];

/* The claims of a payload that every rule passed. */
void tacit_air_claims(const struct tacit_air_payload *p, struct tacit_receipt_claims *ret);

/* Writes the payload; validates nothing. */
void tacit_air_encode(const struct tacit_receipt_claims *claims, struct writer *w);

/* "CODE" or "CODE:value", the value escaped and cut to fit. */
void tacit_air_code_text(const struct tacit_air_finding *f, char *room, size_t size);

#endif
