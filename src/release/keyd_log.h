/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_KEYD_LOG_H
#define TACIT_RELEASE_KEYD_LOG_H

/*
 * The broker's audit log: one JSON object a line, chained. A row says who asked for what, with
 * which evidence, what the verdict was and which key it was about; never a key, a plaintext or a
 * ciphertext. It ends in "hash", the SHA-256 of the line as it is without that member (so ending
 * in "}"), and carries in "prev" the hash of the row before it; the first has 32 zero bytes there.
 *
 *     {"seq":1,"at":"...","who":"ci","op":"Decrypt","key":"...","version":1,"platform":"nitro",
 *      "evidence":"...","verdict":"released","reason":null,"policy":null,"appraisal":null,
 *      "insecure":[],"prev":"...","hash":"..."}
 *
 * A chain shows that rows were changed, left out or put in. That its end was cut off shows only
 * against a hash that was noted elsewhere.
 */

#include "base/writer.h"

#define TACIT_KEYD_LINE_MAX     2048
#define TACIT_KEYD_INSECURE_MAX 4

/* Texts are cut where they are too long for a row. */
struct tacit_keyd_entry {
	int64_t at;
	struct tacit_slice who; /* name of the credential, "operator", or the KBS session */
	struct tacit_slice op;  /* "Decrypt", "GetResource", "CreateKey", ... */
	struct tacit_slice key; /* its id; absent for none */
	uint32_t version;
	const char *platform;        /* NULL without evidence */
	struct tacit_slice evidence; /* SHA-256 of the evidence as received; absent without */
	const char *verdict;         /* "released", "refused" or "done" */
	struct tacit_slice reason;   /* absent when released */
	struct tacit_slice policy, appraisal; /* SHA-256 of a changed key's, as they are then */
	const char *insecure[TACIT_KEYD_INSECURE_MAX]; /* waivers in force; NULL ends */
};

struct tacit_keyd_chain {
	uint64_t seq; /* of the last row; 0 before the first */
	uint8_t hash[32];
};

/*
 * Writes the row that follows `chain`, without its "hash", and moves `chain` on to it. Errors:
 * TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_keyd_log_append(const struct tacit_keyd_entry *entry, struct tacit_keyd_chain *chain,
		      struct tacit_mut room, struct tacit_slice *ret, struct tacit_error *err);

/* Writes a row with its "hash", and no line break. `line` ends in "}". */
void tacit_keyd_log_put(struct writer *w, struct tacit_slice line, const uint8_t hash[static 32]);

/*
 * Whether an exported line, without its line break, follows `chain`, which then moves on. Errors:
 * TACIT_FORMAT for what is no row; TACIT_SIGNATURE for a row that was changed, or does not follow.
 */
TACIT_MUST_CHECK enum tacit_status tacit_keyd_log_check(struct tacit_slice line,
							struct tacit_keyd_chain *chain,
							struct tacit_error *err);

#endif
