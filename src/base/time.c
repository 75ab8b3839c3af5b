/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <stdio.h>

#define DAY 86400

/*
 * Days and dates by counting years from March, so that the leap day is the last of its year;
 * an era is 400 years or 146097 days.
 */
int64_t tacit_time_days(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year =
		(153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

struct date {
	int64_t year;
	unsigned month, day;
};

static struct date date_of(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	struct date d;

	d.day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	d.month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	d.year = yoe + era * 400 + (d.month <= 2 ? 1 : 0);
	return d;
}

void tacit_time_format(int64_t seconds, char text[TACIT_AT_LEAST(TACIT_TIME_TEXT)])
{
	if (seconds < -62167219200 || seconds > 253402300799) {
		snprintf(text, TACIT_TIME_TEXT, "out of range");
		return;
	}
	int64_t days = seconds / DAY - (seconds % DAY < 0 ? 1 : 0);
	unsigned rest = (unsigned)(seconds - days * DAY);
	struct date d = date_of(days);

	/* The moduli only tell the compiler how wide each field can be. */
	snprintf(text, TACIT_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)d.year % 10000u,
		 d.month % 100u, d.day % 100u, rest / 3600 % 100u, rest / 60 % 60, rest % 60);
}

/* Reads `count` digits at *at; false when there are fewer. */
static bool digits(struct tacit_slice text, size_t *at, unsigned count, unsigned *ret)
{
	unsigned value = 0;

	for (unsigned i = 0; i < count; i++, (*at)++) {
		if (*at >= text.len || text.ptr[*at] < '0' || text.ptr[*at] > '9')
			return false;
		value = value * 10 + (unsigned)(text.ptr[*at] - '0');
	}
	*ret = value;
	return true;
}

static bool expect(struct tacit_slice text, size_t *at, char a, char b)
{
	if (*at >= text.len || (text.ptr[*at] != (uint8_t)a && text.ptr[*at] != (uint8_t)b))
		return false;
	(*at)++;
	return true;
}

static unsigned days_in(unsigned year, unsigned month)
{
	static const uint8_t DAYS[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : DAYS[month - 1];
}

static bool parse_date(struct tacit_slice text, size_t *at, int64_t *ret_days)
{
	unsigned year, month, day;

	if (!digits(text, at, 4, &year) || !expect(text, at, '-', '-') ||
	    !digits(text, at, 2, &month) || !expect(text, at, '-', '-') ||
	    !digits(text, at, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in(year, month))
		return false;
	*ret_days = tacit_time_days(year, month, day);
	return true;
}

static bool parse_clock(struct tacit_slice text, size_t *at, int64_t *ret_seconds)
{
	unsigned hour, minute, second;

	if (!digits(text, at, 2, &hour) || !expect(text, at, ':', ':') ||
	    !digits(text, at, 2, &minute) || !expect(text, at, ':', ':') ||
	    !digits(text, at, 2, &second))
		return false;
	/* Leap seconds end an hour [RFC 3339 5.7]; which hour depends on the offset. */
	if (hour > 23 || minute > 59 || second > 60 || (second == 60 && minute != 59))
		return false;
	if (expect(text, at, '.', '.')) {
		unsigned digit;

		if (!digits(text, at, 1, &digit))
			return false;
		while (digits(text, at, 1, &digit))
			continue;
	}
	*ret_seconds = (int64_t)hour * 3600 + minute * 60 + second;
	return true;
}

static bool parse_offset(struct tacit_slice text, size_t *at, int64_t *ret_seconds)
{
	unsigned hour, minute;

	*ret_seconds = 0;
	if (expect(text, at, 'Z', 'z'))
		return true;
	bool minus = *at < text.len && text.ptr[*at] == '-';
	if (!expect(text, at, '+', '-') || !digits(text, at, 2, &hour) ||
	    !expect(text, at, ':', ':') || !digits(text, at, 2, &minute))
		return false;
	if (hour > 23 || minute > 59)
		return false;
	*ret_seconds = (int64_t)hour * 3600 + minute * 60;
	if (minus)
		*ret_seconds = -*ret_seconds;
	return true;
}

bool tacit_time_parse(struct tacit_slice text, int64_t *ret_seconds)
{
	size_t at = 0;
	int64_t days, clock, offset;

	if (!parse_date(text, &at, &days) || !expect(text, &at, 'T', 't') ||
	    !parse_clock(text, &at, &clock) || !parse_offset(text, &at, &offset) || at != text.len)
		return false;
	*ret_seconds = days * DAY + clock - offset;
	return true;
}
