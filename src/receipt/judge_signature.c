/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt/judge.h"

#include "receipt/envelope.h"
#include "receipt/key.h"

/*
 * A valid payload is at most 1,660 bytes, so nearly every receipt takes the small room. A longer
 * one fails in layer 3 whatever its signature says, but its signature is judged first all the
 * same: nothing of a payload is decoded before [AIR-02 verification procedure].
 */
#define SMALL_ROOM 2048
#define LARGE_ROOM (TACIT_RECEIPT_MAX_LEN + TACIT_ENVELOPE_SIG_OVERHEAD)

static const struct tacit_slice NOTHING = { NULL, 0 };

static enum tacit_status verify_in(const struct tacit_judge *j, const struct tacit_key *key,
				   struct tacit_mut room)
{
	struct tacit_slice tbs;
	enum tacit_status status = tacit_cose_sig_structure(
		j->msg.protected_bytes, tacit_slice_of(NULL, 0), j->msg.payload, room, &tbs, NULL);

	if (status != TACIT_OK)
		return status;
	return tacit_key_verify(key, tbs, j->msg.signature, NULL);
}

static enum tacit_status verify_small(const struct tacit_judge *j, const struct tacit_key *key)
{
	uint8_t room[SMALL_ROOM];

	return verify_in(j, key, tacit_mut_of(room, sizeof(room)));
}

__attribute__((noinline)) static enum tacit_status verify_large(const struct tacit_judge *j,
								const struct tacit_key *key)
{
	uint8_t room[LARGE_ROOM];

	return verify_in(j, key, tacit_mut_of(room, sizeof(room)));
}

static bool verifies(const struct tacit_judge *j, const struct tacit_key *key)
{
	if (j->msg.payload.len <= SMALL_ROOM - TACIT_ENVELOPE_SIG_OVERHEAD)
		return verify_small(j, key) == TACIT_OK;
	return verify_large(j, key) == TACIT_OK;
}

static struct tacit_slice raw_key(const struct tacit_receipt_expect *expect)
{
	if (expect->key.ptr)
		return expect->key;
	if (expect->evidence && expect->evidence->has_binding)
		return TACIT_SLICE_ARRAY(expect->evidence->binding.receipt_key);
	return NOTHING;
}

struct tacit_air_finding tacit_judge_signature(struct tacit_judge *j)
{
	if (j->msg.signature.len != 64)
		return tacit_air_refuse("BAD_SIG_LENGTH", NOTHING,
					"signature is not 64 bytes long");
	if (j->expect->verifier) {
		if (verifies(j, tacit_receipt_key_checker(j->expect->verifier)))
			return tacit_air_pass();
		return tacit_air_refuse("SIG_FAILED", NOTHING, "signature does not verify");
	}

	struct tacit_key *key = NULL;
	if (tacit_key_public(TACIT_ED25519, raw_key(j->expect), &key, &j->inner) != TACIT_OK)
		return tacit_air_refuse("SIG_FAILED", NOTHING, "public key is not usable");
	bool good = verifies(j, key);
	tacit_key_free(key);
	if (!good)
		return tacit_air_refuse("SIG_FAILED", NOTHING, "signature does not verify");
	return tacit_air_pass();
}
