/*
 * /v1/segments/rfm: customers by how recently, how often and for how much they ordered.
 *
 * PostgreSQL scores and groups; the cut points come from the worst values of each group. A cut point for score s is the
 * worst value that still scores at least s, so that score = 1 + the cut points that a value reaches. Unlike the best value of
 * each score it exists for every s, also when nobody has that score.
 */
#include <stdlib.h>

#include "ciclo/base/time.h"
#include "handlers.h"
#include "kpi_render.h"

enum { SCORES = 5, CUT_POINTS = SCORES - 1, READ_STATE = 0, READ_SEGMENTS = 1 };

/* Columns of rfm_get.sql, in order. */
enum column {
	COLUMN_AT,
	COLUMN_TESTS,
	COLUMN_RECENCY,
	COLUMN_FREQUENCY,
	COLUMN_MONETARY,
	COLUMN_CUSTOMERS,
	COLUMN_SALES,
	COLUMN_DAYS_MAX,
	COLUMN_ORDERS_MIN,
	COLUMN_SALES_MIN,
	COLUMN_UNCONVERTED,
	COLUMNS
};

/* The three dimensions: where the score and its worst value are, and whether less is better. */
static const struct {
	const char *name;
	enum column score, worst;
	bool less;
} dimensions[] = {
	{"recency", COLUMN_RECENCY, COLUMN_DAYS_MAX, true},
	{"frequency", COLUMN_FREQUENCY, COLUMN_ORDERS_MIN, false},
	{"monetary", COLUMN_MONETARY, COLUMN_SALES_MIN, false},
};

static const char csv_header[] = "at,recency,frequency,monetary,customers,share,sales";

struct rfm {
	struct call *call;
	struct flight flight;
	struct report_shop shop;
	const char *at;
	int128 customers, tests, unconverted;
	struct figure cuts[COUNTOF(dimensions)][CUT_POINTS];
	struct segment segment;
};

/* One group of scores: the numbers by column. */
struct group {
	int128 of[COLUMNS];
};

static bool read_group(const struct db_answer *answer, size_t row, struct group *ret)
{
	for (int column = COLUMN_RECENCY; column < COLUMNS; column++) {
		const char *text = db_cell(answer, READ_SEGMENTS, row, (size_t)column);

		if (!text || !measure_parse(text, &ret->of[column]))
			return false;
	}
	return true;
}

/* A group tells of all scores up to its own. */
static void move_cuts(struct rfm *rfm, const struct group *group)
{
	for (size_t d = 0; d < COUNTOF(dimensions); d++) {
		int128 worst = group->of[dimensions[d].worst];

		for (int128 score = 2; score <= group->of[dimensions[d].score]; score++) {
			struct figure *cut = &rfm->cuts[d][score - 2];

			if (!cut->known ||
			    (dimensions[d].less ? worst > cut->value.num : worst < cut->value.num))
				*cut = figure_of(worst);
		}
	}
}

/* Whether anybody has ordered: else the one row has no scores. */
static bool has_groups(const struct db_answer *answer)
{
	return db_cell(answer, READ_SEGMENTS, 0, COLUMN_RECENCY) != NULL;
}

/* What all groups together say. */
static bool sum_up(struct rfm *rfm, const struct db_answer *answer)
{
	const char *tests =
		db_rows(answer, READ_SEGMENTS) ? db_cell(answer, READ_SEGMENTS, 0, COLUMN_TESTS) : NULL;
	struct group group = {0};

	if (!tests || !measure_parse(tests, &rfm->tests))
		return false;
	rfm->at = db_cell(answer, READ_SEGMENTS, 0, COLUMN_AT);
	for (size_t row = 0; has_groups(answer) && row < db_rows(answer, READ_SEGMENTS); row++) {
		if (!read_group(answer, row, &group) || group.of[COLUMN_RECENCY] > SCORES ||
		    group.of[COLUMN_FREQUENCY] > SCORES || group.of[COLUMN_MONETARY] > SCORES)
			return false;
		rfm->customers += group.of[COLUMN_CUSTOMERS];
		rfm->unconverted += group.of[COLUMN_UNCONVERTED];
		move_cuts(rfm, &group);
	}
	return true;
}

/* ---- JSON ---- */

static json_t *whole_json(int128 value)
{
	return figure_json(figure_of(value), 0);
}

static json_t *cuts_json(const struct rfm *rfm)
{
	json_t *doc = json_object();

	for (size_t d = 0; d < COUNTOF(dimensions); d++) {
		json_t *list = json_array();

		for (size_t cut = 0; cut < CUT_POINTS; cut++)
			json_array_append_new(list, figure_json(rfm->cuts[d][cut], 0));
		json_object_set_new(doc, dimensions[d].name, list);
	}
	return doc;
}

static json_t *group_json(const struct rfm *rfm, const struct group *group)
{
	json_t *doc = json_object();

	for (size_t d = 0; d < COUNTOF(dimensions); d++)
		json_object_set_new(doc, dimensions[d].name, whole_json(group->of[dimensions[d].score]));
	json_object_set_new(doc, "customers", whole_json(group->of[COLUMN_CUSTOMERS]));
	json_object_set_new(
		doc, "share",
		figure_json(figure_share(group->of[COLUMN_CUSTOMERS], rfm->customers), SHARE_PLACES));
	json_object_set_new(doc, "sales", whole_json(group->of[COLUMN_SALES]));
	return doc;
}

static json_t *excluded_json(const struct rfm *rfm)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "test", whole_json(rfm->tests));
	json_object_set_new(doc, "unconverted_currency", whole_json(rfm->unconverted));
	return doc;
}

static void answer_json(const struct rfm *rfm, const struct db_answer *answer)
{
	const char *from = call_param(rfm->call, "from");
	json_t *doc = json_object(), *segments = json_array();
	struct group group = {0};

	json_object_set_new(doc, "at", json_string(rfm->at));
	json_object_set_new(doc, "from", from ? json_string(from) : json_null());
	json_object_set_new(doc, "time_zone", json_string(rfm->shop.time_zone));
	json_object_set_new(doc, "currency", json_string(rfm->shop.base_currency));
	json_object_set_new(doc, "customers", whole_json(rfm->customers));
	json_object_set_new(doc, "excluded", excluded_json(rfm));
	json_object_set_new(doc, "cut_points", cuts_json(rfm));
	for (size_t row = 0; has_groups(answer) && row < db_rows(answer, READ_SEGMENTS); row++) {
		if (read_group(answer, row, &group))
			json_array_append_new(segments, group_json(rfm, &group));
	}
	json_object_set_new(doc, "segments", segments);
	json_object_set_new(doc, "as_of", json_string(rfm->shop.as_of));
	reply_report(rfm->call, doc, rfm->flight.etag);
}

/* ---- CSV ---- */

static void answer_csv(const struct rfm *rfm, const struct db_answer *answer)
{
	struct group group = {0};
	struct csv csv;

	csv_init(&csv, csv_header);
	for (size_t row = 0; has_groups(answer) && row < db_rows(answer, READ_SEGMENTS); row++) {
		if (!read_group(answer, row, &group))
			continue;
		csv_text(&csv, rfm->at);
		for (size_t d = 0; d < COUNTOF(dimensions); d++)
			csv_figure(&csv, figure_of(group.of[dimensions[d].score]), 0);
		csv_figure(&csv, figure_of(group.of[COLUMN_CUSTOMERS]), 0);
		csv_figure(&csv, figure_share(group.of[COLUMN_CUSTOMERS], rfm->customers), SHARE_PLACES);
		csv_figure(&csv, figure_of(group.of[COLUMN_SALES]), 0);
		csv_end(&csv);
	}
	csv_reply(&csv, rfm->call, rfm->flight.etag);
	csv_release(&csv);
}

/* ---- the handler ---- */

static void rfm_free(struct rfm *rfm)
{
	flight_land(&rfm->flight);
	free(rfm);
}

static void on_segments(void *cls, const struct db_answer *answer)
{
	struct rfm *rfm = cls;

	flight_tag(&rfm->flight, answer, READ_STATE);
	if (db_status(answer) != DB_OK || !report_shop_read(answer, READ_STATE, &rfm->shop))
		call_db_problem(rfm->call, answer);
	else if (!sum_up(rfm, answer))
		refuse_measures(rfm->call);
	else if (wants_csv(rfm->call))
		answer_csv(rfm, answer);
	else
		answer_json(rfm, answer);
	rfm_free(rfm);
}

static void on_ready(void *cls, struct call *call, const struct db_answer *answer)
{
	struct rfm *rfm = cls;

	rfm->call = call;
	if (call && db_status(answer) == DB_OK) {
		rfm->segment = (struct segment){
			.read_count = 2,
			.reads = {[READ_STATE] = {.query = Q_REPORT_STATE},
				  [READ_SEGMENTS] = {.query = Q_RFM_GET,
						     .arg_count = 2,
						     .args = {call_param(call, "at"),
							      call_param(call, "from")}}},
			.snapshot = true,
			.deadline_ms = call_deadline_ms(call),
			.done = on_segments,
			.cls = rfm,
		};
		flight_submit(&rfm->flight, &rfm->segment);
		return;
	}
	if (call)
		call_db_problem(call, answer);
	rfm_free(rfm);
}

/* false: answered */
static bool check_days(struct call *call)
{
	int32_t from, at;

	if (!report_day(call, "from", &from) || !report_day(call, "at", &at) || from <= at)
		return true;
	refuse_parameter(call, "from", "window", "lies after the day of `at`");
	return false;
}

void rfm_get(struct api *api, struct call *call)
{
	struct rfm *rfm;

	if (flight_wait(api, call) || !check_days(call))
		return;
	rfm = calloc(1, sizeof(*rfm));
	if (!rfm) {
		call_out_of_memory(call);
		return;
	}
	if (!flight_begin(&rfm->flight, api, call,
			  DEPENDS_DERIVED | (call_param(call, "at") ? 0 : DEPENDS_TODAY), on_ready, rfm))
		rfm_free(rfm);
}
