/* SPDX-License-Identifier: Apache-2.0 */

/* --bind: what other systems put into the report data, as values that evidence must carry. */

#include <stdlib.h>
#include <string.h>

#include "appraise/bind.h"
#include "base/hex.h"
#include "codec/pem.h"
#include "verify.h"

#define CERT_MAX 65536 /* evidence and all */

/* Cuts "A:B" into its parts as bytes; false when it is no hex, or has another number of parts. */
static bool read_parts(const char *text, struct cli_bind *b, struct tacit_slice parts[2])
{
	const char *colon = strchr(text, ':');
	struct tacit_slice texts[2] = {
		tacit_slice_of(text, colon ? (size_t)(colon - text) : strlen(text)),
		tacit_slice_str(colon ? colon + 1 : ""),
	};

	for (size_t i = 0; i < 2; i++) {
		struct tacit_mut room = tacit_mut_of(b->parts[i], sizeof(b->parts[i]));
		size_t len = 0;

		if (!tacit_hex_decode(texts[i], room, &len))
			return false;
		parts[i] = tacit_slice_of(b->parts[i], len);
	}
	return true;
}

static int use_keys(const struct cli_common *common, struct cli_bind *b, bool obol,
		    const char *text)
{
	struct tacit_slice parts[2];
	struct tacit_error err = { 0 };

	if (!read_parts(text, b, parts))
		return cli_usage("'--bind %s' wants hex, as %s", obol ? "obol" : "tinfoil",
				 obol ? "obol:PUBLIC-KEY:MODEL-HASH" : "tinfoil:TLS-SPKI:HPKE-KEY");
	enum tacit_status status =
		obol ? tacit_bind_obol(parts[0], parts[1], b->report_data, &err)
		     : tacit_bind_tinfoil(parts[0], parts[1], b->report_data, &err);
	if (status != TACIT_OK)
		return cli_fail(common, &err, "cannot use '--bind'");
	b->given = true;
	b->obol = obol;
	return 0;
}

static int read_cert(const struct cli_common *common, struct cli_bind *b, const char *path)
{
	struct tacit_error err = { 0 };

	if (cli_read_file(path, CERT_MAX, &b->cert, &err) != TACIT_OK)
		return cli_fail(common, &err, "cannot read certificate '%s'", path);
	return 0;
}

int cli_bind_read(const struct cli_common *common, const char *option, struct cli_bind *b)
{
	if (!option)
		return 0;
	if (strncmp(option, "obol:", 5) == 0)
		return use_keys(common, b, true, option + 5);
	if (strncmp(option, "tinfoil:", 8) == 0)
		return use_keys(common, b, false, option + 8);
	if (strncmp(option, "ra-tls:", 7) == 0)
		return read_cert(common, b, option + 7);
	if (strcmp(option, "air") == 0) {
		b->air = true;
		return 0;
	}
	return cli_usage("'--bind' wants obol:PUBLIC-KEY:MODEL-HASH, "
			 "tinfoil:TLS-SPKI:HPKE-KEY, ra-tls:CERTIFICATE or air");
}

/*
 * What the certificate's claims stand for. A nonce asked for is then in the claims, which the
 * report data cover, and not in the evidence.
 */
static int use_cert(const struct cli_common *common, struct cli_bind *b, struct tacit_arena *arena,
		    struct tacit_expect *expect)
{
	struct tacit_pem_block block = { .der = b->cert };
	struct tacit_bind_ra_tls ra_tls;
	struct tacit_error err = { 0 };
	size_t at = 0;

	if (tacit_pem_looks(b->cert) && !tacit_pem_next(b->cert, &at, arena, &block, &err))
		return cli_fail(common, &err, "cannot use the certificate of '--bind'");
	if (tacit_bind_ra_tls(block.der, &ra_tls, &err) == TACIT_OK && expect->nonce.ptr &&
	    !tacit_slice_eq(ra_tls.nonce, expect->nonce))
		(void)tacit_fail(&err, TACIT_BINDING, "bind.ra_tls", 0,
				 "the certificate's claims do not carry the nonce");
	if (err.status != TACIT_OK)
		return cli_fail(common, &err, "cannot use the certificate of '--bind'");
	expect->nonce = tacit_slice_of(NULL, 0);
	memcpy(b->report_data, ra_tls.report_data, sizeof(b->report_data));
	b->given = true;
	return 0;
}

void cli_bind_free(struct cli_bind *b)
{
	free((void *)(uintptr_t)b->cert.ptr);
}

int cli_bind_expect(const struct cli_common *common, struct cli_bind *b, enum tacit_tee tee,
		    struct tacit_arena *arena, struct tacit_expect *expect)
{
	int code = b->cert.ptr ? use_cert(common, b, arena, expect) : 0;

	if (code)
		return code;
	expect->require_binding |= b->air;
	if (!b->given)
		return 0;
	/* Nitro has no report data; Obol puts the hash alone into the user data. */
	bool nitro = b->obol && (tee == TACIT_TEE_NITRO || tee == TACIT_TEE_NITROTPM);
	struct tacit_slice *slot = nitro ? &expect->user_data : &expect->report_data;
	struct tacit_slice want = tacit_slice_of(b->report_data, nitro ? 32 : 64);

	if (slot->ptr && !tacit_slice_eq(*slot, want))
		return cli_usage("'--bind' asks for other data than %s",
				 nitro ? "'--user-data'" : "'--report-data'");
	*slot = want;
	return 0;
}
