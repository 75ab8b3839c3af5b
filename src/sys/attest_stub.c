/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "crypto/hash.h"
#include "sys/attest.h"
#include "sys/fd.h"
#include "tee/stub/stub.h"

struct stub_attester {
	struct tacit_attester base;
	uint8_t pcr[TACIT_STUB_PCRS][TACIT_STUB_PCR_LEN];
};

static void free_hasher(struct tacit_hasher **hasher)
{
	tacit_hasher_free(*hasher);
}

static enum tacit_status hash_fd(int fd, struct tacit_hasher *hasher, struct tacit_error *err)
{
	uint8_t piece[32768];

	for (;;) {
		ssize_t n = read(fd, piece, sizeof(piece));

		if (n == 0)
			return TACIT_OK;
		if (n > 0)
			tacit_hasher_update(hasher, tacit_slice_of(piece, (size_t)n));
		else if (errno != EINTR)
			return tacit_fail(err, TACIT_IO, "attest.stub", 0,
					  "cannot read the running program: %s", strerror(errno));
	}
}

/*
 * The bytes of the file that runs, through the kernel's link to it: a path could have been
 * replaced since, and an unlinked program still has its bytes.
 */
static enum tacit_status measure_program(uint8_t *ret, struct tacit_error *err)
{
	TACIT_CLEANUP(tacit_fd_close) int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	TACIT_CLEANUP(free_hasher) struct tacit_hasher *hasher = tacit_hasher_new(TACIT_SHA384);

	if (fd < 0)
		return tacit_fail(err, TACIT_IO, "attest.stub", 0,
				  "cannot open the running program: %s", strerror(errno));
	if (!hasher)
		return tacit_fail(err, TACIT_NOMEM, "attest.stub", 0, "no memory to hash with");
	enum tacit_status st = hash_fd(fd, hasher, err);
	return st == TACIT_OK ? tacit_hasher_final(hasher, ret, err) : st;
}

static enum tacit_status now_ms(uint64_t *ret, struct tacit_error *err)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) != 0 || ts.tv_sec < 0)
		return tacit_fail(err, TACIT_IO, "attest.stub", 0, "cannot read the clock");
	*ret = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	return TACIT_OK;
}

static enum tacit_status attest(struct tacit_attester *attester,
				const struct tacit_attest_request *request, struct tacit_mut room,
				struct tacit_slice *ret, struct tacit_error *err)
{
	struct stub_attester *stub = (struct stub_attester *)attester;
	struct tacit_stub_doc doc = {
		.nonce = request->nonce,
		.user_data = request->binding,
		.public_key = request->public_key,
	};

	if (request->report_data.ptr)
		return tacit_fail(err, TACIT_UNSUPPORTED, "attest.stub", 0,
				  "the stub carries user data, not report data");
	memcpy(doc.pcr, stub->pcr, sizeof(doc.pcr));
	enum tacit_status st = now_ms(&doc.timestamp_ms, err);
	return st == TACIT_OK ? tacit_stub_encode(&doc, room, ret, err) : st;
}

static void close_stub(struct tacit_attester *attester)
{
	free(attester);
}

static const struct tacit_attester_ops OPS = { TACIT_TEE_STUB, attest, close_stub };

enum tacit_status tacit_attest_stub_open(const struct tacit_attest_options *options,
					 struct tacit_attester **ret, struct tacit_error *err)
{
	struct stub_attester *stub = calloc(1, sizeof(*stub));

	if (!stub)
		return tacit_fail(err, TACIT_NOMEM, "attest.stub", 0, "no memory");
	stub->base.ops = &OPS;
	enum tacit_status st = measure_program(stub->pcr[0], err);
	if (st == TACIT_OK)
		st = tacit_hash(TACIT_SHA384, options->config, stub->pcr[1], err);
	if (st == TACIT_OK)
		st = tacit_hash(TACIT_SHA384, options->model, stub->pcr[2], err);
	if (st != TACIT_OK) {
		free(stub);
		return st;
	}
	*ret = &stub->base;
	return TACIT_OK;
}
