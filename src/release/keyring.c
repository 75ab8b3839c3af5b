/* SPDX-License-Identifier: Apache-2.0 */
#include "release/keyring.h"

#include <stdlib.h>

#include "base/secret.h"
#include "release/kind_aws_kms.h"
#include "release/kind_broker.h"
#include "release/kinds.h"

#define WHERE       "keys"
#define FILE_PREFIX "file:"

/* A new way is a file of its own and a row here. */
static const struct tacit_recipient_kind *const KINDS[] = {
	&tacit_kind_x25519,
	&tacit_kind_passphrase,
	&tacit_kind_aws_kms,
	&tacit_kind_broker,
};

#define KIND_COUNT (sizeof(KINDS) / sizeof(KINDS[0]))

struct entry {
	const struct tacit_recipient_kind *kind;
	void *self;
};

struct tacit_keyring {
	bool for_wrap;
	size_t count;
	struct entry entries[TACIT_KEYRING_MAX];
	void *envs[KIND_COUNT];
};

struct tacit_keyring *tacit_keyring_new(bool for_wrap)
{
	struct tacit_keyring *ring = calloc(1, sizeof(*ring));

	if (ring)
		ring->for_wrap = for_wrap;
	return ring;
}

void tacit_keyring_free(struct tacit_keyring *ring)
{
	if (!ring)
		return;
	for (size_t i = 0; i < ring->count; i++)
		ring->entries[i].kind->close(ring->entries[i].self);
	free(ring);
}

size_t tacit_keyring_count(const struct tacit_keyring *ring)
{
	return ring->count;
}

void tacit_keyring_env(struct tacit_keyring *ring, const char *prefix, void *env)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		if (strcmp(KINDS[i]->prefix, prefix) == 0)
			ring->envs[i] = env;
}

/* ---- adding -------------------------------------------------------------------------------- */

static enum tacit_status push(struct tacit_keyring *ring, const struct tacit_recipient_kind *kind,
			      void *self, struct tacit_error *err)
{
	if (ring->count == TACIT_KEYRING_MAX) {
		kind->close(self);
		return tacit_fail(err, TACIT_LIMIT, WHERE, 0, "more than %d keys",
				  TACIT_KEYRING_MAX);
	}
	ring->entries[ring->count++] = (struct entry){ kind, self };
	return TACIT_OK;
}

static struct tacit_slice trim(struct tacit_slice line)
{
	while (line.len && (line.ptr[line.len - 1] == '\r' || line.ptr[line.len - 1] == ' '))
		line.len--;
	return line;
}

static enum tacit_status add_line(struct tacit_keyring *ring, struct tacit_slice line,
				  struct tacit_error *err)
{
	void *self = NULL;

	line = trim(line);
	if (line.len == 0 || line.ptr[0] == '#')
		return TACIT_OK;
	enum tacit_status st = tacit_kind_x25519_line(line, &self, err);
	return st ? st : push(ring, &tacit_kind_x25519, self, err);
}

/* One key a line, comments with '#' [age(1)]. */
static enum tacit_status add_lines(struct tacit_keyring *ring, struct tacit_slice text,
				   struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;
	size_t before = ring->count;

	for (size_t at = 0; at < text.len && st == TACIT_OK;) {
		const uint8_t *from = text.ptr + at;
		const uint8_t *end = memchr(from, '\n', text.len - at);
		size_t len = end ? (size_t)(end - from) : text.len - at;

		st = add_line(ring, tacit_slice_of(from, len), err);
		at += len + 1;
	}
	if (st == TACIT_OK && ring->count == before)
		return tacit_fail(err, TACIT_FORMAT, "key.file", 0, "no key in the file");
	return st;
}

static enum tacit_status add_file(struct tacit_keyring *ring, const char *path,
				  struct tacit_error *err)
{
	struct tacit_mut file;
	enum tacit_status st = tacit_kind_file(path, &file, err);

	if (st != TACIT_OK)
		return st;
	st = add_lines(ring, tacit_slice_of(file.ptr, file.len), err);
	tacit_kind_file_done(&file);
	return st;
}

enum tacit_status tacit_keyring_add(struct tacit_keyring *ring, const char *text,
				    struct tacit_error *err)
{
	if (strncmp(text, FILE_PREFIX, sizeof(FILE_PREFIX) - 1) == 0)
		return add_file(ring, text + sizeof(FILE_PREFIX) - 1, err);
	for (size_t i = 0; i < KIND_COUNT; i++) {
		size_t len = strlen(KINDS[i]->prefix);
		void *self = NULL;

		if (strncmp(text, KINDS[i]->prefix, len) != 0)
			continue;
		enum tacit_status st = KINDS[i]->open(tacit_slice_str(text + len), ring->for_wrap,
						      ring->envs[i], &self, err);
		return st ? st : push(ring, KINDS[i], self, err);
	}
	if (!ring->for_wrap)
		return add_file(ring, text, err);
	return tacit_fail(err, TACIT_USAGE, WHERE, 0,
			  "a recipient is age1..., file:PATH, passphrase:FILE, aws-kms:ARN or "
			  "broker:URL");
}

/* ---- using --------------------------------------------------------------------------------- */

bool tacit_keyring_alone(const struct tacit_keyring *ring)
{
	for (size_t i = 0; i < ring->count; i++)
		if (ring->entries[i].kind->alone)
			return true;
	return false;
}

enum tacit_status tacit_keyring_wrap(struct tacit_keyring *ring, const struct tacit_key_use *use,
				     const uint8_t file_key[static TACIT_AGE_FILE_KEY],
				     struct tacit_arena *arena, struct tacit_age_stanza *ret,
				     struct tacit_error *err)
{
	enum tacit_status st = TACIT_OK;

	if (ring->count == 0)
		return tacit_fail(err, TACIT_USAGE, WHERE, 0, "no recipient");
	if (ring->count > 1 && tacit_keyring_alone(ring))
		return tacit_fail(err, TACIT_USAGE, WHERE, 0,
				  "a passphrase must be the only recipient");
	for (size_t i = 0; i < ring->count && st == TACIT_OK; i++) {
		struct entry *entry = &ring->entries[i];

		ret[i] = (struct tacit_age_stanza){ .arg_count = 1 };
		ret[i].args[0] = tacit_slice_str(entry->kind->stanza);
		st = entry->kind->wrap(entry->self, use, file_key, arena, &ret[i], err);
	}
	return st;
}

/* A stanza that must be alone, with company [AGE v1, scrypt recipient stanza]. */
static enum tacit_status check_company(const struct tacit_age_header *header,
				       struct tacit_error *err)
{
	for (size_t i = 0; i < header->stanza_count && header->stanza_count > 1; i++)
		for (size_t k = 0; k < KIND_COUNT; k++)
			if (KINDS[k]->alone &&
			    tacit_age_stanza_is(&header->stanzas[i], KINDS[k]->stanza))
				return tacit_fail(err, TACIT_FORMAT, "age.header", i,
						  "a passphrase beside other recipients");
	return TACIT_OK;
}

static enum tacit_status try_entries(struct tacit_keyring *ring, const struct tacit_key_use *use,
				     const struct tacit_age_stanza *stanza, uint8_t *file_key,
				     struct tacit_error *err)
{
	for (size_t i = 0; i < ring->count; i++) {
		struct entry *entry = &ring->entries[i];
		struct tacit_error why = { 0 };

		if (!tacit_age_stanza_is(stanza, entry->kind->stanza))
			continue;
		enum tacit_status st =
			entry->kind->unwrap(entry->self, use, stanza, file_key, &why);
		if (st == TACIT_DENIED)
			continue;
		if (st != TACIT_OK && err)
			*err = why;
		return st;
	}
	return TACIT_DENIED;
}

enum tacit_status tacit_keyring_unwrap(struct tacit_keyring *ring, const struct tacit_key_use *use,
				       const struct tacit_age_header *header,
				       uint8_t ret_file_key[static TACIT_AGE_FILE_KEY],
				       struct tacit_error *err)
{
	uint8_t file_key[TACIT_AGE_FILE_KEY] = { 0 };
	enum tacit_status st = check_company(header, err);

	if (st != TACIT_OK)
		return st;
	st = TACIT_DENIED;
	for (size_t i = 0; i < header->stanza_count && st == TACIT_DENIED; i++)
		st = try_entries(ring, use, &header->stanzas[i], file_key, err);
	if (st == TACIT_DENIED)
		st = tacit_fail(err, st, "age.header", 0,
				"sealed for others: no key here opens it");
	if (st == TACIT_OK)
		st = tacit_age_header_check(header, file_key, err);
	if (st == TACIT_OK)
		memcpy(ret_file_key, file_key, sizeof(file_key));
	tacit_wipe(file_key, sizeof(file_key));
	return st;
}
