/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The attester of Nitro enclaves. Before the first document it feeds the kernel's random source
 * from the module, since an enclave has few others, and puts model and configuration into PCR16.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "sys/attest.h"
#include "sys/fd.h"
#include "sys/nsm.h"
#include "tee/nitro/runtime.h"

#define WHERE "attest.nitro"

struct nitro_attester {
	struct tacit_attester base;
	struct tacit_nsm *nsm;
};

/* Credits what the module gives as entropy [random(4)]. Without the right to, it is mixed in. */
static enum tacit_status seed_kernel(struct tacit_nsm *nsm, struct tacit_error *err)
{
	union {
		struct rand_pool_info head;
		uint8_t room[sizeof(struct rand_pool_info) + TACIT_NSM_RANDOM_MAX];
	} pool;
	uint8_t *bytes = (uint8_t *)pool.head.buf;
	size_t len = 0;
	enum tacit_status st = tacit_nsm_random(nsm, bytes, &len, err);

	if (st != TACIT_OK)
		return st;
	TACIT_CLEANUP(tacit_fd_close) int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	pool.head.entropy_count = (int)len * 8;
	pool.head.buf_size = (int)len;
	bool done = fd >= 0 &&
		    (ioctl(fd, RNDADDENTROPY, &pool) == 0 || write(fd, bytes, len) == (ssize_t)len);
	int code = errno;
	tacit_wipe(&pool, sizeof(pool));
	return done ? TACIT_OK
		    : tacit_fail(err, TACIT_IO, WHERE, 0, "cannot seed the random source: %s",
				 strerror(code));
}

/* A server that starts again in the same enclave finds the register as it left it. */
static enum tacit_status fill_pcr(struct tacit_nsm *nsm, const uint8_t *data,
				  struct tacit_error *err)
{
	uint8_t want[TACIT_NSM_PCR_LEN], have[TACIT_NSM_PCR_LEN];
	static const uint8_t ZEROS[TACIT_NSM_PCR_LEN];
	bool locked = false;
	enum tacit_status st = tacit_nitro_extended(data, want, err);

	if (st == TACIT_OK)
		st = tacit_nsm_pcr(nsm, TACIT_NITRO_RUNTIME_PCR, have, &locked, err);
	if (st != TACIT_OK)
		return st;
	if (!locked && memcmp(have, ZEROS, sizeof(have)) == 0) {
		st = tacit_nsm_extend(nsm, TACIT_NITRO_RUNTIME_PCR,
				      tacit_slice_of(data, TACIT_NSM_PCR_LEN), have, err);
		if (st != TACIT_OK)
			return st;
	}
	if (memcmp(have, want, sizeof(have)) != 0)
		return tacit_fail(
			err, TACIT_BINDING, WHERE, 0,
			"PCR16 holds another model or configuration: start a new enclave");
	return locked ? TACIT_OK : tacit_nsm_lock(nsm, TACIT_NITRO_RUNTIME_PCR, err);
}

static enum tacit_status attest(struct tacit_attester *attester,
				const struct tacit_attest_request *request, struct tacit_mut room,
				struct tacit_slice *ret, struct tacit_error *err)
{
	struct nitro_attester *nitro = (struct nitro_attester *)attester;

	if (request->report_data.ptr)
		return tacit_fail(err, TACIT_UNSUPPORTED, WHERE, 0,
				  "a Nitro document carries user data, not report data");
	return tacit_nsm_attest(nitro->nsm, request->binding, request->nonce, request->public_key,
				room, ret, err);
}

static void close_nitro(struct tacit_attester *attester)
{
	struct nitro_attester *nitro = (struct nitro_attester *)attester;

	tacit_nsm_close(nitro->nsm);
	free(nitro);
}

static const struct tacit_attester_ops OPS = { TACIT_TEE_NITRO, attest, close_nitro };

static enum tacit_status prepare(struct tacit_nsm *nsm, const struct tacit_attest_options *options,
				 struct tacit_error *err)
{
	uint8_t data[TACIT_NITRO_PCR_BYTES];
	enum tacit_status st = seed_kernel(nsm, err);

	if (st != TACIT_OK || !options->serving)
		return st;
	st = tacit_nitro_runtime_data(options->model, options->config, data, err);
	return st == TACIT_OK ? fill_pcr(nsm, data, err) : st;
}

enum tacit_status tacit_attest_nitro_with(struct tacit_nsm *nsm,
					  const struct tacit_attest_options *options,
					  struct tacit_attester **ret, struct tacit_error *err)
{
	struct nitro_attester *nitro = calloc(1, sizeof(*nitro));

	if (!nitro) {
		tacit_nsm_close(nsm);
		return tacit_fail(err, TACIT_NOMEM, WHERE, 0, "no memory");
	}
	nitro->base.ops = &OPS;
	nitro->nsm = nsm;
	enum tacit_status st = prepare(nsm, options, err);
	if (st == TACIT_OK)
		*ret = &nitro->base;
	else
		close_nitro(&nitro->base);
	return st;
}

enum tacit_status tacit_attest_nitro_open(const struct tacit_attest_options *options,
					  struct tacit_attester **ret, struct tacit_error *err)
{
	struct tacit_nsm *nsm = NULL;
	enum tacit_status st = tacit_nsm_open(TACIT_NSM_DEVICE, &nsm, err);

	return st == TACIT_OK ? tacit_attest_nitro_with(nsm, options, ret, err) : st;
}
