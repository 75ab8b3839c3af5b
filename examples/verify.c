/* SPDX-License-Identifier: Apache-2.0 */

/* Judges the evidence in a file under the policy in another: the library in one page. */

#include <stdio.h>
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

int main(int argc, char **argv)
{
	static uint8_t evidence_room[65536], policy_room[65536], arena_room[1 << 20];
	struct tacit_arena arena;
	struct tacit_context cx = { .now = (int64_t)time(NULL), .arena = &arena };
	struct tacit_verdict verdict = { 0 };
	struct tacit_error err = { 0 };
	struct tacit_evidence ev;

	if (argc != 3) {
		fprintf(stderr, "usage: verify EVIDENCE POLICY\n");
		return 2;
	}
	tacit_arena_init(&arena, arena_room, sizeof(arena_room));
	enum tacit_status status = tacit_policy_parse(
		read_file(argv[2], policy_room, sizeof(policy_room)), &arena, &cx.policy, &err);
	if (status == TACIT_OK)
		status = tacit_evidence_detect(
			read_file(argv[1], evidence_room, sizeof(evidence_room)), &ev, &err);
	if (status == TACIT_OK)
		status = tacit_verify(&ev, &cx, &verdict, &err);
	printf("%s: %s %s\n", tacit_outcome_name(verdict.outcome), err.where, err.detail);
	return tacit_status_exit(status);
}
