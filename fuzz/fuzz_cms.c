/* SPDX-License-Identifier: Apache-2.0 */

/* What KMS seals for an enclave: whatever is read can be written, and is then read as the same. */

#include "codec/cms.h"
#include "fuzz.h"

static void check_same(const struct tacit_cms_enveloped *a, struct tacit_slice content,
		       const struct tacit_cms_enveloped *b)
{
	static uint8_t room[TACIT_CMS_MAX];
	struct tacit_slice again;

	FUZZ_ASSERT(tacit_cms_content(b, tacit_mut_of(room, sizeof(room)), &again, NULL) ==
		    TACIT_OK);
	FUZZ_ASSERT(tacit_slice_eq(a->key_id, b->key_id));
	FUZZ_ASSERT(tacit_slice_eq(a->wrapped_key, b->wrapped_key));
	FUZZ_ASSERT(tacit_slice_eq(a->iv, b->iv));
	FUZZ_ASSERT(tacit_slice_eq(content, again));
	FUZZ_ASSERT(a->in_pieces == b->in_pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[TACIT_CMS_MAX], text[2 * TACIT_CMS_MAX];
	struct tacit_slice in = tacit_slice_of(data, size), content, written;
	struct tacit_cms_enveloped cms, bare, again;

	if (tacit_cms_parse(in, &cms, NULL) != TACIT_OK)
		return 0;
	FUZZ_ASSERT(fuzz_inside(cms.key_id, in) && cms.key_id.len == TACIT_CMS_KEY_ID);
	FUZZ_ASSERT(fuzz_inside(cms.iv, in) && cms.iv.len == TACIT_CMS_IV);
	FUZZ_ASSERT(fuzz_inside(cms.wrapped_key, in) && fuzz_inside(cms.content, in));
	FUZZ_ASSERT(cms.content_len > 0 && cms.content_len % 16 == 0 && cms.content_len <= size);
	FUZZ_ASSERT(tacit_cms_content(&cms, tacit_mut_of(room, sizeof(room)), &content, NULL) ==
		    TACIT_OK);
	FUZZ_ASSERT(content.len == cms.content_len);
	bare = cms;
	bare.content = content;
	FUZZ_ASSERT(tacit_cms_write(&bare, data[size - 1], tacit_mut_of(text, sizeof(text)),
				    &written, NULL) == TACIT_OK);
	if (written.len > TACIT_CMS_MAX)
		return 0; /* more pieces than there were */
	FUZZ_ASSERT(tacit_cms_parse(written, &again, NULL) == TACIT_OK);
	check_same(&bare, content, &again);
	return 0;
}
