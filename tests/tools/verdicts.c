/* SPDX-License-Identifier: Apache-2.0 */

/*
 * verdicts EVIDENCE POLICY NOW: judges every cut and every single-bit flip of a file of stub
 * evidence, in one process. Prints how many there were and how they ended; ends with 1 when one
 * of them was accepted or was answered with anything but "refused" or "malformed", and when the
 * file as it is was not accepted, since then the rest would say nothing.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "tacit/verify.h"

struct bench {
	uint8_t policy[65536], evidence[65536], room[1 << 20];
	size_t policy_len, evidence_len;
	int64_t now;
	size_t refused, malformed, other, accepted;
};

static size_t load(const char *path, uint8_t *room, size_t size)
{
	FILE *file = fopen(path, "rb");
	size_t len = file ? fread(room, 1, size, file) : 0;

	if (file)
		fclose(file);
	return len;
}

/* Copies the bytes to memory of exactly their size, where a reader past the end is noticed. */
static int judge(struct bench *b, const uint8_t *bytes, size_t len)
{
	struct tacit_arena arena;
	struct tacit_context cx = { .now = b->now, .arena = &arena, .insecure_accept_stub = true };
	struct tacit_verdict verdict = { 0 };
	struct tacit_error err = { 0 };
	struct tacit_evidence ev;
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		return 70;
	memcpy(copy, bytes, len);
	tacit_arena_init(&arena, b->room, sizeof(b->room));
	enum tacit_status status = tacit_policy_parse(tacit_slice_of(b->policy, b->policy_len),
						      &arena, &cx.policy, &err);
	if (status == TACIT_OK)
		status = tacit_evidence_detect(tacit_slice_of(copy, len), &ev, &err);
	if (status == TACIT_OK)
		status = tacit_verify(&ev, &cx, &verdict, &err);
	if (status == TACIT_OK && !tacit_verdict_claims(&verdict))
		status = TACIT_INTERNAL;
	free(copy);
	return tacit_status_exit(status);
}

static void count(struct bench *b, const char *what, size_t at, int code)
{
	switch (code) {
	case 0:
		b->accepted++;
		break;
	case 1:
		b->refused++;
		return;
	case 3:
		b->malformed++;
		return;
	default:
		b->other++;
	}
	printf("%s %zu: %d\n", what, at, code);
}

int main(int argc, char **argv)
{
	static struct bench b;

	if (argc != 4)
		return 2;
	b.evidence_len = load(argv[1], b.evidence, sizeof(b.evidence));
	b.policy_len = load(argv[2], b.policy, sizeof(b.policy));
	b.now = strtoll(argv[3], NULL, 10);
	if (judge(&b, b.evidence, b.evidence_len) != 0) {
		printf("not accepted as it is\n");
		return 1;
	}
	for (size_t len = 0; len < b.evidence_len; len++)
		count(&b, "cut to", len, judge(&b, b.evidence, len));
	for (size_t bit = 0; bit < b.evidence_len * 8; bit++) {
		b.evidence[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		count(&b, "bit", bit, judge(&b, b.evidence, b.evidence_len));
		b.evidence[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	printf("bytes %zu refused %zu malformed %zu other %zu accepted %zu\n", b.evidence_len,
	       b.refused, b.malformed, b.other, b.accepted);
	return b.accepted || b.other ? 1 : 0;
}
