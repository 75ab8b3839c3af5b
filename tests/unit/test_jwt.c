/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/jwt.h"

#include "base/base64.h"
#include "base/compiler.h"
#include "tests/tap.h"

static uint8_t room[1 << 20];
static struct tacit_arena arena;

static enum tacit_status parse(const char *token, const char *alg, struct tacit_jwt *ret,
			       struct tacit_error *err)
{
	tacit_arena_init(&arena, room, sizeof(room));
	return tacit_jwt_parse(tacit_slice_str(token), alg, &arena, ret, err);
}

/* Of RFC 7515 A.3.1. */
#define ES256                                                                                   \
	"eyJhbGciOiJFUzI1NiJ9."                                                                 \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290I" \
	"jp0cnVlfQ."                                                                            \
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

static void test_split(void)
{
	struct tacit_jwt jwt = { 0 };
	struct tacit_error err = { 0 };

	is_status(parse(ES256, "ES256", &jwt, &err), TACIT_OK, "a token of RFC 7515");
	is_slice(jwt.header, tacit_slice_str("{\"alg\":\"ES256\"}"), "its header");
	is_slice(jwt.payload,
		 tacit_slice_str("{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
				 "\"http://example.com/is_root\":true}"),
		 "its payload");
	ok(jwt.signature.len == 64 && jwt.signature.ptr[0] == 14, "its signature");
	ok(jwt.message.len == strlen(ES256) - 87, "what was signed ends before the last dot");
}

/* A token with this header, "{}" as payload and three bytes as signature. */
static const char *with_header(const char *header)
{
	static char token[16384];
	size_t len = tacit_base64_size(TACIT_BASE64URL, strlen(header));

	tacit_base64_encode(TACIT_BASE64URL, tacit_slice_str(header), token);
	memcpy(token + len, ".e30.AAAA", sizeof(".e30.AAAA"));
	return token;
}

static const struct {
	const char *name, *header;
	enum tacit_status want;
} HEADERS[] = {
	{ "plain", "{\"alg\":\"ES256\"}", TACIT_OK },
	{ "typ", "{\"typ\":\"JWT\",\"alg\":\"ES256\"}", TACIT_OK },
	{ "advice about keys", "{\"alg\":\"ES256\",\"kid\":\"x\",\"jwk\":{\"kty\":\"EC\"}}",
	  TACIT_OK },
	{ "another algorithm", "{\"alg\":\"ES384\"}", TACIT_SIGNATURE },
	{ "none", "{\"alg\":\"none\"}", TACIT_SIGNATURE },
	{ "a MAC", "{\"alg\":\"HS256\"}", TACIT_SIGNATURE },
	{ "another case", "{\"alg\":\"es256\"}", TACIT_SIGNATURE },
	{ "no algorithm", "{\"typ\":\"JWT\"}", TACIT_SIGNATURE },
	{ "an empty one", "{\"alg\":\"\"}", TACIT_SIGNATURE },
	{ "with a prefix", "{\"alg\":\"ES256K\"}", TACIT_SIGNATURE },
	{ "cut", "{\"alg\":\"ES25\"}", TACIT_SIGNATURE },
	{ "twice", "{\"alg\":\"ES256\",\"alg\":\"ES256\"}", TACIT_FORMAT },
	{ "twice, none first", "{\"alg\":\"none\",\"alg\":\"ES256\"}", TACIT_FORMAT },
	{ "a number", "{\"alg\":256}", TACIT_FORMAT },
	{ "null", "{\"alg\":null}", TACIT_FORMAT },
	{ "a list", "{\"alg\":[\"ES256\"]}", TACIT_FORMAT },
	{ "escaped", "{\"alg\":\"ES\\u003256\"}", TACIT_FORMAT },
	{ "typ no text", "{\"alg\":\"ES256\",\"typ\":1}", TACIT_FORMAT },
	{ "crit", "{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}", TACIT_FORMAT },
	{ "empty crit", "{\"alg\":\"ES256\",\"crit\":[]}", TACIT_FORMAT },
	{ "crit null", "{\"crit\":null,\"alg\":\"ES256\"}", TACIT_FORMAT },
	{ "b64", "{\"alg\":\"ES256\",\"b64\":false,\"crit\":[\"b64\"]}", TACIT_FORMAT },
	{ "no object", "[\"ES256\"]", TACIT_FORMAT },
	{ "trailing bytes", "{\"alg\":\"ES256\"} x", TACIT_FORMAT },
	{ "empty", "", TACIT_FORMAT },
};

static void test_headers(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(HEADERS); i++) {
		struct tacit_jwt jwt = { 0 };
		struct tacit_error err = { 0 };

		is_status(parse(with_header(HEADERS[i].header), "ES256", &jwt, &err),
			  HEADERS[i].want, HEADERS[i].name);
		ok(HEADERS[i].want == TACIT_OK || !jwt.message.ptr, "nothing comes out: %s",
		   HEADERS[i].name);
	}
}

static const struct {
	const char *name, *token;
} SHAPES[] = {
	{ "empty", "" },
	{ "one part", "eyJhbGciOiJFUzI1NiJ9" },
	{ "two parts", "eyJhbGciOiJFUzI1NiJ9.e30" },
	{ "four parts", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA.AAAA" },
	{ "five parts", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA.AAAA.AAAA" },
	{ "a dot behind", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA." },
	{ "padding", "eyJhbGciOiJFUzI1NiJ9.e30=.AAAA" },
	{ "the other alphabet", "eyJhbGciOiJFUzI1NiJ9.e30.AA+/" },
	{ "a stray bit in the payload", "eyJhbGciOiJFUzI1NiJ9.e31.AAAA" },
	{ "a stray bit in the signature", "eyJhbGciOiJFUzI1NiJ9.e30.AB" },
	{ "one character left over", "eyJhbGciOiJFUzI1NiJ9.e30.AAAAA" },
	{ "a newline behind", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA\n" },
	{ "a blank before", " eyJhbGciOiJFUzI1NiJ9.e30.AAAA" },
	{ "a newline inside", "eyJhbGciOiJFUzI1NiJ9.e3\n0.AAAA" },
	{ "the JSON form", "{\"payload\":\"e30\",\"protected\":\"eyJhbGciOiJFUzI1NiJ9\"}" },
};

static void test_shapes(void)
{
	for (size_t i = 0; i < TACIT_ARRAY_LEN(SHAPES); i++) {
		struct tacit_jwt jwt = { 0 };
		struct tacit_error err = { 0 };

		is_status(parse(SHAPES[i].token, "ES256", &jwt, &err), TACIT_FORMAT,
			  SHAPES[i].name);
	}
}

static void test_limits(void)
{
	static char header[TACIT_JWT_HEADER_MAX], token[TACIT_JWT_MAX + 1];
	struct tacit_jwt jwt = { 0 };
	struct tacit_error err = { 0 };

	memset(header, ' ', sizeof(header) - 1);
	memcpy(header, "{\"alg\":\"ES256\"}", 15);
	is_status(parse(with_header(header), "ES256", &jwt, &err), TACIT_LIMIT,
		  "a header over its limit");
	header[6000] = 0;
	tacit_error_clear(&err);
	is_status(parse(with_header(header), "ES256", &jwt, &err), TACIT_OK, "and one below");
	memset(token, 'A', sizeof(token));
	tacit_error_clear(&err);
	is_status(tacit_jwt_parse(TACIT_SLICE_ARRAY(token), "ES256", &arena, &jwt, &err),
		  TACIT_LIMIT, "a token over its limit");

	size_t need = 0;
	for (size_t size = 0; size < 512 && need == 0; size++) {
		struct tacit_jwt got = { 0 };
		enum tacit_status st;

		tacit_error_clear(&err);
		tacit_arena_init(&arena, room, size);
		st = tacit_jwt_parse(tacit_slice_str(ES256), "ES256", &arena, &got, &err);
		if (st == TACIT_OK)
			need = size;
		else if (st != TACIT_LIMIT || got.message.ptr)
			ok(false, "arena of %zu bytes", size);
	}
	ok(need > 100, "every smaller arena is a limit");
}

static void test_write(void)
{
	static uint8_t payload[300], token_room[1024];
	uint8_t signature[96];
	bool all = true;

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 31);
	memset(signature, 0xab, sizeof(signature));
	for (size_t len = 0; len < sizeof(payload); len++) {
		struct tacit_slice body = tacit_slice_of(payload, len), message, token;
		size_t size = tacit_jwt_size("EdDSA", len, 64);
		struct tacit_mut out = tacit_mut_of(token_room, size);
		struct tacit_jwt jwt = { 0 };

		tacit_arena_init(&arena, room, sizeof(room));
		all &= tacit_jwt_write("EdDSA", body, out, &message, NULL) == TACIT_OK &&
		       tacit_jwt_add_signature(message, tacit_slice_of(signature, 64), out, &token,
					       NULL) == TACIT_OK &&
		       token.len == size - 1 &&
		       tacit_jwt_parse(token, "EdDSA", &arena, &jwt, NULL) == TACIT_OK &&
		       tacit_slice_eq(jwt.payload, body) && tacit_slice_eq(jwt.message, message) &&
		       tacit_slice_eq(jwt.signature, tacit_slice_of(signature, 64));
		for (size_t less = 0; less < size; less++) {
			out.len = less;
			all &= tacit_jwt_write("EdDSA", body, out, &message, NULL) != TACIT_OK ||
			       tacit_jwt_add_signature(message, tacit_slice_of(signature, 64), out,
						       &token, NULL) == TACIT_LIMIT;
		}
	}
	ok(all, "what is written is read again, and every smaller room is a limit");
	struct tacit_slice token, stray = tacit_slice_str("eyJ.e30");
	is_status(
		tacit_jwt_add_signature(stray, stray, tacit_mut_of(token_room, 1024), &token, NULL),
		TACIT_LIMIT, "a signature goes behind what is in its room alone");
}

int main(void)
{
	test_split();
	test_headers();
	test_shapes();
	test_limits();
	test_write();
	return done();
}
