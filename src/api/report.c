#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "ciclo/base/buf.h"
#include "handlers.h"

enum { DATES_WHOLE, DATES_SERIES };

/* Statements with the last day that counts as a third parameter. */
enum { FAMILIES_WITH_UNTIL = 1U << FAMILY_VALUE };

static const enum query family_query[FAMILY_COUNT] = {
	[FAMILY_ORDERS] = Q_KPI_ORDERS,       [FAMILY_CUSTOMERS] = Q_KPI_CUSTOMERS,
	[FAMILY_MARKETING] = Q_KPI_MARKETING, [FAMILY_SURVEYS] = Q_KPI_SURVEYS,
	[FAMILY_VALUE] = Q_KPI_VALUE,
};

bool wants_csv(const struct call *call)
{
	return strcmp(call_answer_type(call), "text/csv") == 0;
}

void refuse_parameter(struct call *call, const char *name, const char *code, const char *detail)
{
	struct violations v = {0};

	violation_add(&v, IN_QUERY, name, code, "%s", detail);
	call_problem(call, PROBLEM_invalid_parameter, &v, "%s: %s", name, detail);
	violations_release(&v);
}

void refuse_measures(struct call *call)
{
	call_problem(call, PROBLEM_internal_error, NULL,
		     "the database does not answer as this version of the program expects");
}

bool report_day(const struct call *call, const char *name, int32_t *ret)
{
	const char *text = call_param(call, name);

	return text && day_parse(text, strlen(text), ret);
}

struct report *report_new(struct api *api, struct call *call)
{
	struct report *r = calloc(1, sizeof(*r));

	if (!r) {
		call_problem(call, PROBLEM_internal_error, NULL, "out of memory");
		return NULL;
	}
	r->api = api;
	r->call = call;
	r->buckets_max = BUCKETS_MAX;
	r->interval = interval_parse(call_param(call, "interval"));
	return r;
}

void report_free(struct report *r)
{
	free(r);
}

/* ---- settings ---- */

static bool copy_text(char *ret, size_t size, const char *text)
{
	if (!text || strlen(text) >= size)
		return false;
	memcpy(ret, text, strlen(text) + 1);
	return true;
}

static const char *named_cell(const struct db_answer *answer, size_t read, const char *name)
{
	for (size_t column = 0; column < db_columns(answer, read); column++) {
		if (strcmp(db_column_name(answer, read, column), name) == 0)
			return db_cell(answer, read, 0, column);
	}
	return NULL;
}

bool report_shop_read(const struct db_answer *answer, size_t read, struct report_shop *ret)
{
	struct report_shop shop = {.week = WEEK_STARTS_MONDAY};
	const char *today, *week, *margin;

	if (db_rows(answer, read) != 1)
		return false;
	today = named_cell(answer, read, "today");
	week = named_cell(answer, read, "week_start");
	margin = named_cell(answer, read, "default_gross_margin");
	if (!copy_text(shop.base_currency, sizeof(shop.base_currency),
		       named_cell(answer, read, "base_currency")) ||
	    !copy_text(shop.time_zone, sizeof(shop.time_zone), named_cell(answer, read, "time_zone")) ||
	    !copy_text(shop.as_of, sizeof(shop.as_of), named_cell(answer, read, "now")) || !today || !week ||
	    !margin || !day_parse(today, strlen(today), &shop.today) ||
	    !decimal_parse(margin, &shop.declared_margin))
		return false;
	if (strcmp(week, "sunday") == 0)
		shop.week = WEEK_STARTS_SUNDAY;
	*ret = shop;
	return true;
}

/* ---- window ---- */

/* "the last 30 days with today", from whichever end is given. */
static bool resolve_window(struct report *r)
{
	bool has_from = report_day(r->call, "from", &r->window.from);
	bool has_to = report_day(r->call, "to", &r->window.to);

	if (!has_to)
		r->window.to = r->shop.today + 1;
	if (!has_from)
		r->window.from = r->window.to - WINDOW_DAYS_DEFAULT;
	if (!report_day(r->call, "until", &r->until))
		r->until = r->shop.today;
	if (r->window.from < r->window.to)
		return true;
	refuse_parameter(r->call, has_from ? "from" : "to", "window", "the window [from, to) is empty");
	return false;
}

static bool cut_window(struct report *r)
{
	if (r->interval == INTERVAL_NONE)
		return true;
	if (window_cut(r->window, r->interval, r->shop.week, r->bucket, &r->bucket_count) &&
	    r->bucket_count <= r->buckets_max)
		return true;
	refuse_parameter(r->call, "interval", "maximum", "the window has too many of these intervals");
	return false;
}

/* {2026-01-01,2026-02-01}: the first days, or the days after the last. */
static const char *dates_text(struct report *r, const struct window *windows, size_t count, bool ends)
{
	struct buf text;
	char day[DAY_TEXT], *kept = NULL;

	buf_init(&text, (size_t)DAY_TEXT * BUCKETS_MAX + sizeof("{}"));
	for (size_t i = 0; i < count; i++) {
		day_format(ends ? windows[i].to : windows[i].from, day);
		buf_printf(&text, "%s%s", i ? "," : "{", day);
	}
	buf_adds(&text, "}");
	if (!text.failed)
		kept = arena_strndup(call_arena(r->call), text.data, text.len);
	buf_release(&text);
	return kept;
}

static bool write_dates(struct report *r)
{
	for (size_t end = 0; end < 2; end++) {
		r->dates[DATES_WHOLE][end] = dates_text(r, &r->window, 1, end);
		r->dates[DATES_SERIES][end] =
			r->bucket_count ? dates_text(r, r->bucket, r->bucket_count, end) : "{}";
	}
	day_format(r->until, r->until_text);
	for (size_t end = 0; end < 2; end++) {
		if (r->dates[DATES_WHOLE][end] && r->dates[DATES_SERIES][end])
			continue;
		call_problem(r->call, PROBLEM_internal_error, NULL, "out of memory");
		return false;
	}
	return true;
}

/* ---- statements ---- */

static void add_table(struct report *r, struct report_tables *tables, size_t dates, enum query query,
		      size_t arg_count, const char *const *args)
{
	struct segment_read *read = &r->segment.reads[r->segment.read_count];

	*read = (struct segment_read){.query = query, .arg_count = 2 + arg_count};
	memcpy(read->args, r->dates[dates], sizeof(r->dates[dates]));
	for (size_t i = 0; i < arg_count; i++)
		read->args[2 + i] = args[i];
	tables->table[tables->count++].read = r->segment.read_count++;
}

void report_read(struct report *r, enum query query, size_t arg_count, const char *const *args)
{
	add_table(r, &r->whole, DATES_WHOLE, query, arg_count, args);
	if (r->bucket_count)
		add_table(r, &r->series, DATES_SERIES, query, arg_count, args);
}

void report_families(struct report *r, unsigned families)
{
	const char *until = r->until_text;

	for (unsigned f = 0; f < FAMILY_COUNT; f++) {
		if (families & 1U << f)
			report_read(r, family_query[f], FAMILIES_WITH_UNTIL & 1U << f ? 1 : 0, &until);
	}
}

/* ---- measures ---- */

/* The first column is the number of the bucket; every other one is a measure. */
static bool read_columns(const struct db_answer *answer, struct report_table *table, size_t buckets)
{
	table->columns = db_columns(answer, table->read);
	if (table->columns > REPORT_COLUMNS_MAX || db_rows(answer, table->read) != buckets)
		return false;
	for (size_t column = 1; column < table->columns; column++) {
		table->measure[column] = measure_find(db_column_name(answer, table->read, column));
		if (table->measure[column] == MEASURE_NONE)
			return false;
	}
	return true;
}

static bool read_tables(struct report *r, const struct db_answer *answer)
{
	for (size_t t = 0; t < r->whole.count; t++) {
		if (!read_columns(answer, &r->whole.table[t], 1))
			return false;
	}
	for (size_t t = 0; t < r->series.count; t++) {
		if (!read_columns(answer, &r->series.table[t], r->bucket_count))
			return false;
	}
	return true;
}

bool report_facts(const struct db_answer *answer, const struct report_tables *tables, size_t bucket,
		  struct measures *ret)
{
	*ret = (struct measures){0};
	for (size_t t = 0; t < tables->count; t++) {
		const struct report_table *table = &tables->table[t];

		for (size_t column = 1; column < table->columns; column++) {
			const char *cell = db_cell(answer, table->read, bucket, column);

			if (!cell || !measure_parse(cell, &ret->of[table->measure[column]]))
				return false;
		}
	}
	return true;
}

/* ---- the two segments ---- */

static void on_report(void *cls, const struct db_answer *answer)
{
	struct report *r = cls;

	if (db_status(answer) != DB_OK)
		call_db_problem(r->call, answer);
	else if (!report_shop_read(answer, 0, &r->shop) || !read_tables(r, answer))
		refuse_measures(r->call);
	else
		r->answer(r, answer);
	report_free(r);
}

static void begin_segment(struct report *r, enum lane lane, db_done_fn *done)
{
	r->segment = (struct segment){
		.lane = lane,
		.read_count = 1,
		.reads = {{.query = Q_SETTINGS_GET}},
		.snapshot = lane == LANE_REPORT,
		.deadline_ms = call_deadline_ms(r->call),
		.done = done,
		.cls = r,
	};
}

static void on_settings(void *cls, const struct db_answer *answer)
{
	struct report *r = cls;

	if (db_status(answer) != DB_OK || !report_shop_read(answer, 0, &r->shop)) {
		call_db_problem(r->call, answer);
		report_free(r);
		return;
	}
	begin_segment(r, LANE_REPORT, on_report);
	if (!resolve_window(r) || !cut_window(r) || !write_dates(r) || !r->plan(r)) {
		report_free(r);
		return;
	}
	db_submit(r->api->db, &r->segment);
}

void report_start(struct report *r)
{
	begin_segment(r, LANE_READ, on_settings);
	db_submit(r->api->db, &r->segment);
}
