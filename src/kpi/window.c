/*
 * Calendar periods. Each kind of period is a function that finds its first day.
 */
#include "ciclo/kpi/window.h"

#include <string.h>

#include "ciclo/base/time.h"

static const char *const interval_names[INTERVAL_NONE] = {
	[INTERVAL_DAY] = "day",         [INTERVAL_WEEK] = "week", [INTERVAL_MONTH] = "month",
	[INTERVAL_QUARTER] = "quarter", [INTERVAL_YEAR] = "year",
};

/* Months of one period; 0: not made of months. */
static const int interval_months[INTERVAL_NONE] = {
	[INTERVAL_MONTH] = 1,
	[INTERVAL_QUARTER] = 3,
	[INTERVAL_YEAR] = 12,
};

static const char *const earlier_names[EARLIER_NONE] = {
	[EARLIER_PERIOD] = "previous_period",
	[EARLIER_YEAR] = "previous_year",
};

enum interval interval_parse(const char *text)
{
	for (int i = 0; text && i < INTERVAL_NONE; i++) {
		if (strcmp(text, interval_names[i]) == 0)
			return (enum interval)i;
	}
	return INTERVAL_NONE;
}

/* First day of a month counted from January of year 0. */
static int32_t month_start(int month)
{
	return day_from_civil(month / 12, month % 12 + 1, 1);
}

/* The month, counted likewise, in which the period of day begins. */
static int period_month(int32_t day, int months)
{
	int year, month, mday;

	day_to_civil(day, &year, &month, &mday);
	return year * 12 + (month - 1) / months * months;
}

int32_t period_start(int32_t day, enum interval interval, enum week_start week)
{
	int months = interval_months[interval];

	if (months)
		return month_start(period_month(day, months));
	return interval == INTERVAL_WEEK ? day - (day_weekday(day) - (int)week + 7) % 7 : day;
}

int32_t period_next(int32_t day, enum interval interval, enum week_start week)
{
	int months = interval_months[interval];

	if (months)
		return month_start(period_month(day, months) + months);
	return period_start(day, interval, week) + (interval == INTERVAL_WEEK ? 7 : 1);
}

bool window_cut(struct window w, enum interval interval, enum week_start week, struct window ret[BUCKETS_MAX],
		size_t *ret_count)
{
	size_t count = 0;

	for (int32_t from = w.from; from < w.to; count++) {
		int32_t next = period_next(from, interval, week);

		if (count == BUCKETS_MAX)
			return false;
		ret[count] = (struct window){.from = from, .to = next < w.to ? next : w.to};
		from = next;
	}
	*ret_count = count;
	return true;
}

enum earlier earlier_parse(const char *text)
{
	for (int i = 0; text && i < EARLIER_NONE; i++) {
		if (strcmp(text, earlier_names[i]) == 0)
			return (enum earlier)i;
	}
	return EARLIER_NONE;
}

static int32_t day_year_before(int32_t day)
{
	int year, month, mday;
	bool leap_day;

	day_to_civil(day, &year, &month, &mday);
	leap_day = month == 2 && mday == 29;
	return day_from_civil(year - 1, month, leap_day ? mday - 1 : mday);
}

int32_t day_earlier(int32_t day, struct window w, enum earlier how)
{
	return how == EARLIER_YEAR ? day_year_before(day) : day - (w.to - w.from);
}

struct window window_earlier(struct window w, enum earlier how)
{
	struct window before = {.from = day_earlier(w.from, w, how), .to = day_earlier(w.to, w, how)};

	if (before.to == before.from)
		before.to++;
	return before;
}

struct ratio window_months(struct window w)
{
	struct ratio sum = ratio_make(0, 1);

	for (int32_t from = w.from; from < w.to;) {
		int32_t first = period_start(from, INTERVAL_MONTH, WEEK_STARTS_MONDAY);
		int32_t next = period_next(from, INTERVAL_MONTH, WEEK_STARTS_MONDAY);
		int32_t to = next < w.to ? next : w.to;

		/* Denominators divide 28 * 29 * 30 * 31, and a date has at most 9,999 years: it fits. */
		if (!ratio_add(sum, ratio_make(to - from, next - first), &sum))
			return ratio_make(0, 1);
		from = to;
	}
	return sum;
}
