/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include "tests/tap.h"

#define FIRST (-62167219200) /* 0000-01-01T00:00:00Z */
#define LAST  253402300799   /* 9999-12-31T23:59:59Z */

static const struct {
	const char *text;
	int64_t seconds;
} BOTH_WAYS[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1969-12-31T23:59:59Z", -1 },
	{ "1970-01-02T00:00:00Z", 86400 },
	{ "2000-02-29T12:34:56Z", 951827696 },
	{ "2000-03-01T00:00:00Z", 951868800 },
	{ "1900-02-28T23:59:59Z", -2203891201 },
	{ "1900-03-01T00:00:00Z", -2203891200 },
	{ "2024-02-29T00:00:00Z", 1709164800 },
	{ "2026-11-21T07:39:00Z", 1795246740 },
	{ "2038-01-19T03:14:08Z", 2147483648 },
	{ "2100-03-01T00:00:00Z", 4107542400 },
	{ "1600-02-29T00:00:00Z", -11670998400 },
	{ "0000-01-01T00:00:00Z", FIRST },
	{ "0000-02-29T00:00:00Z", FIRST + 59 * 86400 },
	{ "0001-01-01T00:00:00Z", -62135596800 },
	{ "9999-12-31T23:59:59Z", LAST },
};

static void test_both_ways(void)
{
	for (size_t i = 0; i < sizeof(BOTH_WAYS) / sizeof(BOTH_WAYS[0]); i++) {
		char text[TACIT_TIME_TEXT];
		int64_t seconds = 7;

		tacit_time_format(BOTH_WAYS[i].seconds, text);
		ok(strcmp(text, BOTH_WAYS[i].text) == 0, "formats %s", text);
		ok(tacit_time_parse(tacit_slice_str(BOTH_WAYS[i].text), &seconds) &&
			   seconds == BOTH_WAYS[i].seconds,
		   "parses %s", BOTH_WAYS[i].text);
	}
}

static void test_out_of_range(void)
{
	static const int64_t OUTSIDE[] = { FIRST - 1, LAST + 1, INT64_MIN, INT64_MAX };

	for (size_t i = 0; i < sizeof(OUTSIDE) / sizeof(OUTSIDE[0]); i++) {
		char text[TACIT_TIME_TEXT];

		tacit_time_format(OUTSIDE[i], text);
		ok(strcmp(text, "out of range") == 0, "%lld is %s", (long long)OUTSIDE[i], text);
	}
}

/* Every day of 400 years and their seams against a plain count, one by one. */
static void test_every_day(void)
{
	static const unsigned LENGTH[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t day = tacit_time_days(1800, 1, 1), wrong = 0;

	ok(day == -62091, "1800-01-01 is day -62091");
	for (unsigned year = 1800; year < 2210; year++) {
		bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

		for (unsigned month = 1; month <= 12; month++) {
			unsigned days = LENGTH[month - 1] + (month == 2 && leap);

			for (unsigned d = 1; d <= days; d++, day++) {
				char want[32], text[TACIT_TIME_TEXT];

				snprintf(want, sizeof(want), "%04u-%02u-%02uT00:00:00Z", year,
					 month, d);
				tacit_time_format(day * 86400, text);
				wrong += tacit_time_days(year, month, d) != day ||
					 strcmp(want, text) != 0;
			}
		}
	}
	ok(wrong == 0, "every day from 1800 to 2209 (%lld wrong)", (long long)wrong);
}

static void test_offsets(void)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} CASES[] = {
		{ "1970-01-01T01:00:00+01:00", 0 },
		{ "1969-12-31T23:00:00-01:00", 0 },
		{ "1970-01-01T00:00:00+00:00", 0 },
		{ "1970-01-01T00:00:00-00:00", 0 },
		{ "1970-01-01T23:59:00+23:59", 0 },
		{ "1969-12-31T00:01:00-23:59", 0 },
		{ "1970-01-01T05:30:00+05:30", 0 },
		{ "1970-01-01t00:00:00z", 0 },
		{ "1970-01-01T00:00:00.9Z", 0 },
		{ "1970-01-01T00:00:01.123456789012Z", 1 },
		{ "1970-01-01T00:00:00.5+00:01", -60 },
		{ "2016-12-31T23:59:60Z", 1483228800 },
		{ "0000-01-01T00:00:00+23:59", FIRST - 86340 },
		{ "9999-12-31T23:59:60-23:59", LAST + 1 + 86340 },
	};

	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		int64_t seconds = 7;

		ok(tacit_time_parse(tacit_slice_str(CASES[i].text), &seconds) &&
			   seconds == CASES[i].seconds,
		   "%s is %lld", CASES[i].text, (long long)seconds);
	}
}

static void test_refuses(void)
{
	static const char *const BAD[] = {
		"",
		"1970",
		"1970-01-01",
		"1970-01-01T00:00:00",
		"1970-01-01T00:00Z",
		"1970-01-01 00:00:00Z",
		"1970-00-01T00:00:00Z",
		"1970-13-01T00:00:00Z",
		"1970-01-00T00:00:00Z",
		"1970-01-32T00:00:00Z",
		"1970-04-31T00:00:00Z",
		"1970-06-31T00:00:00Z",
		"1970-09-31T00:00:00Z",
		"1970-11-31T00:00:00Z",
		"1970-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",
		"2000-02-30T00:00:00Z",
		"1970-01-01T24:00:00Z",
		"1970-01-01T00:60:00Z",
		"1970-01-01T00:00:61Z",
		"1970-01-01T00:00:60Z",
		"1970-01-01T23:59:61Z",
		"1970-01-01T00:00:00.Z",
		"1970-01-01T00:00:00,5Z",
		"1970-01-01T00:00:00.",
		"1970-01-01T00:00:00+24:00",
		"1970-01-01T00:00:00+00:60",
		"1970-01-01T00:00:00+0000",
		"1970-01-01T00:00:00+00",
		"1970-01-01T00:00:00+1:00",
		"1970-01-01T00:00:00Zx",
		"1970-01-01T00:00:00Z ",
		" 1970-01-01T00:00:00Z",
		"1970-01-01T00:00:00ZZ",
		"1970-01-01T00:00:00Z+00:00",
		"1970-1-01T00:00:00Z",
		"1970-01-1T00:00:00Z",
		"197-01-01T00:00:00Z",
		"19700-01-01T00:00:00Z",
		"-970-01-01T00:00:00Z",
		"+970-01-01T00:00:00Z",
		"1970/01/01T00:00:00Z",
		"1970-01-01T00-00-00Z",
		"197o-01-01T00:00:00Z",
		"1970-01-01T0:00:00Z",
		"1970-01-01T00:00:0Z",
		"1970-W01-1T00:00:00Z",
		"1970-01-01T00:00:00*00:00",
	};

	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		int64_t seconds = 7;

		ok(!tacit_time_parse(tacit_slice_str(BAD[i]), &seconds) && seconds == 7,
		   "refuses '%s'", BAD[i]);
	}
	int64_t seconds = 7;
	ok(!tacit_time_parse(tacit_slice_of("1970-01-01T00:00:00Z\0", 21), &seconds),
	   "a NUL after");
	ok(!tacit_time_parse(tacit_slice_of(NULL, 0), &seconds) && seconds == 7, "nothing");
}

/* A time cut anywhere is no time. */
static void test_truncations(void)
{
	static const char TEXT[] = "2026-11-21T07:39:00.25+01:00";
	size_t accepted = 0;

	for (size_t len = 0; len < sizeof(TEXT) - 1; len++) {
		int64_t seconds;

		accepted += tacit_time_parse(tacit_slice_of(TEXT, len), &seconds);
	}
	ok(accepted == 0, "no truncation is a time");
}

int main(void)
{
	test_both_ways();
	test_out_of_range();
	test_every_day();
	test_offsets();
	test_refuses();
	test_truncations();
	return done();
}
