/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pki/snp_serde.h"

#include <inttypes.h>
#include <stdio.h>

/* The text so far; `r` is the report. */
struct text {
	struct pki_buf b;
	const uint8_t *r;
	bool old, turin;
};

static void say(struct text *t, const char *words)
{
	pki_raw(&t->b, tacit_slice_str(words));
}

static void name(struct text *t, const char *member)
{
	say(t, "\"");
	say(t, member);
	say(t, "\":");
}

static void number(struct text *t, const char *member, size_t at, size_t len)
{
	char digits[32];
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value |= (uint64_t)t->r[at + i] << 8 * i;
	snprintf(digits, sizeof(digits), "%" PRIu64 ",", value);
	name(t, member);
	say(t, digits);
}

/* What this version of the report has not is null. */
static void option(struct text *t, const char *member, size_t at, size_t len, unsigned since)
{
	if (t->r[0] >= since) {
		number(t, member, at, len);
		return;
	}
	name(t, member);
	say(t, "null,");
}

static void array(struct text *t, struct tacit_slice bytes)
{
	char digits[8];

	say(t, "[");
	for (size_t i = 0; i < bytes.len; i++) {
		snprintf(digits, sizeof(digits), i ? ",%u" : "%u", bytes.ptr[i]);
		say(t, digits);
	}
	say(t, "]");
}

static void bytes(struct text *t, const char *member, size_t at, size_t len)
{
	name(t, member);
	array(t, tacit_slice_of(t->r + at, len));
	say(t, ",");
}

/* Ends an object whose last member left a comma. */
static void end(struct text *t, const char *words)
{
	t->b.len--;
	say(t, words);
}

static void tcb(struct text *t, const char *member, size_t at)
{
	bool fmc = t->turin && !t->old;

	name(t, member);
	say(t, "{");
	if (fmc)
		number(t, "fmc", at, 1);
	else if (!t->old)
		say(t, "\"fmc\":null,");
	number(t, "bootloader", at + fmc, 1);
	number(t, "tee", at + 1 + fmc, 1);
	if (t->old)
		bytes(t, "_reserved", at + 2, 4);
	number(t, "snp", at + (fmc ? 3 : 6), 1);
	number(t, "microcode", at + 7, 1);
	end(t, "},");
}

static void firmware(struct text *t, const char *member, size_t at)
{
	name(t, member);
	say(t, "{");
	number(t, "major", at + 2, 1);
	number(t, "minor", at + 1, 1);
	number(t, "build", at, 1);
	end(t, "},");
}

static void first_half(struct text *t)
{
	number(t, "version", 0x000, 4);
	number(t, "guest_svn", 0x004, 4);
	number(t, "policy", 0x008, 8);
	bytes(t, "family_id", 0x010, 16);
	bytes(t, "image_id", 0x020, 16);
	number(t, "vmpl", 0x030, 4);
	number(t, "sig_algo", 0x034, 4);
	tcb(t, "current_tcb", 0x038);
	number(t, "plat_info", 0x040, 8);
	number(t, t->old ? "_author_key_en" : "key_info", 0x048, 4);
	if (t->old)
		number(t, "_reserved_0", 0x04c, 4);
	bytes(t, "report_data", 0x050, 64);
	bytes(t, "measurement", 0x090, 48);
	bytes(t, "host_data", 0x0c0, 32);
	bytes(t, "id_key_digest", 0x0e0, 48);
	bytes(t, "author_key_digest", 0x110, 48);
	bytes(t, "report_id", 0x140, 32);
	bytes(t, "report_id_ma", 0x160, 32);
	tcb(t, "reported_tcb", 0x180);
}

static void new_half(struct text *t)
{
	option(t, "cpuid_fam_id", 0x188, 1, 3);
	option(t, "cpuid_mod_id", 0x189, 1, 3);
	option(t, "cpuid_step", 0x18a, 1, 3);
	bytes(t, "chip_id", 0x1a0, 64);
	tcb(t, "committed_tcb", 0x1e0);
	firmware(t, "current", 0x1e8);
	firmware(t, "committed", 0x1ec);
	tcb(t, "launch_tcb", 0x1f0);
	option(t, "launch_mit_vector", 0x1f8, 8, 5);
	option(t, "current_mit_vector", 0x200, 8, 5);
}

static void old_half(struct text *t)
{
	bytes(t, "_reserved_1", 0x188, 24);
	bytes(t, "chip_id", 0x1a0, 64);
	tcb(t, "committed_tcb", 0x1e0);
	number(t, "current_build", 0x1e8, 1);
	number(t, "current_minor", 0x1e9, 1);
	number(t, "current_major", 0x1ea, 1);
	number(t, "_reserved_2", 0x1eb, 1);
	number(t, "committed_build", 0x1ec, 1);
	number(t, "committed_minor", 0x1ed, 1);
	number(t, "committed_major", 0x1ee, 1);
	number(t, "_reserved_3", 0x1ef, 1);
	tcb(t, "launch_tcb", 0x1f0);
	bytes(t, "_reserved_4", 0x1f8, 168);
}

static void signature(struct text *t)
{
	say(t, "\"signature\":{");
	bytes(t, "r", 0x2a0, 72);
	bytes(t, "s", 0x2e8, 72);
	if (t->old)
		bytes(t, "_reserved", 0x330, 368);
	end(t, "}");
}

static void certificates(struct text *t, const struct snp_entry *entries, size_t count)
{
	static const char *const KINDS[] = {
		"\"VCEK\"", "\"VLEK\"", "\"ASK\"",
		"\"ARK\"",  "\"CRL\"",  "{\"OTHER\":\"9f4116cd-c503-4f5a-8f6f-fb68882f4ce2\"}"
	};

	if (count == 0) {
		say(t, "null");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		say(t, i ? ",{\"cert_type\":" : "[{\"cert_type\":");
		say(t, KINDS[entries[i].kind]);
		say(t, ",\"data\":");
		array(t, entries[i].content);
		say(t, "}");
	}
	say(t, "]");
}

struct tacit_slice snp_serde(struct tacit_slice report, bool old, const struct snp_entry *entries,
			     size_t count)
{
	/* Only Turin's reports tell their family as 1Ah. */
	struct text t = { .r = report.ptr, .old = old, .turin = report.ptr[0x188] == 0x1a };

	say(&t, "{\"attestation_report\":{");
	first_half(&t);
	if (old)
		old_half(&t);
	else
		new_half(&t);
	signature(&t);
	say(&t, "},\"cert_chain\":");
	certificates(&t, entries, count);
	say(&t, "}");
	pki_raw(&t.b, tacit_slice_of("", 1));
	struct tacit_slice all = pki_take(&t.b);
	return tacit_slice_of(all.ptr, all.len - 1);
}

struct tacit_slice snp_serde_usual(const struct snp_evidence *s, bool old)
{
	struct snp_entry entries[3] = {
		{ .kind = s->vlek ? SNP_ENTRY_VLEK : SNP_ENTRY_VCEK, .content = s->vek->der },
		{ .kind = SNP_ENTRY_ASK, .content = s->ica->der },
		{ .kind = SNP_ENTRY_ARK, .content = s->ark->der },
	};

	return snp_serde(TACIT_SLICE_ARRAY(s->report), old, entries, 3);
}
