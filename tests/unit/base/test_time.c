/* Instants and days: known dates, every day of 9,999 years against a plain calendar, strict parsing. */
#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "ciclo/base/time.h"

static const struct {
	const char *text;
	int32_t day;
	int weekday;
} known_days[] = {
	{"0001-01-01", -719162, 1}, {"1582-10-15", -141427, 5}, {"1900-02-28", -25509, 3},
	{"1900-03-01", -25508, 4},  {"1969-12-31", -1, 3},      {"1970-01-01", 0, 4},
	{"2000-02-29", 11016, 2},   {"2000-03-01", 11017, 3},   {"2024-02-29", 19782, 4},
	{"2026-01-01", 20454, 4},   {"9999-12-31", 2932896, 5},
};

START_TEST(known_days_both_ways)
{
	char text[DAY_TEXT];
	int32_t day;

	ck_assert(day_parse(known_days[_i].text, 10, &day));
	ck_assert_int_eq(day, known_days[_i].day);
	ck_assert_int_eq(day_weekday(day), known_days[_i].weekday);
	day_format(day, text);
	ck_assert_str_eq(text, known_days[_i].text);
}
END_TEST

static int plain_month_length(int year, int month)
{
	if (month == 2)
		return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

START_TEST(every_day_of_the_calendar)
{
	int year = 1, month = 1, mday = 1, weekday = 1;
	int y, m, d;

	for (int32_t day = -719162; day <= 2932896; day++) {
		day_to_civil(day, &y, &m, &d);
		if (y != year || m != month || d != mday || day_from_civil(y, m, d) != day ||
		    day_weekday(day) != weekday)
			ck_abort_msg("day %d is %d-%d-%d, weekday %d", day, year, month, mday, weekday);
		weekday = weekday % 7 + 1;
		if (mday++ < plain_month_length(year, month))
			continue;
		mday = 1;
		if (month++ < 12)
			continue;
		month = 1;
		year++;
	}
	ck_assert_int_eq(year, 10000);
}
END_TEST

START_TEST(random_days_of_all_32_bits)
{
	uint32_t random = 2463534242; /* xorshift32 (Marsaglia); the same days in every run */
	int y, m, d;

	for (int i = 0; i < 200000; i++) {
		int32_t day;

		random ^= random << 13;
		random ^= random >> 17;
		random ^= random << 5;
		day = (int32_t)(random >> 1) * (random & 1 ? -1 : 1);
		day_to_civil(day, &y, &m, &d);
		if (day_from_civil(y, m, d) != day || m < 1 || m > 12 || d < 1 ||
		    d > plain_month_length(y, m))
			ck_abort_msg("day %d is %d-%d-%d", day, y, m, d);
	}
}
END_TEST

static const char *const bad_days[] = {
	"",           "2026-1-01",   "2026-01-1",   "2026-13-01",  "2026-00-10",  "2026-04-31", "2026-01-00",
	"1900-02-29", "2100-02-29",  "2023-02-29",  "0000-01-01",  "10000-01-01", "-001-01-01", "2026/01/01",
	"20260101",   "2026-01-01 ", " 2026-01-01", "2026-01-01T", "2026-0a-01",  "+026-01-01", "2026-02-30",
};

START_TEST(refuses_bad_days)
{
	int32_t day = 77;

	ck_assert_msg(!day_parse(bad_days[_i], strlen(bad_days[_i]), &day), "%s", bad_days[_i]);
	ck_assert_int_eq(day, 77);
}
END_TEST

static const struct {
	const char *text;
	const char *utc;
	int64_t us;
} known_instants[] = {
	{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", 0},
	{"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z", -1},
	{"2026-01-01T10:00:00+01:00", "2026-01-01T09:00:00Z", INT64_C(1767258000000000)},
	{"2025-12-31T18:30:00-05:30", "2026-01-01T00:00:00Z", INT64_C(1767225600000000)},
	{"2026-01-01T09:00:00.5Z", "2026-01-01T09:00:00.500000Z", INT64_C(1767258000500000)},
	{"2026-01-01T09:00:00.123456789Z", "2026-01-01T09:00:00.123456Z", INT64_C(1767258000123456)},
	{"2026-01-01T09:00:00.000000999Z", "2026-01-01T09:00:00Z", INT64_C(1767258000000000)},
	{"1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z", -1},
	{"2024-02-29T23:59:59-00:00", "2024-02-29T23:59:59Z", INT64_C(1709251199000000)},
	{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", INT64_C(-62135596800000000)},
	{"0001-01-01T23:59:00+23:59", "0001-01-01T00:00:00Z", INT64_C(-62135596800000000)},
	{"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
};

START_TEST(known_instants_both_ways)
{
	char text[INSTANT_TEXT];
	int64_t us;

	ck_assert(instant_parse(known_instants[_i].text, strlen(known_instants[_i].text), &us));
	ck_assert_int_eq(us, known_instants[_i].us);
	instant_format(us, text);
	ck_assert_str_eq(text, known_instants[_i].utc);
}
END_TEST

static const char *const bad_instants[] = {
	"",
	"2026-01-01",
	"2026-01-01T09:00:00",
	"2026-01-01T09:00Z",
	"2026-01-01t09:00:00Z",
	"2026-01-01T09:00:00z",
	"2026-01-01 09:00:00Z",
	"2026-01-01T24:00:00Z",
	"2026-01-01T09:60:00Z",
	"2016-12-31T23:59:60Z",
	"2026-01-01T09:00:00.Z",
	"2026-01-01T09:00:00,5Z",
	"2026-01-01T09:00:00.1234567890Z",
	"2026-01-01T09:00:00+0100",
	"2026-01-01T09:00:00+01",
	"2026-01-01T09:00:00+24:00",
	"2026-01-01T09:00:00+01:60",
	"2026-01-01T09:00:00+01:00Z",
	"2026-01-01T09:00:00ZZ",
	"2026-01-01T09:00:00Z ",
	"2026-01-01T9:00:00Z",
	"2026-02-29T09:00:00Z",
	"0000-12-31T23:00:00-02:00",
	"0001-01-01T00:00:00+00:01",
	"9999-12-31T23:59:59-00:01",
	"2026-01-01T-1:00:00Z",
};

START_TEST(refuses_bad_instants)
{
	int64_t us = 77;

	ck_assert_msg(!instant_parse(bad_instants[_i], strlen(bad_instants[_i]), &us), "%s",
		      bad_instants[_i]);
	ck_assert_int_eq(us, 77);
}
END_TEST

START_TEST(reads_no_further_than_len)
{
	const char *text = "2026-01-01T09:00:00Z2026-01-01T09:00:00.5Z";
	int64_t us;
	int32_t day;

	ck_assert(instant_parse(text, 20, &us));
	ck_assert(day_parse(text, 10, &day));
	for (size_t len = 0; len < 20; len++) {
		/* A block that ends where the text does, so that AddressSanitizer sees a byte too many. */
		char *part = malloc(len + !len);

		memcpy(part, text, len);
		ck_assert(!instant_parse(part, len, &us));
		free(part);
	}
	ck_assert(!instant_parse("2026-01-01T09:00:00Z", 21, &us));
}
END_TEST

START_TEST(random_instants_come_back)
{
	uint64_t random = 88172645463325252u; /* xorshift64 */
	char text[INSTANT_TEXT], previous[INSTANT_TEXT] = "";
	int64_t us, back, last = 0;

	for (int i = 0; i < 100000; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		us = INT64_C(-62135596800000000) + (int64_t)(random % 315537897600000000u);
		instant_format(us, text);
		if (!instant_parse(text, strlen(text), &back) || back != us)
			ck_abort_msg("%s", text);
		/* Text and number sort alike, but that 'Z' comes after '.'. */
		if (us / 1000000 != last / 1000000 && i > 0 && (strcmp(previous, text) < 0) != (last < us))
			ck_abort_msg("%s, %s", previous, text);
		memcpy(previous, text, sizeof(text));
		last = us;
	}
}
END_TEST

START_TEST(years_without_a_form_are_clamped)
{
	char text[INSTANT_TEXT], day[DAY_TEXT];

	instant_format(INT64_MAX, text);
	ck_assert_str_eq(text, "9999-12-31T23:59:59.999999Z");
	instant_format(INT64_MIN, text);
	ck_assert_str_eq(text, "0001-01-01T00:00:00Z");
	day_format(INT32_MAX, day);
	ck_assert_str_eq(day, "9999-12-31");
	day_format(INT32_MIN, day);
	ck_assert_str_eq(day, "0001-01-01");
}
END_TEST

START_TEST(clocks_tick)
{
	int64_t ms = clock_monotonic_ms(), us = clock_monotonic_us();

	ck_assert_int_le(ms, us / 1000);
	ck_assert_int_lt(us / 1000 - ms, 60000);
	ck_assert_int_ge(clock_monotonic_us(), us);
	/* This test was written in 2026. */
	ck_assert_int_gt(clock_now_us(), known_instants[3].us);
}
END_TEST

Suite *time_suite(void)
{
	Suite *suite = suite_create("time");
	TCase *days = tcase_create("days"), *instants = tcase_create("instants");

	tcase_add_loop_test(days, known_days_both_ways, 0, COUNTOF(known_days));
	tcase_add_test(days, every_day_of_the_calendar);
	tcase_add_test(days, random_days_of_all_32_bits);
	tcase_add_loop_test(days, refuses_bad_days, 0, COUNTOF(bad_days));
	tcase_set_timeout(days, 60);
	suite_add_tcase(suite, days);
	tcase_add_loop_test(instants, known_instants_both_ways, 0, COUNTOF(known_instants));
	tcase_add_loop_test(instants, refuses_bad_instants, 0, COUNTOF(bad_instants));
	tcase_add_test(instants, reads_no_further_than_len);
	tcase_add_test(instants, random_instants_come_back);
	tcase_add_test(instants, years_without_a_form_are_clamped);
	tcase_add_test(instants, clocks_tick);
	tcase_set_timeout(instants, 60);
	suite_add_tcase(suite, instants);
	return suite;
}
