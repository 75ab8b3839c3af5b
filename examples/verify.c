/* SPDX-License-Identifier: Apache-2.0 */

/* Judges the evidence in a file under the policy in another: the library in one page. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <tacit/verify.h>

static struct tacit_slice read_file(const char *path, uint8_t *room, size_t size)
{
	FILE *file = fopen(path, "rb");
	size_t len = file ? fread(room, 1, size, file) : 0;

	if (file)
		fclose(file);
	return tacit_slice_of(room, len);
}

/* The ten lines: OK only when every check passed; otherwise `err` says which did not, and why. */
static enum tacit_status verify(struct tacit_slice evidence, struct tacit_slice policy, int64_t now,
				struct tacit_arena *arena, struct tacit_error *err)
{
	struct tacit_context cx = { .now = now, .arena = arena };
	struct tacit_verdict verdict = { 0 };
	struct tacit_evidence ev = { 0 };

	enum tacit_status status = tacit_policy_parse(policy, arena, &cx.policy, err);
	if (status == TACIT_OK)
		status = tacit_evidence_unwrap(evidence, arena, &ev, err);
	if (status == TACIT_OK)
		status = tacit_verify(&ev, &cx, &verdict, err);
	return status;
}

int main(int argc, char **argv)
{
	static uint8_t evidence[1 << 16], policy[1 << 16], room[1 << 20];
	struct tacit_arena arena;
	struct tacit_error err = { 0 };

	if (argc < 3) {
		fprintf(stderr, "usage: verify EVIDENCE POLICY [SECONDS-SINCE-1970]\n");
		return 2;
	}
	int64_t now = argc > 3 ? strtoll(argv[3], NULL, 10) : (int64_t)time(NULL);
	tacit_arena_init(&arena, room, sizeof(room));
	enum tacit_status status = verify(read_file(argv[1], evidence, sizeof(evidence)),
					  read_file(argv[2], policy, sizeof(policy)), now, &arena,
					  &err);
	printf("%s %s %s\n", status == TACIT_OK ? "verified" : "not verified:", err.where,
	       err.detail);
	return tacit_status_exit(status);
}
