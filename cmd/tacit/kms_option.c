/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_option.h"

#include <string.h>

#include "base/compiler.h"
#include "sys/attest.h"
#include "tee_option.h"

static int open_aws(const struct cli_common *common, const struct kms_options *o,
		    struct kms_client *c)
{
	struct tacit_aws_options setup = { .profile = o->aws_profile, .reach = &c->setup.reach };
	const char *from = o->aws_credentials ? o->aws_credentials : o->via ? "relay" : "env";
	struct tacit_error err = { 0 };

	if (strcmp(from, "relay") == 0 && !o->via)
		return cli_usage("--aws-credentials relay wants --via");
	if (strcmp(from, "relay") == 0) {
		setup.from = TACIT_AWS_RELAY;
	} else if (strcmp(from, "env") == 0) {
		setup.from = TACIT_AWS_ENVIRONMENT;
	} else {
		setup.from = TACIT_AWS_FILE;
		setup.file = from;
	}
	if (tacit_aws_credentials_new(&setup, &c->setup.aws, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot use credentials");
	return 0;
}

static int open_attester(const struct cli_common *common, const struct kms_options *o,
			 struct kms_client *c)
{
	const struct tacit_attest_options setup = { .config = tacit_slice_str("tacit kms") };
	struct tacit_error err = { 0 };
	enum tacit_tee tee;
	int code = cli_tee_option(o->tee, &tee);

	if (code)
		return code;
	if (tacit_attester_open(tee, &setup, &c->setup.attester, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot attest");
	return 0;
}

int kms_client_open(const struct cli_common *common, const struct kms_options *options,
		    struct kms_client *c)
{
	unsigned bits = options->rsa_bits ? (unsigned)options->rsa_bits : TACIT_RECIPIENT_BITS;
	struct tacit_error err = { 0 };
	int code;

	c->setup = (struct tacit_kms_options){
		.reach = { .relayed = options->via != NULL, .ca_file = options->ca },
		.endpoint = options->endpoint,
		.region = options->region,
		.fips = options->fips,
		.deadline_ms = options->timeout * 1000,
	};
	/* First of all, so that the key is there when it is asked for. */
	if (tacit_recipient_new(bits, &c->setup.recipient, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot make a key");
	if (options->via &&
	    tacit_address_parse(options->via, &c->setup.reach.relay, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot go out by '%s'", options->via);
	code = open_aws(common, options, c);
	if (code == 0)
		code = open_attester(common, options, c);
	return code ? code : kms_client_more(common, c, &c->kms);
}

int kms_client_more(const struct cli_common *common, const struct kms_client *c,
		    struct tacit_kms **ret)
{
	struct tacit_error err = { 0 };

	if (tacit_kms_new(&c->setup, ret, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot ask KMS");
	return 0;
}

void kms_client_close(struct kms_client *c)
{
	tacit_kms_free(c->kms);
	tacit_attester_close(c->setup.attester);
	tacit_recipient_free(c->setup.recipient);
	tacit_aws_credentials_free(c->setup.aws);
	memset(c, 0, sizeof(*c));
}

/* What users meet, and what it usually is. */
static const struct {
	const char *type, *hint;
} HINTS[] = {
	{ "AccessDeniedException",
	  "the key policy or role does not allow it; with a condition on the document, the image's "
	  "PCRs are others than it names (those of a debug enclave are zeros)" },
	{ "ValidationException", "KMS cannot read the document, or a member of the request" },
	{ "InvalidCiphertextException",
	  "another key, another encryption context, or not what KMS gave (base64 decoded?)" },
	{ "IncorrectKeyException", "the ciphertext is of another key" },
	{ "ExpiredTokenException", "the credentials have ended, and those fetched anew as well" },
	{ "InvalidSignatureException", "wrong credentials, or this machine's clock is off" },
	{ "IncompleteSignatureException", "something on the way changes requests" },
	{ "UnrecognizedClientException", "no such access key, or its session token is missing" },
	{ "DisabledException", "the key is disabled" },
	{ "KMSInvalidStateException", "the key is disabled or to be deleted" },
	{ "NotFoundException", "no such key in this region and account" },
	{ "InvalidKeyUsageException", "the key is of a type that cannot do this" },
	{ "UnsupportedOperationException",
	  "KMS takes no document for this operation, or the key is of a type that cannot do it" },
};

int kms_client_fail(const struct cli_common *common, const struct kms_client *c,
		    const struct tacit_error *err, const char *what)
{
	const struct tacit_kms_refusal *r = tacit_kms_refusal(c->kms);
	int code = cli_fail(common, err, "%s", what);

	if (err->status == TACIT_OK || r->status == 0)
		return code;
	/* The error cuts long reasons short. */
	if (strlen(r->message) > sizeof(err->detail) / 2)
		cli_say(common, "KMS says: %s: %s", r->type, r->message);
	for (size_t i = 0; i < TACIT_ARRAY_LEN(HINTS); i++)
		if (strcmp(r->type, HINTS[i].type) == 0)
			cli_hint(common, "%s", HINTS[i].hint);
	return code;
}
