/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of Nitro documents: whatever comes out lies in the input and within its limits. */
#include "fuzz.h"
#include "tee/nitro/nitro.h"

static void check_data(struct tacit_slice data, struct tacit_slice in)
{
	FUZZ_ASSERT(fuzz_inside(data, in) && data.len <= TACIT_NITRO_DATA_MAX);
}

static void check_doc(const struct tacit_nitro_doc *doc, struct tacit_slice in)
{
	size_t registers = 0;

	FUZZ_ASSERT(fuzz_inside(doc->module_id, in) && doc->module_id.len != 0);
	FUZZ_ASSERT(doc->timestamp_ms > 0 && doc->timestamp_ms <= TACIT_NITRO_TIME_MAX);
	FUZZ_ASSERT(fuzz_inside(doc->certificate, in) && doc->certificate.len != 0);
	FUZZ_ASSERT(doc->cabundle_count >= 1 && doc->cabundle_count <= TACIT_NITRO_CABUNDLE_MAX);
	for (size_t i = 0; i < doc->cabundle_count; i++)
		FUZZ_ASSERT(fuzz_inside(doc->cabundle[i], in) && doc->cabundle[i].len != 0);
	for (size_t i = 0; i < TACIT_NITRO_PCRS; i++) {
		if (!doc->pcr[i].ptr)
			continue;
		FUZZ_ASSERT(fuzz_inside(doc->pcr[i], in));
		FUZZ_ASSERT(doc->pcr[i].len == TACIT_NITRO_PCR_LEN);
		registers++;
	}
	FUZZ_ASSERT(registers != 0);
	check_data(doc->public_key, in);
	check_data(doc->user_data, in);
	check_data(doc->nonce, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_nitro_envelope envelope;
	struct tacit_nitro_doc doc;

	/* Both as a document and as a payload alone, which needs no envelope around it. */
	if (tacit_nitro_payload(in, &doc, NULL) == TACIT_OK)
		check_doc(&doc, in);
	FUZZ_ASSERT(!(tacit_nitro_detect(in) && tacit_nitrotpm_detect(in)));
	if (tacit_nitro_envelope(in, &envelope, NULL) != TACIT_OK)
		return 0;
	FUZZ_ASSERT(fuzz_inside(envelope.payload, in) && fuzz_inside(envelope.signature, in));
	FUZZ_ASSERT(envelope.signature.len == TACIT_NITRO_SIGNATURE_LEN);
	if (tacit_nitro_payload(envelope.payload, &doc, NULL) == TACIT_OK)
		check_doc(&doc, envelope.payload);
	return 0;
}
