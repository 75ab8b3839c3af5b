/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_CBOR_H
#define TACIT_CODEC_CBOR_H

/*
 * CBOR [RFC 8949], read in place without allocation or recursion, and written deterministically
 * (4.2.1: shortest heads, definite lengths, keys in bytewise order of their encoding).
 *
 * The reader has two settings. TACIT_CBOR_STRICT accepts the deterministic encoding alone: the
 * form of everything we define and of AIR receipts. TACIT_CBOR_LAX accepts any well-formed item
 * (longer heads, indefinite lengths), as evidence made by others may use. Both refuse reserved
 * values, bad UTF-8, depth over TACIT_NESTING_MAX and lengths beyond the input.
 *
 * Like struct reader, a failed read marks the cursor `bad` and later reads give zeros, so that a
 * decoder is a list of fields judged once by tacit_cbor_finish(). Maps are read as pairs: call
 * tacit_cbor_map(), then that many key/value reads. Key order and duplicates are checked by
 * struct tacit_cbor_keys as the keys go by.
 */

#include "base/reader.h"
#include "base/writer.h"

enum tacit_cbor_rules {
	TACIT_CBOR_STRICT,
	TACIT_CBOR_LAX,
};

enum tacit_cbor_type {
	TACIT_CBOR_UINT,
	TACIT_CBOR_NINT,
	TACIT_CBOR_BYTES,
	TACIT_CBOR_TEXT,
	TACIT_CBOR_ARRAY,
	TACIT_CBOR_MAP,
	TACIT_CBOR_TAG,
	TACIT_CBOR_SIMPLE, /* false, true, null, undefined, other simple values */
	TACIT_CBOR_FLOAT,
	TACIT_CBOR_BREAK,
	TACIT_CBOR_NONE, /* end of input, or a bad cursor */
};

struct tacit_cbor {
	struct reader r;
	enum tacit_cbor_rules rules;
	const char *why; /* first complaint; NULL while good */
};

struct tacit_cbor tacit_cbor_of(struct tacit_slice in, enum tacit_cbor_rules rules);

/* The type of the next item, without reading it. */
enum tacit_cbor_type tacit_cbor_peek(const struct tacit_cbor *c);

/* Typed reads; a different type or a value out of range marks the cursor bad. */
uint64_t tacit_cbor_uint(struct tacit_cbor *c);
int64_t tacit_cbor_int(struct tacit_cbor *c); /* unsigned or negative, in int64 range */
struct tacit_slice tacit_cbor_bytes(struct tacit_cbor *c); /* definite length only */
struct tacit_slice tacit_cbor_text(struct tacit_cbor *c);  /* definite length, valid UTF-8 */
bool tacit_cbor_bool(struct tacit_cbor *c);
/* True and consumed when the next item is null; otherwise false and nothing is read. */
bool tacit_cbor_null(struct tacit_cbor *c);
uint64_t tacit_cbor_tag(struct tacit_cbor *c);
/*
 * Number of elements (array) or pairs (map). Under LAX an indefinite length gives
 * TACIT_CBOR_INDEFINITE; read elements until tacit_cbor_end_of() says so. A count that the
 * remaining input cannot hold is refused at once.
 */
#define TACIT_CBOR_INDEFINITE UINT64_MAX
uint64_t tacit_cbor_array(struct tacit_cbor *c);
uint64_t tacit_cbor_map(struct tacit_cbor *c);
/* Consumes the break that ends an indefinite item; false while elements remain. */
bool tacit_cbor_at_break(struct tacit_cbor *c);

/* Skips one whole item, checked to be well-formed, and gives its bytes. */
struct tacit_slice tacit_cbor_item(struct tacit_cbor *c);

/* Marks the cursor bad with a complaint of the caller's. */
void tacit_cbor_reject(struct tacit_cbor *c, const char *why);

/* Every map under STRICT: call with the bytes of each key, in order. Refuses equal and (STRICT)
 * descending keys. Under LAX only neighbours are compared; use a caller's set for the rest. */
struct tacit_cbor_keys {
	struct tacit_slice last;
};
void tacit_cbor_key_check(struct tacit_cbor *c, struct tacit_cbor_keys *keys,
			  struct tacit_slice key_bytes);

/* OK only when no read failed and nothing is left. */
TACIT_MUST_CHECK enum tacit_status tacit_cbor_finish(const struct tacit_cbor *c, const char *where,
						     struct tacit_error *err);

/* Checks that `in` is exactly one well-formed item under `rules`. */
TACIT_MUST_CHECK enum tacit_status
tacit_cbor_check(struct tacit_slice in, enum tacit_cbor_rules rules, struct tacit_error *err);

/* Writers: shortest heads. The caller gives map keys in order. */
void tacit_cbor_put_uint(struct writer *w, uint64_t value);
void tacit_cbor_put_int(struct writer *w, int64_t value);
void tacit_cbor_put_bytes(struct writer *w, struct tacit_slice bytes);
void tacit_cbor_put_text(struct writer *w, struct tacit_slice text);
void tacit_cbor_put_array(struct writer *w, uint64_t count);
void tacit_cbor_put_map(struct writer *w, uint64_t pairs);
void tacit_cbor_put_tag(struct writer *w, uint64_t tag);
void tacit_cbor_put_bool(struct writer *w, bool value);
void tacit_cbor_put_null(struct writer *w);

/* Diagnostic notation [RFC 8949 8] of any well-formed item, for people; long strings are cut. */
TACIT_MUST_CHECK enum tacit_status tacit_cbor_diagnose(struct tacit_slice in, struct writer *w,
						       struct tacit_error *err);

#endif
