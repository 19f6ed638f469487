/*
 * Clocks, instants and days.
 *
 * An instant is a count of microseconds since 1970-01-01T00:00:00Z; a day is a
 * count of days since 1970-01-01 in the proleptic Gregorian calendar. Time zones
 * are PostgreSQL's business alone (sql/), so nothing here knows of them.
 */
#ifndef CICLO_BASE_TIME_H
#define CICLO_BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/base/attr.h"

enum {
	INSTANT_TEXT = 28, /* "2026-01-01T09:00:00.123456Z" and NUL */
	DAY_TEXT = 11      /* "2026-01-01" and NUL */
};

/* Wall clock, microseconds; may step. */
int64_t clock_now_us(void);
/* Never steps; milliseconds since an arbitrary start. For every timeout. */
int64_t clock_monotonic_ms(void);
/* As above in microseconds, for durations in logs. */
int64_t clock_monotonic_us(void);

/*
 * RFC 3339 date-time with an offset ("Z" or "+01:00"; T and Z in upper case), years 1 to 9999,
 * up to 9 digits of fraction cut to microseconds. A leap second (":60") is refused: PostgreSQL
 * would move it to the next minute. false leaves *ret untouched.
 */
bool instant_parse(const char *text, size_t len, int64_t *ret) NODISCARD;
/* UTC; no fraction when it is zero, else six digits: the form of sql function rfc3339(). */
void instant_format(int64_t us, char out[INSTANT_TEXT]);

/* "YYYY-MM-DD", years 1 to 9999, calendar-checked. */
bool day_parse(const char *text, size_t len, int32_t *ret) NODISCARD;
void day_format(int32_t day, char out[DAY_TEXT]);
/* Calendar arithmetic: month is 1..12, mday 1..31. */
int32_t day_from_civil(int year, int month, int mday);
void day_to_civil(int32_t day, int *ret_year, int *ret_month, int *ret_mday);
/* 1 = Monday ... 7 = Sunday (ISO 8601). */
int day_weekday(int32_t day);

#endif
