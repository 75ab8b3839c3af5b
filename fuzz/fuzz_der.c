/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/der.h"
#include "fuzz.h"

#define DEPTH_MAX 12

/* Reads each element as what its tag says, and descends into constructed ones. */
static void walk(struct tacit_der *d, struct tacit_slice whole, unsigned depth)
{
	while (tacit_der_more(d)) {
		uint8_t tag = tacit_der_peek(d);
		size_t at = d->r.at;
		struct tacit_der copy = *d;
		struct tacit_slice element = tacit_der_element(&copy);

		FUZZ_ASSERT(fuzz_inside(element, whole));
		FUZZ_ASSERT(copy.r.bad || (element.len >= 2 && copy.r.at == at + element.len));
		if (tag & 0x20 && depth < DEPTH_MAX) {
			struct tacit_der child = tacit_der_enter(d, tag);

			walk(&child, whole, depth + 1);
			tacit_der_leave(d, &child);
			FUZZ_ASSERT(!child.r.bad || d->r.bad);
			continue;
		}
		switch (tag) {
		case TACIT_DER_BOOLEAN:
			(void)tacit_der_bool(d);
			break;
		case TACIT_DER_INTEGER: {
			struct tacit_der small = *d;
			uint64_t value = tacit_der_uint(&small, 1000);

			FUZZ_ASSERT(value <= 1000 && (!small.r.bad || value == 0));
			FUZZ_ASSERT(fuzz_inside(tacit_der_integer(d), whole));
			break;
		}
		case TACIT_DER_ENUM:
			FUZZ_ASSERT(tacit_der_enum(d, UINT64_MAX) == 0 || !d->r.bad);
			break;
		case TACIT_DER_BITS:
			FUZZ_ASSERT(fuzz_inside(tacit_der_bits(d), whole));
			break;
		case TACIT_DER_OID:
			FUZZ_ASSERT(fuzz_inside(tacit_der_oid(d), whole));
			break;
		case TACIT_DER_UTC_TIME:
		case TACIT_DER_TIME: {
			int64_t seconds = tacit_der_time(d);

			FUZZ_ASSERT(seconds >= -631152000 && seconds <= 253402300799);
			break;
		}
		default:
			FUZZ_ASSERT(fuzz_inside(tacit_der_take(d, tag), whole));
			break;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_der d = tacit_der_of(in);

	walk(&d, in, 0);
	FUZZ_ASSERT(d.r.at <= size && (!d.r.bad || d.why));
	FUZZ_ASSERT((tacit_der_finish(&d, "f", NULL) == TACIT_OK) == !d.r.bad);
	return 0;
}
