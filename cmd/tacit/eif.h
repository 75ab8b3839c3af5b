/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TACIT_CMD_EIF_H
#define TACIT_CMD_EIF_H

/*
 * What the verbs about enclave images share: reading one with everything that can be told of it,
 * registers to compare with, trees of files for a ramdisk, and writing an image from a plan.
 */

#include "cli.h"
#include "codec/initramfs.h"
#include "codec/json.h"
#include "tee/nitro/eif.h"

#define EIF_PIECE (1u << 20) /* bytes read at a time */

/* ---- reading (eif_file.c) ------------------------------------------------------------------- */

/* A file in a ramdisk. */
struct eif_entry {
	char *name;
	size_t ramdisk; /* counted from 0 */
	uint32_t mode;
	uint64_t size;
	uint8_t sha256[32];
	char *target; /* of a symbolic link; NULL for the others */
};

struct eif_file {
	const char *path;
	struct tacit_eif image;
	struct tacit_arena arena;
	void *room;
	uint8_t digest[TACIT_EIF_SECTIONS_MAX][TACIT_SHA256_LEN]; /* of each section's content */
	bool listed;
	size_t ramdisk_count;
	struct tacit_error listing[TACIT_EIF_SECTIONS_MAX]; /* why a ramdisk could not be listed */
	struct eif_entry *entries;
	size_t entry_count, entry_room;
};

/* Reads `path` ("-" is stdin) once, with digests and files when `list`. Call _done in any case. */
TACIT_MUST_CHECK enum tacit_status eif_file_read(const char *path, bool list, struct eif_file *ret,
						 struct tacit_error *err);
void eif_file_done(struct eif_file *file);

/* cli_read_file, with the path in what it complains of. */
TACIT_MUST_CHECK enum tacit_status eif_read_file(const char *path, size_t max,
						 struct tacit_slice *ret, struct tacit_error *err);
/* Calls `take` with all of `path` ("-" is stdin), in pieces. */
typedef enum tacit_status eif_take(void *user, struct tacit_slice bytes, struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status eif_each_piece(const char *path, eif_take *take, void *user,
						  struct tacit_error *err);
/* The same of a file that must give `size` bytes. Errors: TACIT_IO when it does not. */
TACIT_MUST_CHECK enum tacit_status eif_each_exact(const char *path, uint64_t size, eif_take *take,
						  void *user, struct tacit_error *err);

/* ---- registers (eif_registers.c) ------------------------------------------------------------- */

/* PCR0, PCR1, PCR2 and PCR8. */
#define EIF_REGISTERS 4
extern const unsigned eif_register_number[EIF_REGISTERS];

struct eif_registers {
	bool has[EIF_REGISTERS];
	uint8_t value[EIF_REGISTERS][TACIT_EIF_PCR_LEN];
};

/* From an image; PCR8 when it is signed by something that can be read. */
void eif_registers_of(const struct eif_file *file, struct eif_registers *ret);
void eif_registers_set(struct eif_registers *registers, const struct tacit_eif_pcrs *pcrs);

/* PCR8, of the PEM certificate in a file. */
TACIT_MUST_CHECK enum tacit_status
eif_registers_certificate(const char *path, struct eif_registers *ret, struct tacit_error *err);

/*
 * Expected values: what nitro-cli and this program print, the object inside of it, or the same with
 * names in lower case. Errors: TACIT_FORMAT, also when there is none to compare, or zeros.
 */
TACIT_MUST_CHECK enum tacit_status eif_registers_read(const char *path, struct eif_registers *ret,
						      struct tacit_error *err);

/* {"HashAlgorithm", "PCR0", ...} as nitro-cli has it. */
json_t *eif_registers_json(const struct eif_registers *registers);

/* Refuses with TACIT_POLICY what is not as expected. */
TACIT_MUST_CHECK enum tacit_status eif_registers_compare(const struct eif_registers *got,
							 const struct eif_registers *want,
							 struct tacit_error *err);

/* A member with these bytes in hex. */
void eif_put_hex(json_t *object, const char *name, struct tacit_slice bytes);

/* {"Measurements": ...} on stdout, with a schema and on one line for --json. */
void eif_registers_print(const struct cli_common *common, const char *schema,
			 const struct eif_registers *registers);

/* ---- trees (eif_tree.c) ---------------------------------------------------------------------- */

/* One of these for each path in a ramdisk; the content is a file's, or bytes, or nothing. */
struct eif_item {
	char *name; /* without the slash at its start */
	uint32_t mode, major, minor;
	char *host; /* NULL: the bytes */
	uint8_t *bytes;
	uint64_t size;
};

struct eif_tree {
	struct eif_item *items;
	size_t count, room;
};

/* `guest` may begin with a slash. Errors: TACIT_USAGE for a name that is none, TACIT_NOMEM. */
TACIT_MUST_CHECK enum tacit_status eif_tree_folder(struct eif_tree *tree, const char *guest,
						   struct tacit_error *err);
/* `mode` 0: 0755 for what its owner may run, 0644 for the rest. Errors: TACIT_IO. */
TACIT_MUST_CHECK enum tacit_status eif_tree_file(struct eif_tree *tree, const char *guest,
						 const char *host, uint32_t mode,
						 struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status eif_tree_bytes(struct eif_tree *tree, const char *guest,
						  struct tacit_slice bytes, uint32_t mode,
						  struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status eif_tree_device(struct eif_tree *tree, const char *guest,
						   uint32_t major, uint32_t minor,
						   struct tacit_error *err);
/* Sorts, and adds the folders that are missing. Errors: TACIT_USAGE for a name that is there twice.
 */
TACIT_MUST_CHECK enum tacit_status eif_tree_finish(struct eif_tree *tree, struct tacit_error *err);
uint64_t eif_tree_size(const struct eif_tree *tree);
/* The archive, in pieces. Errors: TACIT_IO when a file is not what it was. */
TACIT_MUST_CHECK enum tacit_status eif_tree_write(const struct eif_tree *tree, eif_take *take,
						  void *user, struct tacit_error *err);
/* Whether nothing but folders is in both; *ret_name is what is. Both are finished. */
bool eif_tree_apart(const struct eif_tree *a, const struct eif_tree *b, const char **ret_name);
void eif_tree_done(struct eif_tree *tree);

/* The archive as gzip, with zeros up to a multiple of four (eif_pack.c); free ret->ptr. */
TACIT_MUST_CHECK enum tacit_status eif_pack_tree(const struct eif_tree *tree,
						 struct tacit_slice *ret, struct tacit_error *err);

/* ---- output (eif_output.c) ------------------------------------------------------------------- */

/* A file that is there whole, under its name, or not at all. */
struct eif_output {
	int fd;
	const char *path;
	char temporary[4096];
};

TACIT_MUST_CHECK enum tacit_status eif_output_open(struct eif_output *out, const char *path,
						   struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status
eif_output_write(const struct eif_output *out, struct tacit_slice bytes, struct tacit_error *err);
/* Puts `header` at the start and gives the file its name. */
TACIT_MUST_CHECK enum tacit_status
eif_output_commit(struct eif_output *out, struct tacit_slice header, struct tacit_error *err);
void eif_output_done(struct eif_output *out);

/* ---- writing (eif_building.c) ---------------------------------------------------------------- */

/* An image on its way into a file. */
struct eif_lane;
struct eif_building {
	struct tacit_eif_write image;
	struct eif_output out;
	struct eif_lane *lane; /* a second thread for large contents; NULL until it is needed */
};

/* The second thread: it writes and measures PCR2 while the caller does the rest. */
struct eif_lane *eif_lane_new(struct eif_building *b);
void eif_lane_post(struct eif_lane *lane, struct tacit_slice bytes);
/* Waits for what was posted. */
TACIT_MUST_CHECK enum tacit_status eif_lane_wait(struct eif_lane *lane, struct tacit_error *err);
void eif_lane_free(struct eif_lane *lane);

/* NULL when it fails; free with _free, which removes a file that was not finished. */
struct eif_building *eif_building_new(const char *path,
				      const struct tacit_eif_write_options *header,
				      struct tacit_error *err);
TACIT_MUST_CHECK enum tacit_status eif_building_section(struct eif_building *b,
							enum tacit_eif_kind kind, uint64_t len,
							struct tacit_error *err);
/* Content of the section; `user` is the building, so that it can take what a file gives. */
TACIT_MUST_CHECK enum tacit_status eif_building_content(void *user, struct tacit_slice bytes,
							struct tacit_error *err);
/*
 * What is measured is complete: signs it when there is a key, compares the registers with `expect`
 * and gives the file its name.
 */
struct eif_signer {
	const char *key, *certificate; /* PEM files, both or none */
};
TACIT_MUST_CHECK enum tacit_status eif_building_finish(struct eif_building *b,
						       const struct eif_signer *signer,
						       const struct eif_registers *expect,
						       struct eif_registers *ret,
						       struct tacit_error *err);
void eif_building_free(struct eif_building *b);

/* ---- building (eif_plan.c, eif_boot.c) --------------------------------------------------------
 */

struct eif_ramdisk {
	const char *path; /* NULL: the tree */
	bool is_packed;   /* compressed */
	struct eif_tree tree;
};

struct eif_plan {
	const char *kernel;
	const char *cmdline;
	struct tacit_slice metadata; /* absent: none */
	size_t ramdisk_count;
	struct eif_ramdisk ramdisk[TACIT_EIF_SECTIONS_MAX];
	struct eif_signer signer;
	struct tacit_eif_write_options header;
	struct eif_registers expect; /* nothing is written when the image has others */
};

/* Writes the image, whole or not at all. */
TACIT_MUST_CHECK enum tacit_status eif_plan_write(const struct eif_plan *plan, const char *output,
						  struct eif_registers *ret,
						  struct tacit_error *err);
void eif_plan_done(struct eif_plan *plan);

/* The command line that fits the enclave kernel of docs/eif.md and AWS's own. */
#define EIF_CMDLINE     "reboot=k panic=30 pci=off console=ttyS0 random.trust_cpu=on"
#define EIF_CMDLINE_MAX 2047 /* what x86 Linux takes [COMMAND_LINE_SIZE, with its NUL] */

/* What goes into the metadata beside what the program knows of itself. */
struct eif_about {
	const char *name, *version, *custom; /* NULL: none; custom is a file of JSON */
	int64_t built;                       /* 0 when not told: two builds give the same bytes */
};
/* The metadata of an image with that kernel, which may be NULL; free ret->ptr. */
TACIT_MUST_CHECK enum tacit_status eif_metadata(const struct eif_about *about, const char *kernel,
						struct tacit_slice *ret, struct tacit_error *err);

/* What our init is told: argv and environment of the program, and modules to load, in order. */
struct eif_boot {
	const char *init;
	const struct cli_list *modules;
};
TACIT_MUST_CHECK enum tacit_status eif_boot_tree(const struct eif_boot *boot, struct eif_tree *tree,
						 struct tacit_error *err);
/* Lines of a file in /etc/tacit. */
TACIT_MUST_CHECK enum tacit_status eif_boot_lines(struct eif_tree *tree, const char *guest,
						  const char *const *lines, size_t count,
						  struct tacit_error *err);
/* A file as the option --file has it: HOST:/GUEST[:MODE]. */
TACIT_MUST_CHECK enum tacit_status eif_tree_option(struct eif_tree *tree, const char *text,
						   struct tacit_error *err);
/* The machine that a kernel is for, from its own header: 0 or TACIT_EIF_ARM64; false when unknown.
 */
bool eif_kernel_machine(const char *path, uint16_t *ret_flags);

/* ---- signing (eif_key.c) ----------------------------------------------------------------------
 */

struct tacit_key;
/* Key and certificate from their files; free both. Wrong permissions of the key are warned of. */
TACIT_MUST_CHECK enum tacit_status eif_key_read(const char *key_path, const char *certificate_path,
						struct tacit_key **ret_key,
						struct tacit_slice *ret_pem,
						struct tacit_error *err);

#endif
