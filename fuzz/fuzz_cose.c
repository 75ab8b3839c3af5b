/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cose.h"
#include "fuzz.h"

static void check_parts(const struct tacit_cose_sign1 *m, struct tacit_slice in)
{
	FUZZ_ASSERT(fuzz_inside(m->protected_bytes, in) && fuzz_inside(m->unprotected, in));
	FUZZ_ASSERT(fuzz_inside(m->payload, in) && fuzz_inside(m->signature, in));
	FUZZ_ASSERT(m->signature.ptr && m->unprotected.len > 0);
	FUZZ_ASSERT((m->protected_count == 0) == (m->protected_bytes.len == 0));
	FUZZ_ASSERT(m->alg == 0 || m->protected_count > 0);
	/* A value may nest to the limit by itself, and so one level too deep in its map. */
	FUZZ_ASSERT(tacit_cbor_check(m->unprotected, TACIT_CBOR_LAX, NULL) != TACIT_FORMAT);
}

static void check_sig_structure(const struct tacit_cose_sign1 *m)
{
	struct tacit_slice aad = m->signature, out;
	size_t max = tacit_cose_sig_structure_max(m->protected_bytes, aad, m->payload);
	uint8_t *room = malloc(max);

	FUZZ_ASSERT(room);
	FUZZ_ASSERT(tacit_cose_sig_structure(m->protected_bytes, aad, m->payload,
					     tacit_mut_of(room, max), &out, NULL) == TACIT_OK);
	FUZZ_ASSERT(tacit_cbor_check(out, TACIT_CBOR_STRICT, NULL) == TACIT_OK);
	FUZZ_ASSERT(tacit_cose_sig_structure(m->protected_bytes, aad, m->payload,
					     tacit_mut_of(room, out.len - 1), &out,
					     NULL) == TACIT_LIMIT);
	free(room);
}

/* A strict message with nothing unprotected is what the writer writes of its parts. */
static void check_again(const struct tacit_cose_sign1 *m, struct tacit_slice in)
{
	if (m->unprotected_count || !m->payload.ptr)
		return;
	uint8_t *room = malloc(in.len);
	FUZZ_ASSERT(room);
	struct writer w = wr_of(tacit_mut_of(room, in.len));

	tacit_cose_sign1_write(&w, m->protected_bytes, m->payload, m->signature);
	FUZZ_ASSERT(!w.bad && tacit_slice_eq(tacit_slice_of(room, w.at), in));
	free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_cose_sign1 strict, lax;

	if (tacit_cose_sign1_parse(in, TACIT_CBOR_LAX, &lax, NULL) != TACIT_OK) {
		FUZZ_ASSERT(tacit_cose_sign1_parse(in, TACIT_CBOR_STRICT, &strict, NULL) !=
			    TACIT_OK);
		return 0;
	}
	check_parts(&lax, in);
	check_sig_structure(&lax);
	if (tacit_cose_sign1_parse(in, TACIT_CBOR_STRICT, &strict, NULL) != TACIT_OK)
		return 0;
	FUZZ_ASSERT(strict.tagged && strict.alg == lax.alg);
	FUZZ_ASSERT(tacit_cbor_check(in, TACIT_CBOR_STRICT, NULL) != TACIT_FORMAT);
	check_again(&strict, in);
	return 0;
}
