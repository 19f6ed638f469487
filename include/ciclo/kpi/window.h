/*
 * Windows of whole days [from, to) and their cut into calendar periods. Days are the shop's; nothing here
 * knows of time zones.
 */
#ifndef CICLO_KPI_WINDOW_H
#define CICLO_KPI_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"
#include "ciclo/base/decimal.h"

enum {
	/* 27 years of days; a point is about 200 bytes of JSON. */
	BUCKETS_MAX = 10000,
	/* "the last 30 days with today" */
	WINDOW_DAYS_DEFAULT = 30
};

enum interval { INTERVAL_DAY, INTERVAL_WEEK, INTERVAL_MONTH, INTERVAL_QUARTER, INTERVAL_YEAR, INTERVAL_NONE };

/* ISO 8601 numbers of the days that a week may begin with. */
enum week_start { WEEK_STARTS_MONDAY = 1, WEEK_STARTS_SUNDAY = 7 };

/* Half-open: from < to. */
struct window {
	int32_t from, to;
};

/* What a window is compared with. */
enum earlier {
	EARLIER_PERIOD, /* the window of the same length right before it */
	EARLIER_YEAR,   /* the same dates one calendar year before */
	EARLIER_NONE
};

/* "day" ... "year"; INTERVAL_NONE for NULL and anything else. */
enum interval interval_parse(const char *text);
/* First day of the calendar period that day lies in. */
int32_t period_start(int32_t day, enum interval interval, enum week_start week);
/* First day of the period after the one that day lies in. */
int32_t period_next(int32_t day, enum interval interval, enum week_start week);

/* Cuts w at the calendar's borders, so that the first and the last bucket may be shorter. false: more than
 * BUCKETS_MAX; *ret_count untouched. interval is not INTERVAL_NONE. */
bool window_cut(struct window w, enum interval interval, enum week_start week, struct window ret[BUCKETS_MAX],
		size_t *ret_count) NODISCARD;

/* "previous_period", "previous_year"; EARLIER_NONE for NULL and anything else. */
enum earlier earlier_parse(const char *text);
/* The day that corresponds to `day` in the window that w is compared with; 28 February for a 29th. how is not
 * EARLIER_NONE. */
int32_t day_earlier(int32_t day, struct window w, enum earlier how);
/* The window that w is compared with; one day when nothing else is left of it (28 February up to the 29th). */
struct window window_earlier(struct window w, enum earlier how);

/* Length in months: for each calendar month, the share of its days that w covers. A calendar year is 12. */
struct ratio window_months(struct window w);

#endif
