/* Windows of days: cuts at the calendar's borders, leap years, exact months. */
#include "suites.h"

#include "ciclo/base/time.h"

static int32_t day(const char *text)
{
	int32_t result = 0;

	ck_assert_msg(day_parse(text, strlen(text), &result), "%s", text);
	return result;
}

static struct window span(const char *from, const char *to)
{
	return (struct window){.from = day(from), .to = day(to)};
}

struct cut_case {
	const char *from, *to;
	enum interval interval;
	enum week_start week;
	size_t count;
	const char *second; /* first day of the second bucket */
	const char *last;   /* first day of the last bucket */
};

static const struct cut_case cuts[] = {
	{"2026-01-01", "2026-01-31", INTERVAL_DAY, WEEK_STARTS_MONDAY, 30, "2026-01-02", "2026-01-30"},
	/* 2026-01-01 is a Thursday. */
	{"2026-01-01", "2026-01-13", INTERVAL_WEEK, WEEK_STARTS_MONDAY, 3, "2026-01-05", "2026-01-12"},
	{"2026-01-01", "2026-01-13", INTERVAL_WEEK, WEEK_STARTS_SUNDAY, 3, "2026-01-04", "2026-01-11"},
	{"2026-01-04", "2026-01-18", INTERVAL_WEEK, WEEK_STARTS_SUNDAY, 2, "2026-01-11", "2026-01-11"},
	{"2024-01-31", "2024-03-02", INTERVAL_MONTH, WEEK_STARTS_MONDAY, 3, "2024-02-01", "2024-03-01"},
	{"2025-12-01", "2026-02-01", INTERVAL_MONTH, WEEK_STARTS_MONDAY, 2, "2026-01-01", "2026-01-01"},
	{"2025-11-15", "2026-04-02", INTERVAL_QUARTER, WEEK_STARTS_MONDAY, 3, "2026-01-01", "2026-04-01"},
	{"2024-02-29", "2026-01-02", INTERVAL_YEAR, WEEK_STARTS_MONDAY, 3, "2025-01-01", "2026-01-01"},
	{"1969-12-30", "1970-01-02", INTERVAL_WEEK, WEEK_STARTS_MONDAY, 1, NULL, "1969-12-30"},
};

START_TEST(cut_at_the_borders)
{
	const struct cut_case *c = &cuts[_i];
	static struct window got[BUCKETS_MAX];
	struct window w = span(c->from, c->to);
	size_t count = 0;

	ck_assert(window_cut(w, c->interval, c->week, got, &count));
	ck_assert_uint_eq(count, c->count);
	ck_assert_int_eq(got[0].from, w.from);
	ck_assert_int_eq(got[count - 1].to, w.to);
	for (size_t i = 1; i < count; i++)
		ck_assert_int_eq(got[i].from, got[i - 1].to);
	if (c->second)
		ck_assert_int_eq(got[1].from, day(c->second));
	ck_assert_int_eq(got[count - 1].from, day(c->last));
}
END_TEST

START_TEST(too_many_buckets)
{
	static struct window got[BUCKETS_MAX];
	struct window w = span("2000-01-01", "2027-05-19");
	size_t count = 7;

	ck_assert_int_eq(w.to - w.from, BUCKETS_MAX);
	ck_assert(window_cut(w, INTERVAL_DAY, WEEK_STARTS_MONDAY, got, &count));
	ck_assert_uint_eq(count, BUCKETS_MAX);
	w.to++;
	ck_assert(!window_cut(w, INTERVAL_DAY, WEEK_STARTS_MONDAY, got, &count));
	ck_assert_uint_eq(count, BUCKETS_MAX);
}
END_TEST

static const struct {
	const char *from, *to;
	int64_t num, den;
} months[] = {
	{"2026-01-01", "2027-01-01", 12, 1},
	{"2024-01-01", "2025-01-01", 12, 1},
	{"2024-02-01", "2024-03-01", 1, 1},
	{"2024-02-01", "2024-02-29", 28, 29},
	{"2026-01-16", "2026-03-01", 47, 31},
	{"2025-12-31", "2026-01-02", 2, 31},
	{"2026-02-14", "2026-03-16", 15 * 31 + 15 * 28, 28 * 31},
};

START_TEST(months_are_exact)
{
	struct ratio got = window_months(span(months[_i].from, months[_i].to));
	struct ratio want = ratio_make(months[_i].num, months[_i].den);

	ck_assert_int_eq((int64_t)got.num, (int64_t)want.num);
	ck_assert_int_eq((int64_t)got.den, (int64_t)want.den);
}
END_TEST

START_TEST(longest_window_has_months)
{
	struct window w = span("0001-01-01", "9999-12-01");
	int64_t whole = 0;

	ck_assert(ratio_round(window_months(w), &whole));
	ck_assert_int_eq(whole, 9999 * 12 - 1);
}
END_TEST

START_TEST(names)
{
	ck_assert_int_eq(interval_parse("day"), INTERVAL_DAY);
	ck_assert_int_eq(interval_parse("quarter"), INTERVAL_QUARTER);
	ck_assert_int_eq(interval_parse("years"), INTERVAL_NONE);
	ck_assert_int_eq(interval_parse(NULL), INTERVAL_NONE);
}
END_TEST

Suite *window_suite(void)
{
	Suite *suite = suite_create("window");
	TCase *tests = tcase_create("window");

	tcase_add_loop_test(tests, cut_at_the_borders, 0, COUNTOF(cuts));
	tcase_add_test(tests, too_many_buckets);
	tcase_add_loop_test(tests, months_are_exact, 0, COUNTOF(months));
	tcase_add_test(tests, longest_window_has_months);
	tcase_add_test(tests, names);
	suite_add_tcase(suite, tests);
	return suite;
}
