/* SPDX-License-Identifier: Apache-2.0 */

/* --bind: what other systems put into the report data, as values that evidence must carry. */

#include <string.h>

#include "appraise/bind.h"
#include "base/hex.h"
#include "verify.h"

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

int cli_bind_read(const struct cli_common *common, const char *option, struct cli_bind *b)
{
	if (!option)
		return 0;
	if (strncmp(option, "obol:", 5) == 0)
		return use_keys(common, b, true, option + 5);
	if (strncmp(option, "tinfoil:", 8) == 0)
		return use_keys(common, b, false, option + 8);
	if (strcmp(option, "air") == 0) {
		b->air = true;
		return 0;
	}
	return cli_usage("'--bind' wants obol:PUBLIC-KEY:MODEL-HASH, "
			 "tinfoil:TLS-SPKI:HPKE-KEY or air");
}

int cli_bind_expect(const struct cli_bind *b, enum tacit_tee tee, struct tacit_expect *expect)
{
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
