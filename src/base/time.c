/*
 * Clocks, instants and days.
 *
 * No time function of libc beyond clock_gettime: those read time zones and locales, and change
 * with the machine. The two civil functions are Howard Hinnant's ("chrono-Compatible Low-Level
 * Date Algorithms", days_from_civil and civil_from_days): years run from March to February, so
 * that the leap day is the last day of a year; an era is 400 years, always 146,097 days.
 */
#include "ciclo/base/time.h"

#include <string.h>
#include <time.h>

enum {
	US_DIGITS = 6,
	DAYS_PER_ERA = 146097,
	/* From 0000-03-01, where Hinnant's eras start, to 1970-01-01. */
	EPOCH_SHIFT = 719468,
	DAY_MIN = -719162, /* 0001-01-01 */
	DAY_MAX = 2932896  /* 9999-12-31 */
};

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define US_PER_HOUR   (60 * US_PER_MINUTE)
#define US_PER_DAY    (24 * US_PER_HOUR)
#define INSTANT_MIN   (DAY_MIN * US_PER_DAY)
#define INSTANT_MAX   ((DAY_MAX + INT64_C(1)) * US_PER_DAY - 1)

static int64_t clock_us(clockid_t id)
{
	struct timespec t;

	/* Fails only for a clock that does not exist. */
	(void)clock_gettime(id, &t);
	return (int64_t)t.tv_sec * US_PER_SECOND + t.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

int64_t clock_monotonic_ms(void)
{
	return clock_monotonic_us() / 1000;
}

int32_t day_from_civil(int year, int month, int mday)
{
	int y = month <= 2 ? year - 1 : year;
	int era = (y >= 0 ? y : y - 399) / 400;
	int year_of_era = y - era * 400;
	int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + mday - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	/* The sum fits for every day of 32 bits; its first part alone does not. */
	return (int32_t)((int64_t)era * DAYS_PER_ERA + day_of_era - EPOCH_SHIFT);
}

void day_to_civil(int32_t day, int *ret_year, int *ret_month, int *ret_mday)
{
	int64_t z = (int64_t)day + EPOCH_SHIFT;
	int era = (int)((z >= 0 ? z : z - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA);
	int day_of_era = (int)(z - (int64_t)era * DAYS_PER_ERA);
	int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int march_month = (5 * day_of_year + 2) / 153;
	int month = march_month < 10 ? march_month + 3 : march_month - 9;

	*ret_year = year_of_era + era * 400 + (month <= 2);
	*ret_month = month;
	*ret_mday = day_of_year - (153 * march_month + 2) / 5 + 1;
}

int day_weekday(int32_t day)
{
	/* Day 0 was a Thursday; + 7 because % keeps the sign of a day before it. */
	return (int)(((int64_t)day + 3) % 7 + 7) % 7 + 1;
}

/* What is left to read; `bad` stays set once something did not match. */
struct scan {
	const char *at;
	const char *end;
	bool bad;
};

static bool scan_digit(struct scan *s, int *ret)
{
	if (s->at == s->end || *s->at < '0' || *s->at > '9')
		return false;
	*ret = *s->at++ - '0';
	return true;
}

/* Exactly `digits` digits with a value in [min, max]. */
static int scan_number(struct scan *s, int digits, int min, int max)
{
	int value = 0, digit;

	for (int i = 0; i < digits; i++) {
		if (!scan_digit(s, &digit)) {
			s->bad = true;
			return min;
		}
		value = value * 10 + digit;
	}
	if (value < min || value > max)
		s->bad = true;
	return value;
}

static bool scan_optional(struct scan *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static void scan_char(struct scan *s, char c)
{
	if (!scan_optional(s, c))
		s->bad = true;
}

static int month_length(int year, int month)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return lengths[month - 1] + (month == 2 && leap);
}

static int32_t scan_day(struct scan *s)
{
	int year, month, mday;

	year = scan_number(s, 4, 1, 9999);
	scan_char(s, '-');
	month = scan_number(s, 2, 1, 12);
	scan_char(s, '-');
	mday = scan_number(s, 2, 1, 31);
	if (s->bad || mday > month_length(year, month)) {
		s->bad = true;
		return 0;
	}
	return day_from_civil(year, month, mday);
}

/* ".5" is 500000: one to nine digits, those beyond microseconds are cut. */
static int64_t scan_fraction_us(struct scan *s)
{
	int64_t us = 0;
	int digits, digit;

	for (digits = 0; digits < 9 && scan_digit(s, &digit); digits++) {
		if (digits < US_DIGITS)
			us = us * 10 + digit;
	}
	if (digits == 0)
		s->bad = true;
	for (; digits < US_DIGITS; digits++)
		us *= 10;
	return us;
}

static int64_t scan_offset_us(struct scan *s)
{
	int64_t sign = 1, offset;

	if (scan_optional(s, 'Z'))
		return 0;
	if (scan_optional(s, '-'))
		sign = -1;
	else
		scan_char(s, '+');
	offset = scan_number(s, 2, 0, 23) * US_PER_HOUR;
	scan_char(s, ':');
	offset += scan_number(s, 2, 0, 59) * US_PER_MINUTE;
	return sign * offset;
}

bool instant_parse(const char *text, size_t len, int64_t *ret)
{
	struct scan s = {.at = text, .end = text + len};
	int64_t us;

	us = scan_day(&s) * US_PER_DAY;
	scan_char(&s, 'T');
	us += scan_number(&s, 2, 0, 23) * US_PER_HOUR;
	scan_char(&s, ':');
	us += scan_number(&s, 2, 0, 59) * US_PER_MINUTE;
	scan_char(&s, ':');
	us += scan_number(&s, 2, 0, 59) * US_PER_SECOND;
	if (scan_optional(&s, '.'))
		us += scan_fraction_us(&s);
	us -= scan_offset_us(&s);
	/* The offset can move the first and last day out of the years that we can write. */
	if (s.bad || s.at != s.end || us < INSTANT_MIN || us > INSTANT_MAX)
		return false;
	*ret = us;
	return true;
}

bool day_parse(const char *text, size_t len, int32_t *ret)
{
	struct scan s = {.at = text, .end = text + len};
	int32_t day = scan_day(&s);

	if (s.bad || s.at != s.end)
		return false;
	*ret = day;
	return true;
}

/* `digits` digits of value and then `after`. By hand: this runs for every instant of every answer. */
static char *put_number(char *at, int digits, int64_t value, char after)
{
	for (int i = digits - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	at[digits] = after;
	return at + digits + 1;
}

static char *put_day(char *at, int32_t day, char after)
{
	int year, month, mday;

	day_to_civil(day, &year, &month, &mday);
	at = put_number(at, 4, year, '-');
	at = put_number(at, 2, month, '-');
	return put_number(at, 2, mday, after);
}

void instant_format(int64_t us, char out[INSTANT_TEXT])
{
	int64_t day, in_day, fraction, seconds;
	char *at = out;

	/* Years of five digits have no form in RFC 3339: the nearest instant that has one. */
	if (us < INSTANT_MIN)
		us = INSTANT_MIN;
	if (us > INSTANT_MAX)
		us = INSTANT_MAX;
	day = us / US_PER_DAY - (us % US_PER_DAY < 0);
	in_day = us - day * US_PER_DAY;
	fraction = in_day % US_PER_SECOND;
	seconds = in_day / US_PER_SECOND;
	at = put_day(at, (int32_t)day, 'T');
	at = put_number(at, 2, seconds / 3600, ':');
	at = put_number(at, 2, seconds / 60 % 60, ':');
	at = put_number(at, 2, seconds % 60, fraction ? '.' : 'Z');
	if (fraction)
		at = put_number(at, US_DIGITS, fraction, 'Z');
	*at = '\0';
}

void day_format(int32_t day, char out[DAY_TEXT])
{
	if (day < DAY_MIN)
		day = DAY_MIN;
	if (day > DAY_MAX)
		day = DAY_MAX;
	put_day(out, day, '\0');
}
