/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_TEE_NITRO_EIF_H
#define TACIT_TEE_NITRO_EIF_H

/*
 * Enclave images (EIF, version 4): read, measured, judged and written as a stream, so that an
 * image of any size goes by once and nothing but its small sections is kept. docs/eif.md has the
 * layout. All numbers in the file are big-endian.
 *
 * Reading (eif_scan.c) takes the image as Nitro's own tools do, section after section, and notes
 * beside it what the table in the header says; judging (eif_judge.c) refuses every image that two
 * readers could take for different ones.
 *
 * What a measurement covers is the concatenation of kernel, command line and ramdisks: neither
 * where one ends and the next begins, nor metadata, header and CRC.
 */

#include "codec/crc32.h"
#include "crypto/hash.h"
#include "tacit/arena.h"
#include "tee/check.h"

#define TACIT_EIF_HEADER       548
#define TACIT_EIF_HEADER_CRC   544 /* where the CRC stands in it */
#define TACIT_EIF_SECTION_HEAD 12
#define TACIT_EIF_SECTIONS_MAX 32
#define TACIT_EIF_VERSION      4
#define TACIT_EIF_ARM64        1u /* flag */
#define TACIT_EIF_PCRS         3
#define TACIT_EIF_PCR_LEN      48
/* Kept whole while reading; one that is longer is refused. */
#define TACIT_EIF_CMDLINE_MAX   65536
#define TACIT_EIF_METADATA_MAX  (1024 * 1024)
#define TACIT_EIF_SIGNATURE_MAX (256 * 1024)
#define TACIT_EIF_ROOM          (2 * 1024 * 1024) /* of an arena for one image's facts */

enum tacit_eif_kind {
	TACIT_EIF_INVALID,
	TACIT_EIF_KERNEL,
	TACIT_EIF_CMDLINE,
	TACIT_EIF_RAMDISK,
	TACIT_EIF_SIGNATURE,
	TACIT_EIF_METADATA,
};

/* "kernel" ...; "unknown" for what is none of them. */
const char *tacit_eif_kind_name(uint16_t kind);

struct tacit_eif_section {
	uint16_t kind, flags;
	uint64_t at;                  /* of its head in the file, as one comes to it */
	uint64_t len;                 /* of its content, as its head says */
	uint64_t table_at, table_len; /* the same as the header's table says */
};

/* ---- measuring (eif_measure.c) ------------------------------------------------------------- */

struct tacit_eif_pcrs {
	uint8_t pcr[TACIT_EIF_PCRS][TACIT_EIF_PCR_LEN];
};

/* PCR0 and PCR1 begin alike, so that one hash gives both; PCR2 takes another. */
struct tacit_eif_measure {
	struct tacit_hasher *image, *application;
	size_t ramdisks;
	bool has_boot;
	uint8_t boot[TACIT_SHA384_LEN]; /* of everything up to the first ramdisk's end */
	bool failed;
};

/* Errors: TACIT_NOMEM. Call _done in any case. */
TACIT_MUST_CHECK enum tacit_status tacit_eif_measure_init(struct tacit_eif_measure *m,
							  struct tacit_error *err);
void tacit_eif_measure_done(struct tacit_eif_measure *m);
/* A section begins; then its content, in pieces of any size, in one or in both parts. */
void tacit_eif_measure_begin(struct tacit_eif_measure *m, uint16_t kind);
void tacit_eif_measure_add(struct tacit_eif_measure *m, uint16_t kind, struct tacit_slice bytes);
/* The two parts of _add, for two threads: PCR0 and PCR1, and PCR2. */
void tacit_eif_measure_add_image(struct tacit_eif_measure *m, uint16_t kind,
				 struct tacit_slice bytes);
void tacit_eif_measure_add_application(struct tacit_eif_measure *m, uint16_t kind,
				       struct tacit_slice bytes);
TACIT_MUST_CHECK enum tacit_status tacit_eif_measure_final(struct tacit_eif_measure *m,
							   struct tacit_eif_pcrs *ret,
							   struct tacit_error *err);

/* PCR8: of a signing certificate's DER. Also what any other file's PCR would be. */
TACIT_MUST_CHECK enum tacit_status
tacit_eif_measure_whole(struct tacit_slice der, uint8_t ret[TACIT_AT_LEAST(TACIT_EIF_PCR_LEN)],
			struct tacit_error *err);

/* ---- reading (eif_scan.c) ------------------------------------------------------------------ */

/* What an image says, untrusted. Slices live in the arena. */
struct tacit_eif {
	uint16_t version, flags, reserved;
	uint64_t memory, cpus;
	uint16_t count;       /* of sections, as the header says */
	size_t sections_read; /* those that are there, `count` at most */
	struct tacit_eif_section section[TACIT_EIF_SECTIONS_MAX];
	bool spare_entries; /* the table says something behind its `count` entries */
	uint32_t unused, crc, crc_computed;
	uint64_t len;                                    /* of the file */
	uint64_t trailing;                               /* bytes behind the last section */
	struct tacit_slice cmdline, metadata, signature; /* the first of each; absent ones NULL */
	struct tacit_eif_pcrs pcrs;
};

/*
 * Content of sections on its way past, and nothing when a section begins; `index` counts all
 * sections from 0.
 */
typedef void tacit_eif_content(void *user, size_t index, uint16_t kind, struct tacit_slice bytes);

struct tacit_eif_scan {
	struct tacit_arena *arena;
	tacit_eif_content *content; /* may be NULL */
	void *user;
	struct tacit_eif image;
	struct tacit_crc32 crc;
	struct tacit_eif_measure measure;
	uint8_t head[TACIT_EIF_HEADER]; /* the header, or a section's head, as far as it is there */
	size_t head_len;
	bool has_header, in_section;
	uint64_t left; /* content of the section still to come */
	uint8_t *keep; /* where its next byte is copied to; NULL: not kept */
};

/* `scan` is big: keep it off the stack. Errors: TACIT_NOMEM. Call _done in any case. */
TACIT_MUST_CHECK enum tacit_status tacit_eif_scan_init(struct tacit_eif_scan *scan,
						       struct tacit_arena *arena,
						       tacit_eif_content *content, void *user,
						       struct tacit_error *err);
void tacit_eif_scan_done(struct tacit_eif_scan *scan);
/* Errors: TACIT_FORMAT for what is no EIF, TACIT_LIMIT. */
TACIT_MUST_CHECK enum tacit_status tacit_eif_scan_update(struct tacit_eif_scan *scan,
							 struct tacit_slice bytes,
							 struct tacit_error *err);
/* The end of the file. Errors: TACIT_FORMAT when it ends inside a head or a section. */
TACIT_MUST_CHECK enum tacit_status
tacit_eif_scan_final(struct tacit_eif_scan *scan, struct tacit_eif *ret, struct tacit_error *err);

/* ---- signature (eif_signature.c) ------------------------------------------------------------ */

/* What a signature section says, untrusted. */
struct tacit_eif_signature {
	struct tacit_slice certificate_der; /* decoded from the PEM */
	struct tacit_slice spki;
	int64_t not_before, not_after;
	struct tacit_slice cose; /* the untagged COSE_Sign1 */
	int64_t alg;
	struct tacit_slice protected_bytes, payload, signature;
	uint64_t register_index;
	struct tacit_slice register_value;
};

/* Errors: TACIT_FORMAT, TACIT_LIMIT (the arena). */
TACIT_MUST_CHECK enum tacit_status tacit_eif_signature_parse(struct tacit_slice section,
							     struct tacit_arena *arena,
							     struct tacit_eif_signature *ret,
							     struct tacit_error *err);
/* Whether the certificate's key made it. Errors: TACIT_SIGNATURE, TACIT_UNSUPPORTED. */
TACIT_MUST_CHECK enum tacit_status
tacit_eif_signature_check(const struct tacit_eif_signature *signature, struct tacit_arena *arena,
			  struct tacit_error *err);

/* DER, key and dates of the first certificate in a PEM text, into the first members of *ret. */
TACIT_MUST_CHECK enum tacit_status tacit_eif_signature_certificate(struct tacit_slice pem,
								   struct tacit_arena *arena,
								   struct tacit_eif_signature *ret,
								   struct tacit_error *err);

/*
 * The content of a signature section over PCR0, as nitro-cli writes it: `key` is the private key
 * of the certificate in `pem` (P-384, or P-256). Errors: TACIT_USAGE when it is another's.
 */
struct tacit_key;
TACIT_MUST_CHECK enum tacit_status
tacit_eif_signature_make(const struct tacit_key *key, struct tacit_slice pem,
			 const uint8_t pcr0[TACIT_AT_LEAST(TACIT_EIF_PCR_LEN)],
			 struct tacit_arena *arena, struct tacit_slice *ret,
			 struct tacit_error *err);

/* ---- judging (eif_judge.c) ------------------------------------------------------------------ */

#define TACIT_EIF_CHECKS 18
extern const struct tacit_check_row tacit_eif_checks[TACIT_EIF_CHECKS];

/*
 * Every check of an image, in order: `image` as scanned, at `now` for the certificate's dates.
 * True when there is a signature section that could be read, which is then in *ret_signature.
 */
bool tacit_eif_judge(const struct tacit_eif *image, int64_t now, struct tacit_check_list *list,
		     struct tacit_eif_signature *ret_signature);

/* Whether its kernel, command line and ramdisks are the same to every reader, and undamaged. */
TACIT_MUST_CHECK enum tacit_status tacit_eif_judge_measured(const struct tacit_eif *image,
							    struct tacit_error *err);

/* ---- writing (eif_write.c) ------------------------------------------------------------------ */

/*
 * The caller says what comes and writes what it is given: the header goes first and is known
 * last. Sections: kernel, cmdline, metadata, ramdisks, signature.
 */
struct tacit_eif_write {
	uint16_t flags;
	uint64_t memory, cpus;
	size_t count;
	struct tacit_eif_section section[TACIT_EIF_SECTIONS_MAX];
	uint64_t at;            /* where the next byte goes */
	uint64_t left;          /* of the open section */
	struct tacit_crc32 crc; /* of everything behind the header */
	struct tacit_eif_measure measure;
};

struct tacit_eif_write_options {
	uint16_t flags;
	uint64_t memory, cpus;
};

TACIT_MUST_CHECK enum tacit_status
tacit_eif_write_init(struct tacit_eif_write *w, const struct tacit_eif_write_options *options,
		     struct tacit_error *err);
void tacit_eif_write_done(struct tacit_eif_write *w);
/* Begins a section of `len` bytes; its head is to be written. Errors: TACIT_LIMIT, TACIT_USAGE. */
TACIT_MUST_CHECK enum tacit_status
tacit_eif_write_section(struct tacit_eif_write *w, enum tacit_eif_kind kind, uint64_t len,
			uint8_t ret_head[TACIT_AT_LEAST(TACIT_EIF_SECTION_HEAD)],
			struct tacit_error *err);
/* Content of the open section; the same bytes are to be written. Errors: TACIT_USAGE. */
TACIT_MUST_CHECK enum tacit_status tacit_eif_write_content(struct tacit_eif_write *w,
							   struct tacit_slice bytes,
							   struct tacit_error *err);
/*
 * Its two halves, which two threads may do at the same time, both for the same bytes: PCR0,
 * PCR1 and the CRC with the count of what is left, and PCR2.
 */
TACIT_MUST_CHECK enum tacit_status tacit_eif_write_content_image(struct tacit_eif_write *w,
								 struct tacit_slice bytes,
								 struct tacit_error *err);
void tacit_eif_write_content_rest(struct tacit_eif_write *w, struct tacit_slice bytes);
/* The measurements of what was written so far: before the signature, which they go into. */
TACIT_MUST_CHECK enum tacit_status tacit_eif_write_pcrs(struct tacit_eif_write *w,
							struct tacit_eif_pcrs *ret,
							struct tacit_error *err);
/* The header, for the start of the file. Errors: TACIT_USAGE while a section is open. */
TACIT_MUST_CHECK enum tacit_status
tacit_eif_write_header(const struct tacit_eif_write *w,
		       uint8_t ret[TACIT_AT_LEAST(TACIT_EIF_HEADER)], struct tacit_error *err);

#endif
