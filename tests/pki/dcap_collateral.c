/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/pki/dcap_collateral.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/time.h"

#define TEXT_MAX 16384

static struct tacit_slice keep(const char *text)
{
	return pki_copy(tacit_slice_str(text));
}

/* Sixteen components: those given, then zeros. */
static void put_components(char *out, size_t size, const char *name, const uint8_t svn[16])
{
	size_t len = (size_t)snprintf(out, size, "\"%s\":[", name);

	for (size_t i = 0; i < 16; i++)
		len += (size_t)snprintf(out + len, size - len, "%s{\"svn\":%u%s}", i ? "," : "",
					svn[i], i == 2 ? ",\"category\":\"BIOS\"" : "");
	snprintf(out + len, size - len, "]");
}

static void put_level(char *out, size_t size, bool tdx, unsigned first, const char *rest)
{
	uint8_t sgx[16] = { 5, 5, 2, 2, 3, 1, 0, 3 }, td[16] = { 5, 0, 3 };
	char sgx_text[1024], tdx_text[1024] = "";

	if (tdx)
		td[2] = (uint8_t)first;
	else
		sgx[0] = (uint8_t)first;
	put_components(sgx_text, sizeof(sgx_text), "sgxtcbcomponents", sgx);
	if (tdx)
		put_components(tdx_text, sizeof(tdx_text), "tdxtcbcomponents", td);
	snprintf(out, size, "{\"tcb\":{%s,\"pcesvn\":13%s%s},%s}", sgx_text, tdx ? "," : "",
		 tdx_text, rest);
}

#define ZERO48                                                                                 \
	"000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
	"000000000000"
#define MODULE                                                             \
	"\"mrsigner\":\"" ZERO48 "\",\"attributes\":\"0000000000000000\"," \
	"\"attributesMask\":\"FFFFFFFFFFFFFFFF\""
#define UP_TO_DATE "\"tcbDate\":\"2026-08-12T00:00:00Z\",\"tcbStatus\":\"UpToDate\""
#define OUT_OF_DATE(advisory)                                               \
	"\"tcbDate\":\"2025-02-12T00:00:00Z\",\"tcbStatus\":\"OutOfDate\"," \
	"\"advisoryIDs\":[\"INTEL-SA-00001\",\"" advisory "\"]"
#define REVOKED                                                           \
	"\"tcbDate\":\"2024-02-14T00:00:00Z\",\"tcbStatus\":\"Revoked\"," \
	"\"advisoryIDs\":[\"INTEL-SA-00009\"]"

static const char MODULES[] =
	"\"tdxModule\":{" MODULE "},\"tdxModuleIdentities\":["
	"{\"id\":\"TDX_0A\"," MODULE ",\"tcbLevels\":[{\"tcb\":{\"isvsvn\":0}," UP_TO_DATE "}]},"
	"{\"id\":\"TDX_01\"," MODULE ",\"tcbLevels\":[{\"tcb\":{\"isvsvn\":5}," UP_TO_DATE "},"
	"{\"tcb\":{\"isvsvn\":3}," OUT_OF_DATE("INTEL-SA-00002") "},"
								 "{\"tcb\":{\"isvsvn\":1}," REVOKED
								 "}]}],";

/* Placeholders of one width each, so that dcap_period() finds them again. */
static struct tacit_slice set_period(const char *text)
{
	return dcap_period(keep(text), DCAP_ISSUED, DCAP_EXPIRES);
}

static const char HEAD[] = "\"issueDate\":\"2000-01-01T00:00:00Z\","
			   "\"nextUpdate\":\"2000-01-01T00:00:00Z\",";

struct tacit_slice dcap_tcb_info_body(bool tdx)
{
	char text[TEXT_MAX], high[2048], low[2048];

	put_level(high, sizeof(high), tdx, tdx ? 3 : 5, UP_TO_DATE);
	put_level(low, sizeof(low), tdx, 1, OUT_OF_DATE("INTEL-SA-00003"));
	snprintf(text, sizeof(text),
		 "{\"id\":\"%s\",\"version\":3,%s\"fmspc\":\"%s\",\"pceId\":\"%s\",\"tcbType\":0,"
		 "\"tcbEvaluationDataNumber\":20,%s\"tcbLevels\":[%s,%s]}",
		 tdx ? "TDX" : "SGX", HEAD, DCAP_FMSPC, DCAP_PCEID, tdx ? MODULES : "", high, low);
	return set_period(text);
}

struct tacit_slice dcap_tcb_info_v2_body(void)
{
	static const uint8_t SVN[16] = { 5, 5, 2, 2, 3, 1, 0, 3 };
	char text[TEXT_MAX], components[1024];
	size_t len = 0;

	for (unsigned i = 0; i < 16; i++)
		len += (size_t)snprintf(components + len, sizeof(components) - len,
					"\"sgxtcbcomp%02usvn\":%u,", i + 1, SVN[i]);
	snprintf(text, sizeof(text),
		 "{\"version\":2,%s\"fmspc\":\"%s\",\"pceId\":\"%s\",\"tcbType\":0,"
		 "\"tcbEvaluationDataNumber\":15,\"tcbLevels\":[{\"tcb\":{%s\"pcesvn\":13},%s}]}",
		 HEAD, DCAP_FMSPC, DCAP_PCEID, components, UP_TO_DATE);
	return set_period(text);
}

struct tacit_slice dcap_qe_identity_body(bool tdx)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text),
		 "{\"id\":\"%s\",\"version\":2,%s\"tcbEvaluationDataNumber\":20,"
		 "\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\","
		 "\"attributes\":\"11000000000000000000000000000000\","
		 "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":\""
		 "DCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDC\","
		 "\"isvprodid\":%d,\"tcbLevels\":[{\"tcb\":{\"isvsvn\":8}," UP_TO_DATE "},"
		 "{\"tcb\":{\"isvsvn\":5}," OUT_OF_DATE(
			 "INTEL-SA-00004") "},"
					   "{\"tcb\":{\"isvsvn\":1}," REVOKED "}]}",
		 tdx ? "TD_QE" : "QE", HEAD, tdx ? 2 : 1);
	return set_period(text);
}

struct tacit_slice dcap_edit(struct tacit_slice text, const char *from, const char *to)
{
	size_t from_len = strlen(from), at = 0;
	struct pki_buf b = { 0 };

	while (at + from_len <= text.len && memcmp(text.ptr + at, from, from_len) != 0)
		at++;
	if (at + from_len > text.len) {
		printf("Bail out! nothing to edit: %s\n", from);
		exit(1);
	}
	pki_raw(&b, tacit_slice_of(text.ptr, at));
	pki_raw(&b, tacit_slice_str(to));
	pki_raw(&b, tacit_slice_of(text.ptr + at + from_len, text.len - at - from_len));
	return pki_take(&b);
}

struct tacit_slice dcap_period(struct tacit_slice body, int64_t from, int64_t until)
{
	static const char *const NAMES[] = { "\"issueDate\":\"", "\"nextUpdate\":\"" };
	const int64_t times[] = { from, until };
	struct tacit_slice copy = pki_copy(body);
	uint8_t *bytes = pki_alloc(copy.len);

	memcpy(bytes, copy.ptr, copy.len);
	for (size_t n = 0; n < 2; n++) {
		char time[TACIT_TIME_TEXT];
		size_t name_len = strlen(NAMES[n]);

		tacit_time_format(times[n], time);
		for (size_t at = 0; at + name_len + 20 <= copy.len; at++)
			if (memcmp(bytes + at, NAMES[n], name_len) == 0)
				memcpy(bytes + at + name_len, time, 20);
	}
	return tacit_slice_of(bytes, copy.len);
}

struct tacit_slice dcap_document(const char *name, struct tacit_slice body, EVP_PKEY *signer)
{
	EVP_PKEY *key = signer ? signer : dcap_world()->tcb_signer->key;
	char hex[129];
	struct pki_buf b = { 0 };

	tacit_hex_encode(pki_sign_raw(key, body), hex);
	pki_raw(&b, tacit_slice_str("{\""));
	pki_raw(&b, tacit_slice_str(name));
	pki_raw(&b, tacit_slice_str("\":"));
	pki_raw(&b, body);
	pki_raw(&b, tacit_slice_str(",\"signature\":\""));
	pki_raw(&b, tacit_slice_str(hex));
	pki_raw(&b, tacit_slice_str("\"}"));
	return pki_take(&b);
}

struct tacit_slice dcap_crl(const struct pki_cert *issuer, const char *revoked, int64_t from,
			    int64_t until)
{
	struct pki_crl_spec spec = {
		.issuer = issuer,
		.this_update = from,
		.next_update = until,
		.serials = &revoked,
		.serial_count = revoked ? 1 : 0,
		.number = 7,
	};

	return pki_crl(&spec);
}

struct dcap_collateral dcap_collateral(bool tdx)
{
	const struct dcap_world *w = dcap_world();
	struct dcap_collateral all = {
		.tcb_info = dcap_document("tcbInfo", dcap_tcb_info_body(tdx), NULL),
		.qe_identity = dcap_document("enclaveIdentity", dcap_qe_identity_body(tdx), NULL),
		.signer = w->tcb_signer->der,
		.root_crl = dcap_crl(w->root, NULL, DCAP_ISSUED, DCAP_EXPIRES),
		.pck_crl = dcap_crl(w->platform_ca, NULL, DCAP_ISSUED, DCAP_EXPIRES),
	};

	return all;
}

size_t dcap_pieces(const struct dcap_collateral *all, struct tacit_slice ret[DCAP_PIECES])
{
	const struct tacit_slice pieces[DCAP_PIECES] = { all->tcb_info, all->qe_identity,
							 all->signer, all->root_crl, all->pck_crl };
	size_t count = 0;

	for (size_t i = 0; i < DCAP_PIECES; i++)
		if (pieces[i].ptr)
			ret[count++] = pieces[i];
	return count;
}
