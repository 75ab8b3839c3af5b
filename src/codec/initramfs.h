/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_INITRAMFS_H
#define TACIT_CODEC_INITRAMFS_H

/*
 * What Linux takes as initramfs: cpio archives, plain or compressed by gzip, in any order, with
 * zeros between them [Documentation/driver-api/early-userspace/buffer-format.rst]. What one member
 * of gzip holds are whole archives; Linux takes nothing else there. Other compressions are said to
 * be what they are.
 */

#include "codec/cpio.h"
#include "codec/gzip.h"

/* About 60 KiB: keep it off the stack. */
struct tacit_initramfs_scan {
	struct tacit_cpio_scan plain, inside; /* between members, and in one */
	struct tacit_gzip_read gzip;
	bool in_gzip;
};

void tacit_initramfs_scan_init(struct tacit_initramfs_scan *scan,
			       const struct tacit_cpio_calls *calls, void *user);
/* Errors: TACIT_UNSUPPORTED for another compression, TACIT_FORMAT, TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_initramfs_scan_update(struct tacit_initramfs_scan *scan,
							       struct tacit_slice bytes,
							       struct tacit_error *err);
/* Errors: TACIT_FORMAT when it ends inside an archive, or a member. */
TACIT_MUST_CHECK enum tacit_status
tacit_initramfs_scan_final(const struct tacit_initramfs_scan *scan, struct tacit_error *err);

#endif
