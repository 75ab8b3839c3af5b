/* SPDX-License-Identifier: Apache-2.0 */
#include "fields.h"

#include <stdio.h>

#include "codec/cose.h"
#include "codec/json.h"
#include "receipt/air.h"
#include "receipt/envelope.h"
#include "receipt/report.h"

#define NAME_WIDTH 24

static void print_at(const json_t *object, int depth)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		printf("%*s%-*s ", depth * 2, "", NAME_WIDTH - depth * 2, name);
		if (json_is_object(value)) {
			putchar('\n');
			print_at(value, depth + 1);
		} else if (json_is_string(value)) {
			puts(json_string_value(value));
		} else if (json_is_integer(value)) {
			printf("%lld\n", (long long)json_integer_value(value));
		} else {
			puts(json_is_null(value) ? "-" : json_is_true(value) ? "yes" : "no");
		}
	}
}

void cli_fields_print(const json_t *object)
{
	print_at(object, 0);
}

enum tacit_status cli_fields_receipt(struct tacit_slice in, struct tacit_receipt_claims *ret,
				     struct tacit_error *err)
{
	struct tacit_receipt_claims claims = { 0 };
	struct tacit_cose_sign1 message;
	struct tacit_air_payload payload;

	if (in.len > TACIT_RECEIPT_MAX_LEN)
		return tacit_fail(err, TACIT_LIMIT, "receipt", 0, "longer than %d bytes",
				  TACIT_RECEIPT_MAX_LEN);
	enum tacit_status status = tacit_cose_sign1_parse(in, TACIT_CBOR_STRICT, &message, err);
	if (status != TACIT_OK)
		return status;
	if (!message.has_content_type || message.content_type != TACIT_ENVELOPE_CONTENT_TYPE)
		return tacit_fail(err, TACIT_FORMAT, "receipt", 0,
				  "a COSE_Sign1, but not of content type 61");
	struct tacit_air_finding finding = tacit_air_decode(message.payload, &payload, err);
	for (size_t i = 0; i < TACIT_AIR_RULES && finding.result != TACIT_CHECK_FAIL; i++)
		finding = tacit_air_rules[i].judge(&payload);
	if (finding.result == TACIT_CHECK_FAIL)
		return tacit_fail(err, TACIT_FORMAT, "receipt.claims", 0, "%s: %s", finding.code,
				  finding.why);
	tacit_air_claims(&payload, &claims);
	*ret = claims;
	return TACIT_OK;
}

json_t *cli_fields_claims(const struct tacit_receipt_claims *claims)
{
	uint8_t room[TACIT_REPORT_ROOM];
	struct writer w = wr_of(tacit_mut_of(room, sizeof(room)));
	struct tacit_json_out j = { &w, -1, true };
	json_t *object = NULL;

	tacit_report_claims(&j, NULL, claims);
	if (w.bad || tacit_json_parse(tacit_slice_of(room, w.at), &object, NULL) != TACIT_OK)
		return NULL;
	return object;
}
