/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_RELEASE_AWS_CREDENTIALS_H
#define TACIT_RELEASE_AWS_CREDENTIALS_H

/*
 * Who we are to AWS. In an enclave the host says so: `tacit relay --aws-credentials` takes them
 * from the instance metadata service and hands them over at its egress address. The host has
 * them anyway; what they allow beyond that, a key policy makes depend on the attestation document.
 * For development they come from the environment or a file in AWS's shared format.
 *
 *     struct tacit_aws_credentials *who;
 *     struct tacit_aws_keys keys;
 *     if (tacit_aws_credentials_new(&options, &who, &err) == TACIT_OK &&
 *         tacit_aws_credentials_get(who, false, &keys, &err) == TACIT_OK) {
 *             ... sign with keys ...
 *             tacit_aws_keys_wipe(&keys);
 *     }
 *
 * Safe on several threads. What ends soon is fetched anew before it does.
 */

#include "base/secret.h"
#include "release/reach.h"

#define TACIT_AWS_ACCESS_KEY_MAX 128
#define TACIT_AWS_TOKEN_MAX      8192
#define TACIT_AWS_REGION_MAX     32
#define TACIT_AWS_FILE_MAX       65536
#define TACIT_AWS_ANSWER_MAX     16384 /* what metadata services and relays answer */
#define TACIT_AWS_METADATA       "http://169.254.169.254"
#define TACIT_AWS_METADATA_MAX   128
#define TACIT_AWS_PATH           "/aws/credentials" /* where the relay has them */

/* Zero-initialise; wipe. */
struct tacit_aws_keys {
	char access_key[TACIT_AWS_ACCESS_KEY_MAX + 1];
	struct tacit_secret secret_key;        /* 40 characters; its bytes are text */
	char token[TACIT_AWS_TOKEN_MAX + 1];   /* "" for keys without a session */
	char region[TACIT_AWS_REGION_MAX + 1]; /* where this instance is; "" when nobody said */
	int64_t expires;                       /* 0: never */
};

void tacit_aws_keys_wipe(struct tacit_aws_keys *keys);

enum tacit_aws_from {
	TACIT_AWS_ENVIRONMENT, /* AWS_ACCESS_KEY_ID and its like */
	TACIT_AWS_FILE,        /* AWS's shared format: [profile], name = value */
	TACIT_AWS_RELAY,
};

struct tacit_aws_options {
	enum tacit_aws_from from;
	const char *file;                /* TACIT_AWS_FILE */
	const char *profile;             /* in the file; NULL: "default" */
	const struct tacit_reach *reach; /* TACIT_AWS_RELAY: its address */
};

struct tacit_aws_credentials;

/* Looks nowhere yet. What `options` points to must outlive the handle. Errors: TACIT_NOMEM. */
TACIT_MUST_CHECK enum tacit_status
tacit_aws_credentials_new(const struct tacit_aws_options *options,
			  struct tacit_aws_credentials **ret, struct tacit_error *err);

/*
 * Keys that hold for some minutes yet. `anew` fetches them whatever is known: after AWS called
 * those it got expired. Errors: TACIT_USAGE when there are none in environment or file;
 * TACIT_FORMAT; TACIT_IO; TACIT_PEER when the relay has none; TACIT_EXPIRED.
 */
TACIT_MUST_CHECK enum tacit_status tacit_aws_credentials_get(struct tacit_aws_credentials *who,
							     bool anew, struct tacit_aws_keys *ret,
							     struct tacit_error *err);

/* NULL is fine. */
void tacit_aws_credentials_free(struct tacit_aws_credentials *who);

/* ---- bytes (aws_credentials_parse.c) -------------------------------------------------------- */

/*
 * What the metadata service and the relay say: an object of AccessKeyId, SecretAccessKey, Token,
 * Expiration, perhaps Code and Region; other members are passed over.
 * Errors: TACIT_FORMAT, TACIT_LIMIT.
 */
TACIT_MUST_CHECK enum tacit_status
tacit_aws_keys_parse(struct tacit_slice json, struct tacit_aws_keys *ret, struct tacit_error *err);

/* The same the other way, as the relay hands them on. Errors: TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_aws_keys_write(const struct tacit_aws_keys *keys,
							struct tacit_mut room,
							struct tacit_slice *ret,
							struct tacit_error *err);

/* One profile of a shared credentials file. Errors: TACIT_FORMAT, TACIT_USAGE without it. */
TACIT_MUST_CHECK enum tacit_status tacit_aws_keys_parse_file(struct tacit_slice text,
							     const char *profile,
							     struct tacit_aws_keys *ret,
							     struct tacit_error *err);

/* (aws_place.c) Where a metadata service may be: http://HOST[:PORT], and nothing behind. Errors:
 * TACIT_USAGE. */
TACIT_MUST_CHECK enum tacit_status tacit_aws_place_check(const char *base, struct tacit_error *err);

/* (aws_place.c) A region of AWS's by its form, as eu-central-1: a host's name is made of no other,
 * since kms.s3.amazonaws.com would be somebody's bucket. */
bool tacit_aws_is_region(struct tacit_slice text);

/* (aws_place.c) What may stand for a region in a signature for another service: a-z, 0-9, '-'. */
bool tacit_aws_is_scope(struct tacit_slice text);

/* Refuses what is no key: empty, too long, or with characters that no key has. */
TACIT_MUST_CHECK enum tacit_status tacit_aws_keys_check(const struct tacit_aws_keys *keys,
							struct tacit_error *err);

#endif
