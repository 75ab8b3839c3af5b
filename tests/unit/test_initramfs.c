/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/initramfs.h"

#include "base/compiler.h"
#include "tests/tap.h"

static uint8_t plain[1024], stream[16384];
static size_t stream_len;
static struct tacit_gzip_write writer;
static struct tacit_initramfs_scan scan;

/* Names of what was found. */
static char told[256];

static void on_begin(void *user, const struct tacit_cpio_entry *entry)
{
	size_t len = strlen(told);

	(void)user;
	snprintf(told + len, sizeof(told) - len, "%.*s ", (int)entry->name.len,
		 (const char *)entry->name.ptr);
}

static void on_content(void *user, struct tacit_slice bytes)
{
	size_t len = strlen(told);

	(void)user;
	snprintf(told + len, sizeof(told) - len, "%.*s", (int)bytes.len, (const char *)bytes.ptr);
}

static void on_end(void *user)
{
	(void)user;
}

static const struct tacit_cpio_calls CALLS = { on_begin, on_content, on_end };

/* An archive of one file that holds its own name, up to a block or only to its end. */
static struct tacit_slice archive(const char *name)
{
	struct writer w = wr_of(tacit_mut_of(plain, sizeof(plain)));
	const struct tacit_cpio_entry entry = { .name = tacit_slice_str(name),
						.mode = 0100644,
						.size = strlen(name) };

	tacit_cpio_put_head(&w, &entry, 1);
	wr_text(&w, name);
	for (size_t i = tacit_cpio_padding(entry.size); i > 0; i--)
		wr_u8(&w, 0);
	tacit_cpio_put_end(&w, w.at);
	return tacit_slice_of(plain, w.at);
}

static enum tacit_status append(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	(void)user;
	(void)err;
	memcpy(stream + stream_len, bytes.ptr, bytes.len);
	stream_len += bytes.len;
	return TACIT_OK;
}

static void add_plain(const char *name)
{
	(void)append(NULL, archive(name), NULL);
}

static void add_member(struct tacit_slice content)
{
	tacit_gzip_write_init(&writer, append, NULL);
	if (tacit_gzip_write_update(&writer, content, NULL) == TACIT_OK)
		(void)!tacit_gzip_write_final(&writer, NULL);
}

static void add_zeros(void)
{
	do
		stream[stream_len++] = 0;
	while (stream_len % 4);
}

static enum tacit_status list(size_t piece)
{
	enum tacit_status st = TACIT_OK;

	told[0] = '\0';
	tacit_initramfs_scan_init(&scan, &CALLS, NULL);
	for (size_t at = 0; st == TACIT_OK && at < stream_len; at += piece)
		st = tacit_initramfs_scan_update(
			&scan,
			tacit_slice_of(stream + at,
				       stream_len - at < piece ? stream_len - at : piece),
			NULL);
	return st == TACIT_OK ? tacit_initramfs_scan_final(&scan, NULL) : st;
}

static void test_order(void)
{
	size_t wrong = 0;

	stream_len = 0;
	add_plain("a");
	add_member(archive("b"));
	add_zeros();
	add_plain("c");
	add_member(archive("d"));
	add_member(archive("e"));
	for (size_t piece = 1; piece < 700; piece++)
		wrong += list(piece) != TACIT_OK || strcmp(told, "a ab bc cd de e") != 0;
	ok(wrong == 0, "plain and compressed archives, in pieces of any size (%s)", told);
	stream_len = 0;
	is_status(list(1), TACIT_OK, "nothing");
}

static void test_refused(void)
{
	stream_len = 0;
	add_member(archive("a"));
	while (stream_len % 4 != 2)
		stream[stream_len++] = 0;
	add_plain("b");
	is_status(list(100), TACIT_FORMAT, "a plain archive that stands askew behind a member");

	stream_len = 0;
	add_member(tacit_slice_of(archive("a").ptr, 120));
	is_status(list(100), TACIT_FORMAT, "an archive that goes on in no member");
	stream_len = 0;
	add_member(archive("a"));
	stream_len -= 3;
	is_status(list(100), TACIT_FORMAT, "a member that is cut off");
	stream_len = 0;
	add_member(tacit_slice_str("no archive"));
	is_status(list(100), TACIT_UNSUPPORTED, "a member that holds no archive");
	stream_len = 0;
	add_member(archive("a"));
	struct tacit_slice inner = tacit_slice_of(memcpy(plain, stream, stream_len), stream_len);
	stream_len = 0;
	add_member(inner);
	is_status(list(100), TACIT_UNSUPPORTED, "a member in a member");
	stream_len = 0;
	add_plain("a");
	(void)append(NULL,
		     tacit_slice_of("\xfd"
				    "7zXZ",
				    5),
		     NULL);
	is_status(list(100), TACIT_UNSUPPORTED, "xz");
	ok(strcmp(told, "a a") == 0, "after what can be read");
}

static void test_flips(void)
{
	size_t crossed = 0;

	stream_len = 0;
	add_member(archive("a"));
	for (size_t i = 0; i < 8 * stream_len; i++) {
		stream[i / 8] ^= (uint8_t)(1u << i % 8);
		crossed += list(64) == TACIT_OK && strcmp(told, "a a") != 0;
		stream[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	ok(crossed == 0, "no flipped bit is read as another archive");
}

int main(void)
{
	test_order();
	test_refused();
	test_flips();
	return done();
}
