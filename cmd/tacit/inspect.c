/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tacit inspect: what a file says, judged in nothing. Known kinds are evidence, receipts and
 * bindings; any other well-formed CBOR is shown in diagnostic notation.
 */

#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "codec/cose.h"
#include "fields.h"
#include "inspect.h"
#include "receipt/peek.h"
#include "tacit/binding.h"
#include "tacit/evidence.h"
#include "tee/stub/stub.h"
#include "verbs.h"

struct options {
	struct cli_common common;
};

static json_t *binding_object(const struct tacit_binding *b)
{
	json_t *object = json_object();

	cli_put_text(object, "purpose", TACIT_BINDING_PURPOSE);
	cli_put_hex(object, "nonce", TACIT_SLICE_ARRAY(b->nonce));
	cli_put_hex(object, "tls_spki_sha256", TACIT_SLICE_ARRAY(b->tls_spki));
	cli_put_hex(object, "receipt_key", TACIT_SLICE_ARRAY(b->receipt_key));
	cli_put_hex(object, "hpke_config", b->hpke_config);
	cli_put_shown(object, "model_id", b->model_id);
	cli_put_hex(object, "model_sha256", TACIT_SLICE_ARRAY(b->model_hash));
	cli_put_hex(object, "config_sha256", TACIT_SLICE_ARRAY(b->config_hash));
	return object;
}

static json_t *stub_object(const struct tacit_stub_doc *doc)
{
	json_t *object = json_object();
	json_t *pcrs = json_object();
	struct tacit_binding binding;

	cli_put_text(object, "notice", tacit_tee_label(TACIT_TEE_STUB));
	cli_put_time(object, "timestamp", (int64_t)(doc->timestamp_ms / 1000));
	for (unsigned i = 0; i < TACIT_STUB_PCRS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "pcr%u", i);
		cli_put_hex(pcrs, name, TACIT_SLICE_ARRAY(doc->pcr[i]));
	}
	json_object_set_new(object, "measurements", pcrs);
	json_object_set_new(object, "debug", json_boolean(doc->debug));
	cli_put_hex(object, "nonce", doc->nonce);
	cli_put_hex(object, "public_key", doc->public_key);
	cli_put_hex(object, "user_data", doc->user_data);
	if (doc->user_data.ptr && tacit_binding_parse(doc->user_data, &binding, NULL) == TACIT_OK)
		json_object_set_new(object, "binding", binding_object(&binding));
	return object;
}

static struct cli_finding find_stub(struct tacit_slice in)
{
	struct cli_finding f = { 0 };
	struct tacit_cose_sign1 message;
	struct tacit_stub_doc doc;

	if (tacit_stub_detect(in) &&
	    tacit_cose_sign1_parse(in, TACIT_CBOR_STRICT, &message, NULL) == TACIT_OK &&
	    tacit_stub_payload(message.payload, &doc, NULL) == TACIT_OK) {
		f.kind = "evidence";
		f.platform = tacit_tee_name(TACIT_TEE_STUB);
		f.fields = stub_object(&doc);
	}
	return f;
}

static struct cli_finding find_receipt(struct tacit_slice in)
{
	struct cli_finding f = { 0 };
	struct tacit_receipt_claims claims;

	if (tacit_peek_claims(in, &claims, NULL) == TACIT_OK) {
		f.kind = "receipt";
		f.fields = cli_fields_claims(&claims);
	}
	return f;
}

static struct cli_finding find_binding(struct tacit_slice in)
{
	struct cli_finding f = { 0 };
	struct tacit_binding binding;

	if (tacit_binding_parse(in, &binding, NULL) == TACIT_OK) {
		f.kind = "binding";
		f.fields = binding_object(&binding);
	}
	return f;
}

/* Evidence of the other platforms, with what it came wrapped in taken off. */
static struct cli_finding find_evidence(struct tacit_slice in)
{
	struct cli_finding f = { 0 };
	struct tacit_evidence ev = { 0 };
	struct tacit_arena arena;
	size_t size = 2 * in.len + 65536;
	void *room = malloc(size);

	tacit_arena_init(&arena, room, room ? size : 0);
	if (room && tacit_evidence_unwrap(in, &arena, &ev, NULL) == TACIT_OK)
		f.fields = cli_inspect_evidence(&ev, &arena);
	if (f.fields) {
		f.kind = "evidence";
		f.platform = tacit_tee_name(ev.tee);
	}
	free(room);
	return f;
}

static struct cli_finding find_cbor(struct tacit_slice in, char *room, size_t size)
{
	struct cli_finding f = { 0 };
	struct writer w = wr_of(tacit_mut_of(room, size - 1));

	if (tacit_cbor_check(in, TACIT_CBOR_LAX, NULL) == TACIT_OK &&
	    tacit_cbor_diagnose(in, &w, NULL) == TACIT_OK && !w.bad) {
		room[w.at] = '\0';
		f.kind = "cbor";
		f.fields = json_object();
		cli_put_text(f.fields, "diagnostic", room);
	}
	return f;
}

static int show(const struct options *o, struct cli_finding *f, struct tacit_slice in)
{
	if (o->common.json) {
		json_t *top = json_pack("{s:s, s:s, s:I, s:b}", "schema", "tacit.inspect/1", "kind",
					f->kind, "size", (json_int_t)in.len, "judged", 0);

		if (f->platform)
			cli_put_text(top, "platform", f->platform);
		json_object_set(top, "fields", f->fields);
		json_dumpf(top, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(top);
	} else {
		printf("%s%s%s, %zu bytes, nothing of it verified\n", f->kind,
		       f->platform ? " of " : "",
		       f->platform ? tacit_tee_label(tacit_tee_find(tacit_slice_str(f->platform)))
				   : "",
		       in.len);
		cli_fields_print(f->fields);
	}
	json_decref(f->fields);
	return 0;
}

static int explain_unknown(const struct options *o, const char *path, struct tacit_slice in)
{
	struct tacit_error err = { 0 };
	struct tacit_evidence ev;

	if (tacit_evidence_detect(in, &ev, &err) == TACIT_OK)
		(void)tacit_fail(&err, TACIT_FORMAT, "inspect", 0,
				 "looks like evidence, but does not decode");
	return cli_fail(&o->common, &err, "cannot inspect '%s'", path);
}

static int inspect(const struct options *o, const char *path, struct tacit_slice in)
{
	size_t room = in.len * 8 + 4096;
	char *text = malloc(room);

	if (!text)
		return cli_no_memory(&o->common);
	struct cli_finding f = find_stub(in);
	if (!f.fields)
		f = find_receipt(in);
	if (!f.fields)
		f = find_binding(in);
	if (!f.fields)
		f = find_evidence(in);
	if (!f.fields)
		f = find_cbor(in, text, room);
	int code = f.fields ? show(o, &f, in) : explain_unknown(o, path, in);
	free(text);
	return code;
}

static int run(void *options, int argc, char **argv)
{
	const struct options *o = options;
	const char *path = argc ? argv[0] : "-";
	struct tacit_error err = { 0 };
	struct tacit_slice in;

	if (cli_read_file(path, TACIT_EVIDENCE_MAX, &in, &err) != TACIT_OK)
		return cli_fail(&o->common, &err, "cannot read '%s'", path);
	int code = cli_enter_sandbox(&o->common);
	if (code == 0)
		code = inspect(o, path, in);
	free((void *)(uintptr_t)in.ptr);
	return code;
}

const struct cli_verb cmd_inspect = {
	.name = "inspect",
	.args = "[FILE]",
	.summary = "show what evidence or a receipt says, judging nothing",
	.group = "verify",
	.example = "tacit inspect evidence.bin",
	.max_args = 1,
	.struct_size = sizeof(struct options),
	.run = run,
};
