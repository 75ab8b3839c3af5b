/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "trust/chain.h"
#include "trust/roots.h"

static void check_cert(const struct tacit_cert *c, struct tacit_slice in)
{
	const struct tacit_slice parts[] = { c->tbs,  c->serial, c->issuer,     c->subject,
					     c->spki, c->key,    c->signature,  c->extensions,
					     c->ski,  c->aki,    c->subject_cn, c->issuer_cn };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		FUZZ_ASSERT(fuzz_inside(parts[i], in));
	FUZZ_ASSERT(tacit_slice_eq(c->der, in));
	FUZZ_ASSERT(c->tbs.len && c->serial.len && c->issuer.len > 2 && c->subject.len > 2);
	FUZZ_ASSERT(c->sig_alg != TACIT_SIG_NONE);
	FUZZ_ASSERT(c->key.len == (c->key_alg == TACIT_P256   ? 65u
				   : c->key_alg == TACIT_P384 ? 97u
							      : 526u));
	FUZZ_ASSERT(c->has_basic || !c->ca);
	FUZZ_ASSERT(c->ca || c->path_len == -1);
	FUZZ_ASSERT(c->has_key_usage || c->key_usage == 0);
}

/* A cut is never a certificate: its length is in its head. */
static void check_cuts(struct tacit_slice in)
{
	struct tacit_cert cert;

	for (size_t len = in.len > 8 ? in.len - 8 : 0; len < in.len; len++)
		FUZZ_ASSERT(tacit_cert_parse(tacit_slice_of(in.ptr, len), "f", &cert, NULL) ==
			    TACIT_FORMAT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tacit_context CX;
	static const struct tacit_chain_rules RULES = { .now = 1800000000 };
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_chain_result result;
	struct tacit_cert cert;

	if (tacit_cert_parse(in, "f", &cert, NULL) != TACIT_OK)
		return 0;
	check_cert(&cert, in);
	check_cuts(in);
	FUZZ_ASSERT(tacit_root_find(&cert, &CX) == TACIT_ROOT_NONE);

	/* One certificate twice is no chain: it is a CA in one place and must be none in the other.
	 */
	struct tacit_cert twice[] = { cert, cert };
	FUZZ_ASSERT(!tacit_chain_check(twice, 2, &RULES, &result));
	(void)tacit_cert_extension(&cert, cert.subject_cn);
	return 0;
}
