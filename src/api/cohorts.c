/*
 * /v1/cohorts: customers by the calendar period of their first order, and what became of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "kpi_render.h"

enum {
	/* About 80 bytes of JSON each; three years of weeks are 12,400 cells, six are 49,000. */
	CELLS_MAX = 50000,
	READ_STATE = 0,
	READ_CELLS = 1
};

/* Columns of cohorts_get.sql, in order. */
enum column {
	COLUMN_COHORT,
	COLUMN_COHORT_CUSTOMERS,
	COLUMN_INDEX,
	COLUMN_CUSTOMERS,
	COLUMN_SALES,
	COLUMN_COMPLETE
};

static const char csv_header[] = "cohort,index,customers,retention,sales,complete";

struct cohorts {
	struct call *call;
	struct flight flight;
	struct report_shop shop;
	struct segment segment;
};

/* One period of one cohort. */
struct cell {
	const char *cohort;
	int128 cohort_customers, index, customers, sales;
	bool complete;
};

static bool read_cell(const struct db_answer *answer, size_t row, struct cell *ret)
{
	const struct {
		enum column column;
		int128 *value;
	} numbers[] = {{COLUMN_COHORT_CUSTOMERS, &ret->cohort_customers},
		       {COLUMN_INDEX, &ret->index},
		       {COLUMN_CUSTOMERS, &ret->customers},
		       {COLUMN_SALES, &ret->sales}};

	for (size_t i = 0; i < COUNTOF(numbers); i++) {
		const char *text = db_cell(answer, READ_CELLS, row, numbers[i].column);

		if (!text || !measure_parse(text, numbers[i].value))
			return false;
	}
	ret->cohort = db_cell(answer, READ_CELLS, row, COLUMN_COHORT);
	ret->complete = strcmp(db_cell(answer, READ_CELLS, row, COLUMN_COMPLETE), "t") == 0;
	return true;
}

static struct figure retention(const struct cell *cell)
{
	return figure_share(cell->customers, cell->cohort_customers);
}

static json_t *period_json(const struct cell *cell)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "index", figure_json(figure_of(cell->index), 0));
	json_object_set_new(doc, "customers", figure_json(figure_of(cell->customers), 0));
	json_object_set_new(doc, "retention", figure_json(retention(cell), SHARE_PLACES));
	json_object_set_new(doc, "sales", figure_json(figure_of(cell->sales), 0));
	json_object_set_new(doc, "complete", json_boolean(cell->complete));
	return doc;
}

static json_t *cohort_json(const struct cell *cell, json_t *periods)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "cohort", json_string(cell->cohort));
	json_object_set_new(doc, "customers", figure_json(figure_of(cell->cohort_customers), 0));
	json_object_set_new(doc, "periods", periods);
	return doc;
}

/* Rows come by cohort, then by period, which begins with index 0. */
static bool fill_json(const struct db_answer *answer, json_t *cohorts)
{
	json_t *periods = NULL;
	struct cell cell;

	for (size_t row = 0; row < db_rows(answer, READ_CELLS); row++) {
		if (!read_cell(answer, row, &cell))
			return false;
		if (cell.index == 0) {
			periods = json_array();
			json_array_append_new(cohorts, cohort_json(&cell, periods));
		}
		json_array_append_new(periods, period_json(&cell));
	}
	return true;
}

static bool fill_csv(const struct db_answer *answer, struct csv *csv)
{
	struct cell cell;

	for (size_t row = 0; row < db_rows(answer, READ_CELLS); row++) {
		if (!read_cell(answer, row, &cell))
			return false;
		csv_text(csv, cell.cohort);
		csv_figure(csv, figure_of(cell.index), 0);
		csv_figure(csv, figure_of(cell.customers), 0);
		csv_figure(csv, retention(&cell), SHARE_PLACES);
		csv_figure(csv, figure_of(cell.sales), 0);
		csv_text(csv, cell.complete ? "true" : "false");
		csv_end(csv);
	}
	return true;
}

static json_t *param_json(const struct call *call, const char *name)
{
	const char *value = call_param(call, name);

	return value ? json_string(value) : json_null();
}

static void answer_json(const struct cohorts *c, const struct db_answer *answer)
{
	json_t *doc = json_object(), *cohorts = json_array();

	json_object_set_new(doc, "from", param_json(c->call, "from"));
	json_object_set_new(doc, "to", param_json(c->call, "to"));
	json_object_set_new(doc, "interval", param_json(c->call, "interval"));
	json_object_set_new(doc, "time_zone", json_string(c->shop.time_zone));
	json_object_set_new(doc, "currency", json_string(c->shop.base_currency));
	json_object_set_new(doc, "as_of", json_string(c->shop.as_of));
	json_object_set_new(doc, "cohorts", cohorts);
	if (fill_json(answer, cohorts)) {
		reply_report(c->call, doc, c->flight.etag);
		return;
	}
	json_decref(doc);
	refuse_measures(c->call);
}

static void answer_csv(const struct cohorts *c, const struct db_answer *answer)
{
	struct csv csv;

	csv_init(&csv, csv_header);
	if (fill_csv(answer, &csv))
		csv_reply(&csv, c->call, c->flight.etag);
	else
		refuse_measures(c->call);
	csv_release(&csv);
}

static void cohorts_free(struct cohorts *c)
{
	flight_land(&c->flight);
	free(c);
}

static void on_cohorts(void *cls, const struct db_answer *answer)
{
	struct cohorts *c = cls;

	flight_tag(&c->flight, answer, READ_STATE);
	if (db_status(answer) != DB_OK || !report_shop_read(answer, READ_STATE, &c->shop))
		call_db_problem(c->call, answer);
	else if (db_rows(answer, READ_CELLS) > CELLS_MAX)
		refuse_parameter(c->call, "interval", "maximum",
				 "more than 50,000 periods: take longer ones, or narrow from and to");
	else if (wants_csv(c->call))
		answer_csv(c, answer);
	else
		answer_json(c, answer);
	cohorts_free(c);
}

static void on_ready(void *cls, struct call *call, const struct db_answer *answer)
{
	struct cohorts *c = cls;
	const char *limit = call ? arena_printf(call_arena(call), "%d", CELLS_MAX + 1) : NULL;

	c->call = call;
	if (limit && db_status(answer) == DB_OK) {
		c->segment = (struct segment){
			.read_count = 2,
			.reads = {[READ_STATE] = {.query = Q_REPORT_STATE},
				  [READ_CELLS] = {.query = Q_COHORTS_GET,
						  .arg_count = 4,
						  .args = {call_param(call, "interval"),
							   call_param(call, "from"), call_param(call, "to"),
							   limit}}},
			.snapshot = true,
			.deadline_ms = call_deadline_ms(call),
			.done = on_cohorts,
			.cls = c,
		};
		flight_submit(&c->flight, &c->segment);
		return;
	}
	if (call)
		call_db_problem(call, answer);
	cohorts_free(c);
}

/* false: answered */
static bool check_window(struct call *call)
{
	int32_t from, to;

	if (!report_day(call, "from", &from) || !report_day(call, "to", &to) || from < to)
		return true;
	refuse_parameter(call, "from", "window", "the window [from, to) is empty");
	return false;
}

void cohorts_get(struct api *api, struct call *call)
{
	struct cohorts *c;

	if (flight_wait(api, call) || !check_window(call))
		return;
	c = calloc(1, sizeof(*c));
	if (!c) {
		call_out_of_memory(call);
		return;
	}
	if (!flight_begin(&c->flight, api, call, DEPENDS_DERIVED | DEPENDS_TODAY, on_ready, c))
		cohorts_free(c);
}
