/* SPDX-License-Identifier: Apache-2.0 */

/* Writes evidence of this machine's TEE, over a nonce, to standard output. */

#include <stdio.h>
#include <string.h>

#include <tacit/attest.h>

/* The ten lines: `evidence` points into `room`; on failure `err` says what the machine lacks. */
static enum tacit_status attest(enum tacit_tee tee, struct tacit_slice nonce, struct tacit_mut room,
				struct tacit_slice *evidence, struct tacit_error *err)
{
	struct tacit_attest_options options = { .config = tacit_slice_str("example") };
	struct tacit_attest_request request = { .nonce = nonce };
	struct tacit_attester *attester = NULL;

	enum tacit_status status = tacit_attester_open(tee, &options, &attester, err);
	if (status == TACIT_OK)
		status = tacit_attester_attest(attester, &request, room, evidence, err);
	tacit_attester_close(attester);
	return status;
}

int main(int argc, char **argv)
{
	static uint8_t room[TACIT_ATTEST_ROOM];
	struct tacit_slice evidence = { NULL, 0 };
	struct tacit_error err = { 0 };

	if (argc < 2) {
		fprintf(stderr, "usage: attest NONCE [--stub] >EVIDENCE\n");
		return 2;
	}
	bool stub = argc > 2 && strcmp(argv[2], "--stub") == 0;
	if (attest(stub ? TACIT_TEE_STUB : TACIT_TEE_NONE, tacit_slice_str(argv[1]),
		   tacit_mut_of(room, sizeof(room)), &evidence, &err) != TACIT_OK) {
		fprintf(stderr, "no evidence: %s\n", err.detail);
		return 1;
	}
	return fwrite(evidence.ptr, 1, evidence.len, stdout) == evidence.len ? 0 : 1;
}
