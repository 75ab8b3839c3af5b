/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_KMS_OPTION_H
#define TACIT_CMD_KMS_OPTION_H

/* The options of every verb that asks AWS KMS, or what speaks as it does, for a key. */

#include "cli.h"
#include "release/kind_broker.h"

struct kms_options {
	const char *via, *ca, *endpoint, *region;
	const char *aws_credentials, *aws_profile;
	const char *tee;
	bool fips;
	uint64_t timeout, rsa_bits;
};

/* The rows of an option table, for the member `field` of the verb's struct. */
#define KMS_OPTIONS(type, field)                                                                \
	CLI_OPT(type, field.region, "--region", 0, CLI_TEXT, "NAME",                            \
		"region of KMS (default: that of the key's ARN, else the credentials')"),       \
		CLI_OPT(type, field.endpoint, "--endpoint", 0, CLI_TEXT, "URL",                 \
			"what speaks as KMS, https://HOST:PORT (default: AWS)"),                \
		CLI_OPT(type, field.fips, "--fips", 0, CLI_FLAG, NULL, "AWS's FIPS endpoint"),  \
		CLI_OPT(type, field.via, "--via", 0, CLI_TEXT, "ADDR",                          \
			"reach the network through this egress of a relay: vsock:3:8001"),      \
		CLI_OPT(type, field.ca, "--ca", 0, CLI_TEXT, "FILE",                            \
			"who may vouch for KMS, PEM (default: those the system trusts)"),       \
		CLI_OPT(type, field.aws_credentials, "--aws-credentials", 0, CLI_TEXT, "WHERE", \
			"relay, env, or a file (default: relay with --via, else env)"),         \
		CLI_OPT(type, field.aws_profile, "--aws-profile", 0, CLI_TEXT, "NAME",          \
			"in that file (default: default)"),                                     \
		CLI_OPT(type, field.tee, "--tee", 0, CLI_TEXT, "NAME",                          \
			"whose document asks: auto, nitro, stub, ... (auto never means stub)"), \
		CLI_OPT_RANGE(type, field.rsa_bits, "--rsa-bits", CLI_COUNT, "N",               \
			      "of the key that answers are sealed for: 2048 (default), 3072, "  \
			      "4096",                                                           \
			      2048, 4096),                                                      \
		CLI_OPT_RANGE(type, field.timeout, "--timeout", CLI_COUNT, "SECONDS",           \
			      "how long one request may take in all (default: 30)", 1, 3600)

/* Whether the credentials are those that a relay, and so the host, gives. */
bool kms_option_is_relay(const struct kms_options *options);

/* A client and what it needs. Zero-initialise; _close is always fine. */
struct kms_client {
	struct tacit_kms_options setup;
	struct tacit_kms *kms;
};

/* Returns 0, or an exit code after saying why. `c` stays where it is until _close. */
int kms_client_open(const struct cli_common *common, const struct kms_options *options,
		    struct kms_client *c);

/* Another client of the same setup, with a connection of its own: free it before _close. */
int kms_client_more(const struct cli_common *common, const struct kms_client *c,
		    struct tacit_kms **ret);

void kms_client_close(struct kms_client *c);

/* Says that a call failed, with KMS's own words and what they usually mean; the exit code. */
int kms_client_fail(const struct cli_common *common, const struct kms_client *c,
		    const struct tacit_error *err, const char *what);

/* ---- for verbs that open or seal models ------------------------------------------------------ */

/* The rows of an option table of such a verb, for the member `field` of its struct. */
#define KMS_KEY_OPTIONS(type, field)                                                            \
	CLI_OPT(type, field.region, "--kms-region", 0, CLI_TEXT, "NAME",                        \
		"for aws-kms: keys, the region (default: that of the ARN)"),                    \
		CLI_OPT(type, field.endpoint, "--kms-endpoint", 0, CLI_TEXT, "URL",             \
			"what speaks as KMS, https://HOST:PORT (default: AWS)"),                \
		CLI_OPT(type, field.via, "--kms-via", 0, CLI_TEXT, "ADDR",                      \
			"reach KMS through this egress of a relay: vsock:3:8001"),              \
		CLI_OPT(type, field.ca, "--kms-ca", 0, CLI_TEXT, "FILE",                        \
			"who may vouch for KMS, PEM (default: those the system trusts)"),       \
		CLI_OPT(type, field.aws_credentials, "--kms-credentials", 0, CLI_TEXT, "WHERE", \
			"relay, env, or a file (default: relay with a relay, else env)")

/* For verbs without a --tee of their own. */
#define KMS_TEE_OPTION(type, field)                                \
	CLI_OPT(type, field.tee, "--kms-tee", 0, CLI_TEXT, "NAME", \
		"whose document asks KMS: auto, nitro, stub, ... (auto never means stub)")

#define KMS_BROKERS_MAX 4

/* Clients for a keyring's aws-kms: and broker: keys, made once a text names one. */
struct kms_lazy {
	const struct kms_options *options;
	struct kms_client clients[2]; /* of those that open, and those that seal */
	struct tacit_kind_aws_kms_env env;
	struct kms_broker {
		char endpoint[TACIT_KIND_KMS_TEXT + 1]; /* "": not yet any */
		struct kms_client clients[2];
	} brokers[KMS_BROKERS_MAX];
	struct tacit_kind_broker_env broker_env;
};

/* `options` and `lazy` stay where they are until _close, which comes after the keyring's _free. */
void kms_lazy_start(struct kms_lazy *lazy, const struct kms_options *options);
void kms_lazy_close(struct kms_lazy *lazy);

#endif
