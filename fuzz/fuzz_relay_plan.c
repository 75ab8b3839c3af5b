/* SPDX-License-Identifier: Apache-2.0 */

/* Configuration of the relay: every rule that comes out can be written and read as the same. */

#include "fuzz.h"
/* Not part of libtacit, so the target brings them along. */
#include "net/egress.c"
#include "net/relay_plan.c"
#include "release/aws_place.c"
#define take_number take_address_number
#include "sys/address.c"

static void check_address(const struct tacit_address *address)
{
	struct tacit_address again;
	char text[TACIT_ADDRESS_TEXT], other[TACIT_ADDRESS_TEXT];

	tacit_address_format(address, text);
	FUZZ_ASSERT(tacit_address_parse(text, &again, NULL) == TACIT_OK);
	FUZZ_ASSERT(strcmp(tacit_address_format(&again, other), text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tacit_error err = { TACIT_OK, "", 0, "" };
	struct tacit_relay_plan *plan = NULL;

	FUZZ_ASSERT(tacit_relay_plan_new(&plan, NULL) == TACIT_OK);
	enum tacit_status st = tacit_relay_plan_parse(plan, tacit_slice_of(data, size), &err);
	FUZZ_ASSERT(st == err.status && err.offset <= size);
	FUZZ_ASSERT(plan->rule_count <= TACIT_RELAY_RULES_MAX);
	for (size_t i = 0; i < plan->rule_count; i++) {
		const struct tacit_relay_rule *rule = &plan->rules[i];

		if (rule->inherited[0] == '\0')
			check_address(&rule->listen);
		if (rule->kind == TACIT_RELAY_FORWARD) {
			check_address(&rule->to);
			FUZZ_ASSERT(rule->to.port > 0 ||
				    rule->to.transport == TACIT_TRANSPORT_UNIX);
		}
	}
	FUZZ_ASSERT(plan->limits.connections <= 1u << 20);
	FUZZ_ASSERT(plan->limits.idle_ms <= 604800000u);
	tacit_relay_plan_free(plan);
	return 0;
}
