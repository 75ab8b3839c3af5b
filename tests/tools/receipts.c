/* SPDX-License-Identifier: Apache-2.0 */

/*
 * receipts FOLDER COUNT [TIME]: receipts and the stub evidence behind them, the same on every run,
 * for the tests of the command line. Into FOLDER go:
 *
 *   evidence.bin, other-evidence.bin   of one boot, and of another with another receipt key
 *   request.bin, response.bin          the bodies that receipt.bin is about
 *   receipt.bin                        of TIME, or 1790000000, with the nonce 6e6f6e63656e6f6e
 *   production.bin                     the same, and says that it is no evaluation
 *   no-nonce.bin, other-model.bin      the same without a nonce; of a model that is not bound
 *   snp.bin                            the same, and says that it is of SNP
 *   receipts.txt                       COUNT of them, one a line in base64url
 *
 * and the receipt key in hex to standard output.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/hex.h"
#include "crypto/hash.h"
#include "tacit/receipt.h"
#include "tee/binding.h"
#include "tee/stub/stub.h"

#define MOMENT "1790000000"
#define ROOM   4096

static const char REQUEST[] = "{\"prompt\":\"What does a receipt prove?\"}";
static const char RESPONSE[] = "{\"answer\":\"What was asked, and what was answered.\"}";

static void must(enum tacit_status status, const char *what)
{
	if (status == TACIT_OK)
		return;
	fprintf(stderr, "%s: %s\n", what, tacit_status_text(status));
	exit(70);
}

static FILE *create(const char *folder, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "wb");
	if (!file)
		exit(5);
	return file;
}

static void put(const char *folder, const char *name, struct tacit_slice bytes)
{
	FILE *file = create(folder, name);

	if (fwrite(bytes.ptr, 1, bytes.len, file) != bytes.len || fclose(file))
		exit(5);
}

static struct tacit_receipt_key *make_key(uint8_t fill)
{
	struct tacit_receipt_key *key = NULL;
	uint8_t seed[32];

	memset(seed, fill, sizeof(seed));
	must(tacit_receipt_key_new(TACIT_SLICE_ARRAY(seed), &key, NULL), "key");
	return key;
}

static void fill_registers(struct tacit_stub_doc *doc)
{
	for (uint8_t i = 0; i < TACIT_STUB_PCRS; i++)
		memset(doc->pcr[i], 0x11 * (i + 1), TACIT_STUB_PCR_LEN);
}

/* Evidence of a boot with that receipt key, into `room`. */
static struct tacit_slice attest(const struct tacit_receipt_key *key, uint64_t moment,
				 uint8_t room[static ROOM])
{
	static uint8_t binding_room[1024];
	static const uint8_t x25519[32] = { 9 };
	static uint8_t hpke[TACIT_HPKE_CONFIG_LEN];
	struct tacit_binding binding = { .hpke_config = TACIT_SLICE_ARRAY(hpke),
					 .model_id = tacit_slice_str("demo") };
	struct tacit_stub_doc doc = { .timestamp_ms = moment * 1000,
				      .nonce = TACIT_SLICE_ARRAY(binding.nonce) };
	struct tacit_slice evidence;

	tacit_binding_hpke_write(1, x25519, hpke);
	memset(binding.nonce, 0x0a, 32);
	memset(binding.tls_spki, 0x0b, 32);
	memset(binding.model_hash, 0xa1, 32);
	memset(binding.config_hash, 0x0c, 32);
	tacit_receipt_key_public(key, binding.receipt_key);
	must(tacit_binding_encode(&binding, tacit_mut_of(binding_room, sizeof(binding_room)),
				  &doc.user_data, NULL),
	     "binding");
	fill_registers(&doc);
	must(tacit_stub_encode(&doc, tacit_mut_of(room, ROOM), &evidence, NULL), "evidence");
	return evidence;
}

static struct tacit_receipt_claims make_claims(struct tacit_slice evidence, uint64_t moment)
{
	static struct tacit_stub_doc doc;
	struct tacit_receipt_claims c = { .iss = tacit_slice_str("tacit.example"),
					  .iat = moment,
					  .eat_nonce = tacit_slice_str("noncenon"),
					  .model_id = tacit_slice_str("demo"),
					  .model_version = tacit_slice_str("1"),
					  .measurement_type = TACIT_MTYPE_NITRO,
					  .policy_version = tacit_slice_str("none"),
					  .sequence_number = 1,
					  .execution_time_ms = 12,
					  .memory_peak_mb = 34 };

	fill_registers(&doc);
	for (size_t i = 0; i < TACIT_STUB_PCRS; i++)
		c.measurements[i] = TACIT_SLICE_ARRAY(doc.pcr[i]);
	memset(c.cti, 0x0d, sizeof(c.cti));
	memset(c.model_hash, 0xa1, 32);
	must(tacit_hash(TACIT_SHA256, tacit_slice_str(REQUEST), c.request_hash, NULL), "hash");
	must(tacit_hash(TACIT_SHA256, tacit_slice_str(RESPONSE), c.response_hash, NULL), "hash");
	must(tacit_hash(TACIT_SHA256, evidence, c.attestation_doc_hash, NULL), "hash");
	return c;
}

static struct tacit_slice issue(const struct tacit_receipt_claims *claims,
				const struct tacit_receipt_key *key, uint8_t room[static ROOM])
{
	struct tacit_slice receipt;

	must(tacit_receipt_issue(claims, key, tacit_mut_of(room, ROOM), &receipt, NULL), "receipt");
	return receipt;
}

static void put_lines(const char *folder, struct tacit_receipt_claims claims,
		      const struct tacit_receipt_key *key, unsigned count)
{
	FILE *file = create(folder, "receipts.txt");
	uint8_t room[ROOM];
	char text[2 * ROOM];

	for (unsigned i = 0; i < count; i++) {
		claims.sequence_number = i + 1;
		memcpy(claims.cti, &i, sizeof(i));
		tacit_base64_encode(TACIT_BASE64URL, issue(&claims, key, room), text);
		fprintf(file, "%s\n", text);
	}
	if (fclose(file))
		exit(5);
}

int main(int argc, char **argv)
{
	uint8_t room[ROOM], evidence_room[ROOM], public_key[32];
	char hex[65];

	if (argc != 3 && argc != 4)
		return 2;
	uint64_t moment = strtoull(argc == 4 ? argv[3] : MOMENT, NULL, 10);
	struct tacit_receipt_key *other = make_key(8);
	put(argv[1], "other-evidence.bin", attest(other, moment, evidence_room));
	tacit_receipt_key_free(other);
	struct tacit_receipt_key *key = make_key(7);
	struct tacit_slice evidence = attest(key, moment, evidence_room);
	struct tacit_receipt_claims claims = make_claims(evidence, moment);
	put(argv[1], "evidence.bin", evidence);
	put(argv[1], "request.bin", tacit_slice_str(REQUEST));
	put(argv[1], "response.bin", tacit_slice_str(RESPONSE));
	put(argv[1], "receipt.bin", issue(&claims, key, room));
	put_lines(argv[1], claims, key, (unsigned)strtoul(argv[2], NULL, 10));

	struct tacit_receipt_claims changed = claims;
	changed.production = true;
	put(argv[1], "production.bin", issue(&changed, key, room));
	changed = claims;
	changed.eat_nonce = tacit_slice_of(NULL, 0);
	put(argv[1], "no-nonce.bin", issue(&changed, key, room));
	changed = claims;
	memset(changed.model_hash, 0xa2, 32);
	put(argv[1], "other-model.bin", issue(&changed, key, room));

	changed = claims;
	changed.measurement_type = TACIT_MTYPE_SNP;
	changed.measurements[1] = changed.measurements[2] = tacit_slice_of(NULL, 0);
	put(argv[1], "snp.bin", issue(&changed, key, room));

	tacit_receipt_key_public(key, public_key);
	tacit_hex_encode(TACIT_SLICE_ARRAY(public_key), hex);
	puts(hex);
	tacit_receipt_key_free(key);
	return 0;
}
