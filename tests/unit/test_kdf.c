/* SPDX-License-Identifier: Apache-2.0 */

/* scrypt: the vectors of RFC 7914 that have p = 1, and its bounds. */

#include "crypto/kdf.h"

#include "base/hex.h"
#include "tests/tap.h"

int main(void)
{
	uint8_t out[64], want[64];
	size_t len;

	tacit_hex_decode(
		tacit_slice_str("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
				"d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"),
		tacit_mut_of(want, sizeof(want)), &len);
	is_status(tacit_scrypt(tacit_slice_str("pleaseletmein"), tacit_slice_str("SodiumChloride"),
			       14, 8, tacit_mut_of(out, sizeof(out)), NULL),
		  TACIT_OK, "N = 2^14, r = 8");
	is_slice(TACIT_SLICE_ARRAY(out), TACIT_SLICE_ARRAY(want), "as RFC 7914 says");
	tacit_hex_decode(
		tacit_slice_str("77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
				"fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"),
		tacit_mut_of(want, sizeof(want)), &len);
	is_status(tacit_scrypt(tacit_slice_of(NULL, 0), tacit_slice_of(NULL, 0), 4, 1,
			       tacit_mut_of(out, sizeof(out)), NULL),
		  TACIT_OK, "N = 16, r = 1, nothing to derive from");
	is_slice(TACIT_SLICE_ARRAY(out), TACIT_SLICE_ARRAY(want), "as RFC 7914 says");
	is_status(tacit_scrypt(tacit_slice_str("x"), tacit_slice_str("y"),
			       TACIT_SCRYPT_LOG_N_MAX + 1, 8, tacit_mut_of(out, sizeof(out)), NULL),
		  TACIT_LIMIT, "more memory than we would give");
	is_status(tacit_scrypt(tacit_slice_str("x"), tacit_slice_str("y"), 0, 8,
			       tacit_mut_of(out, sizeof(out)), NULL),
		  TACIT_LIMIT, "no work");
	is_status(tacit_scrypt(tacit_slice_str("x"), tacit_slice_str("y"), 4, 17,
			       tacit_mut_of(out, sizeof(out)), NULL),
		  TACIT_LIMIT, "blocks that are too large");
	return done();
}
