/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_RECIPIENT_KIND_H
#define TACIT_RELEASE_RECIPIENT_KIND_H

/*
 * Ways to give a file key to somebody. Each way is one const object in the table of
 * recipient.c: how recipients and identities are written as text, and how the key goes into a
 * stanza and out of it. The stanza comes from the store, which is hostile: an unwrap asks nobody
 * but whom the identity names, whatever the stanza says.
 *
 *     age1...               X25519, as age writes it; identities are files of AGE-SECRET-KEY-1...
 *     file:PATH             the same, from an identity file: a development key
 *     passphrase:FILE       scrypt; alone in its file
 *     aws-kms:ARN           stanza "tacit-aws-kms"
 *     broker:URL            stanza "tacit-broker"
 */

#include "release/age.h"

/* What a file key belongs to. An encryption context or a request names all of it. */
struct tacit_key_use {
	struct tacit_slice model_id; /* from the manifest */
	struct tacit_slice manifest; /* its SHA-256, 32 bytes */
	struct tacit_slice file;     /* name of the file in the manifest */
	struct tacit_slice policy;   /* digest of the policy it was sealed for; may be absent */
};

struct tacit_recipient_kind {
	const char *prefix; /* of the text form, "aws-kms:"; what follows is `text` below */
	const char *stanza; /* first argument of its stanzas */
	bool alone;         /* its stanza must be the only one of a file */

	/*
	 * Makes what wraps or unwraps from the text behind the prefix: `env` is whatever the
	 * program gave for this kind (tacit_recipients), may be NULL. One object serves all files
	 * of a model, so that it may hold a connection or a key already released. `for_wrap` tells
	 * a recipient from an identity. Errors: TACIT_USAGE, TACIT_FORMAT, TACIT_IO.
	 */
	enum tacit_status (*open)(struct tacit_slice text, bool for_wrap, void *env,
				  void **ret_self, struct tacit_error *err);
	void (*close)(void *self); /* wipes; NULL is fine */

	/* The stanza's args[0] is set by the caller. Slices live in the arena. */
	enum tacit_status (*wrap)(void *self, const struct tacit_key_use *use,
				  const uint8_t file_key[TACIT_AGE_FILE_KEY],
				  struct tacit_arena *arena, struct tacit_age_stanza *ret,
				  struct tacit_error *err);

	/*
	 * Errors: TACIT_DENIED when the stanza is for another key, and the next one is tried;
	 * anything else ends the opening. `ret_file_key` is wiped by the caller.
	 */
	enum tacit_status (*unwrap)(void *self, const struct tacit_key_use *use,
				    const struct tacit_age_stanza *stanza,
				    uint8_t ret_file_key[TACIT_AGE_FILE_KEY],
				    struct tacit_error *err);
};

#endif
