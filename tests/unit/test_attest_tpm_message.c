/* SPDX-License-Identifier: Apache-2.0 */

/* The commands of a TPM byte by byte, its answers whole, cut and changed, and its complaints. */

#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/hex.h"
#include "sys/tpm_code.h"
#include "sys/tpm_message.h"
#include "tests/tap.h"

static uint8_t room[TACIT_TPM_COMMAND_MAX];

static struct writer fresh(void)
{
	return wr_of(tacit_mut_of(room, sizeof(room)));
}

static void is_command(struct writer *w, const char *hex, const char *name)
{
	static uint8_t want[TACIT_TPM_COMMAND_MAX];
	struct tacit_slice got = { NULL, 0 };
	size_t len = 0;

	is_status(tacit_tpm_command(w, &got, NULL), TACIT_OK, name);
	ok(tacit_hex_decode(tacit_slice_str(hex), tacit_mut_of(want, sizeof(want)), &len),
	   "  what it should be");
	is_slice(got, tacit_slice_of(want, len), "  byte for byte");
}

static void test_commands(void)
{
	static const uint8_t extra[] = { 1, 2, 3 };
	struct writer w = fresh();

	tacit_tpm_put_nv_public(&w, 0x01400001);
	is_command(&w, "80010000000e0000016901400001", "NV_ReadPublic");
	w = fresh();
	tacit_tpm_put_nv_read(&w, 0x01400001, 512, 1024);
	is_command(&w,
		   "8002000000230000014e4000000101400001"
		   "0000000940000009000000000002000400",
		   "NV_Read");
	w = fresh();
	tacit_tpm_put_nv_write(&w, 0x01400002, TACIT_SLICE_ARRAY(extra));
	is_command(&w,
		   "800200000026000001374000000101400002"
		   "00000009400000090000000000"
		   "00030102030000",
		   "NV_Write");
	w = fresh();
	tacit_tpm_put_nv_define(&w, 0x01400002, 64);
	is_command(&w,
		   "80020000002d0000012a40000001"
		   "00000009400000090000000000"
		   "0000000e01400002000b0002000200000040",
		   "NV_DefineSpace");
	w = fresh();
	tacit_tpm_put_pcr_read(&w, 0x800101);
	is_command(&w, "8001000000140000017e00000001000b03010180", "PCR_Read");
	w = fresh();
	tacit_tpm_put_quote(&w, 0x81000003, TACIT_SLICE_ARRAY(extra), 0xffffff);
	is_command(&w,
		   "80020000002e0000015881000003"
		   "00000009400000090000000000"
		   "00030102030014000b00000001000b03ffffff",
		   "Quote");
	w = wr_of(tacit_mut_of(room, 16));
	tacit_tpm_put_quote(&w, 1, TACIT_SLICE_ARRAY(extra), 1);
	struct tacit_slice got = { NULL, 0 };
	is_status(tacit_tpm_command(&w, &got, NULL), TACIT_LIMIT, "no room for a command");
	ok(!got.ptr, "  and none comes out");
}

/* ---- answers ------------------------------------------------------------------------------- */

static uint8_t answer[TACIT_TPM_ANSWER_MAX];

/* An answer from hex, whose length is filled in. */
static struct tacit_slice from(const char *hex)
{
	size_t len = 0;

	if (!tacit_hex_decode(tacit_slice_str(hex), tacit_mut_of(answer, sizeof(answer)), &len))
		ok(false, "hex of the test");
	answer[4] = (uint8_t)(len >> 8);
	answer[5] = (uint8_t)len;
	return tacit_slice_of(answer, len);
}

#define HEAD_PLAIN   "80010000000000000000"
#define HEAD_SESSION "80020000000000000000"
#define PASSWORD     "0000010000"

/* index, SHA-256, attributes, no policy, size; then the name. */
#define NV_PUBLIC                                 \
	HEAD_PLAIN "000e01400001000b620200020000" \
		   "0a28"                         \
		   "0004"                         \
		   "000baabb"
#define NV_DATA                 \
	HEAD_SESSION "00000006" \
		     "0004"     \
		     "01020304" PASSWORD
#define DONE  HEAD_SESSION "00000000" PASSWORD
#define ZEROS "00000000000000000000000000000000"
#define PCRS                              \
	HEAD_PLAIN "00000007"             \
		   "00000001000b03020001" \
		   "00000002"             \
		   "0020" ZEROS ZEROS "0020" ZEROS "00000000000000000000000000000001"
#define QUOTED                  \
	HEAD_SESSION "00000008" \
		     "0002aabb" \
		     "00112233" PASSWORD

enum kind {
	KIND_NV_PUBLIC,
	KIND_NV,
	KIND_DONE,
	KIND_PCRS,
	KIND_QUOTE,
};

static enum tacit_status read_as(enum kind kind, struct tacit_slice in, struct tacit_error *err)
{
	struct tacit_tpm_bank bank = { 0 };
	struct tacit_slice a, b;
	size_t size = 0;

	switch (kind) {
	case KIND_NV_PUBLIC:
		return tacit_tpm_read_nv_public(in, 0x01400001, &size, err);
	case KIND_NV:
		return tacit_tpm_read_nv(in, 4, &a, err);
	case KIND_DONE:
		return tacit_tpm_read_done(in, err);
	case KIND_PCRS:
		return tacit_tpm_read_bank(in, 0xffffff, &bank, err);
	case KIND_QUOTE:
	default:
		return tacit_tpm_read_quote(in, &a, &b, err);
	}
}

static const struct {
	const char *name, *hex;
} GOOD[] = {
	[KIND_NV_PUBLIC] = { "NV_ReadPublic", NV_PUBLIC },
	[KIND_NV] = { "NV_Read", NV_DATA },
	[KIND_DONE] = { "NV_Write", DONE },
	[KIND_PCRS] = { "PCR_Read", PCRS },
	[KIND_QUOTE] = { "Quote", QUOTED },
};
#define KINDS (sizeof(GOOD) / sizeof(GOOD[0]))

static void test_good(void)
{
	struct tacit_tpm_bank bank = { 0 };
	struct tacit_slice a = { NULL, 0 }, b = { NULL, 0 };
	size_t size = 0;

	for (size_t i = 0; i < KINDS; i++)
		is_status(read_as((enum kind)i, from(GOOD[i].hex), NULL), TACIT_OK, GOOD[i].name);
	is_status(tacit_tpm_read_nv_public(from(NV_PUBLIC), 0x01400001, &size, NULL), TACIT_OK,
		  "an index");
	ok(size == 2600, "its size");
	is_status(tacit_tpm_read_nv(from(NV_DATA), 4, &a, NULL), TACIT_OK, "its bytes");
	ok(a.len == 4 && a.ptr[3] == 4, "all of them");
	is_status(tacit_tpm_read_bank(from(PCRS), 0x010002, &bank, NULL), TACIT_OK, "two PCRs");
	ok(bank.mask == 0x010002 && bank.counter == 7 && bank.values[16][31] == 1 &&
		   bank.values[1][31] == 0,
	   "where they belong");
	is_status(tacit_tpm_read_quote(from(QUOTED), &a, &b, NULL), TACIT_OK, "a quote");
	ok(a.len == 2 && b.len == 4 && b.ptr[3] == 0x33, "and its signature");
}

/* Every shorter answer, whether its length says so or not; and a longer one. */
static void test_cut(void)
{
	static uint8_t copy[TACIT_TPM_ANSWER_MAX];
	size_t passed = 0, wrong = 0;

	for (size_t i = 0; i < KINDS; i++) {
		struct tacit_slice whole = from(GOOD[i].hex);

		memcpy(copy, whole.ptr, whole.len);
		copy[whole.len] = 0;
		for (size_t len = 0; len <= whole.len + 1; len++) {
			if (len == whole.len)
				continue;
			copy[4] = (uint8_t)(whole.len >> 8);
			copy[5] = (uint8_t)whole.len;
			wrong += read_as((enum kind)i, tacit_slice_of(copy, len), NULL) !=
				 TACIT_PEER;
			copy[4] = (uint8_t)(len >> 8);
			copy[5] = (uint8_t)len;
			passed += read_as((enum kind)i, tacit_slice_of(copy, len), NULL) !=
				  TACIT_PEER;
		}
	}
	ok(wrong == 0, "no answer is taken whose length is another (%zu were)", wrong);
	ok(passed == 0, "no answer is taken that is cut or longer (%zu were)", passed);
}

/* No change may be read out of bounds; those of heads and lengths must be seen. */
static void test_flips(void)
{
	static uint8_t copy[TACIT_TPM_ANSWER_MAX];
	size_t heads = 0, all = 0;

	for (size_t i = 0; i < KINDS; i++) {
		struct tacit_slice whole = from(GOOD[i].hex);

		memcpy(copy, whole.ptr, whole.len);
		for (size_t bit = 0; bit < whole.len * 8; bit++) {
			copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
			bool good = read_as((enum kind)i, tacit_slice_of(copy, whole.len), NULL) ==
				    TACIT_OK;
			heads += good && bit / 8 < TACIT_TPM_HEAD;
			all += good;
			copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
	ok(heads == 0, "every bit of a head counts (%zu did not)", heads);
	ok(all > 0, "bits of the content are the reader's business (%zu passed)", all);
}

static void refuses(enum kind kind, const char *hex, const char *says, const char *name)
{
	struct tacit_error err = { 0 };

	is_status(read_as(kind, from(hex), &err), TACIT_PEER, name);
	if (!ok(strstr(err.detail, says) != NULL, "  and says '%s'", says))
		printf("# got %s\n", err.detail);
}

/* What is wrong with an answer, and what is said of it. */
static const struct {
	enum kind kind;
	const char *hex, *says, *name;
} BAD[] = {
	{ KIND_NV_PUBLIC, HEAD_PLAIN "000e01400002000b6202000200000a280004000baabb",
	  "another index", "the public area of another index" },
	{ KIND_NV_PUBLIC, HEAD_PLAIN "000f01400001000b6202000200000a28000004000baabb",
	  "more behind", "a public area with a byte too many" },
	{ KIND_NV_PUBLIC, HEAD_PLAIN "000d01400001000b62020002000a280004000baabb", "too early",
	  "a public area that is too short" },
	{ KIND_NV_PUBLIC, HEAD_SESSION "00000000" PASSWORD, "another kind",
	  "an answer with a session where there was none" },
	{ KIND_NV, HEAD_PLAIN "000401020304", "another kind", "one without, where there was" },
	{ KIND_NV,
	  HEAD_SESSION "00000005"
		       "0003010203" PASSWORD,
	  "another number", "fewer bytes than were asked for" },
	{ KIND_NV,
	  HEAD_SESSION "000000070004010203040"
		       "00000010000",
	  "more behind", "a byte between data and authorisation" },
	{ KIND_NV,
	  HEAD_SESSION "00000006"
		       "000401020304"
		       "0001010000",
	  "password", "a nonce of a session that there was not" },
	{ KIND_NV,
	  HEAD_SESSION "00000006"
		       "000401020304"
		       "0000010001",
	  "password", "an HMAC of such a session" },
	{ KIND_NV,
	  HEAD_SESSION "000000ff"
		       "000401020304" PASSWORD,
	  "past its end", "parameters longer than the answer" },
	{ KIND_PCRS,
	  HEAD_PLAIN "00000007"
		     "00000001000b03000000"
		     "00000000",
	  "none of the PCRs", "no PCR at all" },
	{ KIND_PCRS,
	  HEAD_PLAIN "00000007"
		     "00000001000403010000"
		     "00000001"
		     "0014" ZEROS "00000000",
	  "none of the PCRs", "the bank of SHA-1" },
	{ KIND_PCRS,
	  HEAD_PLAIN "00000007"
		     "00000002000b03010000000c03000000"
		     "00000001"
		     "0020" ZEROS ZEROS,
	  "none of the PCRs", "two banks" },
	{ KIND_PCRS,
	  HEAD_PLAIN "00000007"
		     "00000001000b0401000000"
		     "00000001"
		     "0020" ZEROS ZEROS,
	  "none of the PCRs", "a selection of 32 PCRs" },
	{ KIND_PCRS,
	  HEAD_PLAIN "00000007"
		     "00000001000b03030000"
		     "00000001"
		     "0020" ZEROS ZEROS,
	  "other values", "two selected, one value" },
	{ KIND_PCRS,
	  HEAD_PLAIN "00000007"
		     "00000001000b03010000"
		     "00000002"
		     "0020" ZEROS ZEROS "0020" ZEROS ZEROS,
	  "more values", "one selected, two values" },
	{ KIND_PCRS,
	  HEAD_PLAIN "00000007"
		     "00000001000b03010000"
		     "00000001"
		     "0014" ZEROS "00000000",
	  "other values", "a value of 20 bytes" },
	{ KIND_QUOTE,
	  HEAD_SESSION "00000006"
		       "000000112233" PASSWORD,
	  "no quote", "an empty quote" },
	{ KIND_QUOTE,
	  HEAD_SESSION "00000004"
		       "0002aabb" PASSWORD,
	  "no quote", "a quote without signature" },
};

static void test_bad(void)
{
	struct tacit_tpm_bank bank = { 0 };
	struct tacit_error err = { 0 };

	for (size_t i = 0; i < TACIT_ARRAY_LEN(BAD); i++)
		refuses(BAD[i].kind, BAD[i].hex, BAD[i].says, BAD[i].name);
	is_status(tacit_tpm_read_bank(from(PCRS), 0x000002, &bank, NULL), TACIT_PEER,
		  "PCRs that were not asked for");
	ok(bank.mask == 0, "and nothing of it is kept");
	is_status(tacit_tpm_read_bank(from(PCRS "00"), 0xffffff, &bank, NULL), TACIT_PEER,
		  "PCRs with a byte behind them");
	ok(bank.mask == 0, "and nothing of it is kept");
	refuses(KIND_DONE, "12340000000000000101", "another tag", "a complaint with a strange tag");
	is_status(read_as(KIND_DONE, from("00c40000000000000000"), &err), TACIT_UNSUPPORTED,
		  "a TPM 1.2");
}

static void test_lengths(void)
{
	uint8_t head[TACIT_TPM_HEAD] = { 0x80, 1 };

	ok(tacit_tpm_answer_len(head) == 0, "no answer of 0 bytes");
	head[5] = 9;
	ok(tacit_tpm_answer_len(head) == 0, "nor of 9");
	head[5] = 10;
	ok(tacit_tpm_answer_len(head) == 10, "the shortest is a head");
	head[4] = 16;
	head[5] = 0;
	ok(tacit_tpm_answer_len(head) == 4096, "the longest");
	head[5] = 1;
	ok(tacit_tpm_answer_len(head) == 0, "and no longer one");
	head[2] = 0xff;
	ok(tacit_tpm_answer_len(head) == 0, "nor one of gigabytes");
}

/* ---- complaints ---------------------------------------------------------------------------- */

static void is_code(uint32_t code, const char *text, enum tacit_status st)
{
	char got[TACIT_TPM_CODE_TEXT];
	struct tacit_error err = { 0 };
	char hex[64];

	tacit_tpm_code_text(code, got);
	if (!ok(strcmp(got, text) == 0, "0x%x is %s", (unsigned)code, text))
		printf("# got %s\n", got);
	snprintf(hex, sizeof(hex), "80010000000a%08x", (unsigned)code);
	is_status(read_as(KIND_DONE, from(hex), &err), st, "  and fails as that");
	ok(strstr(err.detail, text) != NULL, "  by name");
}

static void test_codes(void)
{
	size_t named = 0;

	is_code(0x101, "TPM_RC_FAILURE", TACIT_IO);
	is_code(0x143, "TPM_RC_COMMAND_CODE", TACIT_UNSUPPORTED);
	is_code(0x148, "TPM_RC_NV_LOCKED", TACIT_DENIED);
	is_code(0x14a, "TPM_RC_NV_UNINITIALIZED", TACIT_UNSUPPORTED);
	is_code(0x921, "TPM_RC_LOCKOUT", TACIT_DENIED);
	is_code(0x910, "TPM_RC_REFERENCE_H0", TACIT_UNSUPPORTED);
	is_code(0x18b, "TPM_RC_HANDLE (handle 1)", TACIT_UNSUPPORTED);
	is_code(0x28b, "TPM_RC_HANDLE (handle 2)", TACIT_UNSUPPORTED);
	is_code(0x9a2, "TPM_RC_BAD_AUTH (session 1)", TACIT_DENIED);
	is_code(0x98e, "TPM_RC_AUTH_FAIL (session 1)", TACIT_DENIED);
	is_code(0x1d5, "TPM_RC_SIZE (parameter 1)", TACIT_USAGE);
	is_code(0xb0143, "TPM_RC_COMMAND_CODE from layer 11", TACIT_UNSUPPORTED);
	is_code(0x999, "0x00000999", TACIT_IO);
	is_code(0x1ff, "0x000001ff", TACIT_IO);
	is_code(0xffffffff, "0xffffffff", TACIT_IO);
	ok(tacit_tpm_code_is_absent(0x18b) && tacit_tpm_code_is_absent(0x28b),
	   "handles that are not there");
	ok(!tacit_tpm_code_is_absent(0x1cb) && !tacit_tpm_code_is_absent(0x18a) &&
		   !tacit_tpm_code_is_absent(0x10b) && !tacit_tpm_code_is_absent(0),
	   "and other complaints");
	for (uint32_t code = 0; code < 0x1000; code++) {
		char text[TACIT_TPM_CODE_TEXT];
		bool busy = code == 0x908 || code == 0x90a || code == 0x920 || code == 0x922;

		if (tacit_tpm_code_is_busy(code) != busy)
			ok(false, "0x%x is busy or not", (unsigned)code);
		named += strncmp(tacit_tpm_code_text(code, text), "TPM_RC_", 7) == 0;
	}
	ok(named > 500, "%zu codes of 12 bits have names", named);
}

int main(void)
{
	test_commands();
	test_good();
	test_cut();
	test_flips();
	test_bad();
	test_lengths();
	test_codes();
	return done();
}
