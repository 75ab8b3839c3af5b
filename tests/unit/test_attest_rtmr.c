/* SPDX-License-Identifier: Apache-2.0 */

/* RTMR3: what a server makes of each thing that it may hold, and every way in which it fails. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "crypto/hash.h"
#include "sys/rtmr.h"
#include "tests/tap.h"

static const uint8_t DATA[TACIT_RTMR_LEN] = { 0xda, 0x7a };
static const uint8_t OTHER[TACIT_RTMR_LEN] = { 0x07 };

/* A register, and what goes wrong with it. */
static struct fake {
	uint8_t value[TACIT_RTMR_LEN];
	unsigned reads, extends;
	unsigned bad_read; /* which read fails, from 1 */
	int read_code, extend_code;
	bool lost;     /* it says that it extends, and does not */
	bool intruded; /* another program extends it at the same time */
} fake;

static void extend_value(const uint8_t *data)
{
	const struct tacit_slice parts[] = { TACIT_SLICE_ARRAY(fake.value),
					     tacit_slice_of(data, TACIT_RTMR_LEN) };
	uint8_t next[TACIT_RTMR_LEN];

	if (tacit_hash_parts(TACIT_SHA384, parts, 2, next, NULL) != TACIT_OK)
		abort();
	memcpy(fake.value, next, sizeof(next));
}

static int read_fake(void *user, uint8_t *ret)
{
	struct fake *f = user;

	if (++f->reads == f->bad_read)
		return f->read_code;
	memcpy(ret, f->value, sizeof(f->value));
	return 0;
}

static int extend_fake(void *user, const uint8_t *data)
{
	struct fake *f = user;

	f->extends++;
	if (f->extend_code)
		return f->extend_code;
	if (!f->lost)
		extend_value(data);
	if (f->intruded)
		extend_value(OTHER);
	return 0;
}

static const struct tacit_rtmr_way WAY = { read_fake, extend_fake, &fake };

static enum tacit_status fill(struct tacit_rtmr_result *ret, struct tacit_error *err)
{
	memset(ret, 0xee, sizeof(*ret));
	tacit_error_clear(err);
	return tacit_rtmr_fill_with(&WAY, DATA, ret, err);
}

static void fills(const char *state, unsigned extends, const char *name)
{
	struct tacit_rtmr_result result;
	struct tacit_error err = { 0 };

	fake.reads = fake.extends = 0;
	if (!is_status(fill(&result, &err), TACIT_OK, name)) {
		printf("# %s\n", err.detail);
		return;
	}
	ok(strcmp(tacit_rtmr_state_name(result.state), state) == 0 && fake.extends == extends,
	   "it is %s, by %u extensions", state, extends);
	is_slice(TACIT_SLICE_ARRAY(result.value), TACIT_SLICE_ARRAY(fake.value),
		 "and the value is told");
}

static void try_states(void)
{
	uint8_t first[TACIT_RTMR_LEN];

	memset(&fake, 0, sizeof(fake));
	fills("extended", 1, "a register that nobody used");
	ok(fake.reads == 2, "it is read again");
	memcpy(first, fake.value, sizeof(first));
	fills("held", 0, "a server that starts again");
	is_slice(TACIT_SLICE_ARRAY(fake.value), TACIT_SLICE_ARRAY(first), "leaves it as it was");
	extend_value(OTHER);
	fills("chained", 1, "another was served in between");
	fills("chained", 1, "which cannot be undone");
	memset(&fake, 0, sizeof(fake));
	fake.value[47] = 1;
	fills("chained", 1, "one bit of another's");

	/* The rule by which others work the value out. */
	static const uint8_t zeros[TACIT_RTMR_LEN];
	const struct tacit_slice parts[] = { TACIT_SLICE_ARRAY(zeros), TACIT_SLICE_ARRAY(DATA) };
	uint8_t want[TACIT_RTMR_LEN];
	ok(tacit_hash_parts(TACIT_SHA384, parts, 2, want, NULL) == TACIT_OK, "SHA-384");
	is_slice(TACIT_SLICE_ARRAY(first), TACIT_SLICE_ARRAY(want), "of zeros and the data");
	ok(strcmp(tacit_rtmr_state_name((enum tacit_rtmr_state)9), "none") == 0, "no state");
}

static void refuses(enum tacit_status want, const char *words, const char *name)
{
	struct tacit_rtmr_result result, untouched;
	struct tacit_error err = { 0 };

	fake.reads = fake.extends = 0;
	memset(&untouched, 0xee, sizeof(untouched));
	enum tacit_status got = fill(&result, &err);
	if (!ok(got == want && err.status == want && strstr(err.detail, words) &&
			memcmp(&result, &untouched, sizeof(result)) == 0,
		"%s: %s", name, words))
		printf("# %s: %s\n", tacit_status_name(got), err.detail);
	memset(&fake, 0, sizeof(fake));
}

static void try_errors(void)
{
	static const struct {
		int code;
		enum tacit_status status;
		const char *words;
	} CODES[] = {
		{ ENOENT, TACIT_UNSUPPORTED, "offers no way" },
		{ ENODEV, TACIT_UNSUPPORTED, "offers no way" },
		{ ENXIO, TACIT_UNSUPPORTED, "offers no way" },
		{ ENOTTY, TACIT_UNSUPPORTED, "offers no way" },
		{ EACCES, TACIT_DENIED, "Permission denied" },
		{ EPERM, TACIT_DENIED, "not permitted" },
		{ EROFS, TACIT_DENIED, "Read-only" },
		{ EPROTO, TACIT_IO, "not 48 bytes" },
		{ EINVAL, TACIT_IO, "Invalid argument" },
		{ EIO, TACIT_IO, "Input/output error" },
		{ EBUSY, TACIT_IO, "busy" },
	};

	for (size_t i = 0; i < TACIT_ARRAY_LEN(CODES); i++) {
		for (unsigned at = 1; at <= 2; at++) {
			memset(&fake, 0, sizeof(fake));
			fake.bad_read = at;
			fake.read_code = CODES[i].code;
			refuses(CODES[i].status, CODES[i].words,
				at == 1 ? "it cannot be read" : "it cannot be read again");
		}
		fake.extend_code = CODES[i].code;
		refuses(CODES[i].status, CODES[i].words, "it cannot be extended");
	}
	fake.lost = true;
	refuses(TACIT_BINDING, "does not hold", "an extension that does nothing");
	fake.intruded = true;
	refuses(TACIT_BINDING, "another program", "two that extend it at once");
}

/* ---- files ---------------------------------------------------------------------------------- */

static char folder[64], path[128];

static void put_file(const uint8_t *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
		abort();
}

static enum tacit_status fill_file(const char *device, struct tacit_rtmr_result *ret,
				   struct tacit_error *err)
{
	memset(ret, 0xee, sizeof(*ret));
	tacit_error_clear(err);
	return tacit_rtmr_fill(path, device, DATA, ret, err);
}

static void refuses_file(const char *device, enum tacit_status want, const char *words,
			 const char *name)
{
	struct tacit_rtmr_result result;
	struct tacit_error err = { 0 };
	enum tacit_status got = fill_file(device, &result, &err);

	if (!ok(got == want && strstr(err.detail, words), "%s: %s", name, words))
		printf("# %s: %s\n", tacit_status_name(got), err.detail);
}

static void try_files(void)
{
	struct tacit_rtmr_result result;
	struct tacit_error err = { 0 };
	uint8_t bytes[TACIT_RTMR_LEN + 1] = { 0 };

	snprintf(folder, sizeof(folder), "/tmp/tacit-rtmr.XXXXXX");
	if (!mkdtemp(folder))
		abort();
	snprintf(path, sizeof(path), "%s/rtmr3:sha384", folder);
	refuses_file("/nowhere/tdx_guest", TACIT_UNSUPPORTED, "offers no way",
		     "neither file nor device");
	refuses_file("/dev/null", TACIT_UNSUPPORTED, "offers no way",
		     "a device that does not know the request");
	refuses_file(folder, TACIT_IO, "Is a directory", "a directory as the device");

	memset(&fake, 0, sizeof(fake));
	extend_value(DATA);
	put_file(fake.value, TACIT_RTMR_LEN);
	is_status(fill_file("/dev/null", &result, &err), TACIT_OK, "a file that holds it");
	ok(result.state == TACIT_RTMR_HELD && memcmp(result.value, fake.value, TACIT_RTMR_LEN) == 0,
	   "is left alone");
	put_file(bytes, 0);
	refuses_file("/dev/null", TACIT_IO, "not 48 bytes", "an empty file");
	put_file(bytes, TACIT_RTMR_LEN - 1);
	refuses_file("/dev/null", TACIT_IO, "not 48 bytes", "a file of 47 bytes");
	put_file(bytes, TACIT_RTMR_LEN + 1);
	refuses_file("/dev/null", TACIT_IO, "not 48 bytes", "a file of 49 bytes");
	put_file(bytes, TACIT_RTMR_LEN);
	refuses_file("/dev/null", TACIT_BINDING, "does not hold", "a file that only stores");
	unlink(path);
	if (mkdir(path, 0700) != 0)
		abort();
	refuses_file("/dev/null", TACIT_IO, "Is a directory", "a directory in its place");
	rmdir(path);
	rmdir(folder);
}

int main(void)
{
	try_states();
	try_errors();
	try_files();
	return done();
}
