/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/cpio.h"

#define TRAILER "TRAILER!!!"

size_t tacit_cpio_padding(uint64_t len)
{
	return (size_t)(-len & 3);
}

/* Head, name with its NUL, and zeros up to a multiple of four. */
static uint64_t head_size(size_t name_len)
{
	uint64_t len = TACIT_CPIO_HEAD + (uint64_t)name_len + 1;

	return len + tacit_cpio_padding(len);
}

uint64_t tacit_cpio_entry_size(const struct tacit_cpio_entry *entry)
{
	return head_size(entry->name.len) + entry->size + tacit_cpio_padding(entry->size);
}

uint64_t tacit_cpio_end_size(uint64_t at)
{
	uint64_t end = at + head_size(sizeof(TRAILER) - 1);

	return end + (-end & (TACIT_CPIO_BLOCK - 1)) - at;
}

static void put_field(struct writer *w, uint32_t value)
{
	static const char DIGITS[] = "0123456789ABCDEF";

	for (unsigned shift = 32; shift > 0; shift -= 4)
		wr_u8(w, (uint8_t)DIGITS[value >> (shift - 4) & 15]);
}

static void put_zeros(struct writer *w, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		wr_u8(w, 0);
}

void tacit_cpio_put_head(struct writer *w, const struct tacit_cpio_entry *entry, uint32_t inode)
{
	bool folder = (entry->mode & TACIT_CPIO_TYPE_MASK) == TACIT_CPIO_FOLDER;
	size_t len = entry->name.len;

	if (len == 0 || len > TACIT_CPIO_NAME_MAX || entry->size > TACIT_CPIO_SIZE_MAX ||
	    memchr(entry->name.ptr, 0, len)) {
		w->bad = true;
		return;
	}
	wr_text(w, "070701");
	put_field(w, inode);
	put_field(w, entry->mode);
	put_field(w, 0); /* owner */
	put_field(w, 0); /* group */
	put_field(w, folder ? 2 : 1);
	put_field(w, 0); /* time of the last change */
	put_field(w, (uint32_t)entry->size);
	put_field(w, 0); /* device that the file was on */
	put_field(w, 0);
	put_field(w, entry->major);
	put_field(w, entry->minor);
	put_field(w, (uint32_t)len + 1);
	put_field(w, 0); /* checksum, which this form does not have */
	wr_bytes(w, entry->name);
	put_zeros(w, head_size(len) - TACIT_CPIO_HEAD - len);
}

void tacit_cpio_put_end(struct writer *w, uint64_t at)
{
	const struct tacit_cpio_entry end = { .name = tacit_slice_str(TRAILER) };

	tacit_cpio_put_head(w, &end, 0);
	put_zeros(w, tacit_cpio_end_size(at) - head_size(end.name.len));
}
