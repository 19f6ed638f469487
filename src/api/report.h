/*
 * Reports: KPIs and NPS over a window of days.
 *
 * Two segments: the settings first, because the shop's calendar decides where the window and its buckets begin; then
 * everything that is counted, and the settings again, in one snapshot. A table below is one statement that returns a
 * row for each bucket and a column for each measure, matched by name.
 */
#ifndef CICLO_SRC_API_REPORT_H
#define CICLO_SRC_API_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ciclo/api/api.h"
#include "ciclo/base/attr.h"
#include "ciclo/base/time.h"
#include "ciclo/kpi/kpi.h"

enum {
	REPORT_TABLES_MAX = FAMILY_COUNT,
	REPORT_COLUMNS_MAX = 24, /* the surveys have 16 */
	TIME_ZONE_TEXT = 65,     /* the longest IANA name has 32 characters */
	/* 34 KPIs x 1,000 points are 7 MB of JSON. */
	DASHBOARD_BUCKETS_MAX = 1000,
	/* As openapi.yaml says of all CSV. */
	CSV_TEXT_MAX = 16 << 20
};

/* The calendar and the money that a report is in, as the snapshot has them. */
struct report_shop {
	char base_currency[4];
	char time_zone[TIME_ZONE_TEXT];
	char as_of[INSTANT_TEXT];
	int32_t today;
	enum week_start week;
	struct ratio declared_margin;
};

/* Where the measures of one statement are in the answer. */
struct report_table {
	size_t read;
	size_t columns;
	enum measure measure[REPORT_COLUMNS_MAX];
};

/* The same tables over the whole window (one bucket) or over its intervals. */
struct report_tables {
	size_t count;
	struct report_table table[REPORT_TABLES_MAX];
};

struct report;
/* Adds its reads with report_read(); false after it answered the call. */
typedef bool report_plan_fn(struct report *r);
/* Answers the call. */
typedef void report_answer_fn(struct report *r, const struct db_answer *answer);

struct report {
	struct api *api;
	struct call *call;
	report_plan_fn *plan;
	report_answer_fn *answer;
	size_t buckets_max;

	const struct kpi *kpi; /* NULL: all of them */
	const struct kpi_terms *terms;
	struct figure lifetime_months;

	struct report_shop shop;
	struct window window;
	int32_t until;
	enum interval interval;
	size_t bucket_count; /* 0 without an interval */
	struct window bucket[BUCKETS_MAX];

	char until_text[DAY_TEXT];
	const char *dates[2][2]; /* parameters $1 and $2 of every table: of the window, of its intervals */
	struct report_tables whole, series;
	struct segment segment;
};

/* Reads the parameters, then the settings; from then on the report runs by itself and ends itself. Set before:
 * what describes the report. Takes r (malloc'd). */
void report_start(struct report *r);
/* Ends a report that was not started, or that answered on its own. */
void report_free(struct report *r);
struct report *report_new(struct api *api, struct call *call) NODISCARD;

/* Adds a statement, and once more for the series if there is one. Its parameters are the dates, then args. */
void report_read(struct report *r, enum query query, size_t arg_count, const char *const *args);
/* Adds the statements of these families (bits). */
void report_families(struct report *r, unsigned families);
/* Measures of one bucket. false: the statement and the measures do not fit together. */
bool report_facts(const struct db_answer *answer, const struct report_tables *tables, size_t bucket,
		  struct measures *ret) NODISCARD;

/* Answers 400 for one query parameter. */
void refuse_parameter(struct call *call, const char *name, const char *code, const char *detail);
/* Answers 500: the database answered what no measure can be. */
void refuse_measures(struct call *call);
/* The settings as the n-th read has them (settings_get.sql). */
bool report_shop_read(const struct db_answer *answer, size_t read, struct report_shop *ret) NODISCARD;
/* A day parameter; false: absent. The contract has checked its form. */
bool report_day(const struct call *call, const char *name, int32_t *ret) NODISCARD;
bool wants_csv(const struct call *call);

#endif
