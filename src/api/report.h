/*
 * Reports: KPIs and NPS over a window of days.
 *
 * Two segments: the settings first, because the shop's calendar decides where the window and its buckets begin; then
 * everything that is counted, and the settings again, in one snapshot.
 *
 * A report asks each statement up to four questions ("cuts"): about its window, about the intervals of it, about its groups,
 * and about an earlier window. A table below is the answer to one: a row for each bucket or group, and a column for each
 * measure, matched by name. A statement takes $1 first days, $2 days after the last, then what it needs; it returns bucket,
 * key, measures, or, where there are many that are mostly 0, a list: bucket, key, measure, amount.
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
#include "flight.h"

enum report_cut {
	CUT_WHOLE,    /* the window */
	CUT_SERIES,   /* its buckets: ?interval */
	CUT_GROUPS,   /* its groups: ?group_by */
	CUT_PREVIOUS, /* an earlier window: ?compare */
	CUTS
};

/* Bits of cuts. */
enum { CUT_ALL = (1U << CUTS) - 1, CUT_GROUPED = 1U << CUT_GROUPS, CUT_UNGROUPED = CUT_ALL & ~CUT_GROUPED };

enum {
	REPORT_TABLES_MAX = FAMILY_COUNT,
	/* The settings, how to plan, and three that a plan may add; then every family for every cut. */
	REPORT_READS_MAX = 5 + CUTS * REPORT_TABLES_MAX,
	REPORT_COLUMNS_MAX = 32, /* the customers have 17 */
	TIME_ZONE_TEXT = 65,     /* the longest IANA name has 32 characters */
	/* A group is about 200 bytes of JSON for each KPI. Statements return one more, so that too many can be seen. */
	GROUPS_MAX = 1000,
	/* 51 KPIs x 1,000 points are 11 MB of JSON. */
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
	unsigned families; /* bits */
	size_t read;
	size_t columns;
	enum measure measure[REPORT_COLUMNS_MAX];
	/* Of a list: the measure of each row, and the first row of each bucket and behind the last. */
	enum measure *row_measure;
	size_t *start;
};

/* One cut: its parameters, and the statements that were asked. */
struct report_tables {
	bool asked;
	const char *dates[2];  /* $1 and $2 */
	const char *dimension; /* of those that group */
	char until[DAY_TEXT];  /* of those that look at it */
	size_t count;
	struct report_table table[REPORT_TABLES_MAX];
};

/* The groups of all tables together, by key, without a key last. */
struct report_groups {
	size_t count;
	const char *key[GROUPS_MAX];
	int row[REPORT_TABLES_MAX][GROUPS_MAX]; /* -1: this table does not have it */
};

struct report;
/* Adds its reads with report_read(); false: there is no room for them. */
typedef bool report_plan_fn(struct report *r);
/* Answers the call. */
typedef void report_answer_fn(struct report *r, const struct db_answer *answer);

struct report {
	struct api *api;
	struct call *call;
	report_plan_fn *plan;
	report_answer_fn *answer;
	void *cls; /* of the plan and the answer */
	size_t buckets_max;

	bool every_kpi;        /* the dashboard */
	const struct kpi *kpi; /* NULL: all of them, or none */
	unsigned families;     /* bits of those that it reads without a KPI */
	const struct kpi_terms *terms;
	struct figure lifetime_months;

	struct report_shop shop;
	struct window window, previous;
	int32_t until;
	enum interval interval;
	enum dimension dimension;
	enum earlier compare;
	size_t bucket_count; /* 0 without an interval */
	struct window bucket[BUCKETS_MAX];

	struct report_tables cut[CUTS];
	struct report_groups groups;
	struct fresh fresh;
	struct flight flight;               /* of report_share */
	size_t discovery_read, survey_read; /* discovery.c; 0: not read */
	struct segment segment;
	struct segment_read read[REPORT_READS_MAX];
};

/* Reads interval, group_by and compare; NULL: answered. */
struct report *report_new(struct api *api, struct call *call) NODISCARD;
/* Reads the settings; from then on the report runs by itself and ends itself. Set before: what describes the report.
 * Takes r. */
void report_start(struct report *r);
/* The same for one whose handler began with flight_wait: it is shared with those who ask for the same, who have its answer
 * already are told so, and flight.etag is set before it answers. Until then r->call may change, so nothing may be kept of it. */
void report_share(struct report *r);
/* Ends a report that was not started, or that answered on its own. */
void report_free(struct report *r);

/* In a plan: another window than that of the parameters, alone. false: there is no room for it. */
bool report_set_window(struct report *r, struct window window) NODISCARD;

/* --- report_tables.c --------------------------------------------------------------------------- */

/* Room for a read that is no table; NULL: there is none left. */
struct segment_read *report_slot(struct report *r) NODISCARD;
/* Adds a statement for each of these cuts (bits) that is asked, except groups when the family has no such dimension. It takes
 * $3 what to group by (NULL: not), and args from $4 on. */
bool report_read(struct report *r, unsigned cuts, enum family family, enum query query, size_t arg_count,
		 const char *const *args) NODISCARD;
/* Adds the statements that these measures need in these cuts. */
bool report_measures(struct report *r, unsigned cuts, const struct measure_set *wanted) NODISCARD;
/* Finds columns and groups. false: answered. */
bool report_find(struct report *r, const struct db_answer *answer) NODISCARD;
/* Measures of bucket n, of group n, or of the whole (n is 0). false: the statement and the measures do not fit together. */
bool report_facts(const struct report *r, const struct db_answer *answer, enum report_cut cut, size_t n,
		  struct measures *ret) NODISCARD;
/* Group n is one that any of these families (bits) has. */
bool report_has_group(const struct report *r, size_t n, unsigned families);

/* --- shared with other reports ------------------------------------------------------------------- */

/* Answers 400 for one query parameter. */
void refuse_parameter(struct call *call, const char *name, const char *code, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* Answers 500: the database answered what no measure can be. */
void refuse_measures(struct call *call);
/* The settings as the n-th read has them (settings_get.sql). */
bool report_shop_read(const struct db_answer *answer, size_t read, struct report_shop *ret) NODISCARD;
/* A day parameter; false: absent. The contract has checked its form. */
bool report_day(const struct call *call, const char *name, int32_t *ret) NODISCARD;
bool wants_csv(const struct call *call);

#endif
