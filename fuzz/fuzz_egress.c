/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What decides where an enclave may go: AWS's YAML and CONNECT requests. Whatever is allowed or
 * asked for is a place that, written as HOST:PORT, is read as the same place.
 */

#include "fuzz.h"
/* Not part of libtacit, so the target brings them along. */
#include "net/egress.c"
#include "net/egress_yaml.c"
#define take_line take_request_line
#include "net/egress_request.c"

static void check_place(const char *host, uint16_t port)
{
	struct tacit_egress_target again;
	char text[TACIT_EGRESS_HOST + 16];
	int n = snprintf(text, sizeof(text), strchr(host, ':') ? "[%s]:%u" : "%s:%u", host,
			 (unsigned)port);

	FUZZ_ASSERT(n > 0 && (size_t)n < sizeof(text) && port > 0);
	FUZZ_ASSERT(tacit_egress_target(tacit_slice_str(text), &again, NULL) == TACIT_OK);
	FUZZ_ASSERT(strcmp(again.host, host) == 0 && again.port == port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tacit_egress egress;
	struct tacit_slice in = tacit_slice_of(data, size);
	struct tacit_error err = { TACIT_OK, "", 0, "" };
	struct tacit_egress_target target = { .port = 0 };

	egress.count = 0;
	enum tacit_status st = tacit_egress_yaml(&egress, in, &err);
	FUZZ_ASSERT(st == err.status && err.offset <= size + 1);
	FUZZ_ASSERT(egress.count <= TACIT_EGRESS_ENTRIES_MAX);
	for (size_t i = 0; i < egress.count; i++) {
		const struct tacit_egress_entry *e = &egress.entries[i];

		check_place(e->host, e->port);
		FUZZ_ASSERT(!e->private && e->literal == is_address(e->host));
	}
	unsigned status = tacit_egress_request(in, &target);
	FUZZ_ASSERT(status == 0 || status == 400 || status == 405 || status == 431);
	FUZZ_ASSERT((status == 0) == (target.port != 0));
	if (status == 0)
		check_place(target.host, target.port);
	return 0;
}
