/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/nitro.h"

#include "base/time.h"
#include "tacit/nitro.h"

/* RFC 3339 with three digits of a second; null for 0, which means "not known". */
static void put_ms(struct tacit_json_out *j, const char *name, uint64_t ms)
{
	char text[TACIT_TIME_TEXT + 4];
	unsigned rest = (unsigned)(ms % 1000);

	if (ms == 0) {
		tacit_json_out_null(j, name);
		return;
	}
	tacit_time_format((int64_t)(ms / 1000), text);
	char *z = text + strlen(text) - 1; /* the Z makes room for ".123Z" */
	z[0] = '.';
	z[1] = (char)('0' + rest / 100);
	z[2] = (char)('0' + rest / 10 % 10);
	z[3] = (char)('0' + rest % 10);
	z[4] = 'Z';
	z[5] = '\0';
	tacit_json_out_text(j, name, text);
}

static void put_chain(struct tacit_json_out *j, const struct tacit_nitro_claims *n)
{
	tacit_json_out_open(j, "chain", '[');
	for (size_t i = 0; i < n->chain_count; i++) {
		tacit_json_out_open(j, NULL, '{');
		tacit_json_out_slice(j, "subject", n->chain[i].subject_cn);
		tacit_json_out_time(j, "not_before", n->chain[i].not_before);
		tacit_json_out_time(j, "not_after", n->chain[i].not_after);
		tacit_json_out_close(j, '}');
	}
	tacit_json_out_close(j, ']');
}

void tacit_nitro_put_claims(struct tacit_json_out *j, const struct tacit_claims *claims)
{
	const struct tacit_nitro_claims *n = claims->nitro;

	tacit_json_out_open(j, tacit_tee_name(claims->tee), '{');
	tacit_json_out_slice(j, "module_id", n->module_id);
	tacit_json_out_slice(j, "digest", n->digest);
	put_ms(j, "timestamp", n->timestamp_ms);
	tacit_json_out_slice(j, "region", n->region);
	tacit_json_out_slice(j, "instance_id", n->instance_id);
	tacit_json_out_slice(j, "enclave_id", n->enclave_id);
	put_ms(j, "launched_at", n->launched_at_ms);
	if (n->launched_at_ms)
		tacit_json_out_uint(j, "enclave_age_seconds", n->enclave_age_seconds);
	else
		tacit_json_out_null(j, "enclave_age_seconds");
	tacit_json_out_text(j, "root", n->root);
	put_chain(j, n);
	tacit_json_out_close(j, '}');
}
