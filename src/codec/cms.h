/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_CMS_H
#define TACIT_CODEC_CMS_H

/*
 * CMS EnvelopedData [RFC 5652 6] in the one shape that AWS KMS answers a Recipient with, its
 * CiphertextForRecipient: one recipient, named by its key identifier, a key wrapped by RSAES-OAEP
 * with SHA-256 throughout [RFC 8017 A.2.1] and content under AES-256-CBC.
 *
 * KMS writes BER: the outer structures have indefinite lengths, the inner ones definite. Read in
 * place, without recursion: the outer ones may be of either kind, everything else is DER. The
 * content is one [0] string or, inside a [0], any number of pieces.
 *
 * Not checked here: anything under a key. The content has no MAC; what
 * vouches for it is the TLS connection that it came by.
 */

#include "base/error.h"
#include "tacit/bytes.h"

#define TACIT_CMS_MAX    16384 /* KMS stays below 6,144 */
#define TACIT_CMS_KEY_ID 32
#define TACIT_CMS_IV     16

struct tacit_cms_enveloped {
	struct tacit_slice key_id;      /* subjectKeyIdentifier, TACIT_CMS_KEY_ID bytes */
	struct tacit_slice wrapped_key; /* 256, 384 or 512 bytes */
	struct tacit_slice iv;          /* TACIT_CMS_IV bytes */
	struct tacit_slice content;     /* in pieces: the OCTET STRINGs as they came */
	bool in_pieces;
	size_t content_len; /* without the heads of the pieces; whole blocks of the cipher */
};

/* Slices point into `in`. Errors: TACIT_FORMAT; TACIT_UNSUPPORTED for other algorithms; TACIT_LIMIT
 * over TACIT_CMS_MAX. */
TACIT_MUST_CHECK enum tacit_status
tacit_cms_parse(struct tacit_slice in, struct tacit_cms_enveloped *ret, struct tacit_error *err);

/*
 * The content in one piece: where it lies, or put together in `room`. Errors: TACIT_LIMIT when
 * `room` has less than content_len.
 */
TACIT_MUST_CHECK enum tacit_status tacit_cms_content(const struct tacit_cms_enveloped *cms,
						     struct tacit_mut room, struct tacit_slice *ret,
						     struct tacit_error *err);

/*
 * Writes what tacit_cms_parse reads, byte for byte as KMS does. `content` is the bare ciphertext;
 * with in_pieces it goes into pieces of at most `piece` bytes (0: one), else into one [0] string.
 * Errors: TACIT_USAGE for members of a wrong length; TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status tacit_cms_write(const struct tacit_cms_enveloped *cms,
						   size_t piece, struct tacit_mut room,
						   struct tacit_slice *ret,
						   struct tacit_error *err);

#endif
