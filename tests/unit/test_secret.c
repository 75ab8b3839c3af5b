/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <fcntl.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/tap.h"

static void test_wipe(void)
{
	uint8_t room[6] = { 1, 2, 3, 4, 5, 6 };

	tacit_wipe(room + 1, 4);
	ok(room[0] == 1 && room[1] == 0 && room[2] == 0 && room[3] == 0 && room[4] == 0 &&
		   room[5] == 6,
	   "wipes what it is told to, and no more");
	tacit_wipe(room, 0);
	tacit_wipe(NULL, 0);
	ok(room[0] == 1, "nothing is nothing");
}

/*
 * A wipe as the last use of a local is what compilers drop. So a function runs on a stack of
 * ours, leaves its local there, and the stack is searched afterwards.
 */
#define STACK_SIZE  (256 * 1024)
#define PATTERN_LEN 64

static ucontext_t caller, callee;
static volatile uint8_t pattern_seed = 0x5a;

static uint8_t pattern_byte(size_t i)
{
	return (uint8_t)(pattern_seed + i * 13);
}

static void fill(volatile uint8_t *room)
{
	for (size_t i = 0; i < PATTERN_LEN; i++)
		room[i] = pattern_byte(i);
}

static void leave_secret(void)
{
	uint8_t local[PATTERN_LEN];

	fill(local);
}

static void wipe_secret(void)
{
	uint8_t local[PATTERN_LEN];

	fill(local);
	tacit_wipe(local, sizeof(local));
}

static void done_secret(void)
{
	struct tacit_secret secret;

	secret.len = PATTERN_LEN;
	fill(secret.bytes);
	tacit_secret_done(&secret);
}

/*
 * Longest run of the pattern's first bytes that `run` leaves on its stack. The stack is read
 * through the kernel: memory checkers rightly complain of reads below the stack pointer.
 */
static size_t left_behind(void (*run)(void))
{
	uint8_t *stack = calloc(1, STACK_SIZE), *seen = calloc(1, STACK_SIZE);
	int mem = open("/proc/self/mem", O_RDONLY);
	size_t longest = 0;

	getcontext(&callee);
	callee.uc_stack.ss_sp = stack;
	callee.uc_stack.ss_size = STACK_SIZE;
	callee.uc_link = &caller;
	makecontext(&callee, run, 0);
	swapcontext(&caller, &callee);
	if (pread(mem, seen, STACK_SIZE, (off_t)(uintptr_t)stack) != STACK_SIZE)
		memset(seen, 0, STACK_SIZE);
	for (size_t at = 0; at + PATTERN_LEN <= STACK_SIZE; at++) {
		size_t run_len = 0;

		while (run_len < PATTERN_LEN && seen[at + run_len] == pattern_byte(run_len))
			run_len++;
		if (run_len > longest)
			longest = run_len;
	}
	close(mem);
	free(seen);
	free(stack);
	return longest;
}

static void test_wipe_on_stack(void)
{
	size_t left = left_behind(leave_secret);

	if (left < PATTERN_LEN)
		skip("wiping a local", "this build or host hides what is left on a stack");
	else
		ok(left_behind(wipe_secret) < 4 && left_behind(done_secret) < 4,
		   "neither a wiped local nor a secret that is done leaves anything on the stack");
}

static void test_equal(void)
{
	uint8_t a[40], b[40];
	struct tacit_slice none = { NULL, 0 };

	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = b[i] = (uint8_t)(i * 7);
	ok(tacit_equal_secret(TACIT_SLICE_ARRAY(a), TACIT_SLICE_ARRAY(b)), "equal");
	size_t missed = 0;
	for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		missed += tacit_equal_secret(TACIT_SLICE_ARRAY(a), TACIT_SLICE_ARRAY(b));
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ok(missed == 0, "any one bit makes the difference");
	/* Two differences that would cancel out if they were added or xored together. */
	b[3] ^= 0x80;
	b[9] ^= 0x80;
	ok(!tacit_equal_secret(TACIT_SLICE_ARRAY(a), TACIT_SLICE_ARRAY(b)), "two of them too");
	ok(!tacit_equal_secret(TACIT_SLICE_ARRAY(a), tacit_slice_of(a, 39)),
	   "a prefix is not equal");
	ok(!tacit_equal_secret(none, tacit_slice_of(a, 1)), "nothing and something");
	ok(tacit_equal_secret(none, none) && tacit_equal_secret(none, tacit_slice_of(a, 0)),
	   "nothing and nothing");
}

static void test_secret(void)
{
	uint8_t bytes[TACIT_SECRET_MAX + 1];
	struct tacit_secret s, other;

	memset(bytes, 0x42, sizeof(bytes));
	ok(tacit_secret_init(&s, tacit_slice_of(bytes, TACIT_SECRET_MAX)), "the longest");
	is_slice(tacit_secret_view(&s), tacit_slice_of(bytes, TACIT_SECRET_MAX), "its view");
	ok(!tacit_secret_init(&s, tacit_slice_of(bytes, TACIT_SECRET_MAX + 1)) && s.len == 0,
	   "a byte more is refused, and the secret is empty");
	ok(tacit_secret_init(&s, tacit_slice_of(NULL, 0)) && s.len == 0, "an empty one");
	ok(tacit_secret_init(&s, tacit_slice_of("abc", 3)) &&
		   tacit_secret_init(&other, tacit_slice_of("abc", 3)) &&
		   tacit_secret_eq(&s, &other),
	   "equal secrets");
	other.bytes[2] ^= 1;
	ok(!tacit_secret_eq(&s, &other), "unequal secrets");
	other.bytes[2] ^= 1;
	other.len = 2;
	ok(!tacit_secret_eq(&s, &other), "secrets of other lengths");
	tacit_secret_done(&s);
	size_t dirty = s.len;
	for (size_t i = 0; i < sizeof(s.bytes); i++)
		dirty += i < 3 ? s.bytes[i] : 0;
	ok(dirty == 0, "wiped");
	tacit_secret_done(&s);
	ok(s.len == 0, "wiped again");
}

int main(void)
{
	test_wipe();
	test_wipe_on_stack();
	test_equal();
	test_secret();
	return done();
}
