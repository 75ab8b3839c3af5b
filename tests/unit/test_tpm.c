/* SPDX-License-Identifier: Apache-2.0 */

/* Reading the pieces of a TPM's quote, and recognising them among collateral. */

#include "tests/pki/azure.h"
#include "tests/unit/azure_util.h"
#include "trust/collateral_parts.h"

static struct azure_spec a;
static uint8_t bytes[1024];
static size_t len;
static struct tacit_tpm_quote quote;

static void start(void)
{
	azure_init(&a, false);
	struct tacit_slice message = azure_quote(&a);
	memcpy(bytes, message.ptr, message.len);
	len = message.len;
}

static enum tacit_status parse(void)
{
	return tacit_tpm_quote_parse(tacit_slice_of(bytes, len), &quote, NULL);
}

/* Offsets in the quote that azure_quote() writes. */
#define SIGNER_LEN_AT 6
#define NONCE_LEN_AT  (8 + 34)
#define NONCE_LEN     9
#define CLOCK_AT      (NONCE_LEN_AT + 2 + NONCE_LEN)
#define SAFE_AT       (CLOCK_AT + 16)
#define BANKS_AT      (SAFE_AT + 9)
#define BANK_ALG_AT   (BANKS_AT + 4)
#define SELECT_AT     (BANK_ALG_AT + 2)
#define DIGEST_LEN_AT (SELECT_AT + 4)

static void changed(size_t at, uint8_t value, enum tacit_status want, const char *what)
{
	start();
	bytes[at] = value;
	is_status(parse(), want, what);
}

static void test_quote(void)
{
	size_t taken = 0;

	start();
	is_status(parse(), TACIT_OK, "a quote");
	is_slice(quote.nonce, a.nonce, "its nonce");
	ok(quote.clock_ms == 1234567 && quote.reset_count == 3 && quote.restart_count == 2 &&
		   quote.clock_safe && quote.firmware == 0x2020031200120003 &&
		   quote.pcr_mask == 0xffffff && quote.pcr_digest.len == 32,
	   "its fields");
	for (size_t n = 0; n < len; n++)
		taken += tacit_tpm_quote_parse(tacit_slice_of(bytes, n), &quote, NULL) == TACIT_OK;
	ok(taken == 0, "every truncation is refused");
	bytes[len++] = 0;
	is_status(parse(), TACIT_FORMAT, "a byte too many");
	changed(0, 0xfe, TACIT_FORMAT, "another magic");
	changed(5, 0x17, TACIT_FORMAT, "a certification for a quote");
	changed(SIGNER_LEN_AT, 0xff, TACIT_FORMAT, "a name that is too long");
	changed(NONCE_LEN_AT + 1, 65, TACIT_FORMAT, "a nonce that is too long");
	changed(NONCE_LEN_AT, 0xff, TACIT_FORMAT, "a length at its limit");
	changed(SAFE_AT, 2, TACIT_FORMAT, "a flag that is none");
	changed(BANKS_AT + 3, 0, TACIT_UNSUPPORTED, "no bank");
	changed(BANKS_AT + 3, 2, TACIT_UNSUPPORTED, "two banks");
	changed(BANKS_AT, 0xff, TACIT_UNSUPPORTED, "very many");
	changed(BANK_ALG_AT + 1, 0x04, TACIT_UNSUPPORTED, "a bank of SHA-1");
	changed(SELECT_AT, 5, TACIT_FORMAT, "a selection that is too long");
	changed(SELECT_AT, 0, TACIT_FORMAT, "and none");
	changed(DIGEST_LEN_AT + 1, 31, TACIT_FORMAT, "a digest that is too short");
	changed(DIGEST_LEN_AT + 1, 33, TACIT_FORMAT, "and too long");
	start();
	memset(bytes + SELECT_AT + 1, 0, 3);
	is_status(parse(), TACIT_FORMAT, "no PCR at all");
	a.nonce.len = 0;
	struct tacit_slice message = azure_quote(&a);
	is_status(tacit_tpm_quote_parse(message, &quote, NULL), TACIT_OK, "an empty nonce");
	ok(quote.nonce.ptr && quote.nonce.len == 0, "  is empty and not absent");
}

/* Fields whose length is wrong and whose bytes are all there, so that nothing else says no. */
static void test_sizes(void)
{
	static uint8_t nonce[65];

	azure_init(&a, false);
	a.nonce = TACIT_SLICE_ARRAY(nonce);
	is_status(tacit_tpm_quote_parse(azure_quote(&a), &quote, NULL), TACIT_FORMAT,
		  "a nonce of 65 bytes");
	a.nonce.len = 64;
	is_status(tacit_tpm_quote_parse(azure_quote(&a), &quote, NULL), TACIT_OK, "and of 64");
	for (size_t more = 1; more <= 2; more++) {
		start();
		memmove(bytes + DIGEST_LEN_AT + more, bytes + DIGEST_LEN_AT, len - DIGEST_LEN_AT);
		memset(bytes + DIGEST_LEN_AT, 0, more);
		len += more;
		bytes[SELECT_AT] = (uint8_t)(3 + more);
		is_status(parse(), more == 1 ? TACIT_OK : TACIT_FORMAT, "a selection with zeros");
		bytes[DIGEST_LEN_AT] = 1;
		is_status(parse(), TACIT_FORMAT, "a selection of PCR 24");
	}
	start();
	bytes[DIGEST_LEN_AT + 1] = 31;
	len--;
	is_status(parse(), TACIT_FORMAT, "a digest of 31 bytes");
}

static void test_signature(void)
{
	static const uint8_t head[6] = { 0, 0x14, 0, 0x0b, 1, 0 };
	uint8_t whole[262] = { 0 };
	struct tacit_slice got = { NULL, 0 };

	memcpy(whole, head, sizeof(head));
	whole[6] = 7;
	is_status(tacit_tpm_signature(TACIT_SLICE_ARRAY(whole), &got, NULL), TACIT_OK,
		  "a TPMT_SIGNATURE");
	ok(got.len == 256 && got.ptr == whole + 6, "  gives what is in it");
	is_status(tacit_tpm_signature(tacit_slice_of(whole, 256), &got, NULL), TACIT_OK,
		  "256 bytes are a signature");
	is_status(tacit_tpm_signature(tacit_slice_of(whole, 255), &got, NULL), TACIT_FORMAT,
		  "255 are none");
	is_status(tacit_tpm_signature(tacit_slice_of(NULL, 0), &got, NULL), TACIT_FORMAT,
		  "nothing is none");
	whole[1] = 0x16;
	is_status(tacit_tpm_signature(TACIT_SLICE_ARRAY(whole), &got, NULL), TACIT_FORMAT,
		  "RSAPSS is refused");
	whole[1] = 0x14;
	whole[3] = 0x04;
	is_status(tacit_tpm_signature(TACIT_SLICE_ARRAY(whole), &got, NULL), TACIT_FORMAT,
		  "SHA-1 too");
	whole[3] = 0x0b;
	whole[5] = 1;
	is_status(tacit_tpm_signature(TACIT_SLICE_ARRAY(whole), &got, NULL), TACIT_FORMAT,
		  "and a length that is too much");
	whole[4] = 0;
	whole[5] = 255;
	is_status(tacit_tpm_signature(tacit_slice_of(whole, 261), &got, NULL), TACIT_FORMAT,
		  "and a whole signature of 255 bytes");
}

/* ---- collateral ---------------------------------------------------------------------------- */

static uint8_t room[1 << 17];
static struct tacit_arena arena;
static const struct tacit_collateral *collateral;

static enum tacit_status collect(const struct tacit_slice *pieces, size_t count)
{
	tacit_arena_init(&arena, room, sizeof(room));
	return tacit_collateral_parse(pieces, count, &arena, &collateral, NULL);
}

static bool is_whole(void)
{
	const struct tacit_tpm_evidence *tpm = &collateral->tpm;

	return tacit_slice_eq(tpm->message, a.message) &&
	       tacit_slice_eq(tpm->signature, a.signature) && tpm->pcr_count == TACIT_TPM_PCRS &&
	       tacit_slice_eq(tpm->pcrs[23], TACIT_SLICE_ARRAY(a.pcrs[23]));
}

/* The object that agents have under "tpm_quote". */
static struct tacit_slice tpm_json(void)
{
	struct tacit_slice all = azure_agent_json(&a, "");
	struct pki_buf b = { 0 };

	pki_raw(&b, all);
	pki_raw(&b, tacit_slice_of("", 1));
	const char *text = (const char *)pki_take(&b).ptr;
	const char *from = strstr(text, "{\"signature"), *to = strstr(text, "]}");
	return tacit_slice_of(from, (size_t)(to - from) + 2);
}

static void test_collateral(void)
{
	azure_init(&a, true);
	azure_make(&a);
	struct tacit_slice pieces[5] = { a.pcr_values, a.message, a.signature, a.td_quote };

	is_status(collect(pieces, 4), TACIT_OK, "the pieces of a quote, and a TD's");
	ok(is_whole() && collateral->quote_count == 1 &&
		   tacit_slice_eq(collateral->quotes[0], a.td_quote),
	   "  are found");
	for (size_t i = 0; i < 3; i++) {
		pieces[4] = pieces[i];
		is_status(collect(pieces, 5), TACIT_FORMAT, "a piece twice");
	}
	pieces[0] = tpm_json();
	is_status(collect(pieces, 1), TACIT_OK, "all of it in JSON");
	ok(is_whole(), "  is the same");
	is_status(collect(pieces, 2), TACIT_FORMAT, "and once more");
	pieces[0].len--;
	is_status(collect(pieces, 1), TACIT_FORMAT, "JSON that was cut");
	pieces[0] = tacit_slice_str("{\"message\":\"00\",\"signature\":\"00\",\"pcrs\":[\"00\"]}");
	is_status(collect(pieces, 1), TACIT_FORMAT, "a PCR of one byte");
	pieces[0] = tacit_slice_of(a.pcr_values.ptr, a.pcr_values.len - 32);
	is_status(collect(pieces, 1), TACIT_FORMAT, "23 PCRs are nothing that is known");
}

/* What each kind is known by, one word of it changed at a time. */
static void test_marks(void)
{
	static const struct {
		size_t at;
		uint8_t value;
	} QUOTE[] = { { 0, 3 }, { 0, 6 }, { 2, 1 }, { 2, 4 }, { 4, 0x80 }, { 4, 0 } };

	azure_init(&a, true);
	azure_make(&a);
	struct tacit_slice whole = a.td_quote;
	uint8_t *td = (uint8_t *)(uintptr_t)whole.ptr;
	ok(tacit_collateral_is_quote(whole), "a TD's quote");
	for (size_t i = 0; i < sizeof(QUOTE) / sizeof(QUOTE[0]); i++) {
		uint8_t was = td[QUOTE[i].at];

		td[QUOTE[i].at] = QUOTE[i].value;
		ok(!tacit_collateral_is_quote(whole), "byte %zu as %u", QUOTE[i].at,
		   QUOTE[i].value);
		td[QUOTE[i].at] = was;
	}
	ok(!tacit_collateral_is_quote(tacit_slice_of(td, 48 + 583)), "a TD's quote, cut");
	uint8_t *message = (uint8_t *)(uintptr_t)a.message.ptr;
	ok(tacit_collateral_is_tpm_quote(a.message), "a TPM's quote");
	message[0] ^= 1;
	ok(!tacit_collateral_is_tpm_quote(a.message), "of another magic");
	message[0] ^= 1;
	message[5] ^= 1;
	ok(!tacit_collateral_is_tpm_quote(a.message), "of another type");
	ok(!tacit_collateral_is_tpm_json(tacit_slice_str("{\"message\":\"00\"}")) &&
		   !tacit_collateral_is_tpm_json(tacit_slice_str("{\"signature\":\"00\"}")) &&
		   tacit_collateral_is_tpm_json(tacit_slice_str("{\"signature\":1,\"message\":2}")),
	   "an object with both members, and no other");
}

static enum tacit_status read_json(const char *text)
{
	struct tacit_json_read j = tacit_json_read_of(tacit_slice_str(text));
	struct tacit_tpm_evidence tpm;

	tacit_arena_init(&arena, room, sizeof(room));
	tacit_tpm_evidence_read(&j, &arena, &tpm);
	return tacit_json_read_finish(&j, "tpm", NULL);
}

static void test_json(void)
{
	static char text[4096];
	size_t used = (size_t)snprintf(text, sizeof(text),
				       "{\"message\":\"00\",\"signature\":\"00\",\"pcrs\":[");

	is_status(read_json("{\"message\":\"00\",\"signature\":\"00\"}"), TACIT_OK, "both");
	is_status(read_json("{\"message\":\"00\"}"), TACIT_FORMAT, "no signature");
	is_status(read_json("{\"signature\":\"00\"}"), TACIT_FORMAT, "no message");
	for (size_t i = 0; i < 25; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\"%064d\"",
					 i ? "," : "", 0);
		if (i == 23) {
			static char all[4099];

			snprintf(all, sizeof(all), "%s]}", text);
			is_status(read_json(all), TACIT_OK, "24 PCRs");
		}
	}
	snprintf(text + used, sizeof(text) - used, "]}");
	is_status(read_json(text), TACIT_FORMAT, "25 PCRs");
}

int main(void)
{
	test_quote();
	test_sizes();
	test_signature();
	test_collateral();
	test_marks();
	test_json();
	pki_done();
	return done();
}
