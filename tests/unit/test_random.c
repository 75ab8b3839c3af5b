/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/random.h"

#include <openssl/rand.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tap.h"
#include "wycheproof.h"

static void test_fill(void)
{
	struct tacit_mut a = pool_room(64), b = pool_room(64);

	is_status(tacit_random(a, NULL), TACIT_OK, "64 bytes");
	is_status(tacit_random(b, NULL), TACIT_OK, "64 more");
	ok(!tacit_slice_eq(pool_view(a), pool_view(b)), "they differ");
	ok(!all_bytes(tacit_slice_of(a.ptr + 48, 16), 0xa5), "filled to the end");
	is_status(tacit_random(tacit_mut_of(NULL, 0), NULL), TACIT_OK, "no bytes at all");
	pool_done();
}

/* Every byte of every length is written: none stays what it was in eight tries. */
static void test_lengths(void)
{
	bool whole = true;

	for (size_t len = 1; len <= 300; len++) {
		uint8_t changed[300] = { 0 };

		for (int round = 0; round < 8; round++) {
			struct tacit_mut room = pool_room(len);

			whole = tacit_random(room, NULL) == TACIT_OK && whole;
			for (size_t i = 0; i < len; i++)
				changed[i] = (uint8_t)(changed[i] | (room.ptr[i] ^ 0xa5));
		}
		for (size_t i = 0; i < len; i++)
			whole = whole && changed[i];
		pool_done();
	}
	ok(whole, "every byte of lengths 1..300");
}

/* In a child: a generator that does not exist, which must be named before the first use. */
static int fail_in_child(void)
{
	struct tacit_error err = { 0 };
	struct tacit_mut room = pool_room(32);

	if (RAND_set_DRBG_type(NULL, "NO-SUCH-DRBG", NULL, NULL, NULL) != 1)
		return 1;
	if (tacit_random(room, &err) != TACIT_INTERNAL)
		return 2;
	if (err.status != TACIT_INTERNAL || strcmp(err.where, "crypto.random") != 0)
		return 3;
	return all_bytes(pool_view(room), 0) ? 0 : 4;
}

static void test_failure(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(fail_in_child());
	ok(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
		   WEXITSTATUS(status) == 0,
	   "no generator: INTERNAL, and the output is wiped (%d)",
	   status < 0 ? -1 : WEXITSTATUS(status));
}

int main(void)
{
	test_failure();
	test_fill();
	test_lengths();
	return done();
}
