#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ciclo/base/buf.h"
#include "handlers.h"

/* They read what is derived, which is brought up to the facts first; the others read the facts. */
static const unsigned families_derived = ~(1U << FAMILY_MARKETING | 1U << FAMILY_SOCIAL);
/* Their statements compare with now(); report_clock.sql must know all that they compare. */
enum { FAMILIES_TIMED = 1U << FAMILY_CARTS | 1U << FAMILY_PROGRAMS };
/* Their statements take `until`. */
enum { FAMILIES_UNTIL = 1U << FAMILY_VALUE | 1U << FAMILY_COSTS };

bool wants_csv(const struct call *call)
{
	return strcmp(call_answer_type(call), "text/csv") == 0;
}

void refuse_parameter(struct call *call, const char *name, const char *code, const char *fmt, ...)
{
	struct violations v = {0};
	char detail[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
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
	size_t cuts;

	if (!r) {
		call_out_of_memory(call);
		return NULL;
	}
	r->api = api;
	r->call = call;
	r->buckets_max = BUCKETS_MAX;
	r->interval = interval_parse(call_param(call, "interval"));
	r->dimension = dimension_parse(call_param(call, "group_by"));
	r->compare = earlier_parse(call_param(call, "compare"));
	r->cut[CUT_WHOLE].asked = true;
	r->cut[CUT_SERIES].asked = r->interval != INTERVAL_NONE;
	r->cut[CUT_GROUPS].asked = r->dimension != DIMENSION_NONE;
	r->cut[CUT_PREVIOUS].asked = r->compare != EARLIER_NONE;
	cuts = (size_t)r->cut[CUT_SERIES].asked + r->cut[CUT_GROUPS].asked + r->cut[CUT_PREVIOUS].asked;
	if (!wants_csv(call) || cuts <= 1)
		return r;
	refuse_parameter(call, r->cut[CUT_GROUPS].asked ? "group_by" : "compare", "csv",
			 "a table has room for one of interval, group_by and compare");
	report_free(r);
	return NULL;
}

void report_free(struct report *r)
{
	flight_land(&r->flight);
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

static bool find_previous(struct report *r)
{
	if (r->compare == EARLIER_NONE)
		return true;
	r->previous = window_earlier(r->window, r->compare);
	if (r->previous.from >= day_from_civil(1, 1, 1))
		return true;
	refuse_parameter(r->call, "compare", "window", "the earlier window begins before the year 1");
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

/* An earlier window has an earlier `until`, so that both had the same time. */
static int32_t until_of(const struct report *r, enum report_cut cut)
{
	int32_t first = day_from_civil(1, 1, 1);
	int32_t until = cut == CUT_PREVIOUS ? day_earlier(r->until, r->window, r->compare) : r->until;

	return until < first ? first : until;
}

/* The parameters of every cut that was asked for; false when memory is out. */
static bool write_cuts(struct report *r)
{
	const struct {
		const struct window *windows;
		size_t count;
	} source[CUTS] = {[CUT_WHOLE] = {&r->window, 1},
			  [CUT_SERIES] = {r->bucket, r->bucket_count},
			  [CUT_GROUPS] = {&r->window, 1},
			  [CUT_PREVIOUS] = {&r->previous, 1}};

	for (enum report_cut c = 0; c < CUTS; c++) {
		struct report_tables *cut = &r->cut[c];

		if (!cut->asked)
			continue;
		for (size_t end = 0; end < 2; end++) {
			cut->dates[end] = dates_text(r, source[c].windows, source[c].count, end);
			if (!cut->dates[end])
				return false;
		}
		if (c == CUT_GROUPS)
			cut->dimension = dimension_name(r->dimension);
		day_format(until_of(r, c), cut->until);
	}
	return true;
}

/* ---- the two segments ---- */

static void on_report(void *cls, const struct db_answer *answer)
{
	struct report *r = cls;

	if (db_status(answer) != DB_OK)
		call_db_problem(r->call, answer);
	else if (!report_shop_read(answer, 0, &r->shop))
		refuse_measures(r->call);
	else if (report_find(r, answer)) {
		if (r->flight.api)
			flight_tag(&r->flight, answer, 0);
		r->answer(r, answer);
	}
	report_free(r);
}

static void begin_segment(struct report *r, enum lane lane, db_done_fn *done)
{
	r->read[0] = (struct segment_read){.query = r->flight.api ? Q_REPORT_STATE : Q_SETTINGS_GET};
	r->segment = (struct segment){
		.lane = lane,
		.read_count = 1,
		.wide = r->read,
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
	if (!resolve_window(r) || !cut_window(r) || !find_previous(r)) {
		report_free(r);
		return;
	}
	begin_segment(r, LANE_REPORT, on_report);
	if (!write_cuts(r) || !r->plan(r)) {
		call_problem(r->call, PROBLEM_internal_error, NULL, "no room for what this report asks");
		report_free(r);
		return;
	}
	if (r->flight.api)
		flight_submit(&r->flight, &r->segment);
	else
		db_submit(r->api->db, &r->segment);
}

bool report_set_window(struct report *r, struct window window)
{
	r->window = window;
	r->bucket_count = 0;
	r->cut[CUT_SERIES].asked = false;
	return write_cuts(r);
}

static void on_fresh(void *cls, const struct db_answer *failure)
{
	struct report *r = cls;

	if (failure) {
		call_db_problem(r->call, failure);
		report_free(r);
		return;
	}
	begin_segment(r, LANE_READ, on_settings);
	db_submit(r->api->db, &r->segment);
}

/* Bits of the families that it reads. */
static unsigned families_of(const struct report *r)
{
	if (r->every_kpi)
		return ~0U;
	return r->kpi ? kpi_families(r->kpi, r->terms) : r->families;
}

static unsigned depends_of(const struct report *r)
{
	unsigned families = families_of(r), depends = 0;

	if (!call_param(r->call, "from") || !call_param(r->call, "to") ||
	    (families & FAMILIES_UNTIL && !call_param(r->call, "until")))
		depends |= DEPENDS_TODAY;
	if (families & families_derived)
		depends |= DEPENDS_DERIVED;
	if (families & FAMILIES_TIMED)
		depends |= DEPENDS_TIME;
	return depends;
}

static void on_ready(void *cls, struct call *call, const struct db_answer *answer)
{
	struct report *r = cls;

	r->call = call;
	if (call)
		on_settings(r, answer);
	else
		report_free(r);
}

void report_share(struct report *r)
{
	if (!flight_begin(&r->flight, r->api, r->call, depends_of(r), on_ready, r))
		report_free(r);
}

void report_start(struct report *r)
{
	fresh_start(&r->fresh, r->api->db, call_deadline_ms(r->call), false, on_fresh, r);
}
