/* SPDX-License-Identifier: Apache-2.0 */
#include "kms_option.h"

#include <string.h>

#include "aws_option.h"
#include "base/compiler.h"
#include "sys/attest.h"
#include "tee_option.h"

static enum tacit_status open_attester(enum tacit_tee tee, struct kms_client *c,
				       struct tacit_error *err)
{
	const struct tacit_attest_options setup = { .config = tacit_slice_str("tacit kms") };

	return tacit_attester_open(tee, &setup, &c->setup.attester, err);
}

/* What asks for secrets has a key and somebody to vouch for it. */
static enum tacit_status set_up(const struct kms_options *o, enum tacit_tee tee, bool attests,
				struct kms_client *c, struct tacit_error *err)
{
	unsigned bits = o->rsa_bits ? (unsigned)o->rsa_bits : TACIT_RECIPIENT_BITS;
	enum tacit_status st = TACIT_OK;

	c->setup = (struct tacit_kms_options){
		.reach = { .relayed = o->via != NULL, .ca_file = o->ca },
		.endpoint = o->endpoint,
		.region = o->region,
		.fips = o->fips,
		.deadline_ms = o->timeout * 1000,
	};
	/* First of all, so that the key is there when it is asked for. */
	if (attests)
		st = tacit_recipient_new(bits, &c->setup.recipient, err);
	if (st == TACIT_OK && o->via)
		st = tacit_address_parse(o->via, &c->setup.reach.relay, err);
	if (st == TACIT_OK)
		st = aws_option_open(o->aws_credentials, o->aws_profile, &c->setup.reach, "env",
				     &c->setup.aws, err);
	if (st == TACIT_OK && attests)
		st = open_attester(tee, c, err);
	return st == TACIT_OK ? tacit_kms_new(&c->setup, &c->kms, err) : st;
}

bool kms_option_is_relay(const struct kms_options *o)
{
	return aws_option_is_relay(o->aws_credentials, o->via != NULL);
}

int kms_client_open(const struct cli_common *common, const struct kms_options *options,
		    struct kms_client *c)
{
	struct tacit_error err = { 0 };
	enum tacit_tee tee;
	int code = cli_tee_option(options->tee, &tee);

	if (code == 0 && set_up(options, tee, true, c, &err) != TACIT_OK)
		code = cli_fail(common, &err, "cannot ask KMS");
	return code;
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

/* ---- clients that may never be needed ------------------------------------------------------- */

static enum tacit_status make_client(const struct kms_options *options, bool for_wrap,
				     struct kms_client *c, struct tacit_error *err)
{
	enum tacit_tee tee = TACIT_TEE_NONE;

	if (c->kms)
		return TACIT_OK;
	if (cli_tee_option(options->tee, &tee) != 0)
		return tacit_fail(err, TACIT_USAGE, "tee", 0, "there is no such TEE");
	enum tacit_status st = set_up(options, tee, !for_wrap, c, err);
	if (st != TACIT_OK)
		kms_client_close(c);
	return st;
}

static enum tacit_status find_client(void *user, bool for_wrap, struct tacit_kms **ret,
				     struct tacit_error *err)
{
	struct kms_lazy *lazy = user;
	struct kms_client *c = &lazy->clients[for_wrap];
	enum tacit_status st = make_client(lazy->options, for_wrap, c, err);

	if (st == TACIT_OK)
		*ret = c->kms;
	return st;
}

/* The one at that endpoint, or the first that is free; NULL when there are too many. */
static struct kms_broker *find_endpoint(struct kms_lazy *lazy, const char *endpoint)
{
	for (size_t i = 0; i < KMS_BROKERS_MAX; i++) {
		struct kms_broker *b = &lazy->brokers[i];

		if (!b->endpoint[0])
			snprintf(b->endpoint, sizeof(b->endpoint), "%s", endpoint);
		if (strcmp(b->endpoint, endpoint) == 0)
			return b;
	}
	return NULL;
}

static enum tacit_status find_broker(void *user, const char *endpoint, bool for_wrap,
				     struct tacit_kms **ret, struct tacit_error *err)
{
	struct kms_lazy *lazy = user;
	struct kms_options options = *lazy->options;
	struct kms_broker *b = find_endpoint(lazy, endpoint);

	if (!b)
		return tacit_fail(err, TACIT_LIMIT, "broker", 0, "more than %d brokers",
				  KMS_BROKERS_MAX);
	options.endpoint = b->endpoint;
	options.fips = false;
	if (!options.region)
		options.region = "us-east-1"; /* what a broker has unless it is told otherwise */
	enum tacit_status st = make_client(&options, for_wrap, &b->clients[for_wrap], err);
	if (st == TACIT_OK)
		*ret = b->clients[for_wrap].kms;
	return st;
}

void kms_lazy_start(struct kms_lazy *lazy, const struct kms_options *options)
{
	memset(lazy, 0, sizeof(*lazy));
	lazy->options = options;
	lazy->env.client = find_client;
	lazy->env.user = lazy;
	lazy->broker_env.client = find_broker;
	lazy->broker_env.user = lazy;
}

void kms_lazy_close(struct kms_lazy *lazy)
{
	kms_client_close(&lazy->clients[0]);
	kms_client_close(&lazy->clients[1]);
	for (size_t i = 0; i < KMS_BROKERS_MAX; i++) {
		kms_client_close(&lazy->brokers[i].clients[0]);
		kms_client_close(&lazy->brokers[i].clients[1]);
	}
}
