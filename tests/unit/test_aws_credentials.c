/* SPDX-License-Identifier: Apache-2.0 */

/* Keys of AWS as metadata services, files and the environment have them; what is none is refused.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "release/aws_credentials.h"
#include "release/gs_token.h"
#include "sys/clock.h"
#include "tests/tap.h"

static struct tacit_aws_keys keys, other;

static bool is_secret(const char *text)
{
	return tacit_slice_eq(tacit_secret_view(&keys.secret_key), tacit_slice_str(text));
}

/* ---- JSON ----------------------------------------------------------------------------------- */

#define WHOLE                                                                                   \
	"{\"Code\":\"Success\",\"LastUpdated\":\"2026-11-21T07:39:00Z\",\"Type\":\"AWS-HMAC\"," \
	"\"AccessKeyId\":\"ASIAX\",\"SecretAccessKey\":\"s3/cr+t=\",\"Token\":\"t+/=\","        \
	"\"Expiration\":\"2026-11-21T13:39:00Z\",\"Region\":\"eu-central-1\"}"

static const struct {
	const char *name, *text;
} BAD_JSON[] = {
	{ "nothing", "" },
	{ "no object", "[]" },
	{ "an empty one", "{}" },
	{ "no key", "{\"SecretAccessKey\":\"s\"}" },
	{ "no secret", "{\"AccessKeyId\":\"a\"}" },
	{ "an empty key", "{\"AccessKeyId\":\"\",\"SecretAccessKey\":\"s\"}" },
	{ "an empty secret", "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"\"}" },
	{ "a number", "{\"AccessKeyId\":1,\"SecretAccessKey\":\"s\"}" },
	{ "null", "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":null}" },
	{ "a key twice",
	  "{\"AccessKeyId\":\"a\",\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\"}" },
	{ "a key with a slash", "{\"AccessKeyId\":\"a/b\",\"SecretAccessKey\":\"s\"}" },
	{ "a key with a comma", "{\"AccessKeyId\":\"a,b\",\"SecretAccessKey\":\"s\"}" },
	{ "a key with a colon", "{\"AccessKeyId\":\"a:b\",\"SecretAccessKey\":\"s\"}" },
	{ "a key with a blank", "{\"AccessKeyId\":\"a b\",\"SecretAccessKey\":\"s\"}" },
	{ "a key that is not ASCII", "{\"AccessKeyId\":\"\xc3\xbc\",\"SecretAccessKey\":\"s\"}" },
	{ "a secret with a blank", "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s s\"}" },
	{ "a token with a line end",
	  "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Token\":\"t\\r\\nX: y\"}" },
	{ "a token with a blank",
	  "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Token\":\"t t\"}" },
	{ "a region with a slash",
	  "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Region\":\"eu/\"}" },
	{ "a region with a dot",
	  "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Region\":\"evil.example\"}" },
	{ "a long region", "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Region\":"
			   "\"eu-central-1-and-more-than-a-region\"}" },
	{ "no date",
	  "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Expiration\":\"tomorrow\"}" },
	{ "a number for a date",
	  "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Expiration\":1}" },
	{ "a failure", "{\"Code\":\"Failed\",\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\"}" },
	{ "bytes behind it", "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\"}x" },
};

static void test_json(void)
{
	struct tacit_error err = { 0 };
	struct tacit_slice whole = tacit_slice_str(WHOLE);

	is_status(tacit_aws_keys_parse(whole, &keys, &err), TACIT_OK, "as the service says it");
	ok(strcmp(keys.access_key, "ASIAX") == 0 && is_secret("s3/cr+t=") &&
		   strcmp(keys.token, "t+/=") == 0 && strcmp(keys.region, "eu-central-1") == 0 &&
		   keys.expires == 1795268340,
	   "its parts (%lld)", (long long)keys.expires);
	other = keys;
	for (size_t n = 0; n < whole.len; n++) {
		if (tacit_aws_keys_parse(tacit_slice_of(whole.ptr, n), &keys, NULL) == TACIT_OK ||
		    memcmp(&keys, &other, sizeof(keys)) != 0)
			ok(false, "cut after %zu bytes", n);
	}
	ok(true, "cut anywhere it is none");
	uint8_t room[1024];
	struct tacit_slice text = { NULL, 0 };
	is_status(tacit_aws_keys_write(&keys, tacit_mut_of(room, sizeof(room)), &text, &err),
		  TACIT_OK, "written");
	memset(&other, 0, sizeof(other));
	ok(tacit_aws_keys_parse(text, &other, &err) == TACIT_OK &&
		   memcmp(&keys, &other, sizeof(keys)) == 0,
	   "and read again, the same");
	bool limits = true;
	for (size_t n = 0; n < text.len; n++)
		limits = limits && tacit_aws_keys_write(&keys, tacit_mut_of(room, n), &text,
							NULL) == TACIT_LIMIT;
	ok(limits, "but not into less room");
	for (size_t i = 0; i < sizeof(BAD_JSON) / sizeof(BAD_JSON[0]); i++) {
		struct tacit_error why = { 0 };

		ok(tacit_aws_keys_parse(tacit_slice_str(BAD_JSON[i].text), &keys, &why) ==
				   TACIT_FORMAT &&
			   memcmp(&keys, &other, sizeof(keys)) == 0 && !strstr(why.detail, "s3/c"),
		   "none: %s: %s", BAD_JSON[i].name, why.detail);
	}
}

static void test_long(void)
{
	static char text[TACIT_AWS_ANSWER_MAX + 64];

	snprintf(text, sizeof(text),
		 "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"%0128d\",\"Token\":\"%0*d\"}", 0,
		 TACIT_AWS_TOKEN_MAX, 0);
	ok(tacit_aws_keys_parse(tacit_slice_str(text), &keys, NULL) == TACIT_OK &&
		   strlen(keys.token) == TACIT_AWS_TOKEN_MAX && keys.secret_key.len == 128,
	   "as long as they may be");
	snprintf(text, sizeof(text), "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"%0129d\"}", 0);
	is_status(tacit_aws_keys_parse(tacit_slice_str(text), &keys, NULL), TACIT_FORMAT,
		  "a longer secret");
	snprintf(text, sizeof(text),
		 "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Token\":\"%0*d\"}",
		 TACIT_AWS_TOKEN_MAX + 1, 0);
	is_status(tacit_aws_keys_parse(tacit_slice_str(text), &keys, NULL), TACIT_FORMAT,
		  "a longer token");
	snprintf(text, sizeof(text), "{\"AccessKeyId\":\"%0129d\",\"SecretAccessKey\":\"s\"}", 0);
	is_status(tacit_aws_keys_parse(tacit_slice_str(text), &keys, NULL), TACIT_FORMAT,
		  "a longer key");
	memset(text, ' ', sizeof(text));
	is_status(tacit_aws_keys_parse(tacit_slice_of(text, TACIT_AWS_ANSWER_MAX + 1), &keys, NULL),
		  TACIT_LIMIT, "a longer answer");
}

/* ---- files ---------------------------------------------------------------------------------- */

static const struct {
	const char *name, *text;
	enum tacit_status status;
} BAD_FILES[] = {
	{ "nothing", "", TACIT_USAGE },
	{ "another profile", "[other]\naws_access_key_id=a\naws_secret_access_key=s\n",
	  TACIT_USAGE },
	{ "a profile of almost that name", "[defaul]\naws_access_key_id=a\n", TACIT_USAGE },
	{ "no profile", "aws_access_key_id=a\naws_secret_access_key=s\n", TACIT_USAGE },
	{ "an empty profile", "[default]\n", TACIT_FORMAT },
	{ "no secret", "[default]\naws_access_key_id=a\n[x]\naws_secret_access_key=s\n",
	  TACIT_FORMAT },
	{ "a profile without end", "[default\naws_access_key_id=a\n", TACIT_FORMAT },
	{ "a bracket alone", "[", TACIT_FORMAT },
	{ "a line without value", "[default]\naws_access_key_id\n", TACIT_FORMAT },
	{ "a key twice", "[default]\naws_access_key_id=a\naws_access_key_id=a\n", TACIT_FORMAT },
	{ "a key twice, in two parts",
	  "[default]\naws_access_key_id=a\n[x]\n[default]\naws_access_key_id=a\n", TACIT_FORMAT },
	{ "a key with a blank", "[default]\naws_access_key_id=a b\naws_secret_access_key=s\n",
	  TACIT_FORMAT },
	{ "a quoted key", "[default]\naws_access_key_id=\"a\"\naws_secret_access_key=s\n",
	  TACIT_FORMAT },
	{ "a region that is none",
	  "[default]\naws_access_key_id=a\naws_secret_access_key=s\nregion=EU\n", TACIT_FORMAT },
};

static void test_files(void)
{
	static const char WHOLE_FILE[] =
		"# comment\n; another\n\n[other]\naws_access_key_id = b\n\n[ default ]\r\n"
		"aws_access_key_id = AKIAX\r\naws_secret_access_key\t=\ts=c\n"
		"s3 =\n  aws_access_key_id = nested\nmax = 3\nregion=us-west-2\n"
		"[last]\naws_secret_access_key = x";
	struct tacit_error err = { 0 };

	static const char NUL[] = "[default]\naws_access_key_id=a\0b\naws_secret_access_key=s\n";

	memset(&keys, 0, sizeof(keys));
	is_status(tacit_aws_keys_parse_file(TACIT_SLICE_ARRAY(NUL), "default", &keys, &err),
		  TACIT_FORMAT, "a NUL in a key");
	tacit_error_clear(&err);
	is_status(tacit_aws_keys_parse_file(tacit_slice_str(WHOLE_FILE), "default", &keys, &err),
		  TACIT_OK, "as AWS's tools write it");
	ok(strcmp(keys.access_key, "AKIAX") == 0 && is_secret("s=c") && !keys.token[0] &&
		   strcmp(keys.region, "us-west-2") == 0 && keys.expires == 0,
	   "its parts");
	other = keys;
	for (size_t i = 0; i < sizeof(BAD_FILES) / sizeof(BAD_FILES[0]); i++) {
		struct tacit_error why = { 0 };

		ok(tacit_aws_keys_parse_file(tacit_slice_str(BAD_FILES[i].text), "default", &keys,
					     &why) == BAD_FILES[i].status &&
			   memcmp(&keys, &other, sizeof(keys)) == 0,
		   "no file: %s: %s", BAD_FILES[i].name, why.detail);
	}
	static char text[TACIT_AWS_FILE_MAX + 1];
	memset(text, '\n', sizeof(text));
	is_status(tacit_aws_keys_parse_file(TACIT_SLICE_ARRAY(text), "default", &keys, NULL),
		  TACIT_LIMIT, "a long file");
}

/* ---- tokens of Google's ---------------------------------------------------------------------- */

static const char *const BAD_TOKENS[] = {
	"",
	"[]",
	"{}",
	"{\"access_token\":\"a\",\"expires_in\":9}",
	"{\"access_token\":\"a\",\"token_type\":\"Bearer\"}",
	"{\"expires_in\":9,\"token_type\":\"Bearer\"}",
	"{\"access_token\":\"\",\"expires_in\":9,\"token_type\":\"Bearer\"}",
	"{\"access_token\":\"a b\",\"expires_in\":9,\"token_type\":\"Bearer\"}",
	"{\"access_token\":\"a\\n\",\"expires_in\":9,\"token_type\":\"Bearer\"}",
	"{\"access_token\":\"\xc3\xbc\",\"expires_in\":9,\"token_type\":\"Bearer\"}",
	"{\"access_token\":1,\"expires_in\":9,\"token_type\":\"Bearer\"}",
	"{\"access_token\":\"a\",\"expires_in\":0,\"token_type\":\"Bearer\"}",
	"{\"access_token\":\"a\",\"expires_in\":86401,\"token_type\":\"Bearer\"}",
	"{\"access_token\":\"a\",\"expires_in\":-1,\"token_type\":\"Bearer\"}",
	"{\"access_token\":\"a\",\"expires_in\":9,\"token_type\":\"bearer\"}",
	"{\"access_token\":\"a\",\"expires_in\":9,\"token_type\":\"Bearer\"}x",
	"{\"access_token\":\"a\",\"access_token\":\"a\",\"expires_in\":9,\"token_type\":"
	"\"Bearer\"}",
};

static void test_tokens(void)
{
	static const char WHOLE_TOKEN[] = "{\"access_token\":\"ya29.c\",\"expires_in\":86400,"
					  "\"token_type\":\"Bearer\",\"x\":[1]}";
	static char token[TACIT_GS_TOKEN_MAX + 1], text[TACIT_GS_ANSWER_MAX + 1];
	uint64_t seconds = 0;

	ok(tacit_gs_token_parse(tacit_slice_str(WHOLE_TOKEN), token, &seconds, NULL) == TACIT_OK &&
		   strcmp(token, "ya29.c") == 0 && seconds == 86400,
	   "a token of Google's");
	for (size_t i = 0; i < sizeof(BAD_TOKENS) / sizeof(BAD_TOKENS[0]); i++)
		ok(tacit_gs_token_parse(tacit_slice_str(BAD_TOKENS[i]), token, &seconds, NULL) ==
				   TACIT_FORMAT &&
			   strcmp(token, "ya29.c") == 0 && seconds == 86400,
		   "no token %zu", i);
	memset(text, ' ', sizeof(text));
	is_status(tacit_gs_token_parse(TACIT_SLICE_ARRAY(text), token, &seconds, NULL), TACIT_LIMIT,
		  "a long answer");
	memset(text, 'a', sizeof(text));
	ok(tacit_gs_token_copy(tacit_slice_of(text, TACIT_GS_TOKEN_MAX), token) &&
		   !tacit_gs_token_copy(tacit_slice_of(text, TACIT_GS_TOKEN_MAX + 1), token),
	   "as long as one may be, and longer");
}

/* ---- regions -------------------------------------------------------------------------------- */

static void test_regions(void)
{
	static const char *const REGIONS[] = { "eu-central-1", "us-gov-west-1", "ap-southeast-7",
					       "us-isob-east-1", "eusc-de-east-1" };
	/* Words to sign for, of which no host's name is made. */
	static const char *const SCOPES[] = { "s3",
					      "auto",
					      "nyc3",
					      "eu",
					      "eu-central",
					      "eu-1",
					      "eu-central-",
					      "eu--central-1",
					      "-eu-central-1",
					      "eu-central-1-",
					      "eu-central-111",
					      "eu-1-central-1",
					      "e-central-1",
					      "europe-west-1",
					      "s3-eu-central-1",
					      "eu-central-1a",
					      "1",
					      "-" };
	static const char *const NONE[] = { "",
					    "eu.central-1",
					    "us-east-1.evil.example",
					    "us-east-1/",
					    "us-east-1@evil",
					    "us-east-1:443",
					    "us-east-1#",
					    "us-east-1\n",
					    "EU-central-1",
					    "eu_central-1",
					    "eu central-1",
					    "eu-c\xc3\xa9ntral-1",
					    "eu-central-and-more-than-a-region-1" };

	for (size_t i = 0; i < sizeof(REGIONS) / sizeof(REGIONS[0]); i++)
		ok(tacit_aws_is_region(tacit_slice_str(REGIONS[i])) &&
			   tacit_aws_is_scope(tacit_slice_str(REGIONS[i])),
		   "a region: %s", REGIONS[i]);
	for (size_t i = 0; i < sizeof(SCOPES) / sizeof(SCOPES[0]); i++)
		ok(!tacit_aws_is_region(tacit_slice_str(SCOPES[i])) &&
			   tacit_aws_is_scope(tacit_slice_str(SCOPES[i])),
		   "no region of AWS's: %s", SCOPES[i]);
	for (size_t i = 0; i < sizeof(NONE) / sizeof(NONE[0]); i++)
		ok(!tacit_aws_is_region(tacit_slice_str(NONE[i])) &&
			   !tacit_aws_is_scope(tacit_slice_str(NONE[i])),
		   "not a word %zu", i);
	ok(!tacit_aws_is_region(tacit_slice_of("us-east-1\0.evil", 15)) &&
		   !tacit_aws_is_scope(tacit_slice_of("us-east-1\0", 10)),
	   "nor with a NUL in it");
}

/* ---- who is asked, and when ------------------------------------------------------------------ */

static void write_keys(const char *path, const char *id)
{
	FILE *f = fopen(path, "w");

	fprintf(f, "[default]\naws_access_key_id=%s\naws_secret_access_key=s\n", id);
	fclose(f);
}

static void test_asking(void)
{
	char path[] = "/tmp/test-aws.XXXXXX";
	int fd = mkstemp(path);
	const struct tacit_aws_options options = { .from = TACIT_AWS_FILE, .file = path };
	struct tacit_aws_credentials *who = NULL;
	struct tacit_error err = { 0 };

	write_keys(path, "FIRST");
	is_status(tacit_aws_credentials_new(&options, &who, &err), TACIT_OK, "who we are");
	ok(tacit_aws_credentials_get(who, false, &keys, &err) == TACIT_OK &&
		   strcmp(keys.access_key, "FIRST") == 0,
	   "is in the file");
	write_keys(path, "SECOND");
	ok(tacit_aws_credentials_get(who, false, &keys, &err) == TACIT_OK &&
		   strcmp(keys.access_key, "FIRST") == 0,
	   "and is remembered");
	ok(tacit_aws_credentials_get(who, true, &keys, &err) == TACIT_OK &&
		   strcmp(keys.access_key, "SECOND") == 0,
	   "until others are asked for");
	unlink(path);
	is_status(tacit_aws_credentials_get(who, true, &keys, &err), TACIT_IO,
		  "a file that is gone");
	tacit_error_clear(&err);
	ok(tacit_aws_credentials_get(who, false, &keys, &err) == TACIT_OK &&
		   strcmp(keys.access_key, "SECOND") == 0,
	   "what was known is not forgotten");
	tacit_aws_credentials_free(who);
	tacit_aws_credentials_free(NULL);
	close(fd);
	const struct tacit_aws_options nobody = { .from = TACIT_AWS_RELAY };
	ok(tacit_aws_credentials_new(&nobody, &who, NULL) == TACIT_OK &&
		   tacit_aws_credentials_get(who, false, &keys, NULL) == TACIT_USAGE,
	   "a relay that nobody named");
	tacit_aws_credentials_free(who);
}

static void test_environment(void)
{
	const struct tacit_aws_options options = { .from = TACIT_AWS_ENVIRONMENT };
	struct tacit_aws_credentials *who = NULL;

	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SESSION_TOKEN");
	setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
	setenv("AWS_DEFAULT_REGION", "us-west-2", 1);
	unsetenv("AWS_REGION");
	ok(tacit_aws_credentials_new(&options, &who, NULL) == TACIT_OK &&
		   tacit_aws_credentials_get(who, false, &keys, NULL) == TACIT_USAGE,
	   "half of it in the environment");
	setenv("AWS_ACCESS_KEY_ID", "AKIAX", 1);
	ok(tacit_aws_credentials_get(who, false, &keys, NULL) == TACIT_OK && !keys.token[0] &&
		   strcmp(keys.region, "us-west-2") == 0,
	   "all of it");
	setenv("AWS_SESSION_TOKEN", "t", 1);
	setenv("AWS_REGION", "eu-central-1", 1);
	ok(tacit_aws_credentials_get(who, true, &keys, NULL) == TACIT_OK &&
		   strcmp(keys.token, "t") == 0 && strcmp(keys.region, "eu-central-1") == 0,
	   "a session, and the region that is meant");
	setenv("AWS_SESSION_TOKEN", "t\nX: y", 1);
	is_status(tacit_aws_credentials_get(who, true, &keys, NULL), TACIT_FORMAT, "a line end");
	tacit_aws_credentials_free(who);
}

int main(void)
{
	test_json();
	test_long();
	test_files();
	test_tokens();
	test_regions();
	test_asking();
	test_environment();
	return done();
}
