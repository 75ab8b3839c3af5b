/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CODEC_ELF_H
#define TACIT_CODEC_ELF_H

/*
 * What an image needs to know of a program: which loader and libraries it names, and where what
 * runs of it ends. ELF64, little-endian [System V gABI chapters 4 and 5]; nothing else is read.
 */

#include "base/error.h"

#define TACIT_ELF_NEEDED_MAX 64
#define TACIT_ELF_X86_64     62
#define TACIT_ELF_AARCH64    183

struct tacit_elf {
	uint16_t machine;
	struct tacit_slice interpreter; /* absent in static programs and in libraries */
	struct tacit_slice run_path;    /* DT_RUNPATH, or DT_RPATH; absent when there is none */
	size_t needed_count;
	struct tacit_slice needed[TACIT_ELF_NEEDED_MAX];
	size_t loaded_end; /* behind the last byte that is loaded: sections and symbols follow */
};

/* Texts point into `in`. Errors: TACIT_FORMAT, TACIT_UNSUPPORTED (not ELF64), TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_elf_parse(struct tacit_slice in, struct tacit_elf *ret,
						   struct tacit_error *err);

/*
 * Cuts off what is not loaded, as strip does, in place: the bytes from the start to the length that
 * goes to *ret_len are a program that runs the same.
 */
TACIT_MUST_CHECK enum tacit_status tacit_elf_strip(struct tacit_mut bytes, size_t *ret_len,
						   struct tacit_error *err);

#endif
