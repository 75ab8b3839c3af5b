/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/random.h"

#include <openssl/rand.h>

#include "base/secret.h"
#include "crypto/openssl.h"

enum tacit_status tacit_random(struct tacit_mut out, struct tacit_error *err)
{
	if (out.len == 0 || RAND_bytes_ex(NULL, out.ptr, out.len, 0) == 1)
		return TACIT_OK;
	/* A caller who ignores the status must not find half-random bytes that look usable. */
	tacit_wipe(out.ptr, out.len);
	return tacit_openssl_fail(err, TACIT_INTERNAL, "crypto.random", "no random bytes");
}
