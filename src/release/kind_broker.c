/* SPDX-License-Identifier: Apache-2.0 */
#include "release/kind_broker.h"

#include <stdio.h>
#include <stdlib.h>

#include "release/keyd_store.h"

#define WHERE  "broker"
#define SCHEME "https://"

static bool is_name(struct tacit_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      c == '-' || c == '_' || c == '.'))
			return false;
	}
	return text.len > 0;
}

/* Ids are UUIDs; a name of their form would be taken for one by the broker, too. */
static bool is_id(struct tacit_slice text)
{
	static const size_t DASHES[] = { 8, 13, 18, 23 };

	if (text.len != TACIT_KEYD_ID_LEN)
		return false;
	for (size_t i = 0; i < sizeof(DASHES) / sizeof(DASHES[0]); i++)
		if (text.ptr[DASHES[i]] != '-')
			return false;
	return true;
}

/* "https://HOST:PORT" and "KEY", of one text. */
static bool split(struct tacit_slice text, struct tacit_slice *ret_endpoint,
		  struct tacit_slice *ret_key)
{
	size_t scheme = sizeof(SCHEME) - 1;

	if (text.len > TACIT_KIND_KMS_TEXT || text.len <= scheme ||
	    memcmp(text.ptr, SCHEME, scheme) != 0)
		return false;
	const uint8_t *slash = memchr(text.ptr + scheme, '/', text.len - scheme);
	if (!slash || slash == text.ptr + scheme)
		return false;
	*ret_endpoint = tacit_slice_of(text.ptr, (size_t)(slash - text.ptr));
	*ret_key = tacit_slice_of(slash + 1, text.len - ret_endpoint->len - 1);
	for (size_t i = 0; i < ret_endpoint->len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f)
			return false;
	return is_name(*ret_key);
}

static enum tacit_status open_text(struct tacit_slice text, bool for_wrap, void *env,
				   void **ret_self, struct tacit_error *err)
{
	const struct tacit_kind_broker_env *from = env;
	char endpoint_text[TACIT_KIND_KMS_TEXT + 1] = "";
	struct tacit_slice endpoint, key;
	struct tacit_kms *kms = NULL;

	if (!split(text, &endpoint, &key))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "not a key of a broker: https://HOST:PORT/KEY");
	if (!from)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "there is no way to a broker here");
	memcpy(endpoint_text, endpoint.ptr, endpoint.len);
	enum tacit_status st = from->client(from->user, endpoint_text, for_wrap, &kms, err);
	if (st != TACIT_OK)
		return st;
	struct tacit_kind_kms *self = calloc(1, sizeof(*self));
	if (!self)
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	self->kms = kms;
	memcpy(self->text, text.ptr, text.len);
	snprintf(self->key_id, sizeof(self->key_id), "%s%.*s", is_id(key) ? "" : "alias/",
		 (int)key.len, (const char *)key.ptr);
	*ret_self = self;
	return TACIT_OK;
}

const struct tacit_recipient_kind tacit_kind_broker = {
	.prefix = TACIT_KIND_BROKER_PREFIX,
	.stanza = "tacit-broker",
	.open = open_text,
	.close = tacit_kind_kms_close,
	.wrap = tacit_kind_kms_wrap,
	.unwrap = tacit_kind_kms_unwrap,
};
