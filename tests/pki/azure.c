/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pki/azure.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/hex.h"
#include "crypto/hash.h"

#define TD_DATA_AT 520 /* REPORTDATA in a quote's body */

static void must(bool good, const char *what)
{
	if (!good) {
		fprintf(stderr, "pki/azure: %s\n", what);
		abort();
	}
}

static void put_be(struct pki_buf *b, uint64_t value, size_t len)
{
	for (size_t i = len; i-- > 0;) {
		uint8_t byte = (uint8_t)(value >> 8 * i);

		pki_raw(b, tacit_slice_of(&byte, 1));
	}
}

static void put_text(struct pki_buf *b, const char *text)
{
	pki_raw(b, tacit_slice_str(text));
}

static void put_base64(struct pki_buf *b, struct tacit_slice bytes)
{
	char *text = (char *)pki_alloc(tacit_base64_size(TACIT_BASE64URL, bytes.len) + 1);

	tacit_base64_encode(TACIT_BASE64URL, bytes, text);
	put_text(b, text);
}

static void put_hex(struct pki_buf *b, struct tacit_slice bytes)
{
	char *text = (char *)pki_alloc(2 * bytes.len + 1);

	tacit_hex_encode(bytes, text);
	put_text(b, text);
}

/* ---- keys ---------------------------------------------------------------------------------- */

static void modulus(EVP_PKEY *key, uint8_t ret[static 256])
{
	BIGNUM *n = NULL;

	must(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
		     BN_bn2binpad(n, ret, 256) == 256,
	     "modulus");
	BN_free(n);
}

struct tacit_slice azure_sign(EVP_PKEY *key, struct tacit_slice message)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t out[512];
	size_t len = sizeof(out);

	must(ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		     EVP_DigestSign(ctx, out, &len, message.ptr, message.len) == 1,
	     "signing");
	EVP_MD_CTX_free(ctx);
	return pki_copy(tacit_slice_of(out, len));
}

/* ---- the virtual TPM ----------------------------------------------------------------------- */

static void digest_pcrs(const struct azure_spec *a, uint8_t ret[static 32])
{
	struct tacit_slice parts[AZURE_PCRS];
	size_t n = 0;

	for (size_t i = 0; i < AZURE_PCRS; i++)
		if (a->pcr_mask >> i & 1)
			parts[n++] = TACIT_SLICE_ARRAY(a->pcrs[i]);
	must(tacit_hash_parts(TACIT_SHA256, parts, n, ret, NULL) == TACIT_OK, "PCR digest");
}

struct tacit_slice azure_quote(const struct azure_spec *a)
{
	struct pki_buf b = { 0 };
	uint8_t digest[32];

	digest_pcrs(a, digest);
	put_be(&b, 0xff544347, 4);
	put_be(&b, 0x8018, 2);
	put_be(&b, 34, 2); /* qualified name of the key */
	put_be(&b, 0x000b, 2);
	pki_raw(&b, TACIT_SLICE_ARRAY(digest));
	put_be(&b, a->nonce.len, 2);
	pki_raw(&b, a->nonce);
	put_be(&b, 1234567, 8); /* clock */
	put_be(&b, 3, 4);
	put_be(&b, 2, 4);
	put_be(&b, 1, 1);
	put_be(&b, 0x2020031200120003, 8);
	put_be(&b, 1, 4); /* one bank */
	put_be(&b, 0x000b, 2);
	put_be(&b, 3, 1);
	put_be(&b, a->pcr_mask & 0xff, 1);
	put_be(&b, a->pcr_mask >> 8 & 0xff, 1);
	put_be(&b, a->pcr_mask >> 16 & 0xff, 1);
	put_be(&b, sizeof(digest), 2);
	pki_raw(&b, TACIT_SLICE_ARRAY(digest));
	return pki_take(&b);
}

/* ---- the paravisor's report ---------------------------------------------------------------- */

struct tacit_slice azure_json(const struct azure_spec *a)
{
	struct pki_buf b = { 0 };
	uint8_t n[256];

	if (a->json)
		return pki_copy(tacit_slice_str(a->json));
	modulus(a->ak, n);
	put_text(&b, "{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\","
		     "\"e\":\"AQAB\",\"n\":\"");
	put_base64(&b, TACIT_SLICE_ARRAY(n));
	put_text(&b, "\"},{\"kid\":\"HCLEkPub\",\"key_ops\":[\"encrypt\"],\"kty\":\"RSA\","
		     "\"e\":\"AQAB\",\"n\":\"AAAA\"}],\"vm-configuration\":{"
		     "\"console-enabled\":true,\"secure-boot\":true,\"tpm-enabled\":true,"
		     "\"vmUniqueId\":\"00000000-1111-2222-3333-444444444444\"},"
		     "\"user-data\":\"");
	put_hex(&b, TACIT_SLICE_ARRAY(a->user_data));
	put_text(&b, "\"}");
	return pki_take(&b);
}

static void hash_json(const struct azure_spec *a, struct tacit_slice json, uint8_t ret[static 64])
{
	enum tacit_hash_alg alg = a->hash_type == 2   ? TACIT_SHA384
				  : a->hash_type == 3 ? TACIT_SHA512
						      : TACIT_SHA256;

	memset(ret, 0, 64);
	must(tacit_hash(alg, json, ret, NULL) == TACIT_OK, "hash");
}

/* The slot of 1184 bytes. */
static void make_area(struct azure_spec *a, const uint8_t *bound, uint8_t area[static 1184])
{
	if (!a->tdx) {
		memcpy(a->snp.report + 0x50, bound, 64);
		snp_make(&a->snp);
		memcpy(area, a->snp.report, sizeof(a->snp.report));
		return;
	}
	memcpy(a->td.body + TD_DATA_AT, bound, 64);
	a->td_quote = dcap_quote(&a->td);
	area[0] = 0x81;
	memcpy(area + 128, bound, 64);
	memcpy(area + 512, a->td.body + 120, 400);
}

static void put_le32_at(uint8_t *at, size_t value)
{
	for (size_t i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* One for all: making keys takes time. */
static EVP_PKEY *usual_ak(void)
{
	static EVP_PKEY *key;

	if (!key)
		key = pki_key(PKI_RSA2048);
	return key;
}

void azure_init(struct azure_spec *a, bool tdx)
{
	memset(a, 0, sizeof(*a));
	a->tdx = tdx;
	if (tdx)
		a->td = dcap_quote_spec(4, TACIT_DCAP_BODY_TD10);
	else
		snp_init(&a->snp, SNP_MAKE_MILAN, 3, false);
	a->ak = usual_ak();
	a->hash_type = 1;
	a->hcl_version = tdx ? 2 : 1;
	a->pcr_mask = 0xffffff;
	a->nonce = tacit_slice_str("challenge");
	for (size_t i = 0; i < AZURE_PCRS; i++)
		memset(a->pcrs[i], (int)(i + 1), sizeof(a->pcrs[i]));
}

void azure_make(struct azure_spec *a)
{
	struct tacit_slice json = azure_json(a);
	size_t size = AZURE_JSON_AT + json.len;
	uint8_t *hcl = pki_alloc(size > AZURE_HCL_LEN ? size : AZURE_HCL_LEN), bound[64];

	hash_json(a, json, bound);
	memcpy(hcl, "HCLA", 4);
	put_le32_at(hcl + 4, a->hcl_version);
	put_le32_at(hcl + 8, size);
	put_le32_at(hcl + 12, 2);
	make_area(a, bound, hcl + 32);
	put_le32_at(hcl + 1216, json.len + 20);
	put_le32_at(hcl + 1220, 1);
	put_le32_at(hcl + 1224, a->tdx ? 4 : 2);
	put_le32_at(hcl + 1228, a->hash_type);
	put_le32_at(hcl + 1232, json.len);
	memcpy(hcl + AZURE_JSON_AT, json.ptr, json.len);
	a->hcl = tacit_slice_of(hcl, size > AZURE_HCL_LEN ? size : AZURE_HCL_LEN);
	a->message = azure_quote(a);
	a->signature = azure_sign(a->quote_signer ? a->quote_signer : a->ak, a->message);
	a->pcr_values = pki_copy(TACIT_SLICE_ARRAY(a->pcrs));
}

struct tacit_slice azure_agent_json(const struct azure_spec *a, const char *extra)
{
	struct pki_buf b = { 0 };

	put_text(&b, "{");
	put_text(&b, extra);
	put_text(&b, "\"version\":1,\"tpm_quote\":{\"signature\":\"");
	put_hex(&b, a->signature);
	put_text(&b, "\",\"message\":\"");
	put_hex(&b, a->message);
	put_text(&b, "\",\"pcrs\":[");
	for (size_t i = 0; i < AZURE_PCRS; i++) {
		put_text(&b, i ? ",\"" : "\"");
		put_hex(&b, TACIT_SLICE_ARRAY(a->pcrs[i]));
		put_text(&b, "\"");
	}
	put_text(&b, "]},\"hcl_report\":\"");
	put_base64(&b, a->hcl);
	if (a->tdx) {
		put_text(&b, "\",\"td_quote\":\"");
		put_base64(&b, a->td_quote);
	} else {
		put_text(&b, "\",\"vcek\":\"");
		put_base64(&b, a->snp.vek->der);
	}
	put_text(&b, "\"}");
	return pki_take(&b);
}

/* ---- files --------------------------------------------------------------------------------- */

static bool write_file(const char *dir, const char *name, struct tacit_slice bytes)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "wb");
	bool good = f && fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len;
	if (f)
		good &= fclose(f) == 0;
	if (!good)
		perror(path);
	return good;
}

/* A report for a key that somebody else has: a TPM's. */
static bool take_key(struct azure_spec *a, const char *path)
{
	FILE *f = fopen(path, "re");

	a->quote_signer = usual_ak();
	a->ak = f ? PEM_read_PUBKEY(f, NULL, NULL, NULL) : NULL;
	if (f)
		fclose(f);
	if (!a->ak)
		fprintf(stderr, "%s: no public key\n", path);
	return a->ak != NULL;
}

/*
 * mkevidence azure DIR [snp|tdx [KEY.pem [USERDATA]]]: the HCL report, the pieces beside it, and an
 * agent's JSON. With a public key the report is for that one, and the quote is not by it. The user
 * data are 64 bytes in hex.
 */
int mkevidence_azure(int argc, char **argv)
{
	struct azure_spec a;

	if (argc < 2)
		return 2;
	azure_init(&a, argc > 2 && strcmp(argv[2], "tdx") == 0);
	size_t len = 0;
	if (argc > 3 && !take_key(&a, argv[3]))
		return 1;
	if (argc > 4 && !tacit_hex_decode(tacit_slice_str(argv[4]),
					  tacit_mut_of(a.user_data, sizeof(a.user_data)), &len))
		return 2;
	azure_make(&a);
	if (argc > 3)
		EVP_PKEY_free(a.ak);
	bool good = write_file(argv[1], "azure.hcl", a.hcl) &&
		    write_file(argv[1], "azure-tpm.msg", a.message) &&
		    write_file(argv[1], "azure-tpm.sig", a.signature) &&
		    write_file(argv[1], "azure-tpm.pcrs", a.pcr_values) &&
		    write_file(argv[1], "azure.json", azure_agent_json(&a, ""));
	if (a.tdx)
		good = good && write_file(argv[1], "azure-td.quote", a.td_quote) &&
		       write_file(argv[1], "azure-root.der", dcap_world()->root->der);
	else
		good = good && write_file(argv[1], "azure-vek.der", a.snp.vek->der) &&
		       write_file(argv[1], "azure-ask.der", a.snp.ica->der) &&
		       write_file(argv[1], "azure-root.der", a.snp.ark->der);
	pki_done();
	return good ? 0 : 1;
}
