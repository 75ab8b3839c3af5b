/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A request, line by line: method, path, query, fields as "name:value", an empty line, the body.
 * What is read is within bounds; what can be signed is signed the same again, and holds.
 */

#include "fuzz.h"
/* Not part of libtacit, so the target brings them along. */
#include "release/sigv4.c"
#include "release/sigv4_text.c"
#undef WHERE
#undef ALGORITHM
#include "release/sigv4_check.c"

#define FIELDS 32

struct message {
	struct tacit_sigv4_request request;
	struct tacit_sigv4_field fields[FIELDS];
};

static void read_message(struct tacit_slice in, struct message *m)
{
	struct tacit_slice line;

	memset(m, 0, sizeof(*m));
	m->request.method = tacit_sigv4_text_part(&in, '\n');
	m->request.path = tacit_sigv4_text_part(&in, '\n');
	m->request.query = tacit_sigv4_text_part(&in, '\n');
	m->request.fields = m->fields;
	for (line = tacit_sigv4_text_part(&in, '\n'); line.len && m->request.field_count < FIELDS;
	     line = tacit_sigv4_text_part(&in, '\n')) {
		struct tacit_sigv4_field *f = &m->fields[m->request.field_count++];

		f->name = tacit_sigv4_text_part(&line, ':');
		f->value = line;
	}
	m->request.body = in;
}

static void check_signed(const struct message *m, const struct tacit_sigv4_auth *auth)
{
	static const uint8_t key[32] = "a key of the day for this target";
	char one[TACIT_SIGV4_SIGNATURE_LEN + 1], two[TACIT_SIGV4_SIGNATURE_LEN + 1];
	struct tacit_sigv4_auth valid = *auth;

	if (tacit_sigv4_sign(&m->request, auth->names, &auth->scope, key, one, NULL) != TACIT_OK)
		return;
	FUZZ_ASSERT(tacit_sigv4_sign(&m->request, auth->names, &auth->scope, key, two, NULL) ==
		    TACIT_OK);
	FUZZ_ASSERT(strcmp(one, two) == 0);
	valid.signature = tacit_slice_str(one);
	enum tacit_status st = tacit_sigv4_check_key(&m->request, &valid, key, NULL);

	FUZZ_ASSERT(st == TACIT_OK || check_coverage(&m->request, &valid, NULL) != TACIT_OK);
	one[0] = one[0] == '0' ? '1' : '0';
	FUZZ_ASSERT(tacit_sigv4_check_key(&m->request, &valid, key, NULL) != TACIT_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct message m;
	static struct tacit_sigv4_auth auth;
	static uint8_t room[TACIT_SIGV4_CANONICAL_MAX];
	struct tacit_slice names, canonical;

	read_message(tacit_slice_of(data, size), &m);
	if (tacit_sigv4_names(&m.request, tacit_mut_of(room, 4096), &names, NULL) == TACIT_OK &&
	    names.len) {
		/* Of names that are no names nothing is made. */
		if (tacit_sigv4_canonical(&m.request, names,
					  tacit_mut_of(room + 4096, sizeof(room) - 4096),
					  &canonical, NULL) == TACIT_OK)
			FUZZ_ASSERT(canonical.len);
	}
	if (tacit_sigv4_read(&m.request, &auth, NULL) != TACIT_OK)
		return 0;
	FUZZ_ASSERT(auth.access_key.len && auth.scope.region.len && auth.names.len);
	FUZZ_ASSERT(auth.signature.len == TACIT_SIGV4_SIGNATURE_LEN);
	FUZZ_ASSERT(auth.expires <= TACIT_SIGV4_EXPIRES_MAX_S);
	check_signed(&m, &auth);
	return 0;
}
