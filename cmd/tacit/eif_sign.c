/* SPDX-License-Identifier: Apache-2.0 */

/* tacit eif sign: a copy of an image with a signature of ours instead of the one it may have. */

#include <stdlib.h>
#include <string.h>

#include "eif.h"
#include "verbs.h"

struct options {
	struct cli_common common;
	const char *key, *certificate, *output, *expect;
};

static const struct cli_option OPTIONS[] = {
	CLI_OPT(struct options, key, "--key", 0, CLI_TEXT, "KEY", "PEM key, P-384 or P-256"),
	CLI_OPT(struct options, certificate, "--certificate", 0, CLI_TEXT, "FILE",
		"PEM certificate of the key"),
	CLI_OPT(struct options, output, "--output", 'o', CLI_TEXT, "FILE",
		"the signed image; may be the same file"),
	CLI_OPT(struct options, expect, "--expect", 0, CLI_TEXT, "FILE",
		"write nothing unless the measurements are these"),
};

struct copying {
	struct tacit_eif_scan scan;
	struct eif_building *b;
	struct tacit_error err;
	enum tacit_status st;
};

/* All sections but a signature are copied as they come. */
static void copy_content(void *user, size_t index, uint16_t kind, struct tacit_slice bytes)
{
	struct copying *c = user;
	const struct tacit_eif *image = &c->scan.image;

	if (c->st != TACIT_OK || kind == TACIT_EIF_SIGNATURE)
		return;
	if (!bytes.ptr) {
		c->b->image.flags = image->flags;
		c->b->image.memory = image->memory;
		c->b->image.cpus = image->cpus;
		c->st = eif_building_section(c->b, kind, image->section[index].len, &c->err);
	} else {
		c->st = eif_building_content(c->b, bytes, &c->err);
	}
}

static enum tacit_status on_piece(void *user, struct tacit_slice bytes, struct tacit_error *err)
{
	struct copying *c = user;
	enum tacit_status st = tacit_eif_scan_update(&c->scan, bytes, err);

	if (st == TACIT_OK && c->st != TACIT_OK) {
		*err = c->err;
		st = c->st;
	}
	return st;
}

static enum tacit_status copy(const char *path, struct copying *c, struct tacit_arena *arena,
			      struct tacit_error *err)
{
	struct tacit_eif image;
	enum tacit_status st = tacit_eif_scan_init(&c->scan, arena, copy_content, c, err);

	if (st == TACIT_OK)
		st = eif_each_piece(path, on_piece, c, err);
	if (st == TACIT_OK)
		st = tacit_eif_scan_final(&c->scan, &image, err);
	if (st == TACIT_OK)
		st = tacit_eif_judge_measured(&image, err);
	tacit_eif_scan_done(&c->scan);
	return st;
}

static enum tacit_status sign(const struct options *o, const char *path, struct eif_registers *ret,
			      struct tacit_error *err)
{
	const struct tacit_eif_write_options none = { 0 };
	const struct eif_signer signer = { o->key, o->certificate };
	struct eif_registers want = { 0 };
	struct tacit_arena arena;
	enum tacit_status st = o->expect ? eif_registers_read(o->expect, &want, err) : TACIT_OK;

	if (st != TACIT_OK)
		return st;
	struct copying *c = calloc(1, sizeof(*c));
	void *room = malloc(TACIT_EIF_ROOM);
	tacit_arena_init(&arena, room, room ? TACIT_EIF_ROOM : 0);
	if (c)
		c->b = eif_building_new(o->output, &none, err);
	if (!c || !room)
		st = tacit_fail(err, TACIT_NOMEM, "eif.sign", 0, "out of memory");
	else
		st = c->b ? copy(path, c, &arena, err) : err->status;
	if (st == TACIT_OK)
		st = eif_building_finish(c->b, &signer, &want, ret, err);
	if (c)
		eif_building_free(c->b);
	free(room);
	free(c);
	return st;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	const char *path = argc ? argv[0] : "-";
	struct eif_registers registers;
	struct tacit_error err = { 0 };

	if (!o->key || !o->certificate || !o->output)
		return cli_usage("'eif sign' wants --key, --certificate and -o");
	if (sign(o, path, &registers, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot sign '%s'", path);
	eif_registers_print(&o->common, "tacit.eif-sign/1", &registers);
	return 0;
}

const struct cli_verb cmd_eif_sign = {
	.name = "eif sign",
	.args = "[FILE]",
	.summary = "sign an enclave image, or sign it anew",
	.group = "serve",
	.example = "tacit eif sign --key key.pem --certificate cert.pem -o signed.eif app.eif",
	.options = OPTIONS,
	.option_count = sizeof(OPTIONS) / sizeof(OPTIONS[0]),
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
